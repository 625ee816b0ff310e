"""What VE.Bus BMSes said over time: since when a permission holds, and what has become of a system that vanished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gxbridge.core.channels.vebus.vebus_bms import VebusBms, read_all
from gxbridge.core.channels.vebus.vebus_text import name, vebus_findings, vebus_sentence
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items
from gxbridge.core.model.permission import Permission
from gxbridge.core.model.record import record

REMEMBERED = 16
"""Most systems kept at once, so that names that come and go cannot fill the memory; the longest gone go first."""


@record
class WatchedVebus:
    """One system: what it said last and since when. All moments are monotonic seconds; `gone_at` None = still there."""

    bms: VebusBms
    charge_since: float
    discharge_since: float
    gone_at: float | None = None
    had_bms: bool = False
    """A BMS was seen there, and the system has not said since that none is configured."""

    @property
    def charge(self) -> Permission:
        return None if self.gone_at is not None else self.bms.charge

    @property
    def discharge(self) -> Permission:
        return None if self.gone_at is not None else self.bms.discharge

    @property
    def stops_charge(self) -> bool:
        """A BMS is or was there and does not allow charging: refused, or unknown."""
        return self.had_bms and self.charge is not True

    @property
    def stops_discharge(self) -> bool:
        return self.had_bms and self.discharge is not True

    @property
    def text(self) -> str:
        """One sentence without ages."""
        if self.gone_at is None:
            return vebus_sentence(self.bms)
        return f"The VE.Bus service of the {name(self.bms)} has vanished: its permissions are unknown."

    @property
    def reason(self) -> str:
        """The same as the reason of a limit, which ends its sentence itself."""
        return self.text.rstrip(".")

    @property
    def permit(self) -> str:
        """Who allows charging, as the reason of a limit."""
        return f"set by the {name(self.bms)}"


WatchedSystems = Mapping[str, WatchedVebus]
"""Service name -> what is known of it. Start with an empty one."""


def follow(watch: WatchedSystems, services: Mapping[str, Items], now: float) -> WatchedSystems:
    """The next watch after looking at all services at `now` (monotonic seconds)."""
    found = {bms.service: bms for bms in read_all(services)}
    after = {service: _step(watch.get(service), bms, now) for service, bms in found.items()}
    # A system that never had a BMS leaves nothing behind that anybody would miss.
    missed = [_gone(seen, now) for service, seen in watch.items() if service not in found and seen.had_bms]
    missed.sort(key=lambda seen: -(seen.gone_at or 0.0))
    room = max(0, REMEMBERED - len(after))
    return after | {seen.bms.service: seen for seen in missed[:room]}


def watch_findings(watch: WatchedSystems, now: float) -> tuple[Finding, ...]:
    """What a person should know of all systems in the watch."""
    found: list[Finding] = []
    for seen in watch.values():
        if seen.gone_at is None:
            found += vebus_findings(seen.bms, now, seen.had_bms)
        else:
            found.append(finding("vebus-service-gone", seen.bms.service, now, seen.gone_at, bms=name(seen.bms)))
    return tuple(found)


def _step(before: WatchedVebus | None, bms: VebusBms, now: float) -> WatchedVebus:
    if before is not None and before.bms is bms and before.gone_at is None:
        return before
    has = bms.generation not in ("none", "unknown")
    if before is None:
        return WatchedVebus(bms, now, now, had_bms=has)
    return WatchedVebus(
        bms,
        before.charge_since if before.charge == bms.charge else now,
        before.discharge_since if before.discharge == bms.discharge else now,
        had_bms=has or (before.had_bms and bms.generation != "none"),
    )


def _gone(seen: WatchedVebus, now: float) -> WatchedVebus:
    if seen.gone_at is not None:
        return seen
    return replace(
        seen,
        charge_since=seen.charge_since if seen.charge is None else now,
        discharge_since=seen.discharge_since if seen.discharge is None else now,
        gone_at=now,
    )
