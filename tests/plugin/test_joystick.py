"""The bytes that vJoy gets."""

from __future__ import annotations

import struct

import pytest
from fake_game import FakeJoystick, library


class Quiet:
    def limited(self, subject, text):
        self.text = text


@pytest.fixture
def device():
    return FakeJoystick()


@pytest.fixture
def joystick(device):
    made = library("joystick").Joystick(3, device, Quiet())
    assert made.acquire()
    return made


@pytest.mark.parametrize(
    ("controls", "axes"),
    [
        ((0.0, -1.0, -1.0), (16384, 1, 1)),
        ((-1.0, 0.0, 1.0), (1, 16384, 32768)),
        ((1.0, 1.0, -0.5), (32768, 32768, 8192)),
        ((0.534, -1.0, -1.0), (25133, 1, 1)),
    ],
)
def test_scaling(joystick, device, controls, axes):
    joystick.write(*controls)
    assert device.last[:3] == axes


def test_a_position_byte_for_byte(joystick, device):
    joystick.write(1.0, 1.0, -1.0, shift_up=False, shift_down=True)
    axes = [0, 0, 0, 32768, 32768, 1, 16384, 16384, 16384] + [0] * 9
    hats = [0xFFFFFFFF] * 4
    expected = b"\x03\0\0\0" + struct.pack("<18i", *axes) + struct.pack("<I4I3I", 2, *hats, 0, 0, 0)
    assert len(expected) == 108
    assert device.positions == [expected]


def test_a_dropped_position_is_tried_again_and_then_axis_by_axis(joystick, device):
    device.broken = True
    assert joystick.write(0.0, 1.0, -1.0, shift_up=True)
    assert device.acquired == 2
    assert device.single == [(0x30, 16384), (0x31, 32768), (0x32, 1), (1, 1), (2, 0)]


def test_release_leaves_it_neutral(joystick, device):
    joystick.write(1.0, 1.0, 1.0)
    joystick.release()
    assert device.last == (16384, 1, 1, 0)
    assert device.acquired == 0
    assert not joystick.write(1.0, 1.0, 1.0)


def test_without_vjoy_it_says_what_to_do():
    joystick = library("joystick").Joystick(1, None, Quiet())
    assert not joystick.acquire()
    assert "let the client drive" in joystick.problem
    assert not joystick.neutral()
