"""Our vehicle beside the CommonRoad single-track and multi-body models (PyPI commonroad-vehicle-models), at low slip.

    python benchmarks/vehicle_models.py

Prints, for two steering inputs at 20 m/s with the published figures of their vehicle 2, the RMS difference of yaw rate
and lateral acceleration over their RMS, and how many seconds of driving each model computes in a second. The comparison
itself, with its bounds, is tests/physics/test_published_model.py.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "physics"))

from test_published_model import (
    init_mb,
    init_st,
    mismatch,
    ours,
    sine,
    theirs,
    turn_in,
    vehicle_dynamics_mb,
    vehicle_dynamics_st,
)

SECONDS = 3.0
MODELS = {"single-track": (vehicle_dynamics_st, init_st), "multi-body": (vehicle_dynamics_mb, init_mb)}


def main() -> None:
    found: dict[str, dict[str, float]] = {}
    for angle in (sine, turn_in):
        begun = time.perf_counter()
        mine = ours(angle, SECONDS)
        our_pace = SECONDS / (time.perf_counter() - begun)
        for name, (model, init) in MODELS.items():
            begun = time.perf_counter()
            published = theirs(angle, SECONDS, model, init)
            pace = SECONDS / (time.perf_counter() - begun)
            yaw_rate, lateral = mismatch(mine, published)
            found[f"{angle.__name__} {name}"] = {
                "yaw_rate_mismatch": float(yaw_rate), "lateral_acceleration_mismatch": float(lateral),
                "our_seconds_a_second": our_pace, "their_seconds_a_second": pace,
            }  # fmt: skip
            print(
                f"{angle.__name__:<8} {name:<13} yaw rate {100 * yaw_rate:4.1f} %, lateral {100 * lateral:4.1f} %; "
                f"ours {our_pace:5.0f} x real time (1 kHz, Python every 10 ms), theirs {pace:4.0f} x"
            )
    output = Path(__file__).parent / "results" / "vehicle_models.json"
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
