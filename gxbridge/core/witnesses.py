"""BMSes that say yes or no and nothing else: behind a VE.Bus system, or wired to digital inputs of the GX.

Neither is a battery service. What they say stands in the explanation; what a wired one stops is handed to DVCC
(a VE.Bus BMS is read by DVCC itself, from the service of its Multi).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gxbridge.core.finding import Finding
from gxbridge.core.items import Value
from gxbridge.core.permission import WORDS
from gxbridge.core.terminals import TerminalBms, Wiring, read
from gxbridge.core.terminals_text import charge_reason, discharge_reason
from gxbridge.core.terminals_text import findings as terminal_findings
from gxbridge.core.terminals_text import sentence as terminal_sentence
from gxbridge.core.vebus_text import name as vebus_name
from gxbridge.core.vebus_watch import Watch, follow, watch_findings

Services = Mapping[str, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one such BMS says, for people; `charge` and `discharge` are a word: allowed, refused, unknown, not wired."""

    source: str
    """The D-Bus service of the VE.Bus system, or the configured name of the wired BMS."""
    name: str
    kind: str
    """`VE.Bus` or `terminals`."""
    charge: str
    discharge: str
    since: float
    text: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A wired BMS stops charging or discharging; `text` says why, without age. Unknown stops like refused."""

    source: str
    charge: bool
    discharge: bool
    since: float
    text: str


class Witnesses:
    """Looks at the services once for each look of the bridge."""

    def __init__(self, wirings: Iterable[Wiring] = ()) -> None:
        self._wirings = tuple(wirings)
        self._terminals: dict[str, TerminalBms] = {}
        self._watch: Watch = {}

    def look(self, services: Services, now: float) -> None:
        """Take what the services say at `now` (monotonic seconds)."""
        self._watch = follow(self._watch, services, now)
        self._terminals = {
            wiring.name: read(wiring, services, self._terminals.get(wiring.name), now) for wiring in self._wirings
        }

    @property
    def stops(self) -> tuple[Stop, ...]:
        """What the wired BMSes stop now."""
        found = []
        for bms in self._terminals.values():
            if bms.stops_charge or bms.stops_discharge:
                reasons = [reason for reason in (charge_reason(bms), discharge_reason(bms)) if reason]
                since = max(signal.since for _, signal in bms.signals)
                found.append(Stop(bms.wiring.name, bms.stops_charge, bms.stops_discharge, since, "; ".join(reasons)))
        return tuple(found)

    def testimonies(self, *, enforced: bool) -> tuple[Testimony, ...]:
        """What each says; `enforced` False: another master controls, so a wired BMS is only observed."""
        said = [
            Testimony(
                source=service,
                name=vebus_name(seen.bms),
                kind="VE.Bus",
                charge=WORDS[seen.charge],
                discharge=WORDS[seen.discharge],
                since=max(seen.charge_since, seen.discharge_since),
                text=seen.text,
            )
            for service, seen in self._watch.items()
            if seen.bms.generation != "none"
        ]
        said += [
            Testimony(
                source=bms.wiring.name,
                name=bms.wiring.model,
                kind="terminals",
                charge="not wired" if bms.charge is None else WORDS[bms.charge_permission],
                discharge="not wired" if bms.discharge is None else WORDS[bms.discharge_permission],
                since=max((signal.since for _, signal in bms.signals), default=0.0),
                text=terminal_sentence(bms, enforced),
            )
            for bms in self._terminals.values()
        ]
        return tuple(said)

    def findings(self, now: float) -> tuple[Finding, ...]:
        """What a person should know of them."""
        return watch_findings(self._watch, now) + tuple(
            finding for bms in self._terminals.values() for finding in terminal_findings(bms, now)
        )
