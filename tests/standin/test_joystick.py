"""The virtual joystick takes what vJoyInterface.dll takes, and the game reads it as it reads vJoy."""

from __future__ import annotations

import ctypes
import struct
import threading

import numpy as np
import pytest

from ac_gym.standin.joystick import HID_X, HID_Y, HID_Z, NEUTRAL, Cockpit, Position, VirtualJoystick

OWN, FREE, MISSING = 0, 1, 3


class PositionV2(ctypes.LittleEndianStructure):
    """JOYSTICK_POSITION_V2: LONG is 4 bytes on Windows."""

    _fields_ = (
        ("bDevice", ctypes.c_byte),
        *((f"w{n}", ctypes.c_int32) for n in range(3)),
        *((f"wAxis{axis}", ctypes.c_int32) for axis in "XYZ"),
        *((f"v{n}", ctypes.c_int32) for n in range(12)),
        ("lButtons", ctypes.c_int32),
        *((f"h{n}", ctypes.c_int32) for n in range(7)),
    )


def packed(x: int, y: int, z: int, buttons: int, size: int = 108) -> bytes:
    return struct.pack("<B3x3i3i12ii", 1, 0, 0, 0, x, y, z, *[0] * 12, buttons).ljust(size, b"\0")


@pytest.fixture
def joystick() -> VirtualJoystick:
    device = VirtualJoystick()
    assert device.AcquireVJD(1) == 1
    return device


def test_the_layout_is_that_of_the_driver() -> None:
    assert ctypes.sizeof(PositionV2) == 108
    assert (PositionV2.wAxisX.offset, PositionV2.wAxisZ.offset, PositionV2.lButtons.offset) == (16, 24, 76)


@pytest.mark.parametrize("size", [96, 108])
def test_a_position_sets_all_axes_and_buttons_at_once(joystick: VirtualJoystick, size: int) -> None:
    assert joystick.UpdateVJD(1, packed(1, 32768, 77, 0b10, size)) == 1
    assert joystick.position == Position(1, 32768, 77, 0b10)
    assert joystick.writes == 1


def test_ctypes_structures_and_pointers_to_them_are_taken(joystick: VirtualJoystick) -> None:
    position = PositionV2(wAxisX=5, wAxisY=6, wAxisZ=7, lButtons=1)
    assert joystick.UpdateVJD(1, ctypes.byref(position)) == 1
    assert joystick.position == Position(5, 6, 7, 1)
    assert joystick.UpdateVJD(1, PositionV2(wAxisX=8)) == 1
    assert joystick.UpdateVJD(1, ctypes.create_string_buffer(packed(9, 9, 9, 0))) == 1
    assert joystick.position == Position(9, 9, 9, 0)


@pytest.mark.parametrize("content", [b"", bytes(95), bytes(176), "text", None, 12])
def test_what_is_no_position_is_refused(joystick: VirtualJoystick, content: object) -> None:
    assert joystick.UpdateVJD(1, content) == 0
    assert joystick.position == NEUTRAL


def test_nothing_is_written_to_a_device_that_is_not_held() -> None:
    joystick = VirtualJoystick()
    assert joystick.vJoyEnabled()
    assert joystick.GetVJDStatus(1) == FREE
    assert joystick.UpdateVJD(1, packed(1, 1, 1, 1)) == 0
    assert joystick.SetAxis(1, 1, HID_X) == 0
    assert joystick.SetBtn(1, 1, 1) == 0
    assert joystick.ResetVJD(1) == 0
    assert joystick.AcquireVJD(1) == 1
    assert joystick.GetVJDStatus(1) == OWN
    assert joystick.SetAxis(1, 1, HID_X) == 1
    assert joystick.RelinquishVJD(1) == 1
    assert joystick.RelinquishVJD(1) == 0
    assert joystick.SetAxis(2, 1, HID_X) == 0
    assert joystick.writes == 1


def test_other_devices_do_not_exist(joystick: VirtualJoystick) -> None:
    assert joystick.GetVJDStatus(2) == MISSING
    assert joystick.AcquireVJD(2) == 0
    assert joystick.UpdateVJD(2, packed(1, 1, 1, 1)) == 0


def test_axes_and_buttons_one_by_one(joystick: VirtualJoystick) -> None:
    for usage, value in ((HID_X, 100), (HID_Y, 200), (HID_Z, 300)):
        assert joystick.SetAxis(value, 1, usage) == 1
    assert joystick.SetBtn(1, 1, 1) == joystick.SetBtn(1, 1, 32) == 1
    assert joystick.position == Position(100, 200, 300, 1 | 1 << 31)
    assert joystick.SetBtn(0, 1, 1) == 1
    assert joystick.position.buttons == 1 << 31
    assert joystick.SetBtn(1, 1, 33) == joystick.SetAxis(5, 1, 0x20) == 0


def test_a_reset_is_no_neutral_position(joystick: VirtualJoystick) -> None:
    """As with the driver: the axes go to their middle, which presses both pedals half."""
    assert joystick.ResetVJD(1) == 1
    assert Cockpit(joystick).controls().tolist() == [[0.0, 0.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("axes", "controls"),
    [
        ((16384, 1, 1), (0.0, -1.0, -1.0)),
        ((32768, 32768, 32768), (1.0, 1.0, 1.0)),
        ((1, 0, 16384), (1 / 16384 - 1.0, -1.0, 0.0)),
    ],
)
def test_axes_as_the_game_reads_them(
    joystick: VirtualJoystick, axes: tuple[int, int, int], controls: tuple[float, float, float]
) -> None:
    joystick.UpdateVJD(1, packed(*axes, 0))
    read = Cockpit(joystick).controls()
    assert read.dtype == np.float32
    assert read[0].tolist() == pytest.approx([*controls, 0.0])


def test_a_button_shifts_once_however_long_it_is_held(joystick: VirtualJoystick) -> None:
    cockpit = Cockpit(joystick)
    requests = []
    for buttons in (0, 1, 1, 1, 0, 1, 3, 2, 0, 3):
        joystick.UpdateVJD(1, packed(16384, 1, 1, buttons))
        requests.append(int(cockpit.controls()[0, 3]))
    assert requests == [0, 1, 0, 0, 0, 1, -1, 0, 0, 0]  # both at once: neither


def test_without_a_driver_the_car_is_left_alone() -> None:
    assert Cockpit(VirtualJoystick()).controls().tolist() == [[0.0, -1.0, -1.0, 0.0]]


def test_waiting_ends_with_a_write(joystick: VirtualJoystick) -> None:
    assert not joystick.wait_for_write(0, 0.0)
    writer = threading.Timer(0.02, joystick.SetAxis, (5, 1, HID_X))
    writer.start()
    assert joystick.wait_for_write(0, 30.0)
    assert joystick.wait_for_write(0, 0.0)  # it is not missed by who comes late
    assert not joystick.wait_for_write(1, 0.0)
    writer.join()
