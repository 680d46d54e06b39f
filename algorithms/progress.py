"""A live line about the run: counters, rates, return, time left, and what the caller adds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TextIO

from algorithms.loop import Callback, LoopSettings, Progress, StepRecord

PLAIN_INTERVAL_S = 10.0
LIVE_INTERVAL_S = 0.5
_RATE_WINDOW_S = 15.0


class ProgressLine(Callback):
    """Redraws one panel on a terminal; elsewhere prints a line about every ten seconds."""

    def __init__(
        self,
        settings: LoopSettings,
        extra: Callable[[], Mapping[str, str]] = dict,
        stream: TextIO | None = None,
    ) -> None:
        self._settings, self._extra = settings, extra
        self._stream = stream or sys.stdout
        self._interval = PLAIN_INTERVAL_S
        self._marks: list[tuple[float, int, int]] = []  # time, env_steps, updates
        self._last = -1e9
        self._live = None
        if self._stream.isatty():
            from rich.console import Console
            from rich.live import Live

            self._interval = LIVE_INTERVAL_S
            self._live = Live(console=Console(file=self._stream), auto_refresh=False, transient=False)
            self._live.start()

    def on_step(self, progress: Progress, step: StepRecord) -> None:
        """Draw when it is time to."""
        now = time.monotonic()
        if now - self._last >= self._interval:
            self._last = now
            self._draw(now, progress)

    def on_end(self, progress: Progress, reason: str) -> None:
        """Draw the last state and let go of the terminal."""
        self._draw(time.monotonic(), progress)
        if self._live:
            self._live.stop()
            self._live = None

    def fields(self, now: float, progress: Progress) -> dict[str, str]:
        """Name and text of everything shown, in order."""
        p, s = progress, self._settings
        self._marks.append((now, p.env_steps, p.updates))
        while len(self._marks) > 2 and now - self._marks[0][0] > _RATE_WINDOW_S:
            self._marks.pop(0)
        then, steps, updates = self._marks[0]
        span = max(now - then, 1e-9)
        step_rate, update_rate = (p.env_steps - steps) / span, (p.updates - updates) / span
        limits = [(s.num_steps - p.env_steps) / step_rate] if step_rate > 0 else []
        if s.max_minutes:
            limits.append(60.0 * s.max_minutes - p.elapsed_s)
        return {
            "steps": f"{p.env_steps:,}/{s.num_steps:,}",
            "steps/s": f"{step_rate:,.0f}",
            "updates": f"{p.updates:,}",
            "updates/s": f"{update_rate:,.0f}",
            "episodes": f"{p.episodes:,}",
            "return": f"{p.mean_return():,.1f}" if p.returns else "-",
            "elapsed": _clock(p.elapsed_s),
            "left": _clock(max(min(limits), 0.0)) if limits else "-",
            **self._extra(),
        }

    def _draw(self, now: float, progress: Progress) -> None:
        fields = self.fields(now, progress)
        if self._live:
            from rich.columns import Columns
            from rich.panel import Panel
            from rich.text import Text

            cells = [Text.assemble((name, "dim"), " ", (text, "bold")) for name, text in fields.items()]
            self._live.update(Panel(Columns(cells, padding=(0, 2)), title="training"), refresh=True)
        else:
            with suppress(OSError):  # the line may go to a file on a full disk
                print("  ".join(f"{name} {text}" for name, text in fields.items()), file=self._stream, flush=True)


def _clock(seconds: float) -> str:
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"
