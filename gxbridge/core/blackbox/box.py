"""A kept box as text: a first line that says what it is, then each stretch with its state and its events.

Every line is JSON. Blocks of frames are base64 of 21 bytes each (`ring.FRAME`). Reading trusts nothing: whatever is
wrong raises BoxError with the line.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gxbridge.core.blackbox.codec import Plain, to_json
from gxbridge.core.blackbox.recorder import Frozen
from gxbridge.core.blackbox.ring import FRAME, Block
from gxbridge.core.model.items import printable_data
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.frame import TimedFrame

FORMAT: Final = 1
LONGEST_LINE: Final = 16 << 20
"""Far more than the whole state of a service whose memory is bounded."""


class BoxError(ValueError):
    """A file that is no box, or is damaged; the text says where."""


@record
class Head:
    """The first line. Moments of the box are monotonic seconds; `epoch_offset` makes wall clock of them."""

    version: str
    database: str
    cause: str
    subject: str
    text: str
    at: float
    frozen_at: float
    epoch_offset: float
    setup: Plain
    fields: Mapping[str, list[str]]


@record
class BoxState:
    """A stretch begins: the whole state."""

    at: float
    plain: Plain


@record
class Received:
    """Frames of one bus."""

    bus: str
    frames: tuple[TimedFrame, ...]


@record
class Event:
    """Anything else (see `recorder.py`): its mark and what follows it."""

    mark: str
    values: tuple[Any, ...]


@record
class Torn:
    """Something is missing from here to the next state."""

    reason: str


BoxEntry = BoxState | Received | Event | Torn


@record
class Box:
    """A box that was read."""

    head: Head
    entries: tuple[BoxEntry, ...]


def lines(frozen: Frozen, version: str, database: str, first: int = 0) -> Iterator[bytes]:
    """The lines of a box, without their ends; `first`: how many of the oldest stretches are left out."""
    cause = frozen.cause
    head = {
        "gxbox": FORMAT,
        "version": version,
        "database": database,
        "cause": cause.name,
        "subject": cause.subject,
        "text": cause.text,
        "at": cause.at,
        "frozen_at": frozen.frozen_at,
        "epoch_offset": frozen.epoch_offset,
        "setup": frozen.setup,
        "fields": frozen.fields,
    }
    yield to_json(head).encode()
    for stretch in frozen.stretches[first:]:
        yield b'["state",%s,%s]' % (to_json(stretch.at).encode(), zlib.decompress(stretch.keyframe))
        for kept in stretch.records:
            if isinstance(kept, Block):
                yield b'["block",%s,"%s"]' % (to_json(kept.bus).encode(), b64encode(kept.packed))
            else:
                yield kept
        if stretch.torn:
            yield to_json(["torn", stretch.torn]).encode()


def parse(rows: Iterable[bytes]) -> Box:
    """A box from its lines. Raises BoxError."""
    numbered = enumerate(rows, 1)
    number = 1
    try:
        head = _head(next(numbered, (1, b""))[1])
        entries: list[BoxEntry] = []
        for place, row in numbered:
            number = place
            entries.append(_entry(row))
    except BoxError as error:
        raise BoxError(f"line {number}: {error}") from None
    except (TypeError, ValueError, LookupError, OverflowError, RecursionError) as error:
        raise BoxError(f"line {number} is damaged: {type(error).__name__}: {error}") from error
    return Box(head, tuple(entries))


def _plain(row: bytes) -> Any:
    """The JSON of a line, its texts fit to be printed: whoever sends a box writes no lines of his own on a screen."""
    value = json.loads(row)
    return value if b"\\" not in row and row.isascii() else printable_data(value)


def _head(row: bytes) -> Head:
    try:
        head = _plain(row)
    except ValueError:
        head = None
    if not isinstance(head, dict) or "gxbox" not in head:
        raise BoxError("this is not a black box of gxbridge")
    if head["gxbox"] != FORMAT:
        raise BoxError(f"the box has format {head['gxbox']!r}; this version of gxbridge reads format {FORMAT}")
    texts = [head.get(name) for name in ("version", "database", "cause", "subject", "text")]
    moments = [head.get(name) for name in ("at", "frozen_at", "epoch_offset")]
    fields = head.get("fields")
    if (
        not all(isinstance(text, str) for text in texts)
        or not all(type(moment) in (int, float) for moment in moments)
        or not isinstance(fields, dict)
        or not all(isinstance(names, list) for names in fields.values())
    ):
        raise BoxError("the first line is damaged")
    version, database, cause, subject, text = map(str, texts)
    at, frozen_at, offset = (float(moment) for moment in moments if moment is not None)
    return Head(version, database, cause, subject, text, at, frozen_at, offset, head.get("setup"), fields)


def _entry(row: bytes) -> BoxEntry:
    if len(row) > LONGEST_LINE:
        raise BoxError("the line is too long")
    event = _plain(row)
    if not isinstance(event, list) or not event or not isinstance(event[0], str):
        raise BoxError("this is not an event")
    mark, values = event[0], event[1:]
    if mark == "state":
        return BoxState(_moment(values[0]), values[1])
    if mark == "block":
        return Received(str(values[0]), tuple(_unpacked(values[1])))
    if mark == "frames":
        rows = ((_moment(at), int(can_id), bytes.fromhex(data)) for at, can_id, data in values[1])
        return Received(str(values[0]), tuple(rows))
    if mark == "torn":
        return Torn(str(values[0]))
    wanted = SHAPES.get(mark)
    if wanted is None:
        raise BoxError(f"an event of kind {mark!r} is not known")
    if len(values) != len(wanted) or not all(map(isinstance, values, wanted)):
        raise BoxError(f"an event of kind {mark!r} is damaged")
    return Event(mark, tuple(values))


NUMBER: Final = (int, float)
SHAPES: Final[Mapping[str, tuple[Any, ...]]] = {
    "+": (str, dict, NUMBER),
    "~": (str, dict, NUMBER),
    "?": (str, NUMBER, bool),
    "m": (bool,),
    "z": (),
    "o": ((int, float, type(None)),),
    "s": (bool,),
    "-": (str, NUMBER),
    "a": (str, list),
    "i": (str, int, str),
    "q": (str, int),
    "n": (list,),
    "u": (list,),
    "c": (dict,),
    "t": (NUMBER, NUMBER),
    "r": (NUMBER, NUMBER),
    "=": (str, dict),
}
"""What follows each mark."""


def _moment(value: object) -> float:
    if not isinstance(value, int | float):
        raise BoxError("a moment is missing")
    return float(value)


def _unpacked(text: str) -> Iterator[TimedFrame]:
    try:
        packed = b64decode(text, validate=True)
    except Base64Error:
        raise BoxError("a block of frames is damaged") from None
    if len(packed) % FRAME.size:
        raise BoxError("a block of frames is cut")
    for at, can_id, length, data in FRAME.iter_unpack(packed):
        yield at, can_id, data[:length]
