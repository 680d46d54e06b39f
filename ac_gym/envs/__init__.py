"""Gymnasium environments, thin over a World and a Task."""

from ac_gym.envs.single import AssettoCorsaEnv
from ac_gym.envs.vector import AssettoCorsaVectorEnv

__all__ = ["AssettoCorsaEnv", "AssettoCorsaVectorEnv"]
