"""What holds although it is not said any more: refusals, across restarts too, and a charger's own limit."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.read.believed.held import MOST, Held, read_permissions, update_held
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Due, Latch, Remembered, decode, due, encode
from tests.core.boat import ALL_WELL, MULTI, NO_CHARGE, NO_DISCHARGE, SOLAR, Boat, multi, solar

BMS = "com.victronenergy.battery.ttyUSB0"
OTHER_NAME = "com.victronenergy.battery.ttyUSB7"
ATC, ATD = "/Io/AllowToCharge", "/Io/AllowToDischarge"
CURRENT = (SOLAR, "/Link/ChargeCurrent")
DISCHARGE = (MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent")
NOTHING = Remembered()


def battery(**items: Value) -> dict[str, Value]:
    """A BMS of a kind that need not say whether it allows anything."""
    return {
        "/DeviceInstance": 1,
        "/Connected": 1,
        "/ProductId": 0xBA77,
        "/ProductName": "SerialBattery",
        "/Mgmt/Connection": "USB",
        "/Serial": "S123",
        "/Dc/0/Voltage": 26.4,
        "/Dc/0/Current": 5.0,
        "/Info/MaxChargeVoltage": 28.4,
        "/Info/MaxChargeCurrent": 100.0,
        "/Info/MaxDischargeCurrent": 150.0,
        ATC: None,
        ATD: None,
        **items,
    }


def boat(
    remembered: Remembered = NOTHING, name: str = BMS, items: dict[str, Value] | None = None, **setup: object
) -> Boat:
    afloat = Boat(remembered=remembered, **setup)
    afloat.add(name, battery() if items is None else items)
    afloat.add(SOLAR, solar())
    afloat.add(MULTI, multi())
    tick(afloat, 6)
    return afloat


def tick(afloat: Boat, seconds: int = 4) -> None:
    afloat.tick(seconds, speaking=False)


def kept(afloat: Boat, before: Remembered = NOTHING) -> Remembered:
    """As the state has it: through the bytes of the file."""
    return decode(encode(afloat.bridge.remember(before, 1.7e9), "b")[0], "b")


def after(**items: Value) -> Remembered:
    """What is remembered of a battery that said this."""
    return kept(boat(items=battery(**items)))


def held(afloat: Boat) -> list[Finding]:
    return [found for found in afloat.bridge.finding_log.current if found.id.startswith("refusal-held")]


# --- a battery's permission ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [None, math.nan, "no", "0", 2, 1e12], ids=repr)
def test_a_refusal_outlives_a_restart_until_the_battery_allows_again(said: Value) -> None:
    afloat = boat(after(**{ATC: 0}), items=battery(**{ATC: said}))
    assert afloat.links[CURRENT] == 0
    (found,) = held(afloat)
    assert found.text.startswith("SerialBattery refused to charge")
    assert found.text.endswith("the refusal holds until it does")
    assert "gxbridge state forget latches" in found.advice
    afloat.set(BMS, **{ATC: 1})
    tick(afloat)
    assert afloat.links[CURRENT] == 35
    assert held(afloat) == []
    assert boat(kept(afloat, after(**{ATC: 0})), items=battery(**{ATC: 1})).links[CURRENT] == 35


def test_a_refusal_is_the_batterys_and_not_its_services() -> None:
    assert boat(after(**{ATC: 0}), OTHER_NAME).links[CURRENT] == 0
    assert boat(after(**{ATC: 0}), items=battery(**{"/Serial": "S999"})).links[CURRENT] == 35


def test_it_is_known_by_its_serial_or_its_unique_number() -> None:
    afloat = boat(items=battery(**{ATC: 0, "/Serial": None, "/N2kUniqueNumber": 7}))
    afloat.set(BMS, **{"/Serial": "0000007 HQ7"})
    tick(afloat)
    afloat.set(BMS, **{"/N2kUniqueNumber": None})
    tick(afloat)
    for known in ({"/Serial": "HQ7"}, {"/Serial": None, "/N2kUniqueNumber": 7}):
        assert boat(kept(afloat), items=battery(**known)).links[CURRENT] == 0


def test_a_permission_that_was_said_once_is_unknown_when_it_is_not_said_after_a_restart() -> None:
    assert boat().links[CURRENT] == 35, "of a kind that need not say it"
    afloat = boat(after(**{ATC: 1}))
    assert afloat.links[CURRENT] == 0
    assert held(afloat) == [], "it refused nothing"
    afloat.set(BMS, **{ATC: 1})
    tick(afloat)
    assert afloat.links[CURRENT] == 35


@pytest.mark.parametrize("said", [None, math.nan, "1", 2], ids=repr)
def test_what_was_never_valid_is_not_remembered(said: Value) -> None:
    assert after(**{ATC: said}).latches == ()


def test_a_permission_to_discharge_that_was_said_once_is_withheld_and_not_refused() -> None:
    afloat = boat(after(**{ATC: 1, ATD: 0}), items=battery(**{ATC: 1}))
    assert DISCHARGE not in afloat.links, "unknown: nothing is renewed, and 0 A is told by word only"
    assert afloat.links[CURRENT] == 35
    assert held(afloat) == []
    afloat.set(BMS, **{ATD: 1})
    tick(afloat)
    assert afloat.links[DISCHARGE] == 150


def test_a_lynx_that_refused_to_discharge_and_calls_it_unknown_is_told_no_discharge_limit() -> None:
    afloat = Boat()
    afloat.tick(3)
    afloat.add(MULTI, multi())
    afloat.tick(6)
    afloat.say(io=NO_DISCHARGE)
    afloat.tick(4)
    assert afloat.links[DISCHARGE] == 0
    afloat.say(io=0xFFFFFFFF)
    cycles = [afloat.tick() for _ in range(9)]
    assert not [write for cycle in cycles for write in cycle.writes if (write.service, write.path) == DISCHARGE]


def test_forgotten_by_command_it_holds_no_more() -> None:
    assert boat(after(**{ATC: 0}).forget("latches")).links[CURRENT] == 35


def test_without_an_identity_it_holds_while_the_process_runs_and_a_finding_says_so() -> None:
    nameless = battery(**{ATC: 0, "/Serial": None})
    afloat = boat(items=nameless)
    afloat.bridge.service_removed(BMS, afloat.now)
    tick(afloat, 2)
    afloat.add(BMS, {**nameless, ATC: None})
    tick(afloat)
    assert afloat.links[CURRENT] == 0
    (found,) = held(afloat)
    assert "as long as gxbridge runs" in found.text
    assert "gxbridge state forget latches" in found.advice
    assert kept(afloat).latches == ()


def test_a_lynx_that_refused_is_remembered_and_its_word_on_can_ends_it() -> None:
    afloat = Boat()
    afloat.said[0x2108] = NO_CHARGE
    afloat.tick(3)
    again = Boat(remembered=kept(afloat))
    again.said.pop(0x2108)
    again.tick(3)
    again.add(SOLAR, solar())
    again.tick(6)
    assert again.links[CURRENT] == 0
    assert [found.id for found in held(again)] == ["refusal-held-charge"]
    again.say(io=ALL_WELL)
    again.tick(4)
    assert again.links[CURRENT] == 35
    (view,) = again.tick().batteries
    assert view.items[ATC] == 1


def test_what_is_held_is_not_published_as_the_batterys_word() -> None:
    afloat = Boat()
    afloat.said[0x2108] = NO_CHARGE
    afloat.tick(3)
    again = Boat(remembered=kept(afloat))
    again.said.pop(0x2108)
    (view,) = again.tick(3).batteries
    assert view.items[ATC] is None


def test_profile_vendor_holds_nothing() -> None:
    assert boat(after(**{ATC: 0}), options=Options.vendor()).links[CURRENT] == 35


def test_a_refusal_is_written_at_once_and_flapping_wears_out_no_disk() -> None:
    afloat = boat(items=battery(**{ATC: 1}))
    allowed = kept(afloat)
    afloat.set(BMS, **{ATC: 0})
    tick(afloat, 1)
    refused = kept(afloat, allowed)
    afloat.set(BMS, **{ATC: 1})
    tick(afloat, 1)
    again = kept(afloat, refused)
    assert due(allowed, refused, 100.0, 101.0) is Due.NOW
    assert due(refused, again, 100.0, 101.0) is Due.LATER
    afloat.set(BMS, **{ATC: 0})
    tick(afloat, 1)
    assert due(refused, kept(afloat, again), 100.0, 101.0) is Due.NOTHING


def test_other_latches_are_left_alone() -> None:
    other = Latch("overruled", "somebody", 1.0, "test")
    assert boat(Remembered(latches=(other,))).bridge.remember(Remembered(latches=(other,)), 2.0).latches == (other,)


@pytest.mark.parametrize("names", [(BMS, OTHER_NAME), (OTHER_NAME, BMS)])
def test_of_two_services_of_one_battery_one_takes_nothing_back_while_the_other_refuses(names: tuple[str, str]) -> None:
    said = zip(names, (0, 1), strict=True)
    services = {name: battery(**{ATC: value}) for name, value in said}
    held = update_held(Held(), read_permissions(services), services)
    assert ("refused-charge", "S123") in held.words


def test_it_is_bounded_and_fits_into_the_state() -> None:
    held = Held()
    for number in range(3 * MOST):
        items = battery(**{ATC: 0, "/Serial": f"{number:060d}", "/N2kUniqueNumber": number})
        services = {BMS: items, f"{SOLAR}{number}": solar()}
        held = update_held(held, read_permissions(services), services)
    assert len(held.words) == len(held.own_limits) == MOST
    assert ("refused-charge", f"uc{3 * MOST - 1} {3 * MOST - 1:060d}") in held.words
    latches = tuple(Latch(*word, 1.7e9, "its permission") for word in held.words)
    assert encode(Remembered(latches=latches), "b" * 32)[1] == 0


def test_a_word_that_is_too_long_identifies_nobody() -> None:
    assert boat(items=battery(**{ATC: 0, "/Serial": "S" * 300})).bridge.remember(NOTHING, 1.0).latches == ()


# --- a VE.Bus BMS ----------------------------------------------------------------------------------------------------

VEBUS_BMS = {"/Bms/BmsType": 2, "/Bms/AllowToCharge": 1, "/Bms/AllowToDischarge": 1, "/Devices/Bms/Version": 1146110,
             "/Interfaces/Mk2/ProductName": "MK3", "/Bms/Error": 0, "/Hub/ChargeVoltage": 28.0,
             "/Hub4/AssistantId": 5}  # fmt: skip


@pytest.mark.parametrize("kind", [0, 1])
def test_a_vebus_bms_that_refused_and_is_called_another_kind_still_refuses(kind: int) -> None:
    afloat = Boat()
    afloat.add(SOLAR, solar())
    afloat.add(MULTI, multi(**VEBUS_BMS))
    tick(afloat, 6)
    assert afloat.links[CURRENT] == 35
    afloat.set(MULTI, **{"/Bms/AllowToCharge": 0})
    tick(afloat)
    assert afloat.links[CURRENT] == 0
    afloat.set(MULTI, **{"/Bms/BmsType": kind, "/Bms/AllowToCharge": 1})
    tick(afloat, 90)
    assert afloat.links[CURRENT] == 0, "what stands beside it is no word of a VE.Bus BMS"
    (found,) = held(afloat)
    assert "MultiPlus" in found.text
    afloat.set(MULTI, **{"/Bms/BmsType": 2, "/Bms/AllowToCharge": 0})
    tick(afloat)
    assert afloat.links[CURRENT] == 0
    afloat.set(MULTI, **{"/Bms/AllowToCharge": 1})
    tick(afloat)
    assert afloat.links[CURRENT] == 35


def test_a_vebus_bms_that_allowed_may_be_taken_away() -> None:
    afloat = Boat()
    afloat.add(SOLAR, solar())
    afloat.add(MULTI, multi(**VEBUS_BMS))
    tick(afloat, 6)
    afloat.set(MULTI, **{"/Bms/BmsType": 0})
    tick(afloat)
    assert held(afloat) == []
    assert afloat.links[CURRENT] == 35


# --- chargers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [None, math.nan, "much", 1e12], ids=repr)
def test_a_chargers_own_limit_that_becomes_unknown_holds(said: Value) -> None:
    afloat = boat(items=battery(**{"/Info/MaxChargeCurrent": 30.0}))
    assert afloat.links[CURRENT] == 30
    afloat.set(SOLAR, **{"/Settings/ChargeCurrentLimit": said})
    tick(afloat)
    afloat.set(BMS, **{"/Info/MaxChargeCurrent": 20.0})
    tick(afloat)
    assert afloat.links[CURRENT] == 20, "it is still told"
    afloat.set(BMS, **{"/Info/MaxChargeCurrent": 90.0})
    tick(afloat)
    assert afloat.links[CURRENT] == 35, "and not more than it said last"
    afloat.set(SOLAR, **{"/Settings/ChargeCurrentLimit": 15.0})
    tick(afloat)
    assert afloat.links[CURRENT] == 15


def test_a_list_where_the_firmware_stands_is_unknown() -> None:
    afloat = boat()
    for name in (SOLAR, MULTI):
        afloat.bridge.service_changed(name, {"/FirmwareVersion": [1, 2], "/ProductId": [3]}, afloat.now)  # type: ignore[dict-item]
    tick(afloat)
    assert afloat.links[CURRENT] == 35
    assert "firmware-insufficient" not in {found.id for found in afloat.bridge.finding_log.current}
