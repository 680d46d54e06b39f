"""What became of the states on their way: a record of sequence numbers, and the counters that it keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass

_WINDOW = 256  # sequence numbers behind the newest that are remembered one by one


@dataclass
class Counters:
    """Datagrams by what became of them, since the connection was made."""

    received: int = 0
    """states that arrived, of whatever fate"""
    lost: int = 0
    """states that never arrived; nothing takes their place"""
    late: int = 0
    """states that arrived but were skipped, since a newer one was there when the next was asked for"""
    duplicates: int = 0
    out_of_order: int = 0
    """states that arrived after a newer one; not used"""
    malformed: int = 0
    """datagrams that are no message of the protocol"""
    reconnects: int = 0
    """attempts to connect again"""

    def as_dict(self) -> dict[str, int]:
        """Name -> count."""
        return asdict(self)


class SequenceRecord:
    """Tells new states of one conversation from old ones; counts what is missing, until it comes after all."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self.newest: int | None = None
        self._first = 0
        self._seen = 0  # bit i: newest - i has arrived

    def note(self, sequence: int) -> bool:
        """Count a state that arrived; True if it is newer than all before."""
        counters = self._counters
        counters.received += 1
        if self.newest is None:
            self.newest = self._first = sequence
            self._seen = 1
            return True
        ahead = sequence - self.newest
        if ahead > 0:
            counters.lost += ahead - 1
            self.newest = sequence
            self._seen = (self._seen << ahead | 1) & (1 << _WINDOW) - 1 if ahead < _WINDOW else 1
            return True
        self._note_old(sequence, -ahead)
        return False

    def _note_old(self, sequence: int, behind: int) -> None:
        if behind < _WINDOW and self._seen >> behind & 1:
            self._counters.duplicates += 1
            return
        self._counters.out_of_order += 1
        if behind < _WINDOW:
            self._seen |= 1 << behind
            self._counters.lost -= sequence > self._first
