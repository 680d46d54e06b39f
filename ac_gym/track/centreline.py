"""The centre line as a function of arc length: named segments -> curvature-continuous closed curve.

Segments of constant curvature meet in jumps. The curvature is therefore averaged over a window of `easing_m`, which
turns every jump into a ramp (a clothoid) and keeps the total angle. The average of a piecewise-constant function has a
closed form: it is the difference of its integral at both ends of the window, so heading and curvature are exact and
only the position is integrated numerically.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Three-point Gauss-Legendre rule on [0, 1].
_NODES = 0.5 + 0.5 * np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)])
_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18.0

_LENGTH_FREEDOM = 0.01  # the closing correction takes a length and ...
_ANGLE_FREEDOM = 0.01  # ... an angle to be known to about this fraction of itself


@dataclass(frozen=True)
class Curve:
    """A closed loop of S segments: length (S,) m, turned angle (S,) rad (+ left), ramp length, initial heading."""

    length: Array
    angle: Array
    easing_m: float
    heading_rad: float = 0.0

    @property
    def length_m(self) -> float:
        return float(self.length.sum())

    def heading_and_curvature(self, s: Array) -> tuple[Array, Array]:
        """Heading in rad (continuous) and curvature in 1/m at arc lengths `s`, each within half a window of the lap."""
        total = self.length_m
        # One lap before and one after make the window wrap round the start.
        length = np.tile(self.length, 3)
        angle = np.tile(self.angle, 3)
        bound = np.concatenate([[0.0], np.cumsum(length)]) - total
        theta = np.concatenate([[0.0], np.cumsum(angle)]) - self.angle.sum()
        area = np.concatenate([[0.0], np.cumsum((theta[:-1] + 0.5 * angle) * length)])
        slope = angle / length

        def integrals(at: Array) -> tuple[Array, Array]:
            i = np.clip(np.searchsorted(bound, at, side="right") - 1, 0, len(length) - 1)
            d = at - bound[i]
            return theta[i] + slope[i] * d, area[i] + (theta[i] + 0.5 * slope[i] * d) * d

        half = 0.5 * self.easing_m
        theta_ahead, area_ahead = integrals(s + half)
        theta_behind, area_behind = integrals(s - half)
        heading = (area_ahead - area_behind) / self.easing_m
        return self.heading_rad + heading - self._heading_at_start(integrals), (
            theta_ahead - theta_behind
        ) / self.easing_m

    def _heading_at_start(self, integrals: Callable[[Array], tuple[Array, Array]]) -> float:
        """Averaging shifts the heading at s = 0 when the lap begins near a corner; the given heading is kept."""
        half = 0.5 * self.easing_m
        ends = integrals(np.array([half, -half]))[1]
        return float((ends[0] - ends[1]) / self.easing_m)

    def positions(self, count: int) -> tuple[Array, Array, float, float]:
        """x, y (count,) m at uniform stations from (0, 0), and the gap (dx, dy) left at the end of the lap."""
        step = self.length_m / count
        s = step * (np.arange(count)[:, None] + _NODES)
        heading, _ = self.heading_and_curvature(s)
        x = np.concatenate([[0.0], np.cumsum(np.cos(heading) @ _WEIGHTS * step)])
        y = np.concatenate([[0.0], np.cumsum(np.sin(heading) @ _WEIGHTS * step)])
        return x[:-1], y[:-1], float(x[-1]), float(y[-1])

    def closing_error(self, winding: int) -> Array:
        """(3,): missing angle in rad against `winding` turns, and the gap in m along x and y."""
        _, _, dx, dy = self.positions(max(200, round(self.length_m / 4.0)))
        return np.array([self.angle.sum() - winding * 2.0 * np.pi, dx, dy])


def close_curve(curve: Curve, winding: int, iterations: int = 8) -> Curve:
    """The closed curve nearest to `curve`: minimum-norm Gauss-Newton on relative changes of lengths and angles.

    Straights keep their direction (their angle is zero and stays zero). `winding` is +1 for a lap driven
    anticlockwise, -1 for clockwise.
    """
    count = len(curve.length)
    scale = np.concatenate([curve.length * _LENGTH_FREEDOM, np.abs(curve.angle) * _ANGLE_FREEDOM])
    moved = np.flatnonzero(scale)
    for _ in range(iterations):
        error = curve.closing_error(winding)
        if np.abs(error).max() < 1e-9:
            break
        jacobian = np.zeros((3, len(moved)))
        for column, index in enumerate(moved):
            length, angle = curve.length.copy(), curve.angle.copy()
            target = length if index < count else angle
            nudge = 1e-3 * scale[index]
            target[index % count] += nudge
            changed = Curve(length, angle, curve.easing_m, curve.heading_rad).closing_error(winding)
            jacobian[:, column] = (changed - error) / nudge * scale[index]
        change = np.zeros(2 * count)
        change[moved] = scale[moved] * np.linalg.lstsq(jacobian, -error, rcond=None)[0]
        curve = Curve(
            np.maximum(curve.length + change[:count], 0.1),
            curve.angle + change[count:],
            curve.easing_m,
            curve.heading_rad,
        )
    return curve
