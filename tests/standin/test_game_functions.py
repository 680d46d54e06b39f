"""The module `ac`: every function that an app may call is there, with the game's answers and failures."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ac_gym.standin.game_functions import GameFunctions
from ac_gym.standin.game_log import GameLog
from ac_gym.standin.joystick import VirtualJoystick
from ac_gym.standin.modules import make_ac
from ac_gym.standin.patch_functions import PatchFunctions
from ac_gym.standin.session import Session
from ac_gym.standin.windows import Windows

GAME = """
getCarState getDriverName getCarName getTrackName getTrackConfiguration getCarSkin getCarTyreCompound getTrackLength
getLastSplits getCurrentSplits getWindSpeed getWindDirection isAcLive getCarsCount isConnected isAIControlled
isCarInPit isCarInPitlane isCarInPitline getCarBallast getCarMinHeight getCarLeaderboardPosition
getCarRealTimeLeaderboardPosition getCarFFB setCarFFB setCameraMode getCameraMode isCameraOnBoard setCameraCar
getCameraCarCount focusCar getFocusedCar getServerName getServerIP getServerHttpPort getServerSlotsCount
sendChatMessage addOnChatMessageListener log console newApp setTitle setSize setPosition getPosition setIconPosition
setTitlePosition setVisible setText getText setBackgroundOpacity drawBackground drawBorder setBackgroundColor
setBackgroundTexture setFontColor setFontSize setFontAlignment initFont setCustomFont addOnAppActivatedListener
addOnAppDismissedListener addRenderCallback addLabel addButton addOnClickedListener addSpinner setRange setStep
setValue getValue addOnValueChangeListener addProgressBar addCheckBox addOnCheckBoxChanged addTextInput addInputText
addOnValidateListener setFocus addListBox addItem addGraph addSerieToGraph addValueToGraph newTexture glBegin
glVertex2f glColor3f glColor4f glEnd glQuad glQuadTextured shutdown restart setFont getSize addTextBox
freeCameraMoveForward freeCameraMoveRight freeCameraMoveUpWorld freeCameraRotateHeading freeCameraRotatePitch
freeCameraRotateRoll freeCameraSetClearColor getCarEngineBrakeCount getCarPowerControllerCount getCarRestrictor
getDriverNationCode removeItem setItemNumberPerPage highlightListBoxItem setAllowMultiSelection getItemCount
getSelectedItems
"""
PATCH = """
ext_resetCar ext_takeAStepBack ext_markLapAsSpoiled ext_isAltPressed ext_isCtrlPressed ext_isShiftPressed
ext_isButtonPressed ext_isJoystickButtonPressed ext_getJoystickAxisValue ext_isExtendedPhysics ext_getStateAbs
ext_getStateAbsActive ext_getStateTc ext_getStateTcActive ext_getTyreGrain ext_getTyreBlister ext_getTyreFlatSpot
ext_getTyreVirtualKM ext_getTyreCarcassTemp ext_getTyreTempMult ext_getTyreIsHot ext_getSuspensionTravel
ext_getDamperTravel ext_getBrakeCoreTemp ext_getBrakeTorque ext_getSteerTorque ext_getCurrentTorque ext_getDrag
ext_getDownforce ext_getAeroSpeed ext_getTireLoadedRadius ext_getStaticDeflection ext_getAltitude ext_getBaseAltitude
ext_getHandbrake ext_getHeadlights ext_getSplineLength ext_worldToSpline ext_splineToWorld ext_getCurrentSector
ext_getPreviousSectorTime ext_setCameraPosition ext_setCameraDirection ext_setCameraFov ext_getCameraMatrix
ext_getCameraProj ext_getCameraView ext_setCurrentCamera ext_setCurrentDrivableCamera ext_setCurrentTrackCamera
ext_getReplayFrames ext_setReplayPosition ext_patchVersion ext_patchVersionCode ext_dirname ext_storeLua ext_loadLua
ext_setStrictMode ext_pauseWhenHidden ext_perfBegin ext_perfEnd ext_loadIniFileAsJson ext_setDriverVisible
"""


@pytest.fixture
def session(make_session: Callable[..., Session]) -> Session:
    return make_session(2, track="ks_barcelona-layout_gp", abs=True)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[GameLog]:
    log = GameLog(tmp_path / "logs" / "py_log.txt")
    yield log
    log.close()


@pytest.fixture
def joystick() -> VirtualJoystick:
    return VirtualJoystick()


@pytest.fixture
def ac(session: Session, log: GameLog, joystick: VirtualJoystick, tmp_path: Path) -> ModuleType:
    functions = GameFunctions(session, log, lambda: log.log("shut down"))
    return make_ac(functions, Windows(), PatchFunctions(session, joystick, tmp_path))


def test_every_function_is_there(ac: ModuleType) -> None:
    missing = [name for name in (GAME + PATCH).split() if not callable(getattr(ac, name, None))]
    assert missing == []


def test_nothing_else_is_there(ac: ModuleType) -> None:
    """What the host needs for itself is not the apps' business."""
    extra = {name for name in vars(ac) if not name.startswith("_")} - set((GAME + PATCH).split())
    game = {name for name in extra if not name.startswith("ext_")}
    assert game <= {"addOnListBoxSelectionListener", "addOnListBoxDeselectionListener", "setAllowDeselection"}


