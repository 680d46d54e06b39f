"""Pictures of the running game, cut, scaled and coloured into an array: three sources behind one contract.

    with open_source("shm", size=(84, 84), color="gray") as source:
        image, number, time = source.get_frame()

| source   | what it shows                                                                                           |
|----------|---------------------------------------------------------------------------------------------------------|
| `shm`    | what another program publishes in shared memory: the stand-in host, or whoever uses `PictureWriter`      |
| `csp`    | a texture that Custom Shaders Patch shares with OBS: the game without its windows and widgets (Windows)  |
| `screen` | the screen (needs the package mss)                                                                      |

People who come from accapture find its two calls here: `get_frame` and `shutdown`.
"""

from ac_gym.capture.conversion import convert
from ac_gym.capture.csp import CspSettings
from ac_gym.capture.default import get_frame, shutdown
from ac_gym.capture.source import Frame, Source, Texture
from ac_gym.capture.sources import open_source
from ac_gym.capture.writer import PictureWriter

__all__ = [
    "CspSettings",
    "Frame",
    "PictureWriter",
    "Source",
    "Texture",
    "convert",
    "get_frame",
    "open_source",
    "shutdown",
]
