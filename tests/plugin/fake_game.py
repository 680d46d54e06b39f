"""A minimal game for tests of the app: modules `ac` and `acsys`, and the three pages as files."""

from __future__ import annotations

import importlib
import itertools
import mmap
import struct
import sys
import types
from pathlib import Path
from typing import Any

from ac_gym.resources import plugin_dir

_SCALARS = {
    "SpeedMS": 50.5, "Gas": 0.75, "Brake": 0.25, "Clutch": 1.0, "Gear": 4, "BestLap": 104321, "CGHeight": 0.31,
    "RPM": 7200.5, "LapCount": 3, "LapInvalidated": 0, "LastFF": 0.5, "NormalizedSplinePosition": 0.25, "Steer": -12.5,
    "TurboBoost": 0.0,
}  # fmt: skip
_VECTORS = {
    "AccG": (1.5, 0.25, -0.5), "LocalAngularVelocity": (0.125, 0.5, 0.0625), "LocalVelocity": (1.0, 2.0, 50.0),
    "Velocity": (10.0, 11.0, 12.0), "WorldPosition": (100.0, 200.0, 300.0), "RideHeight": (0.05, 0.0625),
    "CamberRad": (0.1, 0.2, 0.3, 0.4), "DY": (1.1, 1.2, 1.3, 1.4), "Load": (1.0, 2.0, 3.0, 4.0),
    "Mz": (5.0, 6.0, 7.0, 8.0), "NdSlip": (0.1, 0.2, 0.3, 0.4), "SlipAngle": (1.0, 2.0, 3.0, 4.0),
    "SlipRatio": (0.01, 0.02, 0.03, 0.04), "SuspensionTravel": (0.01, 0.02, 0.03, 0.04),
    "TyreLoadedRadius": (0.31, 0.32, 0.33, 0.34), "WheelAngularSpeed": (90.0, 91.0, 92.0, 93.0),
    "CurrentTyresCoreTemp": (80.0, 81.0, 82.0, 83.0), "DynamicPressure": (26.0, 26.5, 27.0, 27.5),
    "TyreContactPoint": None,
}  # fmt: skip
_CONTACT = ((0.8, 0.0, 1.3), (-0.8, 0.0, 1.3), (0.75, 0.0, -1.3), (-0.75, 0.0, -1.3))


def acsys_module() -> types.ModuleType:
    module = types.ModuleType("acsys")
    module.CS = types.SimpleNamespace(**{name: n for n, name in enumerate([*_SCALARS, *_VECTORS])})  # type: ignore[attr-defined]
    return module


class FakeAc(types.ModuleType):
    """Counts nothing, moves nothing; `state` is what getCarState says, `joystick` what the joystick got."""

    def __init__(self, acsys: Any, *, csp: bool = True, joystick: Any = None, cars: int = 1) -> None:
        super().__init__("ac")
        self.state = {getattr(acsys.CS, name): value for name, value in {**_SCALARS, **_VECTORS}.items()}
        self._contact = acsys.CS.TyreContactPoint
        self.cars = cars
        self.lines: list[str] = []
        self.texts: dict[int, str] = {}
        self.clicked: dict[int, Any] = {}
        self.resets = 0
        self._controls = itertools.count(1)
        if joystick is not None:
            self.vjoy_interface = joystick
        if csp:
            self.ext_patchVersionCode = lambda: 3425
            self.ext_resetCar = self._reset

    def getCarState(self, car: int, constant: int, *index: int) -> Any:  # noqa: N802
        if constant == self._contact and index:
            return _CONTACT[index[0]]
        return self.state.get(constant, -1)

    def log(self, text: str) -> int:
        self.lines.append(text)
        return 1

    def newApp(self, title: str) -> int:  # noqa: N802
        return next(self._controls)

    def addLabel(self, window: int, text: str) -> int:  # noqa: N802
        return next(self._controls)

    addButton = addLabel  # noqa: N815

    def setText(self, control: int, text: str) -> int:  # noqa: N802
        self.texts[control] = text
        return 1

    def addOnClickedListener(self, control: int, function: Any) -> int:  # noqa: N802
        self.clicked[control] = function
        return 1

    def setTitle(self, *arguments: Any) -> int:  # noqa: N802
        return 1

    setSize = setPosition = setTitle  # noqa: N815

    def getTrackName(self, car: int) -> str:  # noqa: N802
        return "testring"

    def getTrackConfiguration(self, car: int) -> Any:  # noqa: N802
        return -1

    def getCarName(self, car: int) -> str:  # noqa: N802
        return "test_car"

    def getDriverName(self, car: int) -> str:  # noqa: N802
        return f"driver {car}"

    def getCarsCount(self) -> int:  # noqa: N802
        return self.cars

    def isConnected(self, car: int) -> int:  # noqa: N802
        return 1

    def getTrackLength(self, car: int) -> float:  # noqa: N802
        return 628.3

    def getLastSplits(self, car: int) -> list[int]:  # noqa: N802
        return [30000, 31000]

    def getWindSpeed(self) -> float:  # noqa: N802
        return 3.0

    getWindDirection = getWindSpeed  # noqa: N815

    def isCarInPit(self, car: int) -> int:  # noqa: N802
        return 0

    isCarInPitlane = isCarInPit  # noqa: N815

    def _reset(self) -> None:
        self.resets += 1


