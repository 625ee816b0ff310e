"""What is wrong in a configuration, and what a checked file holds."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any, Final

from gxbridge.core.model.record import record, state

KEY_LIKE: Final = r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[ :-]?){12,}[0-9A-Fa-f]?(?![0-9A-Za-z])"
"""Whatever looks like an encryption key, or most of one, was perhaps pasted into the wrong place."""
HIDDEN: Final = "(hidden)"

MAX_BYTES: Final = 256 * 1024


@record
class Problem:
    """One thing wrong in the configuration; `line` 0 means the command line."""

    file: str
    line: int
    key: str
    what: str
    instead: str

    def __lt__(self, other: Problem) -> bool:
        return (self.file, self.line, self.key, self.what) < (other.file, other.line, other.key, other.what)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{self.what}; {self.instead}"
        return f"{place}{re.sub(KEY_LIKE, HIDDEN, f':{self.key}: {text}' if self.key else f': {text}')}"


@state
class Checked:
    """Values by plain nesting (only what the file says), the line of each key path, and what is wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
