"""The track that the game has loaded, from its AI line `fast_lane.ai`: borders, line, speeds. Wire frame: x = AC z,
y = AC x; seen on a map, left is left."""

import binascii
import json
import math
import os
import struct

_VERSION = 7
_FEWEST, _MOST = 10, 100000  # 150 km; an answer has at most 16 MiB
_HEADER = struct.Struct("<4i")
_POINT = struct.Struct("<4fi")  # x, y, z, distance, id
_COUNT = struct.Struct("<i")
_DETAIL = struct.Struct("<18f")
_SPEED, _GAS, _BRAKE, _SIDE_LEFT, _SIDE_RIGHT = 0, 1, 2, 5, 6  # in a detail
_SLOWEST = 15.0  # the reference's client divides by it


class TrackError(Exception):
    """No usable AI line; the text says why."""


class Track(object):
    """`crc32` of the file; `text` and `framed` are the two answers to `track_info`, as JSON text."""

    def __init__(self, track, layout):
        parts = [part for part in ("content", "tracks", track, layout, "ai", "fast_lane.ai") if part]
        path = os.path.join(*parts)
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            raise TrackError("{0} cannot be read: {1}".format(path, error.strerror or error))
        try:
            lanes = _lanes(content)
        except (ValueError, struct.error) as error:
            raise TrackError("{0} is not a fast_lane.ai of version {1}: {2}".format(path, _VERSION, error))
        self.crc32 = binascii.crc32(content) & 0xFFFFFFFF
        height = lanes.pop("height")
        self.text = json.dumps(lanes)
        source = "/".join(parts)
        lanes.update(height=height, points=len(height), crc32=self.crc32, source=source)
        self.framed = json.dumps(lanes)


def _lanes(content):
    version, count, _, _ = _HEADER.unpack_from(content)
    if version != _VERSION:
        raise ValueError("it has version {0}".format(version))
    if not _FEWEST <= count <= _MOST:
        raise ValueError("it has {0} points".format(count))
    details_at = _HEADER.size + count * _POINT.size + _COUNT.size
    if _COUNT.unpack_from(content, details_at - _COUNT.size)[0] != count:
        raise ValueError("points and details differ in number")
    points = [_POINT.unpack_from(content, _HEADER.size + i * _POINT.size) for i in range(count)]
    details = [_DETAIL.unpack_from(content, details_at + i * _DETAIL.size) for i in range(count)]
    line = [(z, x) for x, _, z, _, _ in points]
    tangents = headings(line)
    left = [_aside(p, a, d[_SIDE_LEFT]) for p, a, d in zip(line, tangents, details)]
    right = [_aside(p, a, -d[_SIDE_RIGHT]) for p, a, d in zip(line, tangents, details)]
    lanes = {
        "left_lane": _rounded(left),
        "right_lane": _rounded(right),
        "fast_lane": _rounded(line),
        "throttle_arr": [round(d[_GAS], 4) for d in details],
        "brake_arr": [round(d[_BRAKE], 4) for d in details],
        "speed_arr": [round(max(d[_SPEED], _SLOWEST), 4) for d in details],
        "angle_array": [round(math.degrees(a), 4) for a in tangents],
        "height": [round(p[1], 4) for p in points],
    }
    if not all(math.isfinite(number) for values in lanes.values() for number in _flat(values)):
        raise ValueError("some of its figures are not numbers")
    return lanes


def headings(line):
    """Direction of travel at each point of a closed line, rad: its two chords, each weighted by the other's length."""
    after = line[1:] + line[:1]
    along = [math.atan2(b[1] - a[1], b[0] - a[0]) for a, b in zip(line, after)]
    length = [max(math.hypot(b[0] - a[0], b[1] - a[1]), 1e-9) for a, b in zip(line, after)]
    tangents = []
    for i in range(len(line)):
        turn = _wrapped(along[i] - along[i - 1])
        tangents.append(_wrapped(along[i] - turn * length[i] / (length[i] + length[i - 1])))
    return tangents


def _aside(point, heading, distance):
    """The point `distance` to the left."""
    return point[0] - distance * math.sin(heading), point[1] + distance * math.cos(heading)


def _rounded(points):
    """To a tenth of a millimetre, which is finer than the file."""
    return [[round(x, 4), round(y, 4)] for x, y in points]


def _wrapped(angle):
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


def _flat(values):
    return [number for pair in values for number in pair] if isinstance(values[0], list) else values
