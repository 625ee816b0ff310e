"""The database for people: one message in full, and the search for words."""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.candb.model import DatabaseEntry, Sample
from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.field import FieldInfo
from gxbridge.core.port.tables import service_table

_CODES_ON_ONE_LINE = 5


def find(database: Database, wanted: str) -> list[Layout]:
    """The layouts meant by `0x2108`, `VE_REG_BMS_IO`, `BMS_IO`, `127508`, `0x1F214` or `battery_status`; empty if none.

    A hexadecimal number of up to 16 bits is a register first, a decimal one is a PGN.
    """
    text = wanted.strip()
    try:
        number = int(text, 0)
    except ValueError:
        names = {text.lower(), text.upper(), f"VE_REG_{text.upper()}"}
        return [layout for layout in layouts(database) if layout.name in names]
    if text.lower().startswith("0x") and number <= 0xFFFF and database.variants(number):
        return list(database.variants(number))
    return [database.pgns[number]] if number in database.pgns else []


def layouts(database: Database) -> Iterator[Layout]:
    """Every PGN, then every register with all its variants."""
    for pgn in sorted(database.pgns):
        yield database.pgns[pgn]
    for register in sorted(database.registers):
        yield from database.variants(register)


def number_of(layout: Layout) -> str:
    """`127508` or `0x2108`."""
    return f"{layout.pgn}" if layout.register is None else f"0x{layout.register:04X}"


def describe(database: Database, layout: Layout, entry: DatabaseEntry | None = None) -> Iterator[str]:
    """The lines of `show`; with the `entry` of the source tree also its place and its samples."""
    kind = "PGN" if layout.register is None else "register"
    yield f"{kind} {number_of(layout)} {layout.name}"
    yield f"  {layout.title}"
    yield f"  {_carried(layout)}; confidence {layout.confidence}"
    if layout.families:
        yield f"  only for: {', '.join(layout.families)}"
    if layout.note:
        yield f"  note: {layout.note}"
    yield f"  source: {layout.source}"
    where = (
        "bits count from the first payload byte" if layout.register is None else "bits count behind 66 99 and the id"
    )
    yield f"  fields ({where}):" if layout.fields else "  no payload"
    for field in layout.fields:
        yield f"    {_field(field)}"
        yield from (f"      {line}" for line in _code_lines(database, field))
    if entry is not None:
        yield "  samples:"
        for sample in entry.samples:
            yield from (f"    {line}" for line in _sample(sample))
        yield f"  written in {entry.where}"


def _carried(layout: Layout) -> str:
    if layout.register is not None:
        long = layout.transport == "fast"
        carrier = "fast packet, PGN 126720" if long else "single frame, PGN 61184"
        return f"{carrier}; access {layout.access}"
    how = {"single": "single frame", "fast": "fast packet", "either": "fast packet or single frame"}[layout.transport]
    often = f", every {layout.interval_ms} ms" if layout.interval_ms else ""
    return f"0x{layout.pgn:05X}; {how}, priority {layout.priority}{often}"


def _field(field: FieldInfo) -> str:
    end = f"{field.offset + field.length - 1}" if field.length else "end"
    bits = f"bit {field.offset}" if field.length == 1 else f"bits {field.offset}-{end}"
    parts = [f"{bits:<12} {field.name}", field.kind]
    if (field.scale, field.add) != (1, 0) or field.unit:
        step = field.numerator if field.denominator == 1 else field.scale
        parts.append(f"{step:g} {field.unit}".strip() + (f" {field.add:+.10g}" if field.add else ""))
    if field.missing:
        missing, apart = field.missing, ", "
        if isinstance(missing, range):
            missing, apart = (missing[0], missing[-1]), " to "
        parts.append("not available: " + apart.join(f"0x{code:X}" for code in missing))
    return "  ".join(parts)


def _code_lines(database: Database, field: FieldInfo) -> Iterator[str]:
    if field.enum is None:
        return
    texts = [f"{code} {text}" for code, text in database.enums[field.enum].items()]
    if len(texts) <= _CODES_ON_ONE_LINE:
        yield f"{field.enum}: {', '.join(texts)}"
    else:
        yield f"{field.enum}:"
        yield from (f"  {text}" for text in texts)


def _sample(sample: Sample) -> Iterator[str]:
    for frame in sample.frames:
        yield f"{sample.can_id:08X}#{frame.hex().upper()}"
    said = ", ".join(f"{name} {'null' if value is None else value}" for name, value in sample.values.items())
    origin = f"{sample.origin}: {sample.source}" if sample.source else sample.origin
    yield f"  {said or 'no value'} ({origin})"


def describe_enumeration(database: Database, name: str) -> Iterator[str]:
    """The lines of `show` for an enumeration: its codes, and who uses it."""
    yield f"enumeration {name}"
    yield from (f"  {code} (0x{code:X}) {text}" for code, text in database.enums[name].items())
    users = [layout for layout in layouts(database) if any(field.enum == name for field in layout.fields)]
    yield "  used by: " + (", ".join(f"{number_of(layout)} {layout.name}" for layout in users) or "nothing")


def describe_service(name: str) -> Iterator[str]:
    """The lines of `show` for a D-Bus service of a port's devices."""
    table = service_table(name)
    yield f"service com.victronenergy.{name}: {table.title}"
    if table.families:
        yield f"  of the product families: {', '.join(table.families)}"
    if table.note:
        yield f"  note: {table.note}"
    for row in table.rows:
        kind = row.spec.signature + "?" * row.sibling
        made = [f"computed: {row.compute}"] if row.compute else []
        known = [*row.feeds, *made] or [
            row.fact or (f"{row.value}" if row.known else "what is written" * (row.write == "link"))
        ]
        when = "" if row.when is None else f" while {row.when[0]} > {row.when[1]}"
        yield f"  {row.path:<40} {kind:<2} {', '.join(known) or 'always invalid'}{when}  {row.confidence}"
    if table.lacks:
        yield f"  left out: {', '.join(table.lacks)}"


def search(database: Database, words: list[str]) -> Iterator[str]:
    """One line for each message that holds all words (in number, name, title, note, fields, units or code texts)."""
    wanted = [word.lower() for word in words]
    for layout in layouts(database):
        head = [number_of(layout), layout.name, layout.title, layout.note, *layout.families]
        matches = {field.name: _words(database, field) for field in layout.fields}
        whole = " ".join([*head, *matches.values()]).lower()
        if not all(word in whole for word in wanted):
            continue
        plain = " ".join(head).lower()
        fields = [name for name, text in matches.items() if any(word in text.lower() for word in wanted)]
        shown = f"  [{', '.join(fields[:4])}]" if fields and not all(word in plain for word in wanted) else ""
        yield f"{number_of(layout):<8} {layout.name:<40} {layout.title}{shown}"


def _words(database: Database, field: FieldInfo) -> str:
    texts = database.enums[field.enum].values() if field.enum is not None else ()
    return " ".join([field.name, field.unit, *texts])
