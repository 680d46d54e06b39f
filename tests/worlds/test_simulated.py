"""The simulated world: reproducible whatever the threads, randomised as asked, every channel what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ac_gym import _core, channels
from ac_gym.car import load_car
from ac_gym.constants import FUEL_DENSITY, GRAVITY
from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld, SimulationSettings

CLOCKS = ("timestamp_ac", "packet_id")


def world(
    count: int = 1, track: str = "monza", car: str = "bmw_z4_gt3", seed: int = 0, **settings: Any
) -> SimulatedWorld:
    made = SimulatedWorld(load_track(track), load_car(car), count, SimulationSettings(**settings))
    made.seed(seed)
    made.reset()
    return made


def column(made: SimulatedWorld, name: str) -> np.ndarray:
    values = made.frames[:, channels.COLUMNS[name]]
    return (values[:, 0] if values.shape[1] == 1 else values).copy()


def controls(count: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).uniform(-1.0, 1.0, (count, 4)).astype(np.float32)
    drawn[:, 3] = 0.0
    return drawn


def drive(made: SimulatedWorld, steps: int = 60, seed: int = 5) -> np.ndarray:
    """Frames (steps, N, width) under random controls, with some resets on the way."""
    rows, rng = [], np.random.default_rng(seed)
    for k in range(steps):
        made.step(controls(made.count, seed + k), (rng.random(made.count) < 0.05).astype(np.uint8))
        rows.append(made.frames.copy())
    return np.array(rows)


EVERYTHING: dict[str, Any] = {
    "randomise": {"grip": (0.7, 1.1), "chassis_mass": (0.9, 1.2), "power": (0.8, 1.0)},
    "sensor_noise": {"speed": 0.1, "slip_angle": 0.2},
    "action_delay": (0.0, 0.1),
    "tyre_wear_rate": 1.0,
    "fuel_rate": 1.0,
    "damage_rate": 1.0,
}


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    frames = [drive(world(100, threads=threads, **EVERYTHING)) for threads in (1, 2, 3)]
    assert np.array_equal(frames[0], frames[1])
    assert np.array_equal(frames[0], frames[2])


def test_a_seed_repeats_and_another_differs() -> None:
    first, again, other = (drive(world(20, seed=seed, **EVERYTHING)) for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.any((first[0] == other[0])[:, channels.COLUMNS["speed"]])


def test_a_car_does_not_depend_on_its_neighbours() -> None:
    many, few = world(40, **EVERYTHING), world(3, **EVERYTHING)
    for k in range(40):
        drawn = controls(40, k)
        many.step(drawn)
        few.step(drawn[:3].copy())
    assert np.array_equal(many.frames[:3], few.frames)


def test_seeding_again_repeats_all_but_the_clocks() -> None:
    made = world(10, **EVERYTHING)
    first = drive(made)
    made.seed(0)
    made.reset()
    again = drive(made)
    timeless = np.ones(channels.WIDTH, bool)
    for name in (*CLOCKS, "current_time", "last_lap_time", "last_sector_time", "best_lap_time"):
        timeless[channels.COLUMNS[name]] = False
    assert np.array_equal(first[..., timeless], again[..., timeless])


def test_random_starts_spread_over_the_lap_and_differ_from_car_to_car() -> None:
    made = world(400)
    progress = np.sort(column(made, "spline_position"))
    assert np.abs(progress - (np.arange(400) + 0.5) / 400).max() < 0.1, "uniform: Kolmogorov-Smirnov at 0.1 %"
    assert len(np.unique(progress)) == 400
    before = column(made, "spline_position")
    made.reset()
    assert not np.any(before == column(made, "spline_position"))


def test_a_share_of_random_starts_may_stand_at_the_line() -> None:
    made, line = world(400, start_standing=0.25), world(1, start="line")
    stands = column(made, "speed") < 0.01
    assert 70 <= stands.sum() <= 130  # 100, three and a half standard deviations
    for name in ("world_position", "yaw", "speed"):
        np.testing.assert_array_equal(column(made, name)[stands], np.repeat(column(line, name), stands.sum(), axis=0))
    assert column(made, "speed")[~stands].min() > 5.0
    assert column(world(5, start_standing=1.0), "speed").max() < 0.01


def test_neighbouring_cars_draw_independently() -> None:
    made = world(2000, start="line", randomise={"chassis_mass": (0.5, 1.5)})
    drawn = column(made, "wheel_load").sum(axis=1)
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.08


def test_the_hotlap_start_is_the_tracks() -> None:
    track = load_track("monza")
    made = world(3, start="line")
    place = np.empty((3, 2))
    made.native_track.project(np.ascontiguousarray(column(made, "world_position")[:, :2]), place)
    assert place[:, 0] == pytest.approx(track.start.s_m, abs=0.01)
    assert place[:, 1] == pytest.approx(track.start.offset_m, abs=0.01)
    assert np.all(column(made, "speed") == 0.0)


@pytest.mark.parametrize("car", ["bmw_z4_gt3", "dallara_f317", "ks_mazda_miata"])
def test_a_standing_car_weighs_its_mass(car: str) -> None:
    """The core's gravity and fuel density are those of `ac_gym.constants`."""
    made = SimulatedWorld(load_track("monza"), load_car(car), 1, SimulationSettings(start="line"))
    made.reset()
    assert column(made, "wheel_load").sum() == pytest.approx(load_car(car).start_mass * GRAVITY, rel=1e-6)


