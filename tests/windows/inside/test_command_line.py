"""`ac-gym` as a sim racer runs it: real processes, a folder with spaces and umlauts, files with Windows' line ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "game"))
from made_up_game import PYTHON_INI, MadeUpGame, made_up_game

from ac_gym.game.installation import Installation


def ac_gym(*arguments: str | Path) -> tuple[int, str]:
    """Exit code, and all that it says with its line ends made one space."""
    process = subprocess.run(
        [sys.executable, "-m", "ac_gym.cli.main", *map(str, arguments)],
        capture_output=True, timeout=60, stdin=subprocess.PIPE, env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    return process.returncode, " ".join((process.stdout + process.stderr).decode().split())


@pytest.fixture
def game(tmp_path: Path) -> MadeUpGame:
    return made_up_game(tmp_path / "Große Spiele (x86)")


def places(installation: Installation) -> tuple[str | Path, ...]:
    return installation.game, "--documents", installation.documents


def test_the_app_is_installed_and_enabled_and_taken_out_again(game: MadeUpGame) -> None:
    code, said = ac_gym("plugin", "install", *places(game.installation))
    assert (code, "done: copy the app" in said) == (0, True), said
    assert (game.installation.app / "sensors_par.py").is_file()
    python_ini = game.configuration("python.ini")
    assert python_ini.read_bytes() == PYTHON_INI + b"\r\n[SENSORS_PAR]\r\nACTIVE=1\r\n"
    code, said = ac_gym("plugin", "remove", *places(game.installation))
    assert code == 0, said
    assert not game.installation.app.exists()


def test_backslashes_forward_slashes_and_a_trailing_one_are_the_same_folder(game: MadeUpGame) -> None:
    folder = game.installation.game
    for spelling in (str(folder), folder.as_posix(), f"{folder}\\"):
        code, said = ac_gym("plugin", "install", spelling, "--documents", game.installation.documents, "--dry-run")
        assert (code, "would copy the app" in said) == (0, True), said


def test_settings_with_windows_line_ends_are_read(game: MadeUpGame, tmp_path: Path) -> None:
    ac_gym("plugin", "install", *places(game.installation))
    settings = game.installation.app / "sensors_par.ini"
    text = settings.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert b"ego_sampling_freq = 25" in text
    settings.write_bytes(b"\xef\xbb\xbf" + text.replace(b"ego_sampling_freq = 25", b"ego_sampling_freq = 20 "))
    code = (
        f"import sys; sys.path.insert(0, {str(game.installation.app)!r})\n"
        "from sensors_par_lib import settings\n"
        f"read = settings.read({str(settings)!r})\n"
        "print(read.ego_sampling_freq, read.problems)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.PIPE)
    assert process.returncode == 0, process.stderr
    assert process.stdout.split() == ["20.0", "[]"]


def test_a_wrong_folder_is_one_line(tmp_path: Path) -> None:
    code, said = ac_gym("plugin", "install", tmp_path)
    assert code == 2
    assert said.startswith("error: ")
    assert "is not Assetto Corsa" in said


def test_the_doctor_finds_what_is_missing(game: MadeUpGame) -> None:
    code, said = ac_gym("doctor", "--game", *places(game.installation), "--controls", "vjoy")
    assert code == 1
    assert "vJoy" in said
    assert "Traceback" not in said
