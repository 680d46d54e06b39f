"""A made-up game folder: what in-game apps look for beside them, written from the track and the car that are played."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np

from ac_gym.car import Car
from ac_gym.errors import ConfigError
from ac_gym.standin.place_names import TrackName
from ac_gym.track import SpeedProfile, Track
from ac_gym.track.fast_lane import fast_lane_of, write_fast_lane

APPS = Path("apps", "python")
LOGS = Path("logs", "py_log.txt")
_WATTS_A_BHP = 745.7
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.pyc", ".git")


def write_game_folder(folder: Path, track: Track, car: Car, profile: SpeedProfile) -> None:
    """Racing line, track and car files under `folder`, at the game's own places and in its formats."""
    place = TrackName.of(track.name)
    lane = place.folder(folder / "content") / "ai"
    lane.mkdir(parents=True, exist_ok=True)
    write_fast_lane(lane / "fast_lane.ai", fast_lane_of(track, profile.speed))
    about_track = folder / "content" / "tracks" / place.track / "ui" / place.layout
    _write_json(
        about_track / "ui_track.json", {"name": track.title, "length": f"{track.length_m:.0f}", "run": track.direction}
    )
    car_folder = folder / "content" / "cars" / car.name
    _write_json(car_folder / "ui" / "ui_car.json", _about_car(car, profile))
    (car_folder / "data").mkdir(parents=True, exist_ok=True)
    (car_folder / "data" / "car.ini").write_text(_car_ini(car), encoding="ascii")
    (folder / APPS / "system").mkdir(parents=True, exist_ok=True)


def copy_app(source: Path, folder: Path) -> Path:
    """Copies an in-game app to where the game has it; its place there. ConfigError where `source` is none."""
    name = source.name
    if not (source / f"{name}.py").is_file():
        raise ConfigError(f"{source}: no in-game app; it must be a folder with a file {name or 'NAME'}.py")
    target = folder / APPS / name
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, ignore=_NOT_COPIED)
    return target


def _about_car(car: Car, profile: SpeedProfile) -> dict[str, object]:
    """`ui_car.json`"""
    rpm, torque = np.transpose(car.torque_curve)
    bhp = rpm * torque * math.tau / 60.0 / _WATTS_A_BHP
    return {
        "name": car.title,
        "class": "race",
        "specs": {
            "bhp": f"{bhp.max():.0f}bhp",
            "torque": f"{torque.max():.0f}Nm",
            "weight": f"{car.values['chassis_mass']:.0f}kg",
            "topspeed": f"{3.6 * profile.top_speed_mps:.0f}km/h",
            "pwratio": f"{car.values['chassis_mass'] / bhp.max():.2f}kg/bhp",
        },
        "torqueCurve": [[f"{r:.0f}", f"{t:.0f}"] for r, t in zip(rpm, torque, strict=True)],
        "powerCurve": [[f"{r:.0f}", f"{p:.0f}"] for r, p in zip(rpm, bhp, strict=True)],
    }


def _car_ini(car: Car) -> str:
    """What apps read of the car's own data; INERTIA is the box (width, height, length) with the car's yaw inertia."""
    p = car.values
    scale = math.sqrt(
        12.0 * p["chassis_yaw_inertia"] / p["chassis_mass"] / math.hypot(p["chassis_width"], p["chassis_length"]) ** 2
    )
    width, height, length = scale * p["chassis_width"], 2.0 * p["chassis_cg_height"], scale * p["chassis_length"]
    return (
        "[HEADER]\nVERSION=2\n\n"
        f"[BASIC]\nTOTALMASS={p['chassis_mass']:g}\nINERTIA={width:.3f},{height:.3f},{length:.3f}\n\n"
        f"[CONTROLS]\nSTEER_LOCK={p['steering_lock_deg']:g}\nSTEER_RATIO={p['steering_ratio']:g}\n\n"
        f"[FUEL]\nFUEL={p['fuel_start']:g}\nMAX_FUEL={p['fuel_start']:g}\n"
    )


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
