"""Car files: what they must say, and the clear line when they do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from ac_gym import _core
from ac_gym.car import available_cars, envelope, load_car
from ac_gym.errors import InvalidCarError, UnknownNameError
from ac_gym.resources import configs_dir

CARS = available_cars()
Data = dict[str, Any]


def data(name: str = "bmw_z4_gt3") -> Data:
    return yaml.safe_load((configs_dir() / "cars" / f"{name}.yaml").read_text(encoding="utf-8"))


def written(tmp_path: Path, change: Callable[[Data], Any]) -> Path:
    """A car file with one thing changed."""
    content = data()
    change(content)
    path = tmp_path / "car.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def test_the_three_cars_are_there() -> None:
    assert CARS == ["bmw_z4_gt3", "dallara_f317", "ks_mazda_miata"]


@pytest.mark.parametrize("name", CARS)
def test_figures_are_those_of_the_class(name: str) -> None:
    car = load_car(name)
    v = car.values
    mass = {"bmw_z4_gt3": 1265, "dallara_f317": 550, "ks_mazda_miata": 1040}[name]
    power_kw = {"bmw_z4_gt3": 395, "dallara_f317": 183, "ks_mazda_miata": 97}[name]
    torque = {"bmw_z4_gt3": 520, "dallara_f317": 320, "ks_mazda_miata": 152}[name]
    lock = {"bmw_z4_gt3": 320, "dallara_f317": 240, "ks_mazda_miata": 302.4}[name]
    assert v["chassis_mass"] == mass
    assert v["steering_lock_deg"] == lock
    rpm, newton_metres = np.array(car.torque_curve).T
    assert newton_metres.max() == torque
    fine = np.linspace(rpm[0], rpm[-1], 500)
    assert (np.interp(fine, rpm, newton_metres) * fine * np.pi / 30e3).max() == pytest.approx(power_kw, rel=0.02)
    for axle in ("front", "rear"):
        assert 0.75 < v[f"tyres_{axle}_mu_lateral"] < 2.0
        assert 0.75 < v[f"tyres_{axle}_load_exponent"] <= 1.0
        assert 3.0 < v[f"tyres_{axle}_peak_slip_angle_deg"] < 12.0
    assert list(car.gears) == sorted(car.gears, reverse=True)
    assert v["engine_idle_rpm"] < v["drivetrain_auto_down_rpm"] < v["drivetrain_auto_up_rpm"] < v["engine_limiter_rpm"]


@pytest.mark.parametrize("name", CARS)
def test_every_figure_names_a_source_and_every_source_says_something(name: str) -> None:
    content = data(name)
    used = set()

    def walk(group: Data) -> None:
        for value in group.values():
            if isinstance(value, dict):
                used.add(value["source"]) if "source" in value else walk(value)

    walk({key: value for key, value in content.items() if key != "sources"})
    assert used <= set(content["sources"])
    assert all(isinstance(text, str) and len(text) > 5 for text in content["sources"].values())


@pytest.mark.parametrize("name", CARS)
def test_envelope_is_sound(name: str) -> None:
    limits = envelope(load_car(name))
    for values in (limits.lateral, limits.accel, limits.brake):
        assert np.isfinite(values).all()
    assert np.all(limits.lateral > 3.0)
    assert np.all(limits.brake[:, 0] > 5.0)
    assert np.all(np.diff(limits.speed) > 0)
    # The more of the grip a corner takes, the less is left to brake and to accelerate.
    driven = limits.speed < 75.0
    assert np.all(np.diff(limits.brake[driven, :-1], axis=1) < 0.3)
    assert np.all(np.diff(limits.accel[driven, :-1], axis=1) < 1e-3)
    assert limits.accel[0, 0] > 1.5
    assert limits.accel[-1, 0] < 0.0
    assert np.all(envelope(load_car(name), grip=0.8).lateral < limits.lateral)


def test_steer_limit_is_lock_over_450() -> None:
    assert load_car("bmw_z4_gt3").steer_limit == pytest.approx(320 / 450)


def test_with_values_changes_a_copy() -> None:
    car = load_car("bmw_z4_gt3")
    light = car.with_values(chassis_mass=1000.0)
    assert light.values["chassis_mass"] == 1000.0
    assert car.values["chassis_mass"] == 1265
    assert envelope(light).accel[10, 0] > envelope(car).accel[10, 0]
    with pytest.raises(UnknownNameError, match="chassis_mass"):
        car.with_values(chasis_mass=1.0)


def test_native_takes_every_value() -> None:
    with pytest.raises(ValueError, match="one value"):
        _core.CarParams().set([1.0], [1.0], [1.0] * _core.TORQUE_POINTS)


def test_unknown_car_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="dallara_f317"):
        load_car("dalara_f317")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = written(tmp_path, lambda d: d["chassis"]["mass"].update(value=900))
    assert load_car(path).values["chassis_mass"] == 900.0


def without(group: str, key: str) -> Callable[[Data], Any]:
    return lambda d: d[group].pop(key)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("chassis", "mass"), "missing chassis_mass"),
        (lambda d: d["chassis"]["mass"].update(unit="lb"), "unit must be 'kg', is 'lb'"),
        (lambda d: d["chassis"]["mass"].update(value="heavy"), "chassis_mass: 'heavy' is not a number"),
        (lambda d: d["chassis"]["mass"].update(value=float("nan")), "not a number"),
        (lambda d: d["chassis"]["mass"].update(value=-5), "greater than 0"),
        (lambda d: d["chassis"]["mass"].update(source="dream"), "source 'dream'"),
        (lambda d: d["chassis"].update(mas=d["chassis"]["mass"]), "chassis_mass"),
        (lambda d: d["chassis"].update(mass=1265), "expected {value, unit, source}"),
        (lambda d: d["drivetrain"]["gear_ratios"].update(points=[]), "1 to 8 positive ratios"),
        (lambda d: d["drivetrain"]["gear_ratios"].update(points=[3.0, -1.0]), "positive ratios"),
        (lambda d: d["engine"]["torque_curve"].update(points=[[5000, 100], [1000, 50]]), "ascending"),
        (without("engine", "torque_curve"), "missing engine: torque_curve"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, change: Callable[[Data], Any], said: str) -> None:
    with pytest.raises(InvalidCarError) as error:
        load_car(written(tmp_path, change))
    assert said in str(error.value)
    assert "car.yaml" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["{", "- 1\n- 2\n", "", "name: [unclosed"])
def test_a_file_that_is_no_car_is_one_clear_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(InvalidCarError) as error:
        load_car(path)
    assert "broken.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InvalidCarError, match="No such file"):
        load_car("/nowhere/car.yaml")
