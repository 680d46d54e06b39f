"""Drives ten cars a while with the controls of a seed and writes their frames; both systems run this very file.

Usage: python drive.py OUTPUT.npy STEPS
"""

import sys

import numpy as np

from ac_gym.car import load_car
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld, SimulationSettings

CARS = 10


def drive(steps: int) -> np.ndarray:
    """Frames (steps + 1, CARS, width): smooth controls, so that cars move as cars do."""
    settings = SimulationSettings(
        randomise={"grip": (0.8, 1.1)}, sensor_noise={"speed": 0.1}, tyre_wear_rate=1.0, fuel_rate=1.0, threads=2
    )
    world = SimulatedWorld(load_track("indianapolis_sp"), load_car("dallara_f317"), CARS, settings)
    world.seed(11)
    world.reset()
    frames = [world.frames.copy()]
    rng = np.random.default_rng(3)
    controls = np.zeros((CARS, 4), np.float32)
    for _ in range(steps):
        controls[:, :3] = 0.9 * controls[:, :3] + 0.1 * rng.uniform(-1.0, 1.0, (CARS, 3))
        world.step(controls)
        frames.append(world.frames.copy())
    world.close()
    return np.array(frames)


if __name__ == "__main__":
    np.save(sys.argv[1], drive(int(sys.argv[2])))
