"""What must hold whatever happens: two boats in a storm, one of any weather, one that must obey its BMS at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.blackbox.test_play import WatchedBoat, befall
from tests.core.boat import ALL_WELL, CCL, IO, MULTI, NO_CHARGE, NO_DISCHARGE, RUNNING, SOLAR, multi, solar
from tests.core.storm import OTHER_BATTERY, OTHER_SOLAR, RIVAL, SERVICES, SYSTEM, VENDOR_BATTERY, Event, events, frames

CHARGE_LINK = "/Link/ChargeCurrent"
BOL_CHARGE = "/BatteryOperationalLimits/MaxChargeCurrent"
BOL_DISCHARGE = "/BatteryOperationalLimits/MaxDischargeCurrent"
CHARGE_PATHS = (CHARGE_LINK, BOL_CHARGE)
SILENT_S, LOST_S = 10, 61


def clean(value: Value) -> bool:
    """A value that D-Bus can carry and a person can read: no bool, no NaN, not infinite."""
    return value is None or type(value) in (int, str) or (type(value) is float and isfinite(value))


def held(thing: object, seen: set[int]) -> Iterator[tuple[str, int]]:
    """Every container below `thing` with its size."""
    if id(thing) in seen or isinstance(thing, str | bytes | int | float | type(None) | type):
        return
    seen.add(id(thing))
    cls = type(thing)
    if isinstance(thing, Mapping):
        yield cls.__name__, len(thing)
        for item in thing.values():
            yield from held(item, seen)
    elif isinstance(thing, list | tuple | set | frozenset) and not hasattr(thing, "_fields"):
        yield cls.__name__, len(thing)
        for item in thing:
            yield from held(item, seen)
    elif cls.__module__.startswith("gxbridge.core") and not cls.__module__.endswith("database"):
        names = getattr(thing, "_fields", None) or getattr(cls, "__slots__", None) or vars(thing)
        for name in names:
            if cls.__name__ in ("Layout", "QuantityTable", "Database", "Options"):
                continue
            for inside, size in held(getattr(thing, name), seen):
                yield f"{cls.__name__}.{name}: {inside}", size


class AnyWeather(RuleBasedStateMachine):
    """Frames and D-Bus events of any kind in any order, any mode, any profile."""

    def __init__(self) -> None:
        super().__init__()
        self.boat = WatchedBoat()
        self.there: dict[str, dict[str, Value]] = {}

    @initialize(
        mode=st.sampled_from(["control", "control", "monitor", "off"]),
        profile=st.sampled_from(["strict", "strict", "vendor"]),
        publish=st.sampled_from(["bms", "monitor", "none"]),
        transmit=st.sampled_from(["off", "requests"]),
    )
    def sets_sail(self, mode: str, profile: str, publish: str, transmit: str) -> None:
        options = Options.of(profile)  # type: ignore[arg-type]
        self.boat = WatchedBoat(mode=mode, options=options, publish=publish, transmit=transmit)
        self.mode, self.profile = mode, profile

    @rule(event=events())
    def something_happens(self, event: Event) -> None:
        befall(self.boat, event)
        kind, *rest = event
        if kind == "add":
            self.there[str(rest[0])] = dict(SERVICES[str(rest[0])])
        elif kind == "change":
            self.there.setdefault(str(rest[0]), {}).update(rest[1])  # type: ignore[call-overload]
        elif kind == "remove":
            self.there.pop(str(rest[0]), None)
        if kind in ("tick", "react", "running"):
            self.check()

    @rule(burst=st.lists(frames(), min_size=1, max_size=6), bus=st.sampled_from(["can0", "can1"]))
    def a_burst_on_some_bus(self, burst: list[list[tuple[int, bytes]]], bus: str) -> None:
        self.boat.bridge.hear(bus, [(self.boat.now, *frame) for part in burst for frame in part])

    @rule(seconds=st.integers(1, 70))
    def time_passes_with_looks(self, seconds: int) -> None:
        for _ in range(seconds):
            self.boat.tick(speaking=False)
            self.check()

    def check(self) -> None:
        cycle = self.boat.last
        if cycle is None:
            return
        assert all(clean(write.value) for write in cycle.writes)
        self.nobody_is_overruled(cycle)
        self.unknown_is_no_permission(cycle)
        for limit in cycle.decision.limits:
            assert limit.sentence.strip(), limit
            assert limit.caps, limit
            assert all(cap.text for cap in limit.caps), limit
            assert limit.value is None or isfinite(limit.value), limit

    def nobody_is_overruled(self, cycle: Cycle) -> None:
        if self.mode != "control":
            assert cycle.writes == ()
        effective = cycle.own["/Dvcc/Effective"]
        assert effective == "control" or cycle.writes == ()
        system, rival = self.there.get(SYSTEM), self.there.get(RIVAL)
        if (system is not None and system.get("/Control/Dvcc") != 0) or (rival or {}).get("/Dvcc/Mode") == "control":
            assert cycle.writes == ()

    def unknown_is_no_permission(self, cycle: Cycle) -> None:
        """In profile strict a BMS that says no limit or no permission lets nobody be told to charge."""
        name = cycle.decision.bms_service
        if self.profile != "strict" or not name:
            return
        told = [w for w in cycle.writes if w.path in CHARGE_PATHS and isinstance(w.value, int | float) and w.value > 0]
        if cycle.decision.bms_state in ("silent", "lost"):
            assert told == []
        if cycle.decision.bms_state == "lost":
            assert [w for w in cycle.writes if w.path in CHARGE_PATHS] == []
        ours = {view.name: view.battery for view in cycle.batteries}
        if name in ours:
            permission, ccl = ours[name].get("allow_to_charge"), ours[name].get("charge_current_limit_a")
        elif name in self.there and name in (VENDOR_BATTERY, OTHER_BATTERY):
            permission = self.there[name].get("/Io/AllowToCharge", 1)
            ccl = self.there[name].get("/Info/MaxChargeCurrent")
        else:
            return  # a VE.Bus BMS says yes or no, and no current; a battery that is not published shows nothing
        if permission != 1 or ccl is None:
            assert told == [], (name, told)

    @invariant()
    def everything_published_is_clean(self) -> None:
        cycle = self.boat.last
        if cycle is not None:
            assert all(clean(value) for value in cycle.own.values())
            for view in cycle.batteries:
                bad = {path: value for path, value in view.items.items() if not clean(value)}
                assert not bad

    @invariant()
    def memory_is_bounded(self) -> None:
        sizes = list(held(self.boat.bridge, set()))
        assert len(sizes) < 20_000
        assert max(size for _, size in sizes) <= 2048, max(sizes, key=lambda item: item[1])


AnyWeather.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
test_any_weather = AnyWeather.TestCase


class Obedience(RuleBasedStateMachine):
    """Strict control, one Lynx, chargers that come and go: the newest word of the BMS holds within one look."""

    def __init__(self) -> None:
        super().__init__()
        self.boat = WatchedBoat()
        self.said = dict(RUNNING)
        self.chargers: set[str] = set()

    @initialize()
    def in_control(self) -> None:
        self.boat.tick(3)
        self.joins(SOLAR)
        self.joins(MULTI)
        self.boat.tick(4)

    @rule(name=st.sampled_from([SOLAR, OTHER_SOLAR, MULTI]))
    def joins(self, name: str) -> None:
        items = multi() if name == MULTI else solar(limit_a=50.0)
        self.boat.add(name, items)
        self.chargers.add(name)
        for path in (CHARGE_LINK, BOL_CHARGE, BOL_DISCHARGE):
            self.boat.links.pop((name, path), None)

    @rule(name=st.sampled_from([SOLAR, OTHER_SOLAR, MULTI]))
    def leaves(self, name: str) -> None:
        self.boat.bridge.service_removed(name, self.boat.now)
        self.chargers.discard(name)
        for path in (CHARGE_LINK, BOL_CHARGE, BOL_DISCHARGE):
            self.boat.links.pop((name, path), None)

    @rule(seconds=st.integers(1, 7))
    def goes_on(self, seconds: int) -> None:
        for _ in range(seconds):
            self.boat.tick()
            self.obeyed()

    @rule(
        ccl=st.sampled_from([None, 2000, 700, 300, 5, 0, 0xFFFF]),
        dcl=st.sampled_from([None, 6000, 100, 0, 0xFFFF]),
        io=st.sampled_from([None, ALL_WELL, NO_CHARGE, NO_DISCHARGE, 0xFFFFFFFF, 0]),
        after_s=st.sampled_from([0.0, 0.02, 0.4]),
    )
    def the_bms_says(self, ccl: int | None, dcl: int | None, io: int | None, after_s: float) -> None:
        words = {name: raw for name, raw in (("ccl", ccl), ("dcl", dcl), ("io", io)) if raw is not None}
        self.boat.now += after_s
        urgent = self.boat.say(**words)
        if urgent:
            self.boat.react()
        else:
            self.boat.tick()
        self.boat.now = float(round(self.boat.now + 0.5))
        self.obeyed()

    @precondition(lambda self: self.boat.last is not None)
    @rule()
    def the_bms_falls_silent_and_returns(self) -> None:
        for second in range(1, 76):
            self.boat.tick(speaking=False)
            self.obeyed_or_less(second)
        for _ in range(4):
            self.boat.tick()
            self.obeyed()

    @rule(
        seconds=st.sampled_from([2, 9, 15, 70]),
        ccl=st.sampled_from([2000, 5, 0]),
        io=st.sampled_from([ALL_WELL, NO_CHARGE]),
        heard_late=st.booleans(),
    )
    def nobody_looks_for_a_while(self, seconds: int, ccl: int, io: int, heard_late: bool) -> None:
        """The process is held; what the BMS says meanwhile is heard afterwards, or lost and repeated."""
        self.boat.said |= {CCL: ccl, IO: io}
        self.boat.now += seconds
        if heard_late:
            self.boat.repeat()
        else:
            self.boat.bridge.tick(self.boat.now)
        self.boat.tick()
        self.obeyed()

    def limits(self) -> tuple[float, float | None]:
        """What charging may be at most, and discharging (None: not renewed), by the newest words.

        Register 0x2108 has two bits for each flag: 1 yes, 2 no, 0 and 3 say nothing.
        """
        said = self.boat.said
        ccl, dcl, io = said[0x0391], said[0x0393], said[IO]
        charge = 0.0 if io >> 2 & 3 != 1 or ccl == 0xFFFF else ccl / 10
        if io >> 4 & 3 == 2:
            return charge, 0.0
        return charge, None if io >> 4 & 3 != 1 or dcl == 0xFFFF else dcl / 10

    def obeyed(self) -> None:
        assert not any(found.id == "gate" for found in self.boat.bridge.finding_log.current)
        charge_a, discharge_a = self.limits()
        links = self.boat.links
        told = [float(links.get((name, CHARGE_LINK)) or 0.0) for name in (SOLAR, OTHER_SOLAR)]
        assert sum(told) <= charge_a + 1e-6, (told, charge_a)
        assert float(links.get((MULTI, BOL_CHARGE)) or 0.0) <= charge_a + 1e-6
        last = self.boat.last
        assert last is not None
        for write in last.writes:
            if write.path == BOL_DISCHARGE:
                assert discharge_a is not None
                assert isinstance(write.value, int | float)
                assert write.value <= discharge_a + 1e-6

    def obeyed_or_less(self, silent_s: int) -> None:
        """In silence: what was told before; from 10 s on 0, and no discharge limit; from 60 s on nothing."""
        last = self.boat.last
        assert last is not None
        if silent_s < SILENT_S:
            self.obeyed()
            return
        told = [self.boat.links.get(key) for key in self.told_keys()]
        assert all(value in (None, 0) for value in told), (silent_s, told)
        assert all(write.path != BOL_DISCHARGE for write in last.writes)
        if silent_s >= LOST_S:
            assert last.writes == ()

    def told_keys(self) -> list[tuple[str, str]]:
        return [(SOLAR, CHARGE_LINK), (OTHER_SOLAR, CHARGE_LINK), (MULTI, BOL_CHARGE)]


Obedience.TestCase.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
test_obedience = Obedience.TestCase
