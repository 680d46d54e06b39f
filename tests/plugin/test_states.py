"""What the ego server sends: every key, every byte, with the unit and the type that the other end expects."""

from __future__ import annotations

import ast
import json
import math
import struct

import pytest
from fake_game import library

from ac_gym import channels

WHEELS = ("fl", "fr", "rl", "rr")

# The reference project's state message: the keys with the types of their values, from its description.
WHOLE = {
    "steps", "total_errors_out_of_sync", "packetId", "currentTime", "iLastTime", "completedLaps", "isInPit",
    "actualGear", "LapInvalidated", "LapCount", "BestLap", "numberOfTyresOut",
}  # fmt: skip
LISTS = {"Mz", "dynamic_pressure", "tyre_loaded_radius", "tyres_load", "NdSlip", "SuspensionTravel", "CamberRad"}
NUMBERS = {
    "timestamp_ac", "penaltyTime", "world_position_x", "world_position_y", "world_position_z", "speed",
    "local_velocity_x", "local_velocity_y", "local_velocity_z", "accelX", "accelY", "accStatus", "brakeStatus", "RPM",
    "steerAngle", "yaw", "pitch", "roll", "LastFF", "NormalizedSplinePosition", "angular_velocity_x",
    "angular_velocity_y", "angular_velocity_z", "velocity_x", "velocity_y", "velocity_z", "cgHeight",
    *(f"SlipAngle_{w}" for w in WHEELS), *(f"tyreContactHeading_{w.upper()}_{a}" for w in WHEELS for a in "xyz"),
    *(f"tyre_slip_ratio_{w}" for w in WHEELS), *(f"Dy_{w}" for w in WHEELS), *(f"wheel_speed_{w}" for w in WHEELS),
    *(f"{w}_tire_temperature_core" for w in WHEELS), *(f"{w}_damper_linear_potentiometer" for w in WHEELS),
    *(f"{w}_wheel_load" for w in WHEELS), *(f"{w}_tire_pressure" for w in WHEELS),
}  # fmt: skip

# What the made-up game says, in the wire's order and units.
EXPECTED = {
    "packetId": 77, "currentTime": 12345, "iLastTime": 104500, "completedLaps": 3, "isInPit": 0, "penaltyTime": 2.5,
    "world_position_x": 300.0, "world_position_y": 100.0, "world_position_z": 200.0, "speed": 50.5,
    "local_velocity_x": 50.0, "local_velocity_y": 1.0, "local_velocity_z": 2.0, "accelX": 1.5, "accelY": -0.5,
    "accStatus": 0.75, "brakeStatus": 0.25, "actualGear": 4, "RPM": 7200.5, "steerAngle": -12.5, "yaw": -0.5,
    "pitch": 0.125, "roll": -0.25, "LastFF": 0.5, "LapInvalidated": 0, "NormalizedSplinePosition": 0.25,
    "LapCount": 3, "BestLap": 104321, "numberOfTyresOut": 1, "angular_velocity_x": 0.125, "angular_velocity_y": 0.5,
    "angular_velocity_z": 0.0625, "velocity_x": 10.0, "velocity_y": 11.0, "velocity_z": 12.0, "cgHeight": 0.31,
    "SlipAngle_fl": 1.0, "SlipAngle_rr": 4.0, "tyreContactHeading_FL_x": 0.0, "tyreContactHeading_FR_x": 3.0,
    "tyreContactHeading_RR_z": 11.0, "tyre_slip_ratio_fr": 0.02, "Dy_rl": 1.3, "wheel_speed_fl": 90.0,
    "Mz": [5.0, 6.0, 7.0, 8.0], "dynamic_pressure": [26.0, 26.5, 27.0, 27.5], "NdSlip": [0.1, 0.2, 0.3, 0.4],
    "tyre_loaded_radius": [0.31, 0.32, 0.33, 0.34], "tyres_load": [1.0, 2.0, 3.0, 4.0],
    "SuspensionTravel": [0.01, 0.02, 0.03, 0.04], "CamberRad": [0.1, 0.2, 0.3, 0.4], "fl_tire_temperature_core": 80.0,
    "rr_damper_linear_potentiometer": 0.04, "fr_wheel_load": 2.0, "rl_tire_pressure": 27.0,
}  # fmt: skip


