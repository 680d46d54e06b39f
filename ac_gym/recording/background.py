"""Work that must not hold up its producer: a thread, and a bounded queue before it."""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ac_gym.errors import RecordingError

_NICE = 5  # the game and its driver come first
_log = logging.getLogger("ac_gym.recording")

Item = TypeVar("Item")


class Worker:
    """Does `work` in a thread of its own. The end of the process waits for none that nobody joins."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self._work, self._done = work, threading.Event()
        self._owner = os.getpid()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Waits for its end. Ctrl-C may break that off, and it can be waited for again."""
        # Not by Thread.join: after one that was broken off, the next returns at once (until Python 3.13).
        forked = os.getpid() != self._owner  # which leaves the thread behind
        if threading.current_thread() is not self._thread and not forked:
            self._done.wait()

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._done.set()


class Background(Generic[Item]):
    """Calls `work(item)` in a thread of its own, for items in the order of `put`; `idle()` about every `rest` s.

    At most `capacity` units wait; a `put` that finds no room gives False at once, or waits for it if asked to. When
    `work` or `idle` fails, that is logged and kept as `problem`, and later items are refused.
    """

    def __init__(
        self, place: object, work: Callable[[Item], None], *, capacity: int, idle: Callable[[], None], rest: float
    ) -> None:
        """`place`: what is written to, for messages."""
        self.problem: RecordingError | None = None
        self._work, self._idle, self._rest = work, idle, rest
        self._capacity = capacity
        self._waiting: collections.deque[tuple[Item, int]] = collections.deque()
        self._units = 0
        self._changed = threading.Condition()
        self._asleep, self._blocked = False, 0
        self._ending = False
        self._finish: Callable[[], None] | None = None
        self._place = place
        self._worker = Worker(self._run, f"recorder of {place}")

    def put(self, item: Item, units: int = 1, *, wait: bool = False, always: bool = False) -> bool:
        """Whether the item was taken; `units` is the room that it needs. `always` takes it without room."""
        with self._changed:
            while not always and self._units + units > self._capacity and self._units:
                if not wait or self.problem or self._ending:
                    return False
                self._blocked += 1
                self._changed.wait()
                self._blocked -= 1
            if self.problem or self._ending:
                return False
            self._waiting.append((item, units))
            self._units += units
            if self._asleep:
                self._changed.notify_all()
            return True

    def join(self, finish: Callable[[], None] | None = None) -> None:
        """Takes no more items; waits until those that wait are done, and `finish` after them, in the thread too."""
        with self._changed:
            self._finish = self._finish or finish
            self._ending = True
            self._changed.notify_all()
        self._worker.join()

    def _run(self) -> None:
        if hasattr(os, "setpriority"):
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        try:
            self._serve()
            if self._finish is not None:
                self._finish()
        except Exception as error:  # whatever it is, nobody must wait for this thread any more
            problem = self._told(error)
            _log.error("recording ended: %s", problem, exc_info=not isinstance(error, RecordingError | OSError))
            with self._changed:
                self.problem = problem
                self._waiting.clear()
                self._units = 0
                self._changed.notify_all()

    def _serve(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._ending:
                    self._asleep = True
                    self._changed.wait(self._rest)
                    self._asleep = False
                if not self._waiting and self._ending:
                    return
                taken, self._waiting = self._waiting, collections.deque()
            while taken:
                item, units = taken.popleft()
                self._work(item)
                del item
                with self._changed:
                    self._units -= units
                    if self._blocked:
                        self._changed.notify_all()
            self._idle()

    def _told(self, error: Exception) -> RecordingError:
        if isinstance(error, RecordingError):
            return error
        place, reason = self._place, f"{type(error).__name__}: {error}"
        if isinstance(error, OSError):
            place = error.filename or place
            reason = os.strerror(error.errno) if error.errno else str(error)
        return RecordingError(f"{place}: cannot be written to any more ({reason})")
