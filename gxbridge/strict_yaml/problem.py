"""What is wrong in a file or on the command line, told so that its author can correct it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gxbridge.core.model.items import printable
from gxbridge.core.model.record import record

KEY_LIKE: Final = r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[ :-]?){12,}[0-9A-Fa-f]?(?![0-9A-Za-z])"
"""Whatever looks like an encryption key, or most of one, was perhaps pasted into the wrong place."""
HIDDEN: Final = "(hidden)"


@record
class Problem:
    """One thing wrong. `line` counts from 1, 0 where there is none; `key` is the path of the key, "" the whole file.

    The database of messages has the number of the broken rule in place of the key.
    """

    file: str
    line: int
    key: str
    what: str
    cure: str

    @classmethod
    def at(cls, where: str, key: str, what: str, cure: str) -> Problem:
        """A problem at `file:line`, or at a file."""
        file, _, line = where.rpartition(":")
        return cls(file, int(line), key, what, cure) if line.isdigit() else cls(where, 0, key, what, cure)

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    def __lt__(self, other: Problem) -> bool:
        return (self.file, self.line, self.key, self.what) < (other.file, other.line, other.key, other.what)

    def __str__(self) -> str:
        said = f"{f':{self.key}' if self.key else ''}: {self.what}; {self.cure}"
        return printable(f"{self.where}{hide_keys(said)}")


def hide_keys(text: str) -> str:
    """A text without whatever looks like a key."""
    return re.sub(KEY_LIKE, HIDDEN, text)


class ProblemsError(ValueError):
    """What was read cannot be used; `problems` has every fault, and the text lists them all, one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: object, known: Iterable[object]) -> str | None:
    """The known word that was probably meant, if there is one; capitals do not count."""
    from difflib import get_close_matches  # a file without mistakes does not need it

    names = {str(name).lower(): str(name) for name in known}
    found = get_close_matches(str(word).lower(), names, 1)
    return names[found[0]] if found else None
