"""A car's data folder becomes a car of the simulator: what the data say, computed as documented, the rest estimated."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ac_gym.car import Car, available_cars, envelope, load_car, parse_car, user_cars
from ac_gym.car_import import import_car, keep_car
from ac_gym.car_import.data import Ini, parse_lut
from ac_gym.cli import main as cli
from ac_gym.drivers import LineFollower
from ac_gym.errors import InvalidCarError
from ac_gym.evaluation import drive_laps
from ac_gym.track import load_track

MODEL = "bmw_z4_gt3"  # the made-up data are this car's figures, in the game's terms
Sections = dict[str, dict[str, str | float]]
Data = dict[str, Sections | str]


def game_data(car: Car) -> Data:
    """The files of a data folder that describe `car`: ini files as sections, tables as text."""
    v = car.values
    wheel_over_tyre = {
        axle: v[f"suspension_{axle}_wheel_rate"] / v[f"tyres_{axle}_vertical_rate"] for axle in ("front", "rear")
    }
    mass, yaw = v["chassis_mass"], v["chassis_yaw_inertia"]
    long = math.sqrt(12.0 * yaw / mass - 1.8**2)
    data: Data = {
        "car.ini": {
            "INFO": {"SCREEN_NAME": "Screen name"},
            "BASIC": {"TOTALMASS": mass, "INERTIA": f"1.8, 1.1, {long:.6f}", "GRAPHICS_OFFSET": "0,-0.4,0"},
            "CONTROLS": {"FFMULT": 2.3, "STEER_LOCK": v["steering_lock_deg"], "STEER_RATIO": -v["steering_ratio"]},
            "FUEL": {"CONSUMPTION": v["fuel_consumption"], "FUEL": v["fuel_start"], "MAX_FUEL": 110},
        },
        "suspensions.ini": {
            "BASIC": {"WHEELBASE": v["chassis_wheelbase"], "CG_LOCATION": v["chassis_front_weight"]},
            "ARB": {"FRONT": v["suspension_front_anti_roll"], "REAR": v["suspension_rear_anti_roll"]},
        },
        "tyres.ini": {"HEADER": {"VERSION": 10}, "COMPOUND_DEFAULT": {"INDEX": 1}},
        "engine.ini": {
            "HEADER": {"VERSION": 1, "POWER_CURVE": "power.lut", "COAST_CURVE": "FROM_COAST_REF"},
            "ENGINE_DATA": {
                "INERTIA": v["engine_inertia"], "LIMITER": v["engine_limiter_rpm"], "MINIMUM": v["engine_idle_rpm"],
            },
            "COAST_REF": {"RPM": v["engine_limiter_rpm"], "TORQUE": v["engine_coast_torque"], "NON_LINEARITY": 0.2},
        },
        "power.lut": "; speed and torque\n" + "\n".join(f"{rpm:g}|{nm:g}  ; Nm" for rpm, nm in car.torque_curve),
        "drivetrain.ini": {
            "TRACTION": {"TYPE": "RWD"},
            "GEARS": {
                "COUNT": len(car.gears), "GEAR_R": -v["drivetrain_reverse"], "FINAL": v["drivetrain_final_drive"],
                **{f"GEAR_{k}": ratio for k, ratio in enumerate(car.gears, start=1)},
            },
            "DIFFERENTIAL": {
                "POWER": v["differential_power"],
                "COAST": v["differential_coast"],
                "PRELOAD": v["differential_preload"],
            },
            "GEARBOX": {
                "CHANGE_UP_TIME": 1e3 * v["drivetrain_upshift_time"],
                "CHANGE_DN_TIME": 1e3 * v["drivetrain_downshift_time"],
            },
            "CLUTCH": {"MAX_TORQUE": v["drivetrain_clutch_torque"]},
            "AUTOCLUTCH": {"MIN_RPM": 2000, "MAX_RPM": v["drivetrain_launch_rpm"]},
            "AUTO_SHIFTER": {"UP": v["drivetrain_auto_up_rpm"], "DOWN": v["drivetrain_auto_down_rpm"]},
        },
        "brakes.ini": {"DATA": {"MAX_TORQUE": 0.5 * v["brakes_torque"], "FRONT_SHARE": v["brakes_front_share"]}},
        "electronics.ini": {
            "ABS": {"SLIP_RATIO_LIMIT": v["brakes_abs_slip"], "PRESENT": 1},
            "TRACTION_CONTROL": {"SLIP_RATIO_LIMIT": v["engine_tc_slip"], "PRESENT": 1},
        },
        "aero.ini": wings(car),
        "setup.ini": {"FUEL": {"MIN": 1}},
    }  # fmt: skip
    for axle in ("front", "rear"):
        own = {name.removeprefix(f"tyres_{axle}_"): v[name] for name in v if name.startswith(f"tyres_{axle}_")}
        sections = data["suspensions.ini"], data["tyres.ini"]
        assert isinstance(sections[0], dict)
        assert isinstance(sections[1], dict)
        rate = v[f"suspension_{axle}_wheel_rate"]
        sections[0][axle.upper()] = {
            "TYPE": "DWB",
            "BASEY": v["chassis_cg_height"] - own["radius"],
            "TRACK": v[f"suspension_{axle}_track"],
            "ROD_LENGTH": v[f"suspension_{axle}_ride_height"],
            "HUB_MASS": v[f"suspension_{axle}_unsprung_mass"],
            "STATIC_CAMBER": v[f"suspension_{axle}_camber_deg"],
            "SPRING_RATE": rate / (1.0 - wheel_over_tyre[axle]),
            "DAMP_BUMP": 0.8 * v[f"suspension_{axle}_damping"],
            "DAMP_REBOUND": 1.2 * v[f"suspension_{axle}_damping"],
            "BUMP_STOP_RATE": 500000,
        }
        peak = math.tan(math.radians(own["peak_slip_angle_deg"])) * own["mu_longitudinal"] / own["mu_lateral"]
        sections[1][axle.upper()] = {"NAME": "Street", "RADIUS": 0.5}
        sections[1][f"{axle.upper()}_1"] = {
            "NAME": "Slick", "RADIUS": own["radius"], "ANGULAR_INERTIA": own["inertia"], "RATE": own["vertical_rate"],
            "DY_REF": own["mu_lateral"], "DX_REF": own["mu_longitudinal"], "FZ0": own["load_reference"],
            "LS_EXPY": own["load_exponent"], "LS_EXPX": own["load_exponent"],
            "FRICTION_LIMIT_ANGLE": own["peak_slip_angle_deg"], "CX_MULT": peak / own["peak_slip_ratio"],
            "FALLOFF_LEVEL": own["falloff_level"], "FALLOFF_SPEED": own["falloff_rate"],
            "FLEX_GAIN": own["peak_slip_gain"], "RELAXATION_LENGTH": own["relaxation_length"],
            "ROLLING_RESISTANCE_0": 1e3 * own["rolling_resistance"], "PRESSURE_STATIC": own["pressure_cold_psi"],
            "PRESSURE_IDEAL": own["pressure_ideal_psi"], "PRESSURE_D_GAIN": 3.0 * own["pressure_grip_loss"],
            "CAMBER_GAIN": 0.1,
        }  # fmt: skip
        sections[1][f"THERMAL_{axle.upper()}_1"] = {"PERFORMANCE_CURVE": f"tcurve_{axle}.lut", "FRICTION_K": 0.06}
        temperature = np.arange(20.0, 151.0, 2.5)
        grip = 1.0 - own["temperature_grip_loss"] * (temperature - own["temperature_ideal"]) ** 2
        data[f"tcurve_{axle}.lut"] = "\n".join(f"{t:g}|{g:.6f}" for t, g in zip(temperature, grip, strict=True))
    return data


def wings(car: Car) -> Sections:
    """A body with all the drag at the centre of gravity, and a wing over each axle; tables within the file."""
    v = car.values
    to_front = (1.0 - v["chassis_front_weight"]) * v["chassis_wheelbase"]
    none = "(|-10=0|10=0|)"
    return {
        "WING_0": {
            "NAME": "BODY", "CHORD": 1, "SPAN": 2, "POSITION": "0, 0.1, 0", "ANGLE": 0, "CL_GAIN": 0, "CD_GAIN": 2,
            "LUT_AOA_CL": none, "LUT_AOA_CD": f"(|-1={0.25 * v['aero_drag_area']}|1={0.25 * v['aero_drag_area']}|)",
        },
        "WING_1": {
            "NAME": "FRONT", "CHORD": 1, "SPAN": 1, "POSITION": f"0, 0, {to_front}", "ANGLE": 5, "CL_GAIN": 1,
            "LUT_AOA_CL": f"(|0=0|10={2.0 * v['aero_lift_area_front']}|)", "LUT_AOA_CD": none,
        },
        "WING_2": {
            "NAME": "REAR", "CHORD": 0.5, "SPAN": 2, "POSITION": f"0, 0.5, {to_front - v['chassis_wheelbase']}",
            "ANGLE": -3, "LUT_AOA_CL": f"(|-3={v['aero_lift_area_rear']}|0=9|)", "LUT_AOA_CD": none,
        },
        "DYNAMIC_CONTROLLER_0": {"WING": 2, "COMBINATOR": "ADD"},
    }  # fmt: skip


Write = Callable[..., Path]


def write_car(car: Path, **changes: object) -> Path:
    """Writes a car's folder of changed data; a change of None takes the key, section or file out."""
    data = game_data(load_car(MODEL))
    for place, value in changes.items():
        file, *inside = place.split("__")
        path = [next(known for known in data if known.partition(".")[0] == file), *inside]
        target: dict = data
        for key in path[:-1]:
            target = target[key]
        if value is None:
            del target[path[-1]]
        else:
            target[path[-1]] = value
    (car / "data").mkdir(parents=True)
    for name, content in data.items():
        text = content if isinstance(content, str) else ini_text(content)
        (car / "data" / name).write_text(text, encoding="utf-8", newline="\r\n")
    return car


