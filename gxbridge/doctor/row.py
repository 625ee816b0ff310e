"""One line of the doctor's report: a verdict, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from gxbridge.core.model.findings_table import Severity
from gxbridge.core.model.record import record

RowVerdict: TypeAlias = Literal["ok", "note", "warning", "problem"]

VERDICTS: Final[tuple[RowVerdict, ...]] = ("ok", "note", "warning", "problem")
"""From best to worst. note: good to know; warning: works, but not as it should; problem: does not work."""
EXIT_CODES: Final[dict[RowVerdict, int]] = {"ok": 0, "note": 0, "warning": 1, "problem": 2}
OF_SEVERITY: Final[dict[Severity, RowVerdict]] = {"info": "note", "warning": "warning", "alarm": "problem"}
"""What a finding of the running service is to the doctor."""


@record
class Row:
    """`id` is stable and machine readable; `subject` what it is about (a port, a service), "" for the whole."""

    section: str
    id: str
    verdict: RowVerdict
    text: str
    advice: str = ""
    subject: str = ""


def worst(rows: Iterable[Row]) -> RowVerdict:
    """The worst verdict; "ok" for no rows."""
    return max((row.verdict for row in rows), key=VERDICTS.index, default="ok")


def exit_code(rows: Iterable[Row]) -> int:
    """0: nothing worse than a note; 1: a warning; 2: a problem."""
    return EXIT_CODES[worst(rows)]
