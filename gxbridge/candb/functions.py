"""One decode function for each shape of layout, as Python source.

A function unpacks the whole payload with one precompiled `Struct` and returns a plain tuple. It raises `struct.error`
or `IndexError` when the payload is too short, which the decoder takes as a sign to read field by field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm

from gxbridge.candb.frames import VREG_HEADER_BYTES
from gxbridge.candb.model import DatabaseEntry, Field, MissingCodes

_LETTERS = {1: "B", 2: "H", 4: "I", 8: "Q"}
_QUARTERS_FROM = 3
"""Bytes of four two-bit values in a row from which a table of 256 rows pays."""


class GenerateError(ValueError):
    """An entry that no decode function can be written for; the text names it and says why."""


def scale_of(field: Field) -> tuple[int, int, int]:
    """Numerator, denominator and addend: value = (raw * numerator + addend) / denominator."""
    scale, add = _exact(field.scale), _exact(field.add)
    bottom = lcm(scale.denominator, add.denominator)
    return int(scale * bottom), bottom, int(add * bottom)


def _exact(number: Decimal) -> Fraction:
    return Fraction(*number.as_integer_ratio())


def header_bytes(entry: DatabaseEntry) -> int:
    """Bytes in front of the first field."""
    return 0 if entry.register is None else VREG_HEADER_BYTES


Raws = dict[tuple[str, int, int], str]
"""The expression of each number's raw value, by kind, offset and length."""


def _place(field: Field) -> tuple[str, int, int]:
    return field.kind, field.offset, field.length


class Functions:
    """The decode functions written so far, each once."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._structs: dict[str, str] = {}
        self._quarters: dict[MissingCodes, str] = {}
        self._source: list[str] = []

    def number_of(self, entry: DatabaseEntry) -> int:
        """The number of the function that decodes `entry`, written now if none fits yet."""
        fields, header = entry.fields, header_bytes(entry)
        shape = tuple((field.kind, field.offset, field.length, scale_of(field), field.missing) for field in fields)
        key = (shape, header, entry.min_length)
        if key not in self._numbers:
            try:
                source = self._function(fields, header, entry.min_length)
            except GenerateError as wrong:
                raise GenerateError(f"{entry.where}: {entry.name}: {wrong}") from None
            self._numbers[key] = len(self._source)
            self._source.append(source)
        return self._numbers[key]

    def lines(self) -> Iterable[str]:
        yield from (f"{name} = Struct({form!r}).unpack_from" for form, name in self._structs.items())
        yield from (f"{name} = quarters({missing!r})" for missing, name in self._quarters.items())
        yield from (f"def d{number}(p):\n{body}" for number, body in enumerate(self._source))
        yield f"DECODERS = ({''.join(f'd{number}, ' for number in range(len(self._source)))})"

    def _function(self, fields: Sequence[Field], header: int, min_length: int) -> str:
        steps: list[str] = []
        full = self._body(fields, header, steps)
        kept = _within(fields, header, min_length)
        if 0 < len(kept) < len(fields):
            # A known shorter version of the message is worth its own way; anything else, such as two lines of three,
            # is read field by field.
            end = min(header * 8 + field.offset + field.length for field in fields[len(kept) :])
            short: list[str] = []
            values = self._body(kept, header, short)
            nothing = ", ".join(["None"] * (len(fields) - len(kept)))
            short.append(f"return ({values}{nothing},)")
            steps = [f"if len(p) < {(end + 7) // 8}:", *(f" {step}" for step in short), *steps]
        return "\n".join(f" {step}" for step in [*steps, f"return ({full})"])

    def _body(self, fields: Sequence[Field], header: int, steps: list[str]) -> str:
        """The values as the inside of a tuple display; statements that must come first are added to `steps`."""
        raws = self._unpack(fields, header, steps)
        values: list[str] = []
        at = 0
        while at < len(fields):
            field = fields[at]
            start = header + field.offset // 8
            if field.kind == "lau":
                row = [other.kind for other in fields[at:]]
                count = next((n for n, kind in enumerate(row) if kind != "lau"), len(row))
                values.append(f"*laus(p, {start}, {count})")
                at += count
            elif len(quarter_bytes := _quarter_bytes(fields[at:], raws)) >= _QUARTERS_FROM:
                table = self._quarters.setdefault(field.missing, f"q{len(self._quarters)}")
                values += (f"*{table}[{byte}]" for byte in quarter_bytes)
                at += 4 * len(quarter_bytes)
            elif field.kind in ("string", "bytes"):
                end = str(start + field.length // 8) if field.length else ""
                values.append(f"text(p[{start}:{end}])" if field.kind == "string" else f"p[{start}:{end}] or None")
                at += 1
            else:
                values.append(_value(field, raws[_place(field)], f"v{at}", steps))
                at += 1
        return "".join(f"{value}, " for value in values)

    def _unpack(self, fields: Sequence[Field], header: int, steps: list[str]) -> Raws:
        """Add the statement that unpacks all numbers; returns the expression of each."""
        form, at = "<", 0
        names: list[str] = []
        raws: Raws = {}
        for start, end, members in _groups(fields):
            pieces: list[tuple[str, int]] = []
            wide: list[str] = []
            for size in _sizes(end - start):
                pieces.append((f"b{len(names) + len(pieces)}", size))
            signed = len(members) == 1 and members[0].kind == "signed" and members[0].length == (end - start) * 8
            form += "x" * (header + start - at)
            shift = 0
            for index, (name, size) in enumerate(pieces):
                letter = _LETTERS[size]
                form += letter.lower() if signed and index == len(pieces) - 1 else letter
                wide.append(f"({name} << {shift})" if shift else name)
                shift += 8 * size
            names += [name for name, _ in pieces]
            at = header + end
            word = " + ".join(wide)
            if len(wide) > 1:
                steps.append(f"{pieces[0][0]} = {word}")
                word = pieces[0][0]
            for member in members:
                raws[_place(member)] = _bits(member, word, member.offset - 8 * start, (end - start) * 8, signed)
        if not names:
            return raws
        if form.strip("<x") == "B":
            steps.insert(0, f"{names[0]} = p[{at - 1}]")
            return raws
        unpack = self._structs.setdefault(form, f"u{len(self._structs)}")
        steps.insert(0, f"{', '.join(names)}, = {unpack}(p)")
        return raws


def _within(fields: Sequence[Field], header: int, min_length: int) -> Sequence[Field]:
    """The leading fields that a payload of `min_length` bytes holds, if the others are all numbers after them."""
    bits = (min_length - header) * 8
    kept = [field for field in fields if field.offset + field.length <= bits]
    fixed = all(field.kind in ("unsigned", "signed") for field in fields)
    return kept if fixed and list(fields[: len(kept)]) == kept else fields


def _groups(fields: Sequence[Field]) -> list[tuple[int, int, list[Field]]]:
    """Numbers by the bytes they share: (first byte, end, fields), in order of place."""
    groups: list[tuple[int, int, list[Field]]] = []
    for field in sorted(fields, key=lambda field: (field.offset, field.length)):
        if field.kind not in ("unsigned", "signed"):
            if field.offset % 8 or field.length % 8:
                raise GenerateError(f"{field.name} ({field.kind}) must be aligned to whole bytes")
            continue
        if not 0 < field.length <= 64:
            raise GenerateError(f"{field.name} has {field.length} bits; a number has 1 to 64")
        start, end = field.offset // 8, (field.offset + field.length + 7) // 8
        if groups and start < groups[-1][1]:
            first, last, members = groups[-1]
            groups[-1] = (first, max(last, end), [*members, field])
        else:
            groups.append((start, end, [field]))
    return groups


def _sizes(size: int) -> Iterable[int]:
    """Struct pieces of a group, largest first."""
    while size:
        piece = next(width for width in (8, 4, 2, 1) if width <= size)
        yield piece
        size -= piece


def _bits(field: Field, word: str, shift: int, width: int, signed: bool) -> str:
    if field.length == width:
        return word if signed or field.kind == "unsigned" else _extended(word, field.length)
    cut = word if not shift else f"{word} >> {shift}"
    if shift + field.length < width:
        cut = f"{cut} & {(1 << field.length) - 1}"
    return cut if field.kind == "unsigned" else _extended(cut, field.length)


def _extended(number: str, length: int) -> str:
    """A two's complement number of `length` bits out of an unsigned one."""
    sign = 1 << (length - 1)
    return f"(({number}) ^ {sign}) - {sign}"


