"""Lap and sector times against crossings found in the car's own positions."""

from __future__ import annotations

import numpy as np
from proving_ground import Drive, circle, free_rolling, steer_for

RADIUS = 200.0
LENGTH = 2 * np.pi * RADIUS
SECTORS = (LENGTH / 3, 0.75 * LENGTH)


def frictionless() -> Drive:
    """A car that keeps its speed but for the scrub of the wide circle, every physics step seen."""
    car = free_rolling(
        "ks_mazda_miata", aero_drag_area=0.0, tyres_front_rolling_resistance=0.0, tyres_rear_rolling_resistance=0.0
    )
    return Drive(car, track=circle(RADIUS, 60.0, sectors=list(SECTORS)), rate=325.0, substeps=1)


def lap(drive: Drive) -> list[dict[str, float]]:
    """Two rounds and a second more; the frames of every step."""
    rows: list[dict[str, float]] = []
    after = 0
    while after < 325 and len(rows) < 60_000:
        after += drive.one("lap_count") == 2
        x, y, _ = drive.one("world_position")
        wide = np.hypot(x, y) - RADIUS
        outward = float(np.dot(drive.one("velocity")[[2, 0]], [x, y]) / np.hypot(x, y))
        drive.step(steer=steer_for(drive.car, 2.3 / RADIUS + 0.003 * wide + 0.006 * outward))
        names = ("timestamp_ac", "lap_count", "last_lap_time", "sector", "last_sector_time", "current_time", "speed")
        rows.append(
            {name: float(drive.one(name)) for name in names}
            | {"angle": np.arctan2(*drive.one("world_position")[[1, 0]])}
        )
    return rows


def test_lap_and_sector_times_are_exact() -> None:
    rows = lap(frictionless().place(31.0, s=LENGTH - 50.0))
    time = np.array([r["timestamp_ac"] for r in rows])
    turned = np.unwrap([r["angle"] for r in rows])

    def crossing(s: float, turn: int) -> float:
        at = s / RADIUS + 2 * np.pi * turn
        k = int(np.searchsorted(turned, at))
        share = (at - turned[k - 1]) / (turned[k] - turned[k - 1])
        return time[k - 1] + share * (time[k] - time[k - 1])

    turned -= 2 * np.pi * np.round(turned[0] / (2 * np.pi))  # 0 at the first crossing of the line
    first, second = crossing(0.0, 0), crossing(0.0, 1)
    done = next(r for r in rows if r["lap_count"] == 1)
    assert abs(done["last_lap_time"] - 1000 * (second - first)) <= 1.0
    assert max(r["lap_count"] for r in rows) == 2
    marks = [crossing(0.0, 0), crossing(SECTORS[0], 0), crossing(SECTORS[1], 0), crossing(0.0, 1)]
    seen = [r["last_sector_time"] for k, r in enumerate(rows) if k and r["sector"] != rows[k - 1]["sector"]]
    assert np.abs(np.array(seen[1:4]) - 1000 * np.diff(marks)).max() <= 1.0
    assert abs(sum(seen[1:4]) - done["last_lap_time"]) <= 2.0
    assert rows[-1]["current_time"] == np.round(1000 * (time[-1] - crossing(0.0, 2)))


def test_a_lap_at_constant_speed_takes_its_length_over_the_speed() -> None:
    drive = frictionless().place(31.0, s=LENGTH - 50.0)
    rows = lap(drive)
    second = [r for r in rows if r["lap_count"] == 1]
    pace = np.mean([r["speed"] for r in second])
    done = next(r for r in rows if r["lap_count"] == 2)
    assert abs(done["last_lap_time"] / 1000 - LENGTH / pace) < 0.01 * LENGTH / pace


def test_the_way_to_the_line_is_no_lap() -> None:
    drive = frictionless().place(30.0, s=LENGTH - 20.0).run(3.0)
    assert drive.one("lap_count") == 0
    assert drive.one("last_lap_time") == 0
    assert 1000 < drive.one("current_time") < 3000


def test_driving_to_and_fro_over_the_line_is_no_lap() -> None:
    car = free_rolling("ks_mazda_miata")
    drive = Drive(car, track=circle(RADIUS, 60.0))
    for heading in (0.0, np.pi, 0.0, np.pi):
        drive.place(20.0, s=LENGTH - 5.0 if heading == 0.0 else 5.0, heading=heading).run(1.0)
        assert drive.one("lap_count") == 0
