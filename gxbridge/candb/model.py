"""What a database entry is, after the YAML has been read and every position worked out.

`load.py` makes these from `can_db/`, `rules.py` judges them, `generate.py` turns them into `gxbridge/_candb.py`.
"""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import Literal, TypeAlias

from gxbridge.core.model.record import record

FieldKind = Literal["unsigned", "signed", "string", "lau", "bytes"]
"""How the bits are read: a little-endian number, zero-ended text, a STRING_LAU, or raw bytes to the end."""
MissingCodes: TypeAlias = tuple[int, ...] | range
"""The raw numbers that mean "not available", in order."""

Transport = Literal["single", "fast", "either"]
Confidence = Literal["CONFIRMED", "CORROBORATED", "SINGLE", "INFERRED", "UNKNOWN"]
CANDIDATE = "CANDIDATE"
"""The confidence of what `gxbridge learn` wrote and nobody has confirmed: no database is built from it."""
Origin = Literal["real", "vendor", "constructed"]
ProductKind = Literal["bms", "bms-copy", "battery-monitor", "charger", "inverter", "vebus-system"]
"""What the devices of a product family are; `core/vecan/devices.py` gives each its quantities."""
QuirkName = Literal["stop_on_zero", "quick", "gives_permissions", "forces_svs"]
"""What DVCC does with a BMS; `core/dvcc/read/devices/quirks.py` says what each means."""


@record
class Field:
    """One named value inside a payload.

    `offset` and `length` count bits from bit 0 of the first byte after the header (a VREG's header is manufacturer
    and register); `length` 0 means "to the end of the payload". The value in `unit` is raw * `scale` + `add`.
    `missing` holds the raw numbers that mean "not available".
    """

    name: str
    kind: FieldKind
    offset: int
    length: int
    scale: Decimal = Decimal(1)
    add: Decimal = Decimal(0)
    unit: str = ""
    enum: str | None = None
    missing: MissingCodes = ()
    where: str = ""


@record
class Sample:
    """One frame or payload and what it says. `frames` are data bytes of each CAN frame, `can_id` the 29-bit id."""

    can_id: int
    frames: tuple[bytes, ...]
    values: dict[str, object]
    origin: Origin
    source: str
    where: str = ""


@record
class DatabaseEntry:
    """One message: a PGN (`register` is None) or a VREG (`pgn` is 61184; fast packet uses 126720)."""

    pgn: int
    register: int | None
    name: str
    title: str
    transport: Transport
    access: str
    confidence: Confidence
    source: str
    fields: tuple[Field, ...]
    samples: tuple[Sample, ...]
    where: str
    """File and line, for messages to people."""
    min_length: int = 0
    """Fewest payload bytes that may be decoded; fields beyond the payload's end are not available."""
    priority: int = 7
    interval_ms: int | None = None
    note: str = ""
    families: tuple[str, ...] = ()
    """Product families this layout holds for; empty = all. Several entries may share a register this way."""
    length: int = 0
    """Payload bytes an encoder fills up to (trailing reserved bytes included); 0 = the payload ends with its fields."""


@record
class Enumeration:
    name: str
    values: dict[int, str]
    missing: tuple[int, ...]
    source: str
    confidence: Confidence
    where: str


@record
class Product:
    product_id: int
    name: str
    family: str
    source: str
    confidence: Confidence
    where: str
    note: str = ""
    reported_as: str = ""
    """What the vendor's own services call it, where that is not `name`."""


KindRow: TypeAlias = tuple[str, tuple[str, ...], dict[int, int]]
"""What a family is ("" where that is nothing special), its quirks, and its most batteries by nominal voltage."""


@record
class ServicePath:
    """One D-Bus path of a service. `type` ends with `?` where nobody has recorded it for VE.Can."""

    path: str
    type: str
    text: str
    feeds: tuple[str, ...]
    """Where the value comes from, the best first (`services.py`)."""
    fact: str
    compute: str
    value: str
    write: str
    """What a client may do: the register, `name`, `link` or nothing, `:`, and the allowed numbers."""
    when: str
    """The path is there only then."""
    confidence: str
    source: str
    where: str


@record
class ServiceEntry:
    """The D-Bus service of one kind of device on a port."""

    name: str
    title: str
    families: tuple[str, ...]
    lacks: tuple[str, ...]
    """Paths of the vendor's service that are left out, because nobody knows what feeds them."""
    note: str
    paths: tuple[ServicePath, ...]
    where: str


@record
class DatabaseModel:
    """The whole database as read."""

    entries: tuple[DatabaseEntry, ...]
    enumerations: dict[str, Enumeration]
    products: dict[int, Product]
    digest: str = field(default="")
    """SHA-256 over the source files, so that a stale compiled form is noticed."""
    families: dict[str, KindRow] = field(default_factory=dict)
    """By product family."""
    services: dict[str, ServiceEntry] = field(default_factory=dict)
    """What the devices of a port show on D-Bus, by the service's class."""
