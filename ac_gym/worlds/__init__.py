"""Worlds: where the cars drive. `simulated` is the native simulator, `recorded` what was driven before, and
`ac_gym.worlds.game` the running game."""

from ac_gym.worlds.base import World
from ac_gym.worlds.game_settings import GameSettings
from ac_gym.worlds.recorded import RecordedWorld
from ac_gym.worlds.simulated import SimulatedWorld, SimulationSettings

__all__ = ["GameSettings", "RecordedWorld", "SimulatedWorld", "SimulationSettings", "World"]
