"""Names of the columns of recorded telemetry; what a file of them looks like is `ac_gym.recording.schema`."""

from __future__ import annotations

from collections.abc import Mapping

from ac_gym.channels import CHANNELS, WHEELS, Channel

CONTROLS = ("control_steer", "control_throttle", "control_brake", "control_gear_request")

_AXES = ("x", "y", "z")
_ELEMENTS: Mapping[str, tuple[str, ...]] = {
    "ride_height": ("front", "rear"),
    "damage": ("front", "rear", "left", "right", "total"),
    "contact_heading": tuple(f"{wheel}_{axis}" for wheel in WHEELS for axis in _AXES),
}
_ELEMENTS_OF_SIZE: Mapping[int, tuple[str, ...]] = {3: _AXES, 4: WHEELS}


def element_names(channel: Channel) -> tuple[str, ...]:
    """Columns of a channel: (`speed`,), (`slip_angle_fl`, ...)."""
    if channel.size == 1:
        return (channel.name,)
    elements = _ELEMENTS.get(channel.name) or _ELEMENTS_OF_SIZE[channel.size]
    return tuple(f"{channel.name}_{element}" for element in elements)


CHANNEL_COLUMNS: tuple[str, ...] = tuple(name for channel in CHANNELS for name in element_names(channel))
"""Column names of a telemetry frame, (channels.WIDTH,), in its order."""

CHANNEL_UNITS: tuple[str, ...] = tuple(channel.unit for channel in CHANNELS for _ in range(channel.size))
"""Their units, (channels.WIDTH,)."""
