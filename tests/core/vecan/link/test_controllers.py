"""Never two masters on CAN: who else steers, by NAME and by traffic, and who locks to one sender."""

from __future__ import annotations

import pytest

from gxbridge.core.nmea2000.encode import Frame
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.link.controllers import OtherControllers, is_charger
from tests.core.vecan.link.wire import (
    CURRENT,
    MPPT,
    MPPT_2,
    SENSE,
    US,
    VOLTAGE,
    Wire,
    charger_name,
    claim_frame,
    register_frame,
)

OTHER = 0xE1
GX = Name.make(71, 358, function=130, device_class=120)
SECOND_GXBRIDGE = Name.make(78, 2046, function=130, device_class=120)
GATEWAY = Name.make(79, 2046, function=130, device_class=25)


def steered() -> Wire:
    """One charger and the bus are told something."""
    wire = Wire()
    wire.write(MPPT, CURRENT, 50.0)
    wire.write(None, VOLTAGE, 27.4)
    return wire


def test_where_a_gx_is_on_the_bus_nothing_is_sent() -> None:
    wire = steered()
    wire.run(0.3)
    wire.join(OTHER, GX)
    assert wire.ids() == ["link-other-controller"]
    assert wire.out.findings[0].text.startswith("GX device 71 at address 225 may steer chargers on can0 too (NAME)")
    answer = wire.write(MPPT, CURRENT, 50.0)
    assert (answer.code, "another controller" in answer.text) == (2, True)
    words = ((MPPT, CURRENT, 50.0), (None, VOLTAGE, 27.4))
    assert wire.run(150.0 - 1, writes=words) == []
    assert wire.run(3, writes=words) != [], "it left long ago"


@pytest.mark.parametrize("register", [0x2001, 0x200E, 0x2015, 0x2014, 0x2016, 0x2000, 0x20FF])
def test_an_order_to_a_device_is_another_controller_for_a_minute(register: int) -> None:
    wire = steered()
    wire.join(OTHER, SECOND_GXBRIDGE)
    wire.hear(register_frame(OTHER, register, "0D", to=MPPT_2))
    assert wire.ids() == ["link-other-controller"]
    assert f"0x{register:04X}" in wire.out.findings[0].text
    words = ((MPPT, CURRENT, 50.0),)
    assert wire.run(60.0 - 1, writes=words) == []
    assert "24 2015 F4010000" in wire.run(3, writes=words)


@pytest.mark.parametrize("name", [SECOND_GXBRIDGE, GATEWAY], ids=["a display", "a gateway"])
@pytest.mark.parametrize("register", [0x2001, 0x200E, 0x2015, 0x2017, 0x2016, 0x2014, 0x2013, 0x200C])
def test_what_is_no_power_device_and_broadcasts_such_a_register_is_another_controller(
    register: int, name: Name
) -> None:
    wire = steered()
    wire.join(OTHER, name)
    wire.hear(register_frame(OTHER, register, "0D"))
    assert wire.ids() == ["link-other-controller"]
    assert wire.out.findings[0].text.startswith(f"device {name.unique_number} at address {OTHER} may steer")


def test_one_without_a_name_is_told_by_its_address() -> None:
    wire = steered()
    wire.hear(register_frame(0x99, 0x2001, "B40A"))
    wire.look()
    assert wire.out.findings[0].text.startswith("device at address 153 may steer")
    others = OtherControllers(wire.network)
    others.hear(0xFD, 0x2001, 1.0, own=US, addressed=False)
    assert others.other(1.0) == ("The device at address 253", "0x2001"), "no node has it"


