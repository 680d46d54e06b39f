"""From the game's folder, a CSV or the running plugin to a track that is found by its name."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from circuits import stadium_text
from hypothesis import given
from hypothesis import strategies as st

from ac_gym.cli import main as cli
from ac_gym.errors import InvalidTrackError, UnknownNameError
from ac_gym.resources import user_tracks_dir
from ac_gym.track import Track, available_tracks, load_track, user_tracks
from ac_gym.track.border_file import read_borders, write_borders
from ac_gym.track.borders import Borders
from ac_gym.track.fast_lane import fast_lane_of, write_fast_lane
from ac_gym.track.installed import installed_borders
from ac_gym.track.store import keep_track

Run = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AC_GYM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "140")
    return tmp_path / "home"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit status and output of `ac-gym`."""

    def command(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["ac-gym", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        shown = capsys.readouterr()
        return int(left.value.code or 0), shown.out + shown.err

    return command


@pytest.fixture(scope="module")
def stadium(build: Callable[[str], Track]) -> Track:
    return build(stadium_text(60.0, 300.0))


@pytest.fixture
def game(tmp_path: Path, stadium: Track) -> Path:
    """A made-up installation with one circuit, and one of two layouts."""
    tracks = tmp_path / "assettocorsa" / "content" / "tracks"
    for place in ("my_ring", "big/short", "big/long"):
        (tracks / place / "ai").mkdir(parents=True)
        write_fast_lane(tracks / place / "ai" / "fast_lane.ai", fast_lane_of(stadium))
    return tracks


def borders_of(track: Track) -> Borders:
    lane = fast_lane_of(track)
    left, right, line = lane.borders()
    return Borders(left, right, line, lane.height)


def same(a: Track, b: Track) -> None:
    assert a.length_m == pytest.approx(b.length_m, abs=0.1)
    assert np.hypot(a.x[0] - b.x[0], a.y[0] - b.y[0]) < 0.05
    assert a.width_left.mean() == pytest.approx(b.width_left.mean(), abs=0.02)


def test_a_folder_of_the_game_becomes_a_track_by_its_name(game: Path, run: Run, stadium: Track, home: Path) -> None:
    status, shown = run("tracks", "import", game / "my_ring")
    assert status == 0
    lines = shown.splitlines()
    assert lines[0] == "my_ring: 977 m, 10.0 to 10.0 m wide, anticlockwise, 2 corners, 0 m of height"
    assert lines[1:3] == [f"wrote {home / 'tracks' / f'my_ring.{kind}'}" for kind in ("csv", "png")]
    assert lines[3] == "drive on it: ac-gym drive --track my_ring"
    assert (home / "tracks" / "my_ring.png").read_bytes().startswith(b"\x89PNG")
    same(load_track("my_ring"), stadium)
    assert load_track("my_ring").name == "my_ring"
    assert user_tracks() == ["my_ring"]
    assert "my_ring" not in available_tracks()
    assert "my_ring" in run("tracks", "list")[1]


def test_a_layout_is_named_as_the_game_names_it(game: Path, run: Run) -> None:
    assert run("tracks", "import", game / "big" / "long")[0] == 0
    assert user_tracks() == ["big-long"]
    status, shown = run("tracks", "import", game / "big")
    assert status == 2
    assert shown == f"error: {game / 'big'} has layouts; import one of them, such as {game / 'big' / 'long'}\n"


def test_a_lane_file_alone_will_do(game: Path, run: Run, stadium: Track) -> None:
    assert run("tracks", "import", game / "my_ring" / "ai" / "fast_lane.ai", "--name", "mine")[0] == 0
    same(load_track("mine"), stadium)
    copy = game / "elsewhere.ai"
    copy.write_bytes((game / "my_ring" / "ai" / "fast_lane.ai").read_bytes())
    assert run("tracks", "import", copy)[0] == 0
    assert "elsewhere" in user_tracks()


def test_the_side_files_are_taken_where_they_are(game: Path, run: Run, stadium: Track) -> None:
    """Edges 1 m further out than the lane's, the left one 2 m lower than the right one."""
    data = game / "my_ring" / "data"
    data.mkdir()
    for side, offset, height in (("l", stadium.width_left + 1.0, -1.0), ("r", -stadium.width_right - 1.0, 1.0)):
        x, y = stadium.points(offset)
        lines = [f"{b:.4f},{height},{a:.4f},0.0" for a, b in zip(x, y, strict=True)]
        (data / f"side_{side}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert run("tracks", "import", game / "my_ring")[0] == 0
    track = load_track("my_ring")
    assert np.allclose(track.width_left, stadium.width_left + 1.0, atol=0.05)
    assert np.allclose(track.width_right, stadium.width_right + 1.0, atol=0.05)
    assert np.allclose(track.bank, np.arctan(2.0 / 12.0), atol=0.005)
    assert run("tracks", "import", game / "my_ring", "--no-sides", "--replace")[0] == 0
    assert not load_track("my_ring").bank.any()


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "0 points make no border"), ("1,2,x\n", r"side_l\.csv line 1: z is 'x', not a number")],
)
def test_side_files_that_are_none_are_named(game: Path, content: str, message: str) -> None:
    data = game / "my_ring" / "data"
    data.mkdir()
    for side in "lr":
        (data / f"side_{side}.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidTrackError, match=message):
        installed_borders(game / "my_ring")


def test_folders_without_a_lane_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidTrackError, match="nowhere: no such file or folder"):
        installed_borders(tmp_path / "nowhere")
    with pytest.raises(InvalidTrackError, match=r"no ai/fast_lane\.ai in it; give the folder content/tracks/TRACK"):
        installed_borders(tmp_path)


