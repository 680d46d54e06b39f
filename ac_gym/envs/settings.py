"""Settings of what people see of the environments."""

from __future__ import annotations

from dataclasses import dataclass

from ac_gym.camera import checked_size, view_named


@dataclass(frozen=True)
class RenderSettings:
    """Settings of `render`; every one is a keyword of the environments."""

    render_view: str = "chase"
    """where the picture is taken from: `cockpit`, `chase` or `top`"""
    render_size: tuple[int, int] = (640, 480)
    """width and height of the picture [pixels]"""
    render_line: bool = True
    """the racing line on the road, red where the limit lap brakes, green where it accelerates"""
    render_cars: bool = False
    """the other cars of the batch are in the picture; they drive as if alone"""
    render_hud: bool = True
    """instruments: lap times, map, speed, gear, pedals, steering; needs pygame, without it there are none"""

    def __post_init__(self) -> None:
        view_named(self.render_view)
        checked_size(self.render_size)
