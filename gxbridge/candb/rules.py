"""The rules of the database. RULES gives each number its sentence; R16 and up are judged here, on the whole Model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from gxbridge.candb.frames import VREG_HEADER_BYTES, is_addressed, join, pgn_of
from gxbridge.candb.functions import header_bytes, scale_of
from gxbridge.candb.model import DatabaseEntry, DatabaseModel, Field, Sample
from gxbridge.candb.services import check_services
from gxbridge.core.nmea2000.field import FieldInfo, read
from gxbridge.strict_yaml.problem import Problem

RULES: dict[str, str] = {
    "R01": "A file is YAML without duplicate keys: a list of items, each a mapping.",
    "R02": "Only known keys are used.",
    "R03": "Every item has the keys it needs.",
    "R04": "Every value has the form its key asks for.",
    "R05": "Every source is declared in sources.yaml.",
    "R06": "The confidence is CONFIRMED, CORROBORATED, SINGLE, INFERRED or UNKNOWN; CANDIDATE is never built.",
    "R07": "Register, PGN and product numbers are in range, and a PGN carries no destination.",
    "R08": "Registers are VE_REG_UPPER_CASE, everything else is snake_case.",
    "R09": "Every type is declared in types.yaml.",
    "R10": "Every unit is declared in types.yaml.",
    "R11": "Every enumeration that a field uses is declared.",
    "R12": "Families, their kinds and quirks, access, transport and origin are words from their lists.",
    "R13": "Sample frames are written in candump's notation, and those of one sample share their id.",
    "R14": "Missing codes follow from width and sign: no field sets them by hand.",
    "R15": "An enumeration, product, family, type, unit or source is declared once.",
    "R16": "A register or PGN has one layout for each product family, and at most one without families.",
    "R17": "No two different messages share a name.",
    "R18": "Field names are unique in their entry.",
    "R19": "Fields are in order and do not overlap; only the last may run to the end of the payload.",
    "R20": "The fields fit into what the transport carries.",
    "R21": "The codes of an enumeration fit into every field that uses it.",
    "R22": "A field with an enumeration is a number without scale, offset and unit.",
    "R23": "Only numbers have scale, offset, unit and missing codes; a scale is greater than zero.",
    "R24": "Every entry has a sample.",
    "R25": "A sample's frames belong to its entry: the PGN, or the register behind 66 99.",
    "R26": "A sample's frames form one complete message, single frame or fast packet.",
    "R27": "A sample gives values for fields of its entry only, and for at least one if the entry has fields.",
    "R28": "The values of a sample can be written with the field's width, sign and scale.",
    "R29": "A real sample and a vendor's example name their source.",
    "R30": "A sample of a command is addressed, every other register sample is a broadcast.",
    "R31": "Title and note are one line each; a title does not end with a full stop.",
    "R32": "min_length and length fit the transport, and min_length does not exceed length.",
    "R33": "A sample decodes to what it says.",
    "R34": "Only a family of BMSes has quirks and a largest number of batteries.",
    "R35": "A product that is reported under another name has `reported_as`; no other has.",
    "R36": "A path has a D-Bus type and a known unit, and its value from one place.",
    "R37": "A feed is a register or a PGN of the database and a field that it has.",
    "R38": "A service draws in path groups and families that are declared.",
    "R39": "A condition names a path of the same service.",
}

FAST_BYTES = 223
"""6 bytes in the first frame of a fast packet and 7 in each of 31 more."""

_TRANSFERS = ("request", "reply")
"""Access words of registers that are not values: 0x0001 and 0x0002 go to one node or to all."""


def check_model(model: DatabaseModel) -> list[Problem]:
    """Every breach of R16 and up."""
    problems = list(_one_layout(model)) + list(_one_name(model)) + list(dict.fromkeys(check_services(model)))
    for entry in model.entries:
        for rule in _ENTRY_RULES:
            problems += rule(entry)
        for field in entry.fields:
            problems += [Problem.at(field.where, *found) for found in _field(field, model)]
        for sample in entry.samples:
            for judge in _SAMPLE_RULES:
                problems += [Problem.at(sample.where, *found) for found in judge(entry, sample)]
    return problems


Breach = tuple[str, str, str]
"""Rule, what is wrong, what to write instead."""


def _id(entry: DatabaseEntry) -> str:
    return f"PGN {entry.pgn}" if entry.register is None else f"register 0x{entry.register:04X}"


def _one_layout(model: DatabaseModel) -> Iterator[Problem]:
    seen: dict[tuple[int, int | None, str], DatabaseEntry] = {}
    for entry in model.entries:
        for family in entry.families or ("",):
            first = seen.setdefault((entry.pgn, entry.register, family), entry)
            if first is not entry:
                whom = f"for family `{family}`" if family else "without families"
                what = f"{_id(entry)} {whom} is also declared at {first.where}"
                yield Problem.at(entry.where, "R16", what, "keep one, or give them different `families:`")


def _one_name(model: DatabaseModel) -> Iterator[Problem]:
    seen: dict[str, DatabaseEntry] = {}
    for entry in model.entries:
        first = seen.setdefault(entry.name, entry)
        if (first.pgn, first.register) != (entry.pgn, entry.register):
            what = f"`{entry.name}` is also the name of {_id(first)} at {first.where}"
            yield Problem.at(entry.where, "R17", what, "give each message its own name")


def _layout(entry: DatabaseEntry) -> Iterator[Problem]:
    names: set[str] = set()
    end = 0
    for number, field in enumerate(entry.fields, 1):
        if field.name in names:
            yield Problem.at(
                field.where, "R18", f"field `{field.name}` is declared twice", "give each field its own name"
            )
        names.add(field.name)
        if field.offset < end:
            cure = f"begin at bit {end} or later, or correct the field before it"
            yield Problem.at(
                field.where,
                "R19",
                f"field `{field.name}` begins at bit {field.offset}, inside the field before it",
                cure,
            )
        end = max(end, field.offset + field.length)
        if not field.length and number < len(entry.fields) and field.kind != "lau":
            cure = "make it the last, or give it a length (text16, bytes4)"
            yield Problem.at(field.where, "R19", f"field `{field.name}` runs to the end and is not the last", cure)


def _room(entry: DatabaseEntry) -> int:
    return 8 if entry.transport == "single" else FAST_BYTES


def _fits(entry: DatabaseEntry) -> Iterator[Problem]:
    end = max((field.offset + field.length for field in entry.fields), default=0)
    needed = header_bytes(entry) + -(-end // 8)
    if needed > _room(entry):
        cure = "check the widths, or use `transport: fast`"
        yield Problem.at(
            entry.where,
            "R20",
            f"the fields need {needed} bytes, a {entry.transport} message carries {_room(entry)}",
            cure,
        )
    for name, length in (("min_length", entry.min_length), ("length", entry.length)):
        if length > _room(entry):
            cure = f"use at most {_room(entry)}"
            yield Problem.at(
                entry.where, "R32", f"`{name}: {length}` is more than a {entry.transport} message carries", cure
            )
    if entry.length and entry.length < max(entry.min_length, needed):
        cure = "leave it out, or give the whole payload"
        yield Problem.at(
            entry.where, "R32", f"`length: {entry.length}` is less than its fields or min_length need", cure
        )


def _words(entry: DatabaseEntry) -> Iterator[Problem]:
    for name, text in (("title", entry.title), ("note", entry.note)):
        if "\n" in text or (name == "title" and text.endswith(".")):
            what = f"`{name}: {text:.40}` is not one plain line"
            yield Problem.at(entry.where, "R31", what, "write one line; a title has no full stop")


def _sampled(entry: DatabaseEntry) -> Iterator[Problem]:
    if not entry.samples:
        cure = "add a frame and what it says (origin: constructed when none was recorded)"
        yield Problem.at(entry.where, "R24", f"{_id(entry)} has no sample", cure)


_ENTRY_RULES: tuple[Callable[[DatabaseEntry], Iterator[Problem]], ...] = (_layout, _fits, _words, _sampled)


def limits(field: Field) -> tuple[int, int]:
    """Smallest and largest raw number that the field's bits can hold."""
    if field.kind == "signed":
        return -(1 << field.length - 1), (1 << field.length - 1) - 1
    return 0, (1 << field.length) - 1