def test_a_csv_of_borders_and_line_is_a_track(tmp_path: Path, run: Run, stadium: Track) -> None:
    path = tmp_path / "ring.csv"
    write_borders(path, borders_of(stadium))
    same(load_track(path), stadium)
    assert run("tracks", "import", path)[0] == 0
    same(load_track("ring"), stadium)


def test_borders_and_line_may_be_a_pair_of_files(tmp_path: Path, run: Run, stadium: Track) -> None:
    borders = borders_of(stadium)
    table = np.hstack([borders.left, borders.right])
    pair = tmp_path / "ring.csv", tmp_path / "ring-racing_line.csv"
    header = "left_border_x,left_border_y,right_border_x,right_border_y"
    np.savetxt(pair[0], table, delimiter=",", header=header, comments="")
    np.savetxt(pair[1], borders.line, delimiter=",", header="pos_x,pos_y", comments="")
    status, shown = run("tracks", "import", pair[0])
    assert status == 2
    assert "ring.csv: no column pos_x, pos_y; give the racing line's file with --line" in shown
    assert run("tracks", "import", pair[0], "--line", pair[1])[0] == 0
    same(load_track("ring"), stadium)
    np.savetxt(pair[1], borders.line[1:], delimiter=",", header="pos_x,pos_y", comments="")
    assert "each row is one place" in run("tracks", "import", pair[0], "--line", pair[1])[1]


def test_a_written_file_is_read_back(tmp_path: Path, stadium: Track) -> None:
    plain = borders_of(stadium)
    borders = Borders(plain.left, plain.right, plain.line, plain.height, np.linspace(-0.1, 0.1, len(plain.line)))
    write_borders(tmp_path / "ring.csv", borders)
    again = read_borders(tmp_path / "ring.csv")
    for name, value in vars(borders).items():
        assert np.allclose(getattr(again, name), value, atol=1e-4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no column left_border_x, left_border_y, right_border_x, right_border_y, pos_x, pos_y$"),
        ("a,b\n1,2\n", "no column left_border_x"),
        (
            "left_border_x,left_border_y,right_border_x,right_border_y,pos_x,pos_y\n\n1,2,3,4,5,nan\n",
            r"line 3: pos_y is 'nan', not a number",
        ),
        (
            "left_border_x,left_border_y,right_border_x,right_border_y,pos_x,pos_y\n1,2,3\n",
            "line 2: 3 fields, .* has 6",
        ),
        ("left_border_x,left_border_y,right_border_x,right_border_y,pos_x,pos_y\n", "0 different points of the line"),
        ("\x00\n", "no column|cannot be read"),
    ],
)
def test_a_csv_that_is_no_track_is_told_in_one_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "ring.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidTrackError, match=message) as caught:
        load_track(path)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=400))
