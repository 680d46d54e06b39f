"""The Windows tests: those inside run under a Windows Python, those across have one end on each system.

Usage: python tests/windows/run.py [--if-possible] [pytest options]. Exit code 0: all passed; with --if-possible also where
this machine cannot run them, which is then said in one line.
"""

from __future__ import annotations

import subprocess
import sys

import environment
from wine import Wine

SHARED = ("telemetry", "game", "plugin", "physics", "worlds", "test_car.py")
"""tests of every system that also run on Windows"""


def main(arguments: list[str]) -> int:
    if_possible = "--if-possible" in arguments
    options = [argument for argument in arguments if argument != "--if-possible"]
    try:
        windows = environment.prepare()
    except environment.UnavailableError as error:
        print(f"Windows tests were not run: {error}")
        return 0 if if_possible else 1
    with windows:
        inside = _inside(windows, options)
        across = subprocess.run([sys.executable, "-m", "pytest", environment.HERE / "across", *options], check=False)
    return inside or across.returncode


def _inside(windows: Wine, options: list[str]) -> int:
    """pytest under Windows; its output passes through as it comes."""
    tests = [environment.HERE / "inside", *(environment.ROOT / "tests" / name for name in SHARED)]
    process = windows.start_python(
        "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={environment.windows_path(environment.ROOT)}", *tests, *options
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    for line in process.stdout:
        sys.stdout.write(line.decode("utf-8", errors="replace").replace("\r\n", "\n"))
        sys.stdout.flush()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
