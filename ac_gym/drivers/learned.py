"""The driver that a checkpoint holds, whatever it looks at."""

from __future__ import annotations

from pathlib import Path

from ac_gym.camera import scene_of
from ac_gym.car import load_car
from ac_gym.drivers.network import NetworkPolicy
from ac_gym.drivers.pictures import PictureDriver, PicturePolicy
from ac_gym.drivers.policy_file import read_policy
from ac_gym.track import load_track


def learned_policy(path: str | Path) -> NetworkPolicy | PicturePolicy:
    """From a `policy.npz`, or from a checkpoint's folder that has one; PolicyFileError for what is none."""
    file = read_policy(path)
    return PicturePolicy.of(file) if file.sees_pictures else NetworkPolicy.of(file)


def learned_driver(path: str | Path, track: str | Path, car: str | Path) -> NetworkPolicy | PictureDriver:
    """What drives `car` on `track` in the simulator; one by pictures sees those of the simulator's camera."""
    policy = learned_policy(path)
    if isinstance(policy, NetworkPolicy):
        return policy
    return PictureDriver(policy, scene_of(load_track(track), load_car(car)))
