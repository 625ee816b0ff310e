"""The database against the tables it was written from.

`data/registers.csv` and `data/register_fields.csv` are the project's fact sheet of VE.Can registers: identifiers,
widths, scales and units collected from Victron's public paper of 2015, the register header published with gui-v2 in
2022, and canboat. They stand beside the YAML so that a slip of the pen in either shows.
"""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
import yaml

from gxbridge.candb.load import load
from gxbridge.candb.model import DatabaseEntry, DatabaseModel, Field

DATA = Path(__file__).parent / "data"
CAN_DB = Path(__file__).parent.parent.parent / "can_db"
Row = dict[str, str]


def table(name: str) -> list[Row]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def model() -> DatabaseModel:
    return load(CAN_DB)


def register(number: int) -> DatabaseEntry:
    """The entry that holds for most products: without families, or the first."""
    found = [entry for entry in model().entries if entry.register == number]
    return next((entry for entry in found if not entry.families), found[0])


REGISTERS = table("registers.csv")
NUMBERS = [row for row in REGISTERS if re.fullmatch(r"[us]\d+", row["type"])]
STRUCTS = [row for row in REGISTERS if row["type"].startswith("struct")]


def number(row: Row) -> int:
    return int(row["id"], 16)


def test_every_register_of_the_fact_sheet_is_there_under_its_name() -> None:
    for row in REGISTERS:
        entry = next(e for e in model().entries if e.register == number(row) and e.name == row["name"])
        assert entry.access == row["access"]


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row["id"])
def test_a_single_value_has_width_sign_scale_unit_and_name(row: Row) -> None:
    entry = next(e for e in model().entries if e.name == row["name"] and not (e.families and row["id"] < "0x0400"))
    (field,) = entry.fields
    assert field.name == row["name"].removeprefix("VE_REG_").lower()
    assert (field.kind, field.length) == ("signed" if row["type"][0] == "s" else "unsigned", int(row["type"][1:]))
    assert (field.scale, field.add, field.unit) == (Decimal(row["scale"] or "1"), 0, row["unit"])
    if row["na"]:
        assert int(row["na"], 16) in field.missing


def test_named_bits_and_members_stand_where_the_fact_sheet_has_them() -> None:
    rows = table("register_fields.csv")
    for row in rows:
        entry = register(number(row))
        field = next(field for field in entry.fields if field.name == row["field"])
        assert (field.offset, field.length) == (int(row["offset"]), int(row["length"])), row
        assert field.scale == Decimal(row["scale"] or "1")
        assert field.unit == row["unit"]
        if row["na"]:
            assert int(row["na"], 16) in field.missing
        if row["enum"]:
            codes = dict(pair.split("=") for pair in row["enum"].split("|"))
            assert field.enum is not None
            texts = {
                str(code): text.replace(" ", "_") for code, text in model().enumerations[field.enum].values.items()
            }
            assert texts == codes


def sources_beside_the_fact_sheet(entry: DatabaseEntry) -> str:
    """What is left of an entry's sources without those that the fact sheet was made from."""
    rest = entry.source
    for item in yaml.safe_load((CAN_DB / "sources.yaml").read_text(encoding="utf-8")):
        if item["source"] in ("ve_regs.h", "regs_payload.h", "registers-v20", "canboat"):
            rest = rest.replace(item["title"], "")
    return rest.strip("; ")


def test_a_field_that_the_fact_sheet_does_not_name_comes_with_a_source_of_its_own() -> None:
    named: dict[int, set[str]] = {}
    for row in table("register_fields.csv"):
        named.setdefault(number(row), set()).add(row["field"])
    for identifier, fields in named.items():
        entry = register(identifier)
        assert fields <= {field.name for field in entry.fields}
        if not sources_beside_the_fact_sheet(entry):
            assert {field.name for field in entry.fields} == fields, entry.name


