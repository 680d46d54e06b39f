"""What an observer sees of a scripted plugin: every state in turn, and how many never came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fake_plugin import HEADER, FakePlugin, state_bytes, welcome

from ac_gym.channels import WIDTH
from ac_gym.errors import ConfigError
from ac_gym.game.wire import NOT_LIVE
from ac_gym.recording.observing import Observed, PluginObserver, observer
from ac_gym.recording.reading import read_recording
from ac_gym.recording.recorder import RecorderSettings
from ac_gym.recording.schema import Header
from ac_gym.recording.watching import watch

STATIC = {"TrackName": "monza", "TrackConfiguration": "", "CarName": "bmw_z4_gt3", "TrackLength": 5793.0}


def state(sequence: int, *, game_time: float | None = None, flags: int = 0) -> bytes:
    made = bytearray(state_bytes(sequence))
    head = list(HEADER.unpack_from(made))
    head[5], head[9] = 0.04 * sequence if game_time is None else game_time, flags
    HEADER.pack_into(made, 0, *head)
    return bytes(made)


@pytest.fixture
def plugin() -> Iterator[FakePlugin]:
    with FakePlugin() as plugin:
        plugin.commands = {"static_info": STATIC}
        yield plugin


@pytest.fixture
def watched(plugin: FakePlugin, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginObserver]:
    monkeypatch.setattr("ac_gym.recording.observing.GameConnection.csp_build", None)
    with closing(PluginObserver(**plugin.address, timeout=0.3)) as watched:
        yield watched


def seen(watched: PluginObserver, count: int) -> list[tuple[float, int]]:
    """(sequence, missed) of the states to come."""
    states = [watched.next() for _ in range(count)]
    return [(each.plugin[1], each.missed) for each in states if each is not None]


def test_states_that_wait_are_seen_one_by_one(plugin: FakePlugin, watched: PluginObserver) -> None:
    plugin.states(*range(1, 200))
    assert seen(watched, 199) == [(number, 0) for number in range(1, 200)]


def test_states_that_never_came_are_counted(plugin: FakePlugin, watched: PluginObserver) -> None:
    plugin.send(*map(state, (1, 2, 5, 4, 6)), state(8, flags=NOT_LIVE), state(9), state(11))
    assert seen(watched, 7) == [(1, 0), (2, 0), (5, 2), (6, 0), (9, 1), (11, 1)]


def test_over_a_new_connection_the_games_clock_counts(plugin: FakePlugin, watched: PluginObserver) -> None:
    plugin.send(state(1), state(2, game_time=10.0))
    assert seen(watched, 2) == [(1, 0), (2, 0)]
    plugin.script = lambda datagram: (
        [json.dumps(welcome()).encode(), state(1, game_time=11.0)] if datagram.startswith(b'{"hello"') else []
    )
    states: list[Observed] = []
    while not states:
        states += filter(None, [watched.next()])
    assert (states[0].plugin[1], states[0].missed) == (1, 24)


class Losing:
    """An observer that missed 7 states."""

    from_plugin, csp_build = True, None

    def __init__(self) -> None:
        numbers = ((1, 0), (2, 0), (8, 5), (9, 0), (12, 2))
        self._states = [Observed(np.zeros(WIDTH), 0.1 * n, (0.04 * n, n, 0), False, missed) for n, missed in numbers]

    def header(self) -> Header:
        return Header()

    def next(self) -> Observed | None:
        if not self._states:
            raise KeyboardInterrupt
        return self._states.pop(0)

    def close(self) -> None:
        pass


def test_what_never_came_is_in_the_file_and_in_the_summary(tmp_path: Path) -> None:
    (summary,) = watch(Losing(), tmp_path, RecorderSettings())
    assert (summary.states, summary.dropped, summary.missed) == (5, 0, 7)
    assert "5 states, 0 dropped, 7 missed" in summary.text()
    end = read_recording(summary.telemetry).header.end
    assert (end["rows"], end["dropped"], end["missed"], end["reason"]) == (5, 0, 7, "interrupted")


@pytest.mark.parametrize("rate", [0.0, -5.0, float("nan"), 100_000.0])
def test_a_rate_that_is_none(rate: float) -> None:
    with pytest.raises(ConfigError, match="the rate must be 1 to 333 a second"):
        observer("pages", rate=rate)


@pytest.mark.parametrize("duration", [0.0, -1.0, float("nan")])
def test_a_duration_that_is_none(tmp_path: Path, duration: float) -> None:
    with pytest.raises(ConfigError, match="the duration must be greater than 0 s"):
        watch(Losing(), tmp_path, RecorderSettings(), duration=duration)
    assert not list(tmp_path.iterdir())
