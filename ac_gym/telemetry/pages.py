"""The game's three shared-memory pages (Assetto Corsa 1.16, smVersion 1.7) as NumPy structured types.

Field names are the game's own. Little-endian; int32, float32 and NUL-terminated UTF-16 text, aligned as a C compiler
lays them out. Wheels: front left, front right, rear left, rear right. Vectors: x, y (up), z of the game's world.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

_TEXT = "<u2"  # wchar_t is 4 bytes on Linux, so text is code units


class Status(IntEnum):
    """`graphics.status`."""

    OFF = 0
    REPLAY = 1
    LIVE = 2
    PAUSE = 3


class SessionType(IntEnum):
    """`graphics.session`."""

    UNKNOWN = -1
    PRACTICE = 0
    QUALIFY = 1
    RACE = 2
    HOTLAP = 3
    TIME_ATTACK = 4
    DRIFT = 5
    DRAG = 6


class Flag(IntEnum):
    """`graphics.flag`."""

    NONE = 0
    BLUE = 1
    YELLOW = 2
    BLACK = 3
    WHITE = 4
    CHECKERED = 5
    PENALTY = 6


PHYSICS = np.dtype(
    [
        ("packetId", "<i4"), ("gas", "<f4"), ("brake", "<f4"), ("fuel", "<f4"), ("gear", "<i4"), ("rpms", "<i4"),
        ("steerAngle", "<f4"), ("speedKmh", "<f4"), ("velocity", "<f4", 3), ("accG", "<f4", 3),
        ("wheelSlip", "<f4", 4), ("wheelLoad", "<f4", 4), ("wheelsPressure", "<f4", 4),
        ("wheelAngularSpeed", "<f4", 4), ("tyreWear", "<f4", 4), ("tyreDirtyLevel", "<f4", 4),
        ("tyreCoreTemperature", "<f4", 4), ("camberRAD", "<f4", 4), ("suspensionTravel", "<f4", 4), ("drs", "<f4"),
        ("tc", "<f4"), ("heading", "<f4"), ("pitch", "<f4"), ("roll", "<f4"), ("cgHeight", "<f4"),
        ("carDamage", "<f4", 5), ("numberOfTyresOut", "<i4"), ("pitLimiterOn", "<i4"), ("abs", "<f4"),
        ("kersCharge", "<f4"), ("kersInput", "<f4"), ("autoShifterOn", "<i4"), ("rideHeight", "<f4", 2),
        ("turboBoost", "<f4"), ("ballast", "<f4"), ("airDensity", "<f4"), ("airTemp", "<f4"), ("roadTemp", "<f4"),
        ("localAngularVel", "<f4", 3), ("finalFF", "<f4"), ("performanceMeter", "<f4"), ("engineBrake", "<i4"),
        ("ersRecoveryLevel", "<i4"), ("ersPowerLevel", "<i4"), ("ersHeatCharging", "<i4"), ("ersIsCharging", "<i4"),
        ("kersCurrentKJ", "<f4"), ("drsAvailable", "<i4"), ("drsEnabled", "<i4"), ("brakeTemp", "<f4", 4),
        ("clutch", "<f4"), ("tyreTempI", "<f4", 4), ("tyreTempM", "<f4", 4), ("tyreTempO", "<f4", 4),
        ("isAIControlled", "<i4"), ("tyreContactPoint", "<f4", (4, 3)), ("tyreContactNormal", "<f4", (4, 3)),
        ("tyreContactHeading", "<f4", (4, 3)), ("brakeBias", "<f4"), ("localVelocity", "<f4", 3),
        ("P2PActivations", "<i4"), ("P2PStatus", "<i4"), ("currentMaxRpm", "<f4"),
    ],
    align=True,
)  # fmt: skip
"""592 bytes, written at every physics step."""

GRAPHICS = np.dtype(
    [
        ("packetId", "<i4"), ("status", "<i4"), ("session", "<i4"), ("currentTime", _TEXT, 15),
        ("lastTime", _TEXT, 15), ("bestTime", _TEXT, 15), ("split", _TEXT, 15), ("completedLaps", "<i4"),
        ("position", "<i4"), ("iCurrentTime", "<i4"), ("iLastTime", "<i4"), ("iBestTime", "<i4"),
        ("sessionTimeLeft", "<f4"), ("distanceTraveled", "<f4"), ("isInPit", "<i4"), ("currentSectorIndex", "<i4"),
        ("lastSectorTime", "<i4"), ("numberOfLaps", "<i4"), ("tyreCompound", _TEXT, 33),
        ("replayTimeMultiplier", "<f4"), ("normalizedCarPosition", "<f4"), ("carCoordinates", "<f4", 3),
        ("penaltyTime", "<f4"), ("flag", "<i4"), ("idealLineOn", "<i4"), ("isInPitLane", "<i4"),
        ("surfaceGrip", "<f4"), ("mandatoryPitDone", "<i4"), ("windSpeed", "<f4"), ("windDirection", "<f4"),
        ("timeLimitSessionLeft", "<f4"), ("isEscMenuVisible", "<i4"),
    ],
    align=True,
)  # fmt: skip
"""304 bytes, written at every drawn frame."""

STATIC = np.dtype(
    [
        ("smVersion", _TEXT, 15), ("acVersion", _TEXT, 15), ("numberOfSessions", "<i4"), ("numCars", "<i4"),
        ("carModel", _TEXT, 33), ("track", _TEXT, 33), ("playerName", _TEXT, 33), ("playerSurname", _TEXT, 33),
        ("playerNick", _TEXT, 33), ("sectorCount", "<i4"), ("maxTorque", "<f4"), ("maxPower", "<f4"),
        ("maxRpm", "<i4"), ("maxFuel", "<f4"), ("suspensionMaxTravel", "<f4", 4), ("tyreRadius", "<f4", 4),
        ("maxTurboBoost", "<f4"), ("deprecated_1", "<f4"), ("deprecated_2", "<f4"), ("penaltiesEnabled", "<i4"),
        ("aidFuelRate", "<f4"), ("aidTireRate", "<f4"), ("aidMechanicalDamage", "<f4"),
        ("aidAllowTyreBlankets", "<i4"), ("aidStability", "<f4"), ("aidAutoClutch", "<i4"), ("aidAutoBlip", "<i4"),
        ("hasDRS", "<i4"), ("hasERS", "<i4"), ("hasKERS", "<i4"), ("kersMaxJ", "<f4"),
        ("engineBrakeSettingsCount", "<i4"), ("ersPowerControllerCount", "<i4"), ("trackSPlineLength", "<f4"),
        ("trackConfiguration", _TEXT, 33), ("ersMaxJ", "<f4"), ("isTimedRace", "<i4"), ("hasExtraLap", "<i4"),
        ("carSkin", _TEXT, 33), ("reversedGridPositions", "<i4"), ("PitWindowStart", "<i4"), ("PitWindowEnd", "<i4"),
    ],
    align=True,
)  # fmt: skip
"""684 bytes, written once a session."""

PAGES = {"physics": PHYSICS, "graphics": GRAPHICS, "static": STATIC}
"""Kind of page -> its type."""

OLDER_SIZES = {PHYSICS: (564, 580), GRAPHICS: (276, 288, 296), STATIC: (592,)}
"""Bytes of pages as older versions have them, and programs that copy them for others: the same fields, but the last."""


def page_name(kind: str, base: str = "acpmf") -> str:
    """Name of the shared memory that holds the page of this kind; the game's base name is `acpmf`."""
    return f"{base}_{kind}"


def set_text(record: np.ndarray, field: str, text: str) -> None:
    """Writes `text` into a text field, cut to what fits beside the NUL."""
    room = record.dtype[field].shape[0]
    units = np.frombuffer(text.encode("utf-16-le"), _TEXT)[: room - 1]
    if len(units) and 0xD800 <= units[-1] < 0xDC00:  # never half of a surrogate pair
        units = units[:-1]
    record[field] = 0
    record[field][: len(units)] = units


def get_text(record: np.ndarray | np.void, field: str) -> str:
    """The text of a text field, up to its NUL; code units that are none become U+FFFD."""
    units = np.asarray(record[field], _TEXT)
    ends = np.flatnonzero(units == 0)
    return units[: ends[0] if len(ends) else None].tobytes().decode("utf-16-le", errors="replace")
