"""Records whom one watches: `ac-gym record`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ac_gym.capture import Source
from ac_gym.recording.observing import Observer
from ac_gym.recording.recorder import Recorder, RecorderSettings, Summary


def watch(
    observer: Observer,
    folder: Path,
    settings: RecorderSettings,
    *,
    pictures: Source | None = None,
    button: bool = False,
    duration: float | None = None,
    tell: Callable[[str], None] = lambda line: None,
    look: Callable[[Recorder], None] = lambda recorder: None,
) -> list[Summary]:
    """Record into the session `folder` until Ctrl-C, the end of the game, or for `duration` s of states.

    With `button` there is a recording for each time that the plugin's Record button is on. `tell` gets a line for each
    beginning and end, `look` the recorder after each state. What ends the game or the disk raises AcGymError, after the
    files are complete.
    """
    done: list[Summary] = []
    recorder: Recorder | None = None
    end = None if duration is None else time.monotonic() + duration

    def stop(reason: str) -> None:
        nonlocal recorder
        if recorder is not None:
            done.append(recorder.close(reason))
            tell(done[-1].text())
            recorder = None

    try:
        while end is None or time.monotonic() < end:
            state = observer.next()
            if state is None:
                continue
            if button and not state.button:
                stop("button")
                continue
            if recorder is None:
                recorder = Recorder(folder, observer.header(), settings, plugin=observer.from_plugin, pictures=pictures)
                tell(f"recording to {recorder.states.path.parent}")
            recorder.put(state.frame, state.time, state.plugin)
            if recorder.problem is not None:
                raise recorder.problem
            look(recorder)
    except KeyboardInterrupt:
        stop("interrupted")
    finally:
        stop("stopped")
    return done
