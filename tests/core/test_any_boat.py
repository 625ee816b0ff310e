"""Boats of every kind in every kind of trouble, on the whole bridge in control (profile `strict`).

Several BMSes, on D-Bus and two buses, totals and their members; chargers that show something else than told; settings
that vanish or turn to nonsense; names that flicker; Bluetooth. What is true of each boat is known by construction, and
every write is judged by the oracle of the last gate, which knows neither the decision nor the gate.
"""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from gxbridge.core.bridge import Bridge
from gxbridge.core.channels.readout.advertisement import DeviceKey
from gxbridge.core.cycle import Cycle
from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.name import Name
from tests.core.boat import CCL, CVL, DCL, IO, PRODUCT, RUNNING, STATE, claim, status, vreg
from tests.core.channels.test_readout import seal
from tests.core.gate.hostile import setup_of
from tests.core.gate.oracle import CHARGE, Oracle
from tests.core.gate.worlds import LYNX, SETTINGS, TrueBms, TrueWorld, change_world, make_bms, make_world

SYSTEM, SETTINGS_SERVICE = "com.victronenergy.system", "com.victronenergy.settings"
PHONE = "C0:FF:EE:00:00:01"
MINUTE_S, SILENCE_S, NOTICED_S = 60.0, 12, 8
MANY, LONG_S = 8, 40.0
"""So many writes in so long a time that read back differently are a lie that must have been noticed."""
NONSENSE: tuple[Value, ...] = (None, math.nan, "10", 1e12)


def raw(limit: float | None, scale: int) -> int:
    """A limit as a register has it; 0xFFFF is "not available"."""
    return 0xFFFF if limit is None or not math.isfinite(limit) or limit < 0 else round(limit * scale)


def flag(permission: Value) -> int:
    """A permission as register 0x2108 has it: 1 yes, 2 no, 0 unknown."""
    return {0: 2, 1: 1}.get(permission, 0) if isinstance(permission, int) else 0


def frames(bms: TrueBms) -> list[tuple[int, bytes]]:
    """Everything that a Lynx on CAN says."""
    source = bms.instance
    words = {
        **RUNNING,
        PRODUCT: LYNX << 8,
        STATE: 0xFF if bms.state is None else bms.state,
        IO: 0x1581 | flag(bms.charge) << 2 | flag(bms.discharge) << 4,
        CVL: raw(bms.cvl, 100),
        CCL: raw(bms.ccl, 10),
        DCL: raw(bms.dcl, 10),
    }
    name = Name.make(source, 358, function=170, device_class=35).payload
    return [claim(source, name), status(source=source), *(vreg(*each, source=source) for each in words.items())]


def add_lynxes(world: TrueWorld, chance: Random, count: int) -> dict[str, str]:
    """Lynxes on CAN: name on D-Bus -> bus. They are members where there is a total, and else count like any other."""
    buses = {}
    for source in range(41, 41 + count):
        role = "own" if world.own is None else "member" if world.own.role == "total" else "peer"
        bus = f"can{source % 2}"
        name = f"com.victronenergy.battery.gxbridge_{bus}_uc{source}"
        world.bmses.append(make_bms(chance, role, LYNX, source, name=name))
        buses[name] = bus
    return buses


