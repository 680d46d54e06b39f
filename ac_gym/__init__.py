"""ac_gym: a Gymnasium package for learning to drive in Assetto Corsa, with or without the game.

>>> import gymnasium as gym, ac_gym
>>> env = gym.make("AssettoCorsa-v0", track="monza", car="bmw_z4_gt3")
"""

from ac_gym.errors import AcGymError
from ac_gym.registration import ENV_ID, register

__version__ = "0.3.0"
__all__ = ["ENV_ID", "AcGymError", "register"]

register()
