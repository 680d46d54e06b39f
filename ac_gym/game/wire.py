"""Messages of the game connection: bytes in, events out; no sockets, no clocks.

This module has the events and our own plugin's ego messages (UDP); `ac_gym.game.reference` has those of the reference
plugin behind the same contract, `EgoCodec`. Whatever arrives, `decode` raises nothing: what is no message of the
protocol becomes `Malformed`, with the reason.
"""

from __future__ import annotations

import json
import math
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ac_gym import __version__, channels
from ac_gym.constants import NEUTRAL

PROTOCOL = 1
MAX_DATAGRAM = 16384  # bytes; the reference plugin's state, the longest message, has about 3700
MAX_RATE = 1000.0  # Hz
ROLES = ("driver", "observer")
APPLY = ("default", "plugin", "client")

_MAGIC = b"ACGS"
_HEADER = struct.Struct("<4sHHIIddIfI")
STATE_SIZE = _HEADER.size + 8 * channels.WIDTH
_FRAME_TYPE = np.dtype("<f8")
_TEXT_LIMIT = 300  # characters of the other end's words that we repeat


@dataclass(slots=True)
class State:
    """One telemetry frame with its place in the stream."""

    sequence: int
    """1, 2, ... for each client; a gap is a lost datagram"""
    game_time: float
    """game time since the plugin began [s]"""
    sent_at: float
    """the plugin's own monotonic clock when it sent this [s]"""
    answered: int
    """sequence of the state that the last controls accepted by the plugin answered; 0 = none"""
    answer_age: float
    """from sending that state to receiving its controls, by the plugin's clock; NaN = none [s]"""
    flags: int
    """bits: APPLIES_CONTROLS, RECORDING, NOT_LIVE, DRIVER_SILENT"""
    received_at: float
    """this process's time.perf_counter when it was received, or came, if states are taken in turn [s]"""
    frame: NDArray[np.float64]
    """(channels.WIDTH,), this state's own array"""


APPLIES_CONTROLS, RECORDING, NOT_LIVE, DRIVER_SILENT = 1, 2, 4, 8


@dataclass(frozen=True)
class Welcome:
    """The plugin lets us in."""

    protocol: int
    version: str
    session: int
    rate: float
    """states a second of game time [Hz]"""
    role: str
    applies_controls: bool
    """the plugin moves the joystick, so the client need not"""


@dataclass(frozen=True)
class Refused:
    """The plugin does not let us in."""

    reason: str
    message: str


@dataclass(frozen=True)
class Dismissed:
    """The plugin ends the connection."""

    reason: str
    message: str


@dataclass(frozen=True)
class Malformed:
    """Bytes that are no message of the protocol, and why."""

    reason: str


Event = State | Welcome | Refused | Dismissed | Malformed


class EgoCodec(Protocol):
    """One plugin's dialect of the ego connection."""

    settle: float
    """rest that the plugin needs after its first state, before controls reach it [s]"""

    def hello(self) -> bytes:
        """Asks to be let in, for a new session; may be repeated."""

    def controls(self, controls: Sequence[float] | NDArray[np.floating], sequence: int) -> bytes:
        """`controls` (steer, throttle, brake on -1..1, gear request -1, 0, +1) that answer the state `sequence`.

        What is out of range is clipped; raises ValueError for another shape or what is not finite.
        """

    def alive(self) -> bytes | None:
        """Says that we are there though we send no controls; None where the plugin knows no such message."""

    def goodbye(self, sequence: int) -> tuple[bytes, ...]:
        """Neutral controls, then the end; `sequence` is that of the last state."""

    def give_up(self) -> tuple[bytes, ...]:
        """The end of a conversation that the plugin no longer answers, before a new one begins."""

    def decode(self, datagram: bytes, received_at: float) -> Event:
        """What a datagram says; never raises."""


class MessageError(ValueError):
    """A message that is not as the protocol has it; becomes `Malformed` or an error of the connection."""


