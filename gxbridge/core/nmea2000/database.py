"""The message database at run time: layouts of PGNs and registers, texts of enumerations, names of products.

It is compiled from `can_db/` (see `candb/generate.py`); a layout becomes an object when it is first asked for.
Everything here is to be read, never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gxbridge.core.nmea2000.field import FieldInfo, FieldValue, read

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing costs more to import than the whole database
    from typing import Any, TypeAlias

    _KindRow: TypeAlias = tuple[str, tuple[str, ...], Mapping[int, int]]
    ServiceRow: TypeAlias = tuple[str, tuple[str, ...], tuple[str, ...], str, str]

FORMAT = 5
"""The form of `_candb.py` that this module reads (`candb/generate.py` writes the same number)."""

SINGLE_PGN = 0xEF00
"""Registers of up to 4 bytes come in single frames of this PGN (Victron, VE.Can registers public, v20)."""

FAST_PGN = 0x1EF00
"""Longer registers come as fast packets of this one."""

ADDRESS_CLAIM_PGN = 60928
FUNCTION = "n2k_function"
"""Functions of the classes 35 and 120; those of another class stand in `n2k_function_60` and so on."""

VREG_HEADER = 4
"""Bytes before a register's value: manufacturer and register."""


class DatabaseError(Exception):
    """The compiled database is missing or of another version; the text says what to do."""


class Layout:
    """What one message is called and how its payload is read.

    `kind` is "pgn", "vreg", "request", "ack", "write" (a register written to another node) or "unknown".
    `decode` is the fast way for a payload that holds all fields and may raise IndexError or struct.error for others;
    `read` never raises. `length` is the payload's size with all fields, `min_length` the least that may be decoded,
    both with the header (4 bytes for registers, else none).
    """

    __slots__ = (
        "access",
        "confidence",
        "decode",
        "families",
        "fields",
        "header",
        "interval_ms",
        "kind",
        "length",
        "min_length",
        "name",
        "note",
        "pgn",
        "priority",
        "register",
        "source",
        "title",
        "transport",
    )

    def __init__(
        self,
        kind: str,
        pgn: int,
        register: int | None,
        name: str,
        title: str,
        fields: tuple[FieldInfo, ...],
        decode: Callable[[bytes], tuple[FieldValue, ...]],
        *,
        header: int = 0,
        length: int = 0,
        min_length: int = 0,
        transport: str = "single",
        access: str = "",
        confidence: str = "UNKNOWN",
        source: str = "",
        note: str = "",
        priority: int = 7,
        interval_ms: int | None = None,
        families: tuple[str, ...] = (),
    ) -> None:
        self.kind = kind
        self.pgn = pgn
        self.register = register
        self.name = name
        self.title = title
        self.fields = fields
        self.decode = decode
        self.header = header
        self.length = length
        self.min_length = min_length
        self.transport = transport
        self.access = access
        self.confidence = confidence
        self.source = source
        self.note = note
        self.priority = priority
        self.interval_ms = interval_ms
        self.families = families

    def __repr__(self) -> str:
        register = "" if self.register is None else f", register=0x{self.register:04X}"
        return f"Layout({self.kind!r}, {self.name!r}, pgn={self.pgn}{register})"

    def read(self, payload: bytes) -> tuple[FieldValue, ...]:
        """The values of a payload of any length; what is not in it is None."""
        return read(self.fields, payload, self.header)

    def position(self, name: str) -> int:
        """Where the field `name` stands in the values. Raises KeyError."""
        for index, field in enumerate(self.fields):
            if field.name == name:
                return index
        raise KeyError(name)


BMS, BMS_COPY = "bms", "bms-copy"
"""Kinds of product families: a battery's own BMS (no battery monitor), and what a GX makes of several of them: no such
device exists on CAN, so whatever says that it is one is a copy."""
REGULATORS = "alternator-regulator"
"""The product family of alternator regulators: other makers have it, so the product code stands in PGN 126996."""
NOTHING_SPECIAL: _KindRow = ("", (), {})


class ProductInfo:
    """What `can_db/` knows of a product.

    `name` is what devices of it are called, as the vendor's services do; `full_name` the one of its product list.
    `family`: whose registers it shares; `kind`: what the family is to us, "" where that is nothing special; `quirks`:
    what DVCC does with a BMS of it; `max_batteries`: how many batteries it can have, by nominal voltage.
    """

    __slots__ = ("family", "full_name", "kind", "max_batteries", "name", "product_id", "quirks")

    def __init__(
        self,
        product_id: int,
        full_name: str,
        name: str,
        family: str,
        kind: str,
        quirks: tuple[str, ...],
        max_batteries: Mapping[int, int],
    ) -> None:
        self.product_id = product_id
        self.name = name
        self.full_name = full_name
        self.family = family
        self.kind = kind
        self.quirks = frozenset(quirks)
        self.max_batteries = max_batteries

    def __repr__(self) -> str:
        return f"ProductInfo(0x{self.product_id:04X}, {self.name!r}, {self.family!r})"


