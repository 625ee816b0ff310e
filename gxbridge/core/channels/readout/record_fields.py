"""How a value sits in an Instant Readout record: bits from the lowest, in one little-endian number.

Layouts only ever grow, and unused bits are ones: a field past the end of a record is not available.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record

RecordValue: TypeAlias = int | float | bool | str | tuple[float | None, ...] | tuple[str, ...] | None
"""A decoded value: a number in the unit of its name, a flag, a word, a row of cells, or None = not available."""

RecordFieldKind: TypeAlias = Literal["unsigned", "signed", "yes-no", "alarm"]
Plain: TypeAlias = dict[str, RecordValue]

YES_NO: dict[int, bool | None] = {0: None, 1: True, 2: False, 3: None}
ALARM: dict[int, int | None] = {0: None, 1: 0, 2: 1, 3: 2}
"""Unsupported, OK, warning, alarm on the wire; on D-Bus 0 OK, 1 warning, 2 alarm."""


class RecordField(NamedTuple):
    """One value: raw / `divisor` + `add`, None for the raw number `missing`. Offset and width in bits."""

    name: str
    offset: int
    width: int
    kind: RecordFieldKind = "unsigned"
    divisor: int = 1
    add: int = 0
    missing: int | None = None

    def value(self, packed: int, bits: int) -> int | float | bool | None:
        if self.offset + self.width > bits:
            return None
        raw = packed >> self.offset & (1 << self.width) - 1
        if self.kind == "yes-no":
            return YES_NO[raw]
        if self.kind == "alarm":
            return ALARM[raw]
        if raw == self.missing:
            return None
        if self.kind == "signed" and raw >> self.width - 1:
            raw -= 1 << self.width
        return raw + self.add if self.divisor == 1 else raw / self.divisor + self.add


@record
class Record:
    """One record type. `finish` turns the fields into what is shown, where a field alone does not say it."""

    number: int
    title: str
    fields: tuple[RecordField, ...]
    finish: Callable[[Plain], None] | None = None
    experimental: bool = False

    def decode(self, plain: bytes) -> Mapping[str, RecordValue]:
        """All fields by name; those that the record is too short for are None."""
        packed, bits = int.from_bytes(plain, "little"), 8 * len(plain)
        values: Plain = {field.name: field.value(packed, bits) for field in self.fields}
        if self.finish is not None:
            self.finish(values)
        return values


def row(kind: RecordFieldKind, rows: Mapping[str, int]) -> tuple[RecordField, ...]:
    """Two-bit fields by name and offset."""
    return tuple(RecordField(name, offset, 2, kind) for name, offset in rows.items())