class FakeJoystick:
    """The functions of vJoyInterface.dll; `positions` are those it was given, `broken` makes UpdateVJD fail."""

    def __init__(self, status: int = 1) -> None:
        self.status = status
        self.positions: list[bytes] = []
        self.single: list[tuple[int, ...]] = []
        self.acquired = 0
        self.broken = False

    def vJoyEnabled(self) -> bool:  # noqa: N802
        return True

    def GetVJDStatus(self, device: int) -> int:  # noqa: N802
        return self.status

    def AcquireVJD(self, device: int) -> bool:  # noqa: N802
        self.acquired += 1
        return self.status < 2

    def RelinquishVJD(self, device: int) -> bool:  # noqa: N802
        self.acquired = 0
        return True

    def UpdateVJD(self, device: int, data: bytes) -> bool:  # noqa: N802
        if not self.broken:
            self.positions.append(data)
        return not self.broken

    def SetAxis(self, value: int, device: int, usage: int) -> bool:  # noqa: N802
        self.single.append((usage, value))
        return True

    def SetBtn(self, pressed: int, device: int, number: int) -> bool:  # noqa: N802
        self.single.append((number, pressed))
        return True

    @property
    def last(self) -> tuple[int, int, int, int]:
        """X, Y, Z and the buttons of the last position."""
        x, y, z = struct.unpack_from("<3i", self.positions[-1], 16)
        return x, y, z, struct.unpack_from("<I", self.positions[-1], 76)[0]


NEUTRAL = (16384, 1, 1, 0)


_mappings: dict[str, mmap.mmap] = {}
"""named mappings on Windows, where a page lives as long as someone holds it"""


def write_page(base: str, page: str, size: int, fields: dict[str, tuple[int, str]], values: dict[str, Any]) -> None:
    """A page of zeros but for `values`, at the offsets of the app's own table."""
    data = bytearray(size)
    for name, value in values.items():
        offset, code = fields[name]
        struct.pack_into("<" + code, data, offset, *(value if isinstance(value, tuple) else (value,)))
    name = f"{base}_{page}"
    if sys.platform == "win32":
        if name not in _mappings:
            _mappings[name] = mmap.mmap(-1, size, tagname=name)
        _mappings[name][:] = bytes(data)
    else:
        Path(f"/dev/shm/{name}").write_bytes(data)


def remove_pages(base: str) -> None:
    for page in ("physics", "graphics", "static"):
        name = f"{base}_{page}"
        if name in _mappings:
            _mappings.pop(name).close()
        else:
            Path(f"/dev/shm/{name}").unlink(missing_ok=True)


def library(name: str) -> Any:
    """A module of the app, as the game would import it."""
    folder = str(plugin_dir())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(f"sensors_par_lib.{name}")
