"""By which charge current a device on VE.Can may still charge, and how that is known."""

from __future__ import annotations

from typing import Literal, TypeAlias

from gxbridge.core.model.named_tuple import NamedTuple

HoldEvidence: TypeAlias = Literal["shown", "unknown", "unproven"]
"""A device has shown what it holds; or not since it came, so that it may hold the word of another; or for so long that
it holds at most what it was sent, if it follows at all."""


class LinkHold(NamedTuple):
    """The highest and the lowest charge current (A) that a device may hold by what it was sent and showed."""

    highest_a: float
    lowest_a: float
    evidence: HoldEvidence
