"""`ac-gym serve` as a process of its own, on free ports, with pages of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0  # to start on a busy machine


class Served:
    """A running stand-in host."""

    def __init__(self, *options: str) -> None:
        self.pages = f"t{uuid.uuid4().hex[:10]}"
        self._folder = tempfile.TemporaryDirectory()
        self._ready = Path(self._folder.name) / "ready.json"
        self.options = options
        self.ports = {"ego": 0, "management": 0, "opponents": 0}
        self.start()

    def start(self) -> None:
        """Starts the process; again on the same ports, if it ran before."""
        ports = [f"--{name}-port={port}" for name, port in self.ports.items()]
        command = [sys.executable, "-m", "ac_gym.cli.main", "serve", f"--pages={self.pages}", "--udp-port=0"]
        command += [*ports, *self.options]
        self.log = open(Path(self._folder.name) / "log.txt", "w+")  # noqa: SIM115 - closed by `kill`
        self.process = subprocess.Popen(
            [*command, f"--ready-file={self._ready}"], stdout=self.log, stderr=self.log,
            env={**os.environ, "TMPDIR": self._folder.name},  # so that what a kill leaves behind goes
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while not self._ready.exists():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, f"not ready in {PATIENCE_S} s:\n{self.text()}"
            time.sleep(0.02)
        self.ports = json.loads(self._ready.read_text())["ports"]

    def text(self) -> str:
        """What it has printed."""
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def stop(self) -> int:
        """As Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20.0)

    def kill(self) -> None:
        """Without a goodbye: what it leaves behind in shared memory is removed."""
        self.process.kill()
        self.process.wait(20.0)
        self.log.close()
        self._ready.unlink(missing_ok=True)
        for path in Path("/dev/shm").glob(f"{self.pages}_*"):
            os.unlink(path)

    def settings(self, **others: Any) -> dict[str, Any]:
        """Keywords of an environment that drives here."""
        return {
            "world": "game",
            "ego_server_port": self.ports["ego"],
            "simulation_management_server_port": self.ports["management"],
            "reset_wait": 0.0,
            "take_over": True,  # from the test before: its client may have died without a goodbye
            **others,
        }


@contextmanager
def serving(*options: str) -> Iterator[Served]:
    served = Served(*options)
    try:
        yield served
    finally:
        served.kill()
        served._folder.cleanup()
