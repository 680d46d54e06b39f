"""The stand-in host: runs in-game apps outside the game, on telemetry of the simulated world."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from ac_gym.car import Car, load_car
from ac_gym.errors import ConfigError, UnknownNameError
from ac_gym.resources import plugin_dir
from ac_gym.standin.apps import App, Guard, import_path
from ac_gym.standin.game_folder import LOGS, copy_app, write_game_folder
from ac_gym.standin.game_functions import GameFunctions
from ac_gym.standin.game_log import GameLog
from ac_gym.standin.joystick import Cockpit, VirtualJoystick
from ac_gym.standin.meter import HostStatus, Meter
from ac_gym.standin.modules import installed, make_ac
from ac_gym.standin.pacing import FreeRunning, LockStep, Pacing, Steady
from ac_gym.standin.page_writer import PageWriter
from ac_gym.standin.patch_functions import PatchFunctions
from ac_gym.standin.pictures import Pictures, PictureSettings
from ac_gym.standin.plugin import PluginSettings
from ac_gym.standin.remote_telemetry import RemoteTelemetryServer
from ac_gym.standin.screen import Screen
from ac_gym.standin.session import Session
from ac_gym.standin.windows import Windows
from ac_gym.telemetry.remote import PORT as REMOTE_TELEMETRY_PORT
from ac_gym.track import Track, load_track
from ac_gym.worlds import SimulationSettings

_PLUGIN = plugin_dir()


class Host:
    """Stands in for the game: `ac`, `acsys`, the three shared-memory pages and a joystick, for the apps it runs.

    Car 0 is driven by the virtual joystick (`ac.vjoy_interface`), the other `cars` by line followers. `speed` is game
    seconds a second; `math.inf` waits for nobody but the driver (see `pacing.LockStep`). `reset` is what the plugin's
    reset does (see `session.Session`). `plugin` is the folder of `sensors_par`, None to do without it; `settings` are
    keys of its ini file, ports of 0 becoming free ones; `apps` are folders of other in-game apps. `pages` is the base
    name of the shared memory. `udp_port` is that of the game's remote telemetry on `udp_host`: 0 becomes a free one,
    "auto" is the game's own, 9996, unless another program has it, None leaves it out. `pictures` says what picture is
    published, None for none. `folder` keeps the made-up game folder, else a temporary one. Further keywords are those
    of `SimulationSettings`, but for `start`.

    `start` (or `with`) changes the current directory to the game folder and puts `ac` and `acsys` among Python's
    modules until `stop`, so a process has one host at a time. Raises ConfigError or another AcGymError for settings
    that cannot be.
    """

    def __init__(
        self,
        track: str | Path | Track,
        car: str | Path | Car,
        *,
        cars: int = 1,
        speed: float = 1.0,
        fps: float = 50.0,
        seed: int = 0,
        reset: str = "road",
        plugin: str | Path | None = _PLUGIN,
        settings: Mapping[str, object] | None = None,
        apps: Sequence[str | Path] = (),
        pages: str = "acpmf",
        udp_port: int | Literal["auto"] | None = None,
        udp_host: str = "127.0.0.1",
        pictures: PictureSettings | None = None,
        csp: bool = True,
        folder: str | Path | None = None,
        patience: float = 0.5,
        opponents_pace: float = 0.85,
        on_log: Callable[[str], None] | None = None,
        **simulation: Any,
    ) -> None:
        for name, value, most in (("speed", speed, math.inf), ("fps", fps, 1000.0), ("patience", patience, 3600.0)):
            if not 0.0 < value <= most:
                raise ConfigError(
                    f"{name} must be greater than 0{f', at most {most:g}' * (most < math.inf)}, is {value}"
                )
        if not 0 <= seed < 2**63:
            raise ConfigError(f"seed must be 0 or a positive number of 63 bits, is {seed}")
        self.fps, self.speed, self.pages = fps, speed, pages
        self.session = Session(
            track if isinstance(track, Track) else load_track(track),
            car if isinstance(car, Car) else load_car(car),
            cars,
            fps=fps,
            seed=seed,
            reset=reset,
            settings=_simulation_settings(simulation, reset),
            opponents_pace=opponents_pace,
        )
        self.joystick = VirtualJoystick()
        self._cockpit = Cockpit(self.joystick)
        self._csp = csp
        self._udp_host, self._udp_wanted = udp_host, udp_port
        self._remote: RemoteTelemetryServer | None = None
        self._sources = [Path(app).resolve() for app in apps]
        self._plugin: PluginSettings | None = None
        if plugin is not None:
            self._plugin = PluginSettings(Path(plugin).resolve(), pages, speed, patience, settings or {})
            self._sources.insert(0, self._plugin.source)
        elif settings:
            raise ConfigError("settings are those of the plugin, and no plugin is run")
        names = [source.name for source in self._sources]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"two apps are called {name}; the game tells them apart by their folders' names")
        self._stopping = threading.Event()
        self.pictures = pictures
        self._camera: Pictures | None = None
        self._pacing = self._choose_pacing(patience)
        self._folder, self._on_log = folder, on_log
        self._frame_s = 1.0 / fps
        self._meter = Meter(self._frame_s)
        self._guard: Guard | None = None
        self.ports: dict[str, int] = {}
        self.apps: list[App] = []
        self.screen = Screen(Windows(), lambda *_: None)
        self._looping = threading.Lock()
        self._thread: int | None = None
        self._open: contextlib.ExitStack | None = None

    # --- life --------------------------------------------------------------------------------------------------------
    def start(self) -> Self:
        """Makes folder, pages and modules, and starts the apps; again does nothing."""
        if self._open is not None:
            return self
        if self._stopping.is_set():
            raise ConfigError("this host was stopped; make a new one")
        with contextlib.ExitStack() as opened:
            self._make(opened)
            for app in self.apps:
                opened.callback(app.stop)
                app.start()
            self._open = opened.pop_all()
        return self

    def stop(self) -> None:
        """Ends `run` wherever it runs, tells the apps (`acShutdown`) and takes everything away; again does nothing.

        From within a frame (an app, a signal handler) it only lets `run` end after it.
        """
        self._stopping.set()
        if self._thread == threading.get_ident():
            return
        with self._looping:
            opened, self._open = self._open, None
            if opened is not None:
                opened.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _make(self, opened: contextlib.ExitStack) -> None:
        """Everything that `stop` takes away again, in reverse order."""
        self.ports = self._plugin.choose_ports() if self._plugin is not None else {}
        pages = PageWriter(self.session, self.pages)
        opened.callback(pages.close)
        self._pages = pages
        if self.pictures is not None:
            self._camera = Pictures(self.session, self.pictures, self._pacing.frames_a_state)
            opened.callback(self._camera.close)
        self._remote = self._make_remote_telemetry()
        if self._remote is not None:
            opened.callback(self._remote.close)
        if self._folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="ac_gym_game_", ignore_cleanup_errors=True)
            self.folder = Path(opened.enter_context(temporary))
        else:
            self.folder = Path(self._folder).resolve()
        try:
            write_game_folder(self.folder, self.session.track, self.session.car, self.session.profile)
        except OSError as error:
            raise ConfigError(
                f"{self.folder}: cannot be made the game's folder ({error.strerror}); choose another"
            ) from None
        self.log = GameLog(self.folder / LOGS, self._on_log)
        opened.callback(self.log.close)
        self._guard = Guard(self.log)
        windows = Windows()
        self.screen = Screen(windows, self._guard)
        self.apps = [App(copy_app(source, self.folder), self._guard) for source in self._sources]
        if self._plugin is not None:
            self._plugin.write(self.apps[0].folder)
        parts: list[object] = [GameFunctions(self.session, self.log, self._stopping.set), windows]
        if self._csp:
            parts.append(PatchFunctions(self.session, self.joystick, self.folder))
        ac = make_ac(*parts, tell=self.log.log)
        ac.vjoy_interface = self.joystick  # type: ignore[attr-defined]
        opened.enter_context(installed(ac))
        opened.callback(os.chdir, Path.cwd())
        os.chdir(self.folder)
        opened.enter_context(import_path([app.folder for app in self.apps]))

    # --- frames ------------------------------------------------------------------------------------------------------
    def step(self) -> None:
        """One frame, at once: the cars drive, pages and telemetry show it, the apps are called."""
        self.start()
        began = time.perf_counter()
        if self._meter.frames:
            self.session.step(self._cockpit.controls())
        self._pages.write()
        if self._camera is not None:  # before the apps: in lock-step the picture is there when its state is sent
            self._camera.frame(self._pages.number)
        if self._remote is not None:
            self._remote.frame()
        self._pacing.frame_begins()
        for app in self.apps:
            app.update(self._frame_s)
        self.screen.draw(self._frame_s)
        self._meter.frame(began, time.perf_counter())

    def run(self, until: float | None = None) -> None:
        """Frames at the host's speed until `stop`, or until the game's clock (`game_time`) says `until` s."""
        if self._stopping.is_set():
            return
        self.start()
        with self._looping:
            self._thread = threading.get_ident()
            try:
                while not self._stopping.is_set() and (until is None or self.game_time < until):
                    self.step()
                    self._pacing.wait()
            finally:
                self._thread = None

    def _make_remote_telemetry(self) -> RemoteTelemetryServer | None:
        wanted = self._udp_wanted
        if wanted is None:
            return None
        try:
            port = REMOTE_TELEMETRY_PORT if wanted == "auto" else wanted
            return RemoteTelemetryServer(self.session, self._udp_host, port)
        except ConfigError:
            if wanted == "auto":
                return None
            raise

    def _choose_pacing(self, patience: float) -> Pacing:
        if self.speed < math.inf:
            return Steady(1.0 / (self.fps * self.speed), self._stopping)
        if self._plugin is None:
            return FreeRunning()
        cycle = self.fps / self._plugin.ego_rate
        if abs(cycle - round(cycle)) > 1e-6 or cycle < 1.0:
            raise ConfigError(
                f"speed max needs frames in step with states: fps ({self.fps:g}) must be a multiple of "
                f"ego_sampling_freq ({self._plugin.ego_rate:g})"
            )
        return LockStep(self.joystick, round(cycle), 1.0 / self.fps, patience, self._meanwhile)

    def _meanwhile(self) -> bool:
        """The game stands still for the driver; apps are called, so that they can serve others, or ask for a reset."""
        for app in self.apps:
            app.update(0.0)
        return self.session.moving or self._stopping.is_set()

    # --- what a user may look at -------------------------------------------------------------------------------------
    @property
    def udp_port(self) -> int | None:
        """Where the remote telemetry is, once the host was started; None: nowhere."""
        return None if self._remote is None else self._remote.port

    @property
    def game_time(self) -> float:
        """s, of all frames so far."""
        return self._meter.frames * self._frame_s

    def status(self) -> HostStatus:
        """How it goes."""
        meter = self._meter
        return HostStatus(
            frames=meter.frames,
            game_time=self.game_time,
            speed=meter.speed,
            frame_rate=meter.frame_rate,
            frame_ms=meter.mean_ms,
            longest_ms=meter.longest_ms,
            overruns=self._pacing.overruns,
            app_errors=self._guard.errors if self._guard else 0,
        )


def _simulation_settings(keywords: Mapping[str, Any], reset: str) -> SimulationSettings:
    known = {f.name for f in fields(SimulationSettings)} - {"start"}
    for name in keywords:
        if name not in known:
            raise UnknownNameError("setting of the simulation", name, known)
    return SimulationSettings(start="random" if reset == "random" else "line", **keywords)
