"""Work that only the game's main thread may do, on behalf of the servers' threads."""

import collections
import threading

_A_FRAME = 4


class UnavailableError(Exception):
    """The main thread did not come to it; the text is for the client."""


class RefusedError(Exception):
    """The game cannot do what was asked; the text says why and what to do."""


class _Job(object):
    def __init__(self, function):
        self.function = function
        self.done = threading.Event()
        self.abandoned = False
        self.result = self.error = None

    def run(self):
        try:
            self.result = self.function()
        except Exception as error:  # told in the thread that waits
            self.error = error
        self.done.set()


class Jobs(object):
    """A queue from any thread to `acUpdate`."""

    TIMEOUT = 2.0  # s

    def __init__(self):
        self._waiting = collections.deque()
        self._closed = False

    def call(self, function):
        """The answer of `function()` in the main thread at its next frame. RefusedError where it raises that;
        UnavailableError for any other error, and where no frame comes."""
        job = _Job(function)
        if not self._closed:
            self._waiting.append(job)
            job.done.wait(self.TIMEOUT)
        if not job.done.is_set():
            job.abandoned = True
            raise UnavailableError(
                "the game draws no frames just now (loading, paused or closing); try again when it does"
            )
        if isinstance(job.error, RefusedError):
            raise job.error
        if job.error is not None:
            raise UnavailableError("the game could not do that: {0!r}".format(job.error))
        return job.result

    def run_waiting(self):
        """Main thread, once a frame."""
        for _ in range(_A_FRAME):
            if not self._waiting:
                return
            job = self._waiting.popleft()
            if not job.abandoned:
                job.run()

    def close(self):
        self._closed = True