@pytest.mark.parametrize("row", STRUCTS, ids=lambda row: row["id"])
def test_a_structure_has_its_members_in_order(row: Row) -> None:
    entry = next(e for e in model().entries if e.name == row["name"])
    offset = 0
    fields = iter(entry.fields)
    for member in row["type"].removeprefix("struct(").removesuffix(")").split(";"):
        if member == "...":
            assert next(fields).kind == "bytes"
            continue
        kind, name = member.split(" ")
        width = int(re.sub(r"\D", "", kind))
        if name != "reserved":
            field: Field = next(fields)
            assert (field.offset, field.length, field.kind == "signed") == (offset, width, kind[0] == "s"), member
        offset += width


def test_unnamed_bits_are_one_raw_number() -> None:
    """Bit words without named bits: every code is a value, none means that something is missing."""
    words = [row for row in REGISTERS if re.fullmatch(r"bits\d+", row["type"])]
    named = {row["id"] for row in table("register_fields.csv")}
    for row in words:
        if row["id"] not in named:
            (field,) = register(number(row)).fields
            assert (field.kind, field.length, field.missing) == ("unsigned", int(row["type"][4:]), ())


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        (0x2160, "DISTRIBUTOR_A_FUSE1_NAME"),
        (0x217F, "DISTRIBUTOR_D_FUSE8_NAME"),
        (0x2130, "DISTRIBUTOR_E_FUSE1_NAME"),
        (0x2146, "DISTRIBUTOR_F_FUSE7_NAME"),
    ],
)
def test_fuse_names_are_texts_by_fast_packet(identifier: int, name: str) -> None:
    entry = register(identifier)
    assert (entry.name, entry.transport) == (f"VE_REG_{name}", "fast")
    assert [(field.kind, field.length) for field in entry.fields] == [("string", 0)]


STANDARD = [60928, 59904, 59392, 126208, 126464, 126993, 126996, 126998, 65280, 65281, 127488, 127489]
STANDARD += [*range(127500, 127515), *range(127744, 127752), *range(130310, 130317), 65013, 65014]


def test_every_standard_message_is_there() -> None:
    assert {entry.pgn for entry in model().entries if entry.register is None} >= set(STANDARD)


def test_product_ids_of_the_lynx_family() -> None:
    products = model().products
    assert {number: products[number].family for number in range(0xA3E3, 0xA3E8)} == {
        0xA3E3: "lynx-parallel",
        0xA3E4: "lynx-smart-bms-ng",
        0xA3E5: "lynx-smart-bms",
        0xA3E6: "lynx-smart-bms",
        0xA3E7: "lynx-smart-bms-ng",
    }


def test_registers_that_products_use_differently_have_a_layout_for_each() -> None:
    """0xEEFF is the consumed charge of a BMV and the VE.Bus error of a VE.Bus interface; 0x0320 has two units."""
    by_family = {
        family: entry.fields[0].name
        for entry in model().entries
        if entry.register == 0xEEFF
        for family in entry.families
    }
    assert (by_family["bmv"], by_family["vebus-interface"]) == ("bmv_ce", "mk2can_vebus_error")
    scales = {entry.families: entry.fields[0].scale for entry in model().entries if entry.register == 0x0320}
    assert scales[()] == Decimal("0.01")
    assert scales["bmv-70x", "bluesolar-vecan"] == Decimal("0.1")


def test_the_fields_that_conflicting_papers_leave_raw_are_raw() -> None:
    for identifier in (0x0105, 0x0330, 0x0360, 0x0372):
        (field,) = register(identifier).fields
        assert (field.enum, field.missing) == (None, ())


def test_every_enumeration_is_used_or_says_why_not() -> None:
    """One that no field uses has a title, which says so: "... the register that carries it is unknown"."""
    used = {field.enum for entry in model().entries for field in entry.fields}
    for path in sorted((CAN_DB / "enumerations").glob("*.yaml")):
        for item in yaml.safe_load(path.read_text(encoding="utf-8")):
            named = item["enumeration"].startswith(("n2k_function_", "group_"))  # chosen by a NAME, a group function
            assert item["enumeration"] in used or named or "unknown" in item.get("title", ""), item["enumeration"]
