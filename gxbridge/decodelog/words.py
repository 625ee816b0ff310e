"""How registers, addresses and values are written for people."""

from __future__ import annotations

from abc import ABC, abstractmethod

from gxbridge.core.model.conversions import ZERO_C
from gxbridge.core.nmea2000.database import SINGLE_PGN, Database, Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.core.nmea2000.frame import BROADCAST
from gxbridge.core.nmea2000.group_function import GROUP_FUNCTION_PGN, parameters_of

NOT_AVAILABLE = "n/a"
KELVIN, CELSIUS = "K", "°C"
TEXTS_KEPT = 2048
"""Ready texts by payload, of a layout or of all registers together."""
PGN_LIST_PGN = 126464
Shown = FieldValue | tuple[int, ...]
"""A value, or several numbers."""
_SERVICES = ("request", "ack", "write")
_PARTED = (GROUP_FUNCTION_PGN, PGN_LIST_PGN)
_MANY_TEXTS = 5
"""A PGN with as many flags and enumerations is mostly a status, which repeats, and is dear to write."""


class LineFormat(ABC):
    """A form of output: what stands before the messages, what each of them becomes, and what comes after the last."""

    def begin(self) -> str:
        return ""

    @abstractmethod
    def line(self, t: float, bus: str, message: Message) -> str: ...

    def end(self) -> str:
        return ""


def register_text(register: int) -> str:
    """A register's number as Victron writes it: `0x2108`."""
    return f"0x{register:04X}"


def address_text(address: int) -> str:
    """A node address; "all" for a broadcast's destination."""
    return "all" if address == BROADCAST else str(address)


def celsius(kelvin: float) -> float:
    """Degrees Celsius with the digits that a message has."""
    return round(kelvin - ZERO_C, 2) + 0.0


def repeats(db: Database, layout: Layout) -> bool:
    """Whether messages of a layout come with equal payloads again and again, which mean the same from every sender:
    a register that does not depend on the product, or a PGN that is mostly a status."""
    if layout.kind == "vreg" and layout.register is not None and layout.pgn == SINGLE_PGN:
        return len(db.variants(layout.register)) == 1 and not layout.families
    return layout.kind == "pgn" and sum(field.enum is not None for field in layout.fields) >= _MANY_TEXTS


def is_service(layout: Layout) -> bool:
    """Whether the fields of a message depend on what is in it: `service_fields` tells them."""
    return layout.kind in _SERVICES or (layout.kind == "pgn" and layout.pgn in _PARTED)


def service_fields(db: Database, layout: Layout, values: tuple[FieldValue, ...]) -> list[tuple[FieldInfo, Shown]]:
    """Fields and values of a request, an acknowledgement or a write, registers as text; of a group function and a list
    of PGNs too.

    What is written to another node is shown with the fields of the register, where they do not depend on the product
    (which of the two nodes would it be?); the parameters of a group function with those of its PGN.
    """
    if layout.kind == "request":
        register, mask = values
        return [(layout.fields[0], _number(register)), (layout.fields[1], _number(mask))]
    if layout.kind == "ack":
        return [(layout.fields[0], _number(values[0])), (layout.fields[1], values[1])]
    shown: list[tuple[FieldInfo, Shown]] = [*zip(layout.fields, values, strict=True)]
    if layout.pgn == PGN_LIST_PGN:
        pgns = values[1] if isinstance(values[1], bytes) else b""
        listed = tuple(int.from_bytes(pgns[at : at + 3], "little") for at in range(0, len(pgns) - 2, 3))
        return [shown[0], (layout.fields[1], listed)]
    if layout.pgn == GROUP_FUNCTION_PGN:
        return [*shown, *parameters_of(db, values)]
    register, raw = values
    if not isinstance(register, int) or not isinstance(raw, bytes):
        return []
    shown = [(layout.fields[0], register_text(register)), (layout.fields[1], raw)]
    variants = db.variants(register)
    if len(variants) == 1 and not variants[0].families:
        payload = bytes(variants[0].header) + raw
        shown += zip(variants[0].fields, variants[0].read(payload), strict=True)
    return shown


def _number(value: FieldValue) -> FieldValue:
    return register_text(value) if isinstance(value, int) else None
