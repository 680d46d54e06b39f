"""The game's shared-memory pages, as far as the app needs them: little-endian, 4 bytes an element, no lock."""

import mmap
import os
import struct
import time

_RETRY_AFTER = 1.0  # s between attempts to open a page that is not there
_TORN_READS = 4

# field: offset, format
PHYSICS = {
    "fuel": (12, "f"),
    "tyreWear": (120, "4f"),
    "heading": (208, "f"),
    "pitch": (212, "f"),
    "roll": (216, "f"),
    "carDamage": (224, "5f"),
    "numberOfTyresOut": (244, "i"),
    "autoShifterOn": (264, "i"),
    "brakeTemp": (348, "4f"),
    "tyreTempM": (384, "4f"),
    "tyreContactHeading": (516, "12f"),
}
GRAPHICS = {
    "packetId": (0, "i"),
    "status": (4, "i"),
    "iCurrentTime": (140, "i"),
    "iLastTime": (144, "i"),
    "completedLaps": (132, "i"),
    "distanceTraveled": (156, "f"),
    "isInPit": (160, "i"),
    "currentSectorIndex": (164, "i"),
    "lastSectorTime": (168, "i"),
    "penaltyTime": (264, "f"),
}
STATIC = {
    "tyreRadius": (436, "4f"),
    "penaltiesEnabled": (464, "i"),
}
SIZES = {"physics": 592, "graphics": 304, "static": 684}

STATUS_LIVE = 2


class Page(object):
    """One page; all zeros while the game has not made it.

    `columns`: field -> range of its elements in the tuple that `read` gives.
    """

    def __init__(self, base, name, fields):
        self._name = base + "_" + name
        self._size = SIZES[name]
        self._memory = None
        self._retry_at = 0.0
        self._offsets = {field: (offset, struct.Struct("<" + code)) for field, (offset, code) in fields.items()}
        self.columns = {}
        layout, at, column = "<", 0, 0
        for field, (offset, code) in sorted(fields.items(), key=lambda item: item[1]):
            layout += "{0}x{1}".format(offset - at, code)
            count = int(code[:-1] or 1)
            self.columns[field] = range(column, column + count)
            at, column = offset + 4 * count, column + count
        self._struct = struct.Struct(layout)
        self._nothing = (0.0,) * column

    def read(self):
        """All fields as one flat tuple, from a copy that was not being written."""
        memory = self._memory or self._open()
        if memory is None:
            return self._nothing
        size = self._struct.size
        copy = memory[:size]
        for _ in range(_TORN_READS):
            before, copy = copy, memory[:size]
            if before == copy:
                break
        return self._struct.unpack(copy)

    def field(self, name):
        """One field: a number, or a tuple where it has several elements."""
        memory = self._memory or self._open()
        offset, layout = self._offsets[name]
        values = layout.unpack_from(memory, offset) if memory is not None else (0.0,) * len(self.columns[name])
        return values[0] if len(values) == 1 else values

    def close(self):
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _open(self):
        now = time.monotonic()
        if now < self._retry_at:
            return None
        self._retry_at = now + _RETRY_AFTER
        self._memory = _map(self._name, self._size)
        return self._memory


class Pages(object):
    """The three pages whose names begin with `base`."""

    def __init__(self, base):
        self.physics = Page(base, "physics", PHYSICS)
        self.graphics = Page(base, "graphics", GRAPHICS)
        self.static = Page(base, "static", STATIC)

    def close(self):
        for page in (self.physics, self.graphics, self.static):
            page.close()


def _map(name, size):
    """The memory of a page, or None where there is none yet. Outside Windows a page is a file in /dev/shm."""
    if os.name == "nt":
        return mmap.mmap(-1, size, tagname=name)
    try:
        with open("/dev/shm/" + name, "rb") as file:
            return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
