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
from typing import Final, TypeAlias

from gxbridge.core.model.items import ItemSpec, Value, printable
from gxbridge.edge.dbus import bodies

Shape: TypeAlias = tuple[bytes, Callable[..., bytes], bytes, int]
"""Of an entry: what stands before the value, what packs it all, what stands between value and text, and how many bytes
of padding end it."""

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

# Within an entry the dictionary of Value and Text starts at a multiple of 8. It holds: name "Value" with its signature,
# the value where its alignment wants it, name "Text" (again at a multiple of 8), signature `s`, text length, text.
_VALUE_NAME: Final = b"\x05\0\0\0Value\0"
_TEXT_NAME: Final = b"\x04\0\0\0Text\0\x01s\0"
_VALUE_FORMS: Final = {
    "y": (0, "B", 2),
    "n": (1, "h", 0),
    "q": (1, "H", 0),
    "i": (3, "i", 4),
    "u": (3, "I", 4),
    "x": (3, "q", 0),
    "t": (3, "Q", 0),
    "d": (3, "d", 0),
    "ai": (2, "I", 4),
}
"""Signature -> zero bytes before the value, its struct letter, zero bytes behind it; of an empty array, its length."""
_SIMPLE_TEXT: Final = re.compile(r"([^{}\0]*)\{(?::\.(\d)f)?\}([^{}\0]*)")
_TEXT_TAILS: Final = tuple(b"\0" + padding for padding in bodies.PADDING)
_TEXT_ENTRY = Struct("<12sI")
_U32 = Struct("<I")
_ARRAY_START = Struct("<I4x")
_NO_NUMBERS: Final = range(0)
_NO_SHAPE: Final[Shape] = (b"", _ARRAY_START.pack, b"", 0)


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

    __slots__ = (
        "_bounds",
        "_shape",
        "_size",
        "_text_form",
        "is_double",
        "made",
        "pad",
        "path",
        "sent",
        "spec",
        "value",
        "whole",
    )

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
        self.whole = RANGES.get(spec.signature, _NO_NUMBERS)
        """The integers that fit as they are."""
        self.made: bytes | None = None
        """The entry of `value`, if it was asked for since that was set."""
        self._text_form = _text_form(spec.text, spec.signature) if type(spec) is ItemSpec else None
        self._shape = _text_shape(path) if spec.signature == "s" else _NO_SHAPE
        self._size = 0
        """Length of the text that `_shape` is for, where the value is a number."""
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
        return self.made or self.make()

    def value_body(self) -> bytes:
        """GetValue's answer: a variant."""
        return bodies.variant_body(self.spec.signature, self.value)

    def make(self) -> bytes:
        """The entry of the value as it is now; `made` from now on."""
        value, form = self.value, self._text_form
        if type(value) is str:
            entry = self._make_of_text(bodies.clean_text(value))
        else:
            text = bodies.clean_text(self.text) + b"\0" if form is None or value is None else form % value
            size = len(text)
            if value is None:
                start, pack, middle, self.pad = _shape(self.path, "ai", size)
                value = 0
            else:
                if size != self._size:
                    self._size, self._shape = size, _shape(self.path, self.spec.signature, size)
                start, pack, middle, self.pad = self._shape
            entry = pack(start, value, middle, text)
        self.made = entry = self._with_bounds(entry) if self._bounds else entry
        return entry

    def _make_of_text(self, raw: bytes) -> bytes:
        form = self._text_form
        text = bodies.clean_text(self.text) + b"\0" if form is None else form % raw
        middle = raw + _TEXT_TAILS[-(20 + len(raw) + 1) & 7] + _TEXT_ENTRY.pack(_TEXT_NAME, len(text) - 1)
        start, pack, name, _ = self._shape
        entry = pack(start, 20 + len(middle) + len(text), name, len(raw)) + middle + text
        self.pad = pad = -len(entry) & 7
        return entry + bodies.PADDING[pad]

    def _with_bounds(self, entry: bytes) -> bytes:
        """An entry with Min and Max at the end of its dictionary."""
        whole, length_at = bytearray(entry + self._bounds), len(_head(self.path))
        (length,) = _U32.unpack_from(whole, length_at)
        _U32.pack_into(whole, length_at, length + self.pad + len(self._bounds))
        self.pad = pad = -len(whole) & 7
        return bytes(whole) + bodies.PADDING[pad]


@lru_cache(maxsize=256)
def _text_form(text: str, signature: str) -> bytes | None:
    """The text format as a bytes format with its zero byte, far quicker: of a number, or of the bytes of a text that
    stands alone; None where there is none."""
    if signature == "s":
        return b"%b\0" if text == "{}" else None
    found = _SIMPLE_TEXT.fullmatch(text)
    if found is None:
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


def _head(path: str) -> bytes:
    """Length and text of the path, padded for the dictionary's length that follows."""
    raw = path.encode()
    data = _U32.pack(len(raw)) + raw + b"\0"
    return data + bodies.PADDING[-len(data) & 3]


def _start(path: str, signature: str, dictionary: int) -> bytes:
    """An entry until the value's padding; `dictionary`: its length in bytes."""
    head = _head(path) + _U32.pack(dictionary)
    code = signature.encode()
    return head + bodies.PADDING[-len(head) & 7] + _VALUE_NAME + bytes((len(code),)) + code + b"\0"


@lru_cache(maxsize=512)
def _packer(start: int, form: str, middle: int, text: int) -> Callable[..., bytes]:
    """Packs pieces of these lengths; the last is filled up with zero bytes."""
    return Struct(f"<{start}s{form}{middle}s{text}s").pack


def _shape(path: str, signature: str, size: int) -> Shape:
    """The shape of an entry with a number, or no value (`ai`), and a text of `size` bytes, its zero byte counted."""
    before, letter, behind = _VALUE_FORMS[signature]
    middle = bytes(behind) + _TEXT_NAME + _U32.pack(size - 1)
    name = len(_VALUE_NAME) + 2 + len(signature)
    start = _start(path, signature, name + before + Struct("<" + letter).size + len(middle) + size) + bytes(before)
    pad = -size & 7
    return start, _packer(len(start), letter, len(middle), size + pad), middle, pad


def _text_shape(path: str) -> Shape:
    """The shape of an entry with a text as value, whose lengths are packed each time."""
    head = _head(path)
    return head, Struct(f"<{len(head)}sI{-(len(head) + 4) & 7}x13s3xI").pack, _VALUE_NAME + b"\x01s\0", 0


def items_body(items: Iterable[ItemBytes]) -> bytes:
    """Body of signature `a{sa{sv}}` with these items, as GetItems answers and ItemsChanged carries."""
    found = list(items)
    data = b"".join([item.made or item.make() for item in found])
    pad = found[-1].pad if found else 0
    length = len(data) - pad
    return _ARRAY_START.pack(length) + (data[:length] if pad else data)
