"""A battery of a bank: what it says now, and how it stands with its bank."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.limit.permissions import PermissionWord, permission_word
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import OUT, is_lynx, is_totals, nominal_of, takes_part
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.plausible import nearest_class
from gxbridge.core.dvcc.read.devices.quirks import quirk_of
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.items import Items
from gxbridge.core.model.named_tuple import NamedTuple

MemberState: TypeAlias = Literal["in", "waiting", "coming", "open", "away", "silent", "acknowledged"]
"""in: counts in everything. waiting: its limits and refusals count, its share of the sums not yet. coming: on its way
in or out, neither grants nor stops. open: its contactor is open. away: gone, and its contactor was open. silent: gone,
and nobody knows that its contactor is open. acknowledged: gone, and somebody says that this is so."""

STATE_WORDS: Final[dict[MemberState, str]] = {
    "in": "in the bank",
    "waiting": "waits to be added",
    "coming": "on its way in or out",
    "open": "contactor open",
    "away": "gone with an open contactor",
    "silent": "gone",
    "acknowledged": "acknowledged as gone",
}


class MemberCandidate(NamedTuple):
    """A battery that may be a member. `items`: all that it shows; `bus`: its CAN bus, "" where it is a service of
    others; `live` False: ours, and it has gone silent, or its driver says that it is not connected."""

    bms: Bms
    items: Items
    bus: str = ""
    live: bool = True

    @property
    def words(self) -> frozenset[str]:
        """By each of these it is known."""
        return frozenset((self.bms.name, *self.bms.identity.split()))

    @property
    def nominal_v(self) -> float | None:
        """12, 24 or 48 by its setting (a 25.6 V battery is one of 24 V), else by its charge voltage limit."""
        volts = nominal_of(self.bms)
        return None if volts is None else nearest_class(volts)

    @property
    def opened(self) -> bool:
        """Is its contactor known to be open?"""
        return is_lynx(self.bms) and (self.bms.state in OUT or self.bms.contactor_closed == 0)

    @property
    def counts(self) -> bool:
        """Does its word count for its bank?"""
        return takes_part(self.bms)

    @property
    def lynx(self) -> bool:
        """Is it a Lynx on one of our CAN buses?"""
        return bool(self.bus) and is_lynx(self.bms) and not is_totals(self.bms)


class Member(NamedTuple):
    """`heard` is None while it is gone."""

    word: str
    title: str
    state: MemberState
    heard: MemberCandidate | None = None
    measured: float | None = None
    """The part of the bank's current that flows through it, as measured over a minute."""

    def said(self, path: str) -> float | None:
        """A number that it shows."""
        return None if self.heard is None else number(self.heard.items, path)

    @property
    def bms(self) -> Bms:
        """What it says to the decision; only of one that is there."""
        assert self.heard is not None  # noqa: S101 - the caller has asked
        return self.heard.bms

    @property
    def capacity_ah(self) -> float | None:
        """Its capacity; None where it says none, or 0."""
        installed = self.said(p.INSTALLED_CAPACITY)
        if installed is None and self.heard is not None and is_lynx(self.heard.bms):
            installed = self.said(p.CAPACITY)
        return installed if installed is not None and installed > 0 else None

    def allows(self, path: str) -> PermissionWord:
        """Whether it allows charging or discharging."""
        bms = self.bms
        said = bms.charge if path == p.ALLOW_CHARGE else bms.discharge
        return permission_word(said, quirk_of(bms.product_id).gives_permissions)


THERE: Final = frozenset({"in", "waiting", "coming", "open"})
"""States of members that are heard."""
COUNTED: Final = frozenset({"in", "waiting"})
"""States of members whose limits and refusals count."""
