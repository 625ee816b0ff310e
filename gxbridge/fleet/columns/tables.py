"""Every table: its columns with type, unit and meaning. Docs, Parquet metadata and queries come from here."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

ColumnType = Literal["time", "text", "number", "byte", "count", "flag"]
"""Microseconds UTC, text, double, uint8, int64, boolean; every one may be null, which is "not known"."""


class TableColumn(NamedTuple):
    """`unit`: "" where there is none."""

    name: str
    type: ColumnType
    unit: str
    text: str


class FleetTable(NamedTuple):
    """A folder of the data set. Its rows are partitioned by `site` and `day` (UTC; `undated` where a log does not know
    the date, and times count from its own zero, as if that were 1970)."""

    name: str
    text: str
    columns: tuple[TableColumn, ...]


def _c(name: str, type: ColumnType, text: str, unit: str = "") -> TableColumn:
    return TableColumn(name, type, unit, text)


FILE: Final = _c("file", "text", "the log, by an id")
TIME: Final = _c("t", "time", "when", "UTC")
TABLES: Final = {
    table.name: table
    for table in (
        FleetTable(
            "messages",
            "long form: a row for each value of each message",
            (
                TIME,
                FILE,
                _c("bus", "text", "CAN bus, as the log names it"),
                _c("source", "byte", "address of the sender"),
                _c("destination", "byte", "address of the receiver, 255 is everybody"),
                _c("pgn", "count", "parameter group number"),
                _c("vreg", "text", "register, such as 0x2108; null for other messages"),
                _c("name", "text", "message"),
                _c("field", "text", "field of the message"),
                _c("value", "number", "number, null where it is not available or not a number", "see `unit`"),
                _c("text", "text", "meaning of an enumeration, a text, bytes in hexadecimal, or a number too long"),
                _c("unit", "text", "unit of `value`; temperatures are in °C"),
            ),
        ),
    )
}
