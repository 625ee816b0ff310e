"""Small databases made in a test: model, generated source, module, `Database`, as `make build` does it."""

from __future__ import annotations

import importlib.util
import tempfile
from decimal import Decimal
from pathlib import Path

from gxbridge.candb.generate import generate
from gxbridge.candb.model import DatabaseEntry, DatabaseModel, Enumeration, Field, FieldKind, Product, Transport
from gxbridge.core.nmea2000.database import Database


def field(
    name: str,
    offset: int,
    length: int,
    kind: FieldKind = "unsigned",
    scale: str = "1",
    add: str = "0",
    unit: str = "",
    enum: str | None = None,
    missing: tuple[int, ...] = (),
) -> Field:
    return Field(name, kind, offset, length, Decimal(scale), Decimal(add), unit, enum, missing)


def _entry(pgn: int, register: int | None, name: str, fields: tuple[Field, ...], transport: Transport) -> dict:
    return {
        "pgn": pgn,
        "register": register,
        "name": name,
        "title": name.capitalize(),
        "transport": transport,
        "access": "R",
        "confidence": "CONFIRMED",
        "source": "made for a test",
        "fields": fields,
        "samples": (),
        "where": "test.yaml:1",
    }


def pgn(number: int, name: str, *fields: Field, transport: Transport = "single", **more: object) -> DatabaseEntry:
    return DatabaseEntry(**_entry(number, None, name, fields, transport), **more)


def vreg(number: int, name: str, *fields: Field, **more: object) -> DatabaseEntry:
    return DatabaseEntry(**_entry(61184, number, name, fields, "single"), **more)


def model(
    *entries: DatabaseEntry, enums: dict[str, dict[int, str]] | None = None, products: dict | None = None
) -> DatabaseModel:
    return DatabaseModel(
        entries,
        {name: Enumeration(name, values, (), "test", "CONFIRMED", "") for name, values in (enums or {}).items()},
        {
            number: Product(number, name, family, "", "CONFIRMED", "")
            for number, (name, family) in (products or {}).items()
        },
        "0123",
    )


def module_of(made: DatabaseModel):
    """The generated source as a module."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "handmade_candb.py")
        path.write_text(generate(made), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("handmade_candb", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def database_of(*entries: DatabaseEntry, enums: dict | None = None, products: dict | None = None) -> Database:
    return Database(module_of(model(*entries, enums=enums, products=products)))


BATTERY_STATUS = pgn(
    127508,
    "battery_status",
    field("instance", 0, 8),
    field("voltage", 8, 16, "signed", "0.01", unit="V", missing=(0x7FFF,)),
    field("current", 24, 16, "signed", "0.1", unit="A", missing=(0x7FFF,)),
    field("temperature", 40, 16, scale="0.01", unit="K", missing=(0, 0xFFFF)),
    field("sid", 56, 8, missing=(0xFF,)),
)
DC_STATUS = pgn(
    127506,
    "dc_detailed_status",
    field("sid", 0, 8, missing=(0xFF,)),
    field("instance", 8, 8),
    field("dc_type", 16, 8, enum="dc_type"),
    field("state_of_charge", 24, 8, unit="%", missing=(0xFF,)),
    field("state_of_health", 32, 8, unit="%", missing=(0xFF,)),
    field("time_remaining", 40, 16, unit="min", missing=(0xFFFF,)),
    field("ripple_voltage", 56, 16, scale="0.001", unit="V", missing=(0xFFFF,)),
    field("remaining_capacity", 72, 16, unit="Ah", missing=(0xFFFF,)),
    transport="fast",
    min_length=9,
)
CHARGER_STATUS = pgn(
    127507,
    "charger_status",
    field("instance", 0, 8),
    field("battery", 8, 8),
    field("state", 16, 4),
    field("mode", 20, 4),
    field("enabled", 24, 2, missing=(3,)),
    field("equalise", 26, 2),
    field("time", 32, 16, missing=(0xFFFF,)),
    transport="either",
)
CLAIM = pgn(60928, "address_claim", field("unique_number", 0, 21), field("manufacturer", 21, 11))
REQUEST = pgn(59904, "iso_request", field("pgn", 0, 24))
PRODUCT_INFO = pgn(
    126996,
    "product_information",
    field("version", 0, 16, scale="0.001"),
    field("product_code", 16, 16),
    field("model_id", 32, 256, "string"),
    field("software", 288, 256, "string"),
    field("model_version", 544, 256, "string"),
    field("serial", 800, 256, "string"),
    field("certification", 1056, 8),
    field("load", 1064, 8, scale="50", unit="mA"),
    transport="fast",
)
UDF = pgn(65280, "victron_udf_name", field("header", 0, 16), field("name", 16, 32))
PRODUCT_ID = vreg(
    0x0100,
    "VE_REG_PRODUCT_ID",
    field("identifier", 0, 8),
    field("product_id", 8, 16, missing=(0xFFFF,)),
    field("flags", 24, 8),
)
STATE = vreg(0x2102, "VE_REG_BMS_STATE", field("bms_state", 0, 8, enum="bms_state"))
SOC = vreg(0x0FFF, "VE_REG_SOC", field("soc", 0, 16, scale="0.01", unit="%", missing=(0xFFFF,)))
SERIAL = vreg(0x010A, "VE_REG_SERIAL_NUMBER", field("serial_number", 0, 0, "string"))
CONSUMED = vreg(
    0xEEFF,
    "VE_REG_BMV_CE",
    field("bmv_ce", 0, 32, "signed", "0.1", unit="Ah", missing=(0x7FFFFFFF,)),
    families=("lynx-smart-bms",),
)
LOW_VOLTAGE = vreg(0x0320, "VE_REG_ALARM_LOW_VOLTAGE_SET", field("set", 0, 16, "signed", "0.01", unit="V"))
LOW_VOLTAGE_BMV = vreg(
    0x0320, "VE_REG_ALARM_LOW_VOLTAGE_SET", field("set", 0, 16, "signed", "0.1", unit="V"), families=("bmv",)
)

SMALL = (
    BATTERY_STATUS,
    DC_STATUS,
    CHARGER_STATUS,
    CLAIM,
    REQUEST,
    PRODUCT_INFO,
    UDF,
    PRODUCT_ID,
    STATE,
    SOC,
    SERIAL,
    CONSUMED,
    LOW_VOLTAGE,
    LOW_VOLTAGE_BMV,
)
ENUMS = {"bms_state": {9: "running", 10: "error"}, "dc_type": {0: "battery"}}
PRODUCTS = {0xA3E5: ("Lynx Smart BMS 500", "lynx-smart-bms"), 0x0203: ("BMV-700", "bmv")}


def small() -> Database:
    """A database with one message of each sort."""
    return database_of(*SMALL, enums=ENUMS, products=PRODUCTS)
