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
    """One attribute a key of DEFAULTS; `wrong` holds a line for each that could not be used, `problems` the same with
    what is done instead."""

    def __init__(self, values=None):
        self.wrong, self.problems = [], []
        for name, default in DEFAULTS.items():
            setattr(self, name, default)
        for name, text in (values or {}).items():
            self._take(name, text)
        if not self.allow_remote and not is_loopback(self.ego_server_host_name):
            why = "other machines could connect, which needs allow_remote = True"
            self._refuse("ego_server_host_name", self.ego_server_host_name, why)

    def _take(self, name, text):
        if name not in DEFAULTS:
            self.tell("{0}: unknown setting, known are {1}".format(name, ", ".join(DEFAULTS)), "it is ignored")
            return
        try:
            setattr(self, name, _value(name, text.strip()))
        except ValueError as error:
            self._refuse(name, text, str(error))

    def _refuse(self, name, text, why):
        default = DEFAULTS[name]
        setattr(self, name, default)
        self.tell("{0} = {1}: {2}".format(name, text, why), "the default {0!r} is used".format(default))

    def tell(self, wrong, instead):
        """Notes what is wrong, and what is done instead."""
        self.wrong.append(wrong)
        self.problems.append("{0}; {1}".format(wrong, instead))


def read(path):
    """The settings in the file at `path`; a file that cannot be read gives the defaults and a problem."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        return _defaults(path, error)
    return parse(text, path)


def parse(text, source):
    """The settings in the text of an ini file; `source` is its name for problems."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text, source)
        return Settings(parser[SECTION])
    except KeyError:
        return _defaults(source, "has no section [{0}]".format(SECTION))
    except configparser.Error as error:
        return _defaults(source, error)


def _defaults(source, why):
    settings = Settings()
    settings.tell("{0}: {1}".format(source, " ".join(str(why).split())), "all defaults are used")
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
