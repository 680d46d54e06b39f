"""Laps in a recording, two of them compared, and the commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ac_gym import channels
from ac_gym.cli.main import app
from ac_gym.datasets import Recording
from ac_gym.datasets.comparison import compare, plot_comparison
from ac_gym.datasets.model import AT
from ac_gym.datasets.own import write_own
from ac_gym.errors import AcGymError, ConfigError, RecordingError

LENGTH, RATE = 1000.0, 25.0


def _drive(name: str, *speeds: float) -> Recording:
    """Laps of a round track of 1 km, each at its own speed, after half a lap at 20 m/s; out of track in lap 3."""
    s = [np.arange(0.5 * LENGTH, LENGTH, 20.0 / RATE)]
    for speed in (*speeds, 20.0):
        begun = s[-1][-1] + speed / RATE
        end = (len(s) + 1) * LENGTH if len(s) <= len(speeds) else begun + 100.0
        s.append(np.arange(begun, end, speed / RATE))
    distance = np.concatenate(s)
    lap = np.floor(distance / LENGTH).astype(int)
    speed = np.concatenate(
        [[20.0] * len(s[0]), *([v] * len(piece) for v, piece in zip((*speeds, 20.0), s[1:], strict=True))]
    )
    frames = np.zeros((len(distance), channels.WIDTH))
    angle = 2.0 * np.pi * distance / LENGTH
    frames[:, AT["world_position"]] = LENGTH / (2.0 * np.pi) * np.cos(angle)
    frames[:, AT["world_position"] + 1] = LENGTH / (2.0 * np.pi) * np.sin(angle)
    frames[:, AT["speed"]], frames[:, AT["spline_position"]] = speed, (distance / LENGTH) % 1.0
    frames[:, AT["timestamp_ac"]] = np.arange(len(distance)) / RATE
    frames[:, AT["lap_count"]] = np.maximum(lap - 1, 0)
    frames[:, AT["current_time"]] = 1000.0 * (distance - lap * LENGTH) / speed
    times = [0.0, 0.0, *(1000.0 * LENGTH / v for v in speeds)]
    frames[:, AT["last_lap_time"]] = np.take(times, lap)
    frames[lap == 3, AT["tyres_out"]] = 3.0
    return Recording(name, frames, np.ones(channels.WIDTH, bool), RATE, None, "round", "car")


def test_laps_go_from_line_to_line() -> None:
    laps = _drive("a", 40.0, 50.0, 25.0).laps
    assert [lap.number for lap in laps] == [1, 1, 2, 3, 4]
    np.testing.assert_allclose([lap.time_s for lap in laps], [np.nan, 25.0, 20.0, 40.0, np.nan])
    assert [lap.clean for lap in laps] == [True, True, True, False, True]
    for lap in laps[1:4]:
        assert lap["spline_position"][0] < 0.01
        assert lap["spline_position"][-1] > 0.99
    assert sum(lap.stop - lap.first for lap in laps) == len(_drive("a", 40.0, 50.0, 25.0))


def test_comparison_over_distance() -> None:
    """At equal speeds all along, the time lost grows evenly to the difference of the lap times."""
    slow, fast = _drive("a", 40.0, 50.0).laps[1:3]
    found = compare(slow, fast)
    share = found.distance_m / found.distance_m[-1]
    np.testing.assert_allclose(found.delta_s, 5.0 * share, atol=0.02)
    np.testing.assert_allclose(found.lap.values["speed"], 40.0)
    np.testing.assert_allclose(found.reference.values["speed"], 50.0)
    assert found.distance_m[-1] == pytest.approx(LENGTH, abs=5.0)


def test_a_car_that_stands_or_rolls_back_does_not_break_the_comparison() -> None:
    lap = _drive("a", 40.0, 50.0).laps[1]
    place = lap["spline_position"]
    place[300:310] = place[299] - 0.0005
    found = compare(lap, lap)
    np.testing.assert_array_equal(found.delta_s, 0.0)


def test_parts_of_laps_are_not_compared() -> None:
    laps = _drive("a", 40.0).laps
    with pytest.raises(RecordingError, match="not a whole lap"):
        compare(laps[0], laps[1])


def test_the_picture(tmp_path: Path) -> None:
    slow, fast = _drive("a", 40.0, 50.0).laps[1:3]
    assert plot_comparison(tmp_path / "new" / "a.png", compare(slow, fast)).stat().st_size > 10_000


def test_command_laps(tmp_path: Path) -> None:
    write_own(tmp_path / "in" / "a.parquet", _drive("a", 40.0, 50.0))
    write_own(tmp_path / "in" / "b.parquet", _drive("b", 45.0))
    result = CliRunner().invoke(app, ["laps", str(tmp_path / "in"), "-o", str(tmp_path / "out.png")])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0].strip() == "round, car"
    for text in ("25.000 s", "20.000 s", "22.222 s", "part"):
        assert text in result.output
    assert (tmp_path / "out.png").exists()
    with pytest.raises(AcGymError, match="no lap 99 in the table"):
        CliRunner().invoke(app, ["laps", str(tmp_path / "in"), "--compare", "1", "99"], catch_exceptions=False)


def test_command_convert_tells_of_bad_rows(drive: Recording, tmp_path: Path) -> None:
    frames = drive.frames.copy()
    frames[7, AT["speed"]] = np.nan
    source = write_own(tmp_path / "drive.parquet", Recording("drive", frames, drive.known, 25.0, drive.controls))
    result = CliRunner().invoke(app, ["convert", str(source), "--to", "csv", "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "drive: row 7: speed is not a number" in result.output
    assert (tmp_path / "out" / "drive.csv").exists()
    for options, words in (
        (["--to", "word", "-o", "x"], "unknown format"),
        (["--to", "pictures", "-o", "x"], "--telemetry"),
    ):
        with pytest.raises(AcGymError, match=words):
            CliRunner().invoke(app, ["convert", str(source), *options], catch_exceptions=False)


@pytest.mark.parametrize(
    ("to", "option"),
    [
        ("csv", "--telemetry=a.csv"), ("csv", "--offset=0"), ("parquet", "--image-format=jpg"), ("motec", "--folder=a"),
        ("pictures", "--folder=a"), ("pictures", "--track=monza"), ("pictures", "--rate=5"),
        ("minari", "--rate=5"), ("minari", "--telemetry=a.csv"),
    ],
)  # fmt: skip
def test_command_convert_refuses_options_that_mean_nothing_for_the_target(tmp_path: Path, to: str, option: str) -> None:
    """Also where they have the value that they have anyway."""
    command = ["convert", str(tmp_path), "--to", to, option, "-o", str(tmp_path / "out")]
    with pytest.raises(ConfigError, match=f"{option.split('=')[0]} means nothing for {to}; it is for "):
        CliRunner().invoke(app, command, catch_exceptions=False)


@pytest.mark.parametrize(("lost", "words"), [("b.parquet: no room", "what else was driven"), ("", "what was driven")])
def test_command_demonstrate_tells_what_an_interruption_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str, words: str
) -> None:
    def interrupted(*args: object, **options: object) -> None:
        error = KeyboardInterrupt()
        for note in filter(None, [lost]):
            error.add_note(note)
        raise error

    monkeypatch.setattr("ac_gym.datasets.demonstrations.record_demonstrations", interrupted)
    result = CliRunner().invoke(app, ["demonstrate", str(tmp_path)])
    assert result.exit_code == 1
    assert lost in result.output
    assert f"interrupted: {words} is kept, listed in {tmp_path / 'laps.yaml'}" in result.output


def test_command_demonstrate(tmp_path: Path) -> None:
    options = ["--track", "indianapolis_sp", "--car", "dallara_f317", "--laps", "1", "--pace", "0.8", "--noise", "0.0"]
    result = CliRunner().invoke(app, ["demonstrate", str(tmp_path), *options])
    assert result.exit_code == 0, result.output
    assert "follower_pace80_noise0" in result.output
    assert (tmp_path / "laps.yaml").exists()
    with pytest.raises(AcGymError, match=r"follower_pace80_noise0_seed0.parquet exists: take another seed"):
        CliRunner().invoke(app, ["demonstrate", str(tmp_path), *options], catch_exceptions=False)
