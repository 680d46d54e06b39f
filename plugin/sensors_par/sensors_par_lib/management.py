"""The management server: questions about track, car and app, and commands. TCP, one of two forms a connection.

A letter first: one text command of the reference project, one text answer. A 0 first: framed requests, each a length
(4 bytes, big-endian) and JSON, answered alike, as many as one likes.
"""

import json
import struct
import time

from . import PROTOCOL, VERSION
from .admission import token_matches
from .jobs import RefusedError, UnavailableError
from .tcp import ClosedError

IDLE = 60.0  # s without a request, after which a connection is closed
_FIRST = 5.0  # s that the first request may take
_TEXT_GAP = 1.0  # s that the rest of a text command may take
_LONGEST_TEXT = 64
_LONGEST_REQUEST = 65536
_ANSWER_TIME = 30.0
_LENGTH = struct.Struct(">I")

TEXT_COMMANDS = ("reset", "get_track_info", "get_static_info", "get_config")


class Management(object):
    """Handles connections; `app` offers the state, `jobs` the main thread, `game` what is done there."""

    def __init__(self, settings, game, jobs, app, log):
        self._settings = settings
        self._game = game
        self._jobs = jobs
        self._app = app
        self._log = log
        self._commands = {
            "hello": self._hello,
            "static_info": self._static_info,
            "track_info": self._track_info,
            "config": self._config,
            "status": self._status,
            "reset": self._reset,
            "record": self._record,
        }

    def handle(self, connection):
        first = connection.receive(1, time.monotonic() + _FIRST)
        if first == b"\0":
            self._framed(connection)
        elif first.isalpha():
            self._text(connection, first)
        else:
            self._log.limited("management", "a connection was closed: neither a text command nor a framed request")

    # --- the reference's text form ------------------------------------------------------------------------------------

    def _text(self, connection, data):
        deadline = time.monotonic() + _TEXT_GAP
        while data.decode("latin-1").strip() not in TEXT_COMMANDS and len(data) < _LONGEST_TEXT:
            more = connection.receive(_LONGEST_TEXT, deadline, partial=True)
            if not more:
                break
            data += more
        command = data.decode("latin-1").strip()
        connection.admitted = command in TEXT_COMMANDS and not self._settings.token
        answer = self._text_answer(command)
        connection.send(answer.encode("utf-8"), time.monotonic() + _ANSWER_TIME)

    def _text_answer(self, command):
        """What the reference's client can evaluate: JSON that is Python, too."""
        if command not in TEXT_COMMANDS:
            return _text_error("unknown command; known are {0}".format(", ".join(TEXT_COMMANDS)))
        if self._settings.token:
            return _text_error("this server wants a token, which text commands cannot carry")
        try:
            if command == "get_track_info":
                return self._jobs.call(self._game.track).text
            if command == "get_static_info":
                return json.dumps(self._jobs.call(self._game.static_info))
            if command == "get_config":
                return repr(reference_config(self._settings))
            self._jobs.call(self._game.reset)
        except (RefusedError, UnavailableError) as error:
            self._log.limited("management", "{0}: {1}".format(command, error))
            return "" if command == "reset" else _text_error(str(error))
        return ""

    # --- framed -------------------------------------------------------------------------------------------------------

    def _framed(self, connection):
        start = b"\0"  # the first byte of the first length has been read
        while True:
            deadline = time.monotonic() + (IDLE if connection.admitted else _FIRST)
            length = _LENGTH.unpack(start + connection.receive(_LENGTH.size - len(start), deadline))[0]
            start = b""
            if length > _LONGEST_REQUEST:
                self._send(connection, _failure(None, "a request has at most {0} bytes".format(_LONGEST_REQUEST)))
                raise ClosedError()
            answer = self._answer(connection.receive(length, deadline), connection)
            self._send(connection, answer)

    def _send(self, connection, answer):
        data = answer.encode("utf-8")
        connection.send(_LENGTH.pack(len(data)) + data, time.monotonic() + _ANSWER_TIME)

    def _answer(self, data, connection):
        """The answer to one request, as JSON text."""
        try:
            request = json.loads(data.decode("utf-8"))
        except (ValueError, RuntimeError):
            return _failure(None, "the request is not JSON")
        if not isinstance(request, dict):
            return _failure(None, "the request is not a JSON object")
        number, command, token = request.get("id"), request.get("command"), request.get("token", "")
        if isinstance(number, bool) or not isinstance(number, (int, type(None))):
            return _failure(None, "id is not a whole number")
        if not isinstance(token, str) or not token_matches(self._settings.token, token):
            return _failure(number, "the token is not the one in sensors_par.ini")
        if not isinstance(command, str) or command not in self._commands:
            known = ", ".join(sorted(self._commands))
            return _failure(number, "unknown command; known are {0}".format(known))
        connection.admitted = True
        try:
            result = self._commands[command](request)
        except (RefusedError, UnavailableError) as error:
            return _failure(number, str(error))
        return '{{"id": {0}, "ok": true, "result": {1}}}'.format(json.dumps(number), result)

    # Each command gives its result as JSON text: the track's is made once.

    def _hello(self, _):
        return json.dumps(self._jobs.call(self._introduction))

    def _introduction(self):
        names = self._game.names()
        try:
            crc32 = self._game.track().crc32
        except RefusedError:
            crc32 = None  # track_info says why
        layout = names["TrackConfiguration"]
        return {
            "protocol": PROTOCOL,
            "version": VERSION,
            "ac_version": str(self._game.version),
            "csp": self._game.csp(),
            "track": names["TrackName"] + ("-" + layout if layout else ""),
            "car": names["CarName"],
            "track_crc32": crc32,
        }

    def _static_info(self, _):
        return json.dumps(self._jobs.call(self._game.static_info))

    def _track_info(self, _):
        return self._jobs.call(self._game.track).framed

    def _config(self, _):
        return json.dumps(reference_config(self._settings))

    def _status(self, _):
        return json.dumps(self._app.status())

    def _reset(self, _):
        self._jobs.call(self._game.reset)
        return json.dumps({"done": True})

    def _record(self, request):
        on = request.get("on")
        if not isinstance(on, bool):
            raise RefusedError("on is neither true nor false")
        return json.dumps(self._app.record(on))


