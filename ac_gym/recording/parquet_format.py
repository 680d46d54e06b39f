"""The part of the Parquet format that a table of numbers needs: bytes of a column in a row group, and the footer.

One page a column and row group, without compression, dictionary or statistics: the values as they are in memory, after
a header of some 25 bytes. So a row group costs little more than its copy to the disk, and the size of each of its
columns is all that must be known to write the footer later (`Group`). pyarrow's own writer (26.0) cannot do that: it
tells of its row groups only when it is closed, and another after it is refused on the same file, or counts positions
from 0 again on a stream of Python's, so that all groups claim the place of the first. The footer is in Thrift's compact
protocol. Names below are those of parquet.thrift, numbers its field numbers: https://github.com/apache/parquet-format
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MAGIC = b"PAR1"
"""A file begins and ends with it."""

_BOOLEAN, _INT32, _INT64, _FLOAT, _DOUBLE = 0, 1, 2, 4, 5
_PHYSICAL = {
    pa.bool_(): _BOOLEAN, pa.int8(): _INT32, pa.int32(): _INT32, pa.int64(): _INT64, pa.float32(): _FLOAT,
    pa.float64(): _DOUBLE,
}  # fmt: skip
_WIDE = {_INT64: 2, _DOUBLE: 2}
_ROOM_AT_END = 8192  # bytes, for what is told at the end
_OPTIONAL, _INT_8 = 1, 15
_PLAIN, _RLE = 0, 3


@dataclass(frozen=True)
class Group:
    """A row group that is in the file: all that the footer says of it."""

    schema: pa.Schema
    rows: int
    start: int
    """offset of its first byte in the file"""
    sizes: tuple[int, ...]
    """bytes of each column"""

    @property
    def end(self) -> int:
        """Offset of the byte after it."""
        return self.start + sum(self.sizes)

    @cached_property
    def encoded(self) -> bytes:
        """RowGroup."""
        columns, at = [], self.start
        for field, size in zip(self.schema, self.sizes, strict=True):
            meta = _struct(
                (1, _i32(_PHYSICAL[field.type])), (2, _list(_I32, [_zigzag(_PLAIN), _zigzag(_RLE)])),
                (3, _list(_BINARY, [_binary(field.name.encode())])), (4, _i32(0)), (5, _i64(self.rows)),
                (6, _i64(size)), (7, _i64(size)), (9, _i64(at)),
            )  # fmt: skip
            columns.append(_struct((2, _i64(0)), (3, (_STRUCT, meta))))
            at += size
        return _struct((1, _list(_STRUCT, columns)), (2, _i64(sum(self.sizes))), (3, _i64(self.rows)))


def column_bytes(values: pa.Array) -> tuple[bytes, NDArray[np.generic]]:
    """A column of a row group: what goes before the values, and the values; no copy of floats without nulls."""
    count = len(values)
    if values.null_count:
        levels = np.packbits(values.is_valid().to_numpy(zero_copy_only=False), bitorder="little").tobytes()
        levels = _varint(len(levels) << 1 | 1) + levels
        values = values.drop_null()
    else:
        levels = _varint(count << 1) + b"\x01"  # one run: all are there
    plain = values.to_numpy(zero_copy_only=False)
    if values.type == pa.bool_():
        plain = np.packbits(plain, bitorder="little")
    elif values.type == pa.int8():
        plain = plain.astype(np.int32)
    header = _page_header(count, 4 + len(levels) + plain.nbytes)
    return header + len(levels).to_bytes(4, "little") + levels, plain


@lru_cache(maxsize=64)
def _page_header(count: int, size: int) -> bytes:
    data = _struct((1, _i32(count)), (2, _i32(_PLAIN)), (3, _i32(_RLE)), (4, _i32(_RLE)))
    return _struct((1, _i32(0)), (2, _i32(size)), (3, _i32(size)), (5, (_STRUCT, data)))


def room_for(schema: pa.Schema, rows: int, groups: int) -> int:
    """Bytes, at most, of a row group of `rows` rows and of the footer of `groups` of them."""
    values = sum(4 * _WIDE.get(_PHYSICAL[field.type], 1) * rows + rows // 8 + 64 for field in schema)
    named = sum(len(field.name.encode()) + 64 for field in schema)
    return values + named * (groups + 1) + 2 * schema.serialize().size + _ROOM_AT_END


def footer(schema: pa.Schema, groups: Sequence[Group], metadata: Mapping[bytes, bytes]) -> bytes:
    """What follows the last row group, to the end of the file; `metadata` beside that of the schema."""
    keys = {**(schema.metadata or {}), b"ARROW:schema": base64.b64encode(schema.serialize()), **metadata}
    elements = [_struct((4, _text(b"schema")), (5, _i32(len(schema))))]
    for field in schema:
        small = [(6, _i32(_INT_8))] if field.type == pa.int8() else []
        kind, name = _i32(_PHYSICAL[field.type]), _text(field.name.encode())
        elements.append(_struct((1, kind), (3, _i32(_OPTIONAL)), (4, name), *small))
    meta = _struct(
        (1, _i32(2)), (2, _list(_STRUCT, elements)), (3, _i64(sum(group.rows for group in groups))),
        (4, _list(_STRUCT, [group.encoded for group in groups])),
        (5, _list(_STRUCT, [_struct((1, _text(key)), (2, _text(value))) for key, value in keys.items()])),
        (6, _text(b"ac_gym")),
    )  # fmt: skip
    return meta + len(meta).to_bytes(4, "little") + MAGIC


# --- Thrift's compact protocol ----------------------------------------------------------------------------------------
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12

_Value = tuple[int, bytes]
"""type, encoded"""


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _zigzag(number: int) -> bytes:
    return _varint(number << 1 if number >= 0 else (-number << 1) - 1)


def _i32(number: int) -> _Value:
    return _I32, _zigzag(number)


def _i64(number: int) -> _Value:
    return _I64, _zigzag(number)


def _binary(text: bytes) -> bytes:
    return _varint(len(text)) + text


def _text(text: bytes) -> _Value:
    return _BINARY, _binary(text)


def _list(kind: int, values: Sequence[bytes]) -> _Value:
    count = len(values)
    head = bytes([count << 4 | kind]) if count < 15 else bytes([0xF0 | kind]) + _varint(count)
    return _LIST, head + b"".join(values)


def _struct(*values: tuple[int, _Value]) -> bytes:
    """Fields (number, value) in the order of their numbers, no two more than 15 apart."""
    parts: list[bytes] = []
    before = 0
    for number, (kind, encoded) in values:
        parts += bytes([number - before << 4 | kind]), encoded
        before = number
    return b"".join(parts) + b"\x00"
