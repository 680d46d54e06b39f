"""Drivers: a line follower that needs no learning, and learned networks in NumPy."""

from ac_gym.drivers.base import Driver
from ac_gym.drivers.demonstrator import Demonstrator
from ac_gym.drivers.learned import learned_driver
from ac_gym.drivers.line_follower import LineFollower
from ac_gym.drivers.network import NetworkPolicy
from ac_gym.drivers.pictures import PictureDriver, PicturePolicy

__all__ = [
    "Demonstrator",
    "Driver",
    "LineFollower",
    "NetworkPolicy",
    "PictureDriver",
    "PicturePolicy",
    "learned_driver",
]
