"""The game's module `acsys`: numbers of what `ac.getCarState` is asked for."""

from __future__ import annotations

from types import ModuleType

_CAR_STATES = (
    "SpeedMS", "SpeedMPH", "SpeedKMH", "Gas", "Brake", "Clutch", "Gear", "Aero", "BestLap", "CamberRad", "AccG",
    "CGHeight", "DriftBestLap", "DriftLastLap", "DriftPoints", "DriveTrainSpeed", "DY", "RPM", "Load", "InstantDrift",
    "IsDriftInvalid", "IsEngineLimiterOn", "LapCount", "LapInvalidated", "LapTime", "LastFF", "LastLap",
    "LocalAngularVelocity", "LocalVelocity", "Mz", "NdSlip", "NormalizedSplinePosition", "PerformanceMeter",
    "SlipAngle", "SlipAngleContactPatch", "SlipRatio", "SpeedTotal", "Steer", "SuspensionTravel", "TurboBoost",
    "TyreDirtyLevel", "TyreContactNormal", "TyreContactPoint", "TyreHeadingVector", "TyreLoadedRadius", "TyreRadius",
    "TyreRightVector", "TyreSlip", "TyreSurfaceDef", "TyreVelocity", "Velocity", "WheelAngularSpeed", "WorldPosition",
    "Caster", "CurrentTyresCoreTemp", "LastTyresTemp", "DynamicPressure", "RideHeight", "ToeInDeg", "CamberDeg",
    "KersCharge", "KersInput", "DrsAvailable", "DrsEnabled", "EngineBrake", "ERSRecovery", "ERSDelivery",
    "ERSHeatCharging", "ERSCurrentKJ", "ERSMaxJ", "RaceFinished", "P2PStatus", "P2PActivations",
)  # fmt: skip

CS = {name: number for number, name in enumerate(_CAR_STATES)}
"""Name -> number of every quantity of a car, 0 to 72."""

_CLASSES = {
    "CS": CS,
    "WHEELS": {"FL": 0, "FR": 1, "RL": 2, "RR": 3},
    "AERO": {"CD": 0, "CL_Front": 1, "CL_Rear": 2},
    "CM": {
        "Cockpit": 0, "Car": 1, "Drivable": 2, "Track": 3, "Helicopter": 4, "OnBoardFree": 5, "Free": 6, "Random": 7,
        "ImageGenerator": 8, "Start": 9,
    },
    "GL": {"Lines": 0, "LineStrip": 1, "Triangles": 2, "Quads": 3},
}  # fmt: skip


def make_acsys() -> ModuleType:
    """The module, new."""
    module = ModuleType("acsys")
    for name, numbers in _CLASSES.items():
        setattr(module, name, type(name, (), dict(numbers)))
    return module
