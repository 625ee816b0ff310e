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

Cell = Callable[[FieldValue], tuple[object, ...]]
"""A value to what stands in the columns `value` and, for a meaning, `text`."""

_FORMS_KEPT = 4096
_OF_MESSAGE = ("t", "bus", "source", "destination")
"""Columns with the same cell in every row of a message, another one in the next: those side by side are one run."""


class _Form(NamedTuple):
    """How the rows of a layout are made."""

    text: str
    """All rows with `%s` for each cell of the values, and a mark for each run of `_OF_MESSAGE` and for the payload."""
    cells: list[Cell | None] | None
    """How each value becomes its cells, None for a number as it is; None: all are."""
    places: list[int] | None
    """Which of the cells go where, where the columns leave some out or have them in another order."""
    ready: dict[bytes, str] | None
    """By payload: the rows with the marks of the runs only."""


_SERVICE = _Form("", None, None, None)
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
        # No cell has control characters: `cell_text` takes them out.
        self._marks = [chr(run) for run in range(len(self._runs))]
        self._raw = chr(len(self._runs))

    def begin(self) -> str:
        return ",".join(self._columns) + "\n"

    def line(self, t: float, bus: str, message: Message) -> str:
        layout, source, destination, values, payload = message
        form = self._forms.get(layout) or self._new_form(layout)
        rows = None if form.ready is None else form.ready.get(payload)
        if rows is None:
            rows = self._rows(form, layout, values, payload)
        name = bus if bus.isalnum() else cell_text(bus)
        if self._usual:
            return rows.replace(self._marks[0], f"{self._time(t)},{name},{source},{destination}")
        cells_of = {"t": self._time(t), "bus": name, "source": str(source), "destination": str(destination)}
        for mark, run in zip(self._marks, self._runs, strict=True):
            rows = rows.replace(mark, ",".join([cells_of[column] for column in run]))
        return rows

    def _rows(self, form: _Form, layout: Layout, values: tuple[FieldValue, ...], payload: bytes) -> str:
        """The rows of a message, with the marks of the runs."""
        if form is _SERVICE:
            shown = service_fields(self._db, layout, values)
            form = self._form(layout, [field for field, _ in shown], values)
            values = tuple([" ".join(map(str, value)) if isinstance(value, tuple) else value for _, value in shown])
        rows = (form.text % _cells(form, values)).replace(self._raw, payload.hex())
        if form.ready is not None:
            if len(form.ready) >= TEXTS_KEPT // 8:
                form.ready.clear()
            form.ready[payload] = rows
        return rows

    def _new_form(self, layout: Layout) -> _Form:
        if len(self._forms) >= _FORMS_KEPT:  # layouts of unknown messages can be many
            self._forms.clear()
        form = _SERVICE if is_service(layout) else self._form(layout, layout.fields, ())
        if repeats(self._db, layout):
            form = form._replace(ready={})
        self._forms[layout] = form
        return form

    def _form(self, layout: Layout, fields: Sequence[FieldInfo], values: tuple[FieldValue, ...]) -> _Form:
        register = values[0] if layout.kind == "write" else layout.register
        fixed = {
            "pgn": str(layout.pgn),
            "vreg": register_text(register) if isinstance(register, int) else "",
            "name": layout.name.replace("%", "%%"),
            "raw": self._raw,
        }
        rows: list[str] = []
        places: list[int] = []
        count = 0
        for field in fields:
            unit = CELSIUS if field.unit == KELVIN else field.unit.replace("%", "%%")
            row = fixed | {"field": field.name, "unit": unit, "value": "%s"}
            rows.append(self._row(row | ({} if field.enum is None else {"text": "%s"})))
            at = {"value": count} if field.enum is None else {"value": count, "text": count + 1}
            places += [at[name] for name in self._columns if name in at]
            count += len(at)
        cells = [self._cell(field) for field in fields]
        usual = places == list(range(count))
        text = "".join(rows or [self._row(fixed)])
        return _Form(text, cells if any(cells) else None, None if usual else places, None)

    def _row(self, cells: dict[str, str]) -> str:
        parts, marks = [], iter(self._marks)
        for of_message, names in groupby(self._columns, key=_OF_MESSAGE.__contains__):
            parts += [next(marks)] if of_message else [cells.get(name, "") for name in names]
        return ",".join(parts) + "\n"

    def _cell(self, field: FieldInfo) -> Cell | None:
        if field.enum is not None:
            return _MeaningCells(self._db.enums.get(field.enum, {})).__getitem__
        if not field.is_number:
            return _other
        return _temperature if field.unit == KELVIN else None


class _MeaningCells(dict[FieldValue, tuple[object, ...]]):
    """The cells of each value of an enumeration, made when first seen."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, value: FieldValue) -> tuple[object, ...]:
        if len(self) >= _FORMS_KEPT:
            self.clear()
        text = cell_text(self._texts.get(value, "")) if isinstance(value, int) else ""
        made = self[value] = ("" if value is None else value), text
        return made


def _temperature(value: FieldValue) -> tuple[object, ...]:
    return (celsius(value) if isinstance(value, int | float) else "",)


def _other(value: FieldValue) -> tuple[object, ...]:
    return (value.hex() if isinstance(value, bytes) else cell_text(value) if isinstance(value, str) else "",)


def _cells(form: _Form, values: tuple[FieldValue, ...]) -> tuple[object, ...]:
    found: list[object] = []
    if form.cells is None:
        if form.places is None and None not in values:
            return values
        found += ["" if value is None else value for value in values]
    else:
        for cell, value in zip(form.cells, values, strict=True):
            if cell is not None:
                found += cell(value)
            else:
                found.append("" if value is None else value)
    return tuple(found) if form.places is None else tuple([found[place] for place in form.places])


def cell_text(text: str) -> str:
    """A text without control characters, with an apostrophe where a spreadsheet would see a formula, quoted as CSV."""
    text = printable(text)
    if text[:1] in ("=", "+", "-", "@"):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if '"' in text or "," in text else text