def test_any_bytes_give_borders_or_the_error_for_it(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"left_border_x,left_border_y,right_border_x,right_border_y,pos_x,pos_y\r\n" + content)
    try:
        borders = read_borders(path)
    except InvalidTrackError:
        return
    assert np.isfinite(borders.line).all()


def test_an_import_again_takes_the_place_of_the_first_when_told_to(
    build: Callable[[str], Track], stadium: Track
) -> None:
    path, _ = keep_track("ring", borders_of(stadium))
    keep_track("ring", borders_of(stadium))
    load_track("ring")
    other = borders_of(build(stadium_text(60.0, 310.0)))
    with pytest.raises(InvalidTrackError, match="is there already, and different; give --replace"):
        keep_track("ring", other)
    assert load_track("ring").length_m == pytest.approx(stadium.length_m, abs=0.2)
    keep_track("ring", other, replace=True)
    assert [file.name for file in path.parent.iterdir()] == ["ring.csv"]
    assert load_track("ring").length_m == pytest.approx(stadium.length_m + 20.0, abs=0.2)


@pytest.mark.parametrize("name", ["", "../out", "a/b", "a b", ".hidden", "x" * 200])
def test_a_name_that_is_no_file_name_is_refused(name: str, stadium: Track) -> None:
    with pytest.raises(InvalidTrackError, match="cannot name a track"):
        keep_track(name, borders_of(stadium))


def test_a_name_of_the_package_is_not_taken(game: Path, run: Run, home: Path) -> None:
    status, shown = run("tracks", "import", game / "my_ring", "--name", "monza")
    assert (status, shown) == (2, "error: monza is a circuit of the package already; choose another --name\n")
    assert not home.exists()


def test_borders_that_make_no_track_are_not_kept(stadium: Track) -> None:
    borders = borders_of(stadium)
    with pytest.raises(InvalidTrackError, match="the left border lies to the right"):
        keep_track("ring", Borders(borders.right, borders.left, borders.line))
    assert not user_tracks_dir().exists()


def test_a_track_file_of_ones_own_is_found_by_name_too(home: Path) -> None:
    (home / "tracks").mkdir(parents=True)
    (home / "tracks" / "written.yaml").write_text(stadium_text(60.0, 300.0), encoding="utf-8")
    assert load_track("written").length_m == pytest.approx(977.0, abs=0.1)
    with pytest.raises(UnknownNameError, match="did you mean written"):
        load_track("writen")


def test_without_matplotlib_it_is_kept_and_not_drawn(game: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    status, shown = run("tracks", "import", game / "my_ring")
    assert status == 0
    assert "not drawn: drawing needs matplotlib; pip install 'ac_gym[plot]'" in shown


def test_one_source_is_needed(run: Run, game: Path) -> None:
    for arguments in ((), (game / "my_ring", "--host", "localhost")):
        assert run("tracks", "import", *arguments)[1].startswith("error: tracks import: give either a SOURCE")


@pytest.fixture
def plugin(stadium: Track) -> Iterator[int]:
    """The port of a management server as assetto_corsa_gym's: one text command a connection, one text answer."""
    borders = borders_of(stadium)
    row = np.zeros(len(borders.line)).tolist()
    lanes = {"left_lane": borders.left, "right_lane": borders.right, "fast_lane": borders.line}
    answers = {
        b"get_config": repr({"version": "1", "ego_sampling_freq": 25, "vjoy_executed_by_server": False}),
        b"get_static_info": json.dumps(
            {"TrackName": "my_ring", "TrackConfiguration": "gp", "CarName": "bmw_z4_gt3", "TrackLength": 977.0}
        ),
        b"get_track_info": json.dumps(
            {name: lane.tolist() for name, lane in lanes.items()}
            | {name: row for name in ("throttle_arr", "brake_arr", "speed_arr", "angle_array")}
        ),
    }

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(answers[self.request.recv(1024).strip()].encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_the_running_plugin_gives_its_track(plugin: int, run: Run, stadium: Track) -> None:
    status, shown = run("tracks", "import", "--host", "127.0.0.1", "--port", str(plugin))
    assert status == 0, shown
    same(load_track("my_ring-gp"), stadium)
