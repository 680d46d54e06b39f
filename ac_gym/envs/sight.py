"""Where the pictures of an observation come from: drawn from telemetry, or taken from the running game."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ac_gym.camera import Camera
from ac_gym.capture import Source, open_source
from ac_gym.capture.conversion import Color
from ac_gym.capture.sources import DEFAULT_NAMES, Kind
from ac_gym.channels import COLUMNS
from ac_gym.envs.settings import ObservationSettings
from ac_gym.errors import CaptureError, CaptureTimeoutError, ConfigError, NoPicturesError
from ac_gym.worlds import World

Cars = NDArray[np.intp] | slice
Picture = NDArray[np.uint8]

_SHARE_OF_STEP = 0.5  # that may pass in waiting for the picture of a state; the rest is the driver's
_BEGIN_S = 1.0  # longest wait for the first picture of an episode, when no deadline is near
_STALE_S = 1.0  # a state so much younger than its picture is no longer what the picture shows
_FAR_AHEAD = 1000  # frame numbers; no game gets so far from the state at which an episode begins
_NUMBER = COLUMNS["packet_id"].start

log = logging.getLogger("ac_gym")


class Sight(Protocol):
    """Gives pictures of the present state of a world's cars."""

    age: float
    """s by which the last pictures are older than their state"""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of a picture."""

    def look(self, cars: Cars, out: Picture, *, begins: bool = False) -> None:
        """Pictures of `cars` into `out` (cars, height, width, channels); `begins`: an episode, so there is time."""

    def close(self) -> None:
        """Let go of what it takes pictures with."""


def sight_of(world: World, settings: ObservationSettings, threads: int) -> Sight:
    """Of the kind `settings.pictures`. Raises CaptureError where no pictures come, ConfigError for a world that has
    none but drawn ones."""
    chosen = settings.pictures
    live = world.state_time is not None
    if chosen == "drawn" or (chosen == "auto" and not live):
        return Drawn(world, settings, threads)
    if not live:
        raise ConfigError(f"pictures={chosen} are those of the running game; this world's are drawn: pictures=drawn")
    if chosen != "auto":
        return Grabbed(world, settings, cast(Kind, chosen))
    try:
        return Grabbed(world, settings, "shm")
    except NoPicturesError:
        log.info("nobody publishes pictures of the game: they are drawn from its telemetry")
        return Drawn(world, settings, threads)


class Drawn:
    """Pictures by the simulator's camera, of the very state."""

    age = 0.0

    def __init__(self, world: World, settings: ObservationSettings, threads: int) -> None:
        s = settings
        self._world, self._cars = world, s.obs_cars
        self._camera = Camera(world, view=s.obs_view, size=s.obs_size, color=s.obs_color, threads=threads)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self._camera.shape

    def look(self, cars: Cars, out: Picture, *, begins: bool = False) -> None:
        frames = self._world.frames
        self._camera.draw(frames[cars], out, others=frames if self._cars else None)

    def close(self) -> None:
        """Nothing to let go of."""


class Grabbed:
    """Pictures of the running game, one car's, from a source of `ac_gym.capture`.

    The stand-in's pictures carry the number of the frame that they show, and the state carries it too: that one is
    waited for, or the first newer one. Those of `csp` and `screen` have no such number: the newest is taken. A wait
    ends long before the driver's deadline; then the last picture is given again, and `age` tells.
    """

    def __init__(self, world: World, settings: ObservationSettings, kind: Kind) -> None:
        s = settings
        self._world, self._numbered = world, kind == "shm"
        self._name = DEFAULT_NAMES[kind] if s.pictures_name is None else s.pictures_name
        self._source = _opened(kind, self._name, s)
        width, height = s.obs_size
        self._shape = height, width, 1 if s.obs_color == "gray" else 3
        self._image, self._spare = (np.zeros(self._shape, np.uint8) for _ in range(2))
        self._shown, self._time = 0, -np.inf  # number and moment of the picture in `_image`
        self.age = 0.0

    @property
    def shape(self) -> tuple[int, int, int]:
        return self._shape

    def look(self, cars: Cars, out: Picture, *, begins: bool = False) -> None:
        number = int(self._world.frames[0, _NUMBER]) if self._numbered else 0
        came = self._world.state_time
        assert came is not None
        due = came + _SHARE_OF_STEP / self._world.control_rate
        try:
            self._take(number, _BEGIN_S if begins else max(due - time.perf_counter(), 0.0))
        except CaptureTimeoutError:
            if begins and not self._numbered:
                raise
            with contextlib.suppress(CaptureTimeoutError):
                self._take(0, 0.0)
        if begins and self._numbered and not number <= self._shown <= number + _FAR_AHEAD:
            raise CaptureError(
                f"'{self._name}' shows frame {self._shown}, and the game is at frame {number}: these are pictures of "
                "another game; give the name of this one's (pictures_name), or draw them (pictures=drawn)"
            )
        self.age = 0.0 if self._numbered and self._shown == number else came - self._time
        if self.age > _STALE_S:
            raise CaptureTimeoutError(f"no new picture of '{self._name}' for {self.age:.1f} s, though the game goes on")
        out[0] = self._image

    def close(self) -> None:
        self._source.shutdown()

    def _take(self, number: int, timeout: float) -> None:
        """The newest picture, of that number or a higher one."""
        picture = self._source.get_frame(False, timeout, self._spare, number)
        self._spare, self._image = self._image, picture.image  # so that half a picture is never shown
        self._shown, self._time = picture.number, picture.time


def _opened(kind: Kind, name: str, settings: ObservationSettings) -> Source:
    """Of the part that is wanted, at the size that is wanted."""
    s = settings
    region = tuple(s.pictures_region)
    if not region:
        with open_source(kind, name) as whole:
            height, width = whole.get_frame(False, _BEGIN_S).image.shape[:2]
        region = middle(width, height, s.obs_size)
    x, y, width, height = region
    color: Color = "gray" if s.obs_color == "gray" else "rgb"
    return open_source(kind, name, size=s.obs_size, color=color, crop=(x, y, width, height))


def middle(width: int, height: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """x, y, width, height of the largest part in the middle of a picture whose sides are to each other as in `size`."""
    across, down = size
    part_width = min(width, max(round(height * across / down), 1))
    part_height = min(height, max(round(width * down / across), 1))
    return (width - part_width) // 2, (height - part_height) // 2, part_width, part_height
