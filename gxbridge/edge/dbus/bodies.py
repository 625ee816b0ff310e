"""The bodies of D-Bus messages that have plain types only, as bytes; the library (`bus.Library`) does all others.

Tests compare the two byte for byte. Source: D-Bus Specification 0.43, "Marshaling".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from struct import Struct
from struct import error as StructError
from typing import Any, Final

PADDING: Final = tuple(bytes(n) for n in range(8))

_U32 = Struct("<I")
_INT32 = Struct("<i")
INVALID_VARIANT: Final = b"\x02ai\0\0\0\0\0"
"""A variant holding an empty array of int32: the vendor's "invalid"."""

_NUMBERS: Final = {
    code: (Struct(f"<3s{pad}x{form}").pack, b"\x01" + code.encode() + b"\0")
    for code, pad, form in (
        ("y", 0, "B"),
        ("n", 1, "h"),
        ("q", 1, "H"),
        ("i", 1, "i"),
        ("u", 1, "I"),
        ("x", 5, "q"),
        ("t", 5, "Q"),
        ("d", 5, "d"),
    )
}
INT32: Final = range(-(1 << 31), 1 << 31)
INT64: Final = range(-(1 << 63), 1 << 63)


def clean_text(text: str) -> bytes:
    """UTF-8 that a bus accepts: it disconnects whoever sends a zero byte or a lone surrogate."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text.encode() if text.isascii() else text.encode("utf-8", "replace")


def string_body(text: str) -> bytes:
    """Body of signature `s`."""
    raw = clean_text(text)
    return _U32.pack(len(raw)) + raw + b"\0"


def name_request_body(name: str, flags: int) -> bytes:
    """Body of signature `su`, for RequestName."""
    body = string_body(name)
    return body + b"\0" * (-len(body) % 4) + _U32.pack(flags)


def simple_body(signature: str, frame: bytes, at: int) -> list[Any] | None:
    """Arguments of the body at `at`, where it has only texts and unsigned numbers, or one list of texts; else None.

    That is all a start and the coming and going of services consist of.
    """
    if at < 0 or (signature != "as" and signature.strip("su")):
        return None
    found: list[Any] = []
    try:
        if signature == "as":
            (length,) = _U32.unpack_from(frame, at)
            end = at + 4 + length
            if end > len(frame):
                return None
            at += 4
            while at < end:
                text, at = _text_at(frame, at)
                found.append(text)
            return [found]
        for kind in signature:
            if kind == "s":
                text, at = _text_at(frame, at)
                found.append(text)
            else:
                at += -at % 4
                found.append(_U32.unpack_from(frame, at)[0])
                at += 4
    except (StructError, UnicodeDecodeError, IndexError):
        return None
    return found


def _text_at(frame: bytes, at: int) -> tuple[str, int]:
    """The text at the next multiple of 4, and where it ends. Raises IndexError when the frame ends before."""
    at += -at % 4
    (length,) = _U32.unpack_from(frame, at)
    end = at + 4 + length
    if end >= len(frame):
        raise IndexError(end)
    return frame[at + 4 : end].decode(), end + 1


def int32_body(number: int) -> bytes:
    """Body of signature `i`."""
    return _INT32.pack(number)


def variant_body(signature: str, value: int | float | str | None) -> bytes:
    """Body of signature `v` with a plain value; None is the invalid variant. Raises struct.error out of range."""
    if value is None:
        return INVALID_VARIANT
    if isinstance(value, str):
        return b"\x01s\0\0" + string_body(value)
    pack, start = _NUMBERS[signature]
    return pack(start, value)


def free_variant_body(value: int | float | str | None) -> bytes:
    """Body of signature `v` in the type that a value of ours gets when nobody prescribes one: `i`, or `x`; `d`; `s`.

    Raises ValueError for NaN, infinity and integers beyond 64 bit.
    """
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(f"{value} is not a value for D-Bus")
        return variant_body("d", value)
    if isinstance(value, int):
        if value not in INT64:
            raise ValueError(f"{value} does not fit 64 bit")
        return variant_body("i" if value in INT32 else "x", int(value))
    return variant_body("s", value)


def rows_body(rows: Iterable[Mapping[str, int | float | str]]) -> bytes:
    """Body of signature `aa{sv}`: rows of named values in the types of `free_variant_body`, which also says what it
    raises."""
    data = bytearray(4)
    for row in rows:
        data += PADDING[-len(data) & 3]
        length_at = len(data)
        data += bytes(4)
        data += PADDING[-len(data) & 7]
        begin = len(data)
        for name, value in row.items():
            data += PADDING[-len(data) & 7] + string_body(name)
            variant = free_variant_body(value)
            start, content = variant[:3], variant[3:]
            width = 4 if variant[1:2] in b"is" else 8
            data += start
            # The content's own padding is for a variant that begins where a body does.
            data += PADDING[-len(data) & (width - 1)] + content[(-3) & (width - 1) :]
        _U32.pack_into(data, length_at, len(data) - begin)
    _U32.pack_into(data, 0, len(data) - 4)
    return bytes(data)
