"""A bridge that remembers what came in and what it decided, and says when that is worth keeping.

The events of a stretch, each a list: input first, then what came of it.

    +  service, items, now        a D-Bus service appeared      ~  service, changes, now    some of its items
    ?  service, now, appeared     its name has an owner         m  ours                     whether our own name is ours
    z                             another master is forgotten     o  seconds                 local time minus UTC
    s  on                         the storage profile is switched
    -  service, now               it left                       i  battery, instance, name  from the GX's settings
    a  address, heard            a Bluetooth device: what its advertisement said, opened, without the key
    q  battery, number            the individual battery somebody wants to see
    n  findings                   what the outside found        c  {bus: statistics}        when they changed
    t  now, offset                a cycle every second          r  now, offset              a cycle at once
    =  digest, {...}              what the cycle decided: w writes, l changed limits, s changed state, b batteries whose
                                  state changed, f findings begun, e ended, k what chargers were told by LINK and showed
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import blake2b
from operator import attrgetter, is_
from typing import Any, Final

from gxbridge.core.blackbox.bridge_state import capture, names_of
from gxbridge.core.blackbox.classes import codec
from gxbridge.core.blackbox.codec import Plain, to_json
from gxbridge.core.blackbox.ring import Ring, Stretch
from gxbridge.core.bridge import Bridge, Frames
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.run.decision import GONE, Decision
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record
from gxbridge.core.publish.own_items import CanView
from gxbridge.core.setup import Setup

AFTERMATH_S: Final = 15.0
"""What follows the event belongs to it: so long is gone on before the memory is written."""
FIRST_CONTROL_S: Final = 3600.0
"""The first hour of control is kept, whatever happened in it."""
AGAIN_S: Final = 600.0
"""One cause is worth one file in this time."""
MOST_CAUSES: Final = 256
NOT_HEARD: Final = "not-heard-on-can"
"""A battery that somebody else publishes fell silent with its whole bus: it is a loss that D-Bus does not show."""
LINK_LOST: Final = 67
"""No BMS: the charger was told of one and hears nothing any more."""


@record
class Cause:
    """Why the memory is kept. `name`: bms-lost, error-67, alarm, first-control, command or crash; `at`: monotonic
    seconds."""

    name: str
    subject: str
    text: str
    at: float


@record
class Frozen:
    """What is to be written: everything needed to play it again. `epoch_offset`: wall clock minus monotonic."""

    cause: Cause
    frozen_at: float
    epoch_offset: float
    setup: Plain
    stretches: tuple[Stretch, ...]
    fields: Mapping[str, tuple[str, ...]]


class Digester:
    """Digests of one decision after another. Limits stay the same object for most seconds, and are most of the text;
    what leaves is mostly what was decided: what was written of both is kept."""

    def __init__(self) -> None:
        self._limits: tuple[Limit, ...] = ()
        self._limits_text = to_json(())

    def digest(self, cycle: Cycle, effective: str) -> str:
        """A decision in 16 digits: two that differ anywhere have different ones."""
        decision = cycle.decision
        if decision.limits is not self._limits:
            self._limits, self._limits_text = decision.limits, to_json(decision.limits)
        leaves, decided = cycle.writes, decision.writes
        left_text = to_json(leaves)
        same = len(leaves) == len(decided) and all(map(is_, leaves, decided))
        decided_text = left_text if same else to_json(decided)
        # JSON tells 1 from 1.0 and writes every float exactly; it is made in C, unlike the text of named tuples.
        values = dict(zip(decision._fields, decision, strict=True))
        rest = [values[name] for name in BEHIND_LIMITS]
        text = (
            f"[{to_json(effective)},{left_text},[{decided_text},{to_json(dict(decision.published))},"
            f"{self._limits_text},{to_json([[(), *rest], [_finding(finding) for finding in decision.findings]])[2:]}"
        )
        return blake2b(text.encode(), digest_size=8).hexdigest()


def digest_of(cycle: Cycle, effective: str) -> str:
    """The digest of a single decision."""
    return Digester().digest(cycle, effective)


BEHIND_LIMITS: Final = tuple(name for name in Decision._fields[4:] if name != "titles")
"""The fields of a decision behind its writes, what is published, limits and findings; the titles are in the texts."""
_finding = attrgetter(*(name for name in Finding.__match_args__ if name != "arguments"))  # they are in the text


def by_subject(limits: Iterable[Limit]) -> dict[tuple[str, str], tuple[float | None, str]]:
    """What is kept of limits when they change."""
    return {(limit.name, limit.subject): (limit.value, limit.sentence) for limit in limits}


class RecordingBridge(Bridge):
    """A Bridge in every respect; besides, it remembers. A fault of the memory never disturbs the bridge."""

    def __init__(self, setup: Setup, max_bytes: int) -> None:
        super().__init__(setup)
        self._names = names_of(self)
        self._codec = codec(
            with_banks=bool(setup.banks), with_ports=bool(setup.serve), with_readout=bool(setup.readout_keys)
        )
        self._ring = Ring(max_bytes)
        self._frozen_for: dict[tuple[str, str], float] = {}
        self._cause: Cause | None = None
        self._told: dict[str, Any] = {}
        self._digester = Digester()
        self._offset = 0.0
        self._control_since: float | None = None
        self._first_control_kept = False
        self.recorder_fault = ""
        """Why nothing is remembered any more; "" while all is well."""

    # --- what comes in ---------------------------------------------------------------------------------------------

    def hear(self, bus: str, frames: Frames) -> bool:
        received = frames if isinstance(frames, list) else list(frames)
        if not self.recorder_fault:
            try:
                self._ring.frames(bus, received)
            except Exception as error:  # see the class: whatever it is, frames are heard
                self._fail(error)
        return super().hear(bus, received)

    def service_added(self, name: str, items: Mapping[str, Value], now: float) -> bool:
        self._note("+", name, dict(items), now)
        self._look_for_67(name, items, now)
        return super().service_added(name, items, now)

    def service_changed(self, name: str, changes: Mapping[str, Value], now: float) -> bool:
        self._note("~", name, dict(changes), now)
        self._look_for_67(name, changes, now)
        return super().service_changed(name, changes, now)

    def service_named(self, name: str, now: float, *, appeared: bool = True) -> bool:
        self._note("?", name, now, appeared)
        return super().service_named(name, now, appeared=appeared)

    def hold_name(self, ours: bool) -> None:
        if ours != self.owns_name:
            self._note("m", ours)
        super().hold_name(ours)

    def reset_master(self) -> None:
        self._note("z")
        super().reset_master()

    def set_zone(self, zone_s: float | None) -> None:
        if zone_s != self._zone_s:
            self._note("o", zone_s)
        super().set_zone(zone_s)

    def switch_storage(self, on: bool) -> None:
        self._note("s", on)
        super().switch_storage(on)

    def service_removed(self, name: str, now: float) -> bool:
        self._note("-", name, now)
        return super().service_removed(name, now)

    def advertised(self, address: str, data: bytes, now: float) -> bool:
        receiver = self.channels.receiver
        before = receiver.heard(address)
        urgent = super().advertised(address, data, now)
        heard = receiver.heard(address)
        if heard != before and not self.recorder_fault:
            try:
                self._ring.event(["a", address, self._codec.encode(heard)])
            except Exception as error:  # see the class
                self._fail(error)
        return urgent

    def set_identity(self, key: str, instance: int, custom_name: str) -> None:
        if self._own_batteries.identities.get(key) != (instance, custom_name):
            self._note("i", key, instance, custom_name)
        super().set_identity(key, instance, custom_name)

    def not_delivered(self, keys: Iterable[tuple[str, str]]) -> None:
        known = [key for key in keys if key in self.standing.told]
        if known:
            self._note("u", [list(key) for key in known])
        super().not_delivered(known)

    def report(self, findings: Iterable[Finding]) -> None:
        reported = tuple(findings)
        if reported != self._reported:
            self._note("n", [[getattr(item, name) for name in Finding.__match_args__] for item in reported])
        super().report(reported)

    # --- what goes out ---------------------------------------------------------------------------------------------

    def _look(self, now: float, epoch_offset: float, can: Mapping[str, CanView] | None, *, timers: bool) -> Cycle:
        if not self.recorder_fault:
            try:
                self._before(now, epoch_offset, can or {}, timers=timers)
            except Exception as error:  # see the class
                self._fail(error)
        cycle = super()._look(now, epoch_offset, can, timers=timers)
        if not self.recorder_fault:
            try:
                self._after(cycle, now)
            except Exception as error:  # see the class
                self._fail(error)
        return cycle

    def _before(self, now: float, offset: float, can: Mapping[str, CanView], *, timers: bool) -> None:
        self._offset = offset
        if self._ring.due(now):
            self._ring.begin(now, capture(self, self._names, self._codec))
            self._told = {}
        if can != self._told.get("can", {}):
            self._told["can"] = dict(can)
            self._ring.event(["c", {bus: asdict(view) for bus, view in can.items()}])
        self._ring.event(["t" if timers else "r", now, offset])

    def _after(self, cycle: Cycle, now: float) -> None:
        decision, standing = cycle.decision, self.standing
        said: dict[str, Plain] = {}
        if cycle.writes:
            said["w"] = cycle.writes
        if self.link is not None and (told := self.link.out.take_log()):
            said["k"] = told
        if decision.limits is not self._told.get("limits", ()):
            limits, before = by_subject(decision.limits), by_subject(self._told.get("limits", ()))
            if limits != before:
                said["l"] = [[*key, *what] for key, what in limits.items() if before.get(key) != what]
                said["l"] += [[*key, None, ""] for key in before if key not in limits]
        state = (decision.bms_state, decision.bms_service, standing.effective, standing.reason)
        if state != self._told.get("state"):
            said["s"] = state
        shown = [(view.name, view.battery) for view in cycle.batteries if view.battery is not None]
        batteries = {battery.key: (battery.state, battery.address) for _, battery in shown}
        known = self._told.get("batteries", {})
        if batteries != known:
            said["b"] = [
                [item.key, name, item.bus, item.address, item.state, item.last_heard]
                for name, item in shown
                if known.get(item.key) != batteries[item.key]
            ]
            said["b"] += [[key, "", "", None, "gone", now] for key in known if key not in batteries]
        for mark, findings in (("f", cycle.began), ("e", cycle.ended)):
            if findings:
                said[mark] = [[finding.id, finding.severity, finding.subject, finding.text] for finding in findings]
        state_before = self._told.get("state", ("", "", "", ""))[0]
        self._told |= {"limits": decision.limits, "state": state, "batteries": batteries}
        self._ring.event(["=", self._digester.digest(cycle, standing.effective), said])
        if state_before == "live" and decision.bms_state in GONE:
            self.freeze("bms-lost", decision.bms_service, f"the BMS in control is {decision.bms_state}", now)
        for key, (is_now, _) in batteries.items():
            if is_now == "silent" and known.get(key, ("",))[0] == "live":
                self.freeze("bms-lost", key, "a BMS fell silent", now)
        self._control_since = None if standing.effective != "control" else self._control_since or now
        since = self._control_since
        if since is not None and not self._first_control_kept and now - since >= FIRST_CONTROL_S:
            self._first_control_kept = True
            self.freeze("first-control", "", "the first hour of control", now)
        for finding in cycle.began:
            if finding.severity == "alarm" or finding.id == NOT_HEARD:
                self.freeze("alarm", f"{finding.id} {finding.subject}", finding.text, now)

    # --- keeping it ------------------------------------------------------------------------------------------------

    def freeze(self, name: str, subject: str, text: str, now: float) -> None:
        """Something happened: have the memory kept, unless the same was the reason a short time ago."""
        key = (name, subject)
        last = self._frozen_for.get(key)
        if self.recorder_fault or (last is not None and now - last < AGAIN_S):
            return
        if len(self._frozen_for) >= MOST_CAUSES:
            del self._frozen_for[next(iter(self._frozen_for))]
        self._frozen_for[key] = now
        if self._cause is None:
            self._cause = Cause(name, subject, text, now)

    def frozen(self, now: float) -> Frozen | None:
        """What is to be written now, once for each cause and its aftermath; None when there is nothing."""
        cause = self._cause
        if cause is None or now - cause.at < AFTERMATH_S:
            return None
        return self._cut(cause, now)

    def keep_now(self, name: str, text: str, now: float) -> Frozen | None:
        """The memory as it is, without an aftermath: on command, or at the end of the program."""
        return self._cut(Cause(name, "", text, now), now)

    def unwritten(self, now: float) -> Frozen | None:
        """What was to be written later, for a program that ends now."""
        return None if self._cause is None else self._cut(self._cause, now)

    def _cut(self, cause: Cause, now: float) -> Frozen | None:
        self._cause = None
        if self.recorder_fault:
            return None
        setup = self._codec.encode(self.setup)
        stretches = tuple(self._ring.stretches())
        return Frozen(cause, now, self._offset, setup, stretches, dict(self._codec.fields))

    def _look_for_67(self, name: str, items: Mapping[str, Value], now: float) -> None:
        if items.get(p.ERROR_CODE) == LINK_LOST:
            self.freeze("error-67", name, "a charger lost its BMS (error #67)", now)

    def _note(self, *event: Plain) -> None:
        if self.recorder_fault:
            return
        try:
            self._ring.event(list(event))
        except Exception as error:  # see the class
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.recorder_fault = f"{type(error).__name__}: {error}"
        self._ring = Ring(0)
