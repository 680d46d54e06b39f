"""The management server: the reference's text commands and our framed requests."""

from __future__ import annotations

import ast
import contextlib
import json
import math
import struct
import zlib

import pytest
from fake_game import library
from running_app import RING_POINTS, ManagementClient, ring

TEXT_KEYS = {"left_lane", "right_lane", "fast_lane", "throttle_arr", "brake_arr", "speed_arr", "angle_array"}
STATIC_KEYS = {
    "TrackName", "TrackConfiguration", "WindSpeed", "WindDirection", "TrackLength", "CarName", "LastSplits",
    "isCarInPitlane", "isCarInPit", "autoShifterOn", "penaltiesEnabled", "TyreContactPoint_FL", "TyreContactPoint_FR",
    "TyreContactPoint_RL", "TyreContactPoint_RR", "CAR_WHEEL_R", "CAR_TRACK", "CAR_WHEELBASE", "WorldPosition",
    "CAR_MASS", "CAR_DIM_X", "CAR_DIM_Y", "CAR_DIM_Z", "CAR_STEER_LOCK",
}  # fmt: skip
CONFIG_KEYS = {
    "version", "ac_gym_protocol", "sampling_freq", "sampling_time", "ego_server_host_name", "ego_server_port",
    "ego_sampling_freq", "telemetry_sampling_freq", "opponents_server_host_name", "opponents_server_port",
    "opponents_sampling_freq", "simulation_management_server_host_name", "simulation_management_server_port",
    "enable_profiler", "vjoy_executed_by_server", "enable_alternative_python_interpreter", "config_python_path",
    "screen_capture_enable", "screen_capture_freq", "screen_capture_save_to_disk", "screen_capture_save_path",
    "screen_capture_verbose", "screen_capture_worker", "ego_sampling_freq_event_name",
    "trigger_image_capture_event_name", "final_image_width", "final_image_height", "relocate_screen", "color_mode",
}  # fmt: skip


@pytest.fixture
def dial():
    """Connects to the management server; all connections are closed at the end."""
    with contextlib.ExitStack() as stack:

        def connection(running):
            client = ManagementClient(running)
            stack.callback(client.close)
            return client

        yield connection


def test_text_track_info_is_json_and_python_with_the_lanes_in_the_wire_frame(start, dial):
    answer = dial(start()).text("get_track_info")
    lanes = json.loads(answer)
    assert ast.literal_eval(answer) == lanes
    assert set(lanes) == TEXT_KEYS
    assert {len(values) for values in lanes.values()} == {RING_POINTS}
    # Driven anticlockwise on the map from (100, 0): left is inside.
    assert lanes["fast_lane"][0] == pytest.approx([100.0, 0.0])
    assert lanes["left_lane"][0] == pytest.approx([96.0, 0.0], abs=1e-3)
    assert lanes["right_lane"][0] == pytest.approx([106.0, 0.0], abs=1e-3)
    assert lanes["angle_array"][0] == pytest.approx(90.0, abs=1e-2)
    assert (lanes["speed_arr"][0], lanes["throttle_arr"][0], lanes["brake_arr"][0]) == (40.0, 0.5, 0.25)


def test_text_static_info(start, dial):
    answer = dial(start()).text("get_static_info")
    info = json.loads(answer)
    assert ast.literal_eval(answer) == info
    assert set(info) == STATIC_KEYS
    assert (info["TrackName"], info["TrackConfiguration"], info["CarName"]) == ("testring", "", "test_car")
    assert (info["CAR_TRACK"], info["CAR_WHEELBASE"]) == (pytest.approx(1.55), pytest.approx(2.6, abs=1e-3))
    assert info["CAR_WHEEL_R"] == pytest.approx([0.33, 0.33, 0.34, 0.34])
    assert info["CAR_MASS"] == 1265.0
    assert info["WorldPosition"] == [100.0, 200.0, 300.0]
    assert info["TyreContactPoint_RL"] == [0.75, 0.0, -1.3]
    assert info["LastSplits"] == [30000.0, 31000.0]
    assert [info[f"CAR_DIM_{axis}"] for axis in "XYZ"] + [info["CAR_STEER_LOCK"]] == [0.0] * 4  # packed data
    assert (info["autoShifterOn"], info["penaltiesEnabled"], info["isCarInPit"]) == (1, 1, 0)


