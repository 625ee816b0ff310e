"""Which fields of messages say whose they are.

What is not in the table: a text is a name that somebody gave, raw bytes may be anything, and a number is a measurement
or a setting. A test goes through the database and asks for a decision on every field whose name sounds like more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from gxbridge.core.capture.replacements import words_replaced
from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.field import FieldInfo

Treatment = Literal[
    "keep", "unique", "unique-low", "place", "serial", "name", "maker", "version", "pgns", "parameters", "blank"
]

FIELDS: Final[Mapping[str, Treatment]] = {
    "unique_number": "unique",  # of the NAME (PGN 60928)
    "ucn": "unique",  # register 0x0107, the same
    "name_low": "unique-low",  # the low half of a NAME (PGN 65280): 21 bits of unique number, 11 of manufacturer
    "source_name": "unique-low",  # of an alert (PGN 126983), the whole NAME
    "acknowledged_by_name": "unique-low",
    "serial_number": "serial",
    "serial_code": "serial",  # of a Lynx: unique number, blank, serial
    "latitude": "place",
    "longitude": "place",
    "altitude": "place",
    "geoidal_separation": "place",
    "reference_station_id": "place",  # a beacon on the shore
    "variation": "place",  # of the compass, which is that of a place
    "model_id": "maker",
    "model_name": "maker",
    "software_version": "version",
    "model_version": "version",
    "build_timestamp": "version",
    "pgns": "pgns",
    "parameters": "parameters",  # of a group function: fields of the PGN that it is about
}

UNIQUE_BITS: Final = 21
"""Of a NAME's unique number."""

VERSION: Final = re.compile(r"[vV]?\d{1,4}(?:[.\-_ ](?:\d{1,4}|[A-Za-z]{1,3}\d?)){0,4}")
MOST_DIGITS: Final = 8
"""In what can pass as a version; more could be a serial."""
HIDDEN: Final = "x"


def treatment_of(field: FieldInfo) -> Treatment:
    """What is done with a field."""
    known = FIELDS.get(field.name)
    if known is not None:
        return known
    return {"string": "name", "lau": "name", "bytes": "blank"}.get(field.kind, "keep")  # type: ignore[return-value]


PRODUCT_WORDS: Final = """
AC Battery Blue BlueSolar BMS BMV BMV-700 BMV-702 BMV-712 Buck-Boost Cerbo Charger DC DC-DC EasyPlus EasySolar
EasySolar-II Ekrano Energy GX Inverter Isolated Lynx Meter MPPT Multi MultiPlus MultiPlus-II NG Non-isolated Orion
Orion-Tr Phoenix Quattro Quattro-II RS Shunt Skylla Skylla-i Smart SmartShunt SmartSolar Solar Tr Tr-Smart V2 V3 VE.Bus
VE.Can VE.Direct XS interface rev2 rev3
"""
"""Words of the vendor's product names, as its D-Bus services give them (product names as on victronenergy.com)."""
RATING: Final = re.compile(r"\d{1,3}V?[/|]\d{1,4}(?:[/|-]\d{1,3}){0,2}(?:A|mV)?|\d{1,4}A(?:/\d{2}mV)?")
"""`150/70`, `24/3000/70-32`, `12/12-50`, `500A/50mV`."""


def vocabulary_of(db: Database, further: Iterable[str] = ()) -> frozenset[str]:
    """The words of all products that are known: what a maker's text may say."""
    names = [product.name for product in db.products.values()]
    return frozenset(word for name in (PRODUCT_WORDS, *names, *further) for word in name.lower().split())


def maker_text(text: str, vocabulary: frozenset[str]) -> str:
    """A product's name: words of known products and ratings stay; any other could be a boat's name, and becomes
    `xxxx`."""

    def word_of(word: str) -> str:
        return word if word.lower() in vocabulary or RATING.fullmatch(word) else HIDDEN * len(word.encode())

    return words_replaced(text, word_of)


def version_text(text: str) -> str:
    """A version stays; what does not look like one becomes `xxxx`."""
    if sum(letter.isdigit() for letter in text) <= MOST_DIGITS and VERSION.fullmatch(text):
        return text
    return words_replaced(text, lambda word: HIDDEN * len(word.encode()))
