"""After a restart: who was heard before is known again by its NAME, until it says itself who it is."""

from __future__ import annotations

from dataclasses import replace

from gxbridge.core.blackbox.classes import codec
from gxbridge.core.bridge import Bridge
from gxbridge.core.model.battery import Configured
from gxbridge.core.model.remembered import Remembered, RememberedIdentity
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.battery_registry import BatteryRegistry
from tests.core.lynx_frames import CLAIM, LYNX, Listener, name_of

SERIAL = "HQ21302VUDQ"
NAME = Name(int.from_bytes(CLAIM, "little"))
BEFORE = RememberedIdentity(NAME.identity, 0xA3E5, SERIAL, 0, 1.7e9, "CAN bus can0")


def listener(*remembered: RememberedIdentity, configured: tuple[Configured, ...] = ()) -> Listener:
    lynx = Listener()
    lynx.registry = BatteryRegistry(configured, remembered=remembered)
    return lynx


def changes(lynx: Listener) -> list[str]:
    return [finding.text for finding in lynx.registry.findings(9.0) if finding.id == "product-changed"]


def test_who_was_heard_is_what_is_remembered() -> None:
    lynx = listener()
    lynx.claim(CLAIM, 0.0)
    assert lynx.registry.identities(1.7e9) == (), "its product was not heard"
    lynx.lynx(1.0)
    assert lynx.registry.identities(1.7e9) == (BEFORE,)


def test_a_name_that_is_heard_again_is_the_battery_it_was() -> None:
    lynx = listener(BEFORE)
    lynx.claim(CLAIM, 0.0)
    battery = lynx.battery(1.0)
    assert (battery.product_name, battery.serial, battery.unique_number) == ("Lynx Smart BMS 500", SERIAL, 167120)
    assert battery.values == {}, "no limit and no permission is remembered"
    assert lynx.registry.provisional(1.0) == ()
    assert lynx.registry.identities(2e9) == (), "it has not said so itself"


def test_an_address_identifies_nobody() -> None:
    lynx = listener(BEFORE)
    lynx.register(0x0390, "18 15 00 00", 0.0)
    assert lynx.registry.batteries(1.0) == ()
    lynx.claim(name_of(99), 1.0)
    assert lynx.registry.batteries(2.0) == ()


def test_the_instance_is_that_of_the_name_that_is_heard() -> None:
    lynx = listener(BEFORE)
    lynx.claim(replace(NAME, raw=NAME.raw | 3 << 32), 0.0)
    assert lynx.battery(1.0).device_instance == 3


def test_the_product_it_says_wins_and_takes_the_remembered_serial_away() -> None:
    lynx = listener(BEFORE)
    lynx.claim(CLAIM, 0.0)
    assert changes(lynx) == []
    lynx.register(0x0100, "00 E7 A3 00", 1.0)
    battery = lynx.battery(2.0)
    assert (battery.product_id, battery.serial) == (0xA3E7, None)
    assert changes(lynx) == [
        f"The device at address {LYNX} on can0 is a Lynx Smart BMS NG; "
        "it was a Lynx Smart BMS 500 when gxbridge last ran"
    ]
    lynx.text(0x010A, "HQ99", 2.0)
    assert lynx.battery(3.0).serial == "HQ99"
    assert lynx.registry.identities(2e9) == (replace(BEFORE, product_id=0xA3E7, serial="HQ99", since=2e9),)


def test_what_is_no_battery_any_more_is_not_taken_for_one_again() -> None:
    lynx = listener(BEFORE)
    lynx.claim(CLAIM, 0.0)
    lynx.register(0x0100, "00 EE EE 00", 1.0)
    assert lynx.registry.batteries(2.0) == ()
    assert changes(lynx) == [
        f"The device at address {LYNX} on can0 is product 0xEEEE; it was a Lynx Smart BMS 500 when gxbridge last ran"
    ]
    again = listener(*Remembered((BEFORE,)).learn(lynx.registry.identities(2e9)).identities)
    again.claim(CLAIM, 0.0)
    assert again.registry.batteries(1.0) == ()


def test_the_same_product_is_no_finding_and_its_own_serial_wins() -> None:
    lynx = listener(replace(BEFORE, serial="HQ99"))
    lynx.lynx(0.0)
    assert lynx.battery(1.0).serial == SERIAL
    assert changes(lynx) == []


def test_the_configuration_wins_over_memory() -> None:
    lynx = listener(BEFORE, configured=(Configured("can0", LYNX, 167120, 0xA3E7),))
    lynx.claim(CLAIM, 0.0)
    assert lynx.battery(1.0).product_id == 0xA3E7
    assert lynx.battery(1.0).serial is None
    assert changes(lynx) == []


def test_one_battery_under_two_numbers_is_one_also_by_a_remembered_serial() -> None:
    lynx = listener(BEFORE)
    lynx.identify(0.0, unique_number=99, source=7)
    lynx.text(0x010A, SERIAL, 0.5, source=7)
    lynx.claim(CLAIM, 1.0)
    assert [battery.unique_number for battery in lynx.registry.batteries(2.0)] == [99]


def test_a_battery_that_said_who_it_is_is_not_displaced_by_one_that_is_only_remembered() -> None:
    """Whatever came first: its limits would be gone with it."""
    lynx = listener(BEFORE)
    lynx.claim(CLAIM, 0.0)
    lynx.identify(0.5, unique_number=99, source=7)
    lynx.text(0x010A, SERIAL, 1.0, source=7)
    assert [battery.unique_number for battery in lynx.registry.batteries(2.0)] == [99]
    lynx.lynx(2.5)
    lynx.text(0x010A, SERIAL, 2.5)
    assert [battery.unique_number for battery in lynx.registry.batteries(3.0)] == [167120], (
        "the first of two that spoke"
    )


def test_who_does_not_believe_its_memory_says_that_a_product_is_another_and_forgets_it() -> None:
    lynx = Listener()
    lynx.registry = BatteryRegistry((), remembered=(BEFORE,), believe=False)
    lynx.claim(CLAIM, 0.0)
    assert lynx.registry.batteries(1.0) == ()
    lynx.register(0x0100, "00 A1 A1 FF", 1.0)
    assert len(changes(lynx)) == 1
    (now_known,) = lynx.registry.identities(2e9)
    assert now_known.product_id != BEFORE.product_id


def test_who_may_ask_on_the_bus_does_not_use_memory() -> None:
    memory = Remembered((BEFORE,))
    for transmit, known in (("off", 1), ("requests", 0)):
        bridge = Bridge(Setup(buses=("can0",), transmit=transmit, remembered=memory))  # type: ignore[arg-type]
        bridge.hear("can0", [(0.0, 0x18EEFF00 | LYNX, CLAIM)])
        assert len(bridge.registry.batteries(1.0)) == known


def test_a_black_box_has_what_was_remembered() -> None:
    setup = Setup(remembered=Remembered((BEFORE,)))
    recorder = codec()
    plain = recorder.encode(setup)
    assert recorder.decode(plain, {name: list(fields) for name, fields in recorder.fields.items()}) == setup
