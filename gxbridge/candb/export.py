"""The database as plain JSON, for other programs."""

from __future__ import annotations

from typing import Any

from gxbridge.candb.show import layouts
from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.field import FieldInfo
from gxbridge.core.port.tables import ServiceTable, service_table


def as_json(database: Database) -> dict[str, Any]:
    """Everything: `pgns` and `registers` (lists of messages), `enumerations` (name to code to text), `products`, and
    `services` (what the devices of a port show on D-Bus).

    A value in its unit is (raw * numerator + addend) / denominator; raw numbers in `missing`, and from `missing_from`
    on, mean "not available".
    `offset` and `length` count bits, behind the four header bytes for a register; length 0 = to the end.
    """
    messages = list(layouts(database))
    return {
        "digest": database.digest,
        "pgns": [_message(layout) for layout in messages if layout.register is None],
        "registers": [_message(layout) for layout in messages if layout.register is not None],
        "enumerations": {
            name: {str(code): text for code, text in texts.items()} for name, texts in database.enums.items()
        },
        "products": [
            {"product_id": product_id, "name": product.full_name, "reported_as": product.name, "family": product.family}
            for product_id, product in database.products.items()
        ],
        "services": {name: _service(service_table(name)) for name in database.services},
    }


def _service(table: ServiceTable) -> dict[str, Any]:
    return {
        "title": table.title,
        "families": list(table.families),
        "note": table.note,
        "left_out": list(table.lacks),
        "paths": {
            row.path: {
                "type": row.spec.signature,
                "of_a_sibling": row.sibling,
                "feeds": list(row.feeds),
                "confidence": row.confidence,
            }
            for row in table.rows
        },
    }


def _message(layout: Layout) -> dict[str, Any]:
    message: dict[str, Any] = {"pgn": layout.pgn}
    if layout.register is not None:
        message["register"] = f"0x{layout.register:04X}"
    message |= {
        "name": layout.name,
        "title": layout.title,
        "transport": layout.transport,
        "priority": layout.priority,
        "interval_ms": layout.interval_ms,
        "access": layout.access,
        "families": list(layout.families),
        "confidence": layout.confidence,
        "source": layout.source,
        "note": layout.note,
        "fields": [_field(field) for field in layout.fields],
    }
    return message


def _field(field: FieldInfo) -> dict[str, Any]:
    return {
        "name": field.name,
        "kind": field.kind,
        "offset": field.offset,
        "length": field.length,
        "unit": field.unit,
        "numerator": field.numerator,
        "denominator": field.denominator,
        "addend": field.addend,
        "missing": [] if isinstance(field.missing, range) else list(field.missing),
        "missing_from": field.missing[0] if isinstance(field.missing, range) else None,
        "enumeration": field.enum,
    }
