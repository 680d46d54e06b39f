"""Ini files of the game, changed without touching anything else in them: comments, order, encoding, line ends."""

from __future__ import annotations

import codecs
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ac_gym.errors import InstallationError

BACKUP = ".before_ac_gym"

_ENCODINGS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SECTION = re.compile(r"\s*\[([^\]]*)\]")
_ENTRY = re.compile(r"(?P<before>\s*(?P<key>[^=;#\[\]]+?)\s*=[ \t]*)(?P<value>[^;\r\n]*?)(?P<after>[ \t]*(;.*)?\r?\n?)")


@dataclass(frozen=True)
class Entry:
    """A line `KEY=value`, with the comment lines right above it."""

    section: str
    key: str
    value: str
    comment: tuple[str, ...]


class IniFile:
    """The text of an ini file. Sections and keys are found whatever their case; the first of several counts."""

    def __init__(self, data: bytes = b"") -> None:
        self._bom, self._encoding = next(((b, e) for b, e in _ENCODINGS if data.startswith(b)), (b"", "utf-8"))
        # Surrogates stand for bytes that are not UTF-8, so that they come back as they were.
        text = data[len(self._bom) :].decode(self._encoding, "surrogateescape")
        self._lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        self._line_end = "\n" if self._lines and not self._lines[0].endswith("\r\n") else "\r\n"

    @classmethod
    def read(cls, path: Path) -> IniFile:
        """The file at `path`; empty where there is none."""
        try:
            return cls(path.read_bytes())
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise InstallationError(f"{path}: cannot be read ({error})") from error

    def data(self) -> bytes:
        return self._bom + "".join(self._lines).encode(self._encoding, "surrogateescape")

    def get(self, section: str, key: str) -> str | None:
        """The value, without a comment after it; None where it is not set."""
        at = self._find(section, key)
        return None if at is None else self._match(at)["value"]

    def entries(self) -> Iterator[Entry]:
        """Every key in the order of the file."""
        section = ""
        comment: list[str] = []
        for line in self._lines:
            if header := _SECTION.match(line):
                section, comment = header[1].strip(), []
            elif entry := _ENTRY.fullmatch(line):
                yield Entry(section, entry["key"], entry["value"], tuple(comment))
                comment = []
            else:
                text = line.strip()
                comment = [*comment, text] if text else []

    def set(self, section: str, key: str, value: str, comment: tuple[str, ...] = ()) -> None:
        """Change the value, or add the key (below `comment`) at the end of its section."""
        at = self._find(section, key)
        if at is not None:
            match = self._match(at)
            self._lines[at] = f"{match['before']}{value}{match['after']}"
            return
        sign = " = " if any(" = " in line for line in self._lines) else "="
        self._insert(section, [*(["", *comment] if comment else []), f"{key}{sign}{value}"])

    def write(self, path: Path) -> None:
        """Replace the file at `path` in one go, keeping a copy of what was there before our first change."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            backup = path.with_name(path.name + BACKUP)
            fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
            fresh.write_bytes(self.data())
            if path.exists():
                shutil.copymode(path, fresh)
                if not backup.exists():
                    shutil.copy2(path, backup)
            os.replace(fresh, path)
        except OSError as error:
            raise InstallationError(
                f"{path}: cannot be written ({error.strerror}); close the game and its launcher, then try again"
            ) from error

    def _match(self, at: int) -> re.Match[str]:
        match = _ENTRY.fullmatch(self._lines[at])
        assert match is not None
        return match

    def _find(self, section: str, key: str) -> int | None:
        """Line of a key."""
        for at in self._section_lines(section):
            entry = _ENTRY.fullmatch(self._lines[at])
            if entry and entry["key"].casefold() == key.casefold():
                return at
        return None

    def _section_lines(self, section: str) -> Iterator[int]:
        """Lines of the section, its header included."""
        inside = False
        for at, line in enumerate(self._lines):
            if header := _SECTION.match(line):
                inside = header[1].strip().casefold() == section.casefold()
            if inside:
                yield at

    def _insert(self, section: str, added: list[str]) -> None:
        lines = list(self._section_lines(section))
        if lines:
            at = max(line for line in lines if self._lines[line].strip()) + 1
        else:
            at = len(self._lines)
            added = [*([""] if at else []), f"[{section}]", *added]
        if at and not self._lines[at - 1].endswith("\n"):
            self._lines[at - 1] += self._line_end
        self._lines[at:at] = [text + self._line_end for text in added]
