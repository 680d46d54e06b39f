"""What behaviour cloning is given: what was seen, and what was done next."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ac_gym.camera import Camera, scene_of
from ac_gym.capture.transform import PictureTransform
from ac_gym.car import load_car
from ac_gym.datasets import Recording
from ac_gym.datasets.cloning import Expert, Place, read_samples, shown_controls
from ac_gym.datasets.own import write_own
from ac_gym.datasets.seen import Drawing, picture_files, read_seen
from ac_gym.errors import MissingPackageError, RecordingError, UnknownNameError
from ac_gym.recording.pictures import PictureSettings
from ac_gym.recording.recorder import Recorder, RecorderSettings
from ac_gym.recording.schema import Header
from ac_gym.task import TaskSettings
from ac_gym.track import load_track

TRANSFORM = PictureTransform(crop=(0.0, 0.0, 1.0, 1.0), size=(8, 6), stack=2, spacing=0.08)
ABSOLUTE = TaskSettings(use_relative_actions=False)


@pytest.fixture
def recorded(tmp_path: Path, drive: Recording) -> Path:
    return write_own(tmp_path / "drive.parquet", drive)


def test_the_answer_to_a_state_is_what_was_done_next(recorded: Path, drive: Recording) -> None:
    samples = read_samples([recorded], ABSOLUTE, Expert())
    assert drive.controls is not None
    np.testing.assert_array_equal(samples.labels, drive.controls[1:, :3])
    assert samples.observations.shape == (250, 125)
    assert samples.observations[100, 0] == pytest.approx(drive["speed"][100] / 80.0, rel=0.2)  # row and label agree
    assert samples.places == (Place("monza", "bmw_z4_gt3"),)
    assert set(samples.laps) == {0}


@pytest.mark.parametrize("sensors", [True, False])
def test_the_controls_among_the_numbers_are_where_they_are_said_to_be(
    recorded: Path, drive: Recording, sensors: bool
) -> None:
    settings = TaskSettings(use_relative_actions=False, enable_sensors=sensors)
    shown = read_samples([recorded], settings, Expert()).observations[100, shown_controls(settings)]
    assert drive.controls is not None
    now = [drive["steer_angle"][100] / 450.0, drive["throttle"][100], drive["brake"][100]]
    steering = [drive["steer_angle"][row] / 450.0 for row in (97, 98, 99)]
    np.testing.assert_allclose(shown[9:], now, atol=1e-6)
    np.testing.assert_allclose(shown[:3], steering, atol=1e-6)


def test_a_line_follower_can_be_asked_instead(recorded: Path, drive: Recording) -> None:
    asked = read_samples([recorded], ABSOLUTE, Expert("line_follower", pace=0.95))
    meant = read_samples([recorded], ABSOLUTE, Expert())
    assert np.abs(asked.labels - meant.labels).mean() < 0.05  # it drove this itself, within its rates
    slower = read_samples([recorded], ABSOLUTE, Expert("line_follower", pace=0.5))
    assert slower.labels[:, 1].mean() < asked.labels[:, 1].mean()


def test_laps_that_are_not_clean_are_left_out_of_recorded_answers(tmp_path: Path, drive: Recording) -> None:
    frames = drive.frames.copy()
    dirty = replace(drive, frames=frames)
    dirty["lap_count"][100:] = 1
    dirty["tyres_out"][150] = 3
    path = write_own(tmp_path / "dirty.parquet", dirty)
    assert len(read_samples([path], ABSOLUTE, Expert())) == 100
    assert len(read_samples([path], ABSOLUTE, Expert(clean_laps=False))) == 250
    assert len(read_samples([path], ABSOLUTE, Expert("line_follower"))) == 250
    assert len(set(read_samples([path], ABSOLUTE, Expert(clean_laps=False)).laps)) == 2


def test_rows_beside_a_gap_are_no_samples(tmp_path: Path, drive: Recording) -> None:
    frames = drive.frames.copy()
    holed = replace(drive, frames=frames)
    holed["speed"][100] = np.nan
    samples = read_samples([write_own(tmp_path / "holed.parquet", holed)], ABSOLUTE, Expert())
    assert len(samples) == 248  # neither the row nor the one whose answer led to it


def test_a_parked_car_teaches_nothing_and_a_start_does(tmp_path: Path, drive: Recording) -> None:
    assert drive.controls is not None
    frames, controls = drive.frames.copy(), drive.controls.copy()
    parked = replace(drive, frames=frames, controls=controls)
    parked["speed"][:50], controls[:31, 1] = 0.0, -1.0
    controls[31:51, 1] = 1.0
    samples = read_samples([write_own(tmp_path / "parked.parquet", parked)], ABSOLUTE, Expert())
    assert len(samples) == 220
    assert samples.labels[0, 1] == 1.0


def test_pictures_are_drawn_of_a_recording_without_any(recorded: Path, drive: Recording) -> None:
    samples = read_seen([recorded], TRANSFORM, Expert(), Drawing("cockpit", (16, 12)))
    scene = scene_of(load_track("monza"), load_car("bmw_z4_gt3"))
    drawn = Camera(scene, size=(16, 12)).draw(drive.frames[[98, 100]])
    expected = np.stack([TRANSFORM.apply(picture) for picture in drawn])
    (seen,) = samples.seen(np.array([100]))
    assert np.array_equal(seen, expected)
    assert drive.controls is not None
    np.testing.assert_array_equal(samples.labels[100], drive.controls[101, :3])
    assert samples.speeds[100] == np.float32(drive["speed"][100])


class _Shades:
    """A source whose pictures are as bright as their time tells."""

    def __init__(self, times: NDArray[np.float64]) -> None:
        self._left = list(enumerate(times))

    def get_frame(self, wait_for_new_frame: bool = True, timeout: float = 1.0) -> tuple[NDArray[np.uint8], int, float]:
        if not self._left:
            raise RecordingError("no more")
        number, time = self._left.pop(0)
        return np.full((12, 16, 3), number, np.uint8), number, float(time)


@pytest.mark.parametrize("kind", ["h264", "png"])
def test_recorded_pictures_belong_to_the_states_of_their_time(tmp_path: Path, drive: Recording, kind: str) -> None:
    states = 500.0 + np.arange(100) / 25.0
    pictures = 500.0 + np.arange(190) / 50.0 + 0.004  # those of the last states are missing
    header = Header(source="plugin", track="monza", car="bmw_z4_gt3", rate=25.0)
    settings = RecorderSettings(pictures=PictureSettings(kind, quality=0))
    with Recorder(tmp_path, header, settings, pictures=_Shades(pictures)) as recorder:  # type: ignore[arg-type]
        for frame, time in zip(drive.frames, states.tolist(), strict=False):
            recorder.put(frame, time)
        while recorder.pictures is not None and recorder.pictures.kept + recorder.pictures.dropped < len(pictures):
            pass
    samples = read_seen(picture_files(tmp_path), TRANSFORM, Expert())
    assert len(samples) == 96  # half a period beyond the last picture
    assert samples.size == (16, 12)
    brightness = samples.seen(np.arange(96)).mean(axis=(2, 3, 4))
    np.testing.assert_allclose(brightness[2:, 1], 2.0 * np.arange(2, 96), atol=2.0)
    np.testing.assert_allclose(brightness[2:, 0], 2.0 * np.arange(2, 96) - 4.0, atol=2.0)
    np.testing.assert_allclose(samples.labels[:, 1], 2.0 * drive["throttle"][1:97] - 1.0, atol=1e-6)
    np.testing.assert_allclose(samples.speeds, drive["speed"][:96], rtol=1e-6)


def _annotated(folder: Path, rows: list[str], pictures: int = 3) -> Path:
    (folder / "processed_images").mkdir(parents=True)
    for number in range(pictures):
        picture = np.full((12, 16, 3), 40 * number, np.uint8)
        Image.fromarray(picture).save(folder / "processed_images" / f"frame_{number:06d}.png")
    path = folder / "processed_data.csv"
    path.write_text("\n".join(["Image,Timestamp,Frame,Steering,Throttle,Brake,SpeedKmh", *rows]) + "\n")
    return path


def _row(number: int, controls: str) -> str:
    return f"processed_images/frame_{number:06d}.png,{0.1 * number:.1f},{number},{controls},100"


def test_annotated_pictures_are_answered_by_the_next_row(tmp_path: Path) -> None:
    _annotated(tmp_path, [_row(0, "0.0,0.0,0.0"), _row(1, "-0.5,0.25,1.0"), _row(2, "0.5,1.0,0.0")])
    samples = read_seen(picture_files(tmp_path), TRANSFORM, Expert())
    np.testing.assert_allclose(samples.labels, [[-0.5, -0.5, 1.0], [0.5, 1.0, -1.0]])
    assert samples.seen(np.array([1])).mean(axis=(2, 3, 4)).tolist() == [[0.0, 40.0]]
    assert (samples.rate, samples.places) == (pytest.approx(10.0), ())
    np.testing.assert_allclose(samples.speeds, [100 / 3.6] * 2, rtol=1e-6)


def test_a_speed_that_is_not_told_is_not_made_up(tmp_path: Path) -> None:
    path = _annotated(tmp_path, [_row(number, "0.0,0.5,0.0") for number in range(3)])
    path.write_text(path.read_text().replace(",SpeedKmh", "").replace(",100\n", "\n"))
    assert np.isnan(read_seen(picture_files(tmp_path), TRANSFORM, Expert()).speeds).all()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "there are no rows"),
        ([_row(0, "0,x,0"), _row(1, "0,0,0")], "Throttle is not a number: 'x'"),
        ([_row(7, "0,0,0"), _row(1, "0,0,0")], "not a picture"),
        ([_row(1, "0,0,0"), _row(1, "0,0,0")], "do not rise"),
    ],
)
def test_bad_annotations_are_one_clear_line(tmp_path: Path, rows: list[str], words: str) -> None:
    path = _annotated(tmp_path, rows)
    with pytest.raises(RecordingError, match=words) as raised:
        read_seen([path], TRANSFORM, Expert())
    assert "\n" not in str(raised.value)


def test_pictures_without_pillow_are_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _annotated(tmp_path, [_row(number, "0,0,0") for number in range(3)])
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingPackageError, match=r"pillow.*ac_gym\[record\]"):
        read_seen([path], TRANSFORM, Expert())


def test_so_is_a_data_set_that_leaves_nothing_to_learn_from(tmp_path: Path, drive: Recording) -> None:
    frames = drive.frames.copy()
    dirty = replace(drive, frames=frames)
    dirty["tyres_out"][:] = 4
    with pytest.raises(RecordingError, match=r"nothing to learn from.*clean_laps=False"):
        read_samples([write_own(tmp_path / "dirty.parquet", dirty)], ABSOLUTE, Expert())
    nowhere = write_own(tmp_path / "nowhere.parquet", replace(drive, track=""))
    with pytest.raises(RecordingError, match="does not tell its track"):
        read_samples([nowhere], ABSOLUTE, Expert())
    with pytest.raises(RecordingError, match="to draw some"):
        read_seen([nowhere], TRANSFORM, Expert())
    with pytest.raises(UnknownNameError, match="expert"):
        Expert("somebody")
