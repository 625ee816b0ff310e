"""Named field types (`can_db/types.yaml`): how bits are read, and which raw numbers mean "not available".

A type name may hold a width: `u<N>` declares u1, u8, u16 and so on. The missing codes are written as `top` (all ones;
for a signed number the largest positive one), `top-1` and `zero`, so that they follow width and sign and are never
typed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from gxbridge.candb.model import FieldKind, MissingCodes
from gxbridge.candb.read import texts
from gxbridge.core.model.record import record

J1939 = "j1939"
"""Stands alone: everything with 0xFB or more in the highest byte."""
MISSING_WORDS = ("top", "top-1", "zero", J1939)
KINDS: tuple[FieldKind, ...] = ("unsigned", "signed", "string", "lau", "bytes")
_WIDTH = re.compile(r"(.*?)([0-9]+)")


@record
class Type:
    """A type with its width worked out: `length` in bits, 0 = to the end of the payload."""

    kind: FieldKind
    length: int
    scale: Decimal = Decimal(1)
    add: Decimal = Decimal(0)
    unit: str = ""
    enum: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        return self.kind in ("unsigned", "signed")

    def missing_codes(self) -> MissingCodes:
        """The raw numbers that mean "not available"."""
        return missing_codes(self.kind, self.length, self.missing)


def missing_codes(kind: FieldKind, length: int, words: Iterable[str]) -> MissingCodes:
    """Raw numbers for the words of `missing:`, from width and sign. `top-1` needs at least 8 bits to be a code."""
    if J1939 in words:
        return range(0xFB << length - 8, 1 << length)
    top = (1 << (length - 1 if kind == "signed" else length)) - 1
    codes = {"top": top, "top-1": top - 1 if length >= 8 else top, "zero": 0}
    return tuple(sorted({codes[word] for word in words}))


def decimal(value: object) -> Decimal:
    """The number as it is written in the YAML (0.01, not 0.01000000000000000020816...)."""
    return Decimal(str(value))


class Types:
    """All declared types; `resolve` turns a name into a Type or None."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self._tables = dict(tables)

    def resolve(self, name: str, _seen: tuple[str, ...] = ()) -> Type | None:
        """The type of that name; None when it is not declared (or is its own base)."""
        if name in _seen or "<" in name:
            return None
        table = self._tables.get(name)
        if table is not None:
            return self._declared(table, 0, (*_seen, name))
        match = _WIDTH.fullmatch(name)
        if match is None or not int(match[2]) or match[2].startswith("0"):
            return None
        table = self._tables.get(f"{match[1]}<N>")
        return None if table is None else self._declared(table, int(match[2]), (*_seen, name))

    def _declared(self, table: Mapping[str, Any], width: int, seen: tuple[str, ...]) -> Type | None:
        if "base" in table:
            base = self.resolve(str(table["base"]), seen)
            if base is None:
                return None
        elif table.get("kind") not in KINDS:
            return None
        else:
            kind = cast(FieldKind, table["kind"])
            base = Type(kind, width * (1 if kind in ("unsigned", "signed") else 8))
        return replace(
            base,
            scale=decimal(table.get("scale", base.scale)),
            add=decimal(table.get("add", base.add)),
            unit=str(table.get("unit", base.unit)),
            enum=table.get("enum", base.enum),
            missing=texts(table.get("missing", base.missing)),
        )
