"""A finding: something a person should know, said once, with advice."""

from __future__ import annotations

from typing import Literal

from gxbridge.core.model.record import record

Severity = Literal["info", "warning", "alarm"]


@record
class Finding:
    """`id` is stable and machine readable (`bms-silent`), `subject` what it is about (a service, device or path)."""

    id: str
    severity: Severity
    subject: str
    text: str
    advice: str
    first: float
    """Monotonic seconds of the first and the latest time it held."""
    last: float
    count: int = 1
