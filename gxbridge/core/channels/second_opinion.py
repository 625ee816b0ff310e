"""The same BMS over several channels: lasting disagreement is a finding.

That the most restrictive permission counts is no matter of this module: each channel that refuses is a stop of its own
(`family.py`), and the least of all caps is what a charger is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from itertools import combinations

from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.permission import WORDS
from gxbridge.core.model.record import record
from gxbridge.core.model.wording import celsius_text


@record
class Tolerance:
    """Two channels agree while they differ by at most `absolute` or `relative` (of the larger), or not for longer than
    `patience_s`: channels report at different rates, and a value that moves is seen by one before the other."""

    unit: str
    absolute: float
    relative: float
    patience_s: float

    def agree(self, a: float, b: float) -> bool:
        return abs(a - b) <= max(self.absolute, self.relative * max(abs(a), abs(b)))


TOLERANCES: Mapping[str, Tolerance] = {
    # Our choice: twice the coarser resolution of the channels, plus what moves within the slower one's interval.
    "voltage": Tolerance("V", 0.1, 0.005, 30.0),
    "current": Tolerance("A", 2.0, 0.1, 30.0),
    "soc": Tolerance("%", 2.0, 0.0, 120.0),
    "temperature": Tolerance("°C", 3.0, 0.0, 120.0),
}
FLAG_PATIENCE_S: Mapping[str, float] = {"charge": 10.0, "discharge": 10.0, "pre-alarm": 30.0, "contactor": 10.0}
"""Seconds for which two channels may differ about a yes or no: debounce, rates and relays take a few."""


@record
class Statement:
    """One channel's value of one quantity (a key of TOLERANCES or FLAG_PATIENCE_S); None says nothing."""

    channel: str
    quantity: str
    value: float | bool | None


@record
class Dispute:
    """Two channels that differ, and since when (monotonic seconds)."""

    quantity: str
    channels: tuple[str, str]
    values: tuple[float | bool, float | bool]
    since: float

    @property
    def patience_s(self) -> float:
        if self.quantity in FLAG_PATIENCE_S:
            return FLAG_PATIENCE_S[self.quantity]
        return TOLERANCES[self.quantity].patience_s


@record
class Disputes:
    """The open disputes; start with an empty one. Bounded by the channels and quantities of the latest look."""

    open: tuple[Dispute, ...] = field(default=())

    def lasting(self, now: float) -> tuple[Dispute, ...]:
        """Those that have outlasted their patience."""
        return tuple(dispute for dispute in self.open if now - dispute.since >= dispute.patience_s)


def compare(statements: Iterable[Statement], before: Disputes, now: float) -> Disputes:
    """Who disagrees at `now`. A channel that says nothing ends its disputes; quantities without a rule are left out."""
    since = {(dispute.quantity, dispute.channels): dispute.since for dispute in before.open}
    by_quantity: dict[str, dict[str, float | bool]] = {}
    for statement in statements:
        if statement.value is not None and statement.value == statement.value:
            by_quantity.setdefault(statement.quantity, {})[statement.channel] = statement.value
    found: list[Dispute] = []
    for quantity, said in by_quantity.items():
        for first, second in combinations(sorted(said), 2):
            if not _agree(quantity, said[first], said[second]):
                pair = (first, second)
                began = since.get((quantity, pair), now)
                found.append(Dispute(quantity, pair, (said[first], said[second]), began))
    return Disputes(tuple(found))


def _agree(quantity: str, a: float | bool, b: float | bool) -> bool:
    if quantity in FLAG_PATIENCE_S:
        return bool(a) == bool(b)
    tolerance = TOLERANCES.get(quantity)
    return tolerance is None or tolerance.agree(a, b)


def opinion_findings(battery: str, disputes: Disputes, now: float) -> tuple[Finding, ...]:
    """A finding for each lasting dispute; `battery` names the BMS for people."""
    return tuple(
        finding(
            f"channels-disagree-{dispute.quantity}",
            f"{battery}: {dispute.channels[0]}, {dispute.channels[1]}",
            now,
            dispute.since,
            battery=battery,
            channel=dispute.channels[0],
            says=_says(dispute.quantity, dispute.values[0]),
            other_channel=dispute.channels[1],
            other_says=_says(dispute.quantity, dispute.values[1]),
        )
        for dispute in disputes.lasting(now)
    )


def _says(quantity: str, value: float | bool) -> str:
    if quantity in ("charge", "discharge"):
        return f"{quantity} {WORDS[bool(value)]}"
    if quantity in FLAG_PATIENCE_S:
        return f"{quantity} {'on' if value else 'off'}"
    if quantity == "temperature":
        return f"{quantity} {celsius_text(value)}"
    return f"{quantity} {value:g} {TOLERANCES[quantity].unit}"
