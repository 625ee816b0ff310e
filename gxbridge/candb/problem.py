"""What can be wrong with the database, told so that the author can mend it."""

from __future__ import annotations

from collections.abc import Iterable

from gxbridge.core.model.record import record


@record
class Problem:
    """One breach: where (`file:line`), which rule (`R07`), what is wrong and what to write instead."""

    where: str
    rule: str
    what: str
    instead: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}: {self.what}: {self.instead}"

    @property
    def place(self) -> tuple[str, int, str]:
        """What to sort by: the order of the files, their lines, the rules."""
        file, _, line = self.where.rpartition(":")
        return (file, int(line), self.rule) if line.isdigit() else (self.where, 0, self.rule)


class CandbError(ValueError):
    """The database cannot be used; `problems` lists every breach found, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
