# ruff: noqa: N802, N815 - the game's functions, by their names
"""The functions of the game's module `ac` about cars, track, session, camera and logs; see `windows` for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ac_gym.channels import COLUMNS
from ac_gym.standin.car_state import FAILED, get_car_state
from ac_gym.standin.game_log import GameLog
from ac_gym.standin.page_writer import TYRE_COMPOUND
from ac_gym.standin.place_names import TrackName
from ac_gym.standin.session import Session

_DONE = 1
_COCKPIT = 0


class GameFunctions:
    """What apps may ask and do; functions return -1 where they cannot, as the game's do, and raise nothing."""

    def __init__(self, session: Session, log: GameLog, shut_down: Callable[[], None]) -> None:
        self._session, self._log, self._shut_down = session, log, shut_down
        self._track = TrackName.of(session.track.name)
        self._camera_mode, self._camera_car, self._focused = _COCKPIT, 0, 0
        self._force_feedback = 1.0
        self._textures = 0

    # --- cars --------------------------------------------------------------------------------------------------------
    def getCarState(self, car: int, state: int, index: int | None = None) -> Any:
        return get_car_state(self._session, car, state, index)

    def getCarsCount(self) -> int:
        return self._session.cars

    def getDriverName(self, car: int) -> str | int:
        return self._of(car, "Stand-in" if car == 0 else f"Line follower {car}")

    def getCarName(self, car: int) -> str | int:
        return self._of(car, self._session.car.name)

    def getCarSkin(self, car: int) -> str | int:
        return self._of(car, "default")

    def getCarTyreCompound(self, car: int) -> str | int:
        return self._of(car, TYRE_COMPOUND)

    def isConnected(self, car: int) -> int:
        return self._of(car, 1)

    def isAIControlled(self, car: int) -> int:
        return self._of(car, int(car > 0))

    def isCarInPit(self, car: int) -> int:
        return self._of(car, 0)

    def isCarInPitlane(self, car: int) -> int:
        return self._of(car, 0)

    isCarInPitline = isCarInPitlane

    def getCarBallast(self, car: int) -> float:
        return self._of(car, 0.0)

    def getCarRestrictor(self, car: int) -> float:
        return self._of(car, 0.0)

    def getCarEngineBrakeCount(self, car: int) -> int:
        return self._of(car, 0)

    def getCarPowerControllerCount(self, car: int) -> int:
        return self._of(car, 0)

    def getDriverNationCode(self, car: int) -> str | int:
        return self._of(car, "AC")

    def getCarMinHeight(self, car: int) -> float:
        front, rear = (self._session.car.values[f"suspension_{axle}_ride_height"] for axle in ("front", "rear"))
        return self._of(car, min(front, rear))

    def getCarLeaderboardPosition(self, car: int) -> int:
        return self._of(car, self._rank(car) + 1)

    def getCarRealTimeLeaderboardPosition(self, car: int) -> int:
        return self._of(car, self._rank(car))

    def getCarFFB(self) -> float:
        return self._force_feedback

    def setCarFFB(self, change: float) -> int:
        self._force_feedback = min(max(self._force_feedback + change, 0.0), 2.0)
        return _DONE

    # --- track and session -------------------------------------------------------------------------------------------
    def getTrackName(self, car: int) -> str | int:
        return self._of(car, self._track.track)

    def getTrackConfiguration(self, car: int) -> str | int:
        return self._of(car, self._track.layout)

    def getTrackLength(self, car: int = 0) -> float:
        return self._of(car, self._session.track.line_length_m)

    def getLastSplits(self, car: int) -> list[int] | int:
        return self._of(car, list(self._session.laps.last_splits) if car == 0 else [])

    def getCurrentSplits(self, car: int) -> list[int] | int:
        return self._of(car, list(self._session.laps.splits) if car == 0 else [])

    def getWindSpeed(self) -> float:
        return 0.0

    def getWindDirection(self) -> float:
        return 0.0

    def isAcLive(self) -> int:
        return 1

    def restart(self) -> int:
        self._session.restart()
        return _DONE

    def shutdown(self) -> int:
        self._shut_down()
        return _DONE

    # --- camera ------------------------------------------------------------------------------------------------------
    def setCameraMode(self, mode: int) -> int:
        if not 0 <= mode <= 9:
            return FAILED
        self._camera_mode = mode
        return _DONE

    def getCameraMode(self) -> int:
        return self._camera_mode

    def isCameraOnBoard(self, car: int = 0) -> int:
        return self._of(car, int(self._camera_mode == _COCKPIT and car == self._focused))

    def setCameraCar(self, camera: int, car: int) -> int:
        self._camera_car = camera
        return self.focusCar(car)

    def getCameraCarCount(self, car: int) -> int:
        return self._of(car, 1)

    def focusCar(self, car: int) -> int:
        if not 0 <= car < self._session.cars:
            return FAILED
        self._focused = car
        return _DONE

    def getFocusedCar(self) -> int:
        return self._focused

    # --- server: there is none ---------------------------------------------------------------------------------------
    def getServerName(self) -> str:
        return ""

    def getServerIP(self) -> str:
        return ""

    def getServerHttpPort(self) -> int:
        return FAILED

    def getServerSlotsCount(self) -> int:
        return FAILED

    def sendChatMessage(self, text: str) -> int:
        self._log.console(f"chat: {text}")
        return _DONE

    # --- logs, drawing -----------------------------------------------------------------------------------------------
    def log(self, text: Any) -> int:
        self._log.log(str(text))
        return _DONE

    def console(self, text: Any) -> int:
        self._log.console(str(text))
        return _DONE

    def newTexture(self, path: str) -> int:
        self._textures += 1
        return self._textures

    def _drawn(self, *_: Any) -> int:
        return _DONE

    freeCameraMoveForward = freeCameraMoveRight = freeCameraMoveUpWorld = freeCameraSetClearColor = _drawn
    freeCameraRotateHeading = freeCameraRotatePitch = freeCameraRotateRoll = _drawn
    glBegin = glVertex2f = glColor3f = glColor4f = glEnd = glQuad = glQuadTextured = _drawn

    def _of(self, car: int, value: Any) -> Any:
        """What is known of a car, -1 where there is no such car."""
        return value if 0 <= car < self._session.cars else FAILED

    def _rank(self, car: int) -> int:
        """Cars in front, by laps and progress."""
        laps, progress = COLUMNS["lap_count"].start, COLUMNS["spline_position"].start
        driven = [(row[laps], row[progress]) for row in self._session.frames]
        return sum(other > driven[car] for other in driven) if 0 <= car < len(driven) else 0
