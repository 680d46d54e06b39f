"""The reference plugin's ego messages (assetto_corsa_gym), behind the contract of `ac_gym.game.wire.EgoCodec`.

Text `connect` is answered `identified`; then one JSON object of 90 keys a tick. Channels that it does not send are 0.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ac_gym import channels
from ac_gym.constants import NEUTRAL
from ac_gym.game.wire import (
    MAX_DATAGRAM,
    Dismissed,
    Event,
    Malformed,
    MessageError,
    State,
    Welcome,
    controls_text,
    from_json,
)

_TYRES_ON = 2  # a lap is invalid with more tyres out than this

_CLOCK = channels.COLUMNS["timestamp_ac"].start
_STEPS = channels.COLUMNS["steps"].start
_TYRES_OUT = channels.COLUMNS["tyres_out"].start
_LAP_COUNT = channels.COLUMNS["lap_count"].start
_INVALIDATED = channels.COLUMNS["lap_invalidated"].start
_LAST_VALID = channels.COLUMNS["last_lap_valid"].start


class _FrameTable:
    """The 90 keys compiled from the channel table: which column each number of a state goes to."""

    def __init__(self) -> None:
        numbers: dict[str, int] = {}
        lists: dict[str, range] = {}
        for channel in channels.CHANNELS:
            start = channels.COLUMNS[channel.name].start
            for group in channel.wire:
                if len(group) < channel.size:
                    lists[group[0]] = range(start, start + channel.size)
                else:
                    numbers |= {key: start + element for element, key in enumerate(group)}
        self.keys = (*numbers, *lists)
        self._numbers, self._lists = itemgetter(*numbers), itemgetter(*lists)
        self._lengths = [len(columns) for columns in lists.values()]
        self._columns = np.array([*numbers.values(), *chain.from_iterable(lists.values())])
        self._pack = struct.Struct(f"={len(self._columns)}d").pack  # takes numbers only

    def frame(self, state: dict[str, Any]) -> NDArray[np.float64]:
        """(channels.WIDTH,); raises MessageError for a missing key, another type, or what is not finite."""
        try:
            lists = self._lists(state)
            if [*map(len, lists)] != self._lengths:
                raise MessageError("a list of a state has another length")
            values = np.frombuffer(self._pack(*self._numbers(state), *chain.from_iterable(lists)))
        except KeyError as error:
            raise MessageError(f"a state without {error}") from None
        except (TypeError, struct.error, OverflowError):
            raise MessageError("a state with something that is not a number") from None
        if not np.isfinite(values).all():
            raise MessageError("a state with numbers that are not finite")
        frame = np.zeros(channels.WIDTH)
        frame[self._columns] = values
        return frame


_TABLE = _FrameTable()


class _LapValidity:
    """The game's own flag stays 0, so a lap is invalid from three tyres out until the lap count changes."""

    def __init__(self) -> None:
        self.lap: float | None = None
        self.invalid = self.last_valid = False

    def judge(self, frame: NDArray[np.float64]) -> None:
        """Fill the frame's two columns of lap validity."""
        lap = frame[_LAP_COUNT]
        if lap != self.lap:
            self.last_valid = self.lap is not None and lap > self.lap and not self.invalid
            self.invalid, self.lap = False, lap
        self.invalid = bool(self.invalid or frame[_TYRES_OUT] > _TYRES_ON or frame[_INVALIDATED])
        frame[_INVALIDATED], frame[_LAST_VALID] = self.invalid, self.last_valid


class ReferenceCodec:
    """The reference plugin's ego messages; `rate` and `applies_controls` are what its configuration says."""

    settle = 0.1

    def __init__(self, *, rate: float, applies_controls: bool, version: str = "") -> None:
        self._welcome = Welcome(0, version, 0, rate, "driver", applies_controls)
        self._laps = _LapValidity()

    def hello(self) -> bytes:
        return b"connect"

    def controls(self, controls: Sequence[float] | NDArray[np.floating], sequence: int) -> bytes:
        return controls_text(controls, sequence) + b"}"

    def alive(self) -> bytes | None:
        return None

    def goodbye(self, sequence: int) -> tuple[bytes, ...]:
        return self.controls(NEUTRAL, sequence), b"disconnect"

    def give_up(self) -> tuple[bytes, ...]:
        return ()  # controls or a farewell from nobody's client end its server's thread

    def decode(self, datagram: bytes, received_at: float) -> Event:
        if datagram == b"identified":
            return self._welcome
        if datagram == b"disconnect":
            return Dismissed("disconnect", "it says disconnect, as it does when it stops or another client drives")
        try:
            return self._state(from_json(datagram, MAX_DATAGRAM), received_at)
        except MessageError as error:
            return Malformed(str(error))

    def _state(self, state: dict[str, Any], received_at: float) -> State:
        frame = _TABLE.frame(state)
        sequence, clock = frame[_STEPS], float(frame[_CLOCK])
        if not 0 <= sequence < 2**53 or sequence != int(sequence):
            raise MessageError("a state whose steps are no count")
        self._laps.judge(frame)
        return State(int(sequence), clock, clock, 0, math.nan, 0, received_at, frame)