def reference_config(settings):
    """The settings under the names that the reference's client knows."""
    host = settings.ego_server_host_name
    return {
        "version": VERSION,
        "ac_gym_protocol": PROTOCOL,
        "sampling_freq": _plain(settings.sampling_freq),
        "sampling_time": 1.0 / settings.sampling_freq,
        "ego_server_host_name": host,
        "ego_server_port": settings.ego_server_port,
        "ego_sampling_freq": _plain(settings.ego_sampling_freq),
        "telemetry_sampling_freq": 0,
        "opponents_server_host_name": host,
        "opponents_server_port": settings.opponents_server_port,
        "opponents_sampling_freq": _plain(settings.ego_sampling_freq),
        "simulation_management_server_host_name": host,
        "simulation_management_server_port": settings.simulation_management_server_port,
        "enable_profiler": False,
        "vjoy_executed_by_server": settings.vjoy_executed_by_server,
        "enable_alternative_python_interpreter": False,
        "config_python_path": "",
        "screen_capture_enable": False,
        "screen_capture_freq": 25,
        "screen_capture_save_to_disk": False,
        "screen_capture_save_path": "",
        "screen_capture_verbose": False,
        "screen_capture_worker": "",
        "ego_sampling_freq_event_name": "Local\\EgoSamplingFreqEvent",
        "trigger_image_capture_event_name": "Local\\TriggerImageCapture",
        "final_image_width": 320,
        "final_image_height": 240,
        "relocate_screen": False,
        "color_mode": "gray",
    }


def _plain(number):
    """50 rather than 50.0."""
    return int(number) if number == int(number) else number


def _failure(number, why):
    return json.dumps({"id": number, "ok": False, "error": why})


def _text_error(why):
    return json.dumps({"error": why})
