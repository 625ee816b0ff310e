"""Words of a command line to frames: `0x0390 54.0`, `bms_state=running`. Nothing here transmits."""

from __future__ import annotations

from collections.abc import Sequence

from gxbridge.candb.show import find, number_of
from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.encode import EncodeError, Frame, encode, frames
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.core.nmea2000.frame import BROADCAST

NOT_AVAILABLE = ("none", "null")
"""What is written for "not available"."""


def say(
    database: Database, what: str, words: Sequence[str], source: int, destination: int = BROADCAST, sequence: int = 0
) -> tuple[Frame, ...]:
    """The frames that say `words` (`FIELD=VALUE`, or the one value of a message with one field).

    A value is a number in the field's unit (hexadecimal too), a text of the field's enumeration, text, bytes in hex,
    or `none`. Of the layouts of a register, the first that has the named fields is taken. Raises LookupError when
    `what` is not in the database, EncodeError for everything that cannot be said.
    """
    found = find(database, what)
    if not found:
        raise LookupError(what)
    layout = next((layout for layout in found if _fits(layout, words)), found[0])
    values: dict[str, FieldValue] = {}
    for word in words:
        name, value = _named(layout, word)
        field = next((field for field in layout.fields if field.name == name), None)
        values[name] = value if field is None else _value(database, layout, field, value)
    return frames(layout, encode(layout, values), source, destination, sequence)


def _fits(layout: Layout, words: Sequence[str]) -> bool:
    names = {field.name for field in layout.fields}
    return all(word.partition("=")[0] in names for word in words if "=" in word)


def _named(layout: Layout, word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if equals and (len(layout.fields) != 1 or name == layout.fields[0].name):
        return name, value
    if len(layout.fields) != 1:
        known = ", ".join(field.name for field in layout.fields) or "none"
        raise EncodeError(f"{number_of(layout)} {layout.name}: write {word} as FIELD={word}; its fields are {known}")
    return layout.fields[0].name, word


def _value(database: Database, layout: Layout, field: FieldInfo, word: str) -> FieldValue:
    if word.lower() in NOT_AVAILABLE:
        return None
    if field.kind == "bytes":
        try:
            return bytes.fromhex(word)
        except ValueError:
            raise EncodeError(f"{layout.name}: {field.name}: {word} is not bytes in hex, such as 0A1B") from None
    if not field.is_number:
        return word
    texts = database.enums[field.enum] if field.enum is not None else {}
    codes = [code for code, text in texts.items() if text.lower() == word.lower()]
    if codes:
        return codes[0]
    for number in (lambda: int(word, 0), lambda: float(word)):
        try:
            return number()
        except ValueError:
            continue
    cure = f"gxbridge candb show {field.enum} lists its texts" if texts else "write a number"
    raise EncodeError(f"{layout.name}: {field.name}: {word} is not known; {cure}")
