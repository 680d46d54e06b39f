"""What clients may send to the ego server: datagrams to checked values. Nothing is evaluated."""

import collections
import json
import math

LARGEST = 2048

TEXTS = ("connect", "disconnect", "reset")
ROLES = ("driver", "observer")
APPLY = ("default", "plugin", "client")

Hello = collections.namedtuple("Hello", "protocol role client token take_over apply")
Controls = collections.namedtuple("Controls", "session steer throttle brake shift_up shift_down answers")
"""`session` is None in the reference's text form; steer and pedals on -1..1; `answers` is the state's number."""


class BadMessageError(ValueError):
    """A datagram that means nothing; the text says why. `hello` where it wanted to be one."""

    def __init__(self, why, hello=False):
        ValueError.__init__(self, why)
        self.hello = hello


def parse(data):
    """The kind of a datagram and its content: a text of TEXTS and None, `hello` and a Hello, `controls` and Controls,
    `alive` or `bye` and a session. BadMessageError for all else."""
    if len(data) > LARGEST:
        raise BadMessageError("longer than {0} bytes".format(LARGEST))
    try:
        text = data.decode("utf-8").strip()
        if text in TEXTS:
            return text, None
        message = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RuntimeError):  # RuntimeError: nested too deeply
        raise BadMessageError("neither a command nor JSON")
    if not isinstance(message, dict):
        raise BadMessageError("not a JSON object")
    if "hello" in message:
        return "hello", _hello(message["hello"])
    for kind in ("alive", "bye"):
        if kind in message:
            return kind, _session(_object(message[kind], kind))
    return "controls", _controls(message)


def _hello(message):
    try:
        message = _object(message, "hello")
        hello = Hello(
            _whole(message, "protocol"),
            _choice(message, "role", ROLES, "driver"),
            _text(message, "client"),
            _text(message, "token"),
            _flag(message, "take_over"),
            _choice(message, "apply", APPLY, "default"),
        )
    except BadMessageError as error:
        raise BadMessageError(str(error), hello=True)
    return hello


def _controls(message):
    shift = _flag(message, "enable_gear_shift")
    return Controls(
        _session(message) if "session" in message else None,
        _unit(message, "steer"),
        _unit(message, "acc"),
        _unit(message, "brake"),
        shift and _flag(message, "shift_up"),
        shift and _flag(message, "shift_down"),
        _whole(message, "server_steps"),
    )


def _object(value, what):
    if not isinstance(value, dict):
        raise BadMessageError("{0} is not an object".format(what))
    return value


def _session(message):
    return _whole(message, "session")


def _unit(message, key):
    """A finite number, clipped to -1..1."""
    value = message.get(key)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or (isinstance(value, float) and _wild(value)):
        raise BadMessageError("{0} is not a finite number".format(key))
    return float(max(-1, min(1, value)))


def _wild(value):
    return math.isnan(value) or math.isinf(value)


def _whole(message, key):
    value = message.get(key)
    if isinstance(value, float) and not _wild(value) and value == int(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
        raise BadMessageError("{0} is not a whole number of 32 bits".format(key))
    return value


def _flag(message, key):
    value = message.get(key, False)
    if not isinstance(value, (bool, int, float)) or value not in (0, 1):
        raise BadMessageError("{0} is neither 0 nor 1".format(key))
    return bool(value)


def _text(message, key):
    value = message.get(key, "")
    # Unprintable are line ends, which would forge lines of the log, and lone surrogates, which cannot be encoded.
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise BadMessageError("{0} is not a short line of text".format(key))
    return value


def _choice(message, key, choices, default):
    value = message.get(key, default)
    if value not in choices:
        raise BadMessageError("{0} is not one of {1}".format(key, ", ".join(choices)))
    return value


def _no_constant(name):
    raise ValueError(name)
