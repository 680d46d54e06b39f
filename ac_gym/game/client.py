"""The connection to the running game's plugin: one car's states in, its controls out."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import ConfigError, GameConnectionError, GameTimeoutError, UnknownNameError
from ac_gym.game.conversation import Conversation
from ac_gym.game.dialect import PROTOCOLS, Wishes, recognise
from ac_gym.game.link import Link
from ac_gym.game.management import Management
from ac_gym.game.reception import Counters
from ac_gym.game.timing import TimingReport
from ac_gym.game.wire import APPLY, ROLES, EgoCodec, State, Welcome

_RECONNECTS = 3
_log = logging.getLogger("ac_gym.game")

Thing = TypeVar("Thing")


class GameConnection:
    """Drives, or watches, the car in the running game; for one thread.

    `protocol`: `ac_gym` (our plugin), `reference` (that of assetto_corsa_gym), or `auto`, which asks it. `apply`: who
    moves the joystick: `plugin`, `client`, or `default`, as the plugin is set. `in_turn`: `receive` gives every state
    that arrived, the oldest first, with the time when it came, as one who records wants them; else the newest.
    `timeout` (s) bounds every wait. When states stop for longer than that, the connection is made anew, up to three
    times. `close`, leaving the `with`, and the end of the process leave the controls neutral.

    What goes wrong is a GameConnectionError that says where, what was tried, and what to do.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        *,
        ego_port: int = 2345,
        management_port: int = 2347,
        role: str = "driver",
        protocol: str = "auto",
        apply: str = "default",
        token: str = "",
        take_over: bool = False,
        in_turn: bool = False,
        timeout: float = 5.0,
    ) -> None:
        for kind, choice, known in (("role", role, ROLES), ("protocol", protocol, PROTOCOLS), ("apply", apply, APPLY)):
            if choice not in known:
                raise UnknownNameError(kind, choice, known)
        if not timeout > 0.0:
            raise ConfigError(f"timeout must be greater than 0 s, is {timeout:g}")
        self.timeout = timeout
        self.counters = Counters()
        self.timing = TimingReport()
        self._host, self._ego_port, self._management_port = host, ego_port, management_port
        self._wishes, self._in_turn = Wishes(role, protocol, apply, token, take_over), in_turn
        self._management: Management | None = None
        self._codec: EgoCodec | None = None
        self._conversation: Conversation | None = None
        self._farewell: weakref.finalize | None = None
        self._welcome: Welcome | None = None
        self._hello: dict[str, Any] | None = None

    def connect(self) -> Welcome:
        """Find out which plugin listens, and be let in.

        Raises GameTimeoutError where nothing answers, GameRefusedError where the plugin does not let us in,
        GameProtocolError for a plugin of another version.
        """
        self.close()
        self._management, self._codec = recognise(self._host, self._management_port, self._wishes, self.timeout)
        self._hello = None
        return self._open(self._codec)

    def receive(self, timeout: float | None = None) -> State:
        """The newest state that was not returned before (`in_turn`: the oldest); waits up to `timeout` s for it
        (None: the connection's).

        Raises GameTimeoutError when none came, GameDismissedError when the plugin ended the connection. Once the
        silence is longer than the connection's own timeout, connects again, each attempt within a few times that long.
        """
        conversation = self._connected()
        patience = self.timeout if timeout is None else timeout
        state = conversation.next(patience)
        if state is None:
            if not conversation.dropped and conversation.silence < self.timeout:
                raise GameTimeoutError(conversation.no_state(patience))
            return self._resume(conversation)
        self.timing.received(state, conversation.skipped)
        return state

    def send(self, controls: Sequence[float] | NDArray[np.floating]) -> None:
        """Answer the newest state with `controls` (4,): steer, throttle, brake on -1..1, gear request -1, 0, +1.

        Raises ValueError for what are no finite controls. That the game is away is for `receive` to find.
        """
        if self._wishes.role != "driver":
            raise ConfigError("an observer does not drive: connect with role='driver'")
        self.timing.sent(self._connected().drive(controls))

    def close(self) -> None:
        """Leave the controls neutral and hang up; does nothing where that is done."""
        if self._farewell is not None:
            self._farewell()
        self._conversation = self._farewell = None

    def __enter__(self) -> Self:
        if self._conversation is None:
            self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def welcome(self) -> Welcome:
        """How the plugin let us in."""
        return _made(self._welcome)

    @property
    def rate(self) -> float:
        """States a second of game time [Hz]."""
        return self.welcome.rate

    @property
    def applies_controls(self) -> bool:
        """The plugin moves the joystick; else that is left to us."""
        return self.welcome.applies_controls

    @property
    def management(self) -> Management:
        """The plugin's management server."""
        return _made(self._management)

    @property
    def track_digest(self) -> int | None:
        """CRC-32 of the game's own racing-line file; None where the plugin does not tell."""
        return self.hello()["track_crc32"]

    def hello(self) -> dict[str, Any]:
        """Versions, track and car, asked once; see `Management.hello`."""
        if self._hello is None:
            self._hello = self.management.hello()
        return self._hello

    @property
    def csp_build(self) -> int | None:
        """Of the game's Custom Shaders Patch; None where it is not active."""
        return self.hello().get("csp")

    def static_info(self) -> dict[str, Any]:
        """Facts of the session: TrackName, TrackFullName, TrackLength (m), CarName, ..."""
        return self.management.static_info()

    def track_info(self) -> dict[str, Any]:
        """Borders and racing line as arrays; see `ac_gym.game.answers.track_info`."""
        return self.management.track_info()

    def reset(self) -> None:
        """Put the car back on the road; raises GameCommandError where the game cannot."""
        self.management.reset()

    def _connected(self) -> Conversation:
        return _made(self._conversation)

    def _open(self, codec: EgoCodec) -> Welcome:
        conversation = Conversation(Link(self._host, self._ego_port), codec, self.counters, in_turn=self._in_turn)
        try:
            self._welcome = conversation.greet(self.timeout)
        except BaseException:
            conversation.abandon()
            raise
        self._conversation = conversation
        self._farewell = weakref.finalize(self, conversation.leave)
        self.timing.pause()
        self.timing.nominal_period = 1.0 / self._welcome.rate
        return self._welcome

    def _resume(self, lost: Conversation) -> State:
        """Connect again until states come, a few times."""
        reason = ""
        for attempt in range(1, _RECONNECTS + 1):
            symptom = lost.no_state(lost.silence)
            _log.warning("%s: connecting again (%d of %d)", symptom, attempt, _RECONNECTS)
            self.counters.reconnects += 1
            state, reason = self._try_again()
            if state is not None:
                self.timing.received(state, 0)
                return state
        error = GameTimeoutError(
            f"contact with the game was lost; connected again {_RECONNECTS} times in vain: {reason}"
        )
        self._connected().end(error)
        raise error

    def _try_again(self) -> tuple[State | None, str]:
        """A state of a new conversation, or why there is none."""
        conversation = self._connected()
        conversation.abandon()
        if self._farewell is not None:
            self._farewell.detach()
        try:
            self._open(_made(self._codec))
        except GameTimeoutError as error:
            return None, str(error)
        except GameConnectionError as error:
            conversation.end(error)
            raise
        conversation = self._connected()
        return conversation.next(self.timeout), f"{conversation.no_state(self.timeout)}; is the game paused?"


def _made(thing: Thing | None) -> Thing:
    if thing is None:
        raise GameConnectionError("not connected to the game: call connect() first")
    return thing