@pytest.fixture
def write(tmp_path: Path) -> Write:
    return lambda **changes: write_car(tmp_path / "cars" / "made_up", **changes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for tests that leave it as it was."""
    return write_car(tmp_path_factory.mktemp("whole") / "made_up")


def ini_text(sections: Sections) -> str:
    lines = ["; made up for a test"]
    for section, keys in sections.items():
        lines += [f"[{section}]", *(f"{key}={value}\t\t; as {key.lower()}=1" for key, value in keys.items()), ""]
    return "\n".join(lines)


def imported(folder: Path) -> Car:
    return parse_car(import_car(folder)[0], folder / "car.yaml")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AC_GYM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_figures_that_went_into_the_data_come_out(write: Write) -> None:
    car, model = imported(write()), load_car(MODEL)
    assert car.gears == model.gears
    assert car.torque_curve == model.torque_curve
    other = {"drivetrain_efficiency": 1.0}  # the game has no losses there
    for name, value in model.values.items():
        if name in ("chassis_roll_inertia", "chassis_pitch_inertia"):
            continue
        tolerance = 0.02 if "temperature" in name else 1e-4
        assert car.values[name] == pytest.approx(other.get(name, value), rel=tolerance, abs=1e-6), name
    sprung = 1265.0 - 2.0 * (45.0 + 50.0)
    long2 = 12.0 * 1750.0 / 1265.0 - 1.8**2
    assert car.values["chassis_roll_inertia"] == pytest.approx(sprung / 12.0 * (1.8**2 + 1.1**2), rel=1e-4)
    assert car.values["chassis_pitch_inertia"] == pytest.approx(sprung / 12.0 * (1.1**2 + long2), rel=1e-4)


def test_every_figure_says_where_it_is_from(write: Write) -> None:
    car = imported(write())
    assert car.origins["chassis_mass"] == "data/car.ini"
    assert car.origins["engine_torque_curve"] == "data/engine.ini"
    assert car.origins["drivetrain_gear_ratios"] == "data/drivetrain.ini"
    assert car.origins["tyres_rear_mu_lateral"] == "data/tyres.ini"
    assert car.origins["brakes_abs_slip"] == "data/electronics.ini"
    assert car.origins["suspension_front_wheel_rate"] == "computed"
    assert car.origins["tyres_front_pneumatic_trail"] == "estimate"
    assert set(car.origins.values()) == set(car.sources)
    assert "bmw_z4_gt3" in car.sources["estimate"]


def test_the_report_names_what_was_estimated_and_what_was_not_used(write: Write) -> None:
    lines = import_car(write())[1]
    assert "estimated: tyres_front_pneumatic_trail 0.03 m, as of bmw_z4_gt3" in lines
    assert "tyres: compound 1 of 2 is taken, the car's own; the others are not" in lines
    assert "aero.ini: 1 moving wings stay at their own angle" in lines
    assert "not used: data/suspensions.ini [FRONT] TYPE, BUMP_STOP_RATE" in lines
    assert "not used: data/engine.ini [COAST_REF] NON_LINEARITY" in lines
    assert "not used: data/tyres.ini [FRONT_1] NAME, LS_EXPX, CAMBER_GAIN" in lines
    assert "not read: setup.ini" in lines
    assert not any("chassis_mass" in line for line in lines)


def test_the_command_keeps_a_car_that_laps(
    write: Write, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ac-gym", "cars", "import", str(write())])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code
    shown = capsys.readouterr().out.splitlines()
    assert shown[-2:] == [f"wrote {home / 'cars' / 'made_up.yaml'}", "drive it: ac-gym drive --car made_up"]
    assert shown[-3].startswith("Screen name: ")
    assert "1265 kg" in shown[-3]
    assert user_cars() == ["made_up"]
    assert "made_up" not in available_cars()
    track = load_track("ks_red_bull_ring-layout_gp")
    laps = drive_laps(LineFollower(track, load_car("made_up"), pace=0.9), track=track.name, car="made_up", laps=1)
    assert laps.best is not None
    limit = envelope(load_car(MODEL)).lateral
    assert np.allclose(envelope(load_car("made_up")).lateral, limit, rtol=0.01)


def test_the_data_folder_itself_will_do(write: Write) -> None:
    folder = write()
    assert import_car(folder / "data")[0] == import_car(folder)[0]
    assert yaml.safe_load(import_car(folder, "other")[0])["name"] == "other"


def test_the_title_is_that_of_the_game(write: Write) -> None:
    folder = write()
    assert imported(folder).title == "Screen name"
    (folder / "ui").mkdir()
    (folder / "ui" / "ui_car.json").write_text('{"name": "Made: up \t#1",\n "specs": {}}', encoding="utf-8")
    assert imported(folder).title == "Made: up #1"
    (folder / "ui" / "ui_car.json").write_text('{"name": "A\\ud800\\u0007B"}', encoding="utf-8")
    assert imported(folder).title == "AB"
    for damaged in ("[1]", "{", '{"name": 3}', "[" * 100_000):
        (folder / "ui" / "ui_car.json").write_text(damaged, encoding="utf-8")
        assert imported(folder).title == "Screen name"


def test_packed_data_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "data.acd").write_bytes(b"\x00" * 64)
    with pytest.raises(InvalidCarError, match=r"has only data\.acd, .* unpack it with a tool of your own") as caught:
        import_car(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "value", "message"),
    [
        ("tyres", None, r"data: tyres\.ini missing; the data folder is not complete"),
        ("car__BASIC__TOTALMASS", None, r"data/car\.ini \[BASIC\] TOTALMASS is missing"),
        ("car__BASIC__TOTALMASS", "heavy", r"data/car\.ini \[BASIC\] TOTALMASS: 'heavy' is not a number"),
        ("car__BASIC__INERTIA", "1,2", r"INERTIA: '1,2' is not 3 numbers"),
        ("suspensions__FRONT", None, r"data/suspensions\.ini \[FRONT\] SPRING_RATE is missing"),
        ("tyres__FRONT_1", None, r"data/tyres\.ini \[FRONT_1\] RADIUS is missing"),
        ("engine__HEADER", None, r"data/engine\.ini \[HEADER\] POWER_CURVE is missing"),
        ("engine__HEADER__POWER_CURVE", "../../secret.lut", r"there is no \.\./\.\./secret\.lut in the data folder"),
        ("engine__HEADER__POWER_CURVE", "C:\\x\\power.lut", "in the data folder"),
        ("engine__ENGINE_DATA__LIMITER", "nan", r"LIMITER: 'nan' is not a number"),
        ("power", "1000|x", r"data/power\.lut line 1: '1000\|x' is not a point x\|y"),
        ("power", "; nothing", r"data/power\.lut: no points"),
        ("power", "0|-5\n9000|-5", "no torque below the limiter"),
        ("drivetrain__GEARS__COUNT", 11, r"11 gears; 1 to 8 can be driven"),
        ("drivetrain__GEARS__COUNT", 6.7, r"6\.7 gears; 1 to 8 can be driven"),
        ("car__BASIC__TOTALMASS", -5, r"data/car\.ini: chassis_mass: must be greater than 0, is -5"),
        ("suspensions__BASIC__CG_LOCATION", 1.4, r"chassis_front_weight: must be 0\.2 to 0\.8, is 1\.4"),
        ("suspensions__BASIC__WHEELBASE", 2510, r"chassis_wheelbase: must be 0\.8 to 8, is 2510"),
        ("drivetrain__GEARS__GEAR_3", None, r"GEAR_3 is missing"),
        ("drivetrain__GEARS__GEAR_2", 0, r"GEAR_2: a ratio must be above 0"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(write: Write, change: str, value: object, message: str) -> None:
    folder = write(**{change: value})
    with pytest.raises(InvalidCarError, match=message) as caught:
        import_car(folder)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidCarError, match="nowhere: no such folder"):
        import_car(tmp_path / "nowhere")
    with pytest.raises(
        InvalidCarError, match=r"no folder data and no car\.ini in it; give the folder content/cars/CAR"
    ):
        import_car(tmp_path)


def test_files_that_may_be_missing_are_estimated_and_told(write: Write) -> None:
    text, lines = import_car(write(aero=None, brakes=None, electronics=None))
    car = parse_car(text, Path("car.yaml"))
    # Without downforce the nearest car is the road car.
    assert car.origins["brakes_torque"] == car.origins["aero_drag_area"] == car.origins["brakes_abs_slip"] == "estimate"
    assert car.values["aero_drag_area"] == load_car("ks_mazda_miata").values["aero_drag_area"]
    assert "aero.ini is missing; drag and downforce are estimated" in lines


def test_a_figure_that_no_car_can_have_is_estimated_and_told(write: Write) -> None:
    text, lines = import_car(write(tyres__FRONT_1__RELAXATION_LENGTH=0))
    car = parse_car(text, Path("car.yaml"))
    assert car.values["tyres_front_relaxation_length"] == load_car(MODEL).values["tyres_front_relaxation_length"]
    assert any(
        line.startswith("tyres_front_relaxation_length: must be greater than 0, is 0 in data/tyres.ini")
        for line in lines
    )


def test_a_turbo_is_in_the_torque_curve(write: Write) -> None:
    turbo = {"MAX_BOOST": 1.0, "WASTEGATE": 0.8, "REFERENCE_RPM": 4000, "GAMMA": 2.0, "LAG_UP": 0.99}
    plain = dict(load_car(MODEL).torque_curve)
    car = imported(write(engine__TURBO_0=turbo))
    rpm, torque = np.array(car.torque_curve).T
    base = np.interp(rpm, list(plain), list(plain.values()))
    assert np.allclose(torque / base, 1.0 + np.minimum(np.minimum(rpm / 4000.0, 1.0) ** 2, 0.8), rtol=1e-4)
    assert car.origins["engine_torque_curve"] == "computed"


def test_an_old_tyre_and_a_tyre_with_curves_have_their_friction(write: Write) -> None:
    keys = {"RADIUS": 0.3, "DY0": 1.2, "DX0": 1.3, "FZ0": 3000}
    car = imported(write(tyres__FRONT_1=keys))
    assert car.values["tyres_front_mu_lateral"] == 1.2
    assert car.values["tyres_front_mu_longitudinal"] == 1.3
    model = load_car(MODEL)
    assert car.values["tyres_front_load_exponent"] == model.values["tyres_front_load_exponent"]


def test_a_friction_curve_gives_grip_and_load_exponent(write: Write) -> None:
    curve = "(|" + "|".join(f"{load}={1.6 * (load / 3000.0) ** -0.15}" for load in range(500, 9001, 50)) + "|)"
    car = imported(write(tyres__REAR_1__DY_CURVE=curve, tyres__REAR_1__FZ0=3000))
    assert car.values["tyres_rear_mu_lateral"] == pytest.approx(1.6, rel=1e-4)
    assert car.values["tyres_rear_load_exponent"] == pytest.approx(0.85, rel=1e-3)


def test_speeds_of_the_automatic_box_that_do_not_fit_are_estimated(write: Write) -> None:
    text, lines = import_car(write(drivetrain__AUTO_SHIFTER__UP=9900))
    car = parse_car(text, Path("car.yaml"))
    assert car.values["drivetrain_auto_up_rpm"] == pytest.approx(0.96 * 8600.0)
    assert any(line.startswith("automatic box: shifting at") for line in lines)


def test_what_the_drivetrain_cannot_be_is_told(write: Write) -> None:
    text, lines = import_car(write(drivetrain__TRACTION__TYPE="AWD"))
    assert parse_car(text, Path("car.yaml")).values["drivetrain_driven_axle"] == 0.0
    assert "drivetrain.ini: AWD is not modelled; the rear axle alone is driven" in lines


def test_names_are_checked_and_the_packages_are_not_taken(write: Write, home: Path) -> None:
    folder = write()
    with pytest.raises(InvalidCarError, match="is a car of the package already; choose another --name"):
        keep_car(import_car(folder, MODEL)[0])
    for name in ("../up", "a/b", "a b"):
        with pytest.raises(InvalidCarError, match="cannot name a car"):
            keep_car(import_car(folder, name)[0])
    assert not home.exists()


def test_an_import_again_takes_the_place_of_the_first_when_told_to(write: Write) -> None:
    folder = write()
    for _ in range(2):
        keep_car(import_car(folder)[0])
    assert load_car("made_up").values["chassis_mass"] == 1265.0
    file = folder / "data" / "car.ini"
    file.write_text(file.read_text(encoding="utf-8").replace("TOTALMASS=1265", "TOTALMASS=1300"), encoding="utf-8")
    with pytest.raises(InvalidCarError, match="is there already, and different; give --replace"):
        keep_car(import_car(folder)[0])
    assert load_car("made_up").values["chassis_mass"] == 1265.0
    keep_car(import_car(folder)[0], replace=True)
    assert load_car("made_up").values["chassis_mass"] == 1300.0


@given(st.text(max_size=300))
def test_any_text_is_an_ini_file(text: str) -> None:
    ini = Ini("any.ini", text)
    for section, keys in ini.sections.items():
        for key in keys:
            assert ini.text(section, key) is None or isinstance(ini.text(section, key), str)


@given(st.dictionaries(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_table_is_read_as_it_was_written(points: dict[float, float]) -> None:
    x, y = parse_lut("\n".join(f"{a!r}|{b!r} ; point" for a, b in points.items()), "any.lut")
    assert dict(zip(x.tolist(), y.tolist(), strict=True)) == points
    assert (np.diff(x) > 0.0).all()


@given(st.text(alphabet="0123456789.|-e;\n =naif", max_size=60))
def test_any_table_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        x, _ = parse_lut(text, "any.lut")
    except InvalidCarError as error:
        message = str(error)
    else:
        message = ""
        assert np.isfinite(x).all()
    assert "\n" not in message


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_value_anywhere_gives_a_car_or_one_line(whole: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted((whole / "data").glob("*.ini"))))
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    number = data.draw(st.sampled_from([k for k, line in enumerate(lines) if "=" in line.partition(";")[0]]))
    values = ["", "0", "-1", "1e30", "-1e30", "nan", "x", "(|0=1|)", "(||)", "1,2,3", "9" * 400]
    lines[number] = lines[number].partition("=")[0] + "=" + data.draw(st.sampled_from(values))
    file.write_text("\n".join(lines), encoding="utf-8")
    message = ""
    try:
        imported(whole)
    except InvalidCarError as error:
        message = str(error)
    finally:
        file.write_text(text, encoding="utf-8")
    assert "\n" not in message
    assert len(message) < 700
