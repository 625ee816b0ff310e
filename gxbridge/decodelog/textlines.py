"""Messages as lines to read: time, bus, who to whom, what, and every value with its unit or text."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gxbridge.core.model import firmware
from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.times import WriteTime
from gxbridge.decodelog.words import (
    CELSIUS,
    KELVIN,
    NOT_AVAILABLE,
    TEXTS_KEPT,
    LineFormat,
    Shown,
    address_text,
    celsius,
    is_service,
    register_text,
    repeats,
    service_fields,
)

WriteField = Callable[[FieldValue], str]

Say = Callable[[tuple[FieldValue, ...], bytes], str]
"""Values and payload to the line from the subject on."""

_FORMS_KEPT = 4096

_FIRMWARE = (0x0102, 0x0103)
"""Registers whose `version` reads better as `v1.13`."""


class _TextForm(NamedTuple):
    """How messages of a layout are written."""

    subject: str
    writers: list[tuple[str, WriteField]]
    """Of each field the name and how its value is written."""
    say: Say
    ready: dict[bytes, str] | None
    """What is said by payload, of messages that come with equal payloads again and again."""


class TextLines(LineFormat):
    """Makes one line of each message."""

    def __init__(self, db: Database, write_time: WriteTime = "{:.6f}".format) -> None:
        self._db = db
        self._time = write_time
        self._forms: dict[Layout, _TextForm] = {}
        self._ways: dict[tuple[str, int, int], str] = {}

    def line(self, t: float, bus: str, message: Message) -> str:
        """One message heard at `t` seconds on `bus`."""
        layout, source, destination, values, payload = message
        form = self._forms.get(layout) or self._new_form(layout)
        ready = form.ready
        said = None if ready is None else ready.get(payload)
        if said is None:
            said = form.say(values, payload)
            if ready is not None:
                if len(ready) >= TEXTS_KEPT // 8:
                    ready.clear()
                ready[payload] = said
        if layout.kind == "mk2":
            return f"{self._time(t)} {printable(bus)} {said}"
        way = self._ways.get((bus, source, destination)) or self._new_way(bus, source, destination)
        return f"{self._time(t)}{way}{said}"

    def parts(self, layout: Layout, values: tuple[FieldValue, ...]) -> tuple[str, list[tuple[str, str]]]:
        """What a message is about, and of each of its fields the name and the value."""
        form = self._forms.get(layout) or self._new_form(layout)
        return form.subject, [(name, write(value)) for (name, write), value in zip(form.writers, values, strict=False)]

    def _new_form(self, layout: Layout) -> _TextForm:
        if len(self._forms) >= _FORMS_KEPT:  # layouts of unknown messages can be many
            self._forms.clear()
        writers = [(field.name, self._special(layout, field) or self._writer(field)) for field in layout.fields]
        ready: dict[bytes, str] | None = {} if repeats(self._db, layout) else None
        form = self._forms[layout] = _TextForm(_subject(layout), writers, self._say(layout, writers), ready)
        return form

    def _new_way(self, bus: str, source: int, destination: int) -> str:
        if len(self._ways) >= _FORMS_KEPT:
            self._ways.clear()
        way = self._ways[bus, source, destination] = f" {printable(bus)} {source:3} > {address_text(destination):3} "
        return way

    def _say(self, layout: Layout, writers: list[tuple[str, WriteField]]) -> Say:
        subject = _subject(layout)

        def line(said: str) -> str:
            return f"{subject}: {said}".rstrip(": ") + "\n"

        def raw(_values: tuple[FieldValue, ...], payload: bytes) -> str:
            return line(payload.hex(" "))

        def service(values: tuple[FieldValue, ...], _payload: bytes) -> str:
            shown = service_fields(self._db, layout, values)
            return line(", ".join(f"{field.name} {self._shown(field, value)}" for field, value in shown))

        def each(values: tuple[FieldValue, ...], _payload: bytes) -> str:
            pairs = zip(writers, values, strict=True)
            return line(", ".join([f"{name} {write(value)}" for (name, write), value in pairs]))

        if layout.kind == "unknown":
            return raw
        if is_service(layout):
            return service
        return self._at_once(layout, each) if layout.fields else each

    def _at_once(self, layout: Layout, each: Say) -> Say:
        """What `each` says, at a third of its cost where every value is there: plain numbers are filled in."""
        gaps, written = [], []
        for at, field in enumerate(layout.fields):
            special = self._special(layout, field)
            if special is None and field.is_number and field.enum is None and field.unit != KELVIN:
                gaps.append(f"{field.name} %s {field.unit.replace('%', '%%')}".rstrip())
            else:
                gaps.append(f"{field.name} %s")
                written.append((at, special or self._writer(field)))
        text = f"{_subject(layout).replace('%', '%%')}: {', '.join(gaps)}\n"

        def numbers(values: tuple[FieldValue, ...], payload: bytes) -> str:
            return each(values, payload) if None in values else text % values

        def mixed(values: tuple[FieldValue, ...], payload: bytes) -> str:
            if None in values:
                return each(values, payload)
            shown = list(values)
            for at, write in written:
                shown[at] = write(values[at])
            return text % tuple(shown)

        return mixed if written else numbers

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
            return f"{celsius(value)} {CELSIUS}" if isinstance(value, int | float) else plain(value)

        def meaning(value: FieldValue) -> str:
            if not isinstance(value, int):
                return NOT_AVAILABLE
            return f"{value} ({meanings.get(value, 'undefined')})"

        if field.enum is None:
            return temperature if field.unit == KELVIN else plain
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
