"""Says what is wrong with a set-up, and what to do: everything that stands between a program and the running game."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ac_gym.capture.csp import MIN_BUILD, UPDATE
from ac_gym.errors import (
    ControlsError,
    GameConnectionError,
    GameNotRunningError,
    InstallationError,
    SharedMemoryError,
)
from ac_gym.game import checks
from ac_gym.game.app_settings import AppSettings, default_app_settings, is_loopback, read_app_settings
from ac_gym.game.checks import Finding
from ac_gym.game.controls import candidates, check_controls
from ac_gym.game.install import SETTINGS, is_ours, version_of
from ac_gym.game.installation import Installation, app_folder, find_documents, find_game
from ac_gym.game.management import AcGymManagement, ReferenceManagement
from ac_gym.resources import plugin_dir
from ac_gym.telemetry.pages import PHYSICS, page_name
from ac_gym.telemetry.shared_memory import SharedPage

_THIS_COMPUTER = "127.0.0.1"
_PATIENCE = 3.0  # s for the plugin to answer

_JOYSTICKS = {
    "plugin": "the plugin moves the joystick, where the game is",
    "vjoy": "vJoy device 1 is free",
    "vgamepad": "a virtual gamepad can be made",
    "uinput": "/dev/uinput makes a wheel",
}


def examine(
    game: Path | None = None,
    documents: Path | None = None,
    *,
    host: str = "127.0.0.1",
    controls: str = "auto",
    token: str = "",
    source: Path | None = None,
) -> Iterator[Finding]:
    """Every check, in the order in which a set-up is made.

    game, documents: the game's folders, found where they are not given. host: where the game runs; if that is another
    computer, its folders are not looked for. controls: as for `open_controls`. token: the plugin's, if it is not the
    one in the settings found here. source: folder of our app.
    """
    source = source or plugin_dir()
    here = is_loopback(host)
    settings = default_app_settings()
    if here:
        try:
            folder = find_game(game)
        except InstallationError as error:
            yield Finding("game folder", "problem", str(error))
        else:
            yield from _game_folder(folder, source)
            if is_ours(app_folder(folder)):
                settings = read_app_settings(app_folder(folder) / SETTINGS)
                yield checks.app_settings(settings)
            yield from _settings_folder(folder, documents, controls)
    else:
        yield Finding("game folder", "not applicable", f"the game is on {host}; run `ac-gym doctor` there too")
    yield _joystick(controls, here)
    yield from _plugin(host, here, settings, token, source)
    yield _pages(settings.pages, here)


def _game_folder(game: Path, source: Path) -> Iterator[Finding]:
    yield Finding("game folder", "ok", str(game))
    yield checks.app_in_place(game, source)
    yield checks.python_modules(game)
    yield checks.shaders_patch(game)


def _settings_folder(game: Path, documents: Path | None, controls: str) -> Iterator[Finding]:
    try:
        installation = Installation(game, find_documents(game, documents))
    except InstallationError as error:
        yield Finding("game settings", "problem", str(error))
        return
    yield Finding("game settings", "ok", str(installation.documents))
    yield checks.app_enabled(installation)
    yield checks.controls_set(installation, candidates(controls))
    yield checks.frame_rate(installation)
    yield checks.assists(installation)


def _joystick(controls: str, here: bool) -> Finding:
    """What `open_controls` would choose, and whether a game on this computer is steered by it."""
    missing = []
    for name in candidates(controls):
        try:
            check_controls(name)
        except ControlsError as error:
            missing.append(f"{name}: {error}")
            continue
        if not missing:
            return Finding("joystick", "ok", _JOYSTICKS[name])
        if name == "plugin" and here:
            break  # the plugin's own joystick is vJoy, which Linux has not
        return Finding("joystick", "ok" if not here else "advice", f"{_JOYSTICKS[name]} ({'; '.join(missing)})")
    return Finding("joystick", "problem", "; or ".join(missing))


def _plugin(host: str, here: bool, settings: AppSettings, token: str, source: Path) -> Iterator[Finding]:
    """The plugin answers; where the game is not running, its ports are free."""
    port = settings.simulation_management_server_port
    if _listens(host, port):
        try:
            hello = AcGymManagement(host, port, token=token or settings.token, timeout=_PATIENCE).hello()
        except GameConnectionError as error:
            yield _who_else(host, port, error)
        else:
            yield _running(hello, version_of(source))
    elif here:
        text = "no session is running; drive out in the game and look again"
        yield Finding("running game", "not applicable", text)
        yield _ports(settings)
    else:
        remedy = (
            "drive out in the game there; in its sensors_par.ini set allow_remote = True and ego_server_host_name to "
            "that computer's address; let the ports through its firewall"
        )
        yield Finding("running game", "problem", f"{host} does not answer on port {port} (TCP)", remedy)


def _running(hello: dict[str, Any], ours: str) -> Finding:
    """Our plugin answered."""
    check, text = "running game", f"version {hello['version']} answers: {hello['car']} on {hello['track']}"
    if hello["version"] != ours:
        remedy = "`ac-gym plugin install`, then start the game anew"
        return Finding(check, "problem", f"{text}; the package has {ours}", remedy)
    if hello.get("csp") is None:
        text += "; Custom Shaders Patch is not active, so the car cannot be put back on the road"
        return Finding(check, "advice", text, "activate it in Content Manager, Settings > Custom Shaders Patch")
    if hello["csp"] < MIN_BUILD:
        text += f"; Custom Shaders Patch of build {hello['csp']} shares no textures (pictures from `csp`)"
        return Finding(check, "advice", text, UPDATE)
    return Finding(check, "ok", text)


def _who_else(host: str, port: int, error: GameConnectionError) -> Finding:
    """What listens there, when it is not our plugin."""
    try:
        hello = ReferenceManagement(host, port, timeout=_PATIENCE).hello()
    except GameConnectionError:
        return Finding("running game", "problem", str(error), "end the other program, or choose another port")
    text = f"the plugin of assetto_corsa_gym answers: {hello['car']} on {hello['track']}"
    return Finding("running game", "advice", text, "it can be driven; `ac-gym plugin install` puts ours in its place")


def _ports(settings: AppSettings) -> Finding:
    ports = (
        ("UDP", settings.ego_server_port, socket.SOCK_DGRAM),
        ("TCP", settings.opponents_server_port, socket.SOCK_STREAM),
        ("TCP", settings.simulation_management_server_port, socket.SOCK_STREAM),
    )
    taken = [f"{protocol} {port}" for protocol, port, kind in ports if not _free(port, kind)]
    if taken:
        remedy = "end it, or choose other ports in sensors_par.ini and in your program"
        return Finding("ports", "problem", f"taken by another program: {', '.join(taken)}", remedy)
    return Finding("ports", "ok", "those of the app are free")


def _pages(base: str, here: bool) -> Finding:
    check = "shared memory"
    if not here:
        return Finding(check, "not applicable", "only on the computer of the game")
    try:
        SharedPage.open(page_name("physics", base), PHYSICS).close()
    except GameNotRunningError:
        proton = "" if sys.platform == "win32" else "; a game under Proton keeps it to itself, the app sends all of it"
        return Finding(check, "not applicable", f"nobody publishes telemetry now{proton}")
    except SharedMemoryError as error:
        return Finding(check, "problem", str(error))
    return Finding(check, "ok", f"telemetry is there ({page_name('physics', base)})")


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except (OSError, UnicodeError):  # the latter: no name that a computer can have
        return False
    return True


def _free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if sys.platform != "win32" and kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that linger do not count
        try:
            probe.bind((_THIS_COMPUTER, port))
        except OSError:
            return False
    return True
