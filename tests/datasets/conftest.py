"""A short drive in the simulator, recorded."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from ac_gym import channels
from ac_gym.car import load_car
from ac_gym.datasets import Recording
from ac_gym.drivers import LineFollower
from ac_gym.task import Task
from ac_gym.track import load_track
from ac_gym.worlds import SimulatedWorld

sys.path.append(str(Path(__file__).parents[1] / "recording"))  # its sources of pictures, and its OBS


@pytest.fixture(scope="session")
def drive() -> Recording:
    """Ten seconds at Monza, all channels, with the controls."""
    world = SimulatedWorld(load_track("monza"), load_car("bmw_z4_gt3"), 1)
    task, driver = Task(world), LineFollower(world.track, world.car)
    world.seed(5)
    world.reset()
    task.begin()
    frames, controls = [world.frames[0].copy()], [task.controls[0].copy()]
    for _ in range(250):
        world.step(task.act(task.actions_for(driver(task.telemetry))))
        task.observe()
        frames.append(world.frames[0].copy())
        controls.append(task.controls[0].copy())
    known = np.ones(channels.WIDTH, bool)
    static = {"TrackName": "monza", "TrackConfiguration": "", "CarName": "bmw_z4_gt3", "TrackLength": 5793.0}
    return Recording("drive", np.array(frames), known, 25.0, np.array(controls), "monza", "bmw_z4_gt3", static)
