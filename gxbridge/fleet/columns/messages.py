"""Decoded messages as columns in the long form: a row for each value.

Messages wait by layout and become columns many at a time; the rows of a row group stand by message and field, which
packs well and makes one quantity quick to read. No order of time within a file: sort by `t`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.words import CELSIUS, KELVIN, Shown, celsius, is_service, register_text, service_fields
from gxbridge.fleet.columns.arrow import arrow_schema
from gxbridge.fleet.columns.parts import PartFiles, Target, day_bounds, day_of
from gxbridge.fleet.columns.tables import TABLES

BATCH: Final = 32_768
"""Messages that wait: about 20 MB, and row groups large enough to pack well."""
NO_TEXT: Final = -1
EXACT: Final = 1 << 53
"""A double has every whole number up to here."""

Hide = Callable[[FieldInfo, Sequence[Shown]], tuple[Sequence[FieldValue], Sequence[str | None]] | None]
"""Values and texts in place of those of a field that says whose it is; None where they may be seen."""
Waiting = tuple[float, str, Message]


def hide_nothing(_field: FieldInfo, _values: Sequence[Shown]) -> None:
    """For a log of one's own."""


class _Flat:
    """The rows of a batch, column by column; what is the same for a whole field is kept once."""

    def __init__(self) -> None:
        self.times: list[Any] = []
        self.buses: list[Any] = []
        self.sources: list[Any] = []
        self.destinations: list[Any] = []
        self.bus_codes: dict[str, int] = {}
        self.values: list[FieldValue] = []
        self.texts: list[Any] = []
        self.text_codes: dict[str | None, int] = {None: NO_TEXT}
        self.fixed: list[tuple[int, Layout, FieldInfo, int | None]] = []
        """Rows, message, field, register."""


