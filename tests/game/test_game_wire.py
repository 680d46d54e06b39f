"""Ego messages of both plugins: exact bytes out, events in, and nothing raised whatever comes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from fake_plugin import SESSION, reference_state, state_bytes, welcome
from hypothesis import given, settings
from hypothesis import strategies as st

from ac_gym import __version__, channels
from ac_gym.game.reference import ReferenceCodec
from ac_gym.game.wire import (
    MAX_DATAGRAM,
    AcGymCodec,
    Dismissed,
    EgoCodec,
    Malformed,
    Refused,
    State,
    Welcome,
)


def ours(session: int | None = SESSION) -> AcGymCodec:
    codec = AcGymCodec()
    codec.session = session
    return codec


def reference() -> ReferenceCodec:
    return ReferenceCodec(rate=25.0, applies_controls=True)


def told(codec: EgoCodec, message: object) -> object:
    return codec.decode(json.dumps(message).encode(), 1.0)


# --- out -----------------------------------------------------------------------------------------------------------


def test_bytes_that_our_plugin_hears() -> None:
    codec = AcGymCodec(role="observer", apply="client", token="s3", take_over=True)
    expected = (
        f'{{"hello": {{"protocol": 1, "role": "observer", "client": "ac_gym {__version__}", "token": "s3", '
        '"take_over": true, "apply": "client"}}'
    )
    assert codec.hello() == expected.encode()
    codec.session = 7
    assert codec.controls((0.25, -1.0, 1.0, 0.0), 12) == (
        b'{"steer": 0.25, "acc": -1, "brake": 1, "enable_gear_shift": 1, "shift_up": 0, "shift_down": 0, '
        b'"server_steps": 12, "session": 7}'
    )
    assert codec.alive() == b'{"alive": {"session": 7}}'
    assert codec.goodbye(12) == (codec.controls((0.0, -1.0, -1.0, 0.0), 13), b'{"bye": {"session": 7}}')
    assert codec.give_up() == (b'{"bye": {"session": 7}}',)
    codec.hello()
    assert codec.give_up() == (b"disconnect",), "the plugin takes that of anybody, and here no session is known"


def test_bytes_that_the_reference_plugin_hears() -> None:
    codec = reference()
    assert codec.hello() == b"connect"
    neutral = (
        b'{"steer": 0, "acc": -1, "brake": -1, "enable_gear_shift": 1, "shift_up": 0, "shift_down": 0, '
        b'"server_steps": 3}'
    )
    assert codec.goodbye(3) == (neutral, b"disconnect")
    assert codec.alive() is None
    assert len(codec.controls((-0.123456789, 0.123456789, 0.123456789, 1.0), 2**53)) < 1024, "its receive buffer"


@pytest.mark.parametrize(("gear", "up", "down"), [(1.0, 1, 0), (-1.0, 0, 1), (0.4, 0, 0)])
def test_gear_requests_are_buttons(gear: float, up: int, down: int) -> None:
    message = json.loads(ours().controls((0.0, 0.0, 0.0, gear), 1))
    assert (message["shift_up"], message["shift_down"]) == (up, down)


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=4, max_size=4), st.integers(0, 2**32)
)
def test_controls_arrive_as_the_same_float32_within_range(values: list[float], sequence: int) -> None:
    controls = np.array(values, np.float32)
    message = json.loads(ours().controls(controls, sequence))
    heard = np.array([message["steer"], message["acc"], message["brake"]], np.float32)
    assert heard.tolist() == np.clip(controls[:3], -1.0, 1.0).tolist()
    assert message["server_steps"] == sequence


@pytest.mark.parametrize("wrong", [(0.0, 0.0, 0.0), (0.0, math.nan, 0.0, 0.0), (math.inf, 0.0, 0.0, 0.0), "abcd", 3.0])
def test_controls_that_are_none_are_the_callers_mistake(wrong: object) -> None:
    with pytest.raises(ValueError, match="controls must be"):
        ours().controls(wrong, 1)  # type: ignore[arg-type]


# --- our plugin's messages -----------------------------------------------------------------------------------------


def test_a_binary_state_is_read_as_it_is_written() -> None:
    data = state_bytes(5, answered=4, age=0.0125, speed=50.25, steer_angle=-90.0, slip_ratio=[1.0, 2.0, 3.0, 4.0])
    state = ours().decode(data, 9.5)
    assert isinstance(state, State)
    assert (state.sequence, state.answered, state.flags, state.received_at) == (5, 4, 1, 9.5)
    assert (state.game_time, state.sent_at) == (0.2, 100.2)
    assert state.answer_age == pytest.approx(0.0125)
    assert state.frame[channels.COLUMNS["speed"]] == 50.25
    assert state.frame[channels.COLUMNS["slip_ratio"]].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert state.frame.shape == (channels.WIDTH,)
    assert state.frame.flags.writeable
    assert state.frame.flags.aligned


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=140, max_size=140))
@settings(max_examples=25)
def test_frames_survive_the_wire_bit_for_bit(values: list[float]) -> None:
    data = state_bytes(1)[: -8 * 140] + np.array(values, "<f8").tobytes()
    state = ours().decode(data, 0.0)
    assert isinstance(state, State)
    assert state.frame.tobytes() == np.array(values).tobytes()


def replaced(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (state_bytes(1)[:-1], "bytes"),
        (state_bytes(1) + b"\0", "bytes"),
        (b"ACGS", "bytes"),
        (replaced(state_bytes(1), 4, b"\2"), "version 2"),
        (replaced(state_bytes(1), 6, b"\1"), "1 numbers"),
        (state_bytes(1, session=1), "another session"),
        (state_bytes(1, speed=math.nan), "not finite"),
        (state_bytes(1, speed=math.inf), "not finite"),
        (b"", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[1]", "object"),
        (b"{}", "one named message"),
        (b'{"welcome": {}}', "missing"),
        (b'{"welcome": 1}', "one named message"),
        (b'{"refused": {"reason": "token"}}', "'message' is missing"),
        (b'{"refused": {"reason": 5, "message": ""}}', "'reason' is not str"),
        (b'{"surprise": {}}', "surprise"),
        (b'{"welcome": {"rate": NaN}}', "NaN"),
        (b"[" * MAX_DATAGRAM, "not JSON"),
        (b" " * (MAX_DATAGRAM + 1), "more than"),
    ],
)
def test_what_our_plugin_never_says_is_malformed(data: bytes, reason: str) -> None:
    event = ours().decode(data, 0.0)
    assert isinstance(event, Malformed)
    assert reason in event.reason


def test_a_welcome_names_the_session_of_all_that_follows() -> None:
    codec = ours(None)
    assert isinstance(codec.decode(state_bytes(1), 0.0), Malformed), "nobody has let us in yet"
    assert told(codec, welcome()) == Welcome(1, "0.2.0", SESSION, 25.0, "driver", True)
    assert isinstance(codec.decode(state_bytes(1), 0.0), State)


@pytest.mark.parametrize("change", [{"protocol": 2}, {"width": 141}, {"channels": 1}])
def test_a_plugin_of_another_version_is_told_with_the_remedy(change: dict[str, int]) -> None:
    event = told(ours(None), welcome(**change))
    assert isinstance(event, Refused)
    assert event.reason == "protocol"
    assert "ac-gym plugin install" in event.message


@pytest.mark.parametrize(
    "change",
    [
        {"rate": 0},
        {"rate": "25"},
        {"rate": 1e9},
        {"rate": 10**400},
        {"session": -1},
        {"session": 2**32},
        {"session": True},
        {"role": "spectator"},
        {"applies_controls": 1},
    ],
)
def test_a_welcome_out_of_range_is_malformed(change: dict[str, object]) -> None:
    assert isinstance(told(ours(None), welcome(**change)), Malformed)


def test_what_the_plugin_says_is_shown_as_one_bounded_line() -> None:
    event = told(ours(), {"dismissed": {"reason": "shutdown", "message": "bye\x1b[2J\n" + "x" * 5000}})
    assert isinstance(event, Dismissed)
    assert event.message.isprintable()
    assert len(event.message) < 400


# --- the reference plugin's messages -------------------------------------------------------------------------------


def test_every_key_of_a_reference_state_reaches_its_columns() -> None:
    state = told(reference(), reference_state(5))
    assert isinstance(state, State)
    assert (state.sequence, state.game_time, state.answered) == (5, 4.25, 0)
    own = {"steps": 5.0, "timestamp_ac": 4.25} | dict.fromkeys(
        ("tyres_out", "lap_count", "lap_invalidated", "last_lap_valid"), 0.0
    )
    for channel in channels.CHANNELS:
        columns = channels.COLUMNS[channel.name]
        expected = list(range(columns.start, columns.stop)) if channel.wire else [0.0] * channel.size
        assert state.frame[columns].tolist() == [own.get(channel.name, value) for value in expected], channel.name


def test_keys_that_the_table_does_not_know_are_ignored() -> None:
    assert isinstance(told(reference(), reference_state(1, tyre_heading_vector=-1, more={"a": [None]})), State)


@pytest.mark.parametrize("key", channels.WIRE_KEYS)
def test_a_state_without_one_of_its_keys_is_malformed(key: str) -> None:
    state = reference_state(1)
    del state[key]
    event = told(reference(), state)
    assert isinstance(event, Malformed)
    assert key in event.reason


@pytest.mark.parametrize(
    "change",
    [
        {"speed": "50"},
        {"speed": None},
        {"speed": [1.0]},
        {"speed": 10**400},
        {"speed": math.nan},
        {"speed": 1e999},
        {"Mz": 5.0},
        {"Mz": [1.0, 2.0, 3.0]},
        {"Mz": [1.0, 2.0, 3.0, 4.0, 5.0]},
        {"Mz": "abcd"},
        {"Mz": {"a": 1, "b": 2, "c": 3, "d": 4}},
        {"Mz": [1.0, 2.0, 3.0, None]},
        {"Mz": [1.0, 2.0, 3.0], "NdSlip": [1.0, 2.0, 3.0, 4.0, 5.0]},
    ],
)
def test_a_state_with_something_else_than_numbers_is_malformed(change: dict[str, object]) -> None:
    assert isinstance(told(reference(), reference_state(1, **change)), Malformed)


@pytest.mark.parametrize("steps", [-1, 1.5, 1e300, "1", None])
def test_a_state_is_numbered_by_a_count(steps: object) -> None:
    assert isinstance(told(reference(), reference_state(steps)), Malformed)


def test_a_number_beyond_all_floats_is_malformed() -> None:
    text = json.dumps(reference_state(1, speed=123456)).replace("123456", "1e999")
    assert isinstance(reference().decode(text.encode(), 0.0), Malformed)


def test_reference_texts() -> None:
    assert reference().decode(b"identified", 0.0) == Welcome(0, "", 0, 25.0, "driver", True)
    assert isinstance(reference().decode(b"disconnect", 0.0), Dismissed)
    assert isinstance(reference().decode(b"Identified", 0.0), Malformed)


def test_lap_validity_is_derived_from_tyres_out() -> None:
    codec = reference()

    def drive(tyres: int, laps: int, flag: int = 0) -> tuple[float, float]:
        state = told(codec, reference_state(1, numberOfTyresOut=tyres, LapCount=laps, LapInvalidated=flag))
        assert isinstance(state, State)
        return tuple(state.frame[channels.COLUMNS[name].start] for name in ("lap_invalidated", "last_lap_valid"))

    assert drive(0, 0) == (0, 0), "no lap is complete yet"
    assert drive(2, 0) == (0, 0)
    assert drive(3, 0) == (1, 0)
    assert drive(0, 0) == (1, 0), "a lap stays spoiled"
    assert drive(0, 1) == (0, 0), "the next one is not, but the last one was"
    assert drive(0, 2) == (0, 1)
    assert drive(0, 2, flag=1) == (1, 1), "the game's own flag counts too"
    assert drive(0, 0) == (0, 0), "a session begun anew has no last lap"


# --- anything at all -----------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_datagram_makes_the_codecs_raise(datagram: bytes) -> None:
    for codec in (ours(), reference()):
        check_event(codec.decode(datagram, 0.0))


def check_event(event: object) -> None:
    """One of those that there are; what is believed is finite, what is said is one line."""
    assert isinstance(event, State | Welcome | Refused | Dismissed | Malformed)
    if isinstance(event, State):
        assert np.isfinite(event.frame).all()
    if isinstance(event, Refused | Dismissed):
        assert event.message.isprintable()


@given(st.sampled_from(["welcome", "refused", "dismissed"]), st.dictionaries(st.sampled_from(
    ["protocol", "version", "session", "rate", "role", "applies_controls", "width", "channels", "reason", "message"]
), JSON))  # fmt: skip
def test_no_named_message_makes_our_codec_raise(kind: str, body: dict[str, object]) -> None:
    check_event(told(ours(), {kind: body}))


@given(st.sampled_from(channels.WIRE_KEYS), JSON)
def test_no_value_makes_the_reference_codec_raise(key: str, value: object) -> None:
    check_event(told(reference(), reference_state(1) | {key: value}))
