"""A stand-in for the game: runs in-game apps, the plugin first of all, on telemetry of the simulated world."""

from ac_gym.standin.host import Host
from ac_gym.standin.meter import HostStatus
from ac_gym.standin.pictures import PictureSettings

__all__ = ["Host", "HostStatus", "PictureSettings"]
