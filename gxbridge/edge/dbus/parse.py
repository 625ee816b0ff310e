"""Item values out of the bytes of ItemsChanged, PropertiesChanged, GetItems and GetValue.

The texts are most of such a message and nobody here reads them, so they are stepped over. Lists and dictionaries are
read as the library reads them (a GX's `/Batteries` is a list of dictionaries, and stands in a message with values that
we want at once). What is damaged, nested too deeply or of a type that no value has raises Unusual, and the caller lets
the library read that message.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from struct import error as StructError
from typing import Any, Final, TypeAlias

from gxbridge.core.model.items import LONGEST_PATH

WireValue: TypeAlias = int | float | str | list[Any] | dict[Any, Any] | None
"""A value of another service: None for any empty array, which every consumer reads as invalid."""

PATHS_REMEMBERED: Final = 16384

DEEPEST: Final = 32
"""Containers within each other: as many arrays as the D-Bus Specification allows."""

_u32 = Struct("<I").unpack_from

_VALUE: Final = b"\x05\0\0\0Value\0"
_NUMBER_FORMS: Final = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d"}
_SIZES: Final = {"y": 1, "b": 4, "n": 2, "q": 2, "i": 4, "u": 4, "x": 8, "t": 8, "d": 8}
_ALIGNMENTS: Final = {
    **{ord(code): width for code, width in _SIZES.items()},
    **{ord(code): 4 for code in "soa"},
    **{ord(code): 1 for code in "gv"},
    **{ord(code): 8 for code in "({"},
}
_BASIC: Final = b"ybnqiuxtdsog"
_ARRAY, _VARIANT, _STRUCT, _STRUCT_END, _DICTIONARY, _DICTIONARY_END, _SIGNATURE = b"av(){}g"
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
    """Not read here: damaged bytes, a type that no value has, more containers within each other than `DEEPEST`."""


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


def read_variant(frame: bytes, at: int, depth: int = 0) -> tuple[WireValue, int]:
    """The value of the variant at `at`, within `depth` containers, and where the next thing starts. Raises Unusual,
    struct.error, IndexError, UnicodeDecodeError."""
    size = frame[at]
    at += 1
    kind = frame[at : at + size]
    if len(kind) != size or not _is_one_type(kind):
        raise Unusual(f"a variant of type {kind!r}")
    value, at = _read(frame, at + size + 1, kind, depth)
    return None if value in ([], {}) else value, at


@lru_cache(maxsize=256)
def _is_one_type(kind: bytes) -> bool:
    """Whether a signature is one complete type that a value may have."""
    try:
        return _type_end(kind, 0) == len(kind)
    except IndexError:
        return False


def _type_end(kind: bytes, at: int) -> int:
    """Where the complete type at `at` ends. Raises IndexError where none does."""
    code = kind[at]
    if code in _BASIC or code == _VARIANT:
        return at + 1
    if code == _ARRAY and kind[at + 1] == _DICTIONARY and kind[at + 2] in _BASIC:
        at = _type_end(kind, at + 3)
        if kind[at] == _DICTIONARY_END:
            return at + 1
    elif code == _ARRAY:
        return _type_end(kind, at + 1)
    elif code == _STRUCT:
        at = _type_end(kind, at + 1)
        while kind[at] != _STRUCT_END:
            at = _type_end(kind, at)
        return at + 1
    raise IndexError(at)


def _read(frame: bytes, at: int, kind: bytes, depth: int) -> tuple[Any, int]:
    """A value of one complete type, from the next place where it may stand, and where it ends. Raises as
    `read_variant`."""
    code = kind[0]
    at = (at + _ALIGNMENTS[code] - 1) & -_ALIGNMENTS[code]
    if code in _NUMBERS:
        width, unpack = _NUMBERS[code]
        (value,) = unpack(frame, at)
        return (value if value - value == 0 else None), at + width
    if code == _SIGNATURE:
        size = frame[at]
        return frame[at + 1 : at + 1 + size].decode(), at + 2 + size
    if code in _BASIC:
        (size,) = _u32(frame, at)
        return frame[at + 4 : at + 4 + size].decode(), at + 5 + size
    if depth == DEEPEST:
        raise Unusual("too many containers within each other")
    if code == _VARIANT:
        return read_variant(frame, at, depth + 1)
    if code == _ARRAY:
        return _read_array(frame, at, kind[1:], depth + 1)
    found, begin = [], 1
    while begin < len(kind) - 1:
        end = _type_end(kind, begin)
        value, at = _read(frame, at, kind[begin:end], depth + 1)
        found.append(value)
        begin = end
    return found, at


def _read_array(frame: bytes, at: int, kind: bytes, depth: int) -> tuple[list[Any] | dict[Any, Any], int]:
    """The elements of an array, or of a dictionary, of a type."""
    (size,) = _u32(frame, at)
    at = (at + 4 + _ALIGNMENTS[kind[0]] - 1) & -_ALIGNMENTS[kind[0]]
    end = at + size
    row: list[Any] = []
    table: dict[Any, Any] = {}
    while at < end:
        if kind[0] == _DICTIONARY:
            key, at = _read(frame, (at + 7) & -8, kind[1:2], depth)
            table[key], at = _read(frame, at, kind[2:-1], depth)
        else:
            value, at = _read(frame, at, kind, depth)
            row.append(value)
    if at != end:
        raise Unusual("an element reaches beyond its array")
    return (table if kind[0] == _DICTIONARY else row), at


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
