"""Numbers of the command line that a range does not check: NaN is neither below nor above anything."""

from __future__ import annotations

import math

import typer

from ac_gym.errors import ConfigError


def positive(option: typer.CallbackParam, value: float | None) -> float | None:
    """Callback of an option: a finite number greater than 0, or none given; ConfigError otherwise."""
    if value is not None and not 0.0 < value < math.inf:
        raise ConfigError(f"{option.opts[0]} must be a number greater than 0, is {value:g}")
    return value