def test_figures_of_unpacked_data(start, dial, game_folder):
    data = game_folder / "content" / "cars" / "test_car" / "data"
    data.mkdir()
    text = "[BASIC]\nINERTIA=1.8, 1.1 ,4.2 ; box\n[CONTROLS]\n;STEER_LOCK=1\nSTEER_LOCK = 320 ; degrees\n"
    (data / "car.ini").write_text(text)
    info = dial(start()).framed("static_info")["result"]
    assert [info[f"CAR_DIM_{axis}"] for axis in "XYZ"] == [1.8, 1.1, 4.2]
    assert info["CAR_STEER_LOCK"] == 320.0


def test_text_config_is_a_python_dict_of_the_settings(start, dial):
    config = ast.literal_eval(dial(start(vjoy_executed_by_server=True, sampling_freq=100)).text("get_config"))
    assert set(config) == CONFIG_KEYS
    assert config["ac_gym_protocol"] == 1
    assert (config["sampling_freq"], config["ego_sampling_freq"], config["sampling_time"]) == (100, 25, 0.01)
    assert config["vjoy_executed_by_server"] is True
    assert (config["final_image_width"], config["final_image_height"], config["color_mode"]) == (320, 240, "gray")
    assert "token" not in config


def test_a_text_command_may_come_in_pieces(start, dial):
    client = dial(start())
    client.socket.sendall(b"get_co")
    assert "ac_gym_protocol" in client.text("nfig\n")


def test_text_reset_has_no_answer(start, dial):
    running = start()
    assert dial(running).text("reset") == ""
    assert running.ac.resets == 1


def test_text_commands_are_refused_with_words_that_evaluate(start, dial):
    running = start(token="secret")
    for command in ("get_config", "get_track_info", "get_static_info", "reset"):
        assert "token" in ast.literal_eval(dial(running).text(command))["error"]
    assert running.ac.resets == 0
    assert "known are" in ast.literal_eval(dial(running).text("open_the_door"))["error"]


def test_framed_requests_share_a_connection(start, dial):
    client = dial(start())
    assert client.framed("hello", 7) == {
        "id": 7,
        "ok": True,
        "result": {
            "protocol": 1, "version": "0.3.0", "ac_version": "1.16", "csp": 3425, "track": "testring",
            "car": "test_car", "track_crc32": zlib.crc32(ring()),
        },
    }  # fmt: skip
    assert client.framed("static_info", 8)["result"]["CarName"] == "test_car"
    assert client.framed("config", 9)["result"]["vjoy_executed_by_server"] is False


def test_framed_track_info_has_heights_too(start, dial):
    result = dial(start()).framed("track_info")["result"]
    assert set(result) == TEXT_KEYS | {"height", "points", "crc32", "source"}
    assert result["points"] == RING_POINTS
    assert result["height"] == [7.5] * RING_POINTS
    assert result["crc32"] == zlib.crc32(ring())
    assert result["source"] == "content/tracks/testring/ai/fast_lane.ai"


def test_framed_status_counts(start, dial, connect):
    running = start()
    connect(running).hello()
    running.eventually(lambda: running.app.meter.frame_rate > 0, "a second of frames")
    status = dial(running).framed("status")["result"]
    assert [client["client"] for client in status["clients"]] == ["test"]
    assert status["frames"] > 0
    assert 0.0 < status["frame_us"]["mean"] <= status["frame_us"]["max"]
    assert status["recording"]["recording"] is False
    assert status["problems"] == []


def test_reset_needs_the_patch_and_says_so(start, dial):
    with_it, without = start(), start(csp=False)
    assert dial(with_it).framed("reset") == {"id": 1, "ok": True, "result": {"done": True}}
    assert with_it.ac.resets == 1
    answer = dial(without).framed("reset")
    assert answer["ok"] is False
    assert "Custom Shaders Patch" in answer["error"]
    assert "install" in answer["error"]
    assert dial(without).framed("hello")["result"]["csp"] is None
    assert dial(without).text("reset") == ""
    without.logged("Custom Shaders Patch")


