"""From what counts to what may leave: decide, hold it against the last gate, and see whether we are master."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from gxbridge.core.bus_services import BusServices
from gxbridge.core.dvcc.explain.master_watch import MasterWatch, watch_master
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.rules.rule_set import RulesState
from gxbridge.core.dvcc.rules.storage import NO_STORAGE, StorageState
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.masters.masters import Standing, may_leave, owes, standing, takes_up, unjudged
from gxbridge.core.dvcc.run.masters.release import released
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.dvcc.run.orders_of_a_day import OrdersOfADay
from gxbridge.core.dvcc.tell.switches import SwitchedOff
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.gate import GateMemory, pass_on
from gxbridge.core.gate.raw_words import RawWords
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.setup import Setup

OFF = "DVCC is off in the configuration."


class Control:
    """What is remembered from one decision to the next, and what was decided last. Time is monotonic seconds."""

    def __init__(
        self, overruled: str = "", storage: StorageState = NO_STORAGE, switched: SwitchedOff | None = None
    ) -> None:
        """What was known before the program was started: what another master changed, of the storage profile, and what
        was switched off."""
        self.decision = Decision()
        self.standing = Standing(overruled=overruled)
        self.orders = OrdersOfADay()
        self._memory = Memory(rules=RulesState(storage=storage), switched_off=switched or {})
        self._gate = GateMemory()
        self._round: dict[tuple[str, str], Value] = {}
        """What the last round decided, and what was decided since, whether or not we were in control."""
        self._unpublished: Set[str] = frozenset()
        self._master_watch = MasterWatch()

    @property
    def storage(self) -> StorageState:
        """What is known of the storage profile and of full charges."""
        return self._memory.rules.storage

    @property
    def switched_off(self) -> SwitchedOff:
        """What is off because we switched it off."""
        return self._memory.switched_off

    def switch_storage(self, *, on: bool) -> None:
        """A client switches the storage profile; off are only the rules of the configuration."""
        rules = self._memory.rules
        self._memory = self._memory.but(rules=rules._replace(storage=rules.storage._replace(on=on)))

    @property
    def gate(self) -> GateMemory:
        """What the last gate knows since the last look."""
        return self._gate

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a person should know about who is master, and what the gate held back."""
        return (*self.standing.findings, *self._gate.findings)

    @property
    def master_findings(self) -> tuple[Finding, ...]:
        """What another master does otherwise than we would."""
        return self._master_watch.findings

    def rest(self) -> None:
        """The look of a service that neither decides nor writes."""
        self.standing = Standing(effective="off", reason=OFF, overruled=self.standing.overruled)

    def look(
        self,
        setup: Setup,
        snapshot: Snapshot,
        words: RawWords,
        on_bus: Mapping[str, Items],
        bus: BusServices,
        now: float,
        *,
        timers: bool,
    ) -> tuple[Write, ...]:
        """What may leave. `words` are those that the last gate reads; `on_bus`: the services as they are on the bus, or
        would be if ours were published."""
        self._unpublished = frozenset(words.unpublished)
        there = DbusState(on_bus)
        takes = takes_up(setup.mode, self.standing, there, self._unpublished, bus.names)
        if takes and owes(self._round, self.standing.told, snapshot.names, now):
            snapshot = replace(snapshot, take_up=True)
        writes = self._decide(snapshot, bus.arrivals, now, timers=timers)
        if apart := self.standing.apart.keys():  # what is not told to them anyway is nothing to hold back
            writes = released(writes, self.standing.told, apart, there, now, raises_wait=False)
        told = self._gate.told
        asked = writes if setup.mode == "control" else ()
        gone_a = sum(snapshot.gone.values())
        writes, self._gate = pass_on(asked, words, self._gate, setup, now, own_name=bus.names.ours, gone_a=gone_a)
        self.standing, writes = standing(
            setup.mode,
            there,
            self.standing,
            frozenset(bms.name for bms in snapshot.batteries),
            unpublished=self._unpublished,
            names=bus.names,
            disturbed=bus.disturbed,
            writes=writes,
            passes_on=setup.passes_on,
            now=now,
        )
        if self.standing.effective == "monitor" and self.standing.master:
            told_by, ours = self.standing.master, self.decision
            counting, heard = DbusState(snapshot.services), snapshot.heard.get(told_by)
            self._master_watch = watch_master(
                self._master_watch, ours.limits, ours.effective_v, counting, told_by, heard, now
            )
        else:
            self._master_watch = MasterWatch()
        if self.standing.effective == "control":
            return writes
        self._gate = self._gate._replace(told=told, findings=())  # nothing leaves, so nothing was held back
        return ()

    def _decide(
        self, snapshot: Snapshot, arrivals: Iterable[tuple[str, str]], now: float, *, timers: bool
    ) -> tuple[Write, ...]:
        """With what arrived, if anything did, and at every whole second."""
        arrived = tuple(arrivals)
        if not (arrived or timers or snapshot.take_up):
            return ()
        self.decision, self._memory = decide(snapshot, self._memory, now, arrived, whole_second=timers or not arrived)
        writes = self.decision.writes
        self.orders.note(writes, now)
        before = {} if self.decision.round_done else self._round
        self._round = {**before, **{(service, path): value for service, path, value in writes}}
        return writes

    def not_delivered(self, keys: Iterable[tuple[str, str]]) -> None:
        """These writes (service, path) were refused or still wait: a device that shows something else there has no
        other master for that."""
        self.standing = unjudged(self.standing, keys)

    def may_write(self, write: Write, sent: Value, on_bus: Mapping[str, Items], bus: BusServices, now: float) -> bool:
        """Whether a write that waited may go out this moment; `sent` is what went to its path last."""
        return may_leave(write, sent, self.standing, DbusState(on_bus), self._unpublished, bus.names, now)

    def reset_master(self) -> None:
        """Somebody has seen to the other master: forget that there was one."""
        self.standing = replace(self.standing, overruled="", apart={}, told={})
