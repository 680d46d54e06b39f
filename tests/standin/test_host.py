"""The host runs in-game apps as the game does, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hosting import APPS, CAR, TRACK

from ac_gym.channels import COLUMNS
from ac_gym.errors import AcGymError, ConfigError, SharedMemoryError, UnknownNameError
from ac_gym.resources import plugin_dir
from ac_gym.standin import Host
from ac_gym.track.fast_lane import read_fast_lane

MakeHost = Callable[..., Host]


def left_behind(pages: str) -> list[str]:
    return [path.name for path in Path("/dev/shm").glob(f"{pages}*")]


def drive(host: Host, x: int, y: int, z: int) -> None:
    """Someone at the joystick."""
    host.joystick.AcquireVJD(1)
    for usage, value in zip((0x30, 0x31, 0x32), (x, y, z), strict=True):
        host.joystick.SetAxis(value, 1, usage)


def test_an_app_written_for_the_game_runs(make_host: MakeHost, pages: str, tmp_path: Path) -> None:
    """Written from the published facts alone: window, button, telemetry, shared memory, files of the game, its log."""
    with make_host(apps=[APPS / "lap_board"], folder=tmp_path) as host:
        app = sys.modules["lap_board"]
        app.PAGES = pages  # the test's, not the game's
        assert host.apps[0].running
        drive(host, 16384, 32768, 1)
        host.run(until=0.1)
        for _ in range(150):
            host.step()
        assert (host.status().app_errors, app.updates, app.drawn) == (0, 155, 155)
        speed, gear, lap, tyres, place, page, button = host.screen.texts("Lap board")
        frame = host.session.frames[0]
        assert speed == f"{3.6 * frame[COLUMNS['speed'].start]:.1f} km/h"
        assert float(speed.split()[0]) > 30.0
        assert gear == str(int(frame[COLUMNS["gear"].start]) - 1)
        assert lap == "0: 3.080"
        assert tyres.startswith("FL ")
        assert float(place.split()[0]) == pytest.approx(frame[COLUMNS["world_position"].start + 1], abs=0.06)
        assert page == f"{154 * 7} {int(frame[COLUMNS['rpm'].start])}"
        host.screen.click("Lap board", button)
        host.step()
        assert host.screen.texts("Lap board") == [speed, gear, lap, tyres, place, page, "Go on"]
        assert app.track_size == len(read_fast_lane(next(host.folder.rglob("fast_lane.ai"))).distance)
        lines = host.log.lines
    rows = (tmp_path / "apps" / "python" / "lap_board" / "laps.csv").read_text().splitlines()
    assert len(rows) == 155
    assert lines[0] == f"Lap board of Stand-in in {CAR} at {TRACK}"
    assert lines[-1].startswith("Lap board: fastest ")
    assert "lap_board" not in sys.modules


def test_an_app_that_fails_does_not_stop_the_game(make_host: MakeHost) -> None:
    heard: list[str] = []
    with make_host(apps=[APPS / "troublemaker", APPS / "lap_board"], on_log=heard.append) as host:
        for _ in range(10):
            host.step()
        host.screen.click("Troublemaker", "Fail")
        assert host.status().frames == 10
        assert sys.modules["lap_board"].updates == 10
        assert host.status().app_errors > 8
    text = "\n".join(heard)
    assert "RuntimeError: acUpdate fails" in text
    assert "RuntimeError: the click fails" in text
    assert "RuntimeError: acShutdown fails" in text
    assert "NoSuchThing" in text


def test_a_repeated_error_is_logged_once(make_host: MakeHost, tmp_path: Path) -> None:
    app = tmp_path / "failing"
    app.mkdir()
    (app / "failing.py").write_text(
        "def acMain(version):\n    return 'failing'\n\ndef acUpdate(delta):\n    raise ValueError('again')\n"
    )
    with make_host(apps=[app]) as host:
        for _ in range(20):
            host.step()
        assert sum("ValueError: again" in line for line in host.log.lines) == 1
        assert host.status().app_errors == 20


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_module_at_all", "no_such_module_at_all"),
        ("def (", "SyntaxError"),
        ("def acMain(version):\n    raise OSError('no start')", "no start"),
        ("x = 1", "acMain"),
        ("def acMain(version):\n    return 5", "must return the app's name, returned 5"),
    ],
)
def test_an_app_that_does_not_start_is_logged_and_left_out(
    make_host: MakeHost, tmp_path: Path, code: str, message: str
) -> None:
    app = tmp_path / "broken"
    app.mkdir()
    (app / "broken.py").write_text(code)
    with make_host(apps=[app]) as host:
        host.step()
        assert not host.apps[0].running
        assert any(message in line for line in host.log.lines)


def test_nothing_is_left_behind(make_host: MakeHost, pages: str) -> None:
    where, path, modules = Path.cwd(), sys.path[:], set(sys.modules)
    with make_host(apps=[APPS / "lap_board"]) as host:
        sys.modules["lap_board"].PAGES = pages
        host.step()
        assert len(left_behind(pages)) == 3 or sys.platform == "win32"
        assert Path.cwd() == host.folder.resolve()
        assert {"ac", "acsys", "lap_board"} <= set(sys.modules)
    assert left_behind(pages) == []
    assert not host.folder.exists()
    assert Path.cwd() == where
    assert sys.path == path
    assert not {"ac", "acsys", "lap_board"} & set(sys.modules)
    assert modules <= set(sys.modules)


def test_a_folder_of_ones_own_is_kept(make_host: MakeHost, tmp_path: Path) -> None:
    with make_host("ks_barcelona-layout_gp", folder=tmp_path / "game") as host:
        host.step()
    game = tmp_path / "game"
    assert (game / "content/tracks/ks_barcelona/layout_gp/ai/fast_lane.ai").is_file()
    assert (game / f"content/cars/{CAR}/ui/ui_car.json").is_file()
    assert (game / "logs/py_log.txt").is_file()


def test_a_module_of_the_same_name_is_out_of_the_way_meanwhile(make_host: MakeHost, monkeypatch: Any) -> None:
    import types

    mine = types.ModuleType("lap_board")
    monkeypatch.setitem(sys.modules, "lap_board", mine)
    with make_host(apps=[APPS / "lap_board"]):
        assert sys.modules["lap_board"] is not mine
    assert sys.modules["lap_board"] is mine


def test_one_host_a_process(make_host: MakeHost, pages: str) -> None:
    with make_host(), pytest.raises(ConfigError, match="another stand-in host runs in this process"):
        make_host(pages=f"{pages}_other").start()
    assert left_behind(pages) == []


def test_a_second_host_on_the_same_pages_is_told(make_host: MakeHost) -> None:
    with make_host(), pytest.raises(SharedMemoryError, match="in use by the game or another stand-in host"):
        make_host().start()


def test_a_taken_port_is_told_before_anything_is_made(make_host: MakeHost, pages: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        host = make_host(settings={"ego_server_port": port})
        with pytest.raises(ConfigError, match=f"ego_server_port: UDP 127.0.0.1:{port} cannot be had"):
            host.start()
    assert left_behind(pages) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speed": 0.0}, "speed must be greater than 0"),
        ({"fps": -1.0}, "fps must be greater than 0"),
        ({"fps": float("inf")}, "at most 1000, is inf"),
        ({"patience": float("nan")}, "patience must be greater than 0"),
        ({"seed": -1}, "seed must be 0 or"),
        ({"folder": __file__}, "test_host.py: cannot be made the game's folder"),
        ({"reset": "here"}, "unknown reset 'here'"),
        ({"cars": 0}, "cars must be 1 to 64"),
        ({"apps": ["/no/such/app"]}, "no in-game app"),
        ({"apps": [APPS / "lap_board", APPS / "lap_board"]}, "two apps are called lap_board"),
        ({"manual_gears": True}, "did you mean manual_gearbox"),
        ({"settings": {"ego_port": 5}}, "did you mean"),
        ({"settings": {"token": "a\nb"}}, "a value is one line"),
        ({"settings": {"ego_server_port": "many"}}, "is not a whole number"),
        ({"settings": {"ego_server_host_name": "0.0.0.0"}}, "other machines could connect, .* set a token"),
        ({"settings": {"ego_sampling_freq": "nan"}}, "ego_sampling_freq = nan: is not between"),
        ({"settings": {"ego_server_port": "1.5"}}, "ego_server_port = 1.5: is not a whole number"),
        ({"settings": {"second_driver": "maybe"}}, "is not one of refuse, take_over"),
        ({"settings": {"neutral_after": -3}}, "neutral_after = -3: is not between"),
        ({"settings": {"pages": "others"}}, "--pages names both"),
        ({"settings": {}, "pages": "a b"}, "pages = a b: may only have letters"),
        ({"settings": {}, "speed": float("inf"), "fps": 60.0}, "must be a multiple of ego_sampling_freq"),
        ({"settings": {}, "plugin": "/no/such/plugin"}, "cannot be read as the plugin's settings"),
    ],
)
def test_settings_that_cannot_be_are_told(make_host: MakeHost, options: dict[str, Any], message: str) -> None:
    where = Path.cwd()
    with pytest.raises(AcGymError, match=message):
        make_host(**options).start()
    assert Path.cwd() == where
    assert "ac" not in sys.modules


def test_plugins_that_are_none_of_ours_are_told(make_host: MakeHost, tmp_path: Path) -> None:
    app = tmp_path / "sensors_par"
    shutil.copytree(plugin_dir(), app)
    settings = app / "sensors_par_lib" / "settings.py"
    settings.write_text(settings.read_text(encoding="utf-8").replace("def parse(", "def parse_it("), encoding="utf-8")
    with pytest.raises(AcGymError, match="the app of another version"):
        make_host(plugin=app)
    other = tmp_path / "other" / "sensors_par"
    shutil.copytree(app, other, ignore=shutil.ignore_patterns("sensors_par_lib"))
    with pytest.raises(AcGymError, match="is not the app sensors_par"):
        make_host(plugin=other)


def test_settings_without_a_plugin_are_a_mistake(pages: str) -> None:
    with pytest.raises(ConfigError, match="no plugin is run"):
        Host(TRACK, CAR, plugin=None, pages=pages, settings={"token": "x"})
    with pytest.raises(UnknownNameError, match="track"):
        Host("indianapolis", CAR, plugin=None, pages=pages)


def test_stop_ends_a_run_in_another_thread(make_host: MakeHost, pages: str) -> None:
    host = make_host()
    host.start()
    thread = threading.Thread(target=host.run)
    thread.start()
    while host.status().frames < 3:
        pass
    host.stop()
    thread.join(10.0)
    assert not thread.is_alive()
    assert left_behind(pages) == []
    host.stop()
    with pytest.raises(ConfigError, match="was stopped"):
        host.start()


def test_an_app_may_end_the_game(make_host: MakeHost, tmp_path: Path) -> None:
    app = tmp_path / "quitter"
    app.mkdir()
    (app / "quitter.py").write_text(
        "import ac\nframes = 0\n\ndef acMain(version):\n    return 'quitter'\n\n"
        "def acUpdate(delta):\n    global frames\n    frames += 1\n    if frames == 5:\n        ac.shutdown()\n"
    )
    with make_host(apps=[app], speed=float("inf")) as host:
        host.run()
        assert host.status().frames == 5


def test_game_time_is_counted_in_frames(make_host: MakeHost) -> None:
    with make_host(speed=float("inf"), fps=100.0) as host:
        host.run(until=3.0)
        assert (host.game_time, host.status().frames) == (pytest.approx(3.0), 300)
        assert host.session.frames[0, COLUMNS["timestamp_ac"].start] == pytest.approx(2.99)


def test_the_first_frame_shows_the_start(make_host: MakeHost) -> None:
    with make_host() as host:
        drive(host, 16384, 32768, 1)
        host.step()
        assert host.session.frames[0, COLUMNS["packet_id"].start] == 0.0
        host.step()
        assert host.session.frames[0, COLUMNS["throttle"].start] > 0.0


def test_gears_are_shifted_by_button(make_host: MakeHost) -> None:
    with make_host(manual_gearbox=True) as host:
        drive(host, 16384, 32768, 1)
        gears = []
        for frame in range(200):
            host.joystick.SetBtn(int(frame in (50, 51, 52, 120)), 1, 1)
            host.joystick.SetBtn(int(frame == 160), 1, 2)
            host.step()
            gears.append(int(host.session.frames[0, COLUMNS["gear"].start]))
        assert [gear for k, gear in enumerate(gears) if k == 0 or gears[k - 1] != gear] == [2, 3, 4, 3]


def test_the_same_seed_gives_the_same_session(make_host: MakeHost) -> None:
    def session() -> np.ndarray:
        host = make_host(reset="random", seed=3)
        with host:
            host.session.put_back()
            drive(host, 17000, 30000, 1)
            for _ in range(100):
                host.step()
            return host.session.frames.copy()

    assert np.array_equal(session(), session())


def test_the_working_directory_may_vanish(make_host: MakeHost, tmp_path: Path, monkeypatch: Any) -> None:
    """Relative app paths are those of the caller, not of the game folder."""
    monkeypatch.chdir(APPS)
    with make_host(apps=["lap_board"]) as host:
        assert host.apps[0].running
        assert os.path.samefile(host.apps[0].folder.parent.parent.parent, host.folder)