def test_names(ac: ModuleType, session: Session) -> None:
    assert (ac.getTrackName(0), ac.getTrackConfiguration(0)) == ("ks_barcelona", "layout_gp")
    assert ac.getCarName(0) == ac.getCarName(1) == "bmw_z4_gt3"
    assert ac.getTrackLength(0) == pytest.approx(session.track.line_length_m)
    assert (ac.getCarsCount(), ac.isAIControlled(0), ac.isAIControlled(1)) == (2, 0, 1)
    assert ac.getDriverName(0) != ac.getDriverName(1)
    assert ac.isCarInPitlane(0) == ac.isCarInPit(0) == 0
    assert ac.getLastSplits(0) == []


@pytest.mark.parametrize(
    "name",
    [
        "getDriverName", "getCarName", "getTrackName", "getTrackConfiguration", "getCarSkin", "getCarTyreCompound",
        "getTrackLength", "getLastSplits", "isConnected", "isCarInPit", "getCarBallast", "getCarMinHeight",
        "getDriverNationCode", "getCarRestrictor", "getCarEngineBrakeCount", "getCarPowerControllerCount",
        "getCarLeaderboardPosition", "getCarRealTimeLeaderboardPosition", "focusCar", "getCameraCarCount",
    ],
)  # fmt: skip
def test_a_car_that_is_not_there_answers_minus_one(ac: ModuleType, name: str) -> None:
    assert getattr(ac, name)(2) == getattr(ac, name)(-1) == -1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("getDriverName", ("x",)), ("getDriverName", ()), ("getCarState", (None, 0)), ("getCarState", (0, "speed")),
        ("getCarState", (0, 0, 0, 0)), ("setCameraMode", ("a",)), ("setCarFFB", ("more",)), ("focusCar", (None,)),
        ("ext_isJoystickButtonPressed", (0, -1)), ("ext_setCameraPosition", ()), ("ext_setCameraFov", ("wide",)),
    ],
)  # fmt: skip
def test_wrong_arguments_answer_minus_one(ac: ModuleType, name: str, arguments: tuple[object, ...]) -> None:
    """No function of the game raises an exception."""
    assert getattr(ac, name)(*arguments) == -1


def test_what_could_not_be_taken_is_told_once(session: Session, log: GameLog) -> None:
    told: list[str] = []
    ac = make_ac(GameFunctions(session, log, lambda: None), tell=told.append)
    for _ in range(3):
        assert ac.getDriverName("x") == -1
    (line,) = told
    assert line.startswith("ac.getDriverName('x') is answered with -1: ")


def test_corners_that_no_car_has_are_zero(ac: ModuleType) -> None:
    for name in ("ext_getSuspensionTravel", "ext_getTireLoadedRadius", "ext_getBrakeCoreTemp", "ext_getBrakeTorque"):
        assert [getattr(ac, name)(corner) for corner in (-1, 4, 7, 999)] == [0.0] * 4


