"""Drawing a circuit: borders, kerbs, racing line coloured by speed, corner names, start line, scale bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ac_gym.errors import AcGymError
from ac_gym.track.model import GRAVEL, Array, Track

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GRASS = "#dfe9d3"
_GRAVEL = "#eadfc4"
_ROAD = "#55585e"
_BORDER = "#ffffff"
_KERB = "#d8342b"
_WALL = "#9aa09a"
_LINE = "#ffd23f"
_TEXT = "#22262b"


def draw_track(track: Track, speed: Array | None = None, ax: Axes | None = None, *, line_width: float = 1.6) -> Axes:
    """Draws the track as seen from above; `speed` (M,) m/s at the stations colours the racing line, in km/h."""
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=figure_size(track), layout="constrained")[1]
    ax.set_aspect("equal")
    ax.axis("off")
    _draw_ground(ax, track)
    _band(ax, track, -track.width_right, track.width_left, _ROAD, 3)
    for sign, width, kerb in ((1.0, track.width_left, track.kerb_left), (-1.0, track.width_right, track.kerb_right)):
        _band(ax, track, sign * width, sign * (width + kerb), _KERB, 4)
        ax.plot(*_closed(*track.points(sign * width)), color=_BORDER, linewidth=0.5, zorder=5)
    x, y = _closed(*track.racing_line())
    if speed is None:
        ax.plot(x, y, color=_LINE, linewidth=line_width, zorder=6)
    else:
        draw_speed(ax, x, y, speed)
    _draw_start(ax, track)
    _draw_corner_names(ax, track)
    _draw_scale(ax, track)
    ax.set_title(
        f"{track.title}   {track.length_m:,.0f} m", color=_TEXT, fontsize=14, fontweight="bold", loc="left", pad=22
    )
    return ax


def draw_speed(ax: Any, x: Array, y: Array, speed: Array) -> None:
    """Adds a line (K,) coloured by `speed` (K,) or, of its pieces, (K - 1,) m/s, and a scale in km/h."""
    from matplotlib.collections import LineCollection

    pieces = np.stack([np.column_stack([x[:-1], y[:-1]]), np.column_stack([x[1:], y[1:]])], axis=1)
    line = LineCollection(list(pieces), cmap=_speed_colours(), linewidth=1.8, zorder=6, capstyle="round")
    kmh = 3.6 * np.asarray(speed)[: len(pieces)]
    line.set_array(kmh)
    line.set_clim(np.floor(kmh.min() / 10.0) * 10.0, np.floor(kmh.max() / 10.0 + 1.0) * 10.0)
    ax.add_collection(line)
    bar = ax.figure.colorbar(line, ax=ax, shrink=0.55, aspect=28, pad=0.01)
    bar.set_label("speed, km/h", color=_TEXT)
    bar.outline.set_visible(False)


@contextmanager
def plotting() -> Iterator[None]:
    """Names the remedy where matplotlib, an optional dependency, is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise AcGymError("drawing needs matplotlib; pip install 'ac_gym[plot]'") from error


def save_drawing(track: Track, path: str, speed: Array | None = None, note: str = "") -> None:
    """Writes the drawing to an image file, without a window; `note` is a line under the title."""
    with plotting():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    figure = Figure(figsize=figure_size(track), layout="constrained")
    FigureCanvasAgg(figure)
    ax = draw_track(track, speed, figure.add_subplot())
    if note:
        ax.annotate(note, (0.0, 1.0), (0, 8), "axes fraction", textcoords="offset points", color=_TEXT, fontsize=10)
    figure.savefig(path, dpi=160, bbox_inches="tight", pad_inches=0.25)


