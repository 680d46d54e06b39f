"""The source `csp` as a program on Windows uses it: the game's section, a Direct3D device, staging textures.

The game is a process of its own, tests/capture/csp/producer_main.c. Shared handles, which Wine has not, are made up in
this process by fake_sharing.c; everything else is the product's own way.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ac_gym.capture import CspSettings, get_frame, open_source, shutdown
from ac_gym.capture.csp import FLAGS
from ac_gym.errors import AcGymError, CaptureError, CaptureTimeoutError, NoPicturesError, UnknownNameError

CSP = Path(os.environ["AC_GYM_TEST_CSP"])
SECTION, SECTION_BYTES, ITEM, ITEM_BYTES = r"Local\AcTools.CSP.OBSTextures.v0", 20168, 8, 320
SCENE, CHASE, TYRES, DEEP = range(4)
PATIENCE, BRIEF = 20.0, 0.3  # s that no test waits for in vain, and that one does


class Game:
    """The game's process, which draws 60 frames a second."""

    def __init__(self) -> None:
        command = [CSP / "game.exe"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._answer() == "up\n"

    def do(self, command: str) -> int:
        """How many drawings were begun when it was done."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return int(self._answer().split()[-1])

    def begun(self) -> int:
        return self.do("?")

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@pytest.fixture(scope="module", autouse=True)
def direct3d() -> None:
    failure = ctypes.CDLL(str(CSP / "fake_sharing.dll")).fake_sharing_install()
    if failure:
        pytest.skip(f"there is no Direct3D here (error {failure & 0xFFFFFFFF:#x})")


@pytest.fixture
def game() -> Iterator[Game]:
    game = Game()
    yield game
    game.kill()


def drawing(image: NDArray[np.uint8], texture: int) -> int:
    """Number of the oldest drawing in the picture, which shows nothing but that texture."""
    assert np.all(image[..., 2] == texture + 1)
    return int(np.min(image[..., 0] + 256 * image[..., 1].astype(int)))


def item(texture: int) -> tuple[int, int, int, int]:
    """Width, height, needs_data and flags as the game's section holds them."""
    with mmap.mmap(-1, SECTION_BYTES, tagname=SECTION) as section:
        width, height, needs_data, flags = struct.unpack_from("<4H", section, ITEM + ITEM_BYTES * texture + 8)
    return width, height, needs_data, flags


def test_the_grabbers_own_test() -> None:
    """It tells one line for each thing that must hold; here it does so with Direct3D."""
    result = subprocess.run([CSP / "csp_test.exe"], stdin=subprocess.PIPE, capture_output=True, text=True, timeout=240)
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert len(lines) == 21
    assert result.returncode == 0


def test_textures_and_their_flags(game: Game) -> None:
    with open_source("csp") as source:
        textures = {texture.name: texture for texture in source.list_textures(PATIENCE)}
    assert list(textures) == ["Cameras: Scene", "Cameras: Chase", "Apps: Tyres", "Apps: Deep", "Apps: Odd"]
    chase = textures["Cameras: Chase"]
    assert (chase.description, chase.width, chase.height) == ("from behind", 48, 48)
    assert [texture.flags for texture in textures.values()] == [
        ("hdr",), ("hdr", "user size"), ("transparent",), ("hdr",), ("monochrome",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "texture", "size"),
    [
        pytest.param("Scene", SCENE, (64, 32), id="rgba16f"),
        pytest.param("Apps: Tyres", TYRES, (40, 20), id="rgba8"),
        pytest.param("Deep", DEEP, (36, 33), id="rgba16"),
    ],
)
def test_each_format(game: Game, name: str, texture: int, size: tuple[int, int]) -> None:
    with open_source("csp", name) as source:
        image = source.get_frame(timeout=PATIENCE).image
    assert image.shape == (size[1], size[0], 3)
    assert drawing(image, texture) > 0


def test_a_new_frame_was_drawn_after_the_call(game: Game) -> None:
    with open_source("csp") as source:
        number, drawn_at = 0, 0.0
        for _ in range(20):
            begun = game.begun()
            frame = source.get_frame(timeout=PATIENCE)
            assert drawing(frame.image, SCENE) > begun
            assert frame.number > number
            assert frame.time > drawn_at
            number, drawn_at = frame.number, frame.time
        game.do("pause")
        with pytest.raises(CaptureTimeoutError, match="no new picture of texture 'Scene' in time; is the game"):
            source.get_frame(timeout=BRIEF)
        assert drawing(source.get_frame(False).image, SCENE) >= begun  # the last one is still there


def test_a_texture_that_is_made_anew_or_moves(game: Game) -> None:
    with open_source("csp") as source:
        for width, height in [(64, 32), (100, 40), (33, 65)]:
            begun = game.do(f"recreate {width} {height}")
            image = source.get_frame(timeout=PATIENCE).image
            assert image.shape == (height, width, 3)
            assert drawing(image, SCENE) > begun
        begun = game.do("hide")  # another item comes before ours
        assert drawing(source.get_frame(timeout=PATIENCE).image, SCENE) > begun


def test_a_size_of_ones_own(game: Game) -> None:
    with open_source("csp", "Chase", csp=CspSettings(texture_size=(96, 72))) as source:
        for _ in range(100):  # until the game has seen it
            image = source.get_frame(timeout=PATIENCE).image
            if image.shape == (72, 96, 3):
                break
        assert image.shape == (72, 96, 3)
        assert drawing(image, CHASE) > 0
        assert item(CHASE)[:2] == (96, 72)
        assert "our size" in source.list_textures()[CHASE].flags
    assert not item(CHASE)[3] & FLAGS["our size"]


def test_only_what_is_read_is_drawn_and_only_while_it_is(game: Game) -> None:
    with open_source("csp", "Tyres") as source:
        source.get_frame(timeout=PATIENCE)
        game.do("pause")
        source.get_frame(False, timeout=BRIEF)
        assert [item(texture)[2] for texture in (SCENE, CHASE, TYRES)] == [0, 0, 3]
        with mmap.mmap(-1, SECTION_BYTES, tagname=SECTION) as section:
            assert struct.unpack_from("<I", section) == (60,)  # alive_counter
    assert item(TYRES)[2] == 0


def test_a_texture_that_is_unavailable_for_a_while(game: Game) -> None:
    with open_source("csp") as source:
        source.get_frame(timeout=PATIENCE)
        game.do("unavailable")
        while not item(SCENE)[3] & FLAGS["unavailable"]:
            time.sleep(0.01)  # until it is in the list
        with pytest.raises(CaptureTimeoutError, match="texture 'Scene' cannot be had at present, says the game"):
            source.get_frame(timeout=BRIEF)
        begun = game.do("unavailable")
        assert drawing(source.get_frame(timeout=PATIENCE).image, SCENE) > begun


def test_the_game_is_closed(game: Game) -> None:
    with open_source("csp") as source:
        source.get_frame(timeout=PATIENCE)
        game.do("stop")
        with pytest.raises(NoPicturesError, match=r"the game was closed .* start it again$"):
            source.get_frame(timeout=BRIEF)


def test_the_game_is_killed_and_started_again(game: Game) -> None:
    with open_source("csp") as source:
        source.get_frame(timeout=PATIENCE)
        game.kill()
        with pytest.raises(NoPicturesError, match=r"^the game is not running; start it with Custom Shaders Patch"):
            source.get_frame(timeout=3.0)  # it is taken for gone after a second without a frame
        again = Game()
        try:
            assert drawing(source.get_frame(timeout=PATIENCE).image, SCENE) > 0
        finally:
            again.kill()


def test_the_game_was_never_started() -> None:
    with pytest.raises(NoPicturesError, match=r"^the game is not running; start it with .* \(build 2503\) or later$"):
        open_source("csp")


def test_a_patch_without_textures() -> None:
    """The game publishes its pages, and there is no list."""
    with (
        mmap.mmap(-1, 4096, tagname=r"Local\acpmf_static"),
        pytest.raises(NoPicturesError, match=r"^the game offers no textures: it needs .* \(build 2503\) or later, and"),
    ):
        open_source("csp")


@pytest.mark.parametrize(
    ("name", "command", "error", "message"),
    [
        ("Cinema", "?", UnknownNameError, "^unknown texture 'Cinema'; known: .*Cameras: Scene"),
        ("Odd", "?", CaptureError, "^the game's texture is of DXGI format 61; 8-bit and 16-bit RGBA can be read$"),
        ("Scene", "recreate 0 0", CaptureError, r"^the game's texture cannot be opened \(handle 0x\w+, Direct3D"),
    ],
    ids=["no such texture", "unknown format", "no size"],
)
def test_what_cannot_be_read(game: Game, name: str, command: str, error: type[AcGymError], message: str) -> None:
    with open_source("csp", name) as source:
        source.list_textures(PATIENCE)
        game.do(command)
        with pytest.raises(error, match=message) as told:
            source.get_frame(timeout=2.0)
        assert "\n" not in str(told.value)
    with open_source("csp", "Tyres") as source:
        assert drawing(source.get_frame(timeout=PATIENCE).image, TYRES) > 0


def test_calls_of_accapture(game: Game) -> None:
    image = get_frame(timeout=PATIENCE)
    shutdown()
    assert image.shape == (32, 64, 3)
    assert drawing(image[..., ::-1], SCENE) > 0  # BGR
