"""Small circuits as track files, and a point-mass car, for the tests."""

from __future__ import annotations

import numpy as np

from ac_gym.constants import GRAVITY as G
from ac_gym.track import Envelope


def layout_text(segments: list[str], length_m: float, direction: str = "anticlockwise", **header: str) -> str:
    """A track file of the given flow-style segments; `header` replaces or adds lines."""
    lines = {
        "name": "test",
        "title": "Test",
        "country": "Nowhere",
        "length_m": f"{length_m:g}",
        "direction": direction,
        "easing_m": "10",
        "defaults": "{width_m: 10}",
        "sources": "{all: invented for a test}",
    } | header
    return "\n".join(
        [*(f"{key}: {value}" for key, value in lines.items()), "segments:", *(f"  - {s}" for s in segments)]
    )


def ring_text(radius: float, extra: str = "", **header: str) -> str:
    half = np.pi * radius
    names = ("north", "south")
    segments = [f"{{name: {n}, length_m: {half:.6f}, radius_m: {radius:g}{extra}}}" for n in names]
    return layout_text(segments, 2.0 * half, **header)


def stadium_text(radius: float, straight: float, extra: str = "", **header: str) -> str:
    half = np.pi * radius
    segments = [
        f"{{name: start, length_m: {straight:g}}}",
        f"{{corner: east, length_m: {half:.6f}, radius_m: {radius:g}{extra}}}",
        f"{{name: back, length_m: {straight:g}}}",
        f"{{corner: west, length_m: {half:.6f}, radius_m: {radius:g}{extra}}}",
    ]
    return layout_text(segments, 2.0 * (half + straight), **header)


def point_mass(
    mu: float, lift: float = 0.0, drag: float = 0.0, power_per_kg: float = 200.0, top: float = 90.0
) -> Envelope:
    """A point mass on a friction circle: lift and drag are accelerations per squared speed, 1/m."""
    speed = np.linspace(5.0, top, 86)
    fraction = np.linspace(0.0, 1.0, 41)
    lateral = mu * (G + lift * speed**2)
    tyre = lateral[:, None] * np.sqrt(1.0 - fraction**2)
    resistance = (drag * speed**2)[:, None]
    accel = np.minimum(power_per_kg / speed[:, None], tyre) - resistance
    return Envelope(speed, lateral, fraction, accel, tyre + resistance)