def _field(field: Field, model: DatabaseModel) -> Iterator[Breach]:
    plain = field.scale == 1 and field.add == 0 and not field.unit
    number = field.kind in ("unsigned", "signed")
    if number and field.length > 64:
        yield "R20", f"field `{field.name}` has {field.length} bits", "a number has at most 64 bits"
    if field.enum is not None:
        if not plain or not number:
            cure = "remove scale, add and unit, or the enumeration"
            yield "R22", f"field `{field.name}` has an enumeration and is not a plain number", cure
            return
        enumeration = model.enumerations[field.enum]
        top = limits(field)[1]
        for code in (*enumeration.values, *enumeration.missing):
            if not limits(field)[0] <= code <= top:
                what = f"code {code} of `{field.enum}` does not fit into `{field.name}` (0 to {top})"
                yield "R21", what, "widen the field or use another enumeration"
    elif (not number and (not plain or field.missing)) or field.scale <= 0:
        cure = "text and bytes have neither scale, add, unit nor missing codes; a scale is above zero"
        yield "R23", f"field `{field.name}` ({field.kind}) cannot have these keys", cure


def _belongs(entry: DatabaseEntry, sample: Sample) -> Iterator[Breach]:
    pgn = pgn_of(sample.can_id)
    if entry.register is None:
        if pgn != entry.pgn:
            yield "R25", f"the sample's id carries PGN {pgn}", f"use an id of PGN {entry.pgn}"
        return
    if pgn != 126720 and (pgn != 61184 or len(sample.frames) > 1):
        yield "R25", f"the sample's id carries PGN {pgn}", "use 61184 for a single frame, 126720 for a fast packet"
    command = entry.access == "W"
    if entry.access not in _TRANSFERS and is_addressed(sample.can_id) is not command:
        whom = "addressed to one node, as 1CEF29E1" if command else "a broadcast, as 1CEFFF29"
        yield "R30", f"the sample's id {sample.can_id:08X} does not match access {entry.access}", f"make it {whom}"