class MessageTable:
    """Takes messages in the order of the log, and writes the table `messages`."""

    def __init__(self, db: Database, target: Target, site: str, name: str, hide: Hide = hide_nothing) -> None:
        table = TABLES["messages"]
        self._db = db
        self._hide = hide
        self._file = name
        self._parts = PartFiles(target, table.name, arrow_schema(table.name, table.columns), site, name)
        self._waiting: dict[Layout, list[Waiting]] = {}
        self._count = 0
        self._day = ""
        self._from = self._until = 0.0
        self.abort = self._parts.abort

    def add(self, t: float, bus: str, message: Message) -> None:
        """One message heard at `t`. Raises OSError."""
        if not self._from <= t < self._until:
            self.flush()
            self._day = day_of(t)
            self._from, self._until = day_bounds(t)
        waiting = self._waiting.get(message[0])
        if waiting is None:
            waiting = self._waiting[message[0]] = []
        waiting.append((t, bus, message))
        self._count += 1
        if self._count >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits. Raises OSError."""
        flat = _Flat()
        for layout, waiting in self._waiting.items():
            if is_service(layout):
                self._service(flat, layout, waiting)
            else:
                columns = zip(*(message[3] for _, _, message in waiting), strict=True)
                self._add(flat, layout, layout.register, waiting, zip(layout.fields, columns, strict=False))
        self._waiting, self._count = {}, 0
        if flat.fixed:
            self._parts.write(self._day, self._rows(flat))

    def commit(self) -> list[str]:
        """Have all files appear; their paths. Raises OSError."""
        self.flush()
        return self._parts.commit()

    def _service(self, flat: _Flat, layout: Layout, waiting: list[Waiting]) -> None:
        """Messages whose fields depend on what is in them, one by one."""
        for row in waiting:
            values = row[2][3]
            register = values[0] if layout.kind == "write" and isinstance(values[0], int) else layout.register
            shown = ((field, (value,)) for field, value in service_fields(self._db, layout, values))
            self._add(flat, layout, register, [row], shown)

    def _add(
        self,
        flat: _Flat,
        layout: Layout,
        register: int | None,
        waiting: list[Waiting],
        columns: Iterable[tuple[FieldInfo, Sequence[Shown]]],
    ) -> None:
        import numpy as np

        times, buses, messages = zip(*waiting, strict=True)
        _, senders, receivers, _, _ = zip(*messages, strict=True)
        codes = flat.bus_codes
        bus = np.array([codes.setdefault(name, len(codes)) for name in buses], np.int32)
        source, destination = np.array(senders, np.uint8), np.array(receivers, np.uint8)
        stamps = np.rint(np.array(times) * 1e6).astype(np.int64)
        for field, values in columns:
            numbers, texts = self._hide(field, values) or self._cells(field, values)
            flat.times.append(stamps)
            flat.buses.append(bus)
            flat.sources.append(source)
            flat.destinations.append(destination)
            flat.values += numbers
            flat.texts.append(_codes(texts, len(values), flat.text_codes))
            flat.fixed.append((len(values), layout, field, register))

    def _cells(
        self, field: FieldInfo, values: Sequence[Shown]
    ) -> tuple[Sequence[FieldValue], Sequence[str | None] | None]:
        """What stands in `value` and `text`; no texts at all where all are numbers."""
        if field.enum is not None:
            meanings = self._db.enums.get(field.enum, {})
            return values, [meanings.get(value) for value in values]  # type: ignore[return-value, arg-type]
        if not field.is_number or any(isinstance(value, str | tuple) for value in values[:1]):
            return [None] * len(values), [_as_text(value) for value in values]
        if field.unit == KELVIN:
            return [None if value is None else celsius(value) for value in values], None  # type: ignore[arg-type]
        if field.length > EXACT.bit_length() - 1:
            return _long_numbers(values)
        return values, None  # type: ignore[return-value]

    def _rows(self, flat: _Flat) -> Any:
        import numpy as np
        import pyarrow as pa

        schema = self._parts.schema
        counts = np.array([row[0] for row in flat.fixed])

        def fixed(texts: Iterable[str | None]) -> Any:
            codes: dict[str | None, int] = {None: NO_TEXT}
            return _dictionary(np.repeat(_codes(list(texts), len(flat.fixed), codes), counts), codes)

        columns = {
            "t": pa.array(np.concatenate(flat.times)).view(schema.field("t").type),
            "file": fixed(self._file for _ in flat.fixed),
            "bus": _dictionary(np.concatenate(flat.buses), flat.bus_codes),
            "source": pa.array(np.concatenate(flat.sources)),
            "destination": pa.array(np.concatenate(flat.destinations)),
            "pgn": pa.array(np.repeat(np.array([row[1].pgn for row in flat.fixed], np.int64), counts)),
            "vreg": fixed(None if row[3] is None else register_text(row[3]) for row in flat.fixed),
            "name": fixed(row[1].name for row in flat.fixed),
            "field": fixed(row[2].name for row in flat.fixed),
            "value": pa.array(flat.values, pa.float64()),
            "text": _dictionary(np.concatenate(flat.texts), flat.text_codes),
            "unit": fixed(CELSIUS if row[2].unit == KELVIN else row[2].unit for row in flat.fixed),
        }
        return pa.Table.from_arrays([columns[field.name] for field in schema], schema=schema)


def _as_text(value: Shown) -> str | None:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return None if value is None else str(value)


def _long_numbers(values: Sequence[Shown]) -> tuple[Sequence[FieldValue], Sequence[str | None]]:
    """Whole numbers that a double may not have exactly: those stand as text."""
    too_long = [isinstance(value, int) and abs(value) > EXACT for value in values]
    numbers = [None if long else value for long, value in zip(too_long, values, strict=True)]
    texts = [str(value) if long else None for long, value in zip(too_long, values, strict=True)]
    return numbers, texts  # type: ignore[return-value]


def _codes(texts: Sequence[str | None] | None, rows: int, known: dict[str | None, int]) -> Any:
    """Texts as their numbers in `known`, which grows; None is `NO_TEXT`."""
    import numpy as np

    if texts is None:
        return np.full(rows, NO_TEXT, np.int32)
    # One entry of `known` is for None and has no number of its own.
    return np.array([known.setdefault(text, len(known) - 1) for text in texts], np.int32)


def _dictionary(codes: Any, known: dict[Any, int]) -> Any:
    import pyarrow as pa

    texts = [text for text in known if text is not None]
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(texts, pa.string()))
