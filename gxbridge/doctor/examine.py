"""All checks, in the order in which one asks; and their rows as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from gxbridge.core.model.items import printable
from gxbridge.doctor.checks.battery_services import check_batteries
from gxbridge.doctor.checks.can_ports import check_ports
from gxbridge.doctor.checks.can_wiring import check_can_wiring
from gxbridge.doctor.checks.charger_states import check_chargers
from gxbridge.doctor.checks.configuration import check_configured
from gxbridge.doctor.checks.program import check_bus, check_program
from gxbridge.doctor.checks.running_service import check_service
from gxbridge.doctor.checks.who_controls import check_masters
from gxbridge.doctor.facts import Facts
from gxbridge.doctor.row import VERDICTS, Row, exit_code, worst

FORMAT: Final = 1
"""Of the JSON: raised when a field goes or changes its meaning, not when one is added."""
WIDTH: Final = 118
INDENT: Final = 11
WORDS: Final = {"ok": "ok", "note": "note", "warning": "WARNING", "problem": "PROBLEM"}


def examine(facts: Facts) -> tuple[Row, ...]:
    """Every row."""
    return tuple(_rows(facts))


def _rows(facts: Facts) -> Iterator[Row]:
    yield from check_program(facts.program)
    yield from check_bus(facts.bus, len(facts.services))
    yield from check_configured(facts)
    yield from check_service(facts)
    yield from check_ports(facts)
    yield from check_can_wiring(facts)
    if not facts.bus.error:
        yield from check_batteries(facts.services, facts.program.machine)
        yield from check_masters(facts)
        yield from check_chargers(facts.services, facts.program.machine)


def as_dict(rows: Sequence[Row], version: str) -> dict[str, Any]:
    """The report as plain data, ready for JSON."""
    return {
        "format": FORMAT,
        "version": version,
        "verdict": worst(rows),
        "exit_code": exit_code(rows),
        "counts": {verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS},
        "rows": [
            {
                "section": row.section,
                "id": row.id,
                "verdict": row.verdict,
                "subject": row.subject,
                "text": row.text,
                "advice": row.advice,
            }
            for row in rows
        ],
    }


def as_text(rows: Sequence[Row]) -> str:
    """The report for people: a heading for each section, a verdict for each line, the sum at the end."""
    lines: list[str] = []
    section = ""
    for row in rows:
        if row.section != section:
            section = row.section
            lines += [*([""] if lines else []), section]
        lines += _wrapped(f"  {WORDS[row.verdict]:<{INDENT - 2}}", row.text)
        if row.advice:
            lines += _wrapped(" " * INDENT + "-> ", row.advice)
    return "\n".join([*lines, "", _sum(rows)])


def _wrapped(head: str, text: str) -> list[str]:
    """Words behind a head, on as many lines as it takes."""
    lines, line = [], head
    for number, word in enumerate(map(printable, text.split())):
        if number and len(line) + len(word) + 1 > WIDTH:
            lines.append(line)
            line = " " * len(head) + word
        else:
            line += (" " if number else "") + word
    return [*lines, line]


def _sum(rows: Sequence[Row]) -> str:
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS}
    found = [f"{n} {verdict}{'s' * (n != 1)}" for verdict in reversed(VERDICTS[1:]) if (n := counts[verdict])]
    said = ", ".join(found) or "all ok"
    if counts["problem"]:
        return f"{said}. Begin with the first PROBLEM."
    return f"{said}." if counts["warning"] else f"Nothing is wrong: {said}."
