"""A finding: something a person should know, said once, with advice. What it says comes from one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final

from gxbridge.core.model.findings_table import FINDINGS, Severity
from gxbridge.core.model.items import printable
from gxbridge.core.model.record import record

Argument = str | int | float

PRE_ALARM_WORDS: Final[Mapping[str, Argument]] = MappingProxyType(
    {"soon": "from 30 s after the alarm began", "loads": "the inverter and the large DC loads"}
)
"""What a pre-alarm says until the seconds that are left and the loads are known."""


@record
class Finding:
    """`id` is stable and machine readable (`bms-silent`), `subject` what it is about (a service, device or path).

    `text` and `advice` have no final stop: whoever prints them sets it.
    """

    id: str
    severity: Severity
    subject: str
    text: str
    advice: str
    first: float
    """Monotonic seconds of the first and the latest time it held."""
    last: float
    count: int = 1
    arguments: Mapping[str, Argument] = field(default_factory=dict, compare=False)
    """What `text` and `advice` were filled in with, so that another table can say the same in another language."""


def finding(id: str, subject: str, now: float, first: float | None = None, /, **arguments: Argument) -> Finding:
    """A finding that holds at `now`, and has since `first` (monotonic seconds). Raises KeyError for what the table
    does not know, and for an argument that its texts need and that is missing."""
    row = FINDINGS[id]
    arguments = {name: printable(value) if isinstance(value, str) else value for name, value in arguments.items()}
    text, advice = row.text.format_map(arguments), row.advice.format_map(arguments)
    return Finding(id, row.severity, subject, text, advice, now if first is None else first, now, 1, arguments)


def stopped(text: str) -> str:
    """A text with its final stop: one, and none behind another mark that ends a sentence."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
