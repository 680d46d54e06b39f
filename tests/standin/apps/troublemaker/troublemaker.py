# ruff: noqa - written for the game's Python 3.3, with its names
"""An in-game app that fails in every way that an app can, at the third frame and later."""

import ac
import acsys

frames = 0


def acMain(ac_version):
    window = ac.newApp("Troublemaker")
    button = ac.addButton(window, "Fail")
    ac.addOnClickedListener(button, on_click)
    ac.addRenderCallback(window, on_render)
    return "Troublemaker"


def acUpdate(deltaT):
    global frames
    frames += 1
    if frames > 2:
        raise RuntimeError("acUpdate fails")


def acShutdown():
    raise RuntimeError("acShutdown fails")


def on_click(*_):
    raise RuntimeError("the click fails")


def on_render(deltaT):
    if frames > 3:
        ac.getCarState(0, acsys.CS.NoSuchThing)
