"""An installation of the game made up of empty files: its own folder and that in the documents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ac_gym.game.controls.presets import PRESETS
from ac_gym.game.installation import Installation

PYTHON_INI = b"\xef\xbb\xbf[CHAT]\r\nACTIVE=1\r\n\r\n[GMETER]\r\nACTIVE=0 ; off\r\n"  # as the game has it: BOM, CRLF
GAMEPLAY_INI = b"[PYTHON]\nENABLE_PYTHON=0\n\n[GUI]\nNAME=caf\xe9\n"  # LF, a byte that is not UTF-8
VIDEO_INI = b"[VIDEO]\r\nFULLSCREEN=0\r\nVSYNC=0\r\nFPS_CAP_MS=20\r\n"
ASSISTS_INI = (
    b"[ASSISTS]\r\nABS=0\r\nAUTO_BLIP=0\r\nAUTO_CLUTCH=1\r\nAUTO_SHIFTER=1\r\nDAMAGE=0\r\nFUEL_RATE=0.0\r\n"
    b"STABILITY_CONTROL=0\r\nTRACTION_CONTROL=0\r\nTYRE_BLANKETS=1\r\nTYRE_WEAR=0\r\n"
)
SETTINGS = b"""; settings
[sensors_par]

; states a second
ego_sampling_freq = 25

; who may come in
token =
"""


@dataclass
class MadeUpGame:
    installation: Installation
    source: Path
    """folder of the app that is to be installed"""

    def configuration(self, name: str) -> Path:
        return self.installation.configuration / name


def make_app(folder: Path, version: str = "9.9.9", settings: bytes = SETTINGS) -> Path:
    (folder / "sensors_par_lib").mkdir(parents=True)
    (folder / "sensors_par_lib" / "__init__.py").write_text(f'VERSION = "{version}"\n')
    (folder / "sensors_par_lib" / "ego.py").write_text(f"# {version}\n")
    (folder / "sensors_par.py").write_text("def acMain(version): return 'sensors_par'\n")
    (folder / "sensors_par.ini").write_bytes(settings)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "sensors_par.cpython-33.pyc").write_bytes(b"old")
    return folder


def make_game(folder: Path) -> Path:
    for name in ("content", "apps/python", "system/x64"):
        (folder / name).mkdir(parents=True)
    (folder / "acs.exe").touch()
    return folder


def make_documents(folder: Path) -> Path:
    files = {
        "python.ini": PYTHON_INI,
        "gameplay.ini": GAMEPLAY_INI,
        "video.ini": VIDEO_INI,
        "assists.ini": ASSISTS_INI,
        "controls.ini": PRESETS["vjoy"].file(),
    }
    (folder / "cfg").mkdir(parents=True)
    for name, data in files.items():
        (folder / "cfg" / name).write_bytes(data)
    return folder


def make_modules(game: Path) -> None:
    folder = game / "system" / "x64" / "DLLs"
    folder.mkdir()
    for name in ("_socket.pyd", "_ctypes.pyd"):
        (folder / name).touch()


def make_shaders_patch(game: Path, version: str = "0.2.1") -> None:
    (game / "dwrite.dll").touch()
    (game / "extension" / "config").mkdir(parents=True)
    (game / "extension" / "config" / "data_manifest.ini").write_text(f"[VERSION]\nSHADERS_PATCH={version}\n")


def made_up_game(folder: Path) -> MadeUpGame:
    """In `folder`: steamapps/common/assettocorsa, Assetto Corsa (documents), package/sensors_par (the app)."""
    game = make_game(folder / "steamapps" / "common" / "assettocorsa")
    documents = make_documents(folder / "Assetto Corsa")
    return MadeUpGame(Installation(game, documents), make_app(folder / "package" / "sensors_par"))
