"""The protocol of `ac-gym evaluate`: what is driven, what counts, and how drivers are compared."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ac_gym.assessment import Assessment, Protocol, assess
from ac_gym.car import load_car
from ac_gym.cli.main import app
from ac_gym.drivers import LineFollower
from ac_gym.errors import AcGymError, ConfigError
from ac_gym.published import published_laps, published_pairs, published_source
from ac_gym.report.comparison import as_dict, group, markdown, write_comparison
from ac_gym.statistics import bootstrap_interval, interquartile_mean, share_interval
from ac_gym.track import load_track

TRACK, CAR = "indianapolis_sp", "dallara_f317"
SHORT = Protocol(laps=1, standing=1, flying=2)


def follow(pace: float = 0.85, label: str = "line", protocol: Protocol = SHORT, **settings: Any) -> Assessment:
    driver = LineFollower(load_track(TRACK), load_car(CAR), pace=pace)
    return assess(driver, {"track": TRACK, "car": CAR, **settings}, protocol, label=label)


@pytest.fixture(scope="module")
def slow() -> Assessment:
    return follow()


@pytest.fixture(scope="module")
def lost() -> Assessment:
    """Full throttle, straight on."""
    straight_on = np.array([[0.0, 1.0, -1.0]], np.float32)
    settings = {"track": TRACK, "car": CAR, "use_relative_actions": False}
    return assess(lambda obs: np.repeat(straight_on, len(obs), 0), settings, SHORT, label="lost")


def test_out_laps_are_apart_and_flying_laps_are_whole(slow: Assessment) -> None:
    standing, flying = slow.attempts["standing"], slow.attempts["flying"]
    assert [lap.number for lap in standing.counted] == [2]
    assert [lap.car for lap in flying.counted] == [0, 1]
    assert standing.evaluation.laps[0].time_s > standing.times_s[0] + 0.5
    np.testing.assert_allclose(flying.times_s, standing.times_s[0], atol=0.1)  # at speed, wherever they began


def test_flying_starts_fly_whatever_the_driver_learned_with() -> None:
    flying = follow(protocol=Protocol(laps=1, standing=0, flying=3), start_standing=1.0).attempts["flying"]
    assert all(stint.telemetry["speed"][0] > 20.0 for stint in flying.evaluation.stints)


def test_figures_are_those_of_the_laps(slow: Assessment) -> None:
    figures = slow.attempts["flying"].figures()
    times = figures["lap_times_s"]
    assert (figures["asked"], figures["clean"], figures["clean_rate"]) == (2, 2, 1.0)
    assert figures["best_s"] == min(times)
    assert figures["mean_s"] == pytest.approx(np.mean(times), abs=1e-4)
    assert figures["std_s"] == pytest.approx(np.std(times, ddof=1), abs=1e-4)
    gaps = slow.gaps()
    assert gaps["limit"] == pytest.approx(slow.best_s / slow.evaluation.limit_s - 1)
    assert gaps["human"] == pytest.approx(slow.best_s / 59.38 - 1)
    assert gaps["sac"] == pytest.approx(slow.best_s / 59.84 - 1)


def test_a_driver_that_leaves_the_road_scores_nothing(lost: Assessment) -> None:
    assert lost.best_s is None
    assert lost.gaps() == {}
    for attempts in lost.attempts.values():
        figures = attempts.figures()
        assert (figures["clean"], figures["clean_rate"], figures["best_s"]) == (0, 0.0, None)
        assert set(figures["endings"]) == {"out_of_track"}
    (compared,) = group([lost])
    assert compared.score == 0.0


def test_the_seed_decides_and_cars_can_be_varied() -> None:
    varied = Protocol(laps=1, standing=3, flying=0, vary=0.02)
    first, again = follow(protocol=varied), follow(protocol=varied)
    assert first.as_dict() == again.as_dict()
    times = first.attempts["standing"].times_s
    assert len(set(times)) == 3
    assert np.ptp(times) < 3.0


def test_runs_of_one_label_are_compared_as_one(slow: Assessment, lost: Assessment, tmp_path: Path) -> None:
    runs = [slow, lost, slow]
    groups = group(runs)
    assert [(g.label, len(g.runs)) for g in groups] == [("line", 2), ("lost", 1)]
    low, high = groups[0].interval
    assert low <= groups[0].score <= high
    assert groups[0].units == "2 runs"
    written = write_comparison(tmp_path, runs)
    assert [path.name for path in written] == ["evaluation.json", "evaluation.md", "evaluation.png"]
    data = json.loads(written[0].read_text())
    assert data == json.loads(json.dumps(as_dict(runs)))
    assert [g["runs"] for g in data["groups"]] == [2, 1]
    assert published_source() in markdown(runs)
    assert "0 of 2" in markdown(runs)


@pytest.mark.parametrize("protocol", [Protocol(laps=0), Protocol(standing=0, flying=0), Protocol(vary=0.7)])
def test_protocols_that_drive_nothing_are_refused(protocol: Protocol) -> None:
    with pytest.raises(ConfigError):
        follow(protocol=protocol)


def test_the_interquartile_mean_leaves_out_the_quarters() -> None:
    assert interquartile_mean([0.0, 1.0, 2.0, 100.0]) == 1.5
    assert math.isnan(interquartile_mean([]))


def test_bootstrap_intervals_cover_the_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(100):
        low, high = bootstrap_interval(list(rng.normal(3.0, 1.0, (20, 4))), resamples=200, seed=trial)
        covered += low <= 3.0 <= high
    assert covered >= 85
    assert all(map(math.isnan, bootstrap_interval([[1.0, 2.0]])))


def test_share_intervals_are_wilsons() -> None:
    low, high = share_interval(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert share_interval(5, 5)[0] < 0.6


def test_published_laps_are_of_tracks_and_cars_we_have() -> None:
    assert len(published_pairs()) == 8
    for track, car in published_pairs():
        assert load_track(track).name == track
        assert load_car(car).name == car
        assert {"human", "sac"} <= set(published_laps(track, car))
    assert published_laps("imola", CAR) == {}


def test_the_command_prints_a_table_and_writes_its_files(tmp_path: Path) -> None:
    options = ["--track", TRACK, "--car", CAR, "--laps", "1", "--flying", "1", "--pace", "0.8"]
    result = CliRunner().invoke(app, ["evaluate", "line-follower", *options, "--output", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "1 of 1" in result.output
    assert {"evaluation.json", "evaluation.md", "evaluation.png", "01_flying_speed.png"} <= {
        path.name for path in tmp_path.iterdir()
    }


def test_the_command_says_what_it_wants() -> None:
    result = CliRunner().invoke(app, ["evaluate", "/nowhere"])
    assert isinstance(result.exception, AcGymError)
    assert "line-follower" in str(result.exception)
