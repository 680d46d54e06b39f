"""In-game app of ac_gym: telemetry to learners, their controls to the game. The game calls the three functions."""

import os
import sys
import traceback

import ac
import acsys

FOLDER = os.path.dirname(os.path.abspath(__file__))
# The game brings Python without _socket and _ctypes; these are the places for them.
LIBRARIES = (os.path.join(FOLDER, "DLLs"), os.path.join("system", "x64", "DLLs"))
for path in (FOLDER,) + tuple(os.path.abspath(folder) for folder in LIBRARIES if os.path.isdir(folder)):
    if path not in sys.path:
        sys.path.append(path)

from sensors_par_lib.app import NAME, App  # noqa: E402

app = None


def acMain(ac_version):  # noqa: N802
    global app
    app = App(ac, acsys, FOLDER, ac_version)
    return NAME


def acUpdate(delta):  # noqa: N802
    if app is None:  # acMain has failed; the game has its traceback
        return
    try:
        app.update(delta)
    except Exception:  # the game would go on without a word
        app.failed(traceback.format_exc())


def acShutdown():  # noqa: N802
    if app is not None:
        app.shutdown()