class _Layouts(Mapping[int, Layout]):
    """Layouts by number, each made when it is first asked for. The value of a number with variants is the first."""

    def __init__(self, compiled: Any, kind: str, rows: Mapping[int, str], pgn: int | None) -> None:
        self._compiled = compiled
        self._kind = kind
        self._rows = rows
        self._pgn = pgn
        self._made: dict[int, tuple[Layout, ...]] = {}

    def __getitem__(self, number: int) -> Layout:
        return self.variants(number)[0]

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, number: object) -> bool:
        return number in self._rows

    def variants(self, number: int) -> tuple[Layout, ...]:
        """All layouts of a number, the one for every product first. Raises KeyError."""
        made = self._made.get(number)
        if made is None:
            layouts = [self._make(number, *row.split("\t")) for row in self._rows[number].split("\n")]
            made = self._made[number] = tuple(sorted(layouts, key=lambda layout: layout.families))
        return made

    def _make(
        self,
        number: int,
        name: str,
        title: str,
        fields: str,
        decoder: str,
        length: str,
        min_length: str,
        transport: str,
        access: str,
        confidence: str,
        source: str,
        note: str,
        priority: str,
        interval_ms: str,
        families: str,
    ) -> Layout:
        compiled, is_register = self._compiled, self._pgn is not None
        return Layout(
            self._kind,
            number if self._pgn is None else self._pgn,
            number if is_register else None,
            name,
            title,
            tuple(_field(compiled.SHAPES, written) for written in fields.split()),
            compiled.DECODERS[int(decoder)],
            header=VREG_HEADER if is_register else 0,
            length=int(length),
            min_length=int(min_length),
            transport=transport,
            access=access,
            confidence=confidence,
            source=compiled.SOURCES[int(source)],
            note=note,
            priority=int(priority),
            interval_ms=int(interval_ms) if interval_ms else None,
            families=tuple(families.split()),
        )


def _field(shapes: tuple[Any, ...], written: str) -> FieldInfo:
    name, _, shape = written.partition(":")
    return FieldInfo(name, *shapes[int(shape)])


class _Products(Mapping[int, ProductInfo]):
    def __init__(self, rows: Mapping[int, tuple[str, str, str]], families: Mapping[str, _KindRow]) -> None:
        self._rows = rows
        self._families = families
        self._made: dict[int, ProductInfo] = {}

    def __getitem__(self, product_id: int) -> ProductInfo:
        made = self._made.get(product_id)
        if made is None:
            full_name, name, family = self._rows[product_id]
            made = ProductInfo(product_id, full_name, name, family, *self._families.get(family, NOTHING_SPECIAL))
            self._made[product_id] = made
        return made

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Database:
    """All that is known about messages. `compiled` is the module that `candb/generate.py` wrote."""

    def __init__(self, compiled: Any) -> None:
        if compiled.FORMAT != FORMAT:
            raise DatabaseError(f"the compiled database has format {compiled.FORMAT}, not {FORMAT}: run `make build`")
        self.digest: str = compiled.DIGEST
        self.enums: Mapping[str, Mapping[int, str]] = compiled.ENUMS
        self.products: Mapping[int, ProductInfo] = _Products(compiled.PRODUCTS, compiled.FAMILIES)
        self._families: Mapping[str, _KindRow] = compiled.FAMILIES
        self.services: Mapping[str, ServiceRow] = compiled.SERVICES
        """D-Bus services of a port's devices by their class: title, families, paths left out, note, and their rows
        (`core/port/rows.py`)."""
        self._pgns = _Layouts(compiled, "pgn", compiled.PGNS, None)
        self._registers = _Layouts(compiled, "vreg", compiled.REGISTERS, SINGLE_PGN)
        self._fast_registers = _Layouts(compiled, "vreg", compiled.REGISTERS, FAST_PGN)
        self.pgns: Mapping[int, Layout] = self._pgns
        self.registers: Mapping[int, Layout] = self._registers
        self._claims: dict[str, Layout] = {}

    def variants(self, register: int) -> tuple[Layout, ...]:
        """All layouts of a register, for all product families; the one without families first. Empty if unknown."""
        return self._registers.variants(register) if register in self._registers else ()

    def layout(self, register: int, product_id: int | None = None, pgn: int = SINGLE_PGN) -> Layout | None:
        """The layout of a register as the given product sends it, as carried by `pgn`.

        None when the register is unknown, or means different things on different products and none of them is this
        one (or the product is not known yet).
        """
        table = self._fast_registers if pgn == FAST_PGN else self._registers
        if register not in table:
            return None
        product = None if product_id is None else self.products.get(product_id)
        general = None
        for layout in table.variants(register):
            if not layout.families:
                general = layout
            elif product is not None and product.family in layout.families:
                return layout
        return general

    def family_kind(self, family: str | None) -> str:
        """What the devices of a product family are: `bms`, `bms-copy`, `charger`, ...; "" where nothing special."""
        return self._families.get(family or "", NOTHING_SPECIAL)[0]

    def function_enum(self, device_class: int) -> str:
        """The enumeration of functions in a NAME's device class: their numbers mean something else in each class."""
        name = f"{FUNCTION}_{device_class}"
        return name if name in self.enums else FUNCTION

    def claim(self, device_class: int) -> Layout:
        """The layout of an address claim whose NAME has this device class."""
        enum = self.function_enum(device_class)
        if enum not in self._claims:
            from copy import copy  # hardly ever needed

            layout = self._claims[enum] = copy(self.pgns[ADDRESS_CLAIM_PGN])
            layout.fields = tuple(map(copy, layout.fields))
            for field in layout.fields:
                field.enum = enum if field.enum == FUNCTION else field.enum
        return self._claims[enum]

    def text(self, field: FieldInfo, value: FieldValue) -> str | None:
        """The text of an enumeration's or a flag's value; None when it has none."""
        return self.enums[field.enum].get(value) if field.enum is not None and isinstance(value, int) else None


_database: Database | None = None


def database() -> Database:
    """The compiled database, loaded once. Raises DatabaseError when it has not been built."""
    global _database  # noqa: PLW0603 - loaded at first use, because nothing may happen on import
    if _database is None:
        try:
            from gxbridge import _candb  # type: ignore[attr-defined,unused-ignore]
        except ImportError:
            raise DatabaseError(
                "the message database has not been compiled: run `make build` (or `python -m gxbridge.candb.build`)"
            ) from None
        _database = Database(_candb)
    return _database
