# ruff: noqa: N802, N815 - the patch's functions, by their names
"""The functions that Custom Shaders Patch adds to `ac`: those about the car, the track, the session and input."""

from __future__ import annotations

import configparser
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.channels import COLUMNS
from ac_gym.constants import air_density
from ac_gym.standin.game_folder import APPS
from ac_gym.standin.joystick import AXIS_CENTRE, AXIS_MAX, VirtualJoystick
from ac_gym.standin.session import Session

PATCH_VERSION, PATCH_CODE = "0.1.80-preview348", 2503
_IDENTITY = tuple(np.eye(4).ravel().tolist())


class PatchFunctions:
    """Present where the patch is; without it apps find none of these names."""

    def __init__(self, session: Session, joystick: VirtualJoystick, folder: Path) -> None:
        self._session, self._joystick, self._folder = session, joystick, folder
        self._kept: dict[str, float | str] = {}
        self._started: dict[str, float] = {}
        self._camera: dict[str, Any] = {"position": (0.0, 0.0, 0.0), "direction": (0.0, 0.0, 1.0), "fov": 60.0}
        self._cameras = {"current": 0, "drivable": 0, "track": 0}

    # --- moving the car ----------------------------------------------------------------------------------------------
    def ext_resetCar(self) -> None:
        self._session.put_back()

    def ext_takeAStepBack(self) -> None:
        self._session.step_back()

    def ext_markLapAsSpoiled(self) -> None:
        self._session.laps.spoiled = True

    # --- the patch itself --------------------------------------------------------------------------------------------
    def ext_patchVersion(self) -> str:
        return PATCH_VERSION

    def ext_patchVersionCode(self) -> int:
        return PATCH_CODE

    def ext_dirname(self) -> str:
        return str(self._folder / APPS)

    def ext_storeLua(self, key: str, value: float | str) -> None:
        self._kept[key] = value

    def ext_loadLua(self, key: str) -> float | str | None:
        return self._kept.get(key)

    def ext_perfBegin(self, key: str = "") -> None:
        self._started[key] = time.perf_counter()

    def ext_perfEnd(self, key: str = "") -> float:
        """ms since `ext_perfBegin`"""
        return 1000.0 * (time.perf_counter() - self._started.pop(key, time.perf_counter()))

    def ext_loadIniFileAsJson(self, filename: str, *_: str) -> str:
        try:
            return self.ext_parseIniAsJson(Path(filename).read_text(encoding="utf-8-sig"))
        except OSError:
            return "{}"

    def ext_parseIniAsJson(self, content: str) -> str:
        parser = configparser.ConfigParser(interpolation=None, strict=False, inline_comment_prefixes=(";",))
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        try:
            parser.read_string(content)
        except configparser.Error:
            return "{}"
        return json.dumps({section: dict(parser[section]) for section in parser.sections()})

    def _ignored(self, *_: Any) -> None:
        """Taken, and without effect here."""

    ext_setStrictMode = ext_pauseWhenHidden = ext_pauseFsWatching = ext_resumeFsWatching = _ignored
    ext_setDriverVisible = ext_setDoorsOpen = ext_setClipboardData = ext_setReplayPosition = _ignored
    ext_setWeatherTimeMult = ext_setAudioVolume = ext_applyTrackConfig = _ignored

    # --- keyboard and joystick ---------------------------------------------------------------------------------------
    def _no(self, *_: Any) -> bool:
        return False

    ext_isAltPressed = ext_isCtrlPressed = ext_isShiftPressed = ext_isButtonPressed = _no
    ext_isInVR = ext_isTripleScreenCamera = ext_weatherFxActive = ext_weatherTimeOffset = _no

    def ext_isJoystickButtonPressed(self, controller: int, button: int) -> bool:
        return controller == 0 and bool(self._joystick.position.buttons >> button & 1)

    def ext_getJoystickAxisValue(self, controller: int, axis: int) -> float:
        """-1..1"""
        if controller != 0 or not 0 <= axis <= 2:
            return 0.0
        return min(self._joystick.position[axis], AXIS_MAX) / AXIS_CENTRE - 1.0

    # --- cars --------------------------------------------------------------------------------------------------------
    def ext_isExtendedPhysics(self, car: int) -> bool:
        return False

    def ext_getStateAbs(self, car: int) -> int:
        return int(self._session.settings.abs and self._figure("brakes_abs_slip") > 0.0)

    def ext_getStateAbsActive(self, car: int) -> bool:
        return self._value(car, "abs_active") > 0.0

    def ext_getStateTc(self, car: int) -> int:
        return int(self._session.settings.traction_control and self._figure("engine_tc_slip") > 0.0)

    def ext_getStateTcActive(self, car: int) -> bool:
        return self._value(car, "tc_active") > 0.0

    def _nothing(self, *_: Any) -> float:
        return 0.0

    ext_getTyreGrain = ext_getTyreBlister = ext_getTyreFlatSpot = ext_getTyreVirtualKM = _nothing
    ext_getHandbrake = ext_getBaseAltitude = ext_getStaticDeflection = ext_getReplayFrames = _nothing
    ext_getWeatherTimeMult = ext_getReplayPosition = ext_getReplayFrameMS = _nothing

    def ext_getTyreCarcassTemp(self, car: int, tyre: int) -> float:
        return self._value(car, "tyre_core_temperature", tyre)

    def ext_getTyreTempMult(self, car: int, tyre: int) -> float:
        return 1.0

    def ext_getTyreIsHot(self, car: int, tyre: int) -> bool:
        axle = "front" if tyre < 2 else "rear"
        return self._value(car, "tyre_core_temperature", tyre) > self._figure(f"tyres_{axle}_temperature_ideal") + 30.0

    def ext_getSuspensionTravel(self, corner: int) -> float:
        return self._value(0, "suspension_travel", corner)

    ext_getDamperTravel = ext_getSuspensionTravel

    def ext_getTireLoadedRadius(self, corner: int) -> float:
        return self._value(0, "tyre_loaded_radius", corner)

    def ext_getBrakeCoreTemp(self, corner: int) -> float:
        return self._value(0, "brake_temperature", corner)

    def ext_getBrakeTorque(self, corner: int) -> float:
        front = self._figure("brakes_front_share")
        share = {0: front, 1: front, 2: 1.0 - front, 3: 1.0 - front}.get(corner, 0.0)
        return 0.5 * share * self._figure("brakes_torque") * self._value(0, "brake")

    def ext_getSteerTorque(self) -> float:
        return self._value(0, "force_feedback") * self._figure("steering_reference_torque")

    def ext_getCurrentTorque(self) -> float:
        rpm, torque = np.transpose(self._session.car.torque_curve)
        return float(np.interp(self._value(0, "rpm"), rpm, torque)) * self._value(0, "throttle")

    def ext_getAeroSpeed(self) -> float:
        return self._value(0, "speed")

    def ext_getDrag(self) -> float:
        return self._air(self._figure("aero_drag_area"))

    def ext_getDownforce(self, selection: int = 0) -> float:
        """0 both axles, 1 front, 2 rear"""
        front, rear = self._figure("aero_lift_area_front"), self._figure("aero_lift_area_rear")
        return self._air((front + rear, front, rear)[selection if 0 <= selection <= 2 else 0])

    def ext_getAltitude(self, car: int) -> float:
        return self._value(car, "world_position", 2)

    def ext_getHeadlights(self, car: int) -> bool:
        return False

    # --- track -------------------------------------------------------------------------------------------------------
    def ext_getSplineLength(self, spline: int) -> float:
        """0 the racing line, 1 the pit lane, of which there is none"""
        return self._session.track.line_length_m if spline == 0 else 0.0

    def ext_worldToSpline(self, spline: int, *position: Any) -> float:
        x, _, z = _vector(position)
        track = self._session.track
        s, _ = self._session.place_of(z, x)
        return (
            float(np.interp(s, [*track.s, track.length_m], [*track.line_s, track.line_length_m])) / track.line_length_m
        )

    def ext_splineToWorld(self, spline: int, progress: float) -> tuple[float, float, float]:
        track = self._session.track
        at = progress % 1.0 * track.line_length_m
        x, y = (float(np.interp(at, track.line_s, line, period=track.line_length_m)) for line in track.racing_line())
        s = np.interp(at, [*track.line_s, track.line_length_m], [*track.s, track.length_m])
        heights = np.concatenate([[0.0], np.cumsum(track.grade[:-1] * track.step_m)])
        return y, float(np.interp(s, track.s, heights, period=track.length_m)), x

    def ext_getCurrentSector(self) -> int:
        return int(self._value(0, "sector"))

    def ext_getPreviousSectorTime(self) -> str:
        milliseconds = int(self._value(0, "last_sector_time"))
        return f"{milliseconds // 60000}:{milliseconds // 1000 % 60:02d}.{milliseconds % 1000:03d}"

    # --- camera ------------------------------------------------------------------------------------------------------
    def ext_setCameraPosition(self, *position: Any) -> None:
        self._camera["position"] = _vector(position)

    def ext_getCameraPosition(self) -> tuple[float, float, float]:
        return self._camera["position"]

    def ext_setCameraDirection(self, *direction: Any) -> None:
        self._camera["direction"] = _vector(direction)

    def ext_getCameraDirection(self) -> tuple[float, float, float]:
        return self._camera["direction"]

    def ext_setCameraFov(self, degrees: float) -> None:
        self._camera["fov"] = float(degrees)

    def ext_getCameraFov(self) -> float:
        return self._camera["fov"]

    def ext_getCameraMatrix(self) -> tuple[float, ...]:
        return _IDENTITY

    ext_getCameraProj = ext_getCameraView = ext_getCameraMatrix

    def ext_setCurrentCamera(self, mode: int) -> None:
        self._cameras["current"] = mode

    def ext_getCurrentCamera(self) -> int:
        return self._cameras["current"]

    def ext_setCurrentDrivableCamera(self, mode: int) -> None:
        self._cameras["drivable"] = mode

    def ext_getCurrentDrivableCamera(self) -> int:
        return self._cameras["drivable"]

    def ext_setCurrentTrackCamera(self, index: int) -> None:
        self._cameras["track"] = index

    def ext_getCurrentTrackCamera(self) -> int:
        return self._cameras["track"]

    def _figure(self, name: str) -> float:
        return self._session.car.values[name]

    def _value(self, car: int, channel: str, element: int = 0) -> float:
        columns = COLUMNS[channel]
        if not (0 <= car < self._session.cars and 0 <= element < columns.stop - columns.start):
            return 0.0
        return self._session.row(car)[columns.start + element]

    def _air(self, area: float) -> float:
        """N on an area (m2) at the present speed"""
        density = air_density(self._session.settings.air_temperature)
        return 0.5 * density * area * self._value(0, "speed") ** 2


def _vector(values: tuple[Any, ...]) -> tuple[float, float, float]:
    """Vectors may be packed in a tuple or given as numbers."""
    x, y, z = values[0] if isinstance(values[0], tuple | list) else values[:3]
    if not all(map(math.isfinite, (x, y, z))):
        return 0.0, 0.0, 0.0
    return float(x), float(y), float(z)
