"""Where the game is: its own folder, found through Steam, and its settings in the user's documents."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ac_gym.errors import InstallationError
from ac_gym.game.ini import IniFile

APP = "sensors_par"
STEAM_ID = 244210
_GAME_IN_LIBRARY = Path("steamapps", "common", "assettocorsa")
_DOCUMENTS_NAME = "Assetto Corsa"
_PREFIX_USER = Path("steamapps", "compatdata", str(STEAM_ID), "pfx", "drive_c", "users", "steamuser")


@dataclass(frozen=True)
class Installation:
    """The two folders of one game."""

    game: Path
    """with acs.exe, content/, apps/"""
    documents: Path
    """.../Documents/Assetto Corsa, with cfg/ and logs/"""

    @property
    def app(self) -> Path:
        return app_folder(self.game)

    @property
    def configuration(self) -> Path:
        return self.documents / "cfg"

    @property
    def presets(self) -> Path:
        """Folder of the controls presets that the game offers to load."""
        return self.configuration / "controllers" / "savedsetups"

    def settings(self, name: str) -> IniFile:
        """A file of the settings, such as `python.ini`; empty where the game has not written it yet."""
        return IniFile.read(self.configuration / name)


def app_folder(game: Path) -> Path:
    """Folder of our app in the game; may not exist."""
    return game / "apps" / "python" / APP


def find_game(folder: Path | None = None) -> Path:
    """The game's folder: `folder`, which is checked, else what Steam says. Raises InstallationError."""
    if folder is not None:
        return _checked(folder.expanduser().absolute())
    libraries = steam_libraries()
    for library in libraries:
        if _is_game(library / _GAME_IN_LIBRARY):
            return library / _GAME_IN_LIBRARY
    looked = ", ".join(map(str, libraries)) or "no Steam library found"
    raise InstallationError(
        f"Assetto Corsa was not found ({looked}); give its folder: in Steam, right-click the game, Manage, Browse "
        "local files"
    )


def find_documents(game: Path | None = None, folder: Path | None = None) -> Path:
    """The game's folder in the documents: `folder`, which is checked, else the user's (on Linux, of Proton)."""
    candidates = [folder.expanduser().absolute()] if folder is not None else list(_documents(game))
    for candidate in candidates:
        if (candidate / "cfg").is_dir():
            return candidate
    looked = f" in {' or '.join(map(str, candidates))}" if candidates else ""
    raise InstallationError(
        f"no settings of the game{looked}: start the game once so that it makes its folder, or name the folder "
        f"'Documents/{_DOCUMENTS_NAME}' with --documents"
    )


def locate(game: Path | None = None, documents: Path | None = None) -> Installation:
    """Both folders, given or found. Raises InstallationError."""
    folder = find_game(game)
    return Installation(folder, find_documents(folder, documents))


def steam_libraries(roots: list[Path] | None = None) -> list[Path]:
    """Folders that Steam keeps games in, each once. `roots`: where Steam itself may be."""
    found: dict[Path, None] = {}
    for root in _steam_roots() if roots is None else roots:
        listed = root / "steamapps" / "libraryfolders.vdf"
        if listed.is_file():
            text = listed.read_text(encoding="utf-8", errors="replace")
            paths = [Path(path.replace("\\\\", "\\")) for path in re.findall(r'"path"\s+"((?:[^"\\]|\\.)*)"', text)]
            found.update((path.resolve(), None) for path in (root, *paths) if (path / "steamapps").is_dir())
    return list(found)


def _checked(folder: Path) -> Path:
    if _is_game(folder):
        return folder
    if not folder.is_dir():
        raise InstallationError(f"{folder} is not a folder")
    near = [*folder.parents, folder / _GAME_IN_LIBRARY, folder / "assettocorsa"]
    meant = next((path for path in near if _is_game(path)), None)
    if meant is not None:
        raise InstallationError(f"{folder} is not the game's own folder; did you mean {meant}?")
    if (folder / "AC2").is_dir() or (folder / "acc.exe").is_file():
        raise InstallationError(f"{folder} is Assetto Corsa Competizione; ac_gym drives the Assetto Corsa of 2014")
    raise InstallationError(f"{folder} is not Assetto Corsa: it has no acs.exe and content folder")


def _is_game(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("acs.exe", "AssettoCorsa.exe")) and (folder / "content").is_dir()


def _documents(game: Path | None) -> Iterator[Path]:
    if sys.platform == "win32":
        yield _windows_documents() / _DOCUMENTS_NAME
        return
    # A game's prefix lies in the library of the game.
    libraries = [game.parents[2]] if game is not None and game.parent.name == "common" else []
    for library in dict.fromkeys([*libraries, *steam_libraries()]):
        for name in ("Documents", "My Documents"):
            yield library / _PREFIX_USER / name / _DOCUMENTS_NAME


def _steam_roots() -> list[Path]:
    if sys.platform == "win32":
        programs = os.environ.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)")
        registered = _registry(r"Software\Valve\Steam", "SteamPath")
        return [Path(path) for path in (registered, rf"{programs}\Steam") if path]
    home = Path.home()
    return [
        home / ".steam" / "steam",
        home / ".local" / "share" / "Steam",
        home / ".var" / "app" / "com.valvesoftware.Steam" / ".local" / "share" / "Steam",  # Flatpak
        home / "snap" / "steam" / "common" / ".local" / "share" / "Steam",
    ]


def _windows_documents() -> Path:
    """The documents folder, wherever it was moved to (OneDrive, another disk)."""
    key = r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders"
    registered = _registry(key, "Personal")
    return Path(os.path.expandvars(registered)) if registered else Path.home() / "Documents"


def _registry(key: str, name: str) -> str | None:
    """A text of the user's Windows registry."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                return str(winreg.QueryValueEx(opened, name)[0])
        except FileNotFoundError:
            pass
    return None
