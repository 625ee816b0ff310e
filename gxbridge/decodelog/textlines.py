"""Messages as lines to read: time, bus, who to whom, what, and every value with its unit or text."""

from __future__ import annotations

from collections.abc import Callable

from gxbridge.core.model import firmware
from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.times import WriteTime
from gxbridge.decodelog.words import (
    NOT_AVAILABLE,
    LineFormat,
    Shown,
    address_text,
    celsius,
    is_service,
    register_text,
    service_fields,
)

WriteField = Callable[[FieldValue], str]

_FORMS_KEPT = 4096

_FIRMWARE = (0x0102, 0x0103)
"""Registers whose `version` reads better as `v1.13`."""


class TextLines(LineFormat):
    """Makes one line of each message."""

    def __init__(self, db: Database, write_time: WriteTime = "{:.6f}".format) -> None:
        self._db = db
        self._time = write_time
        self._forms: dict[Layout, tuple[str, list[tuple[str, WriteField]]]] = {}

    def line(self, t: float, bus: str, message: Message) -> str:
        """One message heard at `t` seconds on `bus`."""
        layout, source, destination, values, payload = message
        subject, writers = self._forms.get(layout) or self._new_form(layout)
        if layout.kind == "unknown":
            said = payload.hex(" ")
        elif is_service(layout):
            shown = service_fields(self._db, layout, values)
            said = ", ".join(f"{field.name} {self._shown(field, value)}" for field, value in shown)
        else:
            said = ", ".join([name + write(value) for (name, write), value in zip(writers, values, strict=True)])
        if layout.kind == "mk2":
            return f"{self._time(t)} {printable(bus)} {subject}: {said}".rstrip(": ") + "\n"
        where = f"{self._time(t)} {printable(bus)} {source:3} > {address_text(destination):3}"
        return f"{where} {subject}: {said}".rstrip(": ") + "\n"

    def parts(self, layout: Layout, values: tuple[FieldValue, ...]) -> tuple[str, list[tuple[str, str]]]:
        """What a message is about, and of each of its fields the name and the value."""
        subject, writers = self._forms.get(layout) or self._new_form(layout)
        return subject, [(name[:-1], write(value)) for (name, write), value in zip(writers, values, strict=False)]

    def _new_form(self, layout: Layout) -> tuple[str, list[tuple[str, WriteField]]]:
        if len(self._forms) >= _FORMS_KEPT:  # layouts of unknown messages can be many
            self._forms.clear()
        writers = [(f"{field.name} ", self._special(layout, field) or self._writer(field)) for field in layout.fields]
        form = self._forms[layout] = _subject(layout), writers
        return form

    def _shown(self, field: FieldInfo, value: Shown) -> str:
        if not isinstance(value, tuple):
            return self._writer(field)(value)
        return " ".join(map(str, value)) or NOT_AVAILABLE

    def _special(self, layout: Layout, field: FieldInfo) -> WriteField | None:
        """The two numbers that everybody looks up: a product by its name, a firmware as people write it."""
        if (layout.register, field.name) == (0x0100, "product_id"):
            return self._product
        return _version if layout.register in _FIRMWARE and field.name == "version" else None

    def _product(self, value: FieldValue) -> str:
        if not isinstance(value, int):
            return NOT_AVAILABLE
        product = self._db.products.get(value)
        return f"{value} ({'unknown product' if product is None else product.name})"

    def _writer(self, field: FieldInfo) -> WriteField:
        """How a value of this field is written: text with quotes, bytes in hex, a number with its unit or meaning.

        Temperatures are in °C for people, whatever the unit of the database.
        """
        unit = f" {field.unit}" if field.unit else ""

        def plain(value: FieldValue) -> str:
            if value is None:
                return NOT_AVAILABLE
            if isinstance(value, bytes):
                return value.hex(" ")
            if isinstance(value, str):  # registers in requests stand in fields of numbers
                return value if field.is_number else f'"{printable(value)}"'
            return f"{value}{unit}"

        def temperature(value: FieldValue) -> str:
            return f"{celsius(value)} °C" if isinstance(value, int | float) else plain(value)

        def meaning(value: FieldValue) -> str:
            if not isinstance(value, int):
                return NOT_AVAILABLE
            return f"{value} ({meanings.get(value, 'undefined')})"

        if field.enum is None:
            return temperature if field.unit == "K" else plain
        meanings = self._db.enums.get(field.enum, {})
        return meaning


def _version(value: FieldValue) -> str:
    if not isinstance(value, int):
        return NOT_AVAILABLE
    words = firmware.text(value)
    return str(value) if words is None else f"{value} ({words})"


def _subject(layout: Layout) -> str:
    if layout.kind == "vreg" and layout.register is not None:
        return f"{register_text(layout.register)} {layout.name.removeprefix('VE_REG_')}"
    if layout.kind == "unknown":
        return layout.title
    return layout.name if layout.kind in ("request", "ack", "write", "mk2") else f"{layout.pgn} {layout.name}"
