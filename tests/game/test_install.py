"""`ac-gym plugin install` and `remove` on a made-up installation."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from made_up_game import GAMEPLAY_INI, PYTHON_INI, SETTINGS, MadeUpGame, made_up_game, make_app, make_modules
from typer.testing import CliRunner

from ac_gym.cli.main import app
from ac_gym.errors import InstallationError
from ac_gym.game.controls.presets import PRESETS
from ac_gym.game.ini import IniFile
from ac_gym.game.install import plan_install, plan_removal, version_of
from ac_gym.resources import plugin_dir


@pytest.fixture
def game(tmp_path: Path) -> MadeUpGame:
    return made_up_game(tmp_path)


def install(game: MadeUpGame, **options: bool) -> list[str]:
    steps = plan_install(game.installation, source=game.source, **options)
    for step in steps:
        step.take()
    return [step.text for step in steps]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_app_is_copied_and_enabled(game: MadeUpGame) -> None:
    steps = install(game)
    assert len(steps) == 3
    installed = snapshot(game.installation.app)
    assert installed == {
        name: data for name, data in snapshot(game.source).items() if not name.endswith(".pyc")
    }  # byte for byte, without what our Python compiled
    assert os.listdir(game.installation.app.parent) == ["sensors_par"]
    assert game.configuration("python.ini").read_bytes() == PYTHON_INI + b"\r\n[SENSORS_PAR]\r\nACTIVE=1\r\n"
    assert game.configuration("gameplay.ini").read_bytes() == GAMEPLAY_INI.replace(b"PYTHON=0", b"PYTHON=1")
    assert game.configuration("python.ini.before_ac_gym").read_bytes() == PYTHON_INI


def test_a_second_time_there_is_nothing_to_do(game: MadeUpGame) -> None:
    install(game)
    before = snapshot(game.installation.game) | snapshot(game.installation.documents)
    assert install(game) == []
    assert snapshot(game.installation.game) | snapshot(game.installation.documents) == before


def test_a_plan_changes_nothing(game: MadeUpGame, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    assert plan_install(game.installation, source=game.source, controls=True)
    assert snapshot(tmp_path) == before


def test_an_update_keeps_settings_recordings_and_modules(game: MadeUpGame) -> None:
    install(game)
    installed = game.installation.app
    edited = SETTINGS.replace(b"= 25", b"= 50 ; faster").replace(b"\n", b"\r\n")
    (installed / "sensors_par.ini").write_bytes(edited)
    (installed / "sensors_par_lib" / "of_an_old_version.py").touch()
    for name in ("recordings/lap.csv", "DLLs/select.pyd", "notes.txt"):
        (installed / name).parent.mkdir(exist_ok=True)
        (installed / name).write_text("mine")
    shutil.rmtree(game.source)
    make_app(game.source, "10.0.0", SETTINGS + b"\n; new in 10\nneutral_after = 0.15\n")

    (step,) = install(game)
    assert "from version 9.9.9 to 10.0.0" in step
    assert version_of(installed) == "10.0.0"
    assert not (installed / "sensors_par_lib" / "of_an_old_version.py").exists()
    assert all(
        (installed / name).read_text() == "mine" for name in ("recordings/lap.csv", "DLLs/select.pyd", "notes.txt")
    )
    added = b"\r\n; new in 10\r\nneutral_after = 0.15\r\n"
    assert (installed / "sensors_par.ini").read_bytes() == edited + added
    assert os.listdir(installed.parent) == ["sensors_par"]
    assert install(game) == []


def test_new_settings_of_the_same_version_are_told_and_added(game: MadeUpGame) -> None:
    install(game)
    settings = game.installation.app / "sensors_par.ini"
    settings.write_bytes(b"[sensors_par]\nEGO_SAMPLING_FREQ = 50\n")
    (step,) = install(game)
    assert step.endswith("token")
    ini = IniFile.read(settings)
    assert (ini.get("sensors_par", "ego_sampling_freq"), ini.get("sensors_par", "token")) == ("50", "")


def test_another_app_of_that_name_is_kept(game: MadeUpGame) -> None:
    theirs = game.installation.app
    theirs.mkdir()
    (theirs / "sensors_par.py").write_text("theirs")
    steps = install(game)
    assert "another app" in steps[0]
    assert version_of(theirs) == "9.9.9"
    assert (theirs.parent.parent / "sensors_par.before_ac_gym" / "sensors_par.py").read_text() == "theirs"


def test_a_failed_copy_leaves_the_installed_app(game: MadeUpGame, monkeypatch: pytest.MonkeyPatch) -> None:
    install(game)
    before = snapshot(game.installation.app)
    (game.source / "sensors_par.py").write_text("new")
    rename = os.rename

    def blocked(source: Path, target: Path) -> None:
        if ".new-" in str(source):
            raise PermissionError(13, "in use")
        rename(source, target)

    monkeypatch.setattr(os, "rename", blocked)
    with pytest.raises(InstallationError, match="close the game"):
        install(game)
    assert snapshot(game.installation.app) == before
    assert os.listdir(game.installation.app.parent) == ["sensors_par"]


def test_presets_are_written_on_demand_and_controls_left_alone(game: MadeUpGame) -> None:
    controls = game.configuration("controls.ini").read_bytes()
    install(game)
    assert not game.installation.presets.exists()
    install(game, controls=True)
    for preset in PRESETS.values():
        assert preset.differences(IniFile.read(game.installation.presets / f"{preset.title}.ini")) == []
    assert game.configuration("controls.ini").read_bytes() == controls
    assert install(game, controls=True) == []


def test_removal_leaves_what_is_the_users(game: MadeUpGame) -> None:
    install(game)
    installed = game.installation.app
    (installed / "recordings").mkdir()
    (installed / "recordings" / "lap.csv").touch()
    steps = plan_removal(game.installation, source=game.source)
    assert len(steps) == 2
    for step in steps:
        step.take()
    assert list(snapshot(installed)) == [str(Path("recordings", "lap.csv"))]
    assert IniFile.read(game.configuration("python.ini")).get("SENSORS_PAR", "ACTIVE") == "0"
    assert IniFile.read(game.configuration("gameplay.ini")).get("PYTHON", "ENABLE_PYTHON") == "1"  # other apps need it
    assert plan_removal(game.installation, source=game.source) == []


def test_removal_takes_the_whole_folder_if_nothing_else_is_in_it(game: MadeUpGame) -> None:
    assert plan_removal(game.installation, source=game.source) == []
    install(game)
    for step in plan_removal(game.installation, source=game.source):
        step.take()
    assert os.listdir(game.installation.app.parent) == []


def test_a_package_without_the_app_says_so(game: MadeUpGame, tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="install the package"):
        plan_install(game.installation, source=tmp_path / "nothing")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_one_line(game: MadeUpGame) -> None:
    game.installation.app.parent.chmod(0o500)
    with pytest.raises(InstallationError, match="cannot be written"):
        install(game)
    game.installation.app.parent.chmod(0o700)


# --- the command ------------------------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return " ".join(result.output.split())


def test_the_command_installs_the_apps_real_files(game: MadeUpGame) -> None:
    where = (game.installation.game, "--documents", game.installation.documents)
    dry = run("plugin", "install", *where, "--dry-run")
    assert "would copy the app" in dry
    assert not game.installation.app.exists()
    said = run("plugin", "install", *where, "--controls")
    assert "done: copy the app" in said
    assert "python-335" in said  # the missing modules are told with their remedy
    assert "Content Manager" in said  # and Custom Shaders Patch
    assert version_of(game.installation.app) == version_of(plugin_dir()) != "unknown"
    make_modules(game.installation.game)
    again = run("plugin", "install", *where, "--controls")
    assert "Nothing to do" in again
    assert "python-335" not in again
    assert "done: remove the app" in run("plugin", "remove", *where)
    assert not game.installation.app.exists()


def test_a_wrong_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="is not Assetto Corsa"):
        CliRunner().invoke(app, ["plugin", "install", str(tmp_path)], catch_exceptions=False)
