"""The session: where the ego is put, what the same seed gives, and what the opponents do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ac_gym.channels import COLUMNS
from ac_gym.errors import AcGymError, UnknownNameError
from ac_gym.standin.session import Session
from ac_gym.worlds import SimulatedWorld, SimulationSettings

NEUTRAL = np.array([[0.0, -1.0, -1.0, 0.0]], np.float32)
FORWARD = np.array([[0.3, 1.0, -1.0, 0.0]], np.float32)


def value(session: Session, name: str, car: int = 0) -> float:
    return float(session.frames[car, COLUMNS[name].start])


def drive(session: Session, frames: int, controls: np.ndarray = FORWARD) -> None:
    for _ in range(frames):
        session.step(controls)


def test_it_begins_standing_at_the_hotlap_start(make_session: Callable[..., Session]) -> None:
    for reset in ("road", "line", "random"):
        session = make_session(reset=reset)
        assert session.ego_place()[0] == pytest.approx(session.track.start.s_m, abs=0.1)
        drive(session, 50, NEUTRAL)
        assert value(session, "speed") < 0.05


def test_road_stands_the_car_on_the_line_where_it_is(make_session: Callable[..., Session]) -> None:
    session = make_session(reset="road")
    drive(session, 400)
    s, offset = session.ego_place()
    elapsed = value(session, "current_time")
    station = round(s / session.track.step_m)
    assert abs(offset - session.track.line_offset[station]) > 0.5
    session.put_back()
    assert session.moving
    session.step(FORWARD)
    assert not session.moving
    after, line = session.ego_place()
    assert after == pytest.approx(s, abs=0.5)
    assert line == pytest.approx(session.track.line_offset[station], abs=0.1)
    assert value(session, "speed") == 0.0
    assert value(session, "current_time") == elapsed  # the clock runs on
    assert session.laps.spoiled


def test_a_step_back_is_a_step_back(make_session: Callable[..., Session]) -> None:
    session = make_session()
    drive(session, 300)
    s = session.ego_place()[0]
    session.step_back()
    session.step(FORWARD)
    assert (s - session.ego_place()[0]) % session.track.length_m == pytest.approx(20.0, abs=1.0)


def test_line_begins_anew_at_the_start(make_session: Callable[..., Session]) -> None:
    session = make_session(reset="line")
    drive(session, 300)
    session.put_back()
    session.step(FORWARD)
    assert session.ego_place()[0] == pytest.approx(session.track.start.s_m, abs=0.1)
    assert value(session, "current_time") == value(session, "speed") == value(session, "distance_travelled") == 0.0
    assert not session.laps.spoiled


def test_random_resets_are_the_simulated_worlds(make_session: Callable[..., Session]) -> None:
    """The first reset is the first draw of the seed, the second the second, so that episodes compare."""
    session = make_session(reset="random", seed=7)
    world = SimulatedWorld(session.track, session.car, 1, SimulationSettings(), control_rate=50.0)
    world.seed(7)
    drive(session, 20)
    for _ in range(3):
        session.put_back()
        session.step(FORWARD)
        world.reset()
        assert np.array_equal(session.frames[0, COLUMNS["world_position"]], world.frames[0, COLUMNS["world_position"]])
        assert value(session, "speed") == world.frames[0, COLUMNS["speed"].start] > 5.0
        for _ in range(10):
            session.step(FORWARD)
            world.step(FORWARD)
        same = [name for name in COLUMNS if name not in ("timestamp_ac", "packet_id")]
        for name in same:
            assert np.array_equal(session.frames[0, COLUMNS[name]], world.frames[0, COLUMNS[name]]), name


def test_restarting_the_session_forgets_its_laps(make_session: Callable[..., Session]) -> None:
    session = make_session()
    session.laps.count, session.laps.best_ms = 3, 90_000.0
    drive(session, 50)
    session.restart()
    session.step(FORWARD)
    assert (session.laps.count, session.laps.best_ms) == (0, 0.0)
    assert session.ego_place()[0] == pytest.approx(session.track.start.s_m, abs=0.1)


def test_opponents_drive_the_road_by_themselves(make_session: Callable[..., Session]) -> None:
    session = make_session(4, fps=25.0)
    progress = COLUMNS["spline_position"].start
    begun = session.frames[1:, progress].copy()
    assert np.diff(begun) == pytest.approx(0.25, abs=0.02)
    drive(session, 25 * 10, NEUTRAL)
    driven = (session.frames[1:, progress] - begun) % 1.0 * session.track.line_length_m
    assert (driven > 250.0).all()
    assert (session.frames[1:, COLUMNS["tyres_out"].start] <= 2).all()
    assert value(session, "speed") < 0.05


def test_the_ego_does_not_depend_on_opponents(make_session: Callable[..., Session]) -> None:
    alone, among = make_session(1, reset="random"), make_session(3, reset="random")
    for session in (alone, among):
        session.put_back()
        drive(session, 50)
    assert np.array_equal(alone.frames[0], among.frames[0])


def test_settings_that_cannot_be_are_told(make_session: Callable[..., Session]) -> None:
    with pytest.raises(UnknownNameError, match="reset"):
        make_session(reset="rode")
    with pytest.raises(AcGymError, match="cars must be 1 to 64"):
        make_session(0)
