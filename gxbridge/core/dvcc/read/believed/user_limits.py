"""The user's limits: the last ones that the settings service said hold until it says others, across restarts too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.remembered import MOST_LIMIT, RememberedLimit

UNHEARD_S: Final = 10.0
"""A limit that is not heard for so long is worth a finding: at the start the settings service may take a moment."""


class HeldLimit(NamedTuple):
    """A limit of the user's: what the state calls it, its unit, and the least value that is a limit (below: none)."""

    quantity: str
    unit: str
    least: float


HELD: Final[Mapping[str, HeldLimit]] = {
    p.SET_MAX_CURRENT: HeldLimit("max_charge_current_a", "A", 0.0),
    p.SET_MAX_VOLTAGE: HeldLimit("max_charge_voltage_v", "V", 0.1),
}


class UserLimits(NamedTuple):
    """`last`: the limits as the settings service said them last, maybe before the program was started. `unheard`: those
    that hold only because they were heard once, and `since` when (monotonic s) there are any."""

    last: Mapping[str, float] = MappingProxyType({})
    unheard: Mapping[str, float] = MappingProxyType({})
    since: float | None = None

    def findings(self, now: float) -> Iterator[Finding]:
        """That a limit holds although nobody says it."""
        if self.since is not None and now - self.since >= UNHEARD_S:
            for path, value in self.unheard.items():
                limit = f"{value:g} {HELD[path].unit}"
                yield finding("user-limit-held", path, now, self.since, limit=limit, path=path)


def user_settings(
    before: UserLimits, heard: Mapping[str, Value], configured: Mapping[str, Value], now: float, *, strict: bool
) -> tuple[UserLimits, dict[str, Value]]:
    """The settings in force, and what is remembered of the limits among them. `heard`: what the settings service shows
    now; `configured`: what holds while it does not. In profile `vendor` no limit outlives its being said."""
    last = last_limits(heard, before.last)
    settings = {**configured, **heard}
    if not strict:
        return UserLimits(last), settings
    unheard = unheard_limits(heard, last)
    since = (before.since or now) if unheard else None
    return UserLimits(last, unheard, since), settings | limits_in_force(heard, last, configured)


def last_limits(heard: Mapping[str, Value], before: Mapping[str, float]) -> dict[str, float]:
    """The user's limits as the settings service said them last: one that becomes unknown is not lifted by that.

    `heard`: what the service says now, `before`: what was returned last. One that was never heard is not in the result.
    """
    known = {path: value for path in HELD if (value := number(heard, path)) is not None}
    return {**before, **known}


def unheard_limits(heard: Mapping[str, Value], last: Mapping[str, float]) -> dict[str, float]:
    """Those limits that hold only because they were heard once."""
    return {path: last[path] for path in last if number(heard, path) is None and last[path] >= HELD[path].least}


def limits_in_force(
    heard: Mapping[str, Value], last: Mapping[str, float], configured: Mapping[str, Value]
) -> dict[str, float]:
    """The last limits; the configuration file may lower one that is not heard now."""
    found = dict(last)
    for path, value in last.items():
        own = number(configured, path)
        if number(heard, path) is None and own is not None and own >= HELD[path].least:
            found[path] = min(own, value) if value >= HELD[path].least else own
    return found


def recall_limits(remembered: Iterable[RememberedLimit]) -> dict[str, float]:
    """The user's limits that were heard before the program was started."""
    paths = {(p.SETTINGS, limit.quantity): path for path, limit in HELD.items()}
    return {paths[key]: limit.value for limit in remembered if (key := (limit.subject, limit.quantity)) in paths}


def keep_limits(
    remembered: tuple[RememberedLimit, ...], last: Mapping[str, float], since: float
) -> tuple[RememberedLimit, ...]:
    """What is remembered of the user's limits; that there is none is not. `since`: now, in seconds since 1970."""
    values = {
        limit.quantity: last[path]
        for path, limit in HELD.items()
        if path in last and limit.least <= last[path] <= MOST_LIMIT
    }
    kept = tuple(old for old in remembered if old.subject != p.SETTINGS or values.get(old.quantity) == old.value)
    known = {old.quantity for old in kept if old.subject == p.SETTINGS}
    fresh = [(quantity, value) for quantity, value in values.items() if quantity not in known]
    return kept + tuple(RememberedLimit(p.SETTINGS, quantity, value, since, "D-Bus") for quantity, value in fresh)
