"""The game's folders are found, and wrong ones are told with what was meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from made_up_game import made_up_game, make_documents, make_game

from ac_gym.errors import InstallationError
from ac_gym.game import installation
from ac_gym.game.installation import find_documents, find_game, locate, steam_libraries

PROTON = "steamapps/compatdata/244210/pfx/drive_c/users/steamuser/Documents/Assetto Corsa"


@pytest.fixture(autouse=True)
def no_steam_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_steam_roots", list)


def make_steam(root: Path, *libraries: Path) -> Path:
    """Steam at `root` that lists itself and `libraries`, in the format of its file."""
    (root / "steamapps").mkdir(parents=True, exist_ok=True)
    entries = "".join(
        f'\t"{number}"\n\t{{\n\t\t"path"\t\t"{str(path).replace(chr(92), chr(92) * 2)}"\n\t\t"apps"\n\t\t{{\n'
        f'\t\t\t"244210"\t\t"1"\n\t\t}}\n\t}}\n'
        for number, path in enumerate((root, *libraries))
    )
    (root / "steamapps" / "libraryfolders.vdf").write_text(f'"libraryfolders"\n{{\n{entries}}}\n', encoding="utf-8")
    return root


def test_the_given_folder_is_the_game(tmp_path: Path) -> None:
    game = make_game(tmp_path / "assettocorsa")
    assert find_game(game) == game


def test_a_folder_near_the_game_is_told(tmp_path: Path) -> None:
    game = make_game(tmp_path / "steamapps" / "common" / "assettocorsa")
    for near in (game / "apps" / "python", tmp_path, game.parent):
        with pytest.raises(InstallationError, match="did you mean") as caught:
            find_game(near)
        assert str(game) in str(caught.value)


def test_another_game_is_told(tmp_path: Path) -> None:
    (tmp_path / "AC2").mkdir()
    with pytest.raises(InstallationError, match="Competizione"):
        find_game(tmp_path)
    with pytest.raises(InstallationError, match="not a folder"):
        find_game(tmp_path / "nowhere")
    with pytest.raises(InstallationError, match=r"no acs\.exe"):
        find_game(make_documents(tmp_path / "x"))


def test_steam_knows_the_game_in_another_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "big disk"
    game = make_game(library / "steamapps" / "common" / "assettocorsa")
    steam = make_steam(tmp_path / "Steam", library, tmp_path / "unplugged")
    assert steam_libraries([steam, tmp_path / "no steam"]) == [steam.resolve(), library.resolve()]
    monkeypatch.setattr(installation, "_steam_roots", lambda: [steam])
    assert find_game().samefile(game)


def test_without_steam_the_remedy_is_told() -> None:
    with pytest.raises(InstallationError, match="Browse local files"):
        find_game()


def test_documents_may_be_given(tmp_path: Path) -> None:
    made_up = made_up_game(tmp_path).installation
    assert locate(made_up.game, made_up.documents) == made_up
    with pytest.raises(InstallationError, match="start the game once"):
        find_documents(made_up.game, tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Proton is Linux's")
def test_documents_lie_in_the_proton_prefix_of_the_games_library(tmp_path: Path) -> None:
    game = make_game(tmp_path / "steamapps" / "common" / "assettocorsa")
    documents = make_documents(tmp_path / PROTON)
    assert find_documents(game) == documents


@pytest.mark.skipif(sys.platform == "win32", reason="Proton is Linux's")
def test_documents_are_found_in_any_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "library"
    documents = make_documents(library / PROTON)
    steam = make_steam(tmp_path / "Steam", library)
    monkeypatch.setattr(installation, "_steam_roots", lambda: [steam])
    assert find_documents(make_game(tmp_path / "elsewhere")).samefile(documents)


@pytest.mark.skipif(sys.platform != "win32", reason="the registry is Windows'")
def test_windows_knows_where_the_documents_are() -> None:
    assert installation._windows_documents().is_absolute()
