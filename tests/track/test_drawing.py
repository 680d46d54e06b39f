"""Drawing a circuit, and the command that does it."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection

from ac_gym.cli import main as cli
from ac_gym.errors import AcGymError
from ac_gym.track import load_track
from ac_gym.track.plot import draw_track, save_drawing


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Exit status of `ac-gym` with the arguments."""
    monkeypatch.setattr(sys, "argv", ["ac-gym", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_every_corner_is_named() -> None:
    track = load_track("monza")
    ax = draw_track(track)
    texts = {text.get_text() for text in ax.texts}
    assert {corner.name for corner in track.corners} <= texts
    assert "500 m" in texts
    plt.close(ax.figure)


def test_the_line_is_coloured_by_speed_in_kmh() -> None:
    track = load_track("indianapolis_sp")
    speed = np.linspace(50.0, 70.0, len(track.s))
    ax = draw_track(track, speed)
    (line,) = (c for c in ax.collections if isinstance(c, LineCollection))
    assert np.asarray(line.get_array()) == pytest.approx(3.6 * speed)
    plt.close(ax.figure)


def test_saving_writes_an_image_and_leaves_no_window(tmp_path: Path) -> None:
    save_drawing(load_track("imola"), str(tmp_path / "imola.png"), note="a note")
    assert (tmp_path / "imola.png").read_bytes().startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_without_matplotlib_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(AcGymError, match=r"pip install 'ac_gym\[plot\]'"):
        save_drawing(load_track("imola"), str(tmp_path / "imola.png"))


def test_list_shows_the_tracks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert run(monkeypatch, "tracks", "list") == 0
    shown = capsys.readouterr().out
    assert "ks_red_bull_ring-layout_gp" in shown
    assert "5785 m" in shown
    assert "anticlockwise" in shown


def test_show_writes_where_it_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "out.png"
    assert run(monkeypatch, "tracks", "show", "imola", "--output", str(path)) == 0
    assert path.is_file()
    assert str(path) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tracks", "show", "imolla"], "error: unknown track 'imolla'; did you mean imola"),
        (["tracks", "show", "imola", "--output", "no/such/folder/a.png"], "cannot be written"),
        (["tracks", "show", "imola", "--output", "a.xyz"], "cannot be written"),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("error: ")
    assert error.count("\n") == 1
