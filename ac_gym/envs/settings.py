"""Settings of what learners and people see of the environments."""

from __future__ import annotations

from dataclasses import dataclass

from ac_gym.camera import COLORS, VIEWS, checked_size
from ac_gym.errors import ConfigError, UnknownNameError


@dataclass(frozen=True)
class RenderSettings:
    """Settings of `render`; every one is a keyword of the environments."""

    render_view: str = "chase"
    """where the picture is taken from: `cockpit`, `chase` or `top`"""
    render_size: tuple[int, int] = (640, 480)
    """width and height of the picture [pixels]"""
    render_line: bool = True
    """the racing line on the road, red where the limit lap brakes, green where it accelerates"""
    render_cars: bool = False
    """the other cars of the batch are in the picture; they drive as if alone"""
    render_hud: bool = True
    """instruments: lap times, map, speed, gear, pedals, steering; needs pygame, without it there are none"""

    def __post_init__(self) -> None:
        if self.render_view not in VIEWS:
            raise UnknownNameError("render_view", self.render_view, VIEWS)
        checked_size(self.render_size)


OBSERVATIONS = ("vector", "pixels", "both")
PICTURES = ("auto", "drawn", "shm", "csp", "screen")


@dataclass(frozen=True)
class ObservationSettings:
    """Settings of what the learner sees; every one is a keyword of the environments."""

    observation: str = "vector"
    """`vector`: numbers; `pixels`: a picture; `both`: a dictionary of the two"""
    obs_view: str = "cockpit"
    """where the picture is taken from: `cockpit`, `chase` or `top`"""
    obs_size: tuple[int, int] = (84, 84)
    """width and height of the picture [pixels]"""
    obs_color: str = "gray"
    """`gray` (one channel) or `rgb` (three)"""
    obs_stack: int = 1
    """pictures of the last steps in one observation, oldest first, as Gymnasium's FrameStackObservation lays them out;
    1: a picture alone"""
    obs_cars: bool = False
    """the other cars of the batch are in the picture; they drive as if alone"""
    pictures: str = "auto"
    """where pictures come from: `drawn` by our camera from the telemetry (`obs_view` and `obs_cars` say how), or those
    of the running game: `shm` (what `ac-gym serve --pictures` publishes), `csp` (a texture that Custom Shaders Patch
    shares) or `screen`; `auto`: `shm` where somebody publishes pictures of the game, else `drawn`"""
    pictures_name: str | None = None
    """which ones: name of the shared memory, the texture's name, or the monitor's number; default: `ac_gym.pictures`,
    `Scene`, `1`"""
    pictures_region: tuple[int, ...] = ()
    """x, y, width and height of the part of the game's pictures that is taken [pixels]; empty: the largest in their
    middle with the proportions of `obs_size`"""

    def __post_init__(self) -> None:
        known_names = (
            ("observation", OBSERVATIONS), ("obs_view", VIEWS), ("obs_color", COLORS), ("pictures", PICTURES)
        )  # fmt: skip
        for name, known in known_names:
            if (value := getattr(self, name)) not in known:
                raise UnknownNameError(name, value, known)
        checked_size(self.obs_size)
        if not 1 <= self.obs_stack <= 64:
            raise ConfigError(f"obs_stack must be 1 to 64 pictures, is {self.obs_stack}")
        if len(self.pictures_region) not in (0, 4):
            raise ConfigError(f"pictures_region is x, y, width, height, not {self.pictures_region}")
