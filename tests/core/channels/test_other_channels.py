"""VE.Bus, terminals and Bluetooth together: what they stop, what they say, and where they contradict VE.Can."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.channels.other_channels import OtherChannels, OtherChannelsView
from gxbridge.core.channels.readout.advertisement import AdvertisedValues, DeviceKey
from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.channels.terminals.terminals_text import OBSERVED
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Value
from gxbridge.core.model.permission import Stop
from tests.core.channels.test_readout import seal
from tests.core.channels.test_vebus import NAME, NO_BMS_RECORDED, V2
from tests.core.lynx_frames import Listener

CHARGE = "com.victronenergy.digitalinput.input_1"
DISCHARGE = "com.victronenergy.digitalinput.input_2"
PRE_ALARM = "com.victronenergy.digitalinput.input_3"
ADDRESS = "C0:FF:EE:00:00:01"
FINE = bytes.fromhex("0040388b0afaff951555148ccf0200ff")
LOW_CELL = bytes.fromhex("001e00ce0939fe6525572d25a1a500c1")

Services = Mapping[str, Mapping[str, Value]]


def inputs(charge: int = 0, discharge: int = 0) -> dict[str, Mapping[str, Value]]:
    return {CHARGE: {"/Type": 10, "/InputState": charge}, DISCHARGE: {"/Type": 10, "/InputState": discharge}}


def family(model: str | None = None) -> OtherChannels:
    wirings = () if model is None else (Wiring("Bank", model, CHARGE, DISCHARGE),)
    return OtherChannels(wirings, {ADDRESS.lower(): DeviceKey(b"k" * 16)}, {ADDRESS.lower(): "Aft battery"})


def lynx(now: float) -> tuple[Battery, ...]:
    listener = Listener()
    listener.lynx(now)
    return listener.registry.batteries(now)


def ids(view: OtherChannelsView) -> list[str]:
    return [finding.id for finding in view.findings]


def test_nothing_configured_and_nothing_there_says_nothing() -> None:
    assert OtherChannels().look({}, (), 0.0) == OtherChannelsView()


def test_a_vebus_bms_that_refuses_or_cannot_be_read_stops() -> None:
    people = family()
    view = people.look({NAME: V2}, (), 10.0)
    assert (view.charge_stops, view.discharge_stops) == ((), ())
    assert view.sentences[0].startswith("VE.Bus BMS V2 or newer (firmware 100): charging allowed")
    view = people.look({NAME: V2 | {"/Bms/AllowToCharge": 0}}, (), 20.0)
    assert view.charge_stops == (Stop(NAME, "/Bms/AllowToCharge", 20.0, view.sentences[0].rstrip("."), "vebus"),)
    view = people.look({NAME: V2 | {"/Alarms/BmsConnectionLost": 2}}, (), 30.0)
    assert [stop.since for stop in (*view.charge_stops, *view.discharge_stops)] == [30.0, 30.0]
    assert [stop.refused for stop in view.discharge_stops] == [False], "nobody knows"
    view = people.look({NAME: V2 | {"/Bms/AllowToDischarge": 0}}, (), 35.0)
    assert [stop.refused for stop in view.discharge_stops] == [True]
    view = people.look({}, (), 40.0)
    assert [stop.path for stop in view.discharge_stops] == ["/Bms/AllowToDischarge"]
    assert "vanished" in view.charge_stops[0].text
    assert ids(view) == ["vebus-service-gone"]


@pytest.mark.parametrize(
    ("items", "allows"),
    [
        ({"/Bms/BmsType": 1}, True),
        ({"/Bms/BmsType": 1, "/Bms/AllowToCharge": 0}, False),
        ({"/Bms/BmsType": 1, "/Bms/AllowToCharge": None}, False),
        ({"/Bms/BmsType": 1, "/Bms/Error": 3}, False),
        ({"/Bms/BmsType": 1, "/Alarms/BmsConnectionLost": 2}, False),
        ({}, False),  # a VE.Bus BMS: what it allows is read where the limits are made
        (dict(NO_BMS_RECORDED), False),
    ],
)
def test_who_allows_charging_beside_a_vebus_system(items: dict[str, Value], allows: bool) -> None:
    people = family()
    people.look({NAME: V2 | {"/Bms/BmsType": 1}}, (), 5.0)
    view = people.look({NAME: V2 | items}, (), 10.0)
    assert [(permit.source, permit.path) for permit in view.charge_permits] == [(NAME, "/Bms/AllowToCharge")] * allows
    if allows:
        assert (view.charge_permits[0].since, view.charge_permits[0].text) == (
            5.0,
            "set by the two-signal BMS",
        )


def test_terminals_that_allow_say_who_and_since_when() -> None:
    people = family("Small BMS")
    assert people.look(inputs(), (), 0.0).charge_permits == ()
    (permit,) = people.look(inputs(), (), 2.0).charge_permits
    assert (permit.source, permit.path, permit.since) == (CHARGE, "/InputState", 2.0)
    assert permit.text == "set by Bank, allowed-to-charge terminal at input_1"
    assert people.look(inputs(charge=1), (), 3.0).charge_permits == ()
    only = OtherChannels((Wiring("Bank", "Small BMS", discharge=DISCHARGE),))
    only.look(inputs(), (), 0.0)
    assert only.look(inputs(), (), 9.0).charge_permits == (), "who has no say in charging allows none"


def test_a_multi_without_a_bms_stops_nothing_and_is_not_mentioned() -> None:
    view = family().look({NAME: NO_BMS_RECORDED}, (), 10.0)
    assert (view.charge_stops, view.sentences) == ((), ())
    assert len(view.vebus) == 1


def test_terminals_stop_with_their_input_and_moment() -> None:
    people = family("Small BMS")
    assert len(people.look(inputs(), (), 0.0).charge_stops) == 1
    assert people.look(inputs(), (), 2.0).charge_stops == ()
    view = people.look(inputs(1, 1), (), 5.0)
    (charge,), (discharge,) = view.charge_stops, view.discharge_stops
    assert (charge.kind, charge.source, charge.path, charge.since) == ("terminal", CHARGE, "/InputState", 5.0)
    assert discharge.source == DISCHARGE
    assert discharge.refused
    (gone,) = people.look({CHARGE: inputs()[CHARGE]}, (), 6.0).discharge_stops
    assert not gone.refused
    assert gone.text.endswith("unknown (the input is not there), which is not a permission")
    assert ids(view) == ["terminals-both-open"]


def test_terminals_under_another_master_are_observed() -> None:
    assert "Observed, not enforced" in family("Small BMS").look(inputs(), (), 0.0, observed=OBSERVED).sentences[0]


def test_bluetooth_stops_from_the_first_advertisement_until_it_is_silent() -> None:
    people = family()
    assert isinstance(people.hear(ADDRESS, seal(0x0A, LOW_CELL, nonce=1), 10.0), AdvertisedValues)
    people.look({}, (), 10.0)
    people.hear(ADDRESS, seal(0x0A, LOW_CELL, nonce=2), 40.0)
    view = people.look({}, (), 50.0)
    assert view.charge_stops == ()
    (stop,) = view.discharge_stops
    assert (stop.kind, stop.source, stop.since) == ("bluetooth", ADDRESS, 10.0)
    assert stop.text == "Aft battery advertises that it does not allow discharging"
    assert people.look({}, (), 101.0).discharge_stops == ()
    people.hear(ADDRESS, seal(0x0A, LOW_CELL, nonce=3), 200.0)
    assert people.look({}, (), 201.0).discharge_stops[0].since == 201.0


def test_bluetooth_stops_charging_and_warns() -> None:
    people = family()
    people.hear(ADDRESS, seal(0x05, (1 << 26 | 1 << 27).to_bytes(4, "little") + bytes(12)), 10.0)
    view = people.look({}, (), 10.0)
    assert [stop.kind for stop in view.charge_stops] == ["bluetooth"]
    assert view.discharge_stops == ()
    assert ids(view) == ["readout-pre-alarm"]
    assert "Aft battery" in view.findings[0].text


def test_a_device_without_a_name_is_called_by_its_address() -> None:
    people = OtherChannels(keys={ADDRESS: DeviceKey(b"k" * 16)})
    people.hear(ADDRESS, seal(0x0A, LOW_CELL), 10.0)
    assert people.look({}, (), 10.0).discharge_stops[0].text.startswith(ADDRESS)


# Second opinion


def test_a_lynx_that_agrees_on_all_channels_is_no_matter() -> None:
    people = family("Lynx Smart BMS")
    people.hear(ADDRESS, seal(0x0A, FINE), 0.0)
    for now in range(20):
        view = people.look(inputs(), lynx(float(now)), float(now))
    disputed = [name for name in ids(view) if name in ("channels-disagree-charge", "channels-disagree-discharge")]
    assert disputed == []


def test_a_stuck_contact_of_a_lynx_is_found() -> None:
    people = family("Lynx Smart BMS")
    for now in range(20):
        view = people.look(inputs(discharge=1), lynx(float(now)), float(now))
    (finding,) = view.findings
    assert finding.id == "channels-disagree-discharge"
    assert "VE.Can says discharge allowed, terminals says discharge refused" in finding.text
    assert len(view.discharge_stops) == 1


WARNED = bytearray(FINE)
WARNED[10] = WARNED[10] & ~0x0C | 0x08
"""The public plaintext with the warning that loads will be disconnected: the pre-alarm."""


@pytest.mark.parametrize(
    ("vecan", "advertised", "wire", "found"),
    [
        ("55 14 00 00", FINE, 1, set()),
        ("55 18 00 00", bytes(WARNED), 0, set()),
        ("55 18 00 00", FINE, 1, {"Bluetooth, VE.Can", "VE.Can, terminals"}),
        ("55 14 00 00", bytes(WARNED), 1, {"Bluetooth, VE.Can", "Bluetooth, terminals"}),
        ("55 14 00 00", FINE, 0, {"Bluetooth, terminals", "VE.Can, terminals"}),
        ("55 1C 00 00", FINE, 0, {"Bluetooth, terminals"}),
    ],
)
def test_the_pre_alarm_is_compared_on_all_three_channels(
    vecan: str, advertised: bytes, wire: int, found: set[str]
) -> None:
    """Register 0x2107, two bits each: load disconnect 0 OK, 1 warning, 2 disconnected, which is no pre-alarm."""
    people = OtherChannels(
        (Wiring("Bank", "Lynx Smart BMS", CHARGE, pre_alarm=PRE_ALARM),), {ADDRESS: DeviceKey(b"k" * 16)}
    )
    listener = Listener()
    for moment in range(45):
        now = float(moment)
        listener.lynx(now)
        listener.register(0x2107, vecan, now)
        people.hear(ADDRESS, seal(0x0A, advertised, nonce=moment), now)
        levels = {CHARGE: {"/Type": 10, "/InputState": 0}, PRE_ALARM: {"/Type": 10, "/InputState": wire}}
        view = people.look(levels, listener.registry.batteries(now), now)
    disputes = {finding.subject for finding in view.findings if finding.id == "channels-disagree-pre-alarm"}
    assert {subject.partition(": ")[2] for subject in disputes} == found


def test_bluetooth_that_contradicts_vecan_is_found() -> None:
    people = family()
    for now in range(20):
        people.hear(ADDRESS, seal(0x0A, LOW_CELL, nonce=now), float(now))
        view = people.look({}, lynx(float(now)), float(now))
    assert "channels-disagree-discharge" in ids(view)


def test_a_lynx_that_has_said_little_is_compared_as_far_as_it_goes() -> None:
    people, listener = family("Lynx Smart BMS"), Listener()
    listener.identify(0.0)
    assert ids(people.look(inputs(), listener.registry.batteries(0.0), 0.0)) == []


def test_another_record_or_a_second_lynx_is_no_opinion() -> None:
    people = family()
    for now in range(20):
        people.hear(ADDRESS, seal(0x05, bytes(16), nonce=now), float(now))
        view = people.look({}, lynx(float(now)), float(now))
    assert not any(name.startswith("channels-disagree") for name in ids(view))
    people = family()
    for now in range(20):
        people.hear(ADDRESS, seal(0x0A, LOW_CELL, nonce=now), float(now))
        view = people.look({}, lynx(float(now)) * 2, float(now))
    assert not any(name.startswith("channels-disagree") for name in ids(view))


@pytest.mark.parametrize(("model", "found"), [("VE.Bus BMS V2", True), ("Small BMS", False)])
def test_the_terminals_of_a_vebus_bms_are_its_second_opinion(model: str, found: bool) -> None:
    people = family(model)
    for now in range(20):
        view = people.look(inputs(charge=1) | {NAME: V2}, (), float(now))
    assert ("channels-disagree-charge" in ids(view)) is found


values = st.one_of(st.none(), st.integers(-1, 3), st.sampled_from([10, 1146100, "MK3", "", 2.5]))
paths = st.sampled_from(
    ["/Type", "/InputState", "/Bms/BmsType", "/Bms/AllowToCharge", "/Bms/Error", "/Mgmt/Connection"]
)
services = st.dictionaries(st.sampled_from([NAME, CHARGE, DISCHARGE, "x"]), st.dictionaries(paths, values))
heard = st.tuples(st.sampled_from([ADDRESS, "x"]), st.binary(max_size=26))


@given(st.lists(st.tuples(st.floats(0, 50), services, heard), max_size=8))
def test_whatever_comes_nothing_raises_and_every_stop_has_a_reason(
    story: list[tuple[float, Services, tuple[str, bytes]]],
) -> None:
    people, now = family("Small BMS"), 0.0
    for step, found, (address, data) in story:
        now += step
        people.hear(address, data, now)
        view = people.look(found, (), now)
        for stop in (*view.charge_stops, *view.discharge_stops):
            assert stop.text
            assert stop.since <= now
        for permit in view.charge_permits:
            items = found[permit.source]
            allows = items.get("/InputState") == 0 and items.get("/Type") == 10
            assert allows or (items.get("/Bms/BmsType"), items.get("/Bms/AllowToCharge")) == (1, 1)
            assert permit.source not in {stop.source for stop in view.charge_stops}
        level = found.get(CHARGE, {}).get("/InputState")
        if level != 0:
            assert any(stop.source == CHARGE for stop in view.charge_stops)