def _speed_colours() -> Any:
    """Turbo without its ends, which are too dark on the road."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["turbo"](np.linspace(0.1, 0.93, 256)))


def figure_size(track: Track) -> tuple[float, float]:
    """Inches, in the proportions of the track."""
    wide, high = np.ptp(track.x) + 300.0, np.ptp(track.y) + 300.0
    scale = 12.0 / max(wide, high)
    return max(6.0, wide * scale + 1.5), max(5.0, high * scale + 0.6)


def _closed(x: Array, y: Array) -> tuple[Array, Array]:
    return np.append(x, x[0]), np.append(y, y[0])


def _band(ax: Any, track: Track, from_offset: Array, to_offset: Array, color: str, zorder: float) -> None:
    """Fills the strip between two offsets, four-sided piece by piece: a strip of no width leaves no trace."""
    from matplotlib.collections import PolyCollection

    inner = np.column_stack(track.points(from_offset))
    outer = np.column_stack(track.points(to_offset))
    pieces = np.stack([inner, outer, np.roll(outer, -1, axis=0), np.roll(inner, -1, axis=0)], axis=1)
    some = np.abs(to_offset - from_offset) > 0.05
    ax.add_collection(
        PolyCollection(list(pieces[some]), facecolor=color, edgecolor=color, linewidth=0.3, zorder=zorder)
    )


def _draw_ground(ax: Any, track: Track) -> None:
    """Runoff between the road and the barriers, and the barriers."""
    sides = ((1.0, track.width_left, track.wall_left, track.runoff_left),
             (-1.0, track.width_right, track.wall_right, track.runoff_right))  # fmt: skip
    for sign, width, wall, surface in sides:
        _band(ax, track, sign * width, sign * wall, _GRASS, 1)
        _band(ax, track, sign * width, sign * np.where(surface == GRAVEL, wall, width), _GRAVEL, 2)
        ax.plot(*_closed(*track.points(sign * wall)), color=_WALL, linewidth=0.7, zorder=2.5)


def _draw_start(ax: Any, track: Track) -> None:
    """A line across the road, and an arrow beside it in the direction of driving."""
    heading = track.heading[0]
    forward = np.array([np.cos(heading), np.sin(heading)])
    left = np.array([-forward[1], forward[0]])
    at = np.array([track.x[0], track.y[0]])
    ends = np.stack([at + left * (track.width_left[0] + 6.0), at - left * (track.width_right[0] + 6.0)])
    ax.plot(ends[:, 0], ends[:, 1], color=_TEXT, linewidth=2.5, zorder=7)
    size = max(np.ptp(track.x), np.ptp(track.y))
    side = left * _outward(track, 0) * (track.width_left[0] + 0.022 * size)
    ax.annotate(
        "",
        xy=at + side + forward * 0.06 * size,
        xytext=at + side,
        arrowprops={"arrowstyle": "-|>", "color": _TEXT, "linewidth": 1.8},
        zorder=7,
    )


def _outward(track: Track, station: int) -> float:
    """+1 where the left side looks away from the middle of the circuit, else -1."""
    toward = (track.x[station] - track.x.mean()) * -np.sin(track.heading[station])
    toward += (track.y[station] - track.y.mean()) * np.cos(track.heading[station])
    return 1.0 if toward > 0 else -1.0


def _draw_corner_names(ax: Any, track: Track) -> None:
    """Each name outside its corner; where that is taken, farther away or on the other side."""
    size = max(np.ptp(track.x), np.ptp(track.y))
    road = np.column_stack([track.x, track.y])[::5]
    letter, row = 0.0088 * size, 0.020 * size  # about the size of the text on the map
    taken: list[tuple[float, float, float, float]] = []
    for corner in track.corners:
        middle = 0.5 * (corner.start_m + corner.end_m)
        i = round(middle / track.step_m) % len(track.s)
        at = np.array([track.x[i], track.y[i]])
        left = np.array([-np.sin(track.heading[i]), np.cos(track.heading[i])])
        turn = -np.sign(track.curvature[round(corner.apex_m / track.step_m) % len(track.s)]) or 1.0
        best = None
        for reach in (0.03, 0.045, 0.065, 0.09):
            for side in (turn, -turn):
                for slant in (0.0, 0.6, -0.6):
                    away = side * (left * np.cos(slant) + np.array([left[1], -left[0]]) * np.sin(slant))
                    half = np.array([0.5 * letter * len(corner.name), 0.5 * row])
                    spot = at + away * (reach * size) + np.sign(away) * half * np.abs(away)
                    box = (*(spot - half), *(spot + half))
                    inside = (np.abs(road - spot) < half + 0.008 * size).all(axis=1).sum()
                    clash = sum(_overlap(box, other) for other in taken)
                    cost = 3.0 * inside + 100.0 * clash + 60.0 * reach + (0.4 if side != turn else 0.0) + abs(slant)
                    if best is None or cost < best[0]:
                        best = (cost, spot, box)
        assert best is not None
        _, spot, box = best
        taken.append(box)
        ax.annotate(
            corner.name,
            xy=at,
            xytext=spot,
            ha="center",
            va="center",
            fontsize=9,
            color=_TEXT,
            zorder=9,
            arrowprops={"arrowstyle": "-", "color": _TEXT, "linewidth": 0.5, "alpha": 0.5, "shrinkB": 4},
        )


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _draw_scale(ax: Any, track: Track) -> None:
    """A bar of a round length under the map."""
    size = max(np.ptp(track.x), np.ptp(track.y))
    length = max(v for v in (10, 20, 50, 100, 200, 500, 1000) if v <= max(0.25 * size, 10))
    x0, y0 = track.x.min(), track.y.min() - 0.09 * size
    ax.plot([x0, x0 + length], [y0, y0], color=_TEXT, linewidth=3, solid_capstyle="butt", zorder=7)
    ax.text(x0 + 0.5 * length, y0 + 0.008 * size, f"{length} m", ha="center", va="bottom", color=_TEXT, fontsize=9)
