"""Puts the in-game app into the game, and takes it out again.

Everything is planned first, as steps that can be shown and then taken. What the user wrote is kept: other settings of
the game, edited settings of the app, recordings in its folder; another app of the same name is moved aside.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ac_gym.errors import InstallationError
from ac_gym.game.controls.presets import PRESETS
from ac_gym.game.ini import BACKUP, IniFile
from ac_gym.game.installation import APP, Installation
from ac_gym.resources import plugin_dir

SETTINGS = f"{APP}.ini"
LIBRARY = f"{APP}_lib"
SWITCHES = (("python.ini", APP.upper(), "ACTIVE"), ("gameplay.ini", "PYTHON", "ENABLE_PYTHON"))
"""File, section and key of what must be 1 for the game to run the app."""

_NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Step:
    """Something to change in the game's folders."""

    text: str
    take: Callable[[], None]


def plan_install(installation: Installation, *, controls: bool = False, source: Path | None = None) -> list[Step]:
    """What there is to do for the app to be in the game, enabled, and of our version; empty if all is done.

    controls: also write our controls presets. source: folder of the app, by default that of the package.
    """
    source = plugin_dir() if source is None else source
    if not (source / f"{APP}.py").is_file():
        raise InstallationError(f"{source}: the in-game app is not there; install the package ac_gym again")
    return [
        *_app_steps(source, installation),
        *_switch_steps(installation, "1"),
        *_preset_steps(installation, controls),
    ]


def plan_removal(installation: Installation, *, source: Path | None = None) -> list[Step]:
    """What there is to do for the app to be out of the game; recordings and other files of the user stay."""
    source = plugin_dir() if source is None else source
    steps = [*_switch_steps(installation, "0", SWITCHES[:1])] if _listed(installation) else []
    if is_ours(installation.app):
        steps.append(Step(f"remove the app from {installation.app}", partial(_remove_app, source, installation.app)))
    return steps


def is_ours(app: Path) -> bool:
    """The folder holds our app, not another one of that name."""
    return (app / LIBRARY / "__init__.py").is_file()


def version_of(app: Path) -> str:
    """Version of the app in a folder; "unknown" where it does not tell."""
    try:
        text = (app / LIBRARY / "__init__.py").read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    found = re.search(r'^VERSION = "([^"\n]+)"', text, re.MULTILINE)
    return found[1] if found else "unknown"


def changed_files(source: Path, app: Path) -> list[str]:
    """Files of the app that are missing or different in the game; the settings are the user's to change."""
    return [
        str(name) for name in _files(source) if str(name) != SETTINGS and not _same_bytes(source / name, app / name)
    ]


def missing_settings(source: Path, app: Path) -> list[str]:
    """Keys that our settings file has and the one in the game has not."""
    present = {(entry.section, entry.key.casefold()) for entry in IniFile.read(app / SETTINGS).entries()}
    ours = IniFile.read(source / SETTINGS).entries()
    return [entry.key for entry in ours if (entry.section, entry.key.casefold()) not in present]


# --- steps ------------------------------------------------------------------------------------------------------------


def _app_steps(source: Path, installation: Installation) -> Iterator[Step]:
    app, version = installation.app, version_of(source)
    if not app.exists():
        yield Step(f"copy the app, version {version}, to {app}", partial(_put_app, source, app))
        return
    if not is_ours(app):
        aside = app.parent.parent / f"{APP}{BACKUP}"
        yield Step(f"move another app named {APP} to {aside}", partial(_move_aside, app, aside))
        yield Step(f"copy the app, version {version}, to {app}", partial(_put_app, source, app))
        return
    if changed := changed_files(source, app):
        what = f"update the app in {app} from version {version_of(app)} to {version} ({len(changed)} files)"
        yield Step(f"{what}, keeping its settings", partial(_put_app, source, app))
    elif new := missing_settings(source, app):
        yield Step(f"add new settings to {app / SETTINGS}: {', '.join(new)}", partial(_add_settings, source, app, app))


