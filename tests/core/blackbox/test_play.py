"""The black box on a desk: what was recorded is played again and every decision is the same, bit for bit."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.blackbox.box import Box, BoxError, BoxState, Event, lines, parse
from gxbridge.core.blackbox.bridge_state import capture, names_of, restore
from gxbridge.core.blackbox.classes import codec
from gxbridge.core.blackbox.play import replay, services_at_start
from gxbridge.core.blackbox.recorder import Frozen, RecordingBridge
from gxbridge.core.blackbox.timeline import facts_of
from gxbridge.core.bridge import Bridge
from gxbridge.core.channels.readout.advertisement import DeviceKey
from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.read.options import Options, Profile
from gxbridge.core.model.finding import Finding
from tests.core.boat import MULTI, NO_CHARGE, SOLAR, Boat, multi, solar
from tests.core.channels.test_readout import seal
from tests.core.storm import INPUT, SERVICES, events
from tests.core.storm import Event as Happening


class WatchedBoat(Boat):
    """A boat that remembers its last look."""

    last: Cycle | None = None

    def _take(self, cycle: Cycle) -> None:
        self.last = cycle
        super()._take(cycle)


class BoxedBoat(Boat):
    """A boat whose bridge has a black box of 4 MiB."""

    def __init__(self, max_bytes: int = 4 << 20, **setup: object) -> None:
        super().__init__(**setup)
        self.bridge = self.boxed = RecordingBridge(self.bridge.setup, max_bytes)

    def box(self) -> Box:
        frozen = self.boxed.keep_now("command", "a test asks", self.now)
        assert isinstance(frozen, Frozen), self.boxed.recorder_fault
        return parse(lines(frozen, "test", "digest"))


def test_a_recorded_day_out_is_played_again_with_the_same_decisions() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(130)
    boat.say(io=NO_CHARGE)
    boat.react()
    boat.tick(70, speaking=False)
    boat.tick(20)
    assert boat.boxed.recorder_fault == ""
    report = replay(boat.box())
    assert report.cycles > 200
    assert report.differences == []
    assert report.frames > 1000
    assert report.skipped == 0


def comparable(cycle: Cycle | None) -> object:
    """What a look yields besides the decision, as text; the order in which a mapping has its items says nothing."""
    if cycle is None:
        return None
    views = [
        (view.name, view.instance, sorted(view.battery.values.items()), sorted(view.items.items()), list(view.specs))
        for view in cycle.batteries
    ]
    return repr((cycle.writes, views, sorted(cycle.own.items()), cycle.began, cycle.ended))


def befall(boat: Boat, event: Happening) -> None:
    """Let an event of a storm happen."""
    kind, *rest = event
    if kind == "frames":
        boat.send(*rest[0])  # type: ignore[misc]
    elif kind == "add":
        boat.add(str(rest[0]), SERVICES[str(rest[0])])
    elif kind == "change":
        boat.bridge.service_changed(str(rest[0]), rest[1], boat.now)  # type: ignore[arg-type]
    elif kind == "remove":
        boat.bridge.service_removed(str(rest[0]), boat.now)
    elif kind == "tick":
        boat.tick(speaking=False)
    elif kind == "react":
        boat.react()
    elif kind == "wait":
        boat.now += rest[0]  # type: ignore[operator]
    else:
        boat.tick(rest[0])  # type: ignore[arg-type]


@given(
    st.lists(events(), max_size=60),
    st.sampled_from(["control", "monitor", "off"]),
    st.sampled_from(["strict", "vendor"]),
)
@settings(max_examples=40, deadline=None)
def test_whatever_happened_is_played_again_bit_for_bit(storm: list[Happening], mode: str, profile: Profile) -> None:
    boat = BoxedBoat(mode=mode, options=Options.of(profile))
    for event in storm:
        befall(boat, event)
    boat.tick()
    assert boat.boxed.recorder_fault == ""
    report = replay(boat.box())
    assert report.cycles > 0
    assert report.differences == []


@given(st.lists(events(), max_size=40), st.lists(events(), max_size=30), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_bridge_made_from_a_state_goes_on_as_the_first_one_does(
    before: list[Happening], after: list[Happening], transmit: bool
) -> None:
    """Not only the decision: every item of every service is the same."""
    boat = WatchedBoat(transmit="requests" if transmit else "off", wirings=(Wiring("bms", "Small BMS", charge=INPUT),))
    for event in before:
        befall(boat, event)
    coding = codec()
    state = json.loads("".join(capture(boat.bridge, names_of(boat.bridge), coding)))
    setup = codec().decode(coding.encode(boat.bridge.setup), coding.fields)
    duplicate = WatchedBoat()
    duplicate.bridge = restore(setup, state, coding.fields, codec())
    duplicate.now, duplicate.links, duplicate.last = boat.now, dict(boat.links), boat.last
    for event in [*after, ("tick",), ("tick",)]:
        befall(boat, event)
        befall(duplicate, event)
        assert repr(duplicate.last and duplicate.last.decision) == repr(boat.last and boat.last.decision)
        assert comparable(duplicate.last) == comparable(boat.last)


INPUTS = {
    *("hear", "service_added", "service_changed", "service_removed", "set_identity"),
    *("advertised", "not_delivered", "report", "_look", "service_named", "hold_name", "reset_master"),
    *("set_zone", "switch_storage"),
}
"""What is remembered."""
NO_INPUTS = {
    "react",
    "tick",
    "effective",
    "owns_name",
    "standing",
    "remember",
    "may_write",
    "judge_own_write",
    "orders",
}
"""They end in a look, only ask, or concern only what is said on CAN."""


def test_no_input_of_the_bridge_is_forgotten() -> None:
    """Whoever gives the bridge another input has to remember it, or to say here why that is not needed."""
    public = {name for name, thing in vars(Bridge).items() if not name.startswith("_") and callable(thing)}
    public |= {name for name, thing in vars(Bridge).items() if isinstance(thing, property)}
    assert public - NO_INPUTS == INPUTS - {"_look"}
    assert vars(RecordingBridge).keys() >= INPUTS


def test_what_bluetooth_says_is_played_again_without_the_key() -> None:
    address, low_cell = "C0:FF:EE:00:00:01", bytes.fromhex("001e00ce0939fe6525572d25a1a500c1")
    boat = BoxedBoat(readout_keys={address: DeviceKey(b"k" * 16)}, readout_names={address: "Lynx"})
    boat.tick(3)
    assert boat.boxed.advertised(address, seal(0x0A, low_cell, nonce=1), boat.now)
    assert not boat.boxed.advertised(address, seal(0x0A, low_cell, nonce=1), boat.now), "a copy changes nothing"
    cycle = boat.tick(60)
    assert cycle.own["/Limits/Dcl/Value"] == 0
    box = boat.box()
    report = replay(box)
    assert (report.cycles, report.differences) == (63, [])
    assert [entry.mark for entry in box.entries if isinstance(entry, Event) and entry.mark == "a"] == ["a"]


def test_what_the_outside_says_is_played_again_too() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    boat.boxed.set_identity("uc167120", 7, "House")
    boat.boxed.set_identity("uc167120", 7, "House")
    boat.boxed.report([Finding("some", "warning", "a", "b", "c", boat.now, boat.now)])
    boat.tick(60)
    box = boat.box()
    assert replay(box).differences == []
    assert [entry.mark for entry in box.entries if isinstance(entry, Event) and entry.mark in "in"] == ["i", "n"]


def test_a_frame_that_the_memory_cannot_take_is_heard_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    boat = BoxedBoat()
    boat.tick(3)

    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(boat.boxed._ring, "frames", broken)
    boat.tick(3)
    assert "MemoryError" in boat.boxed.recorder_fault
    assert boat.boxed.keep_now("command", "", boat.now) is None
    boat.boxed.freeze("command", "", "", boat.now)
    assert boat.boxed.unwritten(boat.now) is None


@pytest.mark.parametrize("when", ["_before", "_after", "_note", "encode"])
def test_a_fault_at_any_place_never_reaches_the_bridge(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    boat = BoxedBoat()
    boat.tick(3)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    if when == "_note":
        monkeypatch.setattr(boat.boxed._ring, "event", broken)
        boat.add(SOLAR, solar())
    elif when == "encode":
        boat = BoxedBoat(readout_keys={"A": DeviceKey(b"k" * 16)})
        monkeypatch.setattr(boat.boxed._codec, "encode", broken)
        boat.boxed.advertised("A", seal(0x05, bytes(16)), boat.now)
    else:
        monkeypatch.setattr(boat.boxed, when, broken)
    boat.tick(3)
    assert boat.boxed.recorder_fault == "RuntimeError: broken"


def test_the_causes_remembered_are_bounded() -> None:
    boat = BoxedBoat()
    for number in range(300):
        boat.boxed.freeze("error-67", f"charger {number}", "", boat.now)
    assert len(boat.boxed._frozen_for) == 256


def test_what_the_bus_says_of_names_is_played_again_too() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    boat.boxed.service_named("com.victronenergy.battery.mute", boat.now)
    boat.boxed.hold_name(False)
    boat.boxed.hold_name(False)
    boat.tick(3)
    boat.boxed.hold_name(True)
    boat.boxed.reset_master()
    boat.tick(60)
    box = boat.box()
    assert replay(box).differences == []
    assert [entry.mark for entry in box.entries if isinstance(entry, Event) and entry.mark in "?mz"] == [
        "?",
        "m",
        "m",
        "z",
    ]
    assert any("the name com.victronenergy.battery.mute has an owner" in line.text for line in facts_of(box).timeline)


def test_a_box_tells_which_services_were_there_when_it_begins() -> None:
    boat = BoxedBoat()
    boat.add(SOLAR, solar(FirmwareVersion=0x0164))
    boat.tick(130)
    items = services_at_start(boat.box())
    assert items[SOLAR]["/ProductName"] == "SmartSolar MPPT 100/30"
    assert services_at_start(Box(boat.box().head, ())) == {}


def test_services_of_a_state_that_cannot_be_taken_over_are_not_guessed() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    box = boat.box()
    strange = [BoxState(1.0, {"bridge": {}}) if isinstance(entry, BoxState) else entry for entry in box.entries]
    with pytest.raises(BoxError):
        services_at_start(Box(box.head, tuple(strange)))
