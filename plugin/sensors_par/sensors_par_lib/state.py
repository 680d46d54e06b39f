"""State messages: the reference project's JSON text, and our binary frame."""

import operator
import struct

from .channels import CHANNELS, WIDTH
from .telemetry import COLUMNS

MAGIC = b"ACGS"
FORMAT = 1

# Flags of a binary state.
APPLIED = 1  # the plugin executes the driver's controls
RECORDING = 2
NOT_LIVE = 4  # pause, replay or no session
SILENT = 8  # no controls for a while: they are neutral

# magic, format, width, session, sequence, game_time, sent_at, answered, answer_age, flags; then the frame
BINARY = struct.Struct("<4sHHIIddIfI{0}d".format(WIDTH))

_STEPS = COLUMNS["steps"][0]
_ERRORS = COLUMNS["total_errors_out_of_sync"][0]
_WHOLE_NUMBERS = frozenset(
    (
        "steps", "total_errors_out_of_sync", "packetId", "currentTime", "iLastTime", "BestLap", "completedLaps",
        "LapCount", "LapInvalidated", "isInPit", "actualGear", "numberOfTyresOut",
    )
)  # fmt: skip


def binary(row, client, now, game_time, answered, answer_age, flags):
    """One datagram for `client`: its `session`, the `sequence` of this state, and the row as float64."""
    row[_STEPS], row[_ERRORS] = client.sequence, client.out_of_sync
    return BINARY.pack(
        MAGIC, FORMAT, WIDTH, client.session, client.sequence, game_time, now, answered, answer_age, flags, *row
    )


def text(row, steps, errors):
    """The reference project's state: one JSON object with the 90 keys of its own."""
    row[_STEPS], row[_ERRORS] = steps, errors
    return _TEMPLATE % _pick(row)


def _layout():
    """The JSON with a place for each number, and the columns that go there."""
    parts, order = [], []
    for name, size, _, groups in CHANNELS:
        for keys in groups:
            order.extend(COLUMNS[name])
            if len(keys) == 1 and size > 1:
                parts.append('"{0}": [{1}]'.format(keys[0], ", ".join(["%r"] * size)))
            else:
                parts.extend('"{0}": {1}'.format(key, "%d" if key in _WHOLE_NUMBERS else "%r") for key in keys)
    return "{" + ", ".join(parts) + "}", order


_TEMPLATE, _order = _layout()
_pick = operator.itemgetter(*_order)
