"""What a fault test found out, and the table in docs/faults.md that is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.faults.scene import Scene

PAGE: Final = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN: Final = "<!-- table: made of the tests' records by `make faults` -->"
END: Final = "<!-- end of the table -->"
GROUPS: Final[Mapping[str, str]] = {
    "can": "The CAN bus",
    "bms": "The BMS",
    "dbus": "D-Bus",
    "settings": "The settings service",
    "charger": "Chargers",
    "clock": "Clock and scheduling",
    "host": "The machine",
}


@dataclass(slots=True)
class Record:
    """`seen`: what the user sees, in order of appearance. Seconds are None where the question does not arise."""

    seen: list[str] = field(default_factory=list)
    safe_s: float | None = None
    """From the fault to the safe state."""
    recovery_s: float | None = None
    """From the end of the fault to normal work."""
    starved_s: float = 0.0
    """Most seconds in one wait for which the kernel kept the scene's processes waiting for a processor."""
    figures: dict[str, float] = field(default_factory=dict)

    def see(self, what: str) -> None:
        if what not in self.seen:
            self.seen.append(what)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the matrix. `safe` says what counts as safe; the two times are promises that the test holds."""

    name: str
    what: str
    safe: str
    safe_within_s: float | None
    recovers_within_s: float | None
    play: Callable[[Scene], None]
    alone: bool = False
    """Not beside others: it needs the processor."""
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def group(self) -> str:
        return self.name.partition("-")[0]


FAULTS: dict[str, Fault] = {}


def fault(
    name: str,
    what: str,
    safe: str,
    *,
    safe_within_s: float | None = None,
    recovers_within_s: float | None = None,
    alone: bool = False,
    **options: object,
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Enter a scenario in the matrix; `options` are those of its Scene."""

    def enter(play: Callable[[Scene], None]) -> Callable[[Scene], None]:
        assert name not in FAULTS
        assert name.partition("-")[0] in GROUPS
        FAULTS[name] = Fault(name, what, safe, safe_within_s, recovers_within_s, play, alone, options)
        return play

    return enter


PATIENCE = 4.0
"""A test fails only so many times later than the promise: a machine with other work to do is slow, that is no fault.
Nor is the time in which its processes could run and were given no processor, which the kernel counts. What was
measured stands in docs/faults.md beside the promise."""


def judge(row: Fault, record: Record) -> None:
    """The promises of a row, held against what was measured."""
    assert record.seen, f"{row.name}: the user sees nothing of it"
    for label, promised, measured in (
        ("safe", row.safe_within_s, record.safe_s),
        ("recovered", row.recovers_within_s, record.recovery_s),
    ):
        assert (promised is None) == (measured is None), f"{row.name}: {label}: promised {promised}, seen {measured}"
        if promised is not None and measured is not None:
            assert measured <= PATIENCE * promised + record.starved_s, (
                f"{row.name}: {label} after {measured:.1f} s, not {promised:g} s; starved {record.starved_s:.1f} s"
            )


def seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def promise(value: float | None) -> str:
    return "-" if value is None else f"{value:g} s"


def table(faults: Iterable[Fault], records: Mapping[str, Record]) -> str:
    """The tables in Markdown, one for each group."""
    lines: list[str] = []
    for group, title in GROUPS.items():
        rows = [row for row in faults if row.group == group and row.name in records]
        if not rows:
            continue
        lines += ["", f"## {title}", ""]
        lines += ["| fault | what you see | safe means | safe after (at most) | well again after (at most) |"]
        lines += ["|---|---|---|---|---|"]
        for row in rows:
            record = records[row.name]
            seen = "<br>".join(record.seen).replace("|", "\\|")
            lines.append(
                f"| `{row.name}`: {row.what} | {seen} | {row.safe} "
                f"| {seconds(record.safe_s)} ({promise(row.safe_within_s)}) "
                f"| {seconds(record.recovery_s)} ({promise(row.recovers_within_s)}) |"
            )
    return "\n".join(lines) + "\n"


def rows_of_page(text: str) -> dict[str, tuple[str, ...]]:
    """Name of a fault -> the cells of its row."""
    found = {}
    for line in text.partition(BEGIN)[2].partition(END)[0].splitlines():
        match = re.match(r"\| `([a-z0-9-]+)`: ", line)
        if match is not None:
            found[match[1]] = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
    return found


def write_page(records: Mapping[str, Record]) -> None:
    """Put the table into the page, its other text as it is."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n{table(FAULTS.values(), records)}\n{END}{tail}", encoding="utf-8")


def dump(record: Record) -> str:
    times = {"safe": record.safe_s, "again": record.recovery_s, "starved": round(record.starved_s, 2)}
    return json.dumps({"seen": record.seen, **times, **record.figures})
