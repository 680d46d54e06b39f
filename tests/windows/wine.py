"""Running Windows programs under Wine: one prefix, kept awake for as long as a `Wine` is open."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, Self

PIPE = subprocess.PIPE


def windows_path(path: Path) -> str:
    """How Windows programs name a file of this machine."""
    return str(PureWindowsPath("Z:" + str(path.resolve())))


def environment(prefix: Path, **extra: str) -> dict[str, str]:
    """Variables of a Windows program; the home folder is one of our own, as Wine links `Documents` to it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AC_GYM", "WINE"))}
    return kept | {
        "HOME": str(prefix.parent / "home"),
        "WINEPREFIX": str(prefix),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=",  # neither .NET nor a browser: Wine would ask to download them
        **extra,
    }


class Screen:
    """An X server that shows nothing. Wine's Direct3D draws with OpenGL, in software, and that asks for a screen."""

    def __enter__(self) -> Self:
        command = ["Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "64x64x24"]
        self._server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=PIPE, stderr=subprocess.DEVNULL)
        assert self._server.stdout is not None
        number = self._server.stdout.readline().decode().strip()
        if not number:
            self.__exit__()
            raise RuntimeError("Xvfb does not start")
        self.variables = {"DISPLAY": f":{number}", "LIBGL_ALWAYS_SOFTWARE": "1"}
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        self._server.communicate(timeout=60)


class Wine:
    """A Windows session. Programs start in hundredths of a second while it is open; closing it ends them all.

    `python` is python.exe; `variables` are set for every program.
    """

    def __init__(self, prefix: Path, python: Path, variables: Mapping[str, str]) -> None:
        self.prefix, self.python, self.variables = prefix, python, variables
        self._sleeper: subprocess.Popen[bytes] | None = None
        self._screen = Screen()

    def __enter__(self) -> Self:
        self._screen.__enter__()
        # The first program also starts Windows' services, which keep its standard handles: so it is one of our own that
        # stays, and nobody else waits for the end of a pipe that a service holds.
        self._sleeper = self.start("cmd", "/c", "echo awake & set /p line=", stderr=subprocess.DEVNULL)
        awake, _, _ = select.select([self._sleeper.stdout], [], [], 60.0)
        if not awake or self._sleeper.poll() is not None:
            self.__exit__()
            raise RuntimeError(f"Wine does not start in {self.prefix}; remove that folder and try again")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._sleeper is not None
        subprocess.run(["wineserver", "-k"], env=environment(self.prefix), check=False, capture_output=True, timeout=60)
        self._sleeper.communicate(timeout=60)
        self._screen.__exit__()

    def run_python(self, *arguments: str | Path, timeout: float = 60.0, **variables: str) -> str:
        """What the program prints; where it fails, an AssertionError that shows all of it."""
        process = self.start_python(*arguments, **variables)
        try:
            out, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
            raise AssertionError(f"still running after {timeout:g} s under Windows:\n{_text(out)}") from None
        if process.returncode:
            raise AssertionError(f"exit code {process.returncode} under Windows:\n{_text(out)}")
        return _text(out)

    def start_python(self, *arguments: str | Path, **variables: str) -> subprocess.Popen[bytes]:
        """python.exe with output and errors on one pipe."""
        return self.start(self.python, "-X", "utf8", "-X", "faulthandler", *arguments, **variables)

    def start(
        self, program: str | Path, *arguments: str | Path, stderr: int = subprocess.STDOUT, **variables: str
    ) -> subprocess.Popen[bytes]:
        """A Windows program. Its standard handles are pipes: Windows' Python dies of a file of this machine as one."""
        command: Sequence[Any] = ["wine", program, *(windows_path(a) if isinstance(a, Path) else a for a in arguments)]
        return subprocess.Popen(
            command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
            cwd=self.prefix.parent,
            env=environment(self.prefix, **self._screen.variables, **self.variables, **variables),
        )


def _text(output: bytes) -> str:
    return output.decode("utf-8", errors="replace").replace("\r\n", "\n")
