"""A car's unpacked `data` folder: ini files and look-up tables, read as the game's own files are written.

An ini file has `[SECTION]`, `KEY=value` and comments from `;` on; a table has a line `x|y` a point, or stands in an ini
value as `(|x=y|x=y|)`. Every key that is asked for is remembered, so that the rest can be listed as not used.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from ac_gym.errors import InvalidCarError

Array = NDArray[np.float64]
Lut = tuple[Array, Array]
"""x ascending, y"""

MAX_BYTES = 4 << 20
MAX_POINTS = 10_000


class Ini:
    """One ini file; sections and keys are found whatever their case, and the last of several values counts."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.sections: dict[str, dict[str, str]] = {}
        self._used: set[tuple[str, str]] = set()
        section: dict[str, str] = {}
        for raw in text.splitlines():
            line = raw.partition(";")[0].strip()
            if line.startswith("[") and "]" in line:
                section = self.sections.setdefault(line[1 : line.index("]")].strip().upper(), {})
            elif "=" in line:
                key, _, value = line.partition("=")
                section[key.strip().upper()] = value.strip()

    def text(self, section: str, key: str) -> str | None:
        """The value; None where it is not set or empty."""
        self._used.add((section, key))
        return self.sections.get(section, {}).get(key) or None

    def number(self, section: str, key: str) -> float | None:
        """The value as a finite number; None where it is not set."""
        text = self.text(section, key)
        return None if text is None else self._number(text, section, key)

    def numbers(self, section: str, key: str, count: int) -> tuple[float, ...] | None:
        """`count` numbers with commas between; None where the key is not set."""
        text = self.text(section, key)
        if text is None:
            return None
        parts = text.split(",")
        if len(parts) != count:
            raise InvalidCarError(f"{self.name} [{section}] {key}: {text!r} is not {count} numbers with commas between")
        return tuple(self._number(part, section, key) for part in parts)

    def wanted(self, section: str, key: str) -> float:
        """A number that must be there."""
        value = self.number(section, key)
        if value is None:
            raise InvalidCarError(f"{self.name} [{section}] {key} is missing; is the data folder complete?")
        return value

    def unused(self) -> Iterator[tuple[str, list[str]]]:
        """Sections with the keys in them that nobody asked for."""
        for section, keys in self.sections.items():
            if left := [key for key in keys if (section, key) not in self._used]:
                yield section, left

    def _number(self, text: str, section: str, key: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InvalidCarError(f"{self.name} [{section}] {key}: {text.strip()!r} is not a number")
        return value


class DataFolder:
    """The `data` folder of a car, given it or the car's folder around it."""

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder).resolve()
        if not folder.is_dir():
            raise InvalidCarError(f"{folder}: no such folder")
        inner = folder / "data"
        if not inner.is_dir() and not (folder / "car.ini").is_file():
            if (folder / "data.acd").is_file():
                raise InvalidCarError(
                    f"{folder} has only data.acd, packed and scrambled by the game, and we do not open it; unpack it "
                    "with a tool of your own into a folder data beside it, and import again"
                )
            raise InvalidCarError(f"{folder}: no folder data and no car.ini in it; give the folder content/cars/CAR")
        self.path = inner if inner.is_dir() else folder
        self.car_folder = self.path.parent if self.path.name.lower() == "data" else self.path
        self.name = self.car_folder.name
        self._files = {file.name.lower(): file for file in sorted(self.path.iterdir()) if file.is_file()}
        self._inis: dict[str, Ini] = {}
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._files

    def ini(self, name: str) -> Ini:
        """The ini file of that name; empty where there is none."""
        if name not in self._inis:
            self._inis[name] = Ini(f"data/{name}", self._text(name) if name in self else "")
        return self._inis[name]

    def lut(self, ini: Ini, section: str, key: str) -> Lut | None:
        """The table that a key names or holds; None where the key is not set."""
        value = ini.text(section, key)
        if value is None:
            return None
        if value.startswith("("):
            return parse_lut(value.strip("()").replace("|", "\n").replace("=", "|"), f"{ini.name} [{section}] {key}")
        name = PureWindowsPath(value).name
        if name != value or name not in self:
            raise InvalidCarError(f"{ini.name} [{section}] {key}: there is no {value} in the data folder")
        return parse_lut(self._text(name), f"data/{name}")

    def inis(self) -> list[Ini]:
        """The ini files that were read."""
        return [ini for name, ini in self._inis.items() if name in self]

    def unread(self) -> list[str]:
        """Names of the files that nobody asked for."""
        return [file.name for name, file in self._files.items() if name not in self._read]

    def title(self) -> str:
        """The car's name as the game shows it: of ui/ui_car.json, else of car.ini, else of the folder."""
        try:
            with (self.car_folder / "ui" / "ui_car.json").open("rb") as file:
                content = file.read(MAX_BYTES)
            # The game's own files have raw line ends and tabs in their texts.
            shown = json.loads(content.decode("utf-8-sig", "replace"), strict=False).get("name")
        except (OSError, ValueError, AttributeError, RecursionError):
            shown = None
        shown = shown if isinstance(shown, str) else self.ini("car.ini").text("INFO", "SCREEN_NAME")
        words = " ".join((shown or "").split())
        return "".join(filter(str.isprintable, words))[:100].strip() or self.name

    def _text(self, name: str) -> str:
        file = self._files[name.lower()]
        self._read.add(name.lower())
        try:
            if file.stat().st_size > MAX_BYTES:
                raise InvalidCarError(f"{file}: larger than {MAX_BYTES >> 20} MiB, so no file of a car's data")
            return file.read_bytes().decode("utf-8-sig", "replace")
        except OSError as error:
            raise InvalidCarError(f"{file}: cannot be read ({error.strerror or error})") from error


def parse_lut(text: str, source: str) -> Lut:
    """The table in `text`, a line `x|y` a point, by ascending x."""
    points: list[tuple[float, float]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.partition(";")[0].strip()
        if not line:
            continue
        try:
            x, y = map(float, line.split("|"))
        except ValueError:
            x = y = math.nan
        if not (math.isfinite(x) and math.isfinite(y)):
            raise InvalidCarError(f"{source} line {number}: {line[:60]!r} is not a point x|y")
        points.append((x, y))
        if len(points) > MAX_POINTS:
            raise InvalidCarError(f"{source}: more than {MAX_POINTS} points")
    if not points:
        raise InvalidCarError(f"{source}: no points x|y in it")
    ordered = sorted(dict(points).items())
    table = np.array(ordered, dtype=np.float64)
    return table[:, 0], table[:, 1]