def _value(field: Field, raw: str, name: str, steps: list[str]) -> str:
    """The expression of a field's value; `name` may be used to keep the raw number."""
    numerator, denominator, addend = scale_of(field)
    plain = (numerator, denominator, addend) == (1, 1, 0)
    if plain and not field.missing:
        return raw
    simple = raw.isidentifier()
    if plain and not simple and field.length <= 4 and field.kind == "unsigned":
        choices = tuple(None if number in field.missing else number for number in range(1 << field.length))
        return f"{choices!r}[{raw}]"
    if not simple:
        steps.append(f"{name} = {raw}")
        raw = name
    top = raw if numerator == 1 else f"{raw} * {numerator}"
    if addend:
        top = f"({top} + {addend})" if denominator != 1 else f"{top} + {addend}"
    value = top if denominator == 1 else f"{top} / {denominator}"
    if not field.missing:
        return value
    return f"None if {raw} {_is_missing(field)} else {value}"


def _is_missing(field: Field) -> str:
    """The quickest comparison that holds for the missing codes only."""
    first, others = field.missing[0], len(field.missing) - 1
    if not others:
        return f"== {first}"
    top = (1 << (field.length - 1 if field.kind == "signed" else field.length)) - 1
    run = field.missing[-1] == top and top - first == others
    return f">= {first}" if run else f"in {field.missing!r}"


def _quarter_bytes(fields: Sequence[Field], raws: Raws) -> list[str]:
    """The unpacked bytes at the head of `fields` that are four plain two-bit values each, with equal `missing`."""
    first, found = fields[0], list[str]()
    while len(four := fields[4 * len(found) : 4 * len(found) + 4]) == 4:
        byte = raws.get(_place(four[0]), "").partition(" ")[0]
        shifts = (f"{byte} & 3", f"{byte} >> 2 & 3", f"{byte} >> 4 & 3", f"{byte} >> 6")
        if not all(
            raws.get(_place(field)) == shift and scale_of(field) == (1, 1, 0) and field.missing == first.missing
            for field, shift in zip(four, shifts, strict=True)
        ):
            break
        found.append(byte)
    return found