def _complete(entry: DatabaseEntry, sample: Sample) -> Iterator[Breach]:
    try:
        payload = payload_of(entry, sample)
    except ValueError as error:
        yield "R26", f"the sample is not a complete message: {error}", "write the frames as they are on the bus"
        return
    if entry.register is not None:
        header = b"\x66\x99" + entry.register.to_bytes(2, "little")
        if payload[:VREG_HEADER_BYTES] != header:
            yield "R25", f"the sample's payload begins with {payload[:4].hex(' ')}", f"begin with {header.hex(' ')}"
    if len(payload) < entry.min_length:
        yield "R26", f"the sample has {len(payload)} bytes, min_length is {entry.min_length}", "complete the frame"


def payload_of(entry: DatabaseEntry, sample: Sample) -> bytes:
    """The payload a receiver gets from the sample (a VREG's header included). Raises ValueError for bad frames."""
    fast = entry.transport == "fast"
    if entry.register is not None or entry.transport == "either":
        fast = len(sample.frames) > 1 or (entry.register is not None and pgn_of(sample.can_id) == 126720)
        fast = fast or (entry.register is None and _announces(entry, sample.frames[0]))
    return join(sample.frames, fast)


def _announces(entry: DatabaseEntry, frame: bytes) -> bool:
    """A first frame of a fast packet with exactly the length of this message (the test for `either`)."""
    end = max((field.offset + field.length for field in entry.fields), default=0)
    return len(frame) > 1 and frame[0] & 0x1F == 0 and frame[1] == -(-end // 8)


def _says(entry: DatabaseEntry, sample: Sample) -> Iterator[Breach]:
    fields = {field.name: field for field in entry.fields}
    for name, said in sample.values.items():
        field = fields.get(name)
        if field is None:
            yield "R27", f"the sample names `{name}`, which is not a field", "one of " + ", ".join(fields)
        elif not _writable(field, said):
            cure = "correct the value, the scale or the type"
            yield (
                "R28",
                f"`{name}: {said}` cannot be written as {field.kind} of {field.length} bits, scale {field.scale}",
                cure,
            )
    if fields and not sample.values:
        yield "R27", "the sample says nothing", "write `says: {field: value}`; null where it is not available"
    if sample.origin != "constructed" and not sample.source:
        yield "R29", f"the sample is {sample.origin} and has no source", "add `source:`"


def _writable(field: Field, said: object) -> bool:
    if said is None:
        return True  # not available, or past the end of a short payload
    if field.kind in ("string", "lau", "bytes"):
        return isinstance(said, str)
    if type(said) not in (int, float) or field.scale <= 0:
        return False
    raw = (Decimal(str(said)) - field.add) / field.scale
    low, high = limits(field)
    return raw == raw.to_integral_value() and low <= raw <= high and int(raw) not in field.missing


def field_info(field: Field) -> FieldInfo:
    """The field as the decoder of last resort takes it (`core/nmea2000/field.py`)."""
    scale = scale_of(field)
    return FieldInfo(field.name, field.kind, field.offset, field.length, field.unit, field.enum, *scale, field.missing)


def _decodes(entry: DatabaseEntry, sample: Sample) -> Iterator[Breach]:
    if any(field.scale <= 0 or field.length > 64 for field in entry.fields if field.kind in ("unsigned", "signed")):
        return  # R20 or R23 has reported it
    try:
        payload = payload_of(entry, sample)
    except ValueError:
        return  # R26 has reported it
    values = read([field_info(field) for field in entry.fields], payload, header_bytes(entry))
    for field, value in zip(entry.fields, values, strict=True):
        seen = value.hex() if isinstance(value, bytes) else value
        said = sample.values.get(field.name, seen)
        if said != seen and not (said == "" and seen is None):
            what = f"the sample says `{field.name}: {said}`, its frame says {'null' if seen is None else seen}"
            yield "R33", what, "correct the frame, the sample or the layout"


_SAMPLE_RULES: tuple[Callable[[DatabaseEntry, Sample], Iterator[Breach]], ...] = (_belongs, _complete, _says, _decodes)
