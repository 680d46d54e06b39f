"""Instruments over the picture: speed, gear, engine, pedals, steering, lap times, the car's place on the circuit."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ac_gym.car import Car
from ac_gym.track import Track

if TYPE_CHECKING:
    from ac_gym.task import Telemetry

_PANEL, _TEXT, _DIM, _TROUGH = (14, 16, 20, 176), (244, 244, 240), (170, 174, 180), (58, 62, 70)
_GREEN, _RED, _AMBER, _BLUE = (80, 200, 110), (232, 72, 56), (240, 180, 60), (90, 170, 250)
_SHIFT_LIGHT = 0.92  # share of the limiter's engine speed
_SHOWN = (
    "speed", "gear", "rpm", "throttle", "brake", "steer_angle",
    "current_time", "last_lap_time", "best_lap_time", "lap_count", "lap_invalidated",
)  # fmt: skip
_DESIGN_HEIGHT = 480  # pixels; the layout below is for this height and grows with the picture


class Hud:
    """Draws the instruments of one car on a picture."""

    def __init__(self, pygame: Any, track: Track, car: Car, size: tuple[int, int]) -> None:
        pygame.font.init()
        self._pygame, self._size, self._car = pygame, size, car
        self._unit = size[1] / _DESIGN_HEIGHT
        font = lru_cache(maxsize=8)(lambda points: pygame.font.Font(None, self._px(points)))
        self._label = lru_cache(maxsize=512)(lambda text, points, colour: font(points).render(text, True, colour))
        self._place_map(track)
        self._times = self._panel(128, 62)
        self._dash = self._panel(244, 66)

    def draw(self, surface: Any, telemetry: Telemetry, index: int) -> None:
        """All instruments for car `index`."""
        values = {name: float(telemetry[name][index]) for name in _SHOWN}
        self._draw_times(surface, values)
        self._draw_map(surface, telemetry["world_position"][index])
        self._draw_dash(surface, values)

    def _px(self, units: float) -> int:
        return round(units * self._unit)

    def _panel(self, width: float, height: float) -> Any:
        panel = self._pygame.Surface((self._px(width), self._px(height)), self._pygame.SRCALPHA)
        self._pygame.draw.rect(panel, _PANEL, panel.get_rect(), border_radius=self._px(8))
        return panel

    def _text(
        self, surface: Any, text: str, x: float, y: float, size: float, colour: Any = _TEXT, align: str = "left"
    ) -> None:
        """`x`, `y` in pixels: of the text's left, centre or right end, and of its vertical middle."""
        label = self._label(text, size, colour)
        left = x - {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * label.get_width()
        surface.blit(label, (round(left), round(y - 0.5 * label.get_height())))

    def _draw_times(self, surface: Any, values: dict[str, float]) -> None:
        x, y = self._px(10), self._px(10)
        surface.blit(self._times, (x, y))
        invalid = values["lap_invalidated"] > 0
        rows = (
            (f"Lap {int(values['lap_count']) + 1}", values["current_time"], _RED if invalid else _TEXT),
            ("Last", values["last_lap_time"], _TEXT),
            ("Best", values["best_lap_time"], _GREEN),
        )
        for row, (name, time_ms, colour) in enumerate(rows):
            at = y + self._px(14 + 18 * row)
            self._text(surface, name, x + self._px(9), at, 19, _DIM)
            shown = lap_clock(time_ms / 1000.0) if time_ms > 0 else "-"
            self._text(surface, shown, x + self._px(119), at, 20, colour, "right")

    def _draw_dash(self, surface: Any, values: dict[str, float]) -> None:
        px, rect = self._px, self._pygame.draw.rect
        x, y = (self._size[0] - self._dash.get_width()) // 2, self._size[1] - px(10) - self._dash.get_height()
        surface.blit(self._dash, (x, y))

        def bar(box: tuple[float, float, float, float], share: float, colour: Any, upright: bool = False) -> None:
            left, top, width, height = x + px(box[0]), y + px(box[1]), px(box[2]), px(box[3])
            rect(surface, _TROUGH, (left, top, width, height), border_radius=px(2))
            share = min(max(share, 0.0), 1.0)
            wide, tall = (width, round(height * share)) if upright else (round(width * share), height)
            if wide and tall:
                rect(surface, colour, (left, top + height - tall, wide, tall), border_radius=px(2))

        revs = values["rpm"] / self._car.values["engine_limiter_rpm"]
        bar((10, 8, 224, 7), revs, _RED if revs > _SHIFT_LIGHT else _BLUE)
        gear = int(values["gear"])
        self._text(surface, "RN"[gear] if gear < 2 else str(gear - 1), x + px(26), y + px(41), 52, _TEXT, "centre")
        self._text(surface, f"{3.6 * values['speed']:.0f}", x + px(104), y + px(37), 42, _TEXT, "right")
        self._text(surface, "km/h", x + px(108), y + px(43), 17, _DIM)
        bar((210, 22, 9, 36), values["throttle"], _GREEN, upright=True)
        bar((224, 22, 9, 36), values["brake"], _RED, upright=True)
        self._draw_steering(surface, x + px(172), y + px(40), values["steer_angle"])

    def _draw_steering(self, surface: Any, x: int, y: int, angle_deg: float) -> None:
        """A steering wheel: rim, and a spoke that turns with it."""
        radius = self._px(18)
        circle, line = self._pygame.draw.circle, self._pygame.draw.aaline
        circle(surface, _TROUGH, (x, y), radius, self._px(4))
        turn, centre = np.radians(angle_deg), np.array([x, y])
        top = np.array([np.sin(turn), -np.cos(turn)])
        spoke = np.array([np.cos(turn), np.sin(turn)]) * (radius - self._px(3))
        for shift in (-top, 0.0 * top, top):
            line(surface, _DIM, centre - spoke + shift, centre + spoke + shift)
        circle(surface, _AMBER, centre + top * (radius - self._px(2)), self._px(4))

    def _place_map(self, track: Track) -> None:
        """Draws the circuit once, small, north up."""
        pg, points = self._pygame, np.column_stack([track.x, track.y])
        low, high = points.min(axis=0), points.max(axis=0)
        room, margin, fine = self._px(136), self._px(10), 4
        scale = (room - 2 * margin) / float((high - low).max())
        width, height = np.ceil((high - low) * scale + 2 * margin).astype(int)
        self._to_map = lambda p: np.column_stack([p[:, 0] - low[0], high[1] - p[:, 1]]) * scale + margin
        large = pg.Surface((width * fine, height * fine), pg.SRCALPHA)
        pg.draw.rect(large, _PANEL, large.get_rect(), border_radius=self._px(8) * fine)
        pg.draw.lines(large, _TEXT, True, self._to_map(points) * fine, round(2.2 * self._unit * fine))
        a, b = self._to_map(points[:1])[0], self._to_map(points[:2])[-1]
        along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
        across = np.array([-along[1], along[0]]) * self._px(5)
        pg.draw.line(large, _AMBER, (a - across) * fine, (a + across) * fine, 2 * fine)
        self._map = pg.transform.smoothscale(large, (int(width), int(height)))
        self._map_at = np.array([self._size[0] - width - self._px(10), self._px(10)])

    def _draw_map(self, surface: Any, position: Any) -> None:
        surface.blit(self._map, self._map_at)
        spot = self._map_at + self._to_map(position[None, :2])[0]
        self._pygame.draw.circle(surface, _PANEL[:3], spot, self._px(6))
        self._pygame.draw.circle(surface, _RED, spot, self._px(4.5))


def lap_clock(seconds: float) -> str:
    """1:47.123"""
    minutes, rest = divmod(round(seconds, 3), 60.0)
    return f"{int(minutes)}:{rest:06.3f}"
