"""Messages as CSV: one row for each value, so that a spreadsheet can filter and plot one quantity.

As with JSON, every layout gets a text with gaps once, here for all its rows together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.times import WriteTime, plain
from gxbridge.decodelog.words import (
    CELSIUS,
    KELVIN,
    TEXTS_KEPT,
    LineFormat,
    celsius,
    is_service,
    register_text,
    repeats,
    service_fields,
)

COLUMNS = ("t", "bus", "source", "destination", "pgn", "vreg", "name", "field", "value", "text", "unit", "raw")

Cell = Callable[[FieldValue], tuple[object, str]]
"""A value to what stands in the columns `value` and `text`."""
Fill = Callable[..., str]

_FORMS_KEPT = 4096
_OF_MESSAGE = ("t", "bus", "source", "destination")
"""Columns with the same cell in every row of a message, another one in the next: those side by side are one gap."""


class _Form(NamedTuple):
    """How the rows of a layout are made."""

    fill: Fill
    """Takes the gaps of `_OF_MESSAGE`, the payload in hexadecimal, and the cells of the values."""
    cells: list[Cell] | None
    """How each value becomes its cells; None: all are numbers as they are, one cell each."""
    ready: dict[bytes, Fill] | None
    """By payload: takes only the gaps of `_OF_MESSAGE`."""


_SERVICE = _Form(str.format, None, None)
"""The rows depend on what is in the message, and are made for each."""


class CsvLines(LineFormat):
    """Makes the rows of each message. What is not available is an empty cell; temperatures are in degrees Celsius."""

    def __init__(self, db: Database, columns: Sequence[str] = COLUMNS, write_time: WriteTime = plain) -> None:
        self._db = db
        self._columns = columns
        self._time = write_time
        self._forms: dict[Layout, _Form] = {}
        runs = groupby(columns, key=_OF_MESSAGE.__contains__)
        self._runs = [tuple(names) for of_message, names in runs if of_message]
        self._usual = self._runs == [_OF_MESSAGE]

    def begin(self) -> str:
        return ",".join(self._columns) + "\n"

    def line(self, t: float, bus: str, message: Message) -> str:
        layout, source, destination, values, payload = message
        name = bus if bus.isalnum() else cell_text(bus)
        if self._usual:
            gaps: Sequence[str] = (f"{self._time(t)},{name},{source},{destination}",)
        else:
            cells_of = {"t": self._time(t), "bus": name, "source": str(source), "destination": str(destination)}
            gaps = [",".join([cells_of[column] for column in run]) for run in self._runs]
        form = self._forms.get(layout) or self._new_form(layout)
        if form is _SERVICE:
            shown = service_fields(self._db, layout, values)
            form = self._form(layout, [field for field, _ in shown], values)
            listed = [" ".join(map(str, value)) if isinstance(value, tuple) else value for _, value in shown]
            return form.fill(*gaps, payload.hex(), *_cells(form, tuple(listed)))
        if form.ready is None:
            return form.fill(*gaps, payload.hex(), *_cells(form, values))
        ready = form.ready.get(payload)
        if ready is None:
            if len(form.ready) >= TEXTS_KEPT // 8:
                form.ready.clear()
            left = [f"{{{gap}}}" for gap in range(len(self._runs))]
            found = [str(cell).replace("{", "{{").replace("}", "}}") for cell in _cells(form, values)]
            ready = form.ready[payload] = form.fill(*left, payload.hex(), *found).format
        return ready(*gaps)

    def _new_form(self, layout: Layout) -> _Form:
        if len(self._forms) >= _FORMS_KEPT:  # layouts of unknown messages can be many
            self._forms.clear()
        form = _SERVICE if is_service(layout) else self._form(layout, layout.fields, ())
        if repeats(self._db, layout):
            form = form._replace(ready={})
        self._forms[layout] = form
        return form

    def _form(self, layout: Layout, fields: Sequence[FieldInfo], values: tuple[FieldValue, ...]) -> _Form:
        numbers = all(field.is_number and field.enum is None and field.unit != KELVIN for field in fields)
        register = values[0] if layout.kind == "write" else layout.register
        fixed = {
            "pgn": str(layout.pgn),
            "vreg": register_text(register) if isinstance(register, int) else "",
            "name": layout.name,
            "raw": f"{{{len(self._runs)}}}",
        }
        rows = []
        for place, field in enumerate(fields):
            at = len(self._runs) + 1 + (place if numbers else 2 * place)
            row = fixed | {"field": field.name, "unit": CELSIUS if field.unit == KELVIN else field.unit}
            rows.append(self._row(row | {"value": f"{{{at}}}"} | ({} if numbers else {"text": f"{{{at + 1}}}"})))
        text = "".join(rows or [self._row(fixed)])
        return _Form(text.format, None if numbers else [self._cell(field) for field in fields], None)

    def _row(self, cells: dict[str, str]) -> str:
        parts, run = [], 0
        for of_message, names in groupby(self._columns, key=_OF_MESSAGE.__contains__):
            parts += [f"{{{run}}}"] if of_message else [cells.get(name, "") for name in names]
            run += of_message
        return ",".join(parts) + "\n"

    def _cell(self, field: FieldInfo) -> Cell:
        if field.enum is not None:
            return _MeaningCells(self._db.enums.get(field.enum, {})).__getitem__
        if not field.is_number:
            return _other
        return _temperature if field.unit == KELVIN else _number


class _MeaningCells(dict[FieldValue, tuple[object, str]]):
    """The cells of each value of an enumeration, made when first seen."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, value: FieldValue) -> tuple[object, str]:
        if len(self) >= _FORMS_KEPT:
            self.clear()
        text = cell_text(self._texts.get(value, "")) if isinstance(value, int) else ""
        made = self[value] = ("" if value is None else value), text
        return made


def _number(value: FieldValue) -> tuple[object, str]:
    return ("" if value is None else value), ""


def _temperature(value: FieldValue) -> tuple[object, str]:
    return (celsius(value) if isinstance(value, int | float) else ""), ""


def _other(value: FieldValue) -> tuple[object, str]:
    return value.hex() if isinstance(value, bytes) else cell_text(value) if isinstance(value, str) else "", ""


def _cells(form: _Form, values: tuple[FieldValue, ...]) -> Sequence[object]:
    if form.cells is None:
        return values if None not in values else ["" if value is None else value for value in values]
    return [part for cell, value in zip(form.cells, values, strict=True) for part in cell(value)]


def cell_text(text: str) -> str:
    """A text without control characters, with an apostrophe where a spreadsheet would see a formula, quoted as CSV."""
    text = printable(text)
    if text[:1] in ("=", "+", "-", "@"):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if '"' in text or "," in text else text
