"""What a run can do without: a figure, a checkpoint. A full disk or a killed logger costs these, not the run."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

log = logging.getLogger("algorithms")


class Tolerance:
    """Failures inside its blocks are told in one line, on stderr and in log.log, and not raised.

    Of failures in a row only the first is told, and then that it works again.
    """

    def __init__(self) -> None:
        self._failing: set[str] = set()

    @contextlib.contextmanager
    def of(self, what: str) -> Iterator[None]:
        """A block that does `what`, as the message calls it."""
        try:
            yield
        except Exception as error:  # whatever a disk, torch or a library for logging comes up with
            if what not in self._failing:
                self._failing.add(what)
                reason = next(iter(str(error).splitlines()), "") or type(error).__name__
                _tell(f"{what} failed, training goes on: {reason}")
        else:
            if what in self._failing:
                self._failing.remove(what)
                _tell(f"{what} works again")


def _tell(message: str) -> None:
    log.warning(message)
    with contextlib.suppress(OSError):  # stderr may be on the same full disk
        print(f"warning: {message}", file=sys.stderr, flush=True)