def test_a_gx_counts_until_150_s_after_its_last_frame_and_an_order_for_60() -> None:
    wire = Wire()
    wire.join(OTHER, GX)
    others = OtherControllers(wire.network)
    assert others.other(wire.now + 150.0 - 0.1) == ("GX device 71 at address 225", "NAME")
    assert others.other(wire.now + 150.0) is None
    others.hear(MPPT, 0x2015, 500.0, own=US, addressed=True)
    assert others.other(560.0 - 0.1) == (f"device 855 at address {MPPT}", "0x2015")
    assert others.other(560.0) is None
    assert others.other(560.0 + 1) is None


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        (charger_name(), True),
        (charger_name(function=130), True),
        (charger_name(function=170), False),
        (charger_name(function=180), True),
        (charger_name(device_instance=1), False),
        (charger_name(device_class=25), False),
        (charger_name(manufacturer=275), False),
    ],
    ids=["charger", "below", "battery", "above", "another network", "another class", "another maker"],
)
def test_what_may_be_told_voltage_and_mode(name: Name, is_one: bool) -> None:
    wire = Wire()
    wire.join(MPPT_2, name)
    node = wire.network.at(MPPT_2)
    assert node is not None
    assert is_charger(node) is is_one


@pytest.mark.parametrize(
    ("frame", "others"),
    [
        (register_frame(OTHER, 0x2001, "B40A"), ["link-other-controller"]),
        (register_frame(OTHER, 0x200E, "0D"), ["link-other-controller"]),
        (register_frame(OTHER, 0x2002, "F804"), []),
        (register_frame(OTHER, 0x2026, "F804"), []),
        (register_frame(OTHER, 0x1FFF, "F804", to=MPPT_2), []),
        (register_frame(OTHER, 0x2100, "F804", to=MPPT_2), []),
        (register_frame(MPPT, 0x200E, "0D"), []),
        (register_frame(MPPT, 0x2001, "B40A"), []),
        (register_frame(0x99, 0x2001, "B40A"), ["link-other-controller"]),
        (register_frame(MPPT_2, 0x2015, "F401", to=MPPT), ["link-other-controller"]),
    ],
    ids=[
        "voltage",
        "mode",
        "sense",
        "yield",
        "below the page",
        "above the page",
        "own mode",
        "own voltage",
        "unnamed",
        "a charger that orders",
    ],
)
def test_what_is_an_order_and_what_a_device_says_of_itself(frame: Frame, others: list[str]) -> None:
    wire = steered()
    wire.join(OTHER, SECOND_GXBRIDGE)
    wire.join(MPPT_2, charger_name(856))
    wire.hear(frame)
    assert wire.ids() == others


@pytest.mark.parametrize("to", [MPPT_2, 0xFF])
@pytest.mark.parametrize("source", [OTHER, US])
def test_an_order_in_a_fast_packet_is_one_too(source: int, to: int) -> None:
    wire = steered()
    wire.join(OTHER, SECOND_GXBRIDGE)
    wire.hear((0x1DEF0000 | to << 8 | source, bytes.fromhex("0006 6699 0E20 0D00")))
    assert wire.ids() == ["link-other-controller"]


def test_a_device_may_answer_in_a_fast_packet() -> None:
    wire = steered()
    assert wire.frames() == ["24 2015 F4010000"]
    wire.hear((0x1DEFFF00 | MPPT, bytes.fromhex("0006 6699 1520 F401")))
    wire.look()
    assert wire.out.shown(wire.target(MPPT), CURRENT, wire.now) == 50.0


def test_one_whose_name_is_heard_later_is_a_charger_after_all() -> None:
    wire = steered()
    wire.hear(register_frame(0x99, 0x200E, "0D"))
    assert wire.ids() == ["link-other-controller"]
    wire.join(0x99, charger_name(857))
    assert wire.ids() == []


def test_an_adapter_that_gives_our_own_frames_back_makes_no_other_controller() -> None:
    wire = steered()
    assert wire.frames() == ["24 2015 F4010000"]
    ((_, *ours),) = wire.sent
    wire.now += 10.0 - 0.1
    wire.hear((ours[0], ours[1]))
    wire.hear(register_frame(US, 0x0100, "00F0FFFF"))
    assert wire.ids() == []
    wire.now += 0.2
    wire.hear((ours[0], ours[1]))
    assert wire.ids() == ["link-other-controller"], "that is no echo any more"


