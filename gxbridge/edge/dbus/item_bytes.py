"""Published items as bytes: each keeps its entry of `a{sa{sv}}` ready; GetItems and ItemsChanged only join them.

An entry is the path with its dictionary of Value and Text, and of Min and Max where a client may write a range. All
entries are padded to 8 bytes, which makes them independent of where in a message they stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from math import isfinite
from struct import Struct
from typing import Final

from gxbridge.core.model.items import ItemSpec, Value, printable
from gxbridge.edge.dbus import bodies

RANGES: Final = {
    "y": range(1 << 8),
    "n": range(-(1 << 15), 1 << 15),
    "q": range(1 << 16),
    "i": bodies.INT32,
    "u": range(1 << 32),
    "x": bodies.INT64,
    "t": range(1 << 64),
}
"""What fits each integer signature."""

# Within an entry the dictionary of Value and Text starts at a multiple of 8; the struct then is: name "Value", its
# signature, the value where its alignment wants it, name "Text" (again at a multiple of 8), signature `s`, text length.
_TEXT_NAME: Final = b"\x04\0\0\0Text\0\x01s\0"
_VALUE_FORMS: Final = {
    "y": "13sB2x12sI",
    "n": "13sxh12sI",
    "q": "13sxH12sI",
    "i": "13s3xi4x12sI",
    "u": "13s3xI4x12sI",
    "x": "13s3xq12sI",
    "t": "13s3xQ12sI",
    "d": "13s3xd12sI",
    "ai": "14s2xI4x12sI",
    "s": "13s3xI",
}
_SIMPLE_TEXT: Final = re.compile(r"([^{}\0]*)\{(?::\.(\d)f)?\}([^{}\0]*)")
_TEXT_TAILS: Final = tuple(b"\0" + padding for padding in bodies.PADDING)
_TEXT_ENTRY = Struct("<12sI")
_U32 = Struct("<I")
_ARRAY_START = Struct("<I4x")


class Misfit(ValueError):
    """A value that its item cannot hold."""


def fit(spec: ItemSpec, value: Value) -> Value:
    """`value` as the item's type: booleans become 0 and 1, floats are rounded for integer items. Raises Misfit."""
    if value is None:
        return None
    signature = spec.signature
    if signature == "s":
        if not isinstance(value, str):
            raise Misfit(f"{value!r} is not text")
        return printable(value)  # a consumer shows it in one row
    if isinstance(value, str) or not isfinite(value):
        raise Misfit(f"{value!r} is not a number")
    if signature == "d":
        return float(value)
    number = round(value)
    if number not in RANGES[signature]:
        raise Misfit(f"{value!r} does not fit D-Bus type {signature}")
    return number


LONGEST_TEXT: Final = 1024
"""Characters that a client may write: far more than any name has."""


def accept(spec: ItemSpec, value: object) -> Value:
    """What a client wrote, as the item's type. Raises Misfit.

    Clients differ in the width they send, and dbus-spy sends a name made of digits as a number.
    Source: the vendor's dbus-spy 1.3.8 objects_screen.cpp; veutil ve_quick_item.cpp.
    """
    if value is None or value == []:
        return None
    if not isinstance(value, int | float | str):
        raise Misfit("a list or a dictionary")
    if spec.signature == "s":
        text = value if isinstance(value, str) else str(value)
        if len(text) > LONGEST_TEXT:
            raise Misfit(f"a text of {len(text)} characters")
        return text
    if isinstance(value, float) and spec.signature != "d" and not value.is_integer():
        raise Misfit(f"{value!r} is not a whole number")
    return fit(spec, value)