@pytest.fixture
def reference_state(start, connect):
    client = connect(start())
    client.send("connect")
    assert client.receive() == b"identified"
    return client.receive()


def test_reference_state_has_exactly_the_ninety_keys_with_their_types(reference_state):
    state = json.loads(reference_state)
    assert len(state) == 90
    assert set(state) == WHOLE | LISTS | NUMBERS == set(channels.WIRE_KEYS)
    for key, value in state.items():
        if key in LISTS:
            assert [type(number) for number in value] == [float] * 4, key
        else:
            assert type(value) is (int if key in WHOLE else float), key


def test_reference_state_carries_what_the_game_says(reference_state):
    state = json.loads(reference_state)
    assert {key: state[key] for key in EXPECTED} == EXPECTED
    assert state["steps"] == 1
    assert state["total_errors_out_of_sync"] == 0
    assert state["timestamp_ac"] > 0.0


def test_reference_state_is_a_python_literal_too(reference_state):
    assert ast.literal_eval(reference_state.decode()) == json.loads(reference_state)


def test_reference_state_of_a_whole_row_byte_for_byte():
    state = library("state")
    row = [float(n) for n in range(channels.WIDTH)]
    values = dict(json.loads(state.text(row, 5, 2)))
    text = state.text(row, 5, 2)
    assert text.startswith('{"steps": 5, "timestamp_ac": 1.0, "total_errors_out_of_sync": 2, "packetId": 3, ')
    assert text.endswith('"tyreContactHeading_RR_z": 139.0}')
    for channel in channels.CHANNELS[3:]:
        columns = channels.COLUMNS[channel.name]
        for group in channel.wire:
            found = [values[key] for key in group]
            assert (found[0] if isinstance(found[0], list) else found) == row[columns]


def test_binary_state_layout(start, connect):
    client = connect(start(ego_sampling_freq=50))
    welcome = client.hello()["welcome"]
    first, second = client.receive(), client.receive()

    assert len(first) == 44 + 8 * 140
    magic, form, width = struct.unpack_from("<4sHH", first, 0)
    session, sequence = struct.unpack_from("<II", first, 8)
    game_time, sent_at = struct.unpack_from("<dd", first, 16)
    answered, age, flags = struct.unpack_from("<IfI", first, 32)
    frame = struct.unpack_from("<140d", first, 44)
    assert (magic, form, width) == (b"ACGS", 1, 140)
    assert (session, sequence) == (welcome["session"], 1)
    assert struct.unpack_from("<I", second, 12) == (2,)
    assert struct.unpack_from("<d", second, 16)[0] - game_time == pytest.approx(0.02)
    assert struct.unpack_from("<d", second, 24)[0] > sent_at
    assert (answered, flags) == (0, 0)
    assert math.isnan(age)
    assert frame[channels.COLUMNS["steps"].start] == 1.0
    assert frame[channels.COLUMNS["world_position"]] == (300.0, 100.0, 200.0)
    assert frame[channels.COLUMNS["accel_vertical"].start] == 0.25
    assert frame[channels.COLUMNS["ride_height"]] == (0.05, 0.0625)
    assert frame[channels.COLUMNS["fuel"].start] == 30.0
    assert frame[channels.COLUMNS["damage"]] == (1.0, 2.0, 3.0, 4.0, 5.0)
    assert frame[channels.COLUMNS["tyre_surface_temperature"]] == (85.0, 86.0, 87.0, 88.0)
    assert frame[channels.COLUMNS["distance_travelled"].start] == 1500.5
    assert frame[channels.COLUMNS["sector"].start] == 1.0
    assert frame[channels.COLUMNS["surface"]] == (0.0,) * 4