@pytest.mark.parametrize(
    "frame",
    [
        register_frame(US, 0x2015, "BC02", to=MPPT),
        register_frame(US, 0x2015, "F401", to=MPPT_2),
        register_frame(US, 0x200E, "0D"),
        register_frame(US, 0x2002, "500A"),
        register_frame(US, 0x2016, "500A"),
    ],
    ids=["another value", "another receiver", "everybody", "measured", "not one of ours"],
)
def test_what_another_device_sends_from_our_address_is_another_controller(frame: Frame) -> None:
    """Such as a second gxbridge made from a copy of the same disk."""
    wire = steered()
    wire.frames()
    wire.hear(frame)
    assert wire.ids() == ["link-other-controller"]
    assert wire.out.findings[0].text.startswith(f"Another device with our address {US} may steer")
    assert wire.run(60.0 - 1, writes=((MPPT, CURRENT, 60.0),)) == []


@pytest.mark.parametrize(
    "frames",
    [
        [register_frame(OTHER, 0x2015, "F401", to=MPPT_2)],
        [register_frame(OTHER, 0x2001, "B40A")],
        [register_frame(US, 0x200E, "05")],
        [claim_frame(OTHER, GX)],
    ],
    ids=["an order", "a broadcast", "from our address", "a GX"],
)
def test_what_came_with_the_same_frames_stops_the_next_word(frames: list[Frame]) -> None:
    """Without a look between them, which is up to a second later."""
    wire = steered()
    wire.hear(*frames)
    assert wire.frames() == []
    assert wire.transmitter.next_deadline() == pytest.approx(60.0), "nothing but a heartbeat"
    wire.now += 1
    assert wire.ids() == ["link-other-controller"]


@pytest.mark.parametrize(
    "name",
    [
        charger_name(9, function=141),
        charger_name(9, manufacturer=1403, function=150),
        charger_name(9, manufacturer=1320),
    ],
    ids=["DC generator", "Arco", "Integrel"],
)
def test_where_a_regulator_is_on_the_bus_nothing_is_broadcast(name: Name) -> None:
    wire = Wire()
    wire.join(OTHER, name)
    assert wire.ids() == [], "nothing is to be broadcast"
    wire.write(None, VOLTAGE, 27.4)
    wire.write(None, SENSE, 26.4)
    wire.write(MPPT, CURRENT, 50.0)
    assert wire.ids() == ["link-broadcast-held"]
    assert wire.write(None, SENSE, 26.4).code == 2
    assert wire.write(MPPT, CURRENT, 50.0).code == 0
    assert wire.run(1.0) == ["24 2015 F4010000"]


@pytest.mark.parametrize(
    "name", [charger_name(9, function=130), charger_name(9, device_class=25, function=141)], ids=["function", "class"]
)
def test_another_function_or_class_is_no_regulator(name: Name) -> None:
    wire = Wire()
    wire.join(OTHER, name)
    wire.write(None, VOLTAGE, 27.4)
    assert wire.ids() == []


def test_a_regulator_is_known_by_its_product_too() -> None:
    wire = Wire()
    wire.join(OTHER, charger_name(9))
    node = wire.network.at(OTHER)
    assert node is not None
    node.product_id = 0xB080
    node.identity.model_name = "WS500"
    wire.write(None, VOLTAGE, 27.4)
    assert wire.ids() == ["link-broadcast-held"]
    assert wire.out.findings[0].text.startswith("WS500 9 at address 225 on can0")
    node.name = node.address = None
    wire.look()
    assert wire.out.findings[0].text.startswith("WS500 on can0")


def test_unless_the_user_says_that_it_may() -> None:
    wire = Wire(broadcast=True)
    wire.join(OTHER, charger_name(9, function=141))
    wire.write(None, VOLTAGE, 27.4)
    assert wire.ids() == []
    assert wire.run(1.0) == ["FF 2001 B40A0000"]
