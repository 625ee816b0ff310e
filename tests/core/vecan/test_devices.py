"""Devices that are no Lynx: chargers, monitors, VE.Bus systems and the GX, with what they say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.devices import DeviceView
from gxbridge.core.vecan.identity import MOST_BEHIND, Identity
from gxbridge.core.vecan.readings import VREG
from tests.core.lynx_frames import CLAIM, LYNX, REGISTERS, Listener, name_of, vreg_id


def device(listener: Listener, now: float) -> DeviceView:
    (found,) = listener.registry.devices(now)
    return found


@pytest.mark.parametrize(
    ("product", "kind"),
    [
        ("E5 A3", "battery"), ("E3 A3", "copy of a battery made by a GX device"), ("31 A1", "battery monitor"),
        ("02 A1", "charger"), ("42 A4", "inverter"), ("20 A1", "VE.Bus system"), ("04 01", "charger"),
        ("00 A1", "other device"),
    ],
)  # fmt: skip
def test_the_product_tells_the_kind(product: str, kind: str) -> None:
    bus = Listener()
    bus.claim(name_of(5), 0.0)
    bus.register(0x0100, f"00 {product} 00", 0.1)
    assert device(bus, 0.2).kind == kind


def test_a_solar_charger() -> None:
    charger = Listener()
    charger.claim(Name.make(5, 358, function=160, device_class=35), 0.0)
    charger.register(0x0100, "00 02 A1 00", 0.1)
    charger.register(0x0201, "03", 0.1)
    charger.register(0xEDBB, "70 17", 0.1)
    charger.register(0xEDBC, "60 EA 00 00", 0.1)
    charger.status(0.1)
    charger.text(0x010C, "Roof", 0.1)
    found = device(charger, 0.2)
    assert (found.kind, found.description, found.state, found.address) == ("charger", "Roof", "live", LYNX)
    values = {name: known.value for name, known in found.values.items()}
    assert values == {
        "voltage_v": 26.39, "current_a": -0.3, "temperature_c": 22.2, "power_w": -8, "device_state": 3,
        "pv_voltage_v": 60.0, "pv_power_w": 600.0,
    }  # fmt: skip
    assert device(charger, 20.0).values == {}


def test_the_gx_and_its_hint_that_a_bms_controls_the_chargers_for_sixty_seconds() -> None:
    gx = Listener()
    gx.claim(Name.make(900, 358, function=130, device_class=120), 0.0, source=0xE3)
    gx.register(0x200E, "0D", 0.0, source=0xE3)
    gx.register(0x2015, "00 00", 0.0, source=0xE3)
    found = device(gx, 0.1)
    assert found.kind == "GX device"
    assert found.values["bms_blocks_charge"].value == 1
    for second in range(5, 65, 5):
        gx.register(0x0201, "F9", float(second), source=0xE3)
    assert "bms_blocks_charge" in device(gx, 59.9).values
    assert "bms_blocks_charge" not in device(gx, 60.0).values
    gx.register(0x200E, "0D", 61.0, source=0xE3)
    gx.register(0x2015, "64 00", 61.0, source=0xE3)
    assert device(gx, 61.0).values["bms_blocks_charge"].value == 0


def test_the_display_of_another_manufacturer_is_no_gx() -> None:
    other = Listener()
    other.claim(Name.make(900, 1, function=130, device_class=120), 0.0)
    found = device(other, 0.0)
    assert (found.kind, found.family, found.manufacturer, found.values) == ("display", None, 1, {})


@pytest.mark.parametrize(
    ("device_class", "function", "kind"),
    [(35, 170, "battery"), (60, 145, "position (GNSS)"), (60, 7, "other device"), (99, 130, "display")],
)
def test_without_a_product_the_name_says_what_kind_of_device_it_is(device_class: int, function: int, kind: str) -> None:
    bus = Listener()
    bus.claim(Name.make(900, 1, function=function, device_class=device_class), 0.0)
    assert device(bus, 0.0).kind == kind


def test_an_unknown_device_is_shown_with_what_is_common_to_all() -> None:
    unknown = Listener()
    unknown.status(0.0)
    found = device(unknown, 0.1)
    assert (found.kind, found.product_name, found.unique_number, found.manufacturer) == (
        "other device",
        None,
        None,
        None,
    )
    assert found.values["voltage_v"].value == 26.39


def test_a_model_name_serves_where_the_product_is_not_known() -> None:
    unknown = Listener()
    unknown.text(0x010B, "Brave new charger", 0.0)
    assert device(unknown, 0.1).product_name == "Brave new charger"


def test_addresses_of_one_box_share_a_group() -> None:
    box = Listener()
    for source in (0x20, 0x21):
        box.frame(0x1CFF0000 | source, bytes.fromhex("6699D08CC22CAA46"), 0.0)
    assert [found.group for found in box.registry.devices(0.1)] == [0x2CC28CD0] * 2


def test_a_device_whose_product_changes_changes_its_kind() -> None:
    bus = Listener()
    bus.claim(CLAIM, 0.0)
    bus.register(0x0100, "00 02 A1 00", 0.1)
    assert device(bus, 0.2).kind == "charger"
    bus.register(0x2108, REGISTERS[0x2108], 0.3)
    bus.register(0x0100, REGISTERS[0x0100], 0.4)
    assert device(bus, 0.5).kind == "battery"
    assert bus.battery(0.5).get("allow_to_charge") == 1


def test_a_request_makes_its_sender_live_but_says_nothing() -> None:
    asker = Listener()
    asker.frame(vreg_id(0x20), bytes.fromhex("669901000201FFFF"), 0.0)
    found = device(asker, 9.0)
    assert (found.address, found.state, found.messages) == (0x20, "live", 0)


def test_devices_behind_a_node_are_counted_within_bounds() -> None:
    identity = Identity()
    for number in range(1, 200):
        identity.learn((VREG, 0x0100), {"identifier": number, "product_id": 0xA042})
    assert len(identity.behind) == MOST_BEHIND
    identity.learn((VREG, 0x0100), {"identifier": 1, "product_id": 0xA043})
    assert identity.behind[1] == 0xA043
    identity.learn((VREG, 0x0100), {"identifier": 2, "product_id": None})
    assert identity.behind[2] == 0xA042
    assert identity.learn((VREG, 0x2108), {}) is False
    other = Identity()
    other.update(identity)
    assert other.behind == identity.behind


@pytest.mark.parametrize(
    ("register", "code", "serial"),
    [
        ("HQ1", "0000001 HQ2", "HQ1"),
        (None, "0000001 HQ2", "HQ2"),
        (None, "0000001", None),
        (None, None, None),
        ("", "", None),
    ],
)
def test_the_serial_is_the_maker_s_and_never_the_unique_number(
    register: str | None, code: str | None, serial: str | None
) -> None:
    assert Identity(serial_register=register, serial_code=code).serial == serial


FRAMES = st.tuples(st.integers(0, 0x1FFFFFFF), st.binary(max_size=8))
LYNX_FRAMES = st.tuples(
    st.sampled_from([vreg_id(LYNX), 0x1DEFFF00 | LYNX, 0x19F21400 | LYNX, 0x18EEFF00 | LYNX, vreg_id(LYNX, 0x20)]),
    st.one_of(
        st.binary(max_size=8),
        st.sampled_from(sorted(REGISTERS)).map(
            lambda register: (
                b"\x66\x99" + register.to_bytes(2, "little") + bytes.fromhex(REGISTERS[register]).ljust(4, b"\0")
            )
        ),
        st.just(CLAIM),
    ),
)
PERMISSIONS = ("allow_to_charge", "allow_to_discharge", "alternator_allow_to_charge")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.one_of(FRAMES, LYNX_FRAMES, LYNX_FRAMES), st.floats(0, 14)), max_size=60))
def test_whatever_comes_nothing_raises_and_no_permission_outlives_what_it_came_from(
    steps: list[tuple[tuple[int, bytes], float]],
) -> None:
    """A permission is there only while a message of the live device says so, in any order and with any loss."""
    bus, now = Listener(), 0.0
    granted_at: dict[str, float] = {}
    for (can_id, data), pause in steps:
        now += pause
        bus.frame(can_id, data, now)
        if can_id == vreg_id(LYNX) and data[:4] in (b"\x66\x99\x08\x21", b"\x66\x99\x00\x21"):
            granted_at = dict.fromkeys(PERMISSIONS, now)
        for battery in bus.registry.batteries(now):
            assert battery.last_heard <= now
            for name in PERMISSIONS:
                known = battery.values.get(name)
                if known is not None and battery.address == LYNX:
                    assert battery.state == "live"
                    assert known.at <= granted_at[name]
        bus.registry.provisional(now)
        bus.registry.devices(now)
        bus.registry.findings(now)
        deadline = bus.registry.next_deadline(now)
        assert deadline is None or deadline > now
        assert len(bus.registry.network("can0").devices) <= 252


@settings(max_examples=60, deadline=None)
@given(st.permutations(sorted(REGISTERS)), st.sets(st.sampled_from(sorted(REGISTERS))))
def test_any_order_gives_the_same_battery_and_what_is_lost_is_unknown(order: list[int], lost: set[int]) -> None:
    one, other = Listener(), Listener()
    for listener, registers in ((one, sorted(REGISTERS)), (other, order)):
        listener.claim(CLAIM, 0.0)
        for register in registers:
            if register not in lost or register == 0x0100:
                listener.register(register, REGISTERS[register], 0.0)
    assert one.battery(0.0).values == other.battery(0.0).values
    if 0x2108 in lost:
        assert not set(PERMISSIONS) & set(one.battery(0.0).values)
