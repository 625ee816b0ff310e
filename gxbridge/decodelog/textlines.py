"""Messages as lines to read: time, bus, who to whom, what, and every value with its unit or text."""

from __future__ import annotations

from gxbridge.core.database import Database, Layout
from gxbridge.core.decoder import Message
from gxbridge.core.field import FieldInfo, Reading
from gxbridge.decodelog.words import NOT_AVAILABLE, address_text, printable, register_text, service_fields


class TextLines:
    """Makes one line of each message."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def begin(self) -> str:
        """What stands before the first line."""
        return ""

    def line(self, t: float, bus: str, message: Message) -> str:
        """One message heard at `t` seconds on `bus`."""
        layout, source, destination, values, payload = message
        shown = service_fields(self._db, layout, values) or list(zip(layout.fields, values, strict=True))
        said = ", ".join(f"{field.name} {self._value(field, value)}" for field, value in shown)
        if layout.kind == "unknown":
            said = payload.hex(" ")
        where = f"{printable(bus)} {source:3} > {address_text(destination):3}"
        return f"{t:.6f} {where} {_subject(layout, values)} {said}".rstrip() + "\n"

    def _value(self, field: FieldInfo, value: Reading) -> str:
        if value is None:
            return NOT_AVAILABLE
        if isinstance(value, bytes):
            return value.hex(" ")
        if isinstance(value, str):
            return value if field.is_number else f'"{printable(value)}"'
        text = self._db.text(field, value)
        if field.enum is not None:
            return f"{value} ({text or 'undefined'})"
        return f"{value} {field.unit}".rstrip()


def _subject(layout: Layout, values: tuple[Reading, ...]) -> str:
    if layout.kind == "write" and isinstance(values[0], int):
        return f"{layout.name}:"
    if layout.kind == "vreg" and layout.register is not None:
        return f"{register_text(layout.register)} {layout.name.removeprefix('VE_REG_')}:"
    if layout.kind == "unknown":
        return f"{layout.title}:"
    return f"{layout.name}:" if layout.kind in ("request", "ack") else f"{layout.pgn} {layout.name}:"
