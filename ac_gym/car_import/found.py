"""What an import has found so far: figures with their source, and remarks on what it could not take over."""

from __future__ import annotations

from dataclasses import dataclass, field

from ac_gym import _core
from ac_gym.car import unbelievable
from ac_gym.errors import InvalidCarError

COMPUTED = "computed"
ESTIMATE = "estimate"
GAME = "game"


@dataclass
class Found:
    """Figures by the names of `ac_gym._core.CAR_PARAMS`, gears and torque curve."""

    values: dict[str, tuple[float, str]] = field(default_factory=dict)
    """name -> (value, short name of its source)"""
    gears: tuple[list[float], str] = field(default_factory=lambda: ([], ESTIMATE))
    torque: tuple[list[tuple[float, float]], str] = field(default_factory=lambda: ([], ESTIMATE))
    remarks: list[str] = field(default_factory=list)

    def put(self, name: str, value: float | None, source: str) -> None:
        """Keeps a figure; None, and what no car can have, is left to be estimated."""
        assert name in _core.CAR_PARAMS, name
        if value is None:
            return
        if wrong := unbelievable(name, value):
            self.remarks.append(f"{name}: {wrong}, is {value:g} in {source}; estimated instead")
            return
        self.values[name] = (value, source)

    def need(self, name: str, value: float, source: str) -> None:
        """Keeps a figure that makes the car what it is: one that no car can have is an InvalidCarError."""
        if wrong := unbelievable(name, value):
            raise InvalidCarError(f"{source}: {name}: {wrong}, is {value:g}")
        self.put(name, value, source)

    def get(self, name: str, default: float) -> float:
        """A figure found so far."""
        return self.values.get(name, (default, ""))[0]

    def estimate(self, name: str, value: float) -> None:
        """A figure for where none was found."""
        self.values.setdefault(name, (value, ESTIMATE))
