"""OBS's own recording, started and stopped with ours through obs-websocket v5 (part of OBS since version 28).

Uses simpleobsws (MIT), in a thread with an event loop of its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ac_gym.errors import ConfigError, MissingPackageError, ObsError
from ac_gym.recording.background import Worker
from ac_gym.resources import obs_settings_file

_SAMPLES = 5  # of OBS's clock; the one with the shortest round trip counts
_ALREADY_RECORDING, _WRONG_PASSWORD = 500, 4009
_ENVIRONMENT = "AC_GYM_OBS_"

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class ObsSettings:
    """Where OBS's WebSocket server listens: in OBS, Tools > WebSocket Server Settings."""

    host: str = "127.0.0.1"
    port: int = 4455
    password: str = field(default="", repr=False)
    timeout: float = 5.0
    """s for each answer"""

    @classmethod
    def load(cls) -> ObsSettings:
        """From `obs.yaml` in the user's folder, and over it AC_GYM_OBS_HOST, AC_GYM_OBS_PORT, AC_GYM_OBS_PASSWORD."""
        path = obs_settings_file()
        settings = _checked(_file(path), str(path), cls()) if path.is_file() else cls()
        names = {f"{_ENVIRONMENT}{f.name.upper()}": f.name for f in fields(cls)}
        given = {name: os.environ[variable] for variable, name in names.items() if variable in os.environ}
        return _checked(given, "the environment", settings)


@dataclass(frozen=True)
class ObsClock:
    """When OBS's recording began."""

    began: float
    """s, on the clock of the recording's `time` column: the time 0 of OBS's video"""
    uncertainty: float
    """half the round trip of the question, s; OBS itself answers with its encoder's frame time"""


class Obs:
    """OBS, connected. `start` its recording, `stop` it, `close` the connection; each answers within the timeout.

    Raises ObsError, a line that says what to do: OBS is closed, wants a password or another one, is recording already.
    """

    def __init__(self, settings: ObsSettings) -> None:
        try:
            import simpleobsws
            from websockets.exceptions import WebSocketException
        except ImportError:
            raise MissingPackageError("simpleobsws", "record") from None
        self._library, self._websocket_error = simpleobsws, WebSocketException
        self._settings = settings
        self._where = f"OBS at {settings.host}:{settings.port}"
        self._loop = asyncio.new_event_loop()
        self._worker = Worker(self._loop.run_forever, "ac_gym obs")
        url = f"ws://{settings.host}:{settings.port}"
        none = simpleobsws.IdentificationParameters(eventSubscriptions=0)
        self._client = simpleobsws.WebSocketClient(url, settings.password, none)
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def start(self) -> ObsClock:
        """Begin to record; gives OBS's clock."""
        if self._request("GetRecordStatus")["outputActive"]:
            raise ObsError(f"{self._where} is recording already: stop that recording first")
        self._request("StartRecord")
        deadline = time.monotonic() + self._settings.timeout
        while not _runs(self._request("GetRecordStatus")):
            if time.monotonic() > deadline:
                raise ObsError(f"{self._where} did not begin to record in {self._settings.timeout:g} s: look at OBS")
            time.sleep(0.02)
        return self.clock()

    def clock(self) -> ObsClock:
        """OBS's clock, while it records."""
        return min((self._ask_clock() for _ in range(_SAMPLES)), key=lambda clock: clock.uncertainty)

    def stop(self) -> str:
        """End the recording; the path of OBS's file."""
        return str(self._request("StopRecord").get("outputPath", ""))

    def close(self) -> None:
        """Hang up; OBS goes on recording, if it does."""
        if self._loop.is_closed():
            return
        if self._client.ws is not None:
            self._run(self._client.disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._worker.join()
        self._loop.close()

    def _connect(self) -> None:
        patience = self._settings.timeout
        try:
            self._run(asyncio.wait_for(self._client.connect(), patience))
        except (OSError, TimeoutError) as error:
            raise ObsError(
                f"{self._where} does not answer ({type(error).__name__}): start OBS, and enable Tools > WebSocket "
                "Server Settings there"
            ) from error
        except self._websocket_error as error:
            raise ObsError(f"{self._where} is no obs-websocket v5: {error}") from error
        deadline = time.monotonic() + patience
        while not self._client.is_identified():
            if self._client.ws.close_code is not None or time.monotonic() > deadline:
                raise ObsError(self._not_identified())
            time.sleep(0.01)

    def _not_identified(self) -> str:
        hello, code = self._client.hello_message, self._client.ws.close_code
        place = f"AC_GYM_OBS_PASSWORD or {obs_settings_file()}"
        if hello and "authentication" in hello and not self._settings.password:
            return f"{self._where} wants a password: put it into {place}"
        if code == _WRONG_PASSWORD:
            return f"{self._where} does not take our password: correct {place}"
        return f"{self._where} does not let us in (code {code}): is it OBS 28 or newer?"

    def _ask_clock(self) -> ObsClock:
        asked = time.perf_counter()
        status = self._request("GetRecordStatus")
        answered = time.perf_counter()
        return ObsClock((asked + answered) / 2 - status["outputDuration"] / 1000.0, (answered - asked) / 2)

    def _request(self, name: str) -> dict[str, Any]:
        lost = f"{self._where} closed the connection: was it closed? Its recording ended with it"
        if self._client.ws is None or self._client.ws.close_code is not None:
            raise ObsError(lost)
        try:
            answer = self._run(self._client.call(self._library.Request(name), timeout=self._settings.timeout))
        except self._library.MessageTimeout:
            closed = self._client.ws is None or self._client.ws.close_code is not None
            late = f"{self._where} did not answer {name} in {self._settings.timeout:g} s"
            raise ObsError(lost if closed else late) from None
        except (self._library.NotIdentifiedError, self._websocket_error, OSError) as error:
            raise ObsError(lost) from error
        if not answer.ok():
            if answer.requestStatus.code == _ALREADY_RECORDING:
                raise ObsError(f"{self._where} is recording already: stop that recording first")
            why = answer.requestStatus.comment or f"code {answer.requestStatus.code}"
            raise ObsError(f"{self._where} refused {name}: {why}")
        return answer.responseData or {}

    def _run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _runs(status: dict[str, Any]) -> bool:
    return bool(status["outputActive"]) and status["outputDuration"] > 0


def _file(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must have lines as `port: 4455`")
    return content


def _checked(given: dict[str, Any], place: str, settings: ObsSettings) -> ObsSettings:
    """`settings` with what was given, as the types they have."""
    known = {f.name: type(getattr(settings, f.name)) for f in fields(ObsSettings)}
    values = {}
    for name, value in given.items():
        if name not in known:
            raise ConfigError(f"{place}: unknown OBS setting {name!r}; known: {', '.join(known)}")
        try:
            values[name] = known[name](value)
        except (TypeError, ValueError):
            raise ConfigError(f"{place}: OBS setting {name} must be {known[name].__name__}, is {value!r}") from None
    return replace(settings, **values)
