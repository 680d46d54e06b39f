"""The two ends of the wire, without a wire: what the plugin's own code writes we read, and the other way round."""

from __future__ import annotations

import importlib
import json
import math
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from ac_gym import channels
from ac_gym.game.reference import ReferenceCodec
from ac_gym.game.wire import APPLY, PROTOCOL, ROLES, AcGymCodec, State
from ac_gym.resources import plugin_dir

SESSION = 77


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The plugin's own modules, as they go into the game."""
    monkeypatch.syspath_prepend(str(plugin_dir()))

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"sensors_par_lib{name}")

    return SimpleNamespace(
        app=module(""), channels=module(".channels"), messages=module(".messages"), state=module(".state")
    )


@pytest.fixture
def row() -> list[float]:
    """A telemetry row of whole and broken numbers, each another one."""
    whole = ("1", "ms", "0/1", "0..4")
    broken = [0.0 if channel.unit in whole else 1 / 3 for channel in channels.CHANNELS for _ in range(channel.size)]
    values = [column + part for column, part in enumerate(broken)]
    values[channels.COLUMNS["tyres_out"].start] = values[channels.COLUMNS["lap_invalidated"].start] = 0.0
    return values


def test_protocol_and_channels_are_the_same(plugin: SimpleNamespace) -> None:
    assert plugin.app.PROTOCOL == PROTOCOL
    assert (plugin.channels.WIDTH, plugin.channels.DIGEST) == (channels.WIDTH, channels.DIGEST)
    assert (plugin.messages.ROLES, plugin.messages.APPLY) == (ROLES, APPLY)


def test_its_binary_state_is_read(plugin: SimpleNamespace, row: list[float]) -> None:
    client = SimpleNamespace(session=SESSION, sequence=9, out_of_sync=2)
    flags = plugin.state.APPLIED | plugin.state.SILENT
    data = plugin.state.binary(row, client, 3.5, 0.36, 8, 0.0125, flags)
    codec = AcGymCodec()
    codec.session = SESSION
    state = codec.decode(data, 1.0)
    assert isinstance(state, State)
    assert (state.sequence, state.sent_at, state.game_time, state.answered) == (9, 3.5, 0.36, 8)
    assert state.answer_age == pytest.approx(0.0125)
    assert state.flags == 1 | 8
    row[channels.COLUMNS["steps"].start] = 9.0
    row[channels.COLUMNS["total_errors_out_of_sync"].start] = 2.0
    assert state.frame.tolist() == row


def test_its_state_in_text_is_read(plugin: SimpleNamespace, row: list[float]) -> None:
    state = ReferenceCodec(rate=25.0, applies_controls=True).decode(plugin.state.text(row, 9, 2).encode(), 1.0)
    assert isinstance(state, State)
    assert state.sequence == 9
    for channel in channels.CHANNELS:
        if channel.wire and channel.name not in ("steps", "total_errors_out_of_sync"):
            columns = channels.COLUMNS[channel.name]
            assert state.frame[columns].tolist() == row[columns], channel.name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("apply", APPLY)
def test_our_hello_is_understood(plugin: SimpleNamespace, role: str, apply: str) -> None:
    kind, hello = plugin.messages.parse(AcGymCodec(role=role, apply=apply, token="s3", take_over=True).hello())
    assert kind == "hello"
    assert (hello.protocol, hello.role, hello.apply, hello.token, hello.take_over) == (
        PROTOCOL,
        role,
        apply,
        "s3",
        True,
    )


@pytest.mark.parametrize("gear", [-1.0, 0.0, 1.0])
def test_our_controls_are_understood_as_the_same_float32(plugin: SimpleNamespace, gear: float) -> None:
    controls = np.array([1 / 3, -0.1, 1.0, gear], np.float32)
    codec = AcGymCodec()
    codec.session = SESSION
    for session, data in (
        (SESSION, codec.controls(controls, 12)),
        (None, ReferenceCodec(rate=25.0, applies_controls=True).controls(controls, 12)),
    ):
        kind, heard = plugin.messages.parse(data)
        assert kind == "controls"
        assert heard.session == session
        assert np.array([heard.steer, heard.throttle, heard.brake], np.float32).tolist() == controls[:3].tolist()
        assert (heard.shift_up, heard.shift_down, heard.answers) == (gear > 0, gear < 0, 12)


def test_our_other_messages_are_understood(plugin: SimpleNamespace) -> None:
    codec = AcGymCodec()
    codec.session = SESSION
    assert plugin.messages.parse(codec.alive()) == ("alive", SESSION)
    neutral, bye = codec.goodbye(12)
    assert plugin.messages.parse(bye) == ("bye", SESSION)
    assert plugin.messages.parse(neutral)[1][1:4] == (0.0, -1.0, -1.0)
    texts = ReferenceCodec(rate=25.0, applies_controls=True)
    assert plugin.messages.parse(texts.hello())[0] == "connect"
    assert plugin.messages.parse(texts.goodbye(1)[1])[0] == "disconnect"


def test_controls_that_it_would_count_as_malformed_never_leave(plugin: SimpleNamespace) -> None:
    codec = AcGymCodec()
    codec.session = 2**32 - 1
    extreme = codec.controls((1e30, -1e30, 1e-30, 5.0), 2**32 - 1)
    assert plugin.messages.parse(extreme)[1][1:4] == (1.0, -1.0, pytest.approx(1e-30))
    assert len(extreme) < plugin.messages.LARGEST
    assert all(math.isfinite(value) for value in json.loads(extreme).values())
