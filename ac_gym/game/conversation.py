"""One conversation with the plugin's ego server: from being let in to the farewell."""

from __future__ import annotations

import collections
import os
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import (
    GameConnectionError,
    GameDismissedError,
    GameProtocolError,
    GameRefusedError,
    GameTimeoutError,
)
from ac_gym.game.link import Link
from ac_gym.game.management import WHERE_TO_LOOK
from ac_gym.game.reception import Counters, SequenceRecord
from ac_gym.game.wire import AcGymCodec, Dismissed, EgoCodec, Malformed, Refused, State, Welcome

_GREETINGS = 3  # within the timeout
_ALIVE_EVERY = 1.0  # s
_AT_ONCE = 4096  # datagrams read before the clock is looked at again
_PERIODS = 2.0  # that the first state may take to come; a paused game sends none
_COMPARED = 60.0  # s of states by which clocks are compared: longer than a socket keeps states


class ArrivalClock:
    """When each state came, on our clock, though we were held up and took it later; for one conversation.

    The state that was here soonest after it was sent tells how far the plugin's clock is from ours; what another took
    beyond that it waited for us. Clocks of two machines may drift 0.2 s apart in an hour, so only the last minute is
    compared, in which that is 3 ms.
    """

    def __init__(self) -> None:
        self._soonest: collections.deque[tuple[float, float]] = collections.deque()
        """(sent_at, from then to here) of the soonest, of the soonest since that one, and so on"""

    def when(self, sent_at: float, taken_at: float) -> float:
        """Of the state after the one before; never after it was taken."""
        took = taken_at - sent_at
        while self._soonest and self._soonest[-1][1] >= took:
            self._soonest.pop()
        self._soonest.append((sent_at, took))
        while self._soonest[0][0] < sent_at - _COMPARED:
            self._soonest.popleft()
        return min(taken_at, sent_at + self._soonest[0][1])