class ItemBytes:
    """One published path: its value and, built when asked for, its entry on the wire."""

    __slots__ = ("_bounds", "_layout", "_text_form", "is_double", "made", "pad", "path", "sent", "spec", "value")

    def __init__(self, path: str, spec: ItemSpec, value: Value = None) -> None:
        self.path = path
        self.spec = spec
        self.value = value
        """Always of the spec's type, or None."""
        self.sent: bytes | None = None
        """The entry that consumers have: from the last signal, or from the scan after the name appeared."""
        self.pad = 0
        """How many bytes of the entry are padding: an array's length does not count those at its end."""
        self.is_double = spec.signature == "d"
        self.made: bytes | None = None
        """The entry of `value`, if it was asked for since that was set."""
        self._text_form = _text_form(spec.text, spec.signature) if type(spec) is ItemSpec else None
        self._layout = _layout(path, spec.signature)
        self._bounds = _bounds(spec)

    def set(self, value: Value) -> None:
        """Takes a value that already fits (see `fit`)."""
        self.value = value
        self.made = None

    @property
    def text(self) -> str:
        """GetText's answer."""
        try:
            return self.spec.text_of(self.value)
        except (ValueError, IndexError, KeyError, TypeError):
            return str(self.value)

    def entry(self) -> bytes:
        """The entry, padded to 8 bytes."""
        if self.made is None:
            self.made = self._build()
        return self.made

    def value_body(self) -> bytes:
        """GetValue's answer: a variant."""
        return bodies.variant_body(self.spec.signature, self.value)

    def _build(self) -> bytes:
        value, form = self.value, self._text_form
        text = bodies.clean_text(self.text) + b"\0" if form is None or value is None else form % value
        length = len(text)
        if type(value) is str:
            head, pack, name, _ = self._layout
            raw = bodies.clean_text(value)
            middle = raw + _TEXT_TAILS[-(20 + len(raw) + 1) & 7] + _TEXT_ENTRY.pack(_TEXT_NAME, length - 1)
            start = pack(head, 20 + len(middle) + length, name, len(raw)) + middle
        else:
            head, pack, name, fixed = self._layout if value is not None else _layout(self.path, "ai")
            start = pack(head, fixed + length, name, 0 if value is None else value, _TEXT_NAME, length - 1)
        self.pad = pad = -(len(start) + length) & 7
        entry = start + text + bodies.PADDING[pad]
        return self._with_bounds(entry, pad, len(head)) if self._bounds else entry

    def _with_bounds(self, entry: bytes, gap: int, length_at: int) -> bytes:
        """An entry with Min and Max at the end of its dictionary, whose length stands at `length_at`."""
        whole = bytearray(entry + self._bounds)
        (length,) = _U32.unpack_from(whole, length_at)
        _U32.pack_into(whole, length_at, length + gap + len(self._bounds))
        self.pad = pad = -len(whole) & 7
        return bytes(whole) + bodies.PADDING[pad]


@lru_cache(maxsize=256)
def _text_form(text: str, signature: str) -> bytes | None:
    """The text format of a number as a bytes format with its zero byte, far quicker; None where there is none."""
    found = _SIMPLE_TEXT.fullmatch(text)
    if found is None or signature == "s":
        return None
    before, decimals, after = found.groups()
    if decimals is None and signature == "d":
        return None
    form = f"%.{decimals}f" if decimals is not None else "%d"
    return (before.replace("%", "%%") + form + after.replace("%", "%%") + "\0").encode()


def _bounds(spec: ItemSpec) -> bytes:
    """Min and Max as entries of the dictionary; empty where there is no range or nobody may write."""
    if not spec.writable or spec.minimum is None:
        return b""
    least = b"\x03\0\0\0Min\0" + bodies.variant_body(spec.signature, spec.minimum)
    most = b"\x03\0\0\0Max\0" + bodies.variant_body(spec.signature, spec.maximum)
    return least + bodies.PADDING[-len(least) & 7] + most


@lru_cache(maxsize=4096)
def _head(path: str) -> bytes:
    """Length and text of the path, padded for the dictionary's length that follows."""
    raw = path.encode()
    data = _U32.pack(len(raw)) + raw + b"\0"
    return data + bodies.PADDING[-len(data) & 3]


@lru_cache(maxsize=512)
def _struct(head_size: int, signature: str) -> Struct:
    return Struct(f"<{head_size}sI{-(head_size + 4) & 7}x{_VALUE_FORMS[signature]}")


@lru_cache(maxsize=4096)
def _layout(path: str, signature: str) -> tuple[bytes, Callable[..., bytes], bytes, int]:
    """Path bytes, packing function, the name "Value" with its signature, and the dictionary's length up to the text."""
    head = _head(path)
    code = signature.encode()
    name = b"\x05\0\0\0Value\0" + bytes((len(code),)) + code + b"\0"
    return head, _struct(len(head), signature).pack, name, Struct("<" + _VALUE_FORMS[signature]).size


def items_body(items: Iterable[ItemBytes]) -> bytes:
    """Body of signature `a{sa{sv}}` with these items, as GetItems answers and ItemsChanged carries."""
    entries = []
    pad = 0
    for item in items:
        entries.append(item.made or item.entry())
        pad = item.pad
    data = b"".join(entries)
    length = len(data) - pad
    return _ARRAY_START.pack(length) + (data[:length] if pad else data)
