"""The database as a DBC file, through cantools (the extra `dbc`), for SavvyCAN, Wireshark and others.

A DBC knows single frames only. All registers become one multiplexed message on PGN 61184. As usual for J1939 the
source address in the ids is FE; tools that match exact ids need a mask of 0x1FFFFF00.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from gxbridge.candb.show import layouts, number_of
from gxbridge.core.nmea2000.database import SINGLE_PGN, Database, Layout
from gxbridge.core.nmea2000.field import FieldInfo

ANY_SOURCE = 0xFE
"""The source address that DBC files for J1939 carry: none in particular."""

HEADER_BITS = 32
NOT_AVAILABLE = "not available"


class Missing(ImportError):
    """cantools is not installed."""


def export(database: Database) -> tuple[str, list[str]]:
    """The text of the DBC file, and a line for everything a DBC cannot hold. Raises Missing without cantools."""
    try:
        from cantools.database.can import Database as Dbc
        from cantools.database.can import Message
    except ImportError as error:
        raise Missing("the DBC export needs cantools: pip install 'cantools>=39'") from error
    left_out: list[str] = []
    messages: list[Any] = []
    registers: list[Layout] = []
    for layout in layouts(database):
        if reason := _unfit(database, layout):
            left_out.append(f"{number_of(layout)} {layout.name}: {reason}")
        elif layout.register is not None:
            registers.append(layout)
        else:
            signals = [_signal(database, field, field.name) for field in layout.fields]
            messages.append(_message(Message, layout.pgn, layout.priority, layout.name, layout.title, signals))
    signals = [_plain("manufacturer_and_industry", 0, 16), _multiplexer(), *_registers(database, registers)]
    title = "Victron registers, single frame"
    messages.append(_message(Message, SINGLE_PGN, 7, "victron_register", title, signals))
    dbc = Dbc(messages=messages, version="", strict=False)
    text: str = dbc.as_dbc_string()
    return text, left_out


def _unfit(database: Database, layout: Layout) -> str:
    """Why a DBC cannot hold this message; empty if it can."""
    if layout.transport == "fast":
        return "fast packet"
    if layout.transport == "either":
        return "fast packet or single frame"
    if any(not field.is_number for field in layout.fields):
        return "text or bytes"
    if layout.register is not None and not layout.fields:
        return "a command without payload"
    if layout.families and layout is not database.variants(layout.register or 0)[0]:
        return f"second layout of the register, for {', '.join(layout.families)}"
    return ""


def _message(make: Any, pgn: int, priority: int, name: str, title: str, signals: list[Any]) -> Any:
    destination = 0xFF00 if pgn >> 8 & 0xFF < 240 else 0
    frame_id = priority << 26 | pgn << 8 | destination | ANY_SOURCE
    last = max(signal.start + signal.length for signal in signals)
    length = 8 if last > 24 else -(-last // 8)
    return make(frame_id, name, length, signals, comment=title, is_extended_frame=True, strict=False)


def _registers(database: Database, registers: Iterable[Layout]) -> Iterable[Any]:
    for layout in registers:
        short = layout.name.removeprefix("VE_REG_").lower()
        for field in layout.fields:
            name = field.name if field.name == short else f"{short}_{field.name}"
            yield _signal(database, field, name, layout)


def _signal(database: Database, field: FieldInfo, name: str, register: Layout | None = None) -> Any:
    from cantools.database.can import Signal
    from cantools.database.conversion import BaseConversion

    texts = dict.fromkeys(field.missing[-2:], NOT_AVAILABLE) | (dict(database.enums[field.enum]) if field.enum else {})
    choices: Any = OrderedDict(sorted(texts.items())) or None
    whole = field.denominator == 1
    conversion = BaseConversion.factory(
        scale=field.numerator if whole else field.scale,
        offset=field.addend if whole else field.add,
        choices=choices,
        is_float=False,
    )
    multiplexed: dict[str, Any] = {}
    if register is not None:
        multiplexed = {"multiplexer_ids": [register.register], "multiplexer_signal": "register"}
    return Signal(
        name=name,
        start=field.offset + (0 if register is None else HEADER_BITS),
        length=field.length,
        byte_order="little_endian",
        is_signed=field.kind == "signed",
        conversion=conversion,
        unit=field.unit or None,
        comment=None if register is None else register.title,
        **multiplexed,
    )


def _plain(name: str, start: int, length: int, **more: Any) -> Any:
    from cantools.database.can import Signal

    return Signal(name=name, start=start, length=length, byte_order="little_endian", **more)


def _multiplexer() -> Any:
    return _plain("register", 16, 16, is_multiplexer=True)
