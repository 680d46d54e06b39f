"""Recordings: one JSON state a line, written by a thread of its own, so that no frame waits for the disk."""

import os
import queue
import re
import threading
import time

from . import state

_WAITING = 500  # states, 10 s at 50 Hz
_UNFINISHED = ".part"


class Recording(object):
    """One file; it has its name when it is complete, and `.part` after it until then.

    Every line is a state of the reference's keys plus `dropped`: states so far that the disk was too slow for.
    `steps` counts these too. `problem` says why it ended by itself.
    """

    def __init__(self, path):
        self.path = path
        self.states = self.dropped = 0
        self.problem = ""
        self._queue = queue.Queue(_WAITING)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._write, name="sensors_par recorder")
        self._thread.daemon = True
        self._thread.start()

    @property
    def on(self):
        return not self._ending.is_set()

    def put(self, row):
        """Main thread: one row of telemetry; never waits."""
        self.states += 1
        try:
            self._queue.put_nowait((self.states, list(row)))
        except queue.Full:
            self.dropped += 1

    def end(self):
        """No more states; what waits is still written."""
        self._ending.set()

    def join(self, timeout):
        self._thread.join(timeout)

    def _write(self):
        unfinished = self.path + _UNFINISHED
        try:
            with open(unfinished, "w", encoding="ascii", newline="\n") as file:
                self._write_lines(file)
            os.replace(unfinished, self.path)
        except OSError as error:
            self.problem = "recording to {0} failed: {1}".format(self.path, error.strerror or error)
            self._ending.set()

    def _write_lines(self, file):
        while self.on or not self._queue.empty():
            try:
                number, row = self._queue.get(timeout=0.1)
            except queue.Empty:
                continue
            line = state.text(row, number, 0)
            file.write('{0}, "dropped": {1}}}\n'.format(line[:-1], self.dropped))


class Recorder(object):
    """Starts and ends recordings in `folder`; main thread, but for `join`."""

    def __init__(self, folder, log):
        self._folder = folder
        self._log = log
        self.current = None

    @property
    def on(self):
        """Whether states are wanted; tells once when a recording has ended by itself."""
        recording = self.current
        if recording is None:
            return False
        if recording.on:
            return True
        if recording.problem:
            self._log(recording.problem)
            self.current = None
        return False

    def start(self, track, car):
        """A new file, named by time, track and car, unless one is being written."""
        if self.on:
            return
        try:
            if not os.path.isdir(self._folder):  # exist_ok minds the folder's mode in 3.3
                os.makedirs(self._folder)
        except OSError as error:
            self._log("no recording: {0} cannot be made ({1})".format(self._folder, error.strerror or error))
            return
        name = "{0}_{1}_{2}".format(time.strftime("%Y%m%d_%H%M%S"), track, car)
        self.current = Recording(self._free(re.sub(r"[^A-Za-z0-9_.-]", "_", name)))
        self._log("recording to {0}".format(self.current.path))

    def put(self, row):
        self.current.put(row)

    def end(self):
        if self.on:
            self.current.end()
            text = "recorded {0} states, {1} dropped: {2}"
            self._log(text.format(self.current.states, self.current.dropped, self.current.path))

    def join(self, timeout):
        """Waits for the file to be complete."""
        if self.current is not None and not self.current.on:
            self.current.join(timeout)

    def describe(self):
        recording = self.current
        if recording is None:
            return {"recording": False, "file": None}
        return {
            "recording": recording.on,
            "file": recording.path,
            "states": recording.states,
            "dropped": recording.dropped,
            "problem": recording.problem,
        }

    def _free(self, name):
        path, number = os.path.join(self._folder, name + ".jsonl"), 2
        while os.path.exists(path) or os.path.exists(path + _UNFINISHED):
            path = os.path.join(self._folder, "{0}_{1}.jsonl".format(name, number))
            number += 1
        return path
