"""The plugin in the game holds the joystick: controls go to it with every message, and nothing is done here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class PluginControls:
    """Does nothing: the connection carries the controls, and the plugin goes to neutral when they stop coming."""

    name = "plugin"

    def apply(self, controls: NDArray[np.float32]) -> None: ...

    def neutral(self) -> None: ...

    def close(self) -> None: ...


def check() -> None:
    """Nothing is needed here; whether the plugin has a joystick it says when asked."""


def open_joystick(hold: float) -> PluginControls:
    """How long it holds is a setting of the app."""
    return PluginControls()
