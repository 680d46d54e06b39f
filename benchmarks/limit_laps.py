"""Limit lap times against the best laps published for the game: python benchmarks/limit_laps.py

The laps are those of `configs/published/lap_times.yaml`. Exits with 1 where a limit is off by more than 3 %.
"""

from __future__ import annotations

import sys

from ac_gym.car import envelope, load_car
from ac_gym.published import published_laps, published_pairs
from ac_gym.track import load_track, speed_profile


def main() -> int:
    worst = 0.0
    print(f"{'car':16}{'track':28}{'limit s':>9}{'human s':>9}{'to human':>10}{'SAC s':>9}{'top km/h':>10}")
    for circuit, name in published_pairs():
        laps = published_laps(circuit, name)
        human, sac = laps["human"], laps["sac"]
        profile = speed_profile(load_track(circuit), envelope(load_car(name)))
        off = profile.lap_time_s / human - 1.0
        worst = max(worst, abs(off))
        print(
            f"{name:16}{circuit:28}{profile.lap_time_s:9.2f}{human:9.2f}{off:+10.2%}{sac:9.2f}"
            f"{3.6 * profile.top_speed_mps:10.0f}"
        )
    print(f"largest difference to the best human lap: {worst:.2%} (at most 3 %)")
    return worst > 0.03


if __name__ == "__main__":
    sys.exit(main())
