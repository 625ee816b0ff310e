"""`can_db/` as a Model: read, check every rule, work out positions, scales and missing codes.

`load` gives a Model or raises CandbError with every breach found; `inspect` gives both, for `gxbridge candb check`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from gxbridge.candb import rules, shape
from gxbridge.candb.frames import parse_frame
from gxbridge.candb.model import (
    CANDIDATE,
    Confidence,
    DatabaseEntry,
    DatabaseModel,
    Enumeration,
    Field,
    KindRow,
    MissingCodes,
    Origin,
    Product,
    Sample,
    Transport,
)
from gxbridge.candb.read import Item, digest, files, read, texts
from gxbridge.candb.services import check_paths, services_of
from gxbridge.candb.shape import Names
from gxbridge.candb.types import decimal
from gxbridge.strict_yaml.document import Table
from gxbridge.strict_yaml.problem import Problem, ProblemsError

VREG_SINGLE = 61184
"""PGN 0xEF00 carries a register of up to 4 bytes; longer ones go by fast packet 126720 (0x1EF00)."""


class CandbError(ProblemsError):
    """The database cannot be used; `problems` lists every breach found, in the order of the files."""


def load(folder: Path) -> DatabaseModel:
    """The whole database under `folder`. Raises CandbError naming file, line, rule and cure for every breach."""
    model, problems = inspect(folder)
    if model is None or problems:
        raise CandbError(problems)
    return model


def inspect(folder: Path, candidates: bool = False) -> tuple[DatabaseModel | None, list[Problem]]:
    """The Model (None when the files' form does not allow one) and every breach, in the order of the files.

    With `candidates`, entries that nobody has confirmed count too: to check them, never to build from them.
    """
    items, problems = read(folder)
    names = Names.of(items)
    problems += [] if candidates else _candidates(items)
    problems += shape.check_form(items, names)
    if not problems:
        with_paths = [item for item in items if item.kind in ("service", "path_group")]
        problems += [found for item in with_paths for found in check_paths(item, names)]
    if problems:
        return None, sorted(problems)
    model = DatabaseModel(
        entries=tuple(_entry(item, names) for item in items if item.kind in ("vreg", "pgn")),
        enumerations={
            item.table["enumeration"]: _enumeration(item, names) for item in items if item.kind == "enumeration"
        },
        products={item.table["product"]: _product(item, names) for item in items if item.kind == "product"},
        families={item.table["family"]: _family(item.table) for item in items if item.kind == "family"},
        digest=digest(files(folder), folder),
        services=services_of(items, names),
    )
    return model, sorted(rules.check_model(model))


def _candidates(items: list[Item]) -> Iterator[Problem]:
    """R06: what `gxbridge learn` found is no knowledge yet."""
    for item in items:
        if item.table.get("confidence") == CANDIDATE:
            cure = "confirm it by other means, then write how sure it is; or take it out"
            what = f"{item.kind} `{item.table[item.kind]}` is only a candidate of `gxbridge learn`"
            yield Problem.at(item.where("confidence"), "R06", what, cure)


def _entry(item: Item, names: Names) -> DatabaseEntry:
    table = item.table
    register = table["vreg"] if item.kind == "vreg" else None
    fields = _fields(item, names)
    return DatabaseEntry(
        pgn=VREG_SINGLE if item.kind == "vreg" else table["pgn"],
        register=register,
        name=table["name"],
        title=table["title"],
        transport=cast(Transport, table["transport"]) if item.kind == "pgn" else _vreg_transport(fields),
        access=table.get("access", "R"),
        confidence=cast(Confidence, table["confidence"]),
        source=names.citation(texts(table["source"])),
        fields=fields,
        samples=tuple(_sample(item, sample, names) for sample in table["samples"]),
        where=item.where(),
        min_length=table.get("min_length", 0),
        length=table.get("length", 0),
        priority=table.get("priority", 7 if register is not None else 6),
        interval_ms=table.get("interval_ms"),
        note=table.get("note", ""),
        families=texts(table.get("families", ())),
    )


def _vreg_transport(fields: tuple[Field, ...]) -> Transport:
    """A register of at most 4 bytes is sent in one frame; text and longer structures by fast packet."""
    small = all(field.length > 0 and field.offset + field.length <= 32 for field in fields)
    return "single" if small else "fast"


def _fields(item: Item, names: Names) -> tuple[Field, ...]:
    table = item.table
    written: list[Table] = table.get("fields", [])
    if "value" in table:
        value = Table(table.lines["value"])
        value.update(table["value"], name=table["name"].removeprefix("VE_REG_").lower())
        written = [value]
    fields: list[Field] = []
    offset = 0
    for row in written:
        if "reserved" in row:
            offset += row["reserved"]
            continue
        offset = row.get("at", offset)
        repeat = row.get("repeat", 1)
        for number in range(1, repeat + 1):
            name = f"{row['name']}_{number}" if "repeat" in row else row["name"]
            field = _field(name, row, offset, names, item.inside(row))
            fields.append(field)
            offset += field.length
    return tuple(fields)


def _field(name: str, row: Table, offset: int, names: Names, where: str) -> Field:
    kind = names.types.resolve(row["type"])
    if kind is None:  # ruled out by shape.py
        raise AssertionError(row["type"])
    enum = row.get("enum", kind.enum)
    if enum is not None:
        missing: MissingCodes = tuple(sorted(names.enumerations[enum].table.get("missing", ())))
    else:
        missing = () if row.get("missing") == "none" else kind.missing_codes()
    return Field(
        name=name,
        kind=kind.kind,
        offset=offset,
        length=kind.length,
        scale=decimal(row["scale"]) if "scale" in row else kind.scale,
        add=decimal(row["add"]) if "add" in row else kind.add,
        unit=row.get("unit", kind.unit),
        enum=enum,
        missing=missing,
        where=where,
    )


def _sample(item: Item, row: Table, names: Names) -> Sample:
    frames = [parse_frame(text) for text in texts(row["frames"] if "frames" in row else row["frame"])]
    return Sample(
        can_id=frames[0][0],
        frames=tuple(data for _, data in frames),
        values=dict(row["says"]),
        origin=cast(Origin, row["origin"]),
        source=names.citation(texts(row["source"])) if "source" in row else "",
        where=item.inside(row),
    )


def _enumeration(item: Item, names: Names) -> Enumeration:
    table: Any = item.table
    return Enumeration(
        name=table["enumeration"],
        values=dict(table["values"]),
        missing=tuple(table.get("missing", ())),
        source=names.citation(texts(table["source"])),
        confidence=table["confidence"],
        where=item.where(),
    )


def _product(item: Item, names: Names) -> Product:
    table: Any = item.table
    return Product(
        product_id=table["product"],
        name=table["name"],
        family=table["family"],
        source=names.citation(texts(table["source"])),
        confidence=table["confidence"],
        where=item.where(),
        note=table.get("note", ""),
        reported_as=table.get("reported_as", ""),
    )


def _family(table: Table) -> KindRow:
    return table.get("kind", ""), texts(table.get("quirks", ())), dict(table.get("max_batteries", {}))
