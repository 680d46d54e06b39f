"""What `ac-gym doctor` finds in set-ups that lack one thing each."""

from __future__ import annotations

import socket
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_plugin import FakePlugin
from made_up_game import MadeUpGame, made_up_game, make_modules, make_shaders_patch
from typer.testing import CliRunner

from ac_gym.cli.main import app
from ac_gym.errors import ControlsError, MissingDriverError, UnknownNameError
from ac_gym.game import doctor
from ac_gym.game.checks import Finding
from ac_gym.game.doctor import examine
from ac_gym.game.ini import IniFile
from ac_gym.game.install import plan_install
from ac_gym.telemetry.pages import PHYSICS, page_name
from ac_gym.telemetry.shared_memory import SharedPage

HELLO = {"protocol": 1, "version": "9.9.9", "ac_version": 1.16, "csp": 2503, "track": "monza", "car": "ks_mazda_miata",
         "track_crc32": None}  # fmt: skip


@pytest.fixture
def pages() -> str:
    return f"acgym_doctor_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def game(tmp_path: Path, pages: str, monkeypatch: pytest.MonkeyPatch) -> MadeUpGame:
    """A set-up with nothing wrong, the game not running, on ports and pages of its own."""
    game = made_up_game(tmp_path)
    make_modules(game.installation.game)
    make_shaders_patch(game.installation.game)
    for step in plan_install(game.installation, source=game.source):
        step.take()
    set_setting(game, "pages", pages)
    for name, kind in (
        ("ego_server_port", socket.SOCK_DGRAM),
        ("opponents_server_port", socket.SOCK_STREAM),
        ("simulation_management_server_port", socket.SOCK_STREAM),
    ):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            set_setting(game, name, str(probe.getsockname()[1]))
    monkeypatch.setattr(doctor, "check_controls", lambda name: None)
    return game


@pytest.fixture
def plugin(game: MadeUpGame) -> Iterator[FakePlugin]:
    """The game is running: this answers where the plugin would."""
    with FakePlugin() as plugin:
        plugin.commands["hello"] = HELLO
        set_setting(game, "simulation_management_server_port", str(plugin.management_port))
        yield plugin


def set_setting(game: MadeUpGame, key: str, value: str) -> None:
    path = game.installation.app / "sensors_par.ini"
    ini = IniFile.read(path)
    ini.set("sensors_par", key, value)
    path.write_bytes(ini.data())


def set_option(game: MadeUpGame, name: str, section: str, key: str, value: str) -> None:
    path = game.configuration(name)
    ini = IniFile.read(path)
    ini.set(section, key, value)
    path.write_bytes(ini.data())


def findings(game: MadeUpGame, controls: str = "vjoy", **options: str) -> dict[str, Finding]:
    where = (game.installation.game, game.installation.documents)
    found = list(examine(*where, controls=controls, source=game.source, **options))
    assert len({finding.check for finding in found}) == len(found)
    return {finding.check: finding for finding in found}


def test_nothing_is_wrong_with_a_good_set_up(game: MadeUpGame) -> None:
    found = findings(game)
    statuses = {check: finding.status for check, finding in found.items()}
    assert [check for check, status in statuses.items() if status != "ok"] == ["running game", "shared memory"]
    assert set(statuses.values()) == {"ok", "not applicable"}
    assert "0.2.1" in found["Custom Shaders Patch"].text
    assert "50 frames" in found["frame rate"].text


# --- one thing wrong: what breaks it, the check that finds it, its status, words of the text, words of the remedy ----

