"""What can be said about a key of the configuration file; `keys.py` is the table of all of them."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Final, Literal, TypeAlias

from gxbridge.core.model.record import record, state
from gxbridge.strict_yaml.problem import Problem

MAX_BYTES: Final = 256 * 1024
"""More than any real file has."""

KeyKind: TypeAlias = Literal[
    "section", "items", "text", "name", "choice", "whole", "number", "flag", "dbus", "service", "mac", "hex key",
    "free", "levels", "names", "points", "date",
]  # fmt: skip
"""section: keys of its own; items: a list of sections; free: anything, handed on; levels: logger name to level;
names: a list of single values; points: input to what is allowed, in ascending order.
text, name (letters, digits and _), choice, whole and number (with limits), flag (yes or no), dbus (an address),
service (that of a digital input on D-Bus), mac (a Bluetooth address), hex key (32 hexadecimal digits), date:
single values."""

LEVELS: Final = ("debug", "info", "warning", "error")


WORDS: Final = {
    "text": "text",
    "name": "a name",
    "dbus": "an address",
    "service": "a digital input",
    "mac": "a Bluetooth address",
    "hex key": "32 hexadecimal digits",
    "names": "a list",
    "date": "a date",
}
"""Kinds of single values in words."""


@record
class ConfigKey:
    """One key. `path` has dots between sections and `[]` behind a list.

    `default` None: not set, and `unset` says what holds then. `required`: an entry of a list must have it, but not
    where another key of it has the value that `unless` names. `secret`:
    never shown or logged. `short`: a section's key that its value alone sets, as in `transmit: requests`. `retired`:
    still read for two releases, on no page (`deprecated.py`).
    """

    path: str
    kind: KeyKind
    doc: str
    default: object = None
    unset: str = ""
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    example: object = None
    required: bool = False
    unless: tuple[str, str] | None = None
    secret: bool = False
    short: str = ""
    retired: bool = False

    @property
    def name(self) -> str:
        """The last part of the path, as it stands in the file."""
        return self.path.rpartition(".")[2]

    @property
    def wanted(self) -> str:
        """What it takes, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind in ("whole", "number"):
            limits = f" from {_plain(self.low)} to {_plain(self.high)}"
            return f"a {'whole ' if self.kind == 'whole' else ''}number{limits}{' ' + self.unit if self.unit else ''}"
        if self.kind == "flag":
            return "yes or no"
        if self.kind == "points":
            return "points such as `{20: 50%, 80: 0}`"
        if self.kind in ("free", "levels"):
            return f"`name: {'level' if self.kind == 'levels' else 'value'}` lines below it"
        return f"{WORDS[self.kind]} such as {self.example or self.default}"


def _plain(limit: float | None) -> str:
    return "any" if limit is None else f"{limit:.10g}"


@state
class Checked:
    """Values by plain nesting (only what the file says), the line of each key path, and what is wrong.

    `remarks`: what is doubtful, but was always read."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
