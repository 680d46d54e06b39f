"""Ini files of the game keep everything that is not meant to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ac_gym.errors import InstallationError
from ac_gym.game.ini import IniFile

TEXT = "[STEER]\r\nLOCK = 900 ; both ways\r\n\r\n; a comment\r\n[gearup]\r\nBUTTON=0\r\n"
ENCODINGS = {
    "plain": TEXT.encode(),
    "UTF-8 with BOM": TEXT.encode("utf-8-sig"),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 big-endian": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "not UTF-8": TEXT.encode() + b"[X]\r\nNAME=caf\xe9\r\n",
    "line feeds": TEXT.replace("\r\n", "\n").encode(),
    "no end of line": TEXT.rstrip().encode(),
}


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS)
def test_bytes_come_back_as_they_were(data: bytes) -> None:
    ini = IniFile(data)
    assert ini.data() == data
    assert ini.get("STEER", "LOCK") == "900"
    assert ini.get("Steer", "lock") == "900"
    assert ini.get("GEARUP", "BUTTON") == "0"
    assert ini.get("STEER", "BUTTON") is None


@given(st.binary(max_size=200))
def test_any_bytes_come_back_as_they_were(data: bytes) -> None:
    try:
        ini = IniFile(data)
    except UnicodeDecodeError:  # half a character of UTF-16
        return
    assert ini.data() == data


@pytest.mark.parametrize("data", ENCODINGS.values(), ids=ENCODINGS)
def test_one_value_changes_and_nothing_else(data: bytes) -> None:
    ini = IniFile(data)
    ini.set("STEER", "LOCK", "360")
    width = 2 if data[:2] in (b"\xff\xfe", b"\xfe\xff") else 1
    assert len(ini.data()) == len(data)
    assert sum(a != b for a, b in zip(ini.data(), data, strict=True)) == 2  # 90 -> 36
    assert ini.data()[:width] == data[:width]


def test_a_new_key_goes_to_the_end_of_its_section() -> None:
    ini = IniFile(b"[A]\r\nX=1\r\n\r\n[B]\r\nY=2\r\n")
    ini.set("A", "Z", "3")
    assert ini.data() == b"[A]\r\nX=1\r\nZ=3\r\n\r\n[B]\r\nY=2\r\n"


def test_a_new_section_goes_to_the_end_of_the_file() -> None:
    ini = IniFile(b"[A]\nX=1")
    ini.set("B", "Y", "2")
    assert ini.data() == b"[A]\nX=1\n\n[B]\nY=2\n"


def test_a_new_key_brings_its_comment_in_the_manner_of_the_file() -> None:
    ini = IniFile(b"[a]\n; first\nx = 1\n")
    ini.set("a", "y", "2", ("; second",))
    assert ini.data() == b"[a]\n; first\nx = 1\n\n; second\ny = 2\n"


def test_an_empty_file_is_written_as_the_game_does() -> None:
    ini = IniFile()
    ini.set("PYTHON", "ENABLE_PYTHON", "1")
    assert ini.data() == b"[PYTHON]\r\nENABLE_PYTHON=1\r\n"


def test_the_same_key_in_another_section_is_another_key() -> None:
    ini = IniFile(b"[A]\nACTIVE=1\n[B]\nACTIVE=0\n[A]\nACTIVE=5\n")
    ini.set("B", "ACTIVE", "1")
    assert ini.data() == b"[A]\nACTIVE=1\n[B]\nACTIVE=1\n[A]\nACTIVE=5\n"
    assert ini.get("A", "ACTIVE") == "1"


def test_commented_keys_do_not_count() -> None:
    ini = IniFile(b"[A]\n;X=1\n# X=2\n//Y\nX=3\n")
    assert ini.get("A", "X") == "3"


def test_the_first_state_is_backed_up_once(tmp_path: Path) -> None:
    path = tmp_path / "python.ini"
    path.write_bytes(b"[A]\r\nX=1\r\n")
    for value in ("2", "3"):
        ini = IniFile.read(path)
        ini.set("A", "X", value)
        ini.write(path)
    assert path.read_bytes() == b"[A]\r\nX=3\r\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["python.ini", "python.ini.before_ac_gym"]
    assert (tmp_path / "python.ini.before_ac_gym").read_bytes() == b"[A]\r\nX=1\r\n"


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "python.ini").mkdir()
    with pytest.raises(InstallationError, match="cannot be read"):
        IniFile.read(tmp_path / "python.ini")
    with pytest.raises(InstallationError, match="close the game"):
        IniFile().write(tmp_path / "python.ini")
