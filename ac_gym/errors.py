"""Errors that a user can cause; each message says what is wrong, where, and what to do.

AcGymError
|-- UnknownNameError     a track, car, key or option that does not exist; names the nearest ones
|-- InvalidTrackError    a track file that cannot be built
|-- InvalidCarError      a car file with a missing, unknown or implausible figure
|-- ConfigError          a setting of the wrong type or out of range
|-- PolicyFileError      a learned driver's file that is missing, damaged, or not for this observation
|-- InstallationError    the game's folders: not found, of another game, or a file that cannot be read or written
|-- ControlsError        a virtual joystick that is busy or was taken away
    |-- MissingDriverError   its package or driver is not on this computer; says how to get it
|-- SharedMemoryError    a telemetry page that cannot be made or read
    |-- GameNotRunningError  nobody publishes it
|-- CaptureError         pictures that cannot be taken or published
    |-- NoPicturesError      nobody publishes any: no game, no stand-in host, or not any more
    |-- CaptureTimeoutError  no new picture in time
|-- GameConnectionError  the running game cannot be reached, or contact with it was lost
    |-- GameTimeoutError     no answer or no state in time
    |-- GameRefusedError     the plugin does not let us in: another driver, a token, no joystick
    |-- GameDismissedError   the plugin ended the connection: taken over, shut down
    |-- GameProtocolError    an answer that we do not understand; a plugin of another version
    |-- GameCommandError     the plugin could not carry out a command
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AcGymError(Exception):
    """Base of all errors raised for a user's mistake; commands print it as one line, without a traceback."""


class UnknownNameError(AcGymError):
    """`name` is not one of `known`; the message offers the nearest names."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        choices = sorted(known)
        near = difflib.get_close_matches(name, choices, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(choices)}"
        super().__init__(f"unknown {kind} {name!r}; {hint}")


class InvalidTrackError(AcGymError):
    """A track description that is not a valid circuit."""


class InvalidCarError(AcGymError):
    """A car description with a missing, unknown or implausible figure."""


class ConfigError(AcGymError):
    """A setting of the wrong type, out of range, or at odds with another."""


class PolicyFileError(AcGymError):
    """A learned driver's file that is missing, damaged, or not for this environment's observation."""


class GameConnectionError(AcGymError):
    """The running game cannot be reached, or contact with it was lost."""


class GameTimeoutError(GameConnectionError):
    """The game did not answer, or sent no state, in time."""


class GameRefusedError(GameConnectionError):
    """The plugin does not let us in; `reason` is its word for why: `driver_busy`, `token`, `joystick`, ..."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class GameDismissedError(GameConnectionError):
    """The plugin ended the connection; `reason` is its word for why: `taken_over`, `shutdown`, ..."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class GameProtocolError(GameConnectionError):
    """The game answered something that we do not understand, as a plugin of another version does."""


class GameCommandError(GameConnectionError):
    """The plugin could not carry out a command; the message is its own."""


class InstallationError(AcGymError):
    """A folder that is not the game's, or a file of the game that cannot be read or written."""


class ControlsError(AcGymError):
    """A virtual joystick that does not take controls."""


class MissingDriverError(ControlsError):
    """A virtual joystick whose Python package or driver is not on this computer."""


class SharedMemoryError(AcGymError):
    """A page of shared memory that another program holds, or that is not what it should be."""


class GameNotRunningError(SharedMemoryError):
    """Nobody publishes the page: no game, no session, no stand-in host."""


class CaptureError(AcGymError):
    """Pictures that cannot be taken, converted or published as asked."""


class NoPicturesError(CaptureError):
    """Nobody publishes pictures: no game, no stand-in host, or not any more."""


class CaptureTimeoutError(CaptureError):
    """No new picture came in time, though somebody publishes them."""
