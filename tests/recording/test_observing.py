"""What an observer sees of a scripted plugin: every state in turn, and how many never came."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_plugin import HEADER, FakePlugin, reference_state, state_bytes, welcome

from ac_gym.channels import WIDTH
from ac_gym.errors import ConfigError
from ac_gym.game.client import GameConnection
from ac_gym.game.conversation import ArrivalClock
from ac_gym.game.wire import NOT_LIVE
from ac_gym.recording.observing import Observed, PluginObserver, observer
from ac_gym.recording.reading import read_recording
from ac_gym.recording.recorder import RecorderSettings
from ac_gym.recording.schema import Header
from ac_gym.recording.table_file import TableFile
from ac_gym.recording.watching import Ending, watch

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
    before = [watched.next(), watched.next()]
    plugin.script = lambda datagram: (
        [json.dumps(welcome()).encode(), state(1, game_time=11.0)] if datagram.startswith(b'{"hello"') else []
    )
    states: list[Observed] = []
    while not states:
        states += filter(None, [watched.next()])
    assert before[1] is not None
    assert (states[0].plugin[1], states[0].missed) == (1, 24)
    assert states[0].time - before[1].time >= 0.3  # the plugin's clock may have begun anew


def times(watched: PluginObserver, count: int) -> list[float]:
    return [each.time for _ in range(count) if (each := watched.next()) is not None]


def test_states_that_waited_have_the_times_when_they_came(plugin: FakePlugin, watched: PluginObserver) -> None:
    plugin.send(state(1))
    (first,) = times(watched, 1)
    time.sleep(1.0)  # held up
    plugin.states(*range(2, 27))
    assert np.diff([first, *times(watched, 25)]) == pytest.approx(0.04, abs=1e-6)
    assert watched.next() is None


def test_states_that_came_before_the_first_was_asked_for_have_their_times_too(plugin: FakePlugin) -> None:
    plugin.script = lambda datagram: (
        [json.dumps(welcome(rate=1.0)).encode(), state(1)] if datagram.startswith(b'{"hello"') else []
    )
    with GameConnection(role="observer", in_turn=True, **plugin.address) as connection:
        time.sleep(0.12)
        plugin.states(2, 3, 4)
        came = [connection.receive().received_at for _ in range(4)]
    assert np.diff(came) == pytest.approx(0.04, abs=1e-6)


def test_the_times_of_a_game_that_has_no_clock_of_its_own_are_ours() -> None:
    with FakePlugin(reference=True) as plugin, GameConnection(in_turn=True, **plugin.address) as connection:
        came = []
        for steps in (1, 2):
            plugin.send(json.dumps(reference_state(steps)).encode())
            came.append(connection.receive().received_at)
            time.sleep(0.05)
    assert came[1] - came[0] >= 0.05  # its game's clock stood still


def test_clocks_that_drift_apart_leave_times_right_to_a_few_ms() -> None:
    rng = np.random.default_rng(0)
    came = np.cumsum(rng.exponential(0.2, 18_000))  # an hour
    taken = came + np.where(rng.random(len(came)) < 0.2, rng.uniform(0.0, 1.0, len(came)), 0.0)  # held up now and then
    taken = np.maximum.accumulate(taken)
    for drift in (-50e-6, 50e-6):
        clock = ArrivalClock()
        times = [clock.when(7.0 + (1.0 + drift) * at, by) for at, by in zip(came, taken, strict=True)]
        assert np.abs(times - came)[100:].max() < 0.005
        assert (np.diff(times) >= 0.0).all()


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


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture
def ending() -> Iterator[Ending]:
    """One that listens."""
    before = {each: signal.getsignal(each) for each in SIGNALS}
    ending = Ending()
    ending.listen()
    yield ending
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_signal_breaks_off_a_wait_and_otherwise_the_next_one(ending: Ending) -> None:
    assert ending.heeded_in(lambda: 7) == 7
    with pytest.raises(KeyboardInterrupt):
        ending.heeded_in(lambda: signal.raise_signal(signal.SIGTERM))
    for each in SIGNALS:
        signal.raise_signal(each)
    with pytest.raises(KeyboardInterrupt):
        ending.heeded_in(lambda: 7)


def press(monkeypatch: pytest.MonkeyPatch, *signals: signal.Signals) -> None:
    """These come while the telemetry is completed, which takes a while."""
    complete = TableFile.close

    def interrupted(table: TableFile, end: Mapping[str, Any]) -> None:
        for each in signals:
            signal.pthread_kill(threading.main_thread().ident or 0, each)
            time.sleep(0.1)
        complete(table, end)

    monkeypatch.setattr(TableFile, "close", interrupted)


@pytest.mark.skipif(sys.platform == "win32", reason="needs pthread_kill")
def test_signals_that_come_while_files_are_completed_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: Ending
) -> None:
    press(monkeypatch, *SIGNALS, signal.SIGINT)
    (summary,) = watch(Losing(), tmp_path, RecorderSettings(), ending=ending)
    assert read_recording(summary.telemetry).header.end["reason"] == "interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["01_telemetry.parquet"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs pthread_kill")
def test_where_python_listens_an_end_that_was_broken_off_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(monkeypatch, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        watch(Losing(), tmp_path, RecorderSettings())
    assert read_recording(tmp_path / "01_telemetry.parquet").header.end["reason"] == "interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["01_telemetry.parquet"]
