"""The D-Bus services of a port's devices: rules R36 to R39, and rows from the items that hold them.

A row says where its value comes from, by one of `feed` (registers and fields of PGNs, the best first), `fact` (what the
device is) and `value` (always the same); `compute` makes it of the other values. A row with none is always invalid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gxbridge.candb.model import DatabaseModel, ServiceEntry, ServicePath
from gxbridge.candb.read import Item, texts
from gxbridge.candb.shape import Names
from gxbridge.core.port.feeds import ALL_FIELDS, FEED
from gxbridge.strict_yaml.problem import Problem, nearest

TYPES = ("y", "q", "u", "i", "d", "s")
_TYPE = re.compile(rf"[{''.join(TYPES)}]\??")
UNITS: Mapping[str, str] = {
    "V": "{:.2f}V", "A": "{:.1f}A", "W": "{:.0f}W", "Hz": "{:.1f}Hz", "kWh": "{:.2f}kWh", "min": "{:.0f}min",
    "s": "{:.0f}s", "rpm": "{:.0f}rpm", "Ah": "{:.1f}Ah", "C": "{:.1f}C", "m3": "{:.4f}m3", "%": "{:.3g}%",
}  # fmt: skip
"""How the vendor's driver writes a value with its unit, as recorded; `%` drops the decimals of a whole number."""
WHEN = re.compile(r"/[A-Za-z0-9/]+>\d")


def check_paths(item: Item, names: Names) -> Iterator[Problem]:
    """R36: types, units, sources of the value; R38: the groups and families that a service draws in."""
    for row in item.table["paths"]:
        where = item.inside(row)
        if not row["path"].startswith("/"):
            yield Problem.at(where, "R36", f"`path: {row['path']}` is no path", "begin it with /")
        if not _TYPE.fullmatch(row["type"]):
            cure = f"one of {', '.join(TYPES)}, with ? when it was not recorded"
            yield Problem.at(where, "R36", f"`type: {row['type']}` is no D-Bus type", cure)
        if row.get("unit", "V") not in UNITS:
            yield Problem.at(where, "R36", f"`unit: {row['unit']}` has no text", "one of " + ", ".join(UNITS))
        if len({"feed", "fact", "value"} & row.keys()) > 1:
            yield Problem.at(where, "R36", f"{row['path']} has its value from several places", "keep one")
    for group in texts(item.table.get("with", ())):
        if group not in names.path_groups:
            near = nearest(group, names.path_groups)
            cure = f"did you mean `{near}`?" if near is not None else "declare it with `path_group:`"
            yield Problem.at(item.where("with"), "R38", f"there is no path group `{group}`", cure)
    for family in texts(item.table.get("families", ())):
        if family not in names.families:
            what = f"family `{family}` is not declared"
            yield Problem.at(item.where("families"), "R38", what, "declare it in products.yaml")


def services_of(items: list[Item], names: Names) -> dict[str, ServiceEntry]:
    """Every service, with the rows of the groups that it draws in; its own row of a path counts."""
    groups = {item.table["path_group"]: item for item in items if item.kind == "path_group"}
    found = {}
    for item in items:
        if item.kind != "service":
            continue
        table = item.table
        rows: dict[str, ServicePath] = {}
        for part in (*(groups[name] for name in texts(table.get("with", ()))), item):
            rows.update((row.path, row) for row in _rows(part, names))
        found[table["service"]] = ServiceEntry(
            name=table["service"],
            title=table["title"],
            families=texts(table.get("families", ())),
            lacks=texts(table.get("lacks", ())),
            note=table.get("note", "").strip(),
            paths=tuple(rows.values()),
            where=item.where(),
        )
    return found


def _rows(item: Item, names: Names) -> Iterator[ServicePath]:
    """The rows of one item, each repetition by itself."""
    source = names.citation(texts(item.table["source"]))
    for row in item.table["paths"]:
        text = row.get("text", UNITS[row["unit"]] if "unit" in row else "{}")
        if "decimals" in row:
            text = f"{{:.{row['decimals']}f}}{row['unit']}"
        for step in range(row.get("count", 1)):
            number = row.get("first", 0) + step
            yield ServicePath(
                path=_numbered(row["path"], number),
                type=row["type"],
                text=text,
                feeds=tuple(_feed(_numbered(feed, number), step) for feed in _feeds(row.get("feed", ()))),
                fact=row.get("fact", ""),
                compute=row.get("compute", ""),
                value=str(row.get("value", "")),
                write=_register(row.get("write", "")) + ":" + ",".join(map(str, row.get("allow", ()))),
                when=_numbered(row.get("when", ""), number),
                confidence=row.get("confidence", item.table["confidence"]),
                source=source,
                where=item.inside(row),
            )


def _numbered(text: str, number: int) -> str:
    return text.replace("{n}", str(number)).replace("{m}", str(number + 1))


def _feed(text: str, step: int) -> str:
    """`0x2250+5n.x` of the third repetition is `0x225A.x`; what is no feed is left for `check_services`."""
    match = FEED.fullmatch(text)
    if match is None or match[2] is None:
        return text
    number = int(match[1], 0) + int(match[2]) * step
    return f"0x{number:04X}{text[match.end(2) + 1 :]}"


def _register(value: Any) -> str:
    """A number is a register."""
    return f"0x{value:04X}" if isinstance(value, int) else str(value)


def _feeds(value: Any) -> tuple[str, ...]:
    return tuple(_register(feed) for feed in (value if isinstance(value, list | tuple) else [value]))


def check_services(model: DatabaseModel) -> Iterator[Problem]:
    """R37: a feed is a field that there is; R39: a condition is a path of the same service."""
    fields: dict[tuple[int, int | None], set[str]] = {}
    for entry in model.entries:
        key = (0, entry.register) if entry.register is not None else (entry.pgn, None)
        fields.setdefault(key, set()).update(field.name for field in entry.fields)
    for service in model.services.values():
        paths = {row.path for row in service.paths}
        for row in service.paths:
            for feed in row.feeds:
                match = FEED.fullmatch(feed)
                if match is None:
                    cure = "write it like 0xED8D, 0x104F.days or 127508#0.voltage|celsius"
                    yield Problem.at(row.where, "R37", f"`feed: {feed}` is no feed", cure)
                    continue
                number = int(match[1], 0)
                key = (0, number) if match[1].startswith("0x") else (number, None)
                known, field = fields.get(key), match[4]
                if known is None:
                    what = f"{match[1]} is not in the database"
                    yield Problem.at(row.where, "R37", what, "add the message first, or leave the row out")
                elif field not in (None, ALL_FIELDS) and field not in known:
                    what = f"{match[1]} has no field `{field}`"
                    yield Problem.at(row.where, "R37", what, "one of " + ", ".join(sorted(known)))
                elif field is None and len(known) != 1:
                    cure = "name one of " + ", ".join(sorted(known))
                    yield Problem.at(row.where, "R37", f"{match[1]} has {len(known)} fields", cure)
            if row.when and (not WHEN.fullmatch(row.when) or row.when.partition(">")[0] not in paths):
                what = f"`when: {row.when}` is no path of {service.name} and a number"
                yield Problem.at(row.where, "R39", what, "write it like /NrOfTrackers>1")
