"""Drivers: a line follower that needs no learning, and learned networks in NumPy."""

from ac_gym.drivers.base import Driver
from ac_gym.drivers.demonstrator import Demonstrator
from ac_gym.drivers.line_follower import LineFollower
from ac_gym.drivers.network import NetworkPolicy

__all__ = ["Demonstrator", "Driver", "LineFollower", "NetworkPolicy"]
