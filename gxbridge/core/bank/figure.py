"""One number that a bank says as a whole: its value, why it is that, and whose it is."""

from __future__ import annotations

from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple


class Figure(NamedTuple):
    """`reason` is a sentence without its final stop; `member`: the title of the member that owns the value, "" where it
    is that of all."""

    value: Value
    reason: str
    member: str = ""
