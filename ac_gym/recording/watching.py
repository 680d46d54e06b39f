"""Records whom one watches: `ac-gym record`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ac_gym.capture import Source
from ac_gym.errors import ConfigError
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
    files are complete; so does a `duration` that is none.
    """
    if duration is not None and not duration > 0.0:
        raise ConfigError(f"the duration must be greater than 0 s, is {duration:g}")
    done: list[Summary] = []
    recorder: Recorder | None = None

    def begin() -> Recorder:
        begun = Recorder(folder, observer.header(), settings, plugin=observer.from_plugin, pictures=pictures)
        tell(f"recording to {begun.states.path.parent}")
        return begun

    def stop(reason: str) -> None:
        nonlocal recorder
        if recorder is not None:
            done.append(recorder.close(reason))
            recorder = None
            tell(done[-1].text())

    try:
        if not button:  # before the first state, since files take their time to be made
            recorder = begin()
        end = None if duration is None else time.monotonic() + duration
        while end is None or time.monotonic() < end:
            state = observer.next()
            if state is None:
                continue
            if button and not state.button:
                stop("button")
                continue
            if recorder is None:
                recorder = begin()
            recorder.put(state.frame, state.time, state.plugin, state.missed)
            if recorder.problem is not None:
                raise recorder.problem
            look(recorder)
    except KeyboardInterrupt:
        stop("interrupted")
    finally:
        stop("stopped")
    return done