def test_randomised_parameters_stay_in_range_and_change_every_episode() -> None:
    low, high = 0.8, 1.3
    made = world(300, start="line", randomise={"chassis_mass": (low, high)})
    car = load_car("bmw_z4_gt3").values
    fuel = FUEL_DENSITY * car["fuel_start"]
    seen = []
    for _ in range(3):
        made.reset()
        factor = (column(made, "wheel_load").sum(axis=1) / GRAVITY - fuel) / car["chassis_mass"]
        assert factor.min() >= low - 1e-4
        assert factor.max() <= high + 1e-4
        assert factor.min() < low + 0.05
        assert factor.max() > high - 0.05
        assert len(np.unique(factor)) > 290
        seen.append(factor)
    assert not np.any(seen[0] == seen[1])
    assert not np.any(seen[1] == seen[2])


def test_nothing_is_randomised_unless_asked() -> None:
    made = world(20, start="line")
    assert np.all(column(made, "wheel_load") == column(made, "wheel_load")[0])


@pytest.mark.parametrize("delay", [0.0, 0.04, 0.06, 0.2, 0.28])
def test_an_action_delay_shifts_the_response_by_its_time(delay: float) -> None:
    made = SimulatedWorld(
        load_track("monza"),
        load_car("bmw_z4_gt3"),
        1,
        SimulationSettings(action_delay=(delay, delay)),
        control_rate=325.0 / 13,
    )
    made.reset()
    made.place(0, 300.0, 0.0, 0.0, 40.0)
    full = np.array([[0.1, -1.0, -1.0, 0.0]], np.float32)
    turned = []
    for _ in range(12):
        made.step(full)
        turned.append(column(made, "steer_angle")[0])
    first = int(np.flatnonzero(np.array(turned) != 0.0)[0])
    # The frame at the end of step k shows the control of the last physics step in it.
    steps = round(delay * 325.0)
    assert first == steps // 13


def test_sensor_noise_has_the_sigma_asked_for() -> None:
    made = world(4000, start="line", sensor_noise={"fuel": 0.5, "slip_angle": 0.25})
    fuel = column(made, "fuel")
    assert fuel.std() == pytest.approx(0.5, rel=0.05)
    assert fuel.mean() == pytest.approx(load_car("bmw_z4_gt3").values["fuel_start"], abs=0.05)
    assert column(made, "slip_angle").std(axis=0) == pytest.approx(np.full(4, 0.25), rel=0.05)
    assert np.all(column(made, "brake") == 0.0)


def test_noise_is_seen_and_not_driven() -> None:
    noisy, clean = world(5, sensor_noise={"speed": 3.0}, start="line"), world(5, start="line")
    for k in range(20):
        noisy.step(controls(5, k))
        clean.step(controls(5, k))
    assert np.array_equal(column(noisy, "world_position"), column(clean, "world_position"))
    assert not np.any(column(noisy, "speed") == column(clean, "speed"))


