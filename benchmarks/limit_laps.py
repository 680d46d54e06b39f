"""Limit lap times against the best laps published for the game: python benchmarks/limit_laps.py

Laps in s: best human driver and SAC of Remonda et al., arXiv 2407.16680, table of best lap times. Exits with 1 where a
limit is not within 3 % of the human's.
"""

from __future__ import annotations

import sys

from ac_gym.car import envelope, load_car
from ac_gym.track import load_track, speed_profile

PUBLISHED = (
    ("dallara_f317", "indianapolis_sp", 59.38, 59.84),
    ("dallara_f317", "ks_barcelona-layout_gp", 97.52, 97.67),
    ("dallara_f317", "ks_red_bull_ring-layout_gp", 83.53, 83.51),
    ("dallara_f317", "monza", 104.31, 104.41),
    ("bmw_z4_gt3", "ks_barcelona-layout_gp", 108.38, 109.51),
    ("bmw_z4_gt3", "ks_red_bull_ring-layout_gp", 91.16, 93.11),
    ("bmw_z4_gt3", "monza", 110.87, 112.69),
    ("ks_mazda_miata", "ks_barcelona-layout_gp", 158.28, 152.12),
)


def main() -> int:
    worst = 0.0
    print(f"{'car':16}{'track':28}{'limit s':>9}{'human s':>9}{'to human':>10}{'SAC s':>9}{'top km/h':>10}")
    for name, circuit, human, sac in PUBLISHED:
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