class AnyBoat(RuleBasedStateMachine):
    """A true world, the bridge that sails in it, and the oracle."""

    @initialize(seed=st.integers(0, 1 << 32), lynxes=st.integers(0, 2))
    def sets_sail(self, seed: int, lynxes: int) -> None:
        self.chance, self.now, self.oracle = Random(seed), 1000.0, Oracle()
        self.world = make_world(self.chance)
        self.buses = add_lynxes(self.world, self.chance, lynxes)
        setup = replace(setup_of(self.world), buses=("can0", "can1"), readout_keys={PHONE: DeviceKey(b"k" * 16)})
        self.bridge = Bridge(setup)
        for source in range(41, 41 + lynxes):
            self.bridge.set_identity(f"uc{source}", source, "")
        self.shown: dict[str, dict[str, Value]] = {}
        self.settings_heard = True
        self.liars: set[str] = set()
        self.lies: dict[str, list[float]] = {}
        self.told: dict[tuple[str, str], float] = {}
        self.system_came: list[float] = []
        self.refused = {"charge": -math.inf, "discharge": -math.inf}
        """When Bluetooth refused it last."""
        self.silent_since: dict[str, float] = {}
        self.bridge.service_added(SETTINGS_SERVICE, self.world.settings(), self.now)
        self.meet()
        self.pass_time(11)  # until then the gate alone holds back 0 A of discharge for a lost BMS

    # --- what happens -----------------------------------------------------------------------------------------------

    @rule()
    def something_changes(self) -> None:
        world, user_a = self.world, self.world.user_a
        there = {bms.name for bms in world.bmses if bms.there}
        change_world(world, self.chance)
        if not self.settings_heard:
            world.user_a = user_a  # nobody hears of it
        seconds = max(math.ceil(world.now - self.now), 1)
        fallen_silent = [bms for bms in world.bmses if bms.name in self.buses and bms.name in there and not bms.there]
        self.meet()
        self.silent_since |= {bms.name: self.now for bms in fallen_silent}
        self.pass_time(SILENCE_S if fallen_silent else 0, silent=[bms.name for bms in fallen_silent])
        self.pass_time(seconds)

    @rule(nonsense=st.sampled_from(("gone", *NONSENSE)))
    def settings_turn_unknown(self, nonsense: Value) -> None:
        if nonsense == "gone":
            self.bridge.service_removed(SETTINGS_SERVICE, self.now)
        elif self.settings_heard:
            self.bridge.service_changed(SETTINGS_SERVICE, {f"{SETTINGS}MaxChargeCurrent": nonsense}, self.now)
        self.settings_heard = False
        self.pass_time(5)

    @rule()
    def settings_are_heard(self) -> None:
        self.settings_heard = True
        self.bridge.service_added(SETTINGS_SERVICE, self.world.settings(), self.now)
        self.pass_time(5)

    @rule(times=st.integers(1, 3), seconds=st.integers(0, 3))
    def the_system_s_name_flickers(self, times: int, seconds: int) -> None:
        before = self.world.master
        for _ in range(times):
            self.world.master = "a name that has not answered"
            self.named(SYSTEM)
            self.look(self.bridge.react(self.now))
            self.pass_time(seconds)
            self.world.master = before if before != "system" else ""
            self.bridge.service_removed(SYSTEM, self.now)
            self.shown.pop(SYSTEM, None)
            self.pass_time(2)
        self.world.shown = {}
        self.meet()

    @rule()
    def somebody_begins_or_ceases_to_lie(self) -> None:
        name = self.chance.choice(self.world.chargers).name
        self.liars ^= {name}
        self.lies.pop(name, None)
        self.pass_time(15)

    @rule(charge=st.sampled_from([0, 1, 2, 3]), discharge=st.sampled_from([1, 2]), nonce=st.integers(1, 0xFFFF))
    def bluetooth_says(self, charge: int, discharge: int, nonce: int) -> None:
        """Bits 58 and 60 of the record: 1 yes, 2 no."""
        plain = (charge << 58 | discharge << 60).to_bytes(16, "little")
        self.bridge.advertised(PHONE, seal(0x0A, plain, nonce=nonce), self.now)
        reading = self.bridge.channels.receiver.reading(PHONE, self.now)
        assert reading is not None
        for what in self.refused:
            self.refused[what] = self.now if reading.values[f"allowed_to_{what}"] is False else -math.inf
        self.pass_time(3)

    # --- what the bridge sees of it -----------------------------------------------------------------------------------

    def meet(self) -> None:
        """Show the bridge what is on D-Bus now."""
        shown = {name: items for name, items in self.world.services().items() if name not in self.buses}
        for name in set(self.shown) - set(shown):
            self.bridge.service_removed(name, self.now)
            self.lies.pop(name, None)
        for name, items in shown.items():
            before = self.shown.get(name)
            if before is None:
                self.named(name)
                self.bridge.service_added(name, items, self.now)
            elif changed := {path: value for path, value in items.items() if before.get(path, "") != value}:
                self.bridge.service_changed(name, changed, self.now)
        self.shown = {name: dict(items) for name, items in shown.items()}
        if self.settings_heard:
            self.bridge.service_changed(SETTINGS_SERVICE, self.world.settings(), self.now)

    def named(self, name: str) -> None:
        self.bridge.service_named(name, self.now)
        if name == SYSTEM:
            self.system_came.append(self.now)

    def pass_time(self, seconds: int, silent: list[str] | None = None) -> None:
        """Seconds with a look at the end of each. `silent`: these have fallen silent, noticed after a while."""
        for bms in self.world.bmses:
            bms.there = bms.there or bms.name in (silent or ())
        for second in range(seconds):
            self.now += 1.0
            for bms in self.world.bmses:
                if bms.name in self.buses and bms.there and bms.name not in (silent or ()):
                    self.bridge.hear(self.buses[bms.name], [(self.now, *frame) for frame in frames(bms)])
            self.look(self.bridge.tick(self.now), judged=not silent or second < NOTICED_S)
        for bms in self.world.bmses:
            bms.there = bms.there and bms.name not in (silent or ())

    # --- what must hold -----------------------------------------------------------------------------------------------

    def look(self, cycle: Cycle, *, judged: bool = True) -> None:
        world, writes = self.world, [tuple(write) for write in cycle.writes]
        world.now, world.shown = self.now, {}
        world.stops = self.now - self.refused["charge"] <= MINUTE_S
        world.stops_discharge = self.now - self.refused["discharge"] <= MINUTE_S
        for name in self.buses.keys() & world.services().keys():
            world.services()[name]["/Dc/0/Voltage"] = 26.4
        came = self.system_came[-2:]
        flickers = len(came) == 2 and came[1] - came[0] <= MINUTE_S and self.now - came[1] < MINUTE_S
        broken = self.oracle.judge(world, writes, writes)
        unclosed = any(self.now - since <= MINUTE_S for since in self.silent_since.values())
        if flickers or (unclosed and world.on_loss == "stop"):  # 0 A of discharge was told, or is chosen for a loss
            broken = [problem for problem in broken if "nobody's word" not in problem]
        assert not (judged and broken), (broken, world)
        for service, path, value in writes:
            if path in CHARGE:
                assert isinstance(value, int | float)
                lies = self.lies.get(service, [])
                noticed = len(lies) >= MANY and self.now - lies[0] >= LONG_S
                assert not (flickers or noticed) or value <= self.told.get((service, path), 0.0), (service, value)
                self.told[service, path] = value
            self.answer(service, path, value)
        altered = [found.text for found in cycle.began if found.id == "gate"]
        assert not altered, (altered, world)

    def answer(self, service: str, path: str, value: Value) -> None:
        """The device shows what it was told, or something else."""
        if service in self.liars and path in CHARGE:
            self.lies.setdefault(service, []).append(self.now)
            value = 3.0 if value != 3.0 else 2.0
        if path != "/Dc/0/MaxChargeCurrent":  # the Multi clamps its own setting; the world says what it is
            self.bridge.service_changed(service, {path: value}, self.now)


AnyBoat.TestCase.settings = settings(max_examples=10, stateful_step_count=15, deadline=None, derandomize=True)
test_any_boat = AnyBoat.TestCase
