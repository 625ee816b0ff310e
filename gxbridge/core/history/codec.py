"""Blocks as bytes that are only ever appended to a file.

    "gxh1"  length (u32)  CRC-32 (u32)  zlib of: length of the head (u32), head as JSON, float32 columns

All numbers are little endian. A reader that meets anything else looks for the next "gxh1": whatever an interrupted
write, a full disk or a bad sector left costs the blocks it hit, and none of the others.
"""

from __future__ import annotations

import json
import struct
import zlib
from array import array
from collections.abc import Iterator
from typing import Any, Final

from gxbridge.core.history.block import HistoryBlock, SeriesColumn, StateChange

MAGIC: Final = b"gxh1"
_HEAD: Final = struct.Struct("<4sII")
_LENGTH: Final = struct.Struct("<I")
MOST_BYTES: Final = 1 << 20
"""Of one block, packed; one that claims to be longer is damaged."""
MOST_UNPACKED: Final = 8 << 20
_DAMAGE: Final = (ValueError, TypeError, LookupError, AttributeError, struct.error, zlib.error, RecursionError)


def encode(block: HistoryBlock) -> bytes:
    """A block as bytes. Raises ValueError for one that is too long to be read back."""
    head = json.dumps(
        {
            "step": block.step_s,
            "times": [round(moment) for moment in block.times],
            "series": list(block.columns),
            "labels": dict(block.labels),
            "changes": [[round(change.t, 1), *change[1:]] for change in block.changes],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    form = struct.Struct(f"<{len(block.times)}f")
    numbers = b"".join(form.pack(*part) for column in block.columns.values() for part in column)
    packed = zlib.compress(_LENGTH.pack(len(head)) + head + numbers)
    if len(packed) > MOST_BYTES or len(head) + len(numbers) + _LENGTH.size > MOST_UNPACKED:
        raise ValueError("a block of the history is too long")
    return _HEAD.pack(MAGIC, len(packed), zlib.crc32(packed)) + packed


def decode(data: bytes) -> Iterator[HistoryBlock]:
    """Every whole block in the bytes of a file, in the order in which they were written. Raises nothing."""
    at = data.find(MAGIC)
    while 0 <= at <= len(data) - _HEAD.size:
        _, length, check = _HEAD.unpack_from(data, at)
        packed = data[at + _HEAD.size : at + _HEAD.size + length]
        block = _block(packed) if length <= MOST_BYTES and zlib.crc32(packed) == check else None
        if block is not None:
            yield block
        at = data.find(MAGIC, at + (_HEAD.size + length if block is not None else 1))


def _block(packed: bytes) -> HistoryBlock | None:
    try:
        unpacking = zlib.decompressobj()
        raw = unpacking.decompress(packed, MOST_UNPACKED)
        (length,) = _LENGTH.unpack_from(raw)
        head: Any = json.loads(raw[_LENGTH.size : _LENGTH.size + length])
        times, names = tuple(map(float, head["times"])), [str(name) for name in head["series"]]
        form, at = struct.Struct(f"<{len(times)}f"), _LENGTH.size + length
        parts = [array("f", form.unpack_from(raw, at + n * form.size)) for n in range(3 * len(names))]
        columns = {name: SeriesColumn(*parts[3 * n : 3 * n + 3]) for n, name in enumerate(names)}
        labels = {str(name): str(label) for name, label in head["labels"].items()}
        changes = tuple(
            StateChange(float(t), str(name), str(value), str(text)) for t, name, value, text in head["changes"]
        )
        return HistoryBlock(float(head["step"]), times, columns, labels, changes)
    except _DAMAGE:
        return None
