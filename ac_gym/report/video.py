"""A short video of a lap: the chase camera, with instruments."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ac_gym.camera import scene_of
from ac_gym.envs.rendering import Renderer
from ac_gym.envs.settings import RenderSettings
from ac_gym.errors import AcGymError
from ac_gym.evaluation import Evaluation

FPS = 25
_LONG_LAP_S = 60.0  # longer laps are shown at twice the speed
_ENCODING = ["-preset", "veryfast", "-crf", "25"]  # about 1.5 MB a minute


def write_video(path: Path, evaluation: Evaluation, size: tuple[int, int] = (640, 480), view: str = "chase") -> Path:
    """Draws the shown lap in real time, or twice as fast, and encodes it as H.264; a bar tells how far it is."""
    try:
        import imageio_ffmpeg
    except ModuleNotFoundError as error:
        raise AcGymError("the lap video needs imageio-ffmpeg: pip install 'ac_gym[train]'") from error
    from rich.console import Console
    from rich.progress import track as progress

    trace = evaluation.shown()
    scene = scene_of(evaluation.track, evaluation.car)
    renderer = Renderer(scene, trace.telemetry, RenderSettings(render_view=view, render_size=size))
    pace = 2.0 if trace.time_s[-1] - trace.time_s[0] > _LONG_LAP_S else 1.0
    wanted = np.arange(trace.time_s[0], trace.time_s[-1] + 1e-6, pace / FPS)
    rows = np.searchsorted(trace.time_s, wanted - 1e-6).clip(max=len(trace.time_s) - 1)
    film = imageio_ffmpeg.write_frames(str(path), size, fps=FPS, codec="libx264", quality=None, output_params=_ENCODING)
    film.send(None)  # the generator asks for the first picture
    try:
        for row in progress(rows.tolist(), description=path.name, console=Console(stderr=True), transient=True):
            film.send(renderer.draw(row))
    except OSError as error:  # the encoder ended, or the disk is full
        reason = str(error).partition("FFMPEG COMMAND")[0].strip()
        raise AcGymError(
            f"the video {path} could not be written ({reason}): is the disk full, the folder writable?"
        ) from None
    finally:
        film.close()
    return path
