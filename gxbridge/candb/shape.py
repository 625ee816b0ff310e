"""Rules R02 to R15, R34 and R35: the form of the items, before anything is computed from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

from gxbridge.candb.frames import parse_frame
from gxbridge.candb.item_keys import (
    ACCESS,
    FIELD_KEYS,
    FORMS,
    ITEM_KEYS,
    PATH_KEYS,
    RESERVED_KEYS,
    SAMPLE_KEYS,
    VALUE_KEYS,
)
from gxbridge.candb.model import CANDIDATE, Confidence, Origin, ProductKind, QuirkName, Transport
from gxbridge.candb.read import Item, texts
from gxbridge.candb.types import KINDS, MISSING_WORDS, Types
from gxbridge.core.model.record import record
from gxbridge.strict_yaml.document import Table
from gxbridge.strict_yaml.problem import Problem, nearest

_REGISTER_NAME = re.compile(r"VE_REG_[A-Z0-9_]+")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_FAMILY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@record
class Names:
    """What the items may refer to."""

    types: Types
    units: frozenset[str]
    enumerations: dict[str, Item]
    families: frozenset[str]
    sources: dict[str, str]
    path_groups: frozenset[str]

    @classmethod
    def of(cls, items: list[Item]) -> Names:
        """Collect the declarations; a malformed one is left out here and found by `check_form`."""

        def declared(kind: str) -> dict[str, Item]:
            return {i.table[kind]: i for i in items if i.kind == kind and isinstance(i.table[kind], str)}

        return cls(
            types=Types({name: item.table for name, item in declared("type").items()}),
            units=frozenset(declared("unit")) | {""},
            enumerations=declared("enumeration"),
            families=frozenset(declared("family")),
            sources={name: str(item.table.get("title")) for name, item in declared("source").items()},
            path_groups=frozenset(declared("path_group")),
        )

    def citation(self, keys: tuple[str, ...]) -> str:
        """The sources in full."""
        return "; ".join(self.sources[key] for key in keys)


def check_form(items: list[Item], names: Names) -> list[Problem]:
    """Every breach of the form. Rules that need well-formed items look only at those."""
    problems: list[Problem] = []
    sound: list[Item] = []
    for item in items:
        found = list(_form(item))
        problems += found
        if not found:
            sound.append(item)
    if any(item.kind == "type" and item not in sound for item in items):
        return problems  # nothing can be said of fields while a type is broken
    for item in sound:
        for rule in _RULES.get(item.kind, ()):
            problems += rule(item, names)
    return problems + list(_unique(sound))


def _nearest(wanted: object, known: Any, otherwise: str) -> str:
    near = nearest(wanted, known)
    return f"did you mean `{near}`?" if near is not None else otherwise


def _keys(item: Item, table: Table, allowed: dict[str, str], what: str) -> Iterator[Problem]:
    """R02 unknown key, R03 missing key, R04 wrong form, for one mapping."""
    for key in table:
        if key not in allowed:
            cure = _nearest(key, allowed, "one of " + ", ".join(allowed))
            yield Problem.at(item.inside(table, key), "R02", f"{what} has no key `{key}`", cure)
    for key, form in allowed.items():
        if key not in table:
            if form.endswith("!"):
                yield Problem.at(item.inside(table), "R03", f"{what} has no `{key}`", f"add `{key}:` ({_text(form)})")
        elif not FORMS[form.rstrip("!")][1](table[key]):
            yield Problem.at(item.inside(table, key), "R04", f"`{key}` is {table[key]!r:.60}", f"write {_text(form)}")


def _text(form: str) -> str:
    return FORMS[form.rstrip("!")][0]


def _form(item: Item) -> Iterator[Problem]:
    allowed = ITEM_KEYS.get(item.kind)
    if allowed is None:
        cure = _nearest(item.kind, ITEM_KEYS, "an item begins with " + ", ".join(ITEM_KEYS))
        yield Problem.at(item.where(), "R02", f"there is no item that begins with `{item.kind}:`", cure)
        return
    problems = list(_keys(item, item.table, allowed, f"a {item.kind} item"))
    yield from problems
    if not problems and item.kind in ("service", "path_group"):
        for row in item.table["paths"]:
            yield from _keys(item, row, PATH_KEYS, "a path")
    if problems or item.kind not in ("vreg", "pgn"):
        return
    if item.kind == "vreg" and ("value" in item.table) == ("fields" in item.table):
        cure = "write `value: {type: ...}` for one value, or `fields:` with a list (empty when there is no payload)"
        yield Problem.at(item.where(), "R03", "a register needs exactly one of `value` and `fields`", cure)
        return
    if "value" in item.table:
        yield from _keys(item, item.table["value"], VALUE_KEYS, "a value")
    for row in item.table.get("fields", []):
        yield from _keys(item, row, RESERVED_KEYS if "reserved" in row else FIELD_KEYS, "a field")
    for row in item.table["samples"]:
        yield from _keys(item, row, SAMPLE_KEYS, "a sample")
        if ("frame" in row) == ("frames" in row):
            yield Problem.at(
                item.inside(row),
                "R03",
                "a sample needs exactly one of `frame` and `frames`",
                "give the frames of one message",
            )


def _one_of(item: Item, rule: str, key: str, known: Any) -> Iterator[Problem]:
    if key in item.table and item.table[key] not in known:
        cure = _nearest(item.table[key], known, "one of " + ", ".join(known))
        yield Problem.at(item.where(key), rule, f"`{key}: {item.table[key]}` is not known", cure)


def _sources(item: Item, names: Names) -> Iterator[Problem]:
    """R05 sources are declared in sources.yaml; R06 the confidence is one of the five."""
    tables = [item.table, *item.table.get("samples", [])]
    for table in tables:
        for key in texts(table.get("source", [])):
            if key not in names.sources:
                cure = _nearest(key, names.sources, "declare it in sources.yaml")
                yield Problem.at(item.inside(table, "source"), "R05", f"source `{key}` is not declared", cure)
    if item.table.get("confidence") == CANDIDATE:
        return  # load.py refuses it, unless it is asked for
    yield from _one_of(item, "R06", "confidence", get_args(Confidence))


def _ids(item: Item, _names: Names) -> Iterator[Problem]:
    """R07: registers 0x0001..0xFFFF, products 0x0000..0xFFFF, PGNs of 18 bits, addressed ones ending in 00."""
    number = item.table[item.kind]
    if item.kind == "vreg" and not 1 <= number <= 0xFFFF:
        yield Problem.at(item.where(), "R07", f"register 0x{number:04X} does not exist", "use 0x0001 to 0xFFFF")
    if item.kind == "product" and number > 0xFFFF:
        yield Problem.at(item.where(), "R07", f"product id 0x{number:X} has more than 16 bits", "use 0x0000 to 0xFFFF")
    if item.kind == "pgn":
        if number > 0x3FFFF:
            yield Problem.at(item.where(), "R07", f"PGN {number} has more than 18 bits", "use 0 to 262143")
        elif number >> 8 & 0xFF < 240 and number & 0xFF:
            cure = f"write {number & ~0xFF}: below PDU format 240 the low byte is the destination"
            yield Problem.at(item.where(), "R07", f"PGN {number} carries a destination", cure)


def _spelling(item: Item, _names: Names) -> Iterator[Problem]:
    """R08: VE_REG_UPPER_CASE for registers, snake_case for everything else."""
    name = item.table["name"] if item.kind in ("vreg", "pgn") else item.table[item.kind]
    key = "name" if item.kind in ("vreg", "pgn") else item.kind
    if item.kind == "vreg":
        if not _REGISTER_NAME.fullmatch(name):
            cure = "write VE_REG_ and capitals, digits, underscores"
            yield Problem.at(item.where(key), "R08", f"`{name}` is not a register name", cure)
    elif item.kind == "family":
        if not _FAMILY.fullmatch(name):
            cure = "write lower case words joined with hyphens"
            yield Problem.at(item.where(key), "R08", f"`{name}` is not a family name", cure)
    elif not _SNAKE.fullmatch(name):
        yield Problem.at(
            item.where(key), "R08", f"`{name}` is not snake_case", "write lower case words joined with `_`"
        )
    for row in item.table.get("fields", []):
        if "name" in row and not _SNAKE.fullmatch(row["name"]):
            cure = "write lower case words joined with `_`"
            yield Problem.at(item.inside(row, "name"), "R08", f"field name `{row['name']}` is not snake_case", cure)


def _fields(item: Item, names: Names) -> Iterator[Problem]:
    """R09 type, R10 unit, R11 enumeration declared; R14 no missing codes typed by hand."""
    rows = [item.table["value"]] if "value" in item.table else item.table.get("fields", [])
    for row in rows:
        if "reserved" in row:
            continue
        if names.types.resolve(row["type"]) is None:
            cure = "use a type of types.yaml, as u16, s16, u32, bits8, text, n2k_u16"
            yield Problem.at(item.inside(row, "type"), "R09", f"type `{row['type']}` is not declared", cure)
        yield from _unit_and_enum(item, row, names)
        if row.get("missing", "none") != "none":
            cure = "leave it out (the type derives it), write `none`, or use a type that says it"
            yield Problem.at(item.inside(row, "missing"), "R14", f"`missing: {row['missing']}` is set by hand", cure)


def _unit_and_enum(item: Item, row: Table, names: Names) -> Iterator[Problem]:
    if row.get("unit", "") not in names.units:
        cure = _nearest(row["unit"], names.units - {""}, "declare it in types.yaml")
        yield Problem.at(item.inside(row, "unit"), "R10", f"unit `{row['unit']}` is not declared", cure)
    if "enum" in row and row["enum"] not in names.enumerations:
        cure = _nearest(row["enum"], names.enumerations, "declare it in enumerations/")
        yield Problem.at(item.inside(row, "enum"), "R11", f"enumeration `{row['enum']}` is not declared", cure)


def _choices(item: Item, names: Names) -> Iterator[Problem]:
    """R12: families, access, transport and origin are known words."""
    for family in texts(item.table.get("families", item.table.get("family", []))):
        if family not in names.families:
            cure = _nearest(family, names.families, "declare it in products.yaml")
            key = "families" if "families" in item.table else "family"
            yield Problem.at(item.where(key), "R12", f"family `{family}` is not declared", cure)
    yield from _one_of(item, "R12", "access", ACCESS)
    yield from _one_of(item, "R12", "transport", get_args(Transport))
    for row in item.table.get("samples", []):
        if row["origin"] not in get_args(Origin):
            cure = "write real, vendor or constructed"
            yield Problem.at(item.inside(row, "origin"), "R12", f"`origin: {row['origin']}` is not known", cure)


def _family_words(item: Item, _names: Names) -> Iterator[Problem]:
    """R12: the kind and the quirks of a family are known words; R34: only a BMS has quirks."""
    yield from _one_of(item, "R12", "kind", get_args(ProductKind))
    for quirk in texts(item.table.get("quirks", [])):
        if quirk not in get_args(QuirkName):
            cure = _nearest(quirk, get_args(QuirkName), "one of " + ", ".join(get_args(QuirkName)))
            yield Problem.at(item.where("quirks"), "R12", f"quirk `{quirk}` is not known", cure)
    for key in ("quirks", "max_batteries"):
        if key in item.table and item.table.get("kind") not in ("bms", "bms-copy"):
            cure = "leave it out, or write `kind: bms`"
            yield Problem.at(item.where(key), "R34", f"`{key}` of a family that is no BMS", cure)


def _names_differ(item: Item, _names: Names) -> Iterator[Problem]:
    """R35: a product is reported under another name, or the key is left out."""
    if item.table.get("reported_as") == item.table["name"]:
        yield Problem.at(item.where("reported_as"), "R35", "`reported_as` is the product's name", "leave it out")


def _frames(item: Item, _names: Names) -> Iterator[Problem]:
    """R13: frames in candump notation, all with the same id."""
    for row in item.table["samples"]:
        key = "frame" if "frame" in row else "frames"
        ids = set()
        for text in texts(row[key]):
            try:
                ids.add(parse_frame(text)[0])
            except ValueError as error:
                cure = "write it like 1CEFFF29#6699FF0F10270000"
                yield Problem.at(item.inside(row, key), "R13", f"frame `{text}`: {error}", cure)
        if len(ids) > 1:
            cure = "one sample is one message of one sender"
            yield Problem.at(item.inside(row, key), "R13", "the frames have different ids", cure)


def _type(item: Item, names: Names) -> Iterator[Problem]:
    """R09, R10, R11, R14 for a type's own declaration."""
    table = item.table
    if ("kind" in table) == ("base" in table):
        cure = f"write `kind:` ({', '.join(KINDS)}) or `base:` (another type)"
        yield Problem.at(item.where(), "R09", f"type `{table['type']}` needs exactly one of `kind` and `base`", cure)
    elif "kind" in table:
        yield from _one_of(item, "R09", "kind", KINDS)
    elif names.types.resolve(table["base"]) is None:
        yield Problem.at(item.where("base"), "R09", f"type `{table['base']}` is not declared", "declare the base first")
    yield from _unit_and_enum(item, table, names)
    for word in texts(table.get("missing", [])):
        if word not in MISSING_WORDS:
            cure = "one of " + ", ".join(MISSING_WORDS)
            yield Problem.at(item.where("missing"), "R14", f"`{word}` is not a missing code", cure)


def _unique(items: list[Item]) -> Iterator[Problem]:
    """R15: enumerations, products, families, types, units and sources are declared once."""
    seen: dict[tuple[str, object], Item] = {}
    for item in items:
        if item.kind in ("vreg", "pgn"):
            continue  # these may repeat for product families: rule R16
        first = seen.setdefault((item.kind, item.table[item.kind]), item)
        if first is not item:
            what = f"{item.kind} `{item.table[item.kind]}` is also declared at {first.where()}"
            yield Problem.at(item.where(), "R15", what, "keep one of them")


_ENTRY_RULES = (_sources, _ids, _spelling, _fields, _choices, _frames)
_RULES: dict[str, tuple[Callable[[Item, Names], Iterator[Problem]], ...]] = {
    "vreg": _ENTRY_RULES,
    "pgn": _ENTRY_RULES,
    "enumeration": (_sources, _spelling),
    "product": (_sources, _ids, _choices, _names_differ),
    "family": (_spelling, _family_words),
    "type": (_type,),
    "service": (_sources,),
    "path_group": (_sources,),
}
