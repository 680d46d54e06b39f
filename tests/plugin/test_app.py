"""The app as the game sees it: three functions, a window, a log; and what it does where something is missing."""

from __future__ import annotations

import builtins
import importlib.util
import runpy
import sys
from pathlib import Path

import pytest
from fake_game import FakeAc, FakeJoystick, acsys_module, library

from ac_gym.resources import plugin_dir

ROOT = Path(__file__).parents[2]


@pytest.fixture
def entry(game_folder, monkeypatch):
    """The app's own file, imported as the game does: with `ac` and `acsys` there."""
    acsys = acsys_module()
    ac = FakeAc(acsys, joystick=FakeJoystick())
    monkeypatch.setitem(sys.modules, "ac", ac)
    monkeypatch.setitem(sys.modules, "acsys", acsys)
    spec = importlib.util.spec_from_file_location("sensors_par", plugin_dir() / "sensors_par.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (game_folder / "sensors_par.ini").write_text(
        "[sensors_par]\nego_server_port = 0\nopponents_server_port = 0\nsimulation_management_server_port = 0\n"
        "pages = ac_gym_no_such_page\n"
    )
    module.FOLDER = str(game_folder)
    yield module, ac
    module.acShutdown()


def test_the_three_functions(entry):
    app, ac = entry
    assert app.acMain(1.16) == "sensors_par"
    for _ in range(30):
        app.acUpdate(0.02)
    assert any("UDP" in line and "management" in line for line in ac.lines)
    assert any("frames/s" in text for text in ac.texts.values())
    assert "no driver" in ac.texts.values()


def test_a_frame_that_fails_is_told_and_the_next_one_goes_on(entry):
    app, ac = entry
    app.acMain(1.16)
    watch, app.app._laps.watch = app.app._laps.watch, None
    app.acUpdate(0.02)
    app.acUpdate(0.02)
    told = [line for line in ac.lines if "Traceback" in line]
    assert len(told) == 1
    assert "TypeError" in told[0]
    app.app._laps.watch = watch
    frames = app.app.meter.frames
    app.acUpdate(0.02)
    assert app.app.meter.frames == frames + 1


def test_a_frame_or_a_shutdown_without_a_start_is_no_error(entry):
    app, ac = entry
    app.acUpdate(0.02)
    app.acShutdown()
    assert app.app is None
    assert ac.lines == []


def without(monkeypatch, missing):
    """Imports of `missing` fail, as they do in a game without the .pyd file."""
    real = builtins.__import__

    def importer(name, *arguments, **keywords):
        if name == missing:
            raise ImportError(f"No module named '_{missing}'")
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", importer)
    for name in ("servers", "ego", "tcp", "management", "opponents"):
        monkeypatch.delitem(sys.modules, f"sensors_par_lib.{name}", raising=False)
        if name in vars(sys.modules["sensors_par_lib"]):
            monkeypatch.delattr(f"sensors_par_lib.{name}")


def test_without_sockets_it_says_so_and_still_records(entry, monkeypatch, game_folder):
    app, ac = entry
    without(monkeypatch, "socket")
    app.acMain(1.16)
    assert any("_socket" in line and "ac-gym plugin install" in line for line in ac.lines)
    (click,) = ac.clicked.values()
    click()
    for _ in range(30):
        app.acUpdate(0.02)
    assert any("_socket" in text for text in ac.texts.values())
    click()
    app.acShutdown()
    (file,) = (game_folder / "recordings").iterdir()
    assert len(file.read_text().splitlines()) == 30


def test_without_ctypes_controls_are_refused_with_words(monkeypatch):
    without(monkeypatch, "ctypes")
    joystick = library("joystick").Joystick(1, None, None)
    assert not joystick.acquire()
    assert "_ctypes" in joystick.problem
    assert "ac-gym plugin install" in joystick.problem


def test_the_copy_of_the_channel_table_is_current():
    generate = runpy.run_path(str(ROOT / "plugin" / "generate_channels.py"))
    table = runpy.run_path(str(ROOT / "ac_gym" / "channels.py"), run_name="ac_gym.channels")
    copy = plugin_dir() / "sensors_par_lib" / "channels.py"
    remedy = "run: python plugin/generate_channels.py ac_gym/channels.py plugin/sensors_par/sensors_par_lib/channels.py"
    assert copy.read_text() == generate["module"](table), remedy


@pytest.mark.parametrize(("fps", "expected"), [(50, 250), (25, 250), (60, 250), (100, 250), (20, 200)])
def test_a_ticker_keeps_its_rate_in_game_time(fps, expected):
    ticker = library("timing").Ticker(25.0)
    ticks = sum(ticker.due(1.0 / fps) for _ in range(10 * fps))
    assert ticks == pytest.approx(expected, abs=1)


def test_a_ticker_is_as_regular_as_frames_allow():
    ticker = library("timing").Ticker(25.0)
    assert [ticker.due(0.02) for _ in range(6)] == [False, True] * 3


def test_the_log_is_limited_by_subject():
    ac = FakeAc(acsys_module())
    log = library("log").Log(ac)
    for _ in range(5):
        log.limited("one", "first")
        log.limited("two", "second")
    log.flush()
    assert ac.lines == ["sensors_par: first", "sensors_par: second"]
