"""Messages as CSV: one row for each value, so that a spreadsheet can filter and plot one quantity."""

from __future__ import annotations

import csv
import io

from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.words import printable, register_text, service_fields

COLUMNS = ("t", "bus", "source", "destination", "pgn", "vreg", "name", "field", "value", "text", "unit", "raw")


class CsvLines:
    """Makes the rows of each message. What is not available is an empty cell."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._page = io.StringIO()
        self._writer = csv.writer(self._page, lineterminator="\n")

    def begin(self) -> str:
        """The column heads."""
        return ",".join(COLUMNS) + "\n"

    def line(self, t: float, bus: str, message: Message) -> str:
        """The rows of one message heard at `t` seconds on `bus`."""
        layout, source, destination, values, payload = message
        shown = service_fields(self._db, layout, values) or list(zip(layout.fields, values, strict=True))
        register = values[0] if layout.kind == "write" else layout.register
        vreg = register_text(register) if isinstance(register, int) else ""
        head = (repr(t), _harmless(bus), source, destination, layout.pgn, vreg, layout.name)
        cells = [self._cells(field, value) for field, value in shown] or [("", "", "", "")]
        self._page.seek(0)
        self._page.truncate()
        self._writer.writerows((*head, *cell, payload.hex()) for cell in cells)
        return self._page.getvalue()

    def _cells(self, field: FieldInfo, value: FieldValue) -> tuple[str, str, str, str]:
        text = self._db.text(field, value) or ""
        written = value.hex() if isinstance(value, bytes) else "" if value is None else str(value)
        return field.name, _harmless(written) if isinstance(value, str) else written, text, field.unit


def _harmless(text: str) -> str:
    """Text from the log without control characters, and with an apostrophe where a spreadsheet would see a formula."""
    text = printable(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
