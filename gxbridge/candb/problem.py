"""What can be wrong with the database, told so that the author can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One breach: where (`file:line`), which rule (`R07`), what is wrong and what to write instead."""

    where: str
    rule: str
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}: {self.what}: {self.instead}"


class CandbError(ValueError):
    """The database cannot be used; `problems` lists every breach found, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