BREAKAGES: dict[str, tuple[Callable[[MadeUpGame], object], str, str, str, str]] = {
    "app not installed": (
        lambda game: game.installation.app.rename(game.installation.game / "elsewhere"),
        "app", "problem", "not in the game", "ac-gym plugin install",
    ),
    "folder of another name": (
        lambda game: game.installation.app.rename(game.installation.app.parent / "sensor_par"),
        "app", "problem", "only from a folder named sensors_par", "remove",
    ),
    "app of the reference project": (
        lambda game: (game.installation.app / "sensors_par_lib" / "__init__.py").unlink(),
        "app", "advice", "another app of that name", "moves it aside",
    ),
    "app of another version": (
        lambda game: game.source.joinpath("sensors_par_lib", "ego.py").write_text("newer"),
        "app", "problem", "ego.py", "close the game",
    ),
    "app switched off": (
        lambda game: set_option(game, "python.ini", "SENSORS_PAR", "ACTIVE", "0"),
        "enabled", "problem", "[SENSORS_PAR] ACTIVE", "UI Modules",
    ),
    "Python apps switched off": (
        lambda game: set_option(game, "gameplay.ini", "PYTHON", "ENABLE_PYTHON", "0"),
        "enabled", "problem", "[PYTHON] ENABLE_PYTHON", "UI Modules",
    ),
    "a module of Python missing": (
        lambda game: (game.installation.game / "system" / "x64" / "DLLs" / "_socket.pyd").unlink(),
        "Python modules", "problem", "lacks _socket.pyd", "python-335",
    ),
    "the module for vJoy missing": (
        lambda game: (game.installation.game / "system" / "x64" / "DLLs" / "_ctypes.pyd").unlink(),
        "Python modules", "advice", "vjoy_executed_by_server", "python-335",
    ),
    "no Custom Shaders Patch": (
        lambda game: (game.installation.game / "dwrite.dll").unlink(),
        "Custom Shaders Patch", "advice", "back on the road", "Content Manager",
    ),
    "pad filtering": (
        lambda game: set_option(game, "controls.ini", "HEADER", "INPUT_METHOD", "X360"),
        "controls", "problem", "should be WHEEL", "ac_gym vJoy",
    ),
    "the driver's own wheel": (
        lambda game: set_option(game, "controls.ini", "CONTROLLERS", "CON0", "DFGT"),
        "controls", "problem", "steered by DFGT, not by 'vJoy Device'", "load the preset 'ac_gym vJoy'",
    ),
    "no controls": (
        lambda game: game.configuration("controls.ini").unlink(),
        "controls", "problem", "no controller", "plugin install --controls",
    ),
    "frame rate not limited": (
        lambda game: set_option(game, "video.ini", "VIDEO", "FPS_CAP_MS", "0"),
        "frame rate", "advice", "not limited", "to 50",
    ),
    "60 frames a second": (
        lambda game: set_option(game, "video.ini", "VIDEO", "FPS_CAP_MS", "16.6667"),
        "frame rate", "advice", "60 frames", "to 50",
    ),
    "fewer frames than states": (
        lambda game: set_setting(game, "ego_sampling_freq", "100"),
        "frame rate", "advice", "no multiple of the 100", "to 200",
    ),
    "VSync": (
        lambda game: set_option(game, "video.ini", "VIDEO", "VSYNC", "1"),
        "frame rate", "advice", "VSync", "to 50",
    ),
    "manual gearbox": (
        lambda game: set_option(game, "assists.ini", "ASSISTS", "AUTO_SHIFTER", "0"),
        "assists", "advice", "automatic gearbox on", "mean it so",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKAGES)
def test_one_thing_wrong_is_found(game: MadeUpGame, name: str) -> None:
    break_it, check, status, text, remedy = BREAKAGES[name]
    before = findings(game)
    break_it(game)
    after = findings(game)
    assert after[check].status == status
    assert text in after[check].text
    assert remedy in after[check].remedy
    if check != "app":  # without the app its own ports and pages are not known
        assert {other: finding for other, finding in after.items() if other != check} == {
            other: finding for other, finding in before.items() if other != check
        }


def test_a_hundred_frames_a_second_are_four_a_state(game: MadeUpGame) -> None:
    set_option(game, "video.ini", "VIDEO", "FPS_CAP_MS", "10")
    assert findings(game)["frame rate"].text == "limited to 100 frames a second, 4 a state"


def test_modules_may_lie_beside_the_app(game: MadeUpGame) -> None:
    (game.installation.game / "system" / "x64" / "DLLs").rename(game.installation.app / "DLLs")
    assert findings(game)["Python modules"].status == "ok"


def test_no_game_and_no_settings(tmp_path: Path, game: MadeUpGame) -> None:
    (nothing,) = [f for f in examine(tmp_path, source=game.source, controls="vjoy") if f.check == "game folder"]
    assert nothing.status == "problem"
    found = {f.check: f for f in examine(game.installation.game, tmp_path, source=game.source, controls="vjoy")}
    assert found["game settings"].status == "problem"
    assert "start the game once" in found["game settings"].text
    assert found["app"].status == "ok"
    assert "enabled" not in found


# --- joystick ---------------------------------------------------------------------------------------------------------


def test_a_missing_driver_is_a_problem(game: MadeUpGame, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(name: str) -> None:
        raise MissingDriverError("the driver is not there: get it")

    monkeypatch.setattr(doctor, "check_controls", check)
    joystick = findings(game)["joystick"]
    assert (joystick.status, joystick.text) == ("problem", "vjoy: the driver is not there: get it")


def test_the_second_choice_is_advice(game: MadeUpGame, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(name: str) -> None:
        if name in ("vjoy", "uinput"):
            raise ControlsError("taken")

    monkeypatch.setattr(doctor, "check_controls", check)
    monkeypatch.setattr(doctor, "candidates", lambda name: ("vjoy", "vgamepad"))
    assert findings(game)["joystick"].status == "advice"
    monkeypatch.setattr(doctor, "candidates", lambda name: ("uinput", "plugin"))
    assert findings(game)["joystick"].status == "problem"  # a game under Proton has no joystick of its own
    monkeypatch.setattr(doctor, "_listens", lambda host, port: False)
    assert findings(game, host="10.0.0.1")["joystick"].status == "ok"


def test_unknown_controls_are_refused(game: MadeUpGame) -> None:
    with pytest.raises(UnknownNameError, match="vjoy"):
        findings(game, controls="vyoj")


# --- the running game -------------------------------------------------------------------------------------------------


def test_the_plugin_answers(game: MadeUpGame, plugin: FakePlugin) -> None:
    found = findings(game)
    assert found["running game"] == Finding("running game", "ok", "version 9.9.9 answers: ks_mazda_miata on monza")
    assert "ports" not in found


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"version": "9.9.8"}, "problem", "the package has 9.9.9"),
        ({"protocol": 7}, "problem", "protocol 7"),
        ({"csp": None}, "advice", "Custom Shaders Patch is not active"),
        ({"csp": 2502}, "advice", "Custom Shaders Patch of build 2502 shares no textures"),
    ],
)
def test_a_plugin_that_is_not_as_it_should_be(
    game: MadeUpGame, plugin: FakePlugin, changes: dict[str, object], status: str, text: str
) -> None:
    plugin.commands["hello"] = HELLO | changes
    running = findings(game)["running game"]
    assert running.status == status
    assert text in running.text


