"""A short video of a lap from above."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ac_gym.errors import AcGymError
from ac_gym.evaluation import Evaluation

FPS = 25
_LONG_LAP_S = 60.0  # longer laps are shown at twice the speed


def write_video(path: Path, evaluation: Evaluation, size: tuple[int, int] = (640, 480)) -> Path:
    """Draws the shown lap in real time, or in half of it, and encodes it as H.264; a bar tells how far it is."""
    try:
        # imageio runs the ffmpeg program that comes with it: no codec library that must match, any platform.
        import imageio.v2 as imageio
        import imageio_ffmpeg  # noqa: F401
    except ModuleNotFoundError as error:
        raise AcGymError("the lap video needs imageio and ffmpeg: pip install 'ac_gym[train]'") from error
    from rich.console import Console
    from rich.progress import track as progress

    from ac_gym.envs.rendering import Renderer

    trace = evaluation.shown()
    pace = 2.0 if trace.time_s[-1] - trace.time_s[0] > _LONG_LAP_S else 1.0
    wanted = np.arange(trace.time_s[0], trace.time_s[-1], pace / FPS)
    rows = np.searchsorted(trace.time_s, wanted - 1e-6).clip(max=len(trace.time_s) - 1)
    renderer = Renderer(evaluation.track, evaluation.car, trace.telemetry, size=size)
    options: dict[str, Any] = {
        "fps": FPS,
        "codec": "libx264",
        "quality": None,
        "ffmpeg_params": ["-preset", "veryfast", "-crf", "25"],
    }
    writer: Any
    with imageio.get_writer(path, **options) as writer:
        for row in progress(rows.tolist(), description=path.name, console=Console(stderr=True), transient=True):
            writer.append_data(renderer.draw(row))
    return path
