"""Every table: its columns with type, unit and meaning. Docs, Parquet metadata and queries come from here."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from gxbridge.core.vecan.lynx.table import LYNX

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


FILE: Final = _c("file", "text", "the source file, by its id in `files`")
TIME: Final = _c("t", "time", "when", "UTC")
DEVICE: Final = (
    _c("kind", "text", "what it is: battery, solarcharger, alternator, vebus, ..."),
    _c("device", "text", "id of the device; the same device has the same everywhere"),
    _c("product", "text", "product name; unknown words as xxxx"),
    _c("firmware", "text", "firmware, such as v1.13"),
)

BATTERY_QUANTITIES: Final = tuple(
    quantity
    for quantity in LYNX.quantities
    if quantity.kind in ("measurement", "limit", "permission") and not quantity.name.startswith("distributor")
)
"""What a row of `batteries` has of a battery."""

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
        FleetTable(
            "batteries",
            "wide form: a row for each battery every ten seconds",
            (
                TIME,
                FILE,
                *DEVICE,
                _c("state", "text", "live, silent or lost"),
                *(
                    _c(item.name, "flag" if item.kind == "permission" else "number", item.text, item.unit)
                    for item in BATTERY_QUANTITIES
                ),
            ),
        ),
        FleetTable(
            "limits",
            "a row when a limit, or its reason, is another one than before",
            (
                TIME,
                FILE,
                *DEVICE,
                _c("name", "text", "CVL, CCL, DCL; charger or multi: what that device is told"),
                _c("value", "number", "the limit, null where nothing is granted or known", "see `unit`"),
                _c("unit", "text", "V or A"),
                _c("reason", "text", "stable name of the tightest cap, such as bms-ccl"),
            ),
        ),
        FleetTable(
            "findings",
            "a row when a finding begins, and when it is over",
            (
                TIME,
                FILE,
                *DEVICE,
                _c("id", "text", "stable id of the finding"),
                _c("severity", "text", "info, warning or alarm"),
                _c("begins", "flag", "true: it begins; false: it is over"),
            ),
        ),
        FleetTable(
            "obedience",
            "a row each time a device that charges was allowed less than it made, or made more than that",
            (
                TIME,
                FILE,
                *DEVICE,
                _c("told_a", "number", "the limit that stood there: told, or said by the device itself", "A"),
                _c("made_a", "number", "what it made at that moment", "A"),
                _c("worst_a", "number", "the most that it made until it obeyed", "A"),
                _c("lag_s", "number", "until it obeyed; null where the record ends, or more was allowed, before", "s"),
                _c("lasted_s", "number", "how long it made more than that limit", "s"),
                _c("ended", "text", "obeyed, raised (more was allowed), gone, or end of record"),
            ),
        ),
        FleetTable(
            "boxes",
            "a row for each black box",
            (
                TIME,
                FILE,
                _c("cause", "text", "why it was kept: bms-lost, error-67, alarm, ..."),
                _c("verdict", "text", "who failed: bms-silent, gx-stopped-writing, charger-link-stalled, bus-errors"),
                _c("errors_67", "count", "chargers' errors #67 in it"),
                _c("seconds", "number", "length of the record", "s"),
                _c("frames", "count", "frames in it"),
                _c("version", "text", "gxbridge that recorded it"),
                _c("replay", "text", "same, differs, or other version (its state cannot be taken over)"),
                _c("bms_product", "text", "the BMS in control"),
                _c("bms_firmware", "text", "its firmware"),
                _c("charger_product", "text", "the charger that showed error #67"),
                _c("charger_firmware", "text", "its firmware"),
            ),
        ),
        FleetTable(
            "buses",
            "a row for each CAN bus of each file: how it was",
            (
                TIME,
                FILE,
                _c("bus", "text", "name of the bus"),
                _c("frames", "count", "frames heard"),
                _c("seconds", "number", "time they took", "s"),
                _c("load", "number", "mean share of 250 kbit/s", "%"),
                _c("busiest", "number", "share in the busiest second", "%"),
                _c("errors", "count", "errors on the bus (boxes only)"),
                _c("lost", "count", "frames lost in the kernel (boxes only)"),
                _c("down", "count", "times the bus was found down (boxes only)"),
                _c("incomplete", "count", "fast packets that did not come together"),
                _c("silences", "count", "times that a battery fell silent"),
            ),
        ),
        FleetTable(
            "history",
            "long form: a row for each number of each minute of a boat's history",
            (
                TIME,
                FILE,
                _c("kind", "text", "battery, or the kind of the charger"),
                _c("device", "text", "id of the device, of this boat only: a history has no serials"),
                _c("series", "text", "voltage_v, soc_percent, ccl_a, ...; told_a and made_a of chargers"),
                _c("unit", "text", "unit of the numbers"),
                _c("step_s", "number", "length of the span", "s"),
                _c("least", "number", "least in the span", "see `unit`"),
                _c("mean", "number", "mean", "see `unit`"),
                _c("most", "number", "most", "see `unit`"),
            ),
        ),
        FleetTable(
            "changes",
            "a row for each change that a boat's history has",
            (
                TIME,
                FILE,
                _c("name", "text", "cvl, ccl, dcl (their reasons), charge, discharge, bms, dvcc, service, finding"),
                _c("id", "text", "which finding"),
                _c("value", "text", "what it is from now on; empty where it is over"),
            ),
        ),
        FleetTable(
            "unknown",
            "a row for each kind of message that the database does not know",
            (
                TIME,
                FILE,
                _c("pgn", "count", "parameter group number"),
                _c("vreg", "text", "register; null for another message"),
                _c("product", "text", "product of the sender heard last"),
                _c("messages", "count", "how many"),
                _c("length", "count", "length of the last one", "bytes"),
            ),
        ),
    )
}
