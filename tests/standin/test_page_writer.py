"""The pages say what the simulator says, in the game's units and axes, and agree with `ac.getCarState`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest

from ac_gym.channels import COLUMNS
from ac_gym.errors import GameNotRunningError
from ac_gym.standin.acsys import CS
from ac_gym.standin.car_state import get_car_state
from ac_gym.standin.page_writer import PageWriter, lap_time_text
from ac_gym.standin.session import Session
from ac_gym.telemetry.pages import PAGES, SessionType, Status, get_text, page_name
from ac_gym.telemetry.shared_memory import SharedPage

SAME = {  # field of the physics page -> acsys.CS
    "gas": "Gas", "brake": "Brake", "gear": "Gear", "speedKmh": "SpeedKMH", "velocity": "Velocity", "accG": "AccG",
    "wheelSlip": "NdSlip", "wheelLoad": "Load", "wheelsPressure": "DynamicPressure",
    "wheelAngularSpeed": "WheelAngularSpeed", "tyreCoreTemperature": "CurrentTyresCoreTemp",
    "suspensionTravel": "SuspensionTravel", "cgHeight": "CGHeight", "rideHeight": "RideHeight",
    "localAngularVel": "LocalAngularVelocity", "finalFF": "LastFF", "clutch": "Clutch",
    "localVelocity": "LocalVelocity",
}  # fmt: skip
CHANNELS = {  # field -> channel, where acsys has it not
    "fuel": "fuel", "tyreWear": "tyre_wear", "pitch": "pitch", "roll": "roll", "carDamage": "damage",
    "numberOfTyresOut": "tyres_out", "brakeTemp": "brake_temperature", "tyreTempM": "tyre_surface_temperature",
}  # fmt: skip


@pytest.fixture
def session(make_session: Callable[..., Session]) -> Session:
    session = make_session(track="ks_barcelona-layout_gp")
    for _ in range(150):
        session.step(np.array([[0.1, 0.6, -1.0, 0.0]], np.float32))
    return session


@pytest.fixture
def writer(session: Session, pages: str) -> Iterator[PageWriter]:
    writer = PageWriter(session, pages)
    yield writer
    writer.close()


def read(base: str, kind: str) -> np.ndarray:
    with SharedPage.open(page_name(kind, base), PAGES[kind]) as page:
        return page.read()


def test_physics_agree_with_acsys_and_the_frame(session: Session, writer: PageWriter, pages: str) -> None:
    writer.write()
    physics = read(pages, "physics")
    for field, name in SAME.items():
        assert physics[field] == pytest.approx(np.array(get_car_state(session, 0, CS[name])), rel=1e-6), field
    for field, channel in CHANNELS.items():
        assert np.ravel(physics[field]) == pytest.approx(session.frames[0, COLUMNS[channel]], rel=1e-6), field
    assert physics["heading"] == pytest.approx(-session.frames[0, COLUMNS["yaw"].start])
    contact_heading = session.frames[0, COLUMNS["contact_heading"]].reshape(4, 3)
    assert physics["tyreContactHeading"] == pytest.approx(contact_heading, abs=1e-6)
    for wheel in range(4):
        point = get_car_state(session, 0, CS["TyreContactPoint"], wheel)
        assert physics["tyreContactPoint"][wheel] == pytest.approx(point, rel=1e-6)


def test_physics_in_the_games_own_forms(session: Session, writer: PageWriter, pages: str) -> None:
    writer.write()
    physics = read(pages, "physics")
    assert physics["steerAngle"] == pytest.approx(45.0 / session.car.values["steering_lock_deg"], rel=0.01)
    camber = session.frames[0, COLUMNS["camber"]]
    assert physics["camberRAD"] == pytest.approx(camber * [1, -1, 1, -1], rel=1e-6)
    assert physics["rpms"] == int(session.frames[0, COLUMNS["rpm"].start])
    assert (physics["autoShifterOn"], physics["abs"], physics["tc"]) == (1, 0.0, 0.0)
    assert physics["airTemp"] == 26.0


def test_counters_rise_as_the_games_do(session: Session, writer: PageWriter, pages: str) -> None:
    counts = []
    for _ in range(3):
        writer.write()
        counts.append((int(read(pages, "graphics")["packetId"]), int(read(pages, "physics")["packetId"])))
        session.step(np.zeros((1, 4), np.float32))
    assert [graphics for graphics, _ in counts] == [1, 3, 5]
    assert [after - before for (_, before), (_, after) in pairwise(counts)] == [7, 7]


def test_graphics(session: Session, writer: PageWriter, pages: str) -> None:
    writer.write()
    graphics = read(pages, "graphics")
    assert (graphics["status"], graphics["session"]) == (Status.LIVE, SessionType.HOTLAP)
    assert graphics["iCurrentTime"] == get_car_state(session, 0, CS["LapTime"]) == 3000
    assert get_text(graphics, "currentTime") == "0:03:000"
    assert get_text(graphics, "lastTime") == "-:--:---"
    assert graphics["carCoordinates"] == pytest.approx(get_car_state(session, 0, CS["WorldPosition"]), rel=1e-6)
    progress = get_car_state(session, 0, CS["NormalizedSplinePosition"])
    assert graphics["normalizedCarPosition"] == pytest.approx(progress)
    assert graphics["distanceTraveled"] == pytest.approx(session.frames[0, COLUMNS["distance_travelled"].start])


def test_static(session: Session, writer: PageWriter, pages: str) -> None:
    static = read(pages, "static")
    texts = {field: get_text(static, field) for field in ("smVersion", "carModel", "track", "trackConfiguration")}
    assert texts == {
        "smVersion": "1.7", "carModel": "bmw_z4_gt3", "track": "ks_barcelona", "trackConfiguration": "layout_gp",
    }  # fmt: skip
    assert static["trackSPlineLength"] == pytest.approx(session.track.line_length_m)
    assert static["maxTorque"] == pytest.approx(max(torque for _, torque in session.car.torque_curve))
    assert 300e3 < static["maxPower"] < 450e3
    assert (static["numCars"], static["sectorCount"]) == (1, 3)


def test_the_session_ends_before_the_pages_go(session: Session, pages: str) -> None:
    writer = PageWriter(session, pages)
    writer.write()
    with SharedPage.open(page_name("graphics", pages), PAGES["graphics"]) as watched:
        writer.close()
        assert watched.read()["status"] == Status.OFF
    for kind in PAGES:
        with pytest.raises(GameNotRunningError):
            read(pages, kind)


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "-:--:---"), (1, "0:00:001"), (61_005, "1:01:005"), (112_345, "1:52:345"), (725_000, "12:05:000")],
)
def test_lap_times_as_text(milliseconds: int, text: str) -> None:
    assert lap_time_text(milliseconds) == text
