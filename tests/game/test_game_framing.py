"""Framing of the management connection: exact bytes, any pieces, bounded lengths."""

from __future__ import annotations

import json
import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ac_gym.game.framing import MAX_ANSWER, FrameReader, frame
from ac_gym.game.wire import Malformed

MESSAGES = st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3), max_size=5)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


def test_a_frame_is_a_big_endian_length_and_json() -> None:
    assert frame({"command": "hello", "id": 1}) == b'\x00\x00\x00\x1d{"command": "hello", "id": 1}'


@given(MESSAGES, st.lists(st.integers(0), max_size=20))
def test_messages_come_out_whole_however_the_stream_is_cut(messages: list[dict[str, object]], cuts: list[int]) -> None:
    reader = FrameReader()
    stream = b"".join(map(frame, messages))
    assert [found for piece in pieces(stream, cuts) for found in reader.feed(piece)] == messages


@given(st.binary(max_size=300), st.lists(st.integers(0), max_size=20))
def test_any_stream_gives_the_same_however_it_is_cut(stream: bytes, cuts: list[int]) -> None:
    whole, cut = FrameReader(64), FrameReader(64)
    assert [found for piece in pieces(stream, cuts) for found in cut.feed(piece)] == whole.feed(stream)
    assert cut.broken == whole.broken


def test_a_message_that_is_no_object_is_malformed_and_the_next_is_read() -> None:
    bad = b"[1, 2]"
    found = FrameReader().feed(struct.pack(">I", len(bad)) + bad + frame({"id": 2}))
    assert isinstance(found[0], Malformed)
    assert found[1:] == [{"id": 2}]


def test_an_impossible_length_ends_the_stream() -> None:
    for length in (0, MAX_ANSWER + 1, 2**32 - 1):
        reader = FrameReader()
        (found,) = reader.feed(struct.pack(">I", length))
        assert isinstance(found, Malformed)
        assert reader.broken
        assert reader.feed(frame({"id": 1})) == []


def test_an_answer_of_megabytes_passes() -> None:
    message = {"points": [0.5] * 500_000}
    reader = FrameReader()
    data = frame(message)
    found = [answer for begin in range(0, len(data), 65536) for answer in reader.feed(data[begin : begin + 65536])]
    assert json.dumps(found[0]) == json.dumps(message)
