"""Records whom one watches: `ac-gym record`."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TypeVar

from ac_gym.capture import Source
from ac_gym.errors import ConfigError
from ac_gym.recording.observing import Observer
from ac_gym.recording.recorder import Recorder, RecorderSettings, Summary

Thing = TypeVar("Thing")


class Ending:
    """Ctrl-C and its like, of which none breaks off anything but a wait for what is to come.

    While files are made or completed they are remembered instead, so that no number of them leaves a file unfinished.
    """

    def __init__(self) -> None:
        self._asked = self._waiting = False

    def listen(self) -> None:
        """To Ctrl-C, SIGTERM, and SIGHUP of a terminal that is closed; for good, so that nothing ends the end."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP
                signal.signal(number, self._ask)

    def heeded_in(self, wait: Callable[[], Thing]) -> Thing:
        """What `wait` gives; KeyboardInterrupt as soon as the end is asked for."""
        try:
            self._waiting = True
            if self._asked:
                raise KeyboardInterrupt
            return wait()
        finally:
            self._waiting = False

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt


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
    ending: Ending | None = None,
) -> list[Summary]:
    """Record into the session `folder` until Ctrl-C, the end of the game, or for `duration` s of states.

    With `button` there is a recording for each time that the plugin's Record button is on. `tell` gets a line for each
    beginning and end, `look` the recorder after each state. `ending` is who listens for Ctrl-C, else Python does. What
    ends the game or the disk raises AcGymError, after the files are complete; so does a `duration` that is none.
    """
    if duration is not None and not duration > 0.0:
        raise ConfigError(f"the duration must be greater than 0 s, is {duration:g}")
    ending = ending or Ending()
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
            state = ending.heeded_in(observer.next)
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
