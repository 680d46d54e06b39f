"""Crop, area average and colour against the same in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pictures import FULL_HD, noise

from ac_gym import _core
from ac_gym.capture import convert
from ac_gym.errors import AcGymError, CaptureError, ConfigError, UnknownNameError

LUMA = np.array([0.299, 0.587, 0.114])


def shares(n: int, m: int) -> NDArray[np.float64]:
    """(n, m): how much of each of m source pixels lies in each of n output pixels, as a share of the output pixel."""
    edges, pixels = np.arange(n + 1)[:, None] * (m / n), np.arange(m)[None, :]
    overlap = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    return np.maximum(overlap, 0.0) * (n / m)


def exact(picture: NDArray[Any], size: tuple[int, int], color: str) -> NDArray[np.float64]:
    """(height, width, channels) of a BGRA picture, unrounded."""
    rgb = picture[..., 2::-1].astype(np.float64)
    rows, columns = shares(size[1], rgb.shape[0]), shares(size[0], rgb.shape[1])
    small = np.einsum("hm,mwc,vw->hvc", rows, rgb, columns, optimize=True)
    if color == "gray":
        return (small @ LUMA)[..., None]
    return small if color == "rgb" else small[..., ::-1]


@pytest.mark.parametrize("color", ["gray", "rgb", "bgr"])
@pytest.mark.parametrize("size", [(84, 84), (320, 240), (640, 480), (96, 60), (1919, 1079), (15, 9)])
def test_average_of_the_area(size: tuple[int, int], color: Any, instructions: str) -> None:
    picture = noise(*FULL_HD)
    got = convert(picture, size, color).astype(float)
    assert np.abs(got - exact(picture, size, color)).max() <= 0.75  # 0.5 is rounding alone


@given(st.integers(1, 70), st.integers(1, 50), st.integers(1, 90), st.integers(1, 60), st.integers(0, 255), st.data())
@settings(max_examples=150, deadline=None)
def test_plain_colours_stay_what_they_are(
    width: int, height: int, to_width: int, to_height: int, level: int, data: st.DataObject
) -> None:
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    crop = (x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y)))
    picture = np.full((height, width, 4), 255 - level, np.uint8)
    picture[y : y + crop[3], x : x + crop[2], :3] = level  # what is outside must not leak in
    for color in ("gray", "rgb"):
        assert np.all(convert(picture, (to_width, to_height), color, crop=crop) == level)  # type: ignore[arg-type]


@given(
    st.integers(1, 128), st.integers(1, 60), st.integers(1, 200), st.integers(1, 60), st.sampled_from(["gray", "bgr"])
)
@settings(max_examples=100, deadline=None)
def test_all_instructions_give_the_same_bytes(
    width: int, height: int, to_width: int, to_height: int, color: Any
) -> None:
    rng = np.random.default_rng(width + 1000 * height)
    picture = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    deep = rng.integers(0, 65536, (height, width, 4), dtype=np.uint16)
    results = []
    for instructions in (None, "c"):
        _core.grab_instructions(instructions)
        size = (to_width, to_height)
        results.append([convert(picture, size, color), convert(deep, size, color, format="rgba16")])
        results[-1] += [convert(deep, size, color, format="rgba16f", hdr=hdr) for hdr in ("clamp", "srgb", "curve")]
    _core.grab_instructions()
    for fast, plain in zip(*results, strict=True):
        np.testing.assert_array_equal(fast, plain)


def test_order_of_colours() -> None:
    bgra = np.array([[[10, 20, 30, 40]]], np.uint8)
    assert convert(bgra).tolist() == [[[30, 20, 10]]]
    assert convert(bgra, color="bgr").tolist() == [[[10, 20, 30]]]
    assert convert(bgra, format="rgba8").tolist() == [[[10, 20, 30]]]
    assert convert(bgra, color="gray").tolist() == [[[round(0.299 * 30 + 0.587 * 20 + 0.114 * 10)]]]


def test_same_size_is_exact(instructions: str) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (7, 131, 4), dtype=np.uint8)
    np.testing.assert_array_equal(convert(picture), picture[..., 2::-1])


@pytest.mark.parametrize("instructions", ["avx2", "c"], indirect=True)
def test_sixteen_bits_of_every_value(instructions: str) -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1).repeat(4, axis=2)
    got = convert(values, format="rgba16")[..., 0].astype(float)
    assert np.abs(got - values[..., 0] / 257.0).max() <= 0.51
    assert (got[0, 0], got[-1, -1]) == (0, 255)


def srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("hdr", ["clamp", "srgb", "curve"])
def test_every_sixteen_bit_float(hdr: Any, instructions: str) -> None:
    bits = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1).repeat(4, axis=2)
    with np.errstate(invalid="ignore"):
        light = np.nan_to_num(bits[..., 0].view(np.float16).astype(np.float64), nan=0.0)
    if hdr == "curve":
        light = np.clip(light, 0.0, 4.0)
        light = light * (1 + light / 16) / (1 + light)
    light = np.clip(light, 0.0, 1.0)
    level = 255 * (light if hdr == "clamp" else srgb(light))
    got = convert(bits, format="rgba16f", hdr=hdr)
    assert np.abs(got[..., 0] - level).max() <= 0.6
    np.testing.assert_array_equal(convert(bits.view(np.float16), format="rgba16f", hdr=hdr), got)


def test_bright_light_is_averaged_before_it_is_encoded() -> None:
    halves = np.array([[[0.0] * 4, [1.0] * 4]], np.float16)
    assert convert(halves, (1, 1), format="rgba16f", hdr="srgb")[0, 0, 0] == round(255 * float(srgb(np.array(0.5))))


def test_rows_may_lie_apart() -> None:
    whole = noise(64, 32)
    part = whole[3:20, 8:40]
    np.testing.assert_array_equal(convert(part, (9, 5)), convert(np.ascontiguousarray(part), (9, 5)))
    np.testing.assert_array_equal(convert(part, (9, 5)), convert(whole, (9, 5), crop=(8, 3, 32, 17)))


@pytest.mark.parametrize("shape", [(5, 9, 1), (5, 9)])
def test_into_the_callers_array(shape: tuple[int, ...]) -> None:
    picture, out = noise(64, 32), np.zeros(shape, np.uint8)
    assert convert(picture, (9, 5), "gray", out=out) is out
    np.testing.assert_array_equal(out.reshape(5, 9, 1), convert(picture, (9, 5), "gray"))


READ_ONLY = np.zeros((5, 9, 3), np.uint8)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((9, 5, 3), np.uint8),
        np.zeros((5, 9), np.uint8),
        np.zeros((5, 9, 3), np.float32),
        np.zeros((5, 18, 3), np.uint8)[:, ::2],
        READ_ONLY,
        [[0]],
    ],
)
def test_an_array_that_does_not_fit(out: Any) -> None:
    with pytest.raises(CaptureError, match=r"out must be a writable, C-contiguous uint8 array of shape \(5, 9, 3\)"):
        convert(noise(64, 32), (9, 5), out=out)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"size": (0, 5)}, ConfigError, r"size \(0, 5\): a picture needs"),
        ({"crop": (0, 0, 0, 5)}, ConfigError, r"crop \(0, 0, 0, 5\)"),
        ({"crop": (60, 0, 5, 5)}, CaptureError, r"crop of 5 x 5 at \(60, 0\) is not inside the picture of 64 x 32"),
        ({"size": (20000, 5)}, CaptureError, "64 x 32 pixels cannot become 20000 x 5"),
        ({"color": "rgba"}, UnknownNameError, "unknown picture colour 'rgba'"),
        ({"format": "nv12"}, UnknownNameError, "unknown picture format 'nv12'"),
        ({"format": "rgba16"}, CaptureError, r"an array \(height, width, 4\) of 16-bit numbers"),
        ({"hdr": "aces"}, UnknownNameError, "unknown hdr conversion 'aces'"),
    ],
)
def test_one_clear_line(arguments: dict[str, Any], error: type[AcGymError], message: str) -> None:
    with pytest.raises(error, match=message) as raised:
        convert(noise(64, 32), **arguments)
    assert "\n" not in str(raised.value)


def test_too_small_for_one_pixel() -> None:
    with pytest.raises(CaptureError, match="1920 x 1080 pixels cannot become 14 x 9"):
        convert(noise(*FULL_HD), (14, 9))
    with pytest.raises(CaptureError, match="a picture of 0 x 5 pixels cannot be read"):
        convert(np.zeros((5, 0, 4), np.uint8))
