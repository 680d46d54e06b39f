"""Who listens to the ego server, and who of them drives."""

import os
import struct
import time

_REMEMBERED = 64  # states whose sending time is kept, to tell the age of the one that controls answer


class Client(object):
    """One peer. `reference`: it speaks the text protocol of assetto_corsa_gym; `applies`: the plugin executes its
    controls."""

    def __init__(self, address, clock, role="driver", reference=False, applies=False, name=""):
        self.address = address
        self.role = role
        self.reference = reference
        self.applies = applies
        self.name = name
        self.session = struct.unpack("<I", os.urandom(4))[0]
        self.sequence = 0  # states sent
        self.answered = 0  # the state that the last accepted controls answered
        self.answer_age = float("nan")
        self.out_of_sync = 0
        self.controls_at = time.perf_counter()
        self.neutral = True
        self._sent_at = [0.0] * _REMEMBERED
        self.heard(clock)

    def heard(self, clock):
        """A datagram of it arrived."""
        self.heard_at = time.monotonic()
        self.heard_running = clock.now

    def next_state(self, now):
        """Counts a state that is about to be sent."""
        self.sequence += 1
        self._sent_at[self.sequence % _REMEMBERED] = now

    def accept(self, answers, now):
        """Whether controls that answer state number `answers` are news: not older than the last ones, nor from the
        future. The reference's client may answer a state twice."""
        if answers != self.sequence:
            self.out_of_sync += 1
        newest_known = self.answered if self.reference else self.answered + 1
        if not newest_known <= answers <= self.sequence:
            return False
        self.answered = answers
        known = answers > max(0, self.sequence - _REMEMBERED)
        self.answer_age = now - self._sent_at[answers % _REMEMBERED] if known else float("nan")
        self.controls_at = now
        self.neutral = False
        return True

    def silent(self, now, limit):
        """Whether its controls are older than `limit` s; never with a limit of 0."""
        return limit > 0.0 and now - self.controls_at > limit

    def __str__(self):
        return "{0}{1[0]}:{1[1]}".format(self.name + " at " if self.name else "", self.address)