def _switch_steps(
    installation: Installation, value: str, switches: tuple[tuple[str, str, str], ...] = SWITCHES
) -> Iterator[Step]:
    for name, section, key in switches:
        was = installation.settings(name).get(section, key)
        if was != value:
            path = installation.configuration / name
            text = f"set [{section}] {key}={value} in {path} (was {was or 'not set'})"
            yield Step(text, partial(_set, path, section, key, value))


def _preset_steps(installation: Installation, wanted: bool) -> Iterator[Step]:
    for preset in PRESETS.values() if wanted else ():
        path = installation.presets / f"{preset.title}.ini"
        if not path.is_file() or path.read_bytes() != preset.file():
            yield Step(f"write the controls preset {path}", partial(IniFile(preset.file()).write, path))


def _listed(installation: Installation) -> bool:
    name, section, key = SWITCHES[0]
    return installation.settings(name).get(section, key) is not None


def _set(path: Path, section: str, key: str, value: str) -> None:
    ini = IniFile.read(path)
    ini.set(section, key, value)
    ini.write(path)


# --- the app's folder -------------------------------------------------------------------------------------------------


def _put_app(source: Path, app: Path) -> None:
    """Copy under another name, then rename: the game never sees half an app."""
    fresh, old = (app.with_name(f"{APP}.{word}-{os.getpid()}") for word in ("new", "old"))
    try:
        app.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, fresh, ignore=_NOT_COPIED)
        if not app.exists():
            os.rename(fresh, app)
            return
        _add_settings(source, app, fresh)
        os.rename(app, old)
        try:
            os.rename(fresh, app)
        except OSError:
            os.rename(old, app)
            raise
        _keep_what_is_not_ours(old, app)
        shutil.rmtree(old)
    except OSError as error:
        raise _not_writable(app, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _add_settings(source: Path, app: Path, target: Path) -> None:
    """The settings in `app` with those added that only ours have, into `target`."""
    if not (app / SETTINGS).is_file():
        return
    settings, missing = IniFile.read(app / SETTINGS), missing_settings(source, app)
    for entry in IniFile.read(source / SETTINGS).entries():
        if entry.key in missing:
            settings.set(entry.section, entry.key, entry.value, entry.comment)
    (target / SETTINGS).write_bytes(settings.data())


def _keep_what_is_not_ours(old: Path, app: Path) -> None:
    """Move recordings and the like from the old folder to the new one; code of the old version goes."""
    for entry in old.iterdir():
        ours = entry.suffix in (".py", ".pyc") or entry.name in (LIBRARY, "__pycache__")
        if not ours and not (app / entry.name).exists():
            os.rename(entry, app / entry.name)


def _remove_app(source: Path, app: Path) -> None:
    """Delete our files; folders stay where something else is in them."""
    try:
        for folder in filter(Path.exists, (app / LIBRARY, app / "__pycache__")):
            shutil.rmtree(folder)
        for name in _files(source):
            (app / name).unlink(missing_ok=True)
        for folder in sorted((path for path in (app, *app.rglob("*")) if path.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()
    except OSError as error:
        raise _not_writable(app, error) from error


def _move_aside(app: Path, aside: Path) -> None:
    if aside.exists():
        raise InstallationError(f"{aside} exists already: move it away, so that the app in {app} can be kept there")
    try:
        os.rename(app, aside)
    except OSError as error:
        raise _not_writable(app, error) from error


def _files(folder: Path) -> list[Path]:
    """Files of the app, relative to its folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.relative_to(folder) for path in paths if "__pycache__" not in path.parts and path.suffix != ".pyc"]


def _same_bytes(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _not_writable(app: Path, error: OSError) -> InstallationError:
    return InstallationError(f"{app}: cannot be written ({error.strerror}); close the game, then try again")
