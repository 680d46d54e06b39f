"""The pages are laid out as the game lays them out, byte for byte."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ac_gym.telemetry import pages

# offset, bytes, type, field: the published layout of Assetto Corsa 1.16
PHYSICS = """
0 4 int32 packetId | 4 4 float32 gas | 8 4 float32 brake | 12 4 float32 fuel | 16 4 int32 gear | 20 4 int32 rpms
24 4 float32 steerAngle | 28 4 float32 speedKmh | 32 12 float32[3] velocity | 44 12 float32[3] accG
56 16 float32[4] wheelSlip | 72 16 float32[4] wheelLoad | 88 16 float32[4] wheelsPressure
104 16 float32[4] wheelAngularSpeed | 120 16 float32[4] tyreWear | 136 16 float32[4] tyreDirtyLevel
152 16 float32[4] tyreCoreTemperature | 168 16 float32[4] camberRAD | 184 16 float32[4] suspensionTravel
200 4 float32 drs | 204 4 float32 tc | 208 4 float32 heading | 212 4 float32 pitch | 216 4 float32 roll
220 4 float32 cgHeight | 224 20 float32[5] carDamage | 244 4 int32 numberOfTyresOut | 248 4 int32 pitLimiterOn
252 4 float32 abs | 256 4 float32 kersCharge | 260 4 float32 kersInput | 264 4 int32 autoShifterOn
268 8 float32[2] rideHeight | 276 4 float32 turboBoost | 280 4 float32 ballast | 284 4 float32 airDensity
288 4 float32 airTemp | 292 4 float32 roadTemp | 296 12 float32[3] localAngularVel | 308 4 float32 finalFF
312 4 float32 performanceMeter | 316 4 int32 engineBrake | 320 4 int32 ersRecoveryLevel | 324 4 int32 ersPowerLevel
328 4 int32 ersHeatCharging | 332 4 int32 ersIsCharging | 336 4 float32 kersCurrentKJ | 340 4 int32 drsAvailable
344 4 int32 drsEnabled | 348 16 float32[4] brakeTemp | 364 4 float32 clutch | 368 16 float32[4] tyreTempI
384 16 float32[4] tyreTempM | 400 16 float32[4] tyreTempO | 416 4 int32 isAIControlled
420 48 float32[12] tyreContactPoint | 468 48 float32[12] tyreContactNormal | 516 48 float32[12] tyreContactHeading
564 4 float32 brakeBias | 568 12 float32[3] localVelocity | 580 4 int32 P2PActivations | 584 4 int32 P2PStatus
588 4 float32 currentMaxRpm
"""
GRAPHICS = """
0 4 int32 packetId | 4 4 int32 status | 8 4 int32 session | 12 30 text[15] currentTime | 42 30 text[15] lastTime
72 30 text[15] bestTime | 102 30 text[15] split | 132 4 int32 completedLaps | 136 4 int32 position
140 4 int32 iCurrentTime | 144 4 int32 iLastTime | 148 4 int32 iBestTime | 152 4 float32 sessionTimeLeft
156 4 float32 distanceTraveled | 160 4 int32 isInPit | 164 4 int32 currentSectorIndex | 168 4 int32 lastSectorTime
172 4 int32 numberOfLaps | 176 66 text[33] tyreCompound | 244 4 float32 replayTimeMultiplier
248 4 float32 normalizedCarPosition | 252 12 float32[3] carCoordinates | 264 4 float32 penaltyTime | 268 4 int32 flag
272 4 int32 idealLineOn | 276 4 int32 isInPitLane | 280 4 float32 surfaceGrip | 284 4 int32 mandatoryPitDone
288 4 float32 windSpeed | 292 4 float32 windDirection | 296 4 float32 timeLimitSessionLeft
300 4 int32 isEscMenuVisible
"""
STATIC = """
0 30 text[15] smVersion | 30 30 text[15] acVersion | 60 4 int32 numberOfSessions | 64 4 int32 numCars
68 66 text[33] carModel | 134 66 text[33] track | 200 66 text[33] playerName | 266 66 text[33] playerSurname
332 66 text[33] playerNick | 400 4 int32 sectorCount | 404 4 float32 maxTorque | 408 4 float32 maxPower
412 4 int32 maxRpm | 416 4 float32 maxFuel | 420 16 float32[4] suspensionMaxTravel | 436 16 float32[4] tyreRadius
452 4 float32 maxTurboBoost | 456 4 float32 deprecated_1 | 460 4 float32 deprecated_2 | 464 4 int32 penaltiesEnabled
468 4 float32 aidFuelRate | 472 4 float32 aidTireRate | 476 4 float32 aidMechanicalDamage
480 4 int32 aidAllowTyreBlankets | 484 4 float32 aidStability | 488 4 int32 aidAutoClutch | 492 4 int32 aidAutoBlip
496 4 int32 hasDRS | 500 4 int32 hasERS | 504 4 int32 hasKERS | 508 4 float32 kersMaxJ
512 4 int32 engineBrakeSettingsCount | 516 4 int32 ersPowerControllerCount | 520 4 float32 trackSPlineLength
524 66 text[33] trackConfiguration | 592 4 float32 ersMaxJ | 596 4 int32 isTimedRace | 600 4 int32 hasExtraLap
604 66 text[33] carSkin | 672 4 int32 reversedGridPositions | 676 4 int32 PitWindowStart | 680 4 int32 PitWindowEnd
"""
TYPES = {"int32": "<i4", "float32": "<f4", "text": "<u2"}


def rows(table: str) -> list[tuple[int, int, str, int, str]]:
    """(offset, bytes, type, elements, field)"""
    found = re.findall(r"(\d+) (\d+) (int32|float32|text)(?:\[(\d+)\])? (\w+)", table)
    return [(int(at), int(size), kind, int(count or 1), name) for at, size, kind, count, name in found]


@pytest.mark.parametrize(
    ("kind", "table", "size"), [("physics", PHYSICS, 592), ("graphics", GRAPHICS, 304), ("static", STATIC, 684)]
)
def test_every_field_is_where_the_game_has_it(kind: str, table: str, size: int) -> None:
    dtype = pages.PAGES[kind]
    assert dtype.itemsize == size
    listed = rows(table)
    assert [name for *_, name in listed] == list(dtype.names or ())
    for at, length, element, count, name in listed:
        field, offset = dtype.fields[name][:2]
        assert (offset, field.itemsize, field.base.str) == (at, length, TYPES[element]), name
        assert int(np.prod(field.shape)) == count, name


def test_contact_vectors_are_a_row_a_wheel() -> None:
    record = np.zeros((), pages.PHYSICS)
    record["tyreContactPoint"][2] = 7.0, 8.0, 9.0
    assert np.frombuffer(record.tobytes(), "<f4", 3, 420 + 2 * 12).tolist() == [7.0, 8.0, 9.0]


@pytest.mark.parametrize("text", ["", "monza", "Nürburgring Nordschleife", "x" * 32, "上海\U0001f3ce"])
def test_text_comes_back(text: str) -> None:
    record = np.zeros((), pages.STATIC)
    pages.set_text(record, "track", "something longer that was there before")
    pages.set_text(record, "track", text)
    assert pages.get_text(record, "track") == text
    assert record.tobytes()[134 : 134 + 2 * len(text.encode("utf-16-le")) // 2] == text.encode("utf-16-le")


def test_long_text_is_cut_before_the_nul_and_never_within_a_character() -> None:
    record = np.zeros((), pages.STATIC)
    pages.set_text(record, "track", "y" * 50)
    assert pages.get_text(record, "track") == "y" * 32
    pages.set_text(record, "track", "y" * 31 + "\U0001f3ce")
    assert pages.get_text(record, "track") == "y" * 31


def test_text_without_end_and_with_rubbish_is_read() -> None:
    record = np.zeros((), pages.GRAPHICS)
    record["currentTime"] = 0xD800
    assert pages.get_text(record, "currentTime") == "\ufffd" * 15
