"""Worlds: where the cars drive. `simulated` is the native simulator."""

from ac_gym.worlds.base import World
from ac_gym.worlds.simulated import SimulatedWorld, SimulationSettings

__all__ = ["SimulatedWorld", "SimulationSettings", "World"]
