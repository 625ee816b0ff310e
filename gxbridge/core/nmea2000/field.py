"""One named value inside a payload: which bits, which unit, and when it means "not available".

The compiled database has a fast function for each layout; `read` here is the same rule written plainly. It serves
payloads that are shorter than their layout, and the tests compare the two. No dataclasses in this module and the
next: importing them costs three times what the whole database does, on hardware where that is felt.
"""

from __future__ import annotations

from collections.abc import Iterable

from gxbridge.core.model.items import printable

FieldValue = int | float | str | bytes | None
"""A decoded value: a number in the field's unit, text, raw bytes, or None for "not available"."""

LAU_ASCII = 1
LAU_UTF16 = 0


class FieldInfo:
    """Where a value stands and what it means. `value = (raw * numerator + addend) / denominator`.

    `offset` and `length` count bits after the header; `length` 0 reaches to the end of the payload. `missing` holds
    the raw numbers that mean "not available"; `enum` is the name of the texts for the raw numbers, or None.
    """

    __slots__ = (
        "addend",
        "denominator",
        "enum",
        "kind",
        "length",
        "missing",
        "name",
        "numerator",
        "offset",
        "unit",
    )

    def __init__(
        self,
        name: str,
        kind: str,
        offset: int,
        length: int,
        unit: str = "",
        enum: str | None = None,
        numerator: int = 1,
        denominator: int = 1,
        addend: int = 0,
        missing: tuple[int, ...] | range = (),
    ) -> None:
        self.name = name
        self.kind = kind
        self.offset = offset
        self.length = length
        self.unit = unit
        self.enum = enum
        self.numerator = numerator
        self.denominator = denominator
        self.addend = addend
        self.missing = missing

    def __repr__(self) -> str:
        return f"FieldInfo({self.name!r}, {self.kind!r}, offset={self.offset}, length={self.length})"

    @property
    def scale(self) -> float:
        """Size of one raw step in the field's unit."""
        return self.numerator / self.denominator

    @property
    def add(self) -> float:
        """The value that raw 0 stands for."""
        return self.addend / self.denominator

    @property
    def is_number(self) -> bool:
        return self.kind in ("unsigned", "signed")

    def scaled(self, raw: int) -> int | float | None:
        """The value of a raw number; None when it means "not available".

        One division of whole numbers, so that 2639 hundredths print as 26.39.
        """
        if raw in self.missing:
            return None
        top = raw * self.numerator + self.addend
        return top if self.denominator == 1 else top / self.denominator


def raw_number(payload: bytes, start: int, length: int, signed: bool) -> int | None:
    """`length` bits from bit `start`, little endian; None when they reach beyond the payload."""
    if start + length > len(payload) * 8:
        return None
    number = int.from_bytes(payload, "little") >> start & ((1 << length) - 1)
    return number - (1 << length) if signed and number >> (length - 1) else number


def text(raw: bytes) -> str | None:
    """Text out of a string field; None when there is nothing or all bytes are 0xFF (not available).

    It ends at the first zero byte; what is left loses trailing 0xFF, blanks and control characters, the three
    paddings in use (Victron velib C stack, dev_n2k.c and ve_ostream.c). UTF-8, or Latin-1 where it is not.
    """
    if not raw.strip(b"\xff"):
        return None
    raw = raw.partition(b"\0")[0]
    end = len(raw)
    while end and (raw[end - 1] <= 0x20 or raw[end - 1] == 0xFF):
        end -= 1
    raw = raw[:end]
    try:
        return printable(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return printable(raw.decode("latin-1"))


def laus(payload: bytes, start: int, count: int) -> tuple[str | None, ...]:
    """`count` STRING_LAU in a row from byte `start`: length (counting itself and the type), type, text.

    From the first one that is cut off or malformed on, all are None: their places are unknown.
    """
    texts: list[str | None] = []
    while len(texts) < count:
        size = payload[start] if start < len(payload) else 0
        if size < 2 or start + size > len(payload):
            return (*texts, *[None] * (count - len(texts)))
        body = payload[start + 2 : start + size]
        if payload[start + 1] == LAU_UTF16:
            texts.append(printable(body.decode("utf-16-le", "replace").partition("\0")[0].rstrip()))
        else:
            texts.append(text(body) if body else "")
        start += size
    return tuple(texts)


def quarters(missing: Iterable[int]) -> tuple[tuple[int | None, ...], ...]:
    """For every byte its four two-bit values, lowest first, with None for the `missing` ones."""
    value = [None if number in missing else number for number in range(4)]
    return tuple((value[b & 3], value[b >> 2 & 3], value[b >> 4 & 3], value[b >> 6]) for b in range(256))


def read(fields: Iterable[FieldInfo], payload: bytes, header: int) -> tuple[FieldValue, ...]:
    """The values of `fields` in a payload of any length, `header` bytes before the first field.

    A number that is not completely inside the payload is None; text and bytes are what is there of them.
    """
    values: list[FieldValue] = []
    lau_at: list[int] = []
    for field in fields:
        start = header * 8 + field.offset
        if field.kind == "lau":
            # Each starts where the one before it ends; `lau_at` remembers the first of the row.
            lau_at = lau_at or [start // 8]
            lau_at.append(0)
            values.append(laus(payload, lau_at[0], len(lau_at) - 1)[-1])
            continue
        lau_at = []
        if field.kind in ("string", "bytes"):
            end = (start + field.length) // 8 if field.length else None
            raw = payload[start // 8 : end]
            values.append(text(raw) if field.kind == "string" else raw or None)
            continue
        number = raw_number(payload, start, field.length, field.kind == "signed")
        values.append(None if number is None else field.scaled(number))
    return tuple(values)