def test_the_channel_table_is_the_cores() -> None:
    assert _core.FRAME_WIDTH == channels.WIDTH == max(c.stop for c in channels.COLUMNS.values())
    assert len(channels.WIRE_KEYS) == len(set(channels.WIRE_KEYS)) == 90


def test_columns_hold_what_they_say() -> None:
    made = world(64)
    before = column(made, "world_position")
    for k in range(5):
        before = column(made, "world_position")
        made.step(controls(64, k) * np.float32(0.2))
    assert np.isfinite(made.frames).all()
    velocity, local, yaw = column(made, "velocity"), column(made, "local_velocity"), column(made, "yaw")
    moved = (column(made, "world_position") - before)[:, :2] / 0.04
    speed = column(made, "speed")
    assert np.linalg.norm(moved, axis=1) == pytest.approx(speed, rel=0.05)
    assert np.hypot(local[:, 0], local[:, 1]) == pytest.approx(speed, rel=1e-5)
    forward = velocity[:, 2] * np.cos(yaw) + velocity[:, 0] * np.sin(yaw)  # world x is the game's z, world y its x
    assert forward == pytest.approx(local[:, 0], abs=1e-3)
    car = load_car("bmw_z4_gt3").values
    load = column(made, "wheel_load").sum(axis=1)
    assert np.all(load > 0.5 * GRAVITY * car["chassis_mass"])
    assert column(made, "wheel_speed")[:, 0] * car["tyres_front_radius"] == pytest.approx(local[:, 0], rel=0.3)
    assert np.all(column(made, "steps") == 5.0)
    assert np.all(column(made, "packet_id") == 5 * 13)
    assert column(made, "timestamp_ac") == pytest.approx(np.full(64, 0.2))
    assert np.all((column(made, "gear") >= 2) & (column(made, "gear") <= 7))
    assert np.all((column(made, "rpm") > 500) & (column(made, "rpm") < 1.1 * car["engine_limiter_rpm"]))
    heading = column(made, "contact_heading")
    assert heading[:, [6, 8]] == pytest.approx(np.stack([np.sin(yaw), np.cos(yaw)], axis=1), abs=1e-6)


def test_channels_that_are_not_modelled_are_zero() -> None:
    made = world(8)
    made.step(controls(8, 1))
    unfilled = [c.name for c in channels.CHANNELS if c.simulated == "not modelled"]
    assert unfilled
    for name in unfilled:
        assert not column(made, name).any()


def test_finer_physics_are_allowed_and_coarser_than_control_are_not() -> None:
    world(1, physics_freq=1000.0).step(controls(1, 0))
    with pytest.raises(ConfigError, match="physics_freq"):
        world(1, physics_freq=10.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"randomise": {"gripp": (0.9, 1.1)}}, "grip"),
        ({"sensor_noise": {"sped": 1.0}}, "speed"),
        ({"start": "lime"}, "line"),
        ({"randomise": {"grip": 0.5}}, "range"),
        ({"action_delay": (0.0, 3.0)}, "action_delay"),
        ({"start_speed": (0.9, 0.4)}, "start_speed"),
        ({"start_standing": 1.5}, "start_standing"),
    ],
)
def test_wrong_settings_are_one_clear_line(settings: dict[str, Any], words: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=words) as error:
        world(1, **settings)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "place", [{"s": np.nan}, {"s": 1.0, "offset": np.inf}, {"s": 1.0, "speed": 1e30}, {"s": 1.0, "heading": np.nan}]
)
def test_a_start_that_is_no_place_is_refused(place: dict[str, float]) -> None:
    made = world(1)
    with pytest.raises(ValueError, match="must be"):
        made.place(0, **place)


def test_a_start_anywhere_is_put_on_the_lap() -> None:
    made = world(1)
    for s in (-1.0, -1e6, 1e7, 5793.0):
        made.place(0, s, 1e4, 99.0, 30.0)
        made.step(controls(1, 0))
        assert np.isfinite(made.frames).all()