def test_the_token_of_the_settings_is_shown(game: MadeUpGame, plugin: FakePlugin) -> None:
    set_setting(game, "token", "secret")
    assert findings(game)["running game"].status == "ok"
    assert b'"token":"secret"' in plugin.heard(b"{").replace(b" ", b"")
    findings(game, token="given")
    assert b'"token":"given"' in plugin.heard(b"{").replace(b" ", b"")


def test_the_reference_plugin_is_recognised(game: MadeUpGame) -> None:
    with FakePlugin(reference=True) as theirs:
        theirs.commands["hello"] = b""
        static = b'{"TrackName": "imola", "TrackConfiguration": "", "CarName": "z4", "TrackLength": 4909.0}'
        theirs.texts[b"get_static_info"] = static
        set_setting(game, "simulation_management_server_port", str(theirs.management_port))
        running = findings(game)["running game"]
    assert running.status == "advice"
    assert "assetto_corsa_gym answers: z4 on imola" in running.text


def test_another_program_on_the_ports(game: MadeUpGame) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        set_setting(game, "ego_server_port", str(port))
        ports = findings(game)["ports"]
    assert ports.status == "problem"
    assert ports.text.endswith(f": UDP {port}")


def test_something_else_that_answers(game: MadeUpGame) -> None:
    with FakePlugin() as web_server:
        web_server.commands["hello"] = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        set_setting(game, "simulation_management_server_port", str(web_server.management_port))
        running = findings(game)["running game"]
    assert running.status == "problem"
    assert "other program" in running.remedy


def test_another_computer(game: MadeUpGame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_listens", lambda host, port: False)
    found = findings(game, host="10.0.0.1")
    assert list(found) == ["game folder", "joystick", "running game", "shared memory"]
    assert found["running game"].status == "problem"
    assert "allow_remote" in found["running game"].remedy


def test_telemetry_in_shared_memory(game: MadeUpGame, pages: str) -> None:
    with SharedPage.create(page_name("physics", pages), PHYSICS):
        assert findings(game)["shared memory"].status == "ok"
    assert findings(game)["shared memory"].status == "not applicable"


# --- the command ------------------------------------------------------------------------------------------------------


def command(game: MadeUpGame) -> tuple[int, str]:
    folders = ["--game", str(game.installation.game), "--documents", str(game.installation.documents)]
    result = CliRunner().invoke(app, ["doctor", *folders, "--controls", "vjoy"], catch_exceptions=False)
    return result.exit_code, result.output


def test_the_command_ends_with_1_if_there_is_a_problem(game: MadeUpGame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "plugin_dir", lambda: game.source)
    code, said = command(game)
    assert code == 0
    assert said.endswith("No problem found.\n")
    set_option(game, "python.ini", "SENSORS_PAR", "ACTIVE", "0")
    code, said = command(game)
    assert code == 1
    assert "problem  enabled: switched off" in said
    assert "         -> `ac-gym plugin install`" in said
    assert said.endswith("1 problem.\n")


@pytest.mark.skipif(sys.platform != "linux", reason="the wheel is Linux's")
def test_the_wheel_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    from ac_gym.game.controls import uinput

    monkeypatch.setattr(uinput, "NODE", Path("/dev/no-such-node"))
    monkeypatch.setitem(sys.modules, "evdev", object())
    with pytest.raises(MissingDriverError, match="modprobe"):
        CliRunner().invoke(app, ["wheel"], catch_exceptions=False)
