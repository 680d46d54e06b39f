"""Who knows the reference project's wire, and nothing of ours, drives our plugin."""

from __future__ import annotations

import json
from ast import literal_eval
from typing import Any

import numpy as np
import pytest
from facts_client import EgoClient, ask, drive, information
from serving import serving

from ac_gym.channels import WIRE_KEYS

TRACK, CAR = "indianapolis_sp", "bmw_z4_gt3"
LISTS = {"Mz", "dynamic_pressure", "tyre_loaded_radius", "tyres_load", "NdSlip", "SuspensionTravel", "CamberRad"}
WHOLE = {
    "steps", "total_errors_out_of_sync", "packetId", "currentTime", "iLastTime", "completedLaps", "isInPit",
    "actualGear", "LapInvalidated", "numberOfTyresOut", "LapCount", "BestLap",
}  # fmt: skip


def check_state(state: dict[str, Any]) -> None:
    """Every key, its type, and no key more."""
    assert set(state) == set(WIRE_KEYS)
    for key, value in state.items():
        if key in LISTS:
            assert len(value) == 4
            assert all(type(number) is float for number in value), key
        else:
            assert type(value) is (int if key in WHOLE else float), key


def test_a_lap_by_a_client_written_from_the_facts() -> None:
    with serving("--track", TRACK, "--car", CAR, "--speed=max", "--reset=line") as served:
        track = information(served.ports["management"], "get_track_info")
        client = EgoClient(served.ports["ego"])
        states = []
        for state in drive(client, track):
            check_state(state)
            states.append(state)
            if state["LapCount"] == 1 or len(states) > 6000:
                break
        client.close()
    column = {key: np.array([state[key] for state in states]) for key in WIRE_KEYS if key not in LISTS}
    assert states[-1]["LapCount"] == states[-1]["completedLaps"] == 1
    assert not column["LapInvalidated"].any()
    assert 60_000 < states[-1]["iLastTime"] == states[-1]["BestLap"] < 130_000  # ms
    assert (np.diff(column["steps"]) == 1).all()
    seconds = (len(states) - 1) / 25.0
    travelled = np.hypot(np.diff(column["world_position_x"]), np.diff(column["world_position_y"])).sum()
    assert travelled == pytest.approx(column["speed"].sum() / 25.0, rel=0.01)  # m, m/s
    turned = np.unwrap(column["yaw"])  # rad, against the clock
    assert turned[-1] - turned[0] == pytest.approx(column["angular_velocity_y"].sum() / 25.0, rel=0.03)
    gained = column["accelY"].sum() * 9.81 / 25.0  # g, forward
    assert gained == pytest.approx(states[-1]["local_velocity_x"] - states[0]["local_velocity_x"], abs=0.1 * seconds)
    fast = column["speed"] > 10.0
    assert np.corrcoef(column["steerAngle"][fast], column["angular_velocity_y"][fast])[0, 1] < -0.7  # + is right
    assert np.abs(column["steerAngle"]).max() <= 320.0  # the car's lock
    assert 0.0 <= column["accStatus"].min() < column["accStatus"].max() <= 1.0
    assert 1000.0 < column["RPM"].mean() < 9500.0
    wheels = ("fl", "fr", "rl", "rr")
    for wheel in wheels:
        assert 40.0 < column[f"{wheel}_tire_temperature_core"].mean() < 130.0  # degrees Celsius
        assert 15.0 < column[f"{wheel}_tire_pressure"].mean() < 40.0  # psi
        assert 1.0 < np.abs(column[f"SlipAngle_{wheel}"][fast]).max() < 45.0  # degrees
        assert np.abs(column[f"tyre_slip_ratio_{wheel}"][fast]).mean() < 0.2
        assert 0.5 < column[f"Dy_{wheel}"].mean() < 3.0
        rolled = column[f"wheel_speed_{wheel}"][fast] / column["speed"][fast]  # rad/s
        assert 1.0 / rolled.mean() == pytest.approx(0.34, abs=0.03)  # m
        assert np.abs([state["Mz"][wheels.index(wheel)] for state in states]).max() > 5.0  # N m
    load = sum(column[f"{wheel}_wheel_load"] for wheel in wheels)
    assert load.min() > 0.5 * 1265.0 * 9.81  # N; with downforce the mean is more than the weight
    assert 1265.0 * 9.81 < load.mean() < 4.0 * 1265.0 * 9.81
    assert np.ptp(column["NormalizedSplinePosition"]) == pytest.approx(1.0, abs=0.01)


def test_management_answers_are_literals_and_json() -> None:
    with serving("--track", "ks_red_bull_ring-layout_gp", "--car", CAR, "--speed=max") as served:
        port = served.ports["management"]
        answers = [ask(port, name) for name in ("get_track_info", "get_static_info")]
        config = information(port, "get_config")
    track, static = (literal_eval(answer) for answer in answers)
    assert [track, static] == [json.loads(answer) for answer in answers]
    points = len(track["fast_lane"])
    assert points > 2000
    for lane in ("left_lane", "right_lane", "fast_lane"):
        assert np.shape(track[lane]) == (points, 2)
    for profile in ("throttle_arr", "brake_arr", "speed_arr", "angle_array"):
        assert np.shape(track[profile]) == (points,)
    assert min(track["speed_arr"]) >= 15.0
    assert static["TrackName"] == "ks_red_bull_ring"
    assert static["TrackConfiguration"] == "layout_gp"
    assert static["CarName"] == CAR
    assert static["TrackLength"] == pytest.approx(4300, rel=0.02)
    assert config["ego_sampling_freq"] == 25
    assert config["vjoy_executed_by_server"] is True
    assert config["final_image_width"] == 320


def test_the_left_border_is_on_the_left() -> None:
    with serving("--track", TRACK, "--car", CAR, "--speed=max") as served:
        track = information(served.ports["management"], "get_track_info")
    left, right, line = (np.array(track[f"{lane}_lane"]) for lane in ("left", "right", "fast"))
    ahead = np.roll(line, -1, axis=0) - line
    for border, side in ((left, 1.0), (right, -1.0)):
        across = border - line
        assert (side * (ahead[:, 0] * across[:, 1] - ahead[:, 1] * across[:, 0]) > 0.0).all()


def test_reset_by_text_puts_the_car_back() -> None:
    with serving("--track", TRACK, "--car", CAR, "--speed=max", "--reset=line") as served:
        track = information(served.ports["management"], "get_track_info")
        client = EgoClient(served.ports["ego"])
        for state in drive(client, track):
            if state["steps"] == 200:
                away = state["speed"]
                assert ask(served.ports["management"], "reset") == ""
            if state["steps"] == 230:
                break
        client.close()
    assert away > 20.0
    assert state["speed"] < 0.8 * away
