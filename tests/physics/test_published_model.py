"""Against the CommonRoad vehicle models (Althoff, TUM; PyPI commonroad-vehicle-models), their vehicle 2, a BMW 320i."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from proving_ground import Drive, G, free_rolling, steer_for
from scipy.integrate import solve_ivp
from vehiclemodels.init_mb import init_mb
from vehiclemodels.init_st import init_st
from vehiclemodels.parameters_vehicle2 import parameters_vehicle2
from vehiclemodels.vehicle_dynamics_mb import vehicle_dynamics_mb
from vehiclemodels.vehicle_dynamics_st import vehicle_dynamics_st

from ac_gym.car import Car

SPEED = 20.0
STEP = 0.01  # s


def published_car() -> Car:
    """Our vehicle with the published figures; its slip curve has their stiffness, both axles alike."""
    p = parameters_vehicle2()
    stiffness = -p.tire.p_ky1  # N/rad of a tyre over its load
    both = {
        "mu_lateral": p.tire.p_dy1, "peak_slip_angle_deg": np.degrees(np.arctan(2 * p.tire.p_dy1 / stiffness)),
        "load_exponent": 1.0, "peak_slip_gain": 0.0, "pneumatic_trail": 0.0, "relaxation_length": 0.02,
        "rolling_resistance": 0.0, "radius": p.R_w, "inertia": p.I_y_w,
    }  # fmt: skip
    tyres = {f"tyres_{axle}_{name}": value for axle in ("front", "rear") for name, value in both.items()}
    return free_rolling(
        "ks_mazda_miata", chassis_mass=p.m, fuel_start=0.0, chassis_front_weight=p.b / (p.a + p.b),
        chassis_wheelbase=p.a + p.b,
        chassis_yaw_inertia=p.I_z, chassis_cg_height=p.h_cg, suspension_front_track=p.T_f, suspension_rear_track=p.T_r,
        differential_preload=0.0, differential_power=0.0, differential_coast=0.0, aero_drag_area=0.0,
        aero_lift_area_front=0.0, aero_lift_area_rear=0.0, **tyres,
    )  # fmt: skip


def ours(angle: Callable[[float], float], seconds: float) -> np.ndarray:
    """Yaw rate (rad/s) and lateral acceleration (m/s2) every STEP."""
    drive = Drive(published_car(), rate=1 / STEP, substeps=10).place(SPEED)
    rows = []
    for t in np.arange(0.0, seconds, STEP):
        drive.step(steer=steer_for(drive.car, angle(t)))
        rows.append([drive.one("angular_velocity")[1], drive.one("accel_lateral") * G])
    return np.array(rows)


def theirs(angle: Callable[[float], float], seconds: float, model: Callable, init: Callable) -> np.ndarray:
    p = parameters_vehicle2()
    start = np.array([0.0, 0.0, angle(0.0), SPEED, 0.0, 0.0, 0.0])
    state = init(start, p) if init is init_mb else init(start)
    times = np.arange(0.0, seconds, STEP) + STEP

    def rates(t: float, x: np.ndarray) -> list[float]:
        return model(x, [(angle(t + 1e-4) - angle(t - 1e-4)) / 2e-4, 0.0], p)

    x = solve_ivp(rates, (0.0, times[-1]), state, t_eval=times, max_step=STEP, rtol=1e-6).y
    if init is init_mb:
        yaw_rate, side = x[5], x[10]
    else:
        yaw_rate, side = x[5], SPEED * np.tan(x[6])
    return np.stack([yaw_rate, np.gradient(side, STEP) + SPEED * yaw_rate], axis=1)


def sine(t: float) -> float:
    return 0.01 * np.sin(2 * np.pi * 0.5 * t)


def turn_in(t: float) -> float:
    return 0.01 * (1 - np.cos(np.pi * min(t / 0.4, 1.0))) / 2


def mismatch(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """RMS difference over RMS, of yaw rate and lateral acceleration."""
    return np.sqrt(((a - b) ** 2).mean(axis=0) / (b**2).mean(axis=0))


@pytest.mark.parametrize("angle", [sine, turn_in])
def test_single_track_model_at_low_slip(angle: Callable[[float], float]) -> None:
    mine, published = ours(angle, 4.0), theirs(angle, 4.0, vehicle_dynamics_st, init_st)
    assert np.abs(published[:, 1]).max() > 1.0, "a tenth of g or more"
    assert np.all(mismatch(mine, published) < 0.03)


@pytest.mark.parametrize("angle", [sine, turn_in])
def test_multi_body_model_at_low_slip(angle: Callable[[float], float]) -> None:
    mine, published = ours(angle, 3.0), theirs(angle, 3.0, vehicle_dynamics_mb, init_mb)
    yaw_rate, side = mismatch(mine, published)
    assert yaw_rate < 0.04
    assert side < 0.15  # theirs is of the sprung mass, which also rolls
