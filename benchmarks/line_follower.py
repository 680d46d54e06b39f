"""The line follower on every track with every car: an out lap and three timed laps from the standing start.

    python benchmarks/line_follower.py [--out benchmarks/results/line_follower.json]

The goal: every lap clean (never more than two tyres beyond the white line), and every timed lap within 1.10 of the
limit, with the same settings everywhere. The exit status is 1 where it is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ac_gym.car import available_cars, load_car
from ac_gym.drivers import LineFollower
from ac_gym.evaluation import drive_laps
from ac_gym.track import available_tracks, load_track

TIMED_LAPS = 3
GOAL = 1.10  # of the limit


def measure(track: str, car: str, pace: float) -> dict[str, Any]:
    """One combination's laps."""
    driver = LineFollower(load_track(track), load_car(car), pace=pace)
    driven = drive_laps(driver, track=track, car=car, laps=TIMED_LAPS + 1)
    timed = [lap.time_s for lap in driven.laps[1:]]
    complete = len(timed) == TIMED_LAPS
    return {
        "track": track,
        "car": car,
        "limit_s": round(driven.limit_s, 3),
        "out_lap_s": round(driven.laps[0].time_s, 3) if driven.laps else None,
        "laps_s": [round(time, 3) for time in timed],
        "clean": complete and all(lap.clean for lap in driven.laps),
        "ratio": round(max(timed) / driven.limit_s, 4) if complete else None,
    }


def reached(row: dict[str, Any]) -> bool:
    return row["clean"] and row["ratio"] <= GOAL


def text(row: dict[str, Any]) -> str:
    laps = " ".join(f"{time:8.2f}" for time in row["laps_s"])
    ratio = f"{row['ratio']:.3f}" if row["ratio"] else "-"
    verdict = "clean" if row["clean"] else "NOT CLEAN"
    goal = "" if reached(row) else "  MISSED"
    return f"{row['track']:28s} {row['car']:16s} {row['limit_s']:8.2f} {laps:26s} {ratio:>6s} {verdict}{goal}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pace", type=float, default=0.95, help="share of the car's grip to plan with")
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    options = parser.parse_args()
    print(f"{'track':28s} {'car':16s} {'limit':>8s} {'timed laps':26s} {'worst':>6s}")
    rows = []
    for track in available_tracks():
        for car in available_cars():
            rows.append(measure(track, car, options.pace))
            print(text(rows[-1]), flush=True)
    missed = sum(not reached(row) for row in rows)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        result = {"pace": options.pace, "goal_ratio": GOAL, "missed": missed, "combinations": rows}
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows) - missed} of {len(rows)} combinations reach the goal")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