def test_positions_follow_progress(ac: ModuleType, session: Session) -> None:
    """The opponent begins half a lap further on."""
    assert [ac.getCarRealTimeLeaderboardPosition(car) for car in (0, 1)] in ([0, 1], [1, 0])
    assert sorted(ac.getCarLeaderboardPosition(car) for car in (0, 1)) == [1, 2]


def test_camera_and_focus(ac: ModuleType) -> None:
    assert ac.setCameraMode(3) == 1
    assert ac.getCameraMode() == 3
    assert ac.setCameraMode(10) == ac.setCameraMode(-1) == -1
    assert ac.focusCar(1) == 1
    assert ac.getFocusedCar() == 1


def test_logs(ac: ModuleType, log: GameLog, tmp_path: Path) -> None:
    ac.log("one\ntwo")
    ac.console("three")
    assert list(log.lines) == ["one", "two", "CONSOLE: three"]
    assert (tmp_path / "logs" / "py_log.txt").read_text(encoding="utf-8").splitlines() == list(log.lines)


def test_shutdown_and_restart(ac: ModuleType, log: GameLog, session: Session) -> None:
    ac.shutdown()
    assert log.lines[-1] == "shut down"
    ac.restart()
    assert session.moving


def test_resets_move_the_car(ac: ModuleType, session: Session) -> None:
    for move in (ac.ext_resetCar, ac.ext_takeAStepBack):
        assert not session.moving
        move()
        assert session.moving
        session.step(np.zeros((1, 4), np.float32))
    session.laps.begin()
    ac.ext_markLapAsSpoiled()
    assert session.laps.spoiled


def test_the_spline_is_the_racing_line(ac: ModuleType, session: Session) -> None:
    assert ac.ext_getSplineLength(0) == pytest.approx(session.track.line_length_m)
    for progress in (0.0, 0.25, 0.9):
        point = ac.ext_splineToWorld(0, progress)
        assert ac.ext_worldToSpline(0, point) == pytest.approx(progress, abs=1e-3)
        assert ac.ext_worldToSpline(0, *point) == ac.ext_worldToSpline(0, point)


def test_aids(ac: ModuleType) -> None:
    assert (ac.ext_getStateAbs(0), ac.ext_getStateTc(0)) == (1, 0)
    assert ac.ext_getStateAbsActive(0) is False


def test_joystick_and_keyboard(ac: ModuleType, joystick: VirtualJoystick) -> None:
    joystick.AcquireVJD(1)
    joystick.UpdateVJD(1, struct.pack("<16x3i48xi28x", 32768, 16384, 1, 0b10))
    assert ac.ext_getJoystickAxisValue(0, 0) == 1.0
    assert ac.ext_getJoystickAxisValue(0, 1) == 0.0
    assert ac.ext_getJoystickAxisValue(1, 0) == ac.ext_getJoystickAxisValue(0, 3) == 0.0
    assert ac.ext_isJoystickButtonPressed(0, 1)
    assert not ac.ext_isJoystickButtonPressed(0, 0)
    assert not ac.ext_isButtonPressed(65)


def test_lua_bridge_and_ini_files(ac: ModuleType, tmp_path: Path) -> None:
    ac.ext_storeLua("key", 5.0)
    assert ac.ext_loadLua("key") == 5.0
    assert ac.ext_loadLua("other") is None
    path = tmp_path / "a.ini"
    path.write_text("[BASIC]\nMass=5 ; kg\n", encoding="utf-8")
    assert json.loads(ac.ext_loadIniFileAsJson(str(path))) == {"BASIC": {"Mass": "5"}}
    assert ac.ext_loadIniFileAsJson(str(tmp_path / "none.ini")) == ac.ext_parseIniAsJson("no ini") == "{}"


def test_the_patch_tells_its_version(ac: ModuleType) -> None:
    assert isinstance(ac.ext_patchVersion(), str)
    assert ac.ext_patchVersionCode() > 2000


def test_without_the_patch_its_names_are_missing(session: Session, log: GameLog) -> None:
    ac = make_ac(GameFunctions(session, log, lambda: None), Windows())
    assert not [name for name in vars(ac) if name.startswith("ext_")]
    with pytest.raises(AttributeError, match="ext_resetCar"):
        ac.ext_resetCar()
