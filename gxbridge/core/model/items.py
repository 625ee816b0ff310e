"""What a published item looks like, and how its text is made in the vendor's style (`26.39V`, `22 degrees`, `---`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from gxbridge.core.model.named_tuple import NamedTuple

Value: TypeAlias = int | float | str | None
"""A D-Bus item's value; None is the vendor's "invalid" (an empty array on the wire). Never bool."""
Items: TypeAlias = Mapping[str, Value]
"""Path -> value of one service; a path that is not in it does not exist."""

LONGEST_TEXT: Final = 1000
"""Characters of a text that another service shows: more than any that is used has. The rest is left out."""
LONGEST_PATH: Final = 255
"""Characters of a path; one that is longer belongs to nobody."""


class ItemSpec(NamedTuple):
    """`signature` is the D-Bus type of a valid value (`d`, `i`, `u`, `q`, `y`, `s`); `text` a format like `{:.2f}V`."""

    signature: str
    text: str = "{}"
    writable: bool = False
    minimum: Value = None
    """What a slider may start at (GetMin); None: not said."""
    maximum: Value = None
    default: Value = None
    repeats: bool = False
    """A write of the value that stands counts too: who writes renews what would end by itself."""

    def text_of(self, value: Value) -> str:
        """The text for GetText: the value with its unit, or the vendor's empty text for an invalid one."""
        return "" if value is None else self.text.format(value)


def printable(text: str) -> str:
    """Text of somebody else's as it may stand in a line: line ends and escapes would forge lines on a screen."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def printable_data(data: Any) -> Any:
    """What JSON can hold, with every text in it as it may stand in a line."""
    if isinstance(data, str):
        return printable(data)
    if isinstance(data, list):
        return [printable_data(item) for item in data]
    if isinstance(data, dict):
        return {printable(name): printable_data(item) for name, item in data.items()}
    return data


def plain_items(items: Mapping[str, Any]) -> dict[str, Value]:
    """What a D-Bus service says, as values of this program: text without control characters and no longer than anybody
    reads, a boolean as 0 or 1; a list is None."""
    return {
        printable(path): printable(value[:LONGEST_TEXT])
        if isinstance(value, str)
        else value + 0
        if isinstance(value, int | float)
        else None
        for path, value in items.items()
        if len(path) <= LONGEST_PATH
    }
