"""The database as Python source: `gxbridge/_candb.py`.

Every layout becomes a line of text and the number of its decode function. Layouts whose fields stand at the same
places with the same scale share one function (`functions.py`), so a few hundred registers need a few dozen.
"""

from __future__ import annotations

from collections.abc import Iterable

from gxbridge.candb.functions import Functions, GenerateError, header_bytes, scale_of
from gxbridge.candb.model import DatabaseEntry, DatabaseModel, ServiceEntry

__all__ = ["FORMAT", "GenerateError", "generate", "scale_of"]

FORMAT = 5
"""Version of the form of `_candb.py`; `core/nmea2000/database.py` refuses another."""


def length_of(entry: DatabaseEntry) -> int:
    """Payload bytes with all fields, header included; a field of open length counts one byte."""
    bits = max((field.offset + max(field.length, 1) for field in entry.fields), default=0)
    return max(header_bytes(entry) + (bits + 7) // 8, entry.min_length, entry.length)


def generate(model: DatabaseModel) -> str:
    """The source of `gxbridge/_candb.py`, the same text for the same model.

    Raises GenerateError when an entry has fields at places that cannot be decoded.
    """
    functions, rows = Functions(), _Rows()
    pgns: dict[int, list[str]] = {}
    registers: dict[int, list[str]] = {}
    for entry in sorted(model.entries, key=lambda entry: (entry.pgn, entry.register or 0, entry.families)):
        row = rows.row(entry, functions.number_of(entry))
        if entry.register is None:
            pgns.setdefault(entry.pgn, []).append(row)
        else:
            registers.setdefault(entry.register, []).append(row)
    enums = {name: dict(sorted(model.enumerations[name].values.items())) for name in sorted(model.enumerations)}
    products = {
        number: (product.name, product.reported_as or product.name, product.family)
        for number, product in sorted(model.products.items())
    }
    families = dict(sorted(model.families.items()))
    services = {
        name: (service.title, service.families, service.lacks, service.note, _paths(service))
        for name, service in sorted(model.services.items())
    }
    parts = [
        '"""Compiled from can_db/ by `make build`. Do not edit: change can_db/ and build again."""',
        "# mypy: ignore-errors",
        "from struct import Struct",
        "from gxbridge.core.nmea2000.field import laus, quarters, text",
        f"FORMAT = {FORMAT}",
        f"DIGEST = {model.digest!r}",
        *functions.lines(),
        *rows.lines(),
        _table("PGNS", pgns),
        _table("REGISTERS", registers),
        f"ENUMS = {enums!r}",
        f"PRODUCTS = {products!r}",
        f"FAMILIES = {families!r}",
        f"SERVICES = {services!r}",
    ]
    return "\n".join(parts) + "\n"


def _paths(service: ServiceEntry) -> str:
    """The rows of a service, one in a line: path, type, text, feeds (apart by blanks), fact, compute, value, write,
    when, confidence."""
    return VARIANTS.join(
        COLUMNS.join(
            (
                *(row.path, row.type, row.text, " ".join(row.feeds), row.fact, row.compute, row.value, row.write),
                *(row.when, row.confidence),
            )
        )
        for row in service.paths
    )


def _table(name: str, rows: dict[int, list[str]]) -> str:
    # One constant of pairs loads faster than a dictionary display, which is code for each row.
    pairs = (f"(0x{number:04X}, {VARIANTS.join(variants)!r})," for number, variants in rows.items())
    return "\n".join([f"{name} = dict((", *pairs, "))"])


COLUMNS, VARIANTS = "\t", "\n"
"""What separates the columns of a row, and the rows of a number with several layouts."""


class _Rows:
    """Entries as lines of text, which load faster than nested tuples and are taken apart only when asked for.

    Columns: name, title, fields (`name:shape`, apart by blanks), function, length, min_length, transport, access,
    confidence, source, note, priority, interval_ms, families (apart by blanks).
    """

    def __init__(self) -> None:
        self._shapes: dict[tuple[object, ...], int] = {}
        self._sources: dict[str, int] = {}

    def row(self, entry: DatabaseEntry, function: int) -> str:
        fields = []
        for field in entry.fields:
            shape = (field.kind, field.offset, field.length, field.unit, field.enum, *scale_of(field), field.missing)
            fields.append(f"{field.name}:{self._shapes.setdefault(shape, len(self._shapes))}")
        columns = (
            entry.name,
            entry.title,
            " ".join(fields),
            function,
            length_of(entry),
            entry.min_length,
            entry.transport,
            entry.access,
            entry.confidence,
            self._sources.setdefault(entry.source, len(self._sources)),
            entry.note,
            entry.priority,
            "" if entry.interval_ms is None else entry.interval_ms,
            " ".join(entry.families),
        )
        return COLUMNS.join(" ".join(str(column).split()) for column in columns)

    def lines(self) -> Iterable[str]:
        yield f"SHAPES = {tuple(self._shapes)!r}"
        yield f"SOURCES = {tuple(self._sources)!r}"
