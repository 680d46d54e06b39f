# ruff: noqa - written for the game's Python 3.3, with its names
"""An in-game app as they are written for the game: a window with telemetry, a button, the shared memory, a log file."""

import mmap
import os
import struct
import sys

import ac
import acsys

NAME = "Lap board"
WHEELS = ("FL", "FR", "RL", "RR")
PAGES = "acpmf"

window = 0
labels = {}
button = 0
updates = 0
drawn = 0
clock = 0.0
fastest = 0.0
paused = False
where = ""
log_file = None
track_size = 0


def acMain(ac_version):
    global window, button, where, log_file, track_size
    window = ac.newApp(NAME)
    ac.setSize(window, 300, 200)
    ac.setTitle(window, NAME)
    ac.drawBorder(window, 0)
    ac.setBackgroundOpacity(window, 0.5)
    for number, name in enumerate(("speed", "gear", "lap", "tyres", "place", "page")):
        labels[name] = ac.addLabel(window, "")
        ac.setPosition(labels[name], 5, 30 + 20 * number)
        ac.setFontSize(labels[name], 14)
        ac.setFontColor(labels[name], 1, 1, 1, 1)
    button = ac.addButton(window, "Pause")
    ac.setPosition(button, 5, 170)
    ac.setSize(button, 100, 20)
    ac.addOnClickedListener(button, on_click)
    ac.addRenderCallback(window, on_render)

    where = ac.getTrackName(0)
    layout = ac.getTrackConfiguration(0)
    lane = os.path.join("content", "tracks", where, *([layout] if layout not in ("", -1) else []))
    with open(os.path.join(lane, "ai", "fast_lane.ai"), "rb") as ai:
        version, track_size = struct.unpack("<2i", ai.read(8))
    if version != 7:
        raise ValueError("fast_lane.ai of version " + str(version))
    log_file = open(os.path.join(os.path.dirname(__file__), "laps.csv"), "w")
    ac.log("Lap board of " + ac.getDriverName(0) + " in " + ac.getCarName(0) + " at " + where)
    ac.console("Lap board: Python " + sys.version.split()[0])
    return NAME


def acUpdate(deltaT):
    global updates, clock, fastest
    updates += 1
    clock += deltaT
    if paused:
        return
    speed = ac.getCarState(0, acsys.CS.SpeedKMH)
    fastest = max(fastest, speed)
    gear = ac.getCarState(0, acsys.CS.Gear)
    ac.setText(labels["speed"], "{0:.1f} km/h".format(speed))
    ac.setText(labels["gear"], "RN"[gear] if gear < 2 else str(gear - 1))
    lap_time = ac.getCarState(0, acsys.CS.LapTime)
    ac.setText(labels["lap"], "{0}: {1}.{2:03d}".format(ac.getCarState(0, acsys.CS.LapCount), *divmod(lap_time, 1000)))
    loads = ac.getCarState(0, acsys.CS.Load)
    ac.setText(labels["tyres"], " ".join("{0} {1:.0f}".format(wheel, load) for wheel, load in zip(WHEELS, loads)))
    x, y, z = ac.getCarState(0, acsys.CS.WorldPosition)
    front_left = ac.getCarState(0, acsys.CS.TyreContactPoint, acsys.WHEELS.FL)
    ac.setText(labels["place"], "{0:.1f} {1:.1f} {2:.1f} wheel {3:.1f}".format(x, y, z, front_left[0]))
    packet, rpms = read_page()
    ac.setText(labels["page"], "{0} {1}".format(packet, rpms))
    log_file.write("{0:.3f},{1:.3f},{2}\n".format(clock, speed, lap_time))


def acShutdown():
    log_file.close()
    ac.log("Lap board: fastest {0:.1f} km/h".format(fastest))


def on_click(x, y):
    global paused
    paused = not paused
    ac.setText(button, "Go on" if paused else "Pause")


def on_render(deltaT):
    global drawn
    drawn += 1
    ac.glColor4f(1, 0, 0, 1)
    ac.glQuad(0, 0, 10, 10)


def read_page():
    """packetId and rpms of the physics page"""
    if os.name == "nt":
        page = mmap.mmap(-1, 592, tagname=PAGES + "_physics")
    else:
        with open("/dev/shm/" + PAGES + "_physics", "rb") as file:
            page = mmap.mmap(file.fileno(), 592, access=mmap.ACCESS_READ)
    packet, rpms = struct.unpack("<i16xi", page[:24])
    page.close()
    return packet, rpms
