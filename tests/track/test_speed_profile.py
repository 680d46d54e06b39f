"""The speed profile against closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from circuits import G, point_mass, ring_text, stadium_text

from ac_gym.track import Track, speed_profile

Build = Callable[[str], Track]


def test_on_a_circle_the_speed_is_sqrt_mu_g_r(build: Build) -> None:
    track = build(ring_text(100.0))
    profile = speed_profile(track, point_mass(mu=1.2))
    radius = 1.0 / track.line_curvature.mean()
    assert profile.speed == pytest.approx(np.sqrt(1.2 * G * radius), rel=0.005)
    assert profile.lap_time_s == pytest.approx(track.line_length_m / profile.mean_speed_mps)


def test_downforce_raises_the_cornering_speed_as_the_formula_says(build: Build) -> None:
    track = build(ring_text(100.0))
    mu, lift = 1.2, 0.002
    radius = 1.0 / track.line_curvature.mean()
    expected = np.sqrt(mu * G / (1.0 / radius - mu * lift))
    assert speed_profile(track, point_mass(mu, lift)).speed == pytest.approx(expected, rel=0.01)


def test_a_banked_circle(build: Build) -> None:
    """v^2 = g R (tan b + mu) / (1 - mu tan b), the textbook speed on a banked curve."""
    track = build(ring_text(150.0, extra=", bank_deg: 15"))
    mu, tangent = 0.8, np.tan(np.deg2rad(15.0))
    radius = 1.0 / track.line_curvature.mean()
    expected = np.sqrt(G * radius * (tangent + mu) / (1.0 - mu * tangent))
    assert speed_profile(track, point_mass(mu)).speed == pytest.approx(expected, rel=0.005)


def test_bank_the_wrong_way_costs_speed(build: Build) -> None:
    envelope = point_mass(0.8)
    level = speed_profile(build(ring_text(150.0)), envelope).mean_speed_mps
    assert speed_profile(build(ring_text(150.0, extra=", bank_deg: -5")), envelope).mean_speed_mps < level


def test_braking_distance_on_a_straight(build: Build) -> None:
    """Between two speeds on the straight v^2 falls by 2 mu g a metre."""
    track = build(stadium_text(40.0, 800.0))
    mu = 1.1
    profile = speed_profile(track, point_mass(mu, power_per_kg=400.0))
    braking = (profile.ax < -0.9 * mu * G) & (np.abs(track.line_curvature) < 3e-4)
    assert braking.sum() > 10
    assert profile.ax[braking] == pytest.approx(-mu * G, rel=0.03)


def test_acceleration_on_a_straight_follows_the_power(build: Build) -> None:
    track = build(stadium_text(40.0, 800.0))
    profile = speed_profile(track, point_mass(1.1, power_per_kg=150.0))
    pulling = (
        (profile.ax > 0.5)
        & (np.roll(profile.ax, -1) > 0.5)
        & (np.abs(track.line_curvature) < 3e-4)
        & (profile.speed > 25.0)
    )
    assert pulling.sum() > 50
    assert profile.ax[pulling] == pytest.approx(150.0 / profile.speed[pulling], rel=0.02)


def test_top_speed_is_where_drag_eats_the_power(build: Build) -> None:
    track = build(stadium_text(400.0, 2000.0))
    profile = speed_profile(track, point_mass(2.0, drag=0.004, power_per_kg=200.0))
    assert profile.top_speed_mps == pytest.approx((200.0 / 0.004) ** (1.0 / 3.0), rel=0.01)


def test_uphill_is_slower_than_downhill(build: Build) -> None:
    text = stadium_text(60.0, 500.0).replace("length_m: 500}", "length_m: 500, grade_percent: 6}", 1)
    track = build(text.replace("{name: back, length_m: 500}", "{name: back, length_m: 500, grade_percent: -6}"))
    profile = speed_profile(track, point_mass(1.1, power_per_kg=150.0))
    up = round(250.0 / track.step_m)
    down = round((750.0 + np.pi * 60.0) / track.step_m)
    level = speed_profile(build(stadium_text(60.0, 500.0)), point_mass(1.1, power_per_kg=150.0))
    assert profile.speed[up] < level.speed[up] < profile.speed[down]
    assert level.ax[up] - profile.ax[up] == pytest.approx(0.06 * G, abs=0.15)


def test_margin_slows_the_lap(build: Build) -> None:
    track = build(stadium_text(60.0, 300.0))
    full, half = (speed_profile(track, point_mass(1.1), margin=m).lap_time_s for m in (1.0, 0.5))
    assert half > 1.2 * full


@pytest.mark.parametrize("radius", [25.0, 60.0, 150.0])
def test_the_profile_stays_within_the_envelope_and_is_periodic(build: Build, radius: float) -> None:
    track = build(stadium_text(radius, 400.0))
    mu = 1.3
    profile = speed_profile(track, point_mass(mu, lift=0.001, drag=0.0008, power_per_kg=250.0))
    grip = mu * (G + 0.001 * profile.speed**2)
    lateral = profile.speed**2 * np.abs(track.line_curvature)
    tyre = np.where(profile.ax > 0.0, profile.ax, profile.ax + 0.0008 * profile.speed**2)
    assert (np.hypot(lateral, np.minimum(tyre, 0.0)) <= 1.04 * grip).all()
    assert (lateral <= 1.001 * grip).all()
    assert (profile.ax <= 250.0 / profile.speed + 1e-6).all()
    steps = np.diff(track.line_s, append=track.line_length_m)
    assert np.roll(profile.speed, -1) ** 2 - profile.speed**2 == pytest.approx(2.0 * profile.ax * steps)