class AcGymCodec:
    """Our own plugin's ego messages: JSON both ways, states in binary."""

    settle = 0.0

    def __init__(
        self, *, role: str = "driver", apply: str = "default", token: str = "", take_over: bool = False
    ) -> None:
        self.session: int | None = None
        hello = {"protocol": PROTOCOL, "role": role, "client": f"ac_gym {__version__}", "token": token}
        self._hello = to_json({"hello": hello | {"take_over": take_over, "apply": apply}})

    def hello(self) -> bytes:
        self.session = None
        return self._hello

    def controls(self, controls: Sequence[float] | NDArray[np.floating], sequence: int) -> bytes:
        return b'%s, "session": %d}' % (controls_text(controls, sequence), self.session or 0)

    def alive(self) -> bytes | None:
        return b'{"alive": {"session": %d}}' % (self.session or 0)

    def goodbye(self, sequence: int) -> tuple[bytes, ...]:
        # Answers to a state that was answered already are dropped, so these answer the one that nobody waits for.
        return self.controls(NEUTRAL, sequence + 1), *self.give_up()

    def give_up(self) -> tuple[bytes, ...]:
        # A game that hung may still hear a hello that it never answered; that must not leave a ghost at the wheel.
        return (b"disconnect" if self.session is None else b'{"bye": {"session": %d}}' % self.session,)

    def decode(self, datagram: bytes, received_at: float) -> Event:
        try:
            if datagram[:4] == _MAGIC:
                return self._state(datagram, received_at)
            return self._message(from_json(datagram, MAX_DATAGRAM))
        except MessageError as error:
            return Malformed(str(error))

    def _state(self, datagram: bytes, received_at: float) -> State:
        if len(datagram) != STATE_SIZE:
            raise MessageError(f"a state of {len(datagram)} bytes, not {STATE_SIZE}")
        _, version, width, session, sequence, *clock = _HEADER.unpack_from(datagram)
        if version != PROTOCOL or width != channels.WIDTH:
            raise MessageError(f"a state of version {version} with {width} numbers")
        if session != self.session:
            raise MessageError("a state of another session")
        frame = np.frombuffer(datagram, _FRAME_TYPE, channels.WIDTH, _HEADER.size).copy()
        game_time, sent_at, answered, age, flags = clock
        if not np.isfinite(frame).all() or not math.isfinite(game_time + sent_at):
            raise MessageError("a state with numbers that are not finite")
        return State(sequence, game_time, sent_at, answered, age, flags, received_at, frame)

    def _message(self, message: dict[str, Any]) -> Event:
        kind, body = next(iter(message.items()), ("", None))
        if len(message) != 1 or not isinstance(body, dict):
            raise MessageError("not one named message")
        if kind == "welcome":
            return self._welcome(body)
        if kind == "refused":
            return Refused(line(field(body, "reason", str)), line(field(body, "message", str)))
        if kind == "dismissed":
            return Dismissed(line(field(body, "reason", str)), line(field(body, "message", str)))
        raise MessageError(f"unknown message {line(kind)!r}")

    def _welcome(self, body: dict[str, Any]) -> Welcome | Refused:
        version, protocol = line(field(body, "version", str)), field(body, "protocol", int)
        if protocol != PROTOCOL or (body.get("width"), body.get("channels")) != (channels.WIDTH, channels.DIGEST):
            return Refused("protocol", other_version(f"{version} (protocol {protocol})"))
        welcome = Welcome(
            protocol, version, field(body, "session", int), field(body, "rate", float),
            line(field(body, "role", str)), field(body, "applies_controls", bool),
        )  # fmt: skip
        if not 0.0 < welcome.rate <= MAX_RATE or not 0 <= welcome.session < 2**32 or welcome.role not in ROLES:
            raise MessageError("a welcome with figures out of range")
        self.session = welcome.session
        return welcome


def controls_text(controls: Sequence[float] | NDArray[np.floating], sequence: int) -> bytes:
    """The JSON object of a set of controls, as both plugins take it, still without its closing brace."""
    try:
        steer, throttle, brake, gear = map(float, controls)
    except (TypeError, ValueError):
        raise ValueError(f"controls must be four numbers: steer, throttle, brake, gear; are {controls!r}") from None
    if not math.isfinite(steer + throttle + brake + gear):
        raise ValueError(f"controls must be finite, are {[steer, throttle, brake, gear]}")
    # Nine digits carry a float32 exactly. Gear buttons are always spoken of, or a pressed one would stay pressed.
    return (
        b'{"steer": %.9g, "acc": %.9g, "brake": %.9g, "enable_gear_shift": 1, "shift_up": %d, "shift_down": %d, '
        b'"server_steps": %d'
    ) % (_unit(steer), _unit(throttle), _unit(brake), gear > 0.5, gear < -0.5, sequence)


def _unit(value: float) -> float:
    return min(max(value, -1.0), 1.0)


def to_json(message: dict[str, Any]) -> bytes:
    return json.dumps(message, allow_nan=False).encode()


def _not_a_number(name: str) -> float:
    raise MessageError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_not_a_number)


def from_json(data: bytes, limit: int) -> dict[str, Any]:
    """The JSON object that `data` spells; raises MessageError for anything else, or more than `limit` bytes."""
    if len(data) > limit:
        raise MessageError(f"{len(data)} bytes, more than {limit}")
    try:
        value = _decoder.decode(data.decode())
    except MessageError:
        raise
    except (ValueError, RecursionError) as error:
        raise MessageError(f"not JSON: {type(error).__name__}") from None
    if not isinstance(value, dict):
        raise MessageError("not a JSON object")
    return value


def field(body: dict[str, Any], name: str, kind: type) -> Any:
    """`body[name]`, which must be of type `kind`; an int will do for a float, a bool for nothing but a bool."""
    if name not in body:
        raise MessageError(f"{name!r} is missing")
    value = body[name]
    if kind is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if kind is float or type(value) is not kind:
        raise MessageError(f"{name!r} is not {kind.__name__}")
    return value


def line(text: str) -> str:
    """The other end's words as one printable line of bounded length."""
    shown = "".join(c if c.isprintable() else " " for c in text[: _TEXT_LIMIT + 1])
    return shown if len(shown) <= _TEXT_LIMIT else shown[:_TEXT_LIMIT] + "..."


def other_version(found: str) -> str:
    """What to say, and to do, about a plugin of another version."""
    return (
        f"the plugin in the game is {found}, this is ac_gym {__version__} (protocol {PROTOCOL}): install the plugin "
        "that comes with it, `ac-gym plugin install PATH`, and start the game again"
    )