class Conversation:
    """States in, controls out, and an account of what happened to the states on their way."""

    def __init__(self, link: Link, codec: EgoCodec, counters: Counters, *, in_turn: bool = False) -> None:
        """`in_turn`: `next` passes over no state, and `received_at` is when it came, however late it was taken."""
        self.skipped = 0
        """states that were passed over for the one that `next` returned last"""
        self.dropped = False
        """the plugin thought us gone, because we were silent"""
        self.ended: GameConnectionError | None = None
        """why there will be no more states"""
        self.complaint = ""
        """what was wrong with the last malformed datagram"""
        self._link, self._codec, self._counters, self._in_turn = link, codec, counters, in_turn
        self._record = SequenceRecord(counters)
        # The reference plugin tells no time but the game's, which stands still in a pause.
        self._clock = ArrivalClock() if in_turn and isinstance(codec, AcGymCodec) else None
        self._first: State | None = None  # taken as it came, before it was asked for
        self._sequence = 0
        self._owner = os.getpid()
        self._heard_at = self._sent_at = time.perf_counter()
        self._open = True

    @property
    def silence(self) -> float:
        """Time since the last state, or since we were let in [s]."""
        return time.perf_counter() - self._heard_at

    def greet(self, timeout: float) -> Welcome:
        """Ask to be let in, three times within `timeout` (s)."""
        begun = time.perf_counter()
        for attempt in range(1, _GREETINGS + 1):
            self._link.send(self._codec.hello())
            until = begun + attempt * timeout / _GREETINGS
            while (remaining := until - time.perf_counter()) > 0.0:
                self._link.wait(remaining)
                if (welcome := self._find_welcome()) is not None:
                    self._settle(timeout)
                    if self._clock is not None:
                        self._set_clock(min(_PERIODS / welcome.rate, timeout))
                    return welcome
        raise GameTimeoutError(
            f"no answer from the game at {self._link.name} to {_GREETINGS} greetings in {timeout:g} s"
            f"{self._symptoms()}; {WHERE_TO_LOOK}"
        )

    def next(self, patience: float) -> State | None:
        """The newest state that was not returned before (`in_turn`: the oldest).

        None if none came within `patience` (s), or if we are dropped.

        Raises what `ended` the conversation.
        """
        if self._first is not None:
            first, self._first = self._first, None
            return first
        now = time.perf_counter()
        deadline = now + patience
        while True:
            if self.ended is not None:
                raise self.ended
            if self.dropped:
                return None
            self._keep_alive(now)
            self._link.wait(min(max(deadline - now, 0.0), _ALIVE_EVERY))
            if (state := self._take()) is not None:
                return state
            last, now = now, time.perf_counter()
            if last >= deadline:
                return None

    def drive(self, controls: Sequence[float] | NDArray[np.floating]) -> float:
        """Answer the newest state; gives the time (perf_counter, s) when that was done."""
        datagram = self._codec.controls(controls, self._sequence)
        self._link.send(datagram)
        self._sent_at = time.perf_counter()
        return self._sent_at

    def leave(self) -> None:
        """Neutral controls and a farewell, then hang up; once is enough. The end of the process calls it too."""
        if os.getpid() == self._owner:  # a forked child must not end its parent's drive
            self._hang_up(self._codec.goodbye(self._sequence))

    def abandon(self) -> None:
        """Hang up on a server that no longer answers."""
        self._hang_up(self._codec.give_up())

    def end(self, error: GameConnectionError) -> None:
        """Hang up for good: `error` is what `next` raises from now on."""
        self.ended = error
        self._hang_up(())

    def no_state(self, waited: float) -> str:
        """What to say when no state came."""
        return f"no state from {self._link.name} in {waited:.3g} s{self._symptoms()}"

    def _find_welcome(self) -> Welcome | None:
        while (datagram := self._link.receive()) is not None:
            event = self._codec.decode(datagram, 0.0)
            if isinstance(event, Welcome):
                return event
            if isinstance(event, Refused | Dismissed):
                message = f"the plugin at {self._link.name} does not let us in: {event.message}"
                if event.reason == "protocol":
                    raise GameProtocolError(message)
                raise GameRefusedError(message, event.reason)
            if isinstance(event, Malformed):
                self.complaint = event.reason
        return None

    def _settle(self, timeout: float) -> None:
        """Leave the plugin the time that it needs after the first state, before controls reach it."""
        if self._codec.settle:
            self._link.wait(timeout)
            time.sleep(self._codec.settle)
        self._heard_at = self._sent_at = time.perf_counter()

    def _set_clock(self, patience: float) -> None:
        """Take the first state as it comes: the next ones may have to wait until whoever connects is ready for them."""
        self._link.wait(patience)
        self._first = self._take()

    def _take(self) -> State | None:
        """The newest state among the datagrams that are here (`in_turn`: the first), if it is newer than all before."""
        taken: State | None = None
        skipped = 0
        for _ in range(_AT_ONCE):
            if (datagram := self._link.receive()) is None:
                break
            event = self._codec.decode(datagram, time.perf_counter())
            if type(event) is State:
                if self._record.note(event.sequence):
                    skipped += taken is not None
                    taken = event
                    if self._in_turn:
                        break
            elif not self._goes_on_after(event):
                return None
        if taken is not None:
            self._accept(taken, skipped)
        return taken

    def _accept(self, state: State, skipped: int) -> None:
        if self._sequence:  # nobody was late for those that came before we asked for the first
            self._counters.late += skipped
        self.skipped, self._sequence, self._heard_at = skipped, state.sequence, state.received_at
        if self._clock is not None:
            state.received_at = self._clock.when(state.sent_at, state.received_at)

    def _goes_on_after(self, event: object) -> bool:
        """Take note of what is no state; whether the conversation goes on."""
        if isinstance(event, Malformed):
            self._counters.malformed += 1
            self.complaint = event.reason
        elif isinstance(event, Dismissed):
            self.dropped = event.reason == "timeout"
            if not self.dropped:
                message = f"the plugin at {self._link.name} ended the connection: {event.message}"
                self.end(GameDismissedError(message, event.reason))
            return False
        return True

    def _keep_alive(self, now: float) -> None:
        if now - self._sent_at >= _ALIVE_EVERY and (datagram := self._codec.alive()) is not None:
            self._link.send(datagram)
            self._sent_at = now

    def _symptoms(self) -> str:
        fault = f"; the socket says: {self._link.fault}" if self._link.fault else ""
        return fault + (f"; what came was malformed: {self.complaint}" if self.complaint else "")

    def _hang_up(self, last_words: Sequence[bytes]) -> None:
        if not self._open:
            return
        self._open = False
        for datagram in last_words:
            self._link.send(datagram)
        self._link.close()
