"""Settings of the app: `sensors_par.ini` beside it; what is missing or wrong is told in one line, its default holds."""

import collections
import configparser
import re

SECTION = "sensors_par"
LOOPBACK = "127.0.0.1"

DEFAULTS = collections.OrderedDict(
    [
        ("sampling_freq", 50.0),
        ("ego_sampling_freq", 25.0),
        ("ego_server_host_name", LOOPBACK),
        ("ego_server_port", 2345),
        ("opponents_server_port", 2346),
        ("simulation_management_server_port", 2347),
        ("vjoy_executed_by_server", False),
        ("vjoy_device", 1),
        ("second_driver", "refuse"),
        ("driver_silent_after", 1.0),
        ("neutral_after", 0.15),
        ("client_timeout", 5.0),
        ("allow_remote", False),
        ("token", ""),
        ("pages", "acpmf"),
        ("record_folder", ""),
    ]
)

_RANGES = {
    "sampling_freq": (1.0, 1000.0),
    "ego_sampling_freq": (1.0, 1000.0),
    "ego_server_port": (0, 65535),
    "opponents_server_port": (0, 65535),
    "simulation_management_server_port": (0, 65535),
    "vjoy_device": (1, 16),
    "driver_silent_after": (0.0, 3600.0),
    "neutral_after": (0.0, 60.0),
    "client_timeout": (0.1, 3600.0),
}
_CHOICES = {"second_driver": ("refuse", "take_over")}
_PATTERNS = {"pages": (r"[A-Za-z0-9_.-]{1,64}", "letters, digits, '_', '.' and '-'")}
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class Settings(object):
    """One attribute a key of DEFAULTS; `problems` holds a line for each that could not be used."""

    def __init__(self, values=None):
        self.problems = []
        for name, default in DEFAULTS.items():
            setattr(self, name, default)
        for name, text in (values or {}).items():
            self._take(name, text)
        if not self.allow_remote and not is_loopback(self.ego_server_host_name):
            why = "other machines may only connect with allow_remote = True"
            self._refuse("ego_server_host_name", self.ego_server_host_name, why)

    def _take(self, name, text):
        if name not in DEFAULTS:
            known = ", ".join(DEFAULTS)
            self.problems.append("{0}: unknown setting, ignored; known are {1}".format(name, known))
            return
        try:
            setattr(self, name, _value(name, text.strip()))
        except ValueError as error:
            self._refuse(name, text, str(error))

    def _refuse(self, name, text, why):
        default = DEFAULTS[name]
        setattr(self, name, default)
        self.problems.append("{0} = {1}: {2}; the default {3!r} is used".format(name, text, why, default))


def read(path):
    """The settings in the file at `path`; a file that cannot be read gives the defaults and a problem."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with open(path, encoding="utf-8-sig") as file:
            parser.read_file(file)
        values = parser[SECTION]
    except KeyError:
        problem = "has no section [{0}]".format(SECTION)
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        problem = " ".join(str(error).split())
    else:
        return Settings(values)
    settings = Settings()
    settings.problems.append("{0}: {1}; all defaults are used".format(path, problem))
    return settings


def is_loopback(host):
    """Whether only this machine can reach a server bound to `host`."""
    return host == "localhost" or re.match(r"127(\.\d{1,3}){3}$", host) is not None


def _value(name, text):
    default = DEFAULTS[name]
    if isinstance(default, bool):
        if text.lower() not in _BOOLEANS:
            raise ValueError("is neither True nor False")
        return _BOOLEANS[text.lower()]
    if isinstance(default, (int, float)):
        return _number(name, text, type(default))
    if name in _CHOICES and text not in _CHOICES[name]:
        raise ValueError("is not one of {0}".format(", ".join(_CHOICES[name])))
    if name in _PATTERNS and not re.match(_PATTERNS[name][0] + "$", text):
        raise ValueError("may only have {0}".format(_PATTERNS[name][1]))
    return text


def _number(name, text, kind):
    low, high = _RANGES[name]
    try:
        value = kind(text)
    except ValueError:
        raise ValueError("is not a {0}number".format("whole " if kind is int else ""))
    if not low <= value <= high:
        raise ValueError("is not between {0} and {1}".format(low, high))
    return value
