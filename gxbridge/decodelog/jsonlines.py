"""Messages as JSON lines. A generic JSON encoder costs several times what decoding does, so every layout gets a text
with gaps once, and each message only fills the gaps."""

from __future__ import annotations

from collections.abc import Callable

from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.words import TEXTS_KEPT, LineFormat, Shown, is_service, register_text, repeats, service_fields

Tail = Callable[[tuple[FieldValue, ...], bytes], str]
"""Values and payload to the line from `"pgn"` on."""

Tails = dict[bytes, str]
"""Ready texts by payload, for messages that come with equal payloads again and again."""

_FORMS_KEPT = 4096
_PLAIN = frozenset(range(0x20, 0x7F)) - {ord('"'), ord("\\")}


def quoted(text: str) -> str:
    """A JSON string, in ASCII so that it does not depend on the locale."""
    if _PLAIN.issuperset(map(ord, text)):
        return f'"{text}"'
    import json  # costs as much to import as our whole database, and is hardly ever needed

    return json.dumps(text)


class JsonLines(LineFormat):
    """Makes lines of messages; one object of keys t, bus, source, destination, pgn, vreg, name, values, raw each."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._forms: dict[Layout, tuple[Tails | None, Tail]] = {}
        self._heads: dict[str, str] = {}
        self._register_tails: Tails = {}

    def line(self, t: float, bus: str, message: Message) -> str:
        """One message heard at `t` seconds on `bus`."""
        layout, source, destination, values, payload = message
        form = self._forms.get(layout)
        if form is None:
            form = self._new_form(layout)
        tails, tail_of = form
        if tails is None:
            tail = tail_of(values, payload)
        else:
            ready = tails.get(payload)
            if ready is None:
                ready = tail_of(values, payload)
                if len(tails) >= TEXTS_KEPT:
                    tails.clear()
                tails[payload] = ready
            tail = ready
        head = self._heads.get(bus)
        if head is None:
            head = self._heads[bus] = f',"bus":{quoted(bus)},"source":'
        return f'{{"t":{t!r}{head}{source},"destination":{destination},{tail}'

    def _new_form(self, layout: Layout) -> tuple[Tails | None, Tail]:
        if len(self._forms) >= _FORMS_KEPT:  # layouts of unknown messages can be many
            self._forms.clear()
        tails: Tails | None = None
        if repeats(self._db, layout):
            tails = self._register_tails if layout.kind == "vreg" else {}
        form = self._forms[layout] = tails, self._tail(layout)
        return form

    def _tail(self, layout: Layout) -> Tail:
        vreg = "null" if layout.register is None else quoted(register_text(layout.register))
        start = f'"pgn":{layout.pgn},"vreg":{vreg},"name":{quoted(layout.name)},"values":{{'
        if is_service(layout):
            return self._service(layout, start)
        if layout.kind == "unknown":
            return lambda values, payload: f'{start}"raw":"{_hex(values[0])}"}},"raw":"{payload.hex()}"}}\n'
        gaps = ",".join(f"{quoted(field.name)}:%s" for field in layout.fields)
        template = f'{start.replace("%", "%%")}{gaps}}},"raw":"'
        texts = [self._texts(field) for field in layout.fields]
        if not any(texts):
            return _numbers(template)
        return _mixed(template, texts)

    def _texts(self, field: FieldInfo) -> Callable[[FieldValue], str] | None:
        """How a value of this field is written; None for plain numbers."""
        if field.enum is not None:
            meanings = self._db.enums.get(field.enum, {})
            return _MeaningObjects({value: quoted(text) for value, text in meanings.items()}).__getitem__
        return None if field.is_number else _text

    def _service(self, layout: Layout, start: str) -> Tail:
        def tail(values: tuple[FieldValue, ...], payload: bytes) -> str:
            begin = start
            shown = service_fields(self._db, layout, values)
            if layout.kind == "write" and isinstance(values[0], int):
                begin = start.replace('"vreg":null', f'"vreg":"{register_text(values[0])}"', 1)
            parts = []
            for field, value in shown:
                if isinstance(value, str | tuple):
                    text = _text(value)
                else:
                    text = "null" if value is None else (self._texts(field) or _text)(value)
                parts.append(f"{quoted(field.name)}:{text}")
            return f'{begin}{",".join(parts)}}},"raw":"{payload.hex()}"}}\n'

        return tail


class _MeaningObjects(dict[FieldValue, str]):
    """The JSON object of each value of an enumeration, made when first seen."""

    def __init__(self, texts: dict[int, str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, value: FieldValue) -> str:
        number = value if isinstance(value, int) else 0  # the values of enumerations are whole numbers
        if len(self) >= _FORMS_KEPT:
            self.clear()
        made = self[value] = f'{{"value":{number},"text":{self._texts.get(number, "null")}}}'
        return made


def _hex(value: FieldValue) -> str:
    return value.hex() if isinstance(value, bytes) else ""


def _text(value: Shown) -> str:
    if isinstance(value, bytes):
        return f'"{value.hex()}"'
    if isinstance(value, tuple):
        return f"[{','.join(map(str, value))}]"
    return quoted(value) if isinstance(value, str) else str(value)


def _numbers(template: str) -> Tail:
    def tail(values: tuple[FieldValue, ...], payload: bytes) -> str:
        text = template % values
        if None in values:
            text = text.replace(":None", ":null")
        return f'{text}{payload.hex()}"}}\n'

    return tail


def _mixed(template: str, texts: list[Callable[[FieldValue], str] | None]) -> Tail:
    written = [(at, text) for at, text in enumerate(texts) if text is not None]

    def tail(values: tuple[FieldValue, ...], payload: bytes) -> str:
        shown = list(values)
        for at, text in written:
            value = shown[at]
            if value is not None:
                shown[at] = text(value)
        if None in shown:
            shown = ["null" if value is None else value for value in shown]
        return f'{template % tuple(shown)}{payload.hex()}"}}\n'

    return tail
