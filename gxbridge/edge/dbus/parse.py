"""Item values out of the bytes of ItemsChanged, PropertiesChanged, GetItems and GetValue.

The texts are most of such a message and nobody here reads them, so they are stepped over. Whatever is not a plain
value or an empty array raises Unusual, and the caller lets the library read that message.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from struct import error as StructError
from typing import Any, Final, TypeAlias

from gxbridge.core.model.items import LONGEST_PATH

WireValue: TypeAlias = int | float | str | list[Any] | dict[Any, Any] | None
"""A value of another service: None for any empty array, which every consumer reads as invalid."""

PATHS_REMEMBERED: Final = 16384

_u32 = Struct("<I").unpack_from

_VALUE: Final = b"\x05\0\0\0Value\0"
_NUMBER_FORMS: Final = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d"}
_SIZES: Final = {"y": 1, "b": 4, "n": 2, "q": 2, "i": 4, "u": 4, "x": 8, "t": 8, "d": 8}
_NUMBERS: Final = {ord(code): (_SIZES[code], Struct("<" + form).unpack_from) for code, form in _NUMBER_FORMS.items()}
# The thirteen bytes that start most entries, "Value" with the signature of a plain number; and where the number is.
_STARTS: Final[dict[bytes, tuple[Callable[..., tuple[Any, ...]], int]]] = {
    _VALUE + b"\x01" + code.encode() + b"\0": (Struct("<" + form).unpack_from, (13 + _SIZES[code] - 1) & -_SIZES[code])
    for code, form in _NUMBER_FORMS.items()
}
_TEXT_START: Final = _VALUE + b"\x01s\0"
_INVALID_START: Final = _VALUE + b"\x02ai"

_paths: dict[bytes, str] = {}


class Unusual(ValueError):
    """Not read here: lists, dictionaries, nested variants, damaged bytes."""


def read_items(frame: bytes, at: int) -> dict[str, WireValue]:
    """Path -> value of a body `a{sa{sv}}`. Raises Unusual."""
    found: dict[str, WireValue] = {}
    known = _paths
    starts = _STARTS
    try:
        (size,) = _u32(frame, at)
        at += 8
        end = at + size
        while at < end:
            at = (at + 7) & -8
            (size,) = _u32(frame, at)
            at += 4 + size
            raw = frame[at - size : at]
            path = known.get(raw)
            if path is None:
                path = _remember(raw)
            at = (at + 4) & -4
            (size,) = _u32(frame, at)
            at = (at + 11) & -8
            start = starts.get(frame[at : at + 13])
            if start is not None:
                unpack, offset = start
                (value,) = unpack(frame, at + offset)
                found[path] = value if value - value == 0 else None
            elif size:
                read_value(frame, at, at + size, path, found)
            at += size
    except (StructError, UnicodeDecodeError, IndexError) as error:
        raise Unusual(str(error)) from None
    if at != end:
        raise Unusual("an entry reaches beyond its array")
    return found


def read_properties(frame: bytes, at: int, path: str) -> dict[str, WireValue]:
    """The item's value from a body `a{sv}` as {path: value}, empty when it carries none. Raises Unusual."""
    found: dict[str, WireValue] = {}
    try:
        (size,) = _u32(frame, at)
        at += 8
        if size:
            read_value(frame, at, at + size, path, found)
    except (StructError, UnicodeDecodeError, IndexError) as error:
        raise Unusual(str(error)) from None
    return found


def read_value(frame: bytes, at: int, end: int, path: str, found: dict[str, WireValue]) -> None:
    """Puts `Value` of the dictionary in frame[at:end], if it has one, into `found[path]`."""
    if frame[at : at + 13] == _TEXT_START:
        (size,) = _u32(frame, at + 16)
        found[path] = frame[at + 20 : at + 20 + size].decode()
        return
    if frame[at : at + 13] == _INVALID_START and not any(frame[at + 16 : at + 20]):
        found[path] = None
        return
    while at < end:
        at = (at + 7) & -8
        (size,) = _u32(frame, at)
        name = frame[at + 4 : at + 4 + size]
        value, at = read_variant(frame, at + 5 + size)
        if name == b"Value":
            found[path] = value
            return
    if at != end:
        raise Unusual("a value reaches beyond its dictionary")


def read_variant(frame: bytes, at: int) -> tuple[WireValue, int]:
    """The value of the variant at `at` and where the next thing starts. Raises Unusual, struct.error, IndexError."""
    size = frame[at]
    code = frame[at + 1]
    if size == 1 and code in _NUMBERS:
        width, unpack = _NUMBERS[code]
        at = (at + 3 + width - 1) & -width
        (value,) = unpack(frame, at)
        return (value if value - value == 0 else None), at + width
    if size == 1 and code in b"so":
        at = (at + 6) & -4
        (size,) = _u32(frame, at)
        return frame[at + 4 : at + 4 + size].decode(), at + 5 + size
    if size == 2 and code == ord("a"):
        element = frame[at + 2]
        at = (at + 7) & -4
        (length,) = _u32(frame, at)
        if not length:
            at += 4
            return None, (at + 7) & -8 if element in b"xtd" else at
    raise Unusual("neither a plain value nor an empty array")


def read_rows(frame: bytes, at: int) -> list[dict[str, WireValue]]:
    """The rows of a body `aa{sv}`. Raises Unusual."""
    rows: list[dict[str, WireValue]] = []
    try:
        (size,) = _u32(frame, at)
        at += 4
        end = at + size
        while at < end:
            at = (at + 3) & -4
            (size,) = _u32(frame, at)
            at = (at + 11) & -8
            row_end = at + size
            row: dict[str, WireValue] = {}
            while at < row_end:
                at = (at + 7) & -8
                (size,) = _u32(frame, at)
                name = frame[at + 4 : at + 4 + size].decode()
                row[name], at = read_variant(frame, at + 5 + size)
            if at != row_end:
                raise Unusual("a value reaches beyond its row")
            rows.append(row)
    except (StructError, UnicodeDecodeError, IndexError) as error:
        raise Unusual(str(error)) from None
    if at != end:
        raise Unusual("a row reaches beyond its array")
    return rows


def _remember(raw: bytes) -> str:
    if len(raw) > LONGEST_PATH:
        return raw.decode()
    if len(_paths) >= PATHS_REMEMBERED:
        _paths.clear()
    path = _paths[raw] = raw.decode()
    return path
