"""What of the limit lap time no driver can have: python benchmarks/limit_straights.py [TRACK CAR]

The limit is quasi-steady: it knows no gear that is being changed and no tyre that is only building up its slip. Where
the limit does not brake, and hardly turns, a car is put on the racing line with the limit's own speed and goes at full
throttle until the limit brakes. What it is slower by is out of any driver's reach; corners are not counted.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from ac_gym.drivers import LineFollower
from ac_gym.envs.session import Session

EASY = 10.0  # m/s2 of lateral acceleration: below, full throttle is no question of grip
BRAKES = -1.0  # m/s2 along the road: what is less is braking
SHORTEST_M = 150.0
FULL_THROTTLE, NO_BRAKE = 1.0, -1.0


def straights(session: Session) -> list[tuple[float, float]]:
    """(from, to) in m along the centre line, where the limit does not brake and little grip goes into turning."""
    track, speed = session.world.track, session.world.profile.speed
    straight = (np.abs(track.line_curvature) * speed**2 < EASY) & (np.gradient(speed, track.step_m) * speed > BRAKES)
    first = int(np.flatnonzero(~straight)[0])  # none goes over the end of the array then
    s, straight = np.roll(track.s, -first), np.roll(straight, -first)
    s[len(s) - first :] += track.length_m
    edges = np.flatnonzero(np.diff(straight.astype(np.int8), append=0))
    pairs = zip(s[edges[::2] + 1], s[edges[1::2]], strict=True)
    return [(float(a), float(b)) for a, b in pairs if b - a >= SHORTEST_M]


def drive(session: Session, begin_m: float, end_m: float) -> float:
    """Seconds at full throttle."""
    track, profile = session.world.track, session.world.profile
    here = begin_m % track.length_m
    offset, speed = (float(np.interp(here, track.s, values)) for values in (track.line_offset, profile.speed))
    session.world.place(0, here, offset, 0.0, speed)
    session.task.begin()
    follower = LineFollower(track, session.world.car, pace=1.0)
    driven, step_s = 0.0, 1.0 / session.world.control_rate
    seconds = 0.0
    while True:
        controls = follower(session.telemetry)[:, :3]
        controls[:, 1:] = FULL_THROTTLE, NO_BRAKE
        session.step(controls)
        step_m = (float(session.telemetry["s"][0]) - here) % track.length_m
        here = float(session.telemetry["s"][0])
        if driven + step_m >= end_m - begin_m:
            return seconds + step_s * (end_m - begin_m - driven) / step_m
        driven, seconds = driven + step_m, seconds + step_s


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("track", nargs="?", default="monza")
    options.add_argument("car", nargs="?", default="bmw_z4_gt3")
    arguments = options.parse_args()
    total, limit = lost(arguments.track, arguments.car)
    print(f"{total:.2f} s, {total / limit:.2%} of the limit lap of {limit:.2f} s; with gears that are in at once:")
    at_once, _ = lost(arguments.track, arguments.car, randomise={"drivetrain_upshift_time": (0.001, 0.0011)})
    print(f"{at_once:.2f} s")
    return 0


def lost(circuit: str, car: str, **settings: Any) -> tuple[float, float]:
    """Seconds lost on all straights, each of which is printed, and the limit lap time."""
    session = Session(1, track=circuit, car=car, use_relative_actions=False, **settings)
    session.seed(0)
    session.reset()
    track, profile = session.world.track, session.world.profile
    s, times = [*track.s, track.length_m], [*profile.time, profile.lap_time_s]
    total = 0.0
    print(f"{'from m':>8}{'to m':>8}{'limit s':>9}{'driven s':>10}{'lost s':>8}")
    for begin_m, end_m in straights(session):
        laps, here = divmod(end_m, track.length_m)
        limit = np.interp(here, s, times) + laps * profile.lap_time_s - np.interp(begin_m, s, times)
        driven = drive(session, begin_m, end_m)
        total += driven - limit
        print(f"{begin_m:8.0f}{end_m:8.0f}{limit:9.2f}{driven:10.2f}{driven - limit:8.3f}")
    return total, profile.lap_time_s


if __name__ == "__main__":
    sys.exit(main())