def test_a_game_that_draws_no_frames_is_an_answer(start, dial):
    running = start()
    running.app.jobs.TIMEOUT = 0.1
    running.stop_frames()
    assert "no frames" in dial(running).framed("reset")["error"]
    running.app.jobs.run_waiting()
    assert running.ac.resets == 0, "what was given up is not done later"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"), (b"\xff", "not JSON"), (b"[" * 50_000, "not JSON"), (b"[]", "not a JSON object"),
        (b'{"command": "hello", "id": "x"}', "id"), (b'{"command": "halt", "id": 1}', "known are"),
        (b'{"command": ["hello"], "id": 1}', "known are"),
        (b'{"command": "record", "id": 1, "on": 1}', "true nor false"), (b'{"command": "hello", "id": true}', "id"),
    ],
)  # fmt: skip
def test_bad_requests_are_told(start, dial, body, words):
    client = dial(start())
    answer = client.raw(body)
    assert answer["ok"] is False
    assert words in answer["error"]
    assert client.framed("config")["ok"], "the connection goes on"


def test_an_oversized_request_closes_the_connection(start, dial):
    client = dial(start())
    client.socket.sendall(struct.pack(">I", 65537))
    rest = client.rest()
    assert "65536" in json.loads(rest[4:])["error"]


def test_every_framed_request_needs_the_token(start, dial):
    client = dial(start(token="secret"))
    for token in ({}, {"token": "wrong"}, {"token": 3}, {"token": "\ud800"}):
        answer = client.framed("reset", **token)
        assert answer["ok"] is False
        assert "token" in answer["error"]
    assert client.framed("reset", token="secret")["ok"]


def test_other_bytes_are_closed_without_an_answer(start, dial):
    running = start()
    client = dial(running)
    client.socket.sendall(b"\x16\x03\x01")
    assert client.rest() == b""
    running.logged("neither a text command nor a framed request")


def test_half_open_connections_shut_nobody_out_and_do_not_hold_the_shutdown(start, dial):
    running = start(token="secret")
    silent = [dial(running) for _ in range(8)]
    strangers = [dial(running) for _ in range(8)]
    for stranger in strangers:
        assert not stranger.framed("hello", token="guess")["ok"]
    for client in silent:
        assert client.rest() == b"", "the oldest make room"
    assert dial(running).framed("hello", token="secret")["ok"]
    running.close()
    for client in strangers:
        assert client.rest() == b""


def test_connections_that_are_used_are_limited(start, dial):
    running = start()
    used = [dial(running) for _ in range(8)]
    for client in used:
        assert client.framed("config")["ok"]
    assert dial(running).rest() == b""
    running.logged("too many connections")
    for client in used:
        assert client.framed("config")["ok"], "nobody who is served is dropped"


def test_a_connection_that_says_nothing_is_closed(start, dial, monkeypatch):
    running = start()
    monkeypatch.setattr(library("management"), "_FIRST", 0.3)
    client = dial(running)
    client.socket.sendall(b"\0")
    assert client.rest() == b""


def test_a_track_without_an_ai_line_is_told(start, dial, game_folder):
    (game_folder / "content" / "tracks" / "testring" / "ai" / "fast_lane.ai").unlink()
    running = start()
    running.logged("fast_lane.ai cannot be read")
    client = dial(running)
    assert "fast_lane.ai" in client.framed("track_info")["error"]
    assert client.framed("hello")["result"]["track_crc32"] is None
    assert "fast_lane.ai" in ast.literal_eval(dial(running).text("get_track_info"))["error"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "requires"), (struct.pack("<4i", 6, 20, 0, 0), "version 6"), (struct.pack("<4i", 7, 2, 0, 0), "2 points"),
        (ring()[:9000], "requires"), (struct.pack("<4i", 7, -5, 0, 0), "-5 points"),
        (ring().replace(struct.pack("<f", 4.0), struct.pack("<f", math.nan)), "not numbers"),
    ],
)  # fmt: skip
def test_a_damaged_ai_line_is_told(start, dial, game_folder, content, words):
    (game_folder / "content" / "tracks" / "testring" / "ai" / "fast_lane.ai").write_bytes(content)
    error = dial(start()).framed("track_info")["error"]
    assert "fast_lane.ai" in error
    assert words in error
