"""From `127508#0.voltage|celsius` in a table of services to where a value comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gxbridge.core.model import conversions as convert
from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.database import Layout, database
from gxbridge.core.vecan.quantities import Number, QuantitySource, Read
from gxbridge.core.vecan.readings import VREG

FEED = re.compile(r"(0x[0-9A-F]{4}|\d+)(?:\+(\d+)n)?(?:#(\d))?(?:\.([a-z0-9_{}]+|\*))?(?:\|([a-z_]+)(?:\((\d+)\))?)?")
"""Register or PGN, step for each repetition, which of its instances (0: the lowest), field (`*`: all), conversion."""
ALL_FIELDS = "*"

LITRES = 1000.0
"""In a cubic metre."""

CHARGER_STATES: Mapping[int, int] = {0: 0, 1: 3, 2: 4, 4: 7, 5: 5, 8: 0, 9: 2}
"""Operating state of PGN 127507 -> register 0x0201, inferred from the names; what is not here has no equal there."""

FLUIDS = range(12)
"""The type in PGN 127505 is the number on D-Bus: 0 fuel to 11 raw water (recorded: 0, 1, 2, 4 and 5)."""

TEMPERATURE_TYPES: Mapping[int, int] = {1: 4, 2: 3, 4: 3, 7: 1, 13: 6}
"""Source of PGN 130316 -> outdoor, room, fridge, freezer. Inferred; every other is a generic one."""
GENERIC_TEMPERATURE = 2


def raised(bit: int) -> int | None:
    """An alarm while its bit is set; a clear bit leaves the question of a warning open."""
    return 2 if bit else None


def clear(bit: int) -> int | None:
    """No alarm, asked last."""
    return None if bit else 0


def alarm(code: int) -> int | None:
    """A yes/no alarm (1 yes, 2 no) as 2 or 0."""
    return {1: 2, 2: 0}.get(code)


def charger_state(code: int) -> int | None:
    """What a charger does, in the codes of register 0x0201."""
    return CHARGER_STATES.get(code)


def fluid(code: int) -> int | None:
    """A fluid that D-Bus has a number for."""
    return code if code in FLUIDS else None


def temperature_type(source: int) -> int:
    """What a temperature sender measures, in the numbers of D-Bus."""
    return TEMPERATURE_TYPES.get(source, GENERIC_TEMPERATURE)


def cubic_metres(litres: float) -> float:
    """A tank's capacity on D-Bus."""
    return litres / LITRES


def bit_of(place: int, word: int) -> int:
    """One bit of a flag word."""
    return word >> place & 1


def level_of(place: int, word: int) -> int | None:
    """Two bits of register 0x0333: 1 off, 2 alarm, 3 alarm and warning become 0, 1, 2; 0 says nothing."""
    code = word >> place & 3
    return code - 1 if code else None


def register_number(feed: str, value: Value) -> Value:
    """What is written to the register of a feed so that it reads as `value`: a level is told alone, and the fields that
    are 0 stay as they are."""
    match = FEED.fullmatch(feed)
    if match is None or match[5] != "level" or not isinstance(value, int | float):
        return value
    return int(value) + 1 << int(match[6])


def word_of(places: Sequence[int], *values: int) -> int:
    """Fields put together again as the number they were on the wire."""
    return sum(value << place for place, value in zip(places, values, strict=True))


CONVERSIONS: Mapping[str, Callable[..., Number | None]] = {
    "celsius": convert.celsius,
    "seconds": convert.seconds,
    "discharged": convert.discharged,
    "flag": convert.whole,
    "raised": raised,
    "clear": clear,
    "alarm": alarm,
    "charger_state": charger_state,
    "fluid": fluid,
    "temperature_type": temperature_type,
    "cubic_metres": cubic_metres,
    "bit": bit_of,
    "level": level_of,
    "word": word_of,
}
"""What a table may write behind `|`."""

ONE_SIDED = frozenset({"raised", "clear"})
"""Conversions that tell one side of the matter only."""


def source_of(feed: str) -> QuantitySource:
    """The message and field that a feed names. Raises KeyError for what is not in the database: the build has checked
    it."""
    match = FEED.fullmatch(feed)
    if match is None:
        raise KeyError(feed)
    number, _, nth, field, word, place = match.groups()
    is_register = number.startswith("0x")
    layout = _layout(int(number, 0), field, is_register=is_register)
    fields = layout.fields if field == ALL_FIELDS else [one for one in layout.fields if field in (None, one.name)]
    read: Read = CONVERSIONS[word] if word else convert.same
    if word == "word":
        read = partial(word_of, tuple(one.offset for one in fields))
    elif place is not None:
        read = partial(read, int(place))
    return QuantitySource(
        pgn=VREG if is_register else int(number),
        register=int(number, 0) if is_register else None,
        fields=tuple(one.name for one in fields),
        read=read,
        unit="",
        label=f"VREG {number}" if is_register else f"PGN {number}",
        partial=word in ONE_SIDED,
        nth=None if nth is None else int(nth),
    )


def _layout(number: int, field: str | None, *, is_register: bool) -> Layout:
    """The layout that has the field: products may use one register differently."""
    variants = database().variants(number) if is_register else (database().pgns[number],)
    fits = (one for one in variants if field in (None, ALL_FIELDS) or any(part.name == field for part in one.fields))
    layout = next(fits, None)
    if layout is None:
        raise KeyError(f"{number:#x} has no field {field}")
    return layout
