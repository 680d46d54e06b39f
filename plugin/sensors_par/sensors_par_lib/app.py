"""The app: what happens in a frame, and how all of it begins and ends. Main thread, but for `status` and `record`."""

import os
import textwrap
import time

from . import VERSION, settings, state
from .game import Game
from .jobs import Jobs
from .joystick import Joystick
from .log import Log
from .pages import Pages
from .recorder import Recorder
from .telemetry import Laps, Telemetry, is_live
from .timing import Meter, RunningClock, Ticker
from .window import Window

NAME = "sensors_par"
_WINDOW_RATE = 4.0  # Hz
_WINDOW_LINES, _WINDOW_COLUMNS = 10, 64
_NO_SOCKETS = (
    "no servers: Python's _socket cannot be loaded ({0}); the game does not bring it. Run 'ac-gym plugin install': it "
    "says where the missing .pyd files go"
)


class App(object):
    """Made in acMain; `folder` is where `sensors_par.ini` lies."""

    def __init__(self, ac, acsys, folder, ac_version):
        self.ac, self.acsys = ac, acsys
        self.log = Log(ac)
        self.settings = settings.read(os.path.join(folder, NAME + ".ini"))
        for problem in self.settings.problems:
            self.log(problem)
        self.pages = Pages(self.settings.pages)
        self.clock, self.meter, self.jobs = RunningClock(), Meter(), Jobs()
        self.joystick = Joystick(self.settings.vjoy_device, getattr(ac, "vjoy_interface", None), self.log)
        self.game = Game(ac, acsys, self.pages, ac_version)
        self.recorder = Recorder(self.settings.record_folder or os.path.join(folder, "recordings"), self.log)
        self._laps = Laps(self.pages)
        self._telemetry = Telemetry(ac, acsys, self.pages, self._laps, self.log)
        self._ego_tick = Ticker(self.settings.ego_sampling_freq)
        self._record_tick = Ticker(self.settings.sampling_freq)
        self._window_tick = Ticker(_WINDOW_RATE)
        self._window = Window(ac, NAME, _WINDOW_LINES, self._toggle_recording)
        self._game_time = 0.0
        self._failure = ""
        self.game.preload(self.log)
        self.servers = self._start_servers()
        self.log.flush()

    def update(self, delta):
        """One frame, `delta` s after the last one."""
        began = time.perf_counter()
        self._game_time += delta
        self.clock.frame()
        self.jobs.run_waiting()
        self._laps.watch()
        if self.servers is not None:
            self.servers.ego.frame()
        self._sample(self._ego_tick.due(delta), self._record_tick.due(delta))
        if self._window_tick.due(delta):
            self._window.show(self._lines(), self.recorder.on)
        self.log.flush()
        self.meter.frame(began, time.perf_counter())

    def failed(self, trace):
        """A frame went wrong: told once a second, the next frame tries again."""
        self._failure = trace.strip().splitlines()[-1]
        self.log.limited("failure", trace)
        self.log.flush()

    def shutdown(self):
        """Says goodbye to clients, leaves the controls neutral, completes a recording."""
        self.jobs.close()
        self.recorder.end()
        if self.servers is not None:
            self.servers.stop()
        self.joystick.release()
        self.recorder.join(5.0)
        self.pages.close()
        self.log.flush()

    # --- for management: any thread -----------------------------------------------------------------------------------

    def status(self):
        meter = self.meter
        return {
            "clients": self.servers.ego.describe(),
            "frames": meter.frames,
            "frame_rate": meter.frame_rate,
            "frame_us": {"mean": meter.mean_us, "max": meter.max_us},
            "rates": meter.rates,
            "totals": dict(meter.totals),
            "recording": self.recorder.describe(),
            "problems": self._problems(),
        }

    def record(self, on):
        """Starts or ends a recording; a file that is ended is complete when this returns."""
        self.jobs.call(self._start_recording if on else self.recorder.end)
        if not on:
            self.recorder.join(2.0)
        return self.recorder.describe()

    # --- main thread --------------------------------------------------------------------------------------------------

    def _start_servers(self):
        try:
            from .servers import Servers
        except ImportError as error:
            self.log(_NO_SOCKETS.format(error))
            self._failure = _NO_SOCKETS.format(error)
            return None
        servers = Servers(self)
        text = "version {0}; UDP {1} ego, TCP {2} management, TCP {3} opponents"
        self.log(text.format(VERSION, *servers.ports))
        return servers

    def _sample(self, ego_due, record_due):
        """Telemetry is read only where somebody wants it."""
        row, servers = None, self.servers
        recording = self.recorder.on
        if ego_due and servers is not None:
            if servers.ego.wanted:
                row = self._telemetry.read()
                flags = state.RECORDING * recording | state.NOT_LIVE * (not is_live(self.pages))
                servers.ego.send(row, self._game_time, flags)
            if servers.opponents_wanted:
                servers.opponents.update()
        if record_due and recording:
            self.recorder.put(row or self._telemetry.read())

    def _toggle_recording(self):
        if self.recorder.on:
            self.recorder.end()
        else:
            self._start_recording()

    def _start_recording(self):
        names = self.game.names()
        track = "-".join(part for part in (names["TrackName"], names["TrackConfiguration"]) if part)
        self.recorder.start(track, names["CarName"])

    def _problems(self):
        found = self.servers.problems if self.servers is not None else []
        return [text for text in self.settings.problems + found + [self.joystick.problem, self._failure] if text]

    def _lines(self):
        meter = self.meter
        rates = meter.rates
        lines = [
            "version {0}  UDP {1}  TCP {2}, {3}".format(VERSION, *self.servers.ports) if self.servers else "no servers",
            "{0:.0f} frames/s, {1:.0f} us a frame, longest {2:.0f} us".format(
                meter.frame_rate, meter.mean_us, meter.max_us
            ),
            "{0:.1f} states/s, {1:.1f} controls/s".format(rates.get("states", 0.0), rates.get("controls", 0.0)),
        ]
        lines.extend(self._client_lines())
        recording = self.recorder.current
        if recording is not None:
            text = "{0}: {1} states, {2} dropped" if recording.on else "{0} done: {1} states, {2} dropped"
            lines.append(text.format(os.path.basename(recording.path), recording.states, recording.dropped))
        for text in self._problems() or [self.log.last]:
            lines.extend(textwrap.wrap(text, _WINDOW_COLUMNS))
        return (lines + [""] * _WINDOW_LINES)[:_WINDOW_LINES]

    def _client_lines(self):
        clients = self.servers.ego.describe() if self.servers else []
        drivers = [client for client in clients if client["role"] == "driver"]
        observers = len(clients) - len(drivers)
        for client in drivers:
            by = "plugin" if client["applies_controls"] else "client"
            yield "driver {0}, controls by the {1}".format(client["client"] or client["address"], by)
        if not drivers:
            yield "no driver"
        if observers:
            yield "{0} observer{1}".format(observers, "" if observers == 1 else "s")
