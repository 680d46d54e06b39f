"""The Windows tests: those inside run under a Windows Python, those across have one end on each system.

Usage: python tests/windows/run.py [--if-possible] [pytest options]. Exit code 0: all passed; with --if-possible also
where this machine cannot run them, which is then said in one line.
"""

from __future__ import annotations

import subprocess
import sys
import threading

import environment
from wine import Wine, windows_path

SHARED = (
    "capture/test_shm.py", "capture/test_convert.py", "capture/test_csp.py",
    "telemetry/test_pages.py", "telemetry/test_shared_memory.py", "plugin/test_app.py", "plugin/test_app_joystick.py",
    "plugin/test_ego.py", "plugin/test_opponents.py",
    "plugin/test_recorder.py", "plugin/test_settings.py", "game/controls", "game/test_doctor.py",
    "game/test_game_client.py", "game/test_ini.py", "game/test_install.py", "game/test_installation.py",
    "standin/test_host.py", "worlds/test_simulated.py",
)  # fmt: skip
"""tests of every system that run on Windows too: shared memory, sockets, files, processes, threads of the core"""
LIMIT_S = 600.0


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
    across = [sys.executable, "-m", "pytest", str(environment.HERE / "across"), *options]
    return inside or subprocess.run(across, check=False, timeout=LIMIT_S).returncode


def _inside(windows: Wine, options: list[str]) -> int:
    """pytest under Windows; its output passes through as it comes."""
    tests = [environment.HERE / "inside", *(environment.ROOT / "tests" / name for name in SHARED)]
    rootdir = f"--rootdir={windows_path(environment.ROOT)}"
    process = windows.start_python("-m", "pytest", "-p", "no:cacheprovider", rootdir, *tests, *options)
    limit = threading.Timer(LIMIT_S, process.kill)
    limit.start()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    for line in process.stdout:
        print(line.decode("utf-8", errors="replace").rstrip(), flush=True)
    limit.cancel()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
