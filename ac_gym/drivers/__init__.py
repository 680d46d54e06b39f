"""Drivers that need no learning."""

from ac_gym.drivers.base import Driver
from ac_gym.drivers.demonstrator import Demonstrator
from ac_gym.drivers.line_follower import LineFollower

__all__ = ["Demonstrator", "Driver", "LineFollower"]
