"""From frames of several Lynx to what the chargers are told, and what stands on D-Bus."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from gxbridge.core.publish.explanation import as_text
from tests.core.bank.fleet import (
    CAPACITY,
    CURRENT,
    DISCHARGE,
    EPOCH,
    HOUSE,
    PRECHARGING,
    VOLTAGE,
    Fleet,
    afloat,
)
from tests.core.bank.members import items
from tests.core.boat import CCL, CVL, DCL, IO, NO_ALTERNATOR, STATE

TOTALS = "com.victronenergy.battery.lynxparallel0"
SERIAL_BATTERY = "com.victronenergy.battery.ttyUSB0"
SYSTEM = "com.victronenergy.system"
VENDOR = "com.victronenergy.battery.socketcan_can1_vi0_uc99"


def serial_battery(**changes: Value) -> dict[str, Value]:
    """A battery of another driver, of 200 Ah, without permissions."""
    other: dict[str, Value] = {"ProductId": 0xBA77, "ProductName": "SerialBattery", "State": None, "Capacity": 150}
    other |= {"AllowToCharge": None, "AllowToDischarge": None, "DeviceInstance": 1, "NominalVoltage": None}
    return items(**{**other, "InstalledCapacity": 200.0, "N2kDeviceInstance": None, **changes})


def no_alarm(fleet: Fleet) -> None:
    """The last gate had nothing to alter: its rules and ours agree."""
    assert not [id for id in fleet.found() if id.startswith("gate")], fleet.found()


@pytest.mark.parametrize(("count", "told"), [(2, 363.6), (3, 545.4), (5, 909.0)])
def test_several_lynx_are_told_to_the_chargers_as_one(count: int, told: float) -> None:
    fleet = afloat(count)
    assert set(fleet.states().values()) == {"in"}
    assert fleet.links[CURRENT] == told
    assert fleet.links[VOLTAGE] == 28.4
    assert fleet.links[DISCHARGE] == pytest.approx(told * 3, abs=0.3)
    assert fleet.shown(p.NUMBER_OF_BMSES) == f"{count}/{count}"
    assert fleet.cycle is not None
    assert fleet.cycle.decision.bms_service == HOUSE
    no_alarm(fleet)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_each_ones_refusal_stops_all_and_its_return_lets_them_on(count: int) -> None:
    fleet = afloat(count)
    for lynx in fleet.lynxes:
        lynx.refuse()
        fleet.pass_s(1)
        assert fleet.links[CURRENT] == 0
        assert (fleet.shown(p.CCL), fleet.shown(p.ALLOW_CHARGE)) == (0, 0)
        assert fleet.shown("/Info/MaxChargeCurrentReason") == f"{lynx.name} does not allow charging"
        lynx.refuse(refuses=False)
        fleet.pass_s(4)
        assert fleet.links[CURRENT] > 0
        no_alarm(fleet)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_one_after_the_other_opens_its_contactor_and_leaves(count: int) -> None:
    fleet = afloat(count)
    told = []
    for left, lynx in zip(range(count - 1, 0, -1), fleet.lynxes, strict=False):
        lynx.open()
        fleet.pass_s(4)
        assert fleet.shown(p.NUMBER_OF_BMSES) == f"{left}/{count}"
        assert fleet.shown("/Capacity") == 400 * left
        told.append(fleet.links[CURRENT])
        lynx.quiet = True
        fleet.pass_s(80)
        assert fleet.links[CURRENT] == told[-1] > 0
        no_alarm(fleet)
    assert all(before > after for before, after in pairwise(told))
    fleet.lynxes[-1].open()
    fleet.pass_s(4)
    assert fleet.links[CURRENT] == 0
    assert fleet.shown(p.CVL) == 28.4, "it is still known that there is a BMS"
    no_alarm(fleet)


def test_a_member_that_falls_silent_stops_the_bank_until_its_loss_is_acknowledged() -> None:
    fleet = afloat(3)
    fleet.lynxes[2].quiet = True
    fleet.pass_s(13)
    assert fleet.states()["Bank 3"] == "silent"
    assert (fleet.links[CURRENT], fleet.shown(p.CCL), fleet.shown(p.ALLOW_CHARGE)) == (0, 0, None)
    text = fleet.found()["bank-member-silent"]
    assert text.startswith("House: 2 of 3 batteries there, Bank 3 gone since 20")
    fleet.pass_s(120)
    assert fleet.links[CURRENT] == 0
    no_alarm(fleet)

    again = fleet.restarted()
    again.pass_s(10)
    assert again.links[CURRENT] == 0
    assert "bank-member-silent" not in again.found(), "it may take a minute to say who it is"
    again.pass_s(60)
    assert again.links[CURRENT] == 0
    assert again.found()["bank-member-silent"].startswith("House: 2 of 3 batteries there, uc167122 gone since 20")

    acknowledged = again.restarted(forget="uc167122")
    acknowledged.pass_s(10)
    assert acknowledged.links[CURRENT] == 363.6
    assert "bank-member-silent" not in acknowledged.found()
    no_alarm(acknowledged)


def test_a_restart_with_one_member_off_knows_that_its_contactor_was_open() -> None:
    fleet = afloat(3)
    fleet.lynxes[0].open()
    fleet.pass_s(2)
    fleet.lynxes[0].quiet = True
    fleet.pass_s(20)
    again = fleet.restarted()
    again.pass_s(65)
    assert again.links[CURRENT] == 363.6
    assert "uc167120 gone since" in again.found()["bank-member-away"]
    no_alarm(again)


def test_a_returning_members_limits_count_at_once_and_its_share_when_its_voltage_fits() -> None:
    fleet = afloat(3)
    back = fleet.lynxes[2]
    back.open()
    fleet.pass_s(4)
    back.said[STATE] = PRECHARGING
    fleet.pass_s(4)
    assert (fleet.states()["Bank 3"], fleet.links[CURRENT]) == ("open", 363.6)
    back.close()
    back.voltage_v, back.said[CCL], back.said[CVL] = 27.2, 500, 2700
    fleet.pass_s(4)
    assert fleet.states()["Bank 3"] == "waiting"
    assert fleet.links[CURRENT] == 136.3, "50 A, and a third of the current might be its part"
    assert fleet.links[VOLTAGE] == 27.0
    assert "bank-member-waits" in fleet.found()
    assert "bank-voltages" in fleet.found()
    assert fleet.shown("/Capacity") == 800
    back.refuse()
    fleet.pass_s(1)
    assert fleet.links[CURRENT] == 0
    back.refuse(refuses=False)
    back.voltage_v, back.said[CCL], back.said[CVL] = 26.5, 2000, 2840
    fleet.pass_s(4)
    assert (fleet.states()["Bank 3"], fleet.links[CURRENT]) == ("in", 545.4)
    no_alarm(fleet)


def test_members_of_different_capacity_and_limit() -> None:
    fleet = Fleet(2)
    fleet.lynxes[0].said[CAPACITY] = 100
    fleet.lynxes[0].said[CCL] = 500
    fleet.pass_s(10)
    assert fleet.links[CURRENT] == 227.2, "50 A at a part of a fifth, and a tenth more"
    fleet.lynxes[0].said.pop(CAPACITY)
    other = Fleet(2)
    other.lynxes = fleet.lynxes
    other.pass_s(10)
    assert other.links[CURRENT] == 50.0, "all of it could flow into the smaller"
    assert "bank-capacity" in other.found()
    no_alarm(other)


def test_one_members_limit_is_unknown() -> None:
    fleet = Fleet(2)
    fleet.lynxes[0].said.pop(CCL)
    fleet.pass_s(10)
    assert fleet.links.get(CURRENT) == 0
    assert fleet.figure(p.CCL)["reason"] == "Bank 1 does not say the charge current that it allows"
    no_alarm(fleet)
    fleet = Fleet(2)
    fleet.lynxes[0].said.pop(DCL)
    fleet.pass_s(10)
    assert fleet.shown(p.DCL) is None
    no_alarm(fleet)


def test_a_member_that_refuses_discharge_stops_the_multi() -> None:
    fleet = afloat(3)
    fleet.lynxes[1].refuse_discharge()
    fleet.pass_s(2)
    assert (fleet.links[DISCHARGE], fleet.shown(p.DCL), fleet.shown(p.ALLOW_DISCHARGE)) == (0, 0, 0)
    no_alarm(fleet)


def test_a_member_that_takes_more_than_stated_lowers_the_limit_and_is_named() -> None:
    fleet = afloat(2)
    fleet.lynxes[0].current_a, fleet.lynxes[1].current_a = 80.0, 20.0
    fleet.pass_s(300)
    assert fleet.found()["bank-imbalance"].startswith("House: 80 % of the current flows through Bank 1, and 55 %")
    assert fleet.links[CURRENT] == pytest.approx(250, abs=3)
    no_alarm(fleet)


def test_members_on_two_buses_and_one_that_moves_are_the_same_members() -> None:
    entry = BankEntry("house", "House", ("uc167120", "uc167121"))
    fleet = Fleet(2, entry, buses=("can0", "can1"))
    fleet.lynxes[1].bus = "can1"
    fleet.pass_s(10)
    assert fleet.links[CURRENT] == 363.6
    fleet.lynxes[1].bus = "can0"
    fleet.pass_s(2)
    assert fleet.states() == {"Bank 1": "in", "Bank 2": "in"}
    fleet.pass_s(70)
    assert fleet.links[CURRENT] == 363.6
    no_alarm(fleet)


def test_a_lynx_that_gets_another_device_instance_leaves_the_sum_and_stops_the_bank_until_it_is_acknowledged() -> None:
    fleet = afloat(3)
    fleet.lynxes[2].network = 1
    fleet.pass_s(13)
    assert fleet.states()["Bank 3"] == "silent"
    assert (fleet.links[CURRENT], fleet.shown("/Capacity")) == (0, 800)
    no_alarm(fleet)
    named = afloat(3, BankEntry("house", "House", ("uc167120", "uc167121", "uc167122")))
    named.lynxes[2].network = 1
    named.pass_s(13)
    assert named.links[CURRENT] == 545.4, "a member that is named is one whatever its instance"
    no_alarm(named)


def test_a_battery_of_another_nominal_voltage_makes_no_bank() -> None:
    fleet = Fleet(2, BankEntry("house", "House", ("uc167120", "uc167121")))
    fleet.lynxes[1].said |= {0xEDEF: 12, CVL: 1420}
    fleet.lynxes[1].voltage_v = 13.2
    fleet.pass_s(10)
    assert HOUSE not in fleet.services()
    assert fleet.found()["bank-nominal"] == (
        "House is no bank: its batteries are of different nominal voltage (Bank 1 24 V and Bank 2 12 V)"
    )
    assert fleet.services()[fleet.lynxes[0].service].items[p.CCL] == 200, "they are what they are without a bank"
    no_alarm(fleet)


def test_a_clock_that_is_set_changes_only_what_is_told_of_it() -> None:
    fleet = afloat(2)
    fleet.lynxes[1].open()
    fleet.pass_s(2)
    fleet.lynxes[1].quiet = True
    for offset in (0.0, 4e9, -1e9):
        fleet.now += 1
        for frame in fleet.lynxes[0].frames():
            fleet.bridge.hear("can0", [(fleet.now, *frame)])
        fleet.cycle = fleet.bridge.tick(fleet.now, offset)
    fleet.pass_s(20)
    assert fleet.links[CURRENT] == 200
    assert "bank-member-away" in fleet.found()


# --- what stands on D-Bus --------------------------------------------------------------------------------------------


def test_beside_a_bank_its_members_are_battery_monitors() -> None:
    fleet = afloat(2)
    services = fleet.services()
    assert p.CVL in services[HOUSE].items
    assert services[HOUSE].items[p.PRODUCT_ID] == 0xA3E3
    for lynx in fleet.lynxes:
        shown = services[lynx.service].items
        assert not [path for path in shown if path.startswith("/Info/")]
        assert shown[p.PRODUCT_ID] == 0xBA78, "no Lynx is there for which a GX would start its own totals"
        assert shown["/Soc"] == 99.2
    assert {view.instance for view in services.values()} == {220, 221, 230}


@pytest.mark.parametrize(("publish", "product"), [("bms-neutral", 0xBA78), ("monitor", 0xBA78)])
def test_a_bank_is_published_as_the_configuration_says(publish: str, product: int) -> None:
    fleet = afloat(2, publish=publish)
    shown = fleet.services()[HOUSE].items
    assert shown[p.PRODUCT_ID] == product
    assert (p.CVL in shown) is (publish == "bms-neutral")
    assert fleet.links[CURRENT] == 363.6
    no_alarm(fleet)


def test_with_publish_none_a_bank_only_decides() -> None:
    fleet = afloat(2, publish="none")
    assert fleet.services() == {}
    assert fleet.links[CURRENT] == 363.6
    no_alarm(fleet)


def test_never_beside_the_vendors_totals_which_are_explained_member_by_member() -> None:
    fleet = afloat(2, mode="monitor")
    assert HOUSE in fleet.services()
    totals = items(ProductId=0xA3E3, MaxChargeCurrent=400.0, MaxDischargeCurrent=1200.0, Soc=99.2, Capacity=800)
    for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE, p.N2K_INSTANCE, p.NOMINAL_VOLTAGE):
        del totals[path]
    fleet.add(TOTALS, totals)
    fleet.pass_s(3)
    assert HOUSE not in fleet.services()
    assert p.CVL in fleet.services()[fleet.lynxes[0].service].items, "they are published as without a bank"
    bank = fleet.bank()
    assert bank["why"] == f"It is only explained: {TOTALS} adds the same batteries up"
    assert [member["state"] for member in bank["members"]] == ["in", "in"]
    assert any(text.startswith("charge current limit (CCL): the totals say 400 A") for text in bank["differences"])
    fleet.bridge.service_removed(TOTALS, fleet.now)
    fleet.pass_s(3)
    assert HOUSE in fleet.services()


def test_totals_that_have_not_said_yet_whose_they_are_are_waited_for() -> None:
    fleet = Fleet(2, mode="monitor")
    fleet.bridge.service_named(TOTALS, fleet.now)
    fleet.pass_s(3)
    assert HOUSE not in fleet.services()
    assert fleet.bank()["why"].endswith("adds the same batteries up")


def test_the_vendors_totals_of_another_network_are_no_reason() -> None:
    fleet = Fleet(2, mode="monitor")
    fleet.add("com.victronenergy.battery.lynxparallel3", items(ProductId=0xA3E3, N2kDeviceInstance=None))
    fleet.pass_s(5)
    assert HOUSE in fleet.services()


def test_a_lynx_that_another_driver_publishes_is_not_added_up_beside_the_totals_that_a_gx_makes_of_it() -> None:
    entry = BankEntry("house", "House", ("uc167120", VENDOR))
    fleet = Fleet(1, entry, mode="monitor")
    fleet.add(VENDOR, items(UniqueNumber=99))
    fleet.pass_s(5)
    assert HOUSE not in fleet.services()
    assert p.CVL in fleet.services()[fleet.lynxes[0].service].items
    assert fleet.bank()["why"].startswith(f"It is only explained: {VENDOR} is a Lynx that another driver publishes")
    assert [member["state"] for member in fleet.bank()["members"]] == ["in", "in"]


def test_the_first_member_that_is_heard_is_a_monitor_from_the_start() -> None:
    fleet = Fleet(1, BankEntry("house", "House", ("uc167120",)))
    fleet.lynxes[0].quiet = True
    fleet.pass_s(3)
    fleet.lynxes[0].quiet = False
    for _ in range(5):
        fleet.pass_s(1)
        for name, view in fleet.services().items():
            assert (p.CVL in view.items) is (name == HOUSE)


def test_one_member_that_takes_back_the_alternators_permission_takes_back_the_banks() -> None:
    fleet = afloat(2)
    assert fleet.bridge._banks is not None
    assert [bms.alternator for bms in fleet.bridge._banks.own] == [1]
    fleet.lynxes[1].said[IO] = NO_ALTERNATOR
    fleet.pass_s(2)
    assert [bms.alternator for bms in fleet.bridge._banks.own] == [0]
    assert fleet.cycle is not None
    assert [clock.name for clock in fleet.cycle.decision.clocks] == ["alternator"]


def test_a_bank_is_as_secure_as_its_least_secure_member() -> None:
    fleet = Fleet(1, BankEntry("house", "House", ("uc167120", SERIAL_BATTERY)))
    fleet.add(SERIAL_BATTERY, serial_battery() | {p.INSECURE: 1})
    fleet.pass_s(5)
    assert fleet.bridge._banks is not None
    assert [bms.secure for bms in fleet.bridge._banks.own] == [False]


def test_a_low_cell_behind_an_open_contactor_is_no_pre_alarm_of_the_bank() -> None:
    fleet = afloat(2)
    fleet.lynxes[1].open()
    fleet.lynxes[1].said[0x2107] = 0x1456
    fleet.pass_s(3)
    assert fleet.shown(p.ALARM_LOW_CELL) == 1, "it is shown"
    assert "pre-alarm" not in fleet.found()
    fleet.lynxes[0].said[0x2107] = 0x1456
    fleet.pass_s(3)
    assert "pre-alarm" in fleet.found()


def test_a_bank_with_a_battery_of_another_driver_counts_and_waits_to_be_chosen() -> None:
    """That battery stays a BMS on D-Bus, so ours do too, until the GX takes the bank: nothing is lost on the way."""
    entry = BankEntry("house", "House", ("uc167120", SERIAL_BATTERY))
    fleet = Fleet(1, entry, mode="monitor")
    fleet.add(SYSTEM, {"/Control/Dvcc": 1})
    fleet.add(SERIAL_BATTERY, serial_battery())
    fleet.pass_s(10)
    assert fleet.states() == {"Bank 1": "in", "SerialBattery": "in"}
    assert fleet.shown(p.CCL) == pytest.approx(200 / (2 / 3 * 1.1), abs=0.1)
    assert p.CVL in fleet.services()[fleet.lynxes[0].service].items
    assert fleet.found()["bank-not-chosen"] == (
        f"The GX takes {SERIAL_BATTERY}, instance 1 for its BMS, and not House: what it tells the chargers are the "
        "limits of that one alone"
    )
    fleet.add("com.victronenergy.settings", {p.SET_BMS_INSTANCE: 230})
    fleet.pass_s(3)
    assert p.CVL not in fleet.services()[fleet.lynxes[0].service].items
    assert "bank-not-chosen" not in fleet.found()


def test_in_control_a_bank_with_a_battery_of_another_driver_is_bound_by_both() -> None:
    entry = BankEntry("house", "House", ("uc167120", SERIAL_BATTERY))
    fleet = Fleet(1, entry)
    fleet.add(SERIAL_BATTERY, serial_battery(MaxChargeCurrent=30.0))
    fleet.pass_s(10)
    assert fleet.links[CURRENT] == 81.8, "30 A at a third of the current and a tenth more"
    no_alarm(fleet)
    fleet.bridge.service_removed(SERIAL_BATTERY, fleet.now)
    fleet.pass_s(2)
    assert fleet.links[CURRENT] == 0
    no_alarm(fleet)


def test_what_is_unknown_of_a_bank_is_said_of_the_member_and_no_cure_of_the_bank() -> None:
    fleet = afloat(3)
    fleet.lynxes[2].quiet = True
    fleet.pass_s(15)
    assert fleet.links[CURRENT] == 0
    found = {(one.id, one.subject) for one in fleet.bridge.finding_log.current}
    assert ("bank-member-silent", f"{HOUSE} {fleet.lynxes[2].word}") in found
    assert ("charge-unknown", HOUSE) not in found


@pytest.mark.parametrize("connected", [0, None])
def test_a_member_whose_driver_has_lost_it_is_gone_and_stops_the_bank(connected: Value) -> None:
    fleet = Fleet(1, BankEntry("house", "House", ("uc167120", SERIAL_BATTERY)))
    fleet.add(SERIAL_BATTERY, serial_battery())
    fleet.pass_s(10)
    assert fleet.links[CURRENT] > 0
    fleet.bridge.service_changed(SERIAL_BATTERY, {"/Connected": connected}, fleet.now)
    fleet.pass_s(1)
    assert (fleet.links[CURRENT], fleet.states()["SerialBattery"]) == (0, "silent")
    assert "bank-member-silent" in fleet.found()
    fleet.bridge.service_changed(SERIAL_BATTERY, {"/Connected": 1}, fleet.now)
    fleet.pass_s(4)
    assert fleet.links[CURRENT] > 0


def test_a_battery_that_is_no_member_limits_beside_the_bank() -> None:
    entry = BankEntry("house", "House", ("uc167120", "uc167121"))
    fleet = Fleet(3, entry)
    fleet.lynxes[2].said[CCL] = 100
    fleet.pass_s(10)
    assert fleet.links[CURRENT] == 10.0
    fleet.lynxes[2].refuse()
    fleet.pass_s(1)
    assert fleet.links[CURRENT] == 0
    no_alarm(fleet)


def test_in_profile_vendor_a_members_refusal_counts_by_the_banks_own_limit() -> None:
    fleet = afloat(3, options=Options.vendor())
    assert fleet.links[CURRENT] == 546, "rounded up, as the vendor does"
    fleet.lynxes[0].refuse()
    fleet.pass_s(4)
    assert fleet.links[CURRENT] == 0
    assert fleet.found()["battery-refuses"] == "Bank 1 refuses charging: this counts in the limits of the whole bank"
    assert "refusal-not-obeyed" not in fleet.found()


def test_a_member_that_the_user_chose_limits_by_its_own_as_well() -> None:
    fleet = afloat(2, user_settings={p.SET_BMS_INSTANCE: 220})
    assert fleet.links[CURRENT] == 200
    assert p.CVL in fleet.services()[fleet.lynxes[0].service].items, "the GX would lose its BMS"
    no_alarm(fleet)


def test_two_banks_of_two_voltages_stand_beside_each_other() -> None:
    house = BankEntry("house", "House", ("uc167120", "uc167121"))
    bow = BankEntry("bow", "Bow", ("uc167122", "uc167123"))
    fleet = Fleet(4, house, bow)
    for lynx in fleet.lynxes[2:]:
        lynx.said |= {0xEDEF: 12, CVL: 1420, CCL: 100}
        lynx.voltage_v = 13.2
    fleet.pass_s(10)
    assert fleet.links[CURRENT] == 363.6
    assert fleet.services()["com.victronenergy.battery.gxbridge_bank_bow"].items[p.CCL] == 18.1
    no_alarm(fleet)


def test_added_up_where_the_configuration_says_so() -> None:
    fleet = afloat(3, BankEntry("house", "House", sums=True))
    assert fleet.links[CURRENT] == 600
    no_alarm(fleet)


def test_a_bank_of_whom_nobody_is_heard_stands_for_nobody() -> None:
    fleet = Fleet(2)
    for lynx in fleet.lynxes:
        lynx.quiet = True
    fleet.pass_s(3)
    assert fleet.services() == {}
    assert fleet.bank()["why"] == "It stands for nobody: none of its members is heard"
    fleet.lynxes[0].quiet = False
    fleet.pass_s(5)
    assert fleet.links[CURRENT] == 200
    fleet.lynxes[0].quiet = True
    fleet.pass_s(13)
    assert fleet.links[CURRENT] == 0, "the BMS in control is lost"
    no_alarm(fleet)


# --- without a bank in the configuration -----------------------------------------------------------------------------


def test_without_a_bank_in_the_configuration_nothing_changes_and_what_looks_like_one_is_explained() -> None:
    fleet = Fleet(2, banks=())
    fleet.pass_s(10)
    assert {view.name for view in fleet.services().values()} == {lynx.service for lynx in fleet.lynxes}
    assert fleet.links[CURRENT] == 200, "the lowest of both, as without any of this"
    bank = fleet.bank("can0_0")
    assert bank["why"].startswith("Nothing stands for them: the configuration names no bank")
    assert [member["name"] for member in bank["members"]] == ["Bank 1", "Bank 2"]
    assert fleet.bridge._banks is None
    one = Fleet(1, banks=())
    one.pass_s(10)
    assert one.cycle is not None
    assert one.cycle.explanation()["banks"] == []


def test_without_a_bank_nothing_of_banks_is_even_imported() -> None:
    """A start costs what it did."""
    program = (
        "import sys\n"
        "from gxbridge.core.blackbox.recorder import RecordingBridge\n"
        "from gxbridge.core.setup import Setup\n"
        "bridge = RecordingBridge(Setup(mode='control', buses=('can0',)), 1 << 20)\n"
        "bridge.tick(1.0).explanation()\n"
        "bridge.keep_now('command', '', 2.0)\n"
        "print([name for name in sys.modules if 'core.bank' in name])\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found == "['gxbridge.core.bank', 'gxbridge.core.bank.entry']\n"


def test_the_bank_stands_in_the_explanation_with_its_members_and_reasons() -> None:
    fleet = afloat(3)
    fleet.lynxes[2].open()
    fleet.pass_s(3)
    assert fleet.cycle is not None
    text = as_text(fleet.cycle.explanation(), int(fleet.now + EPOCH))
    for line in (
        "Bank House: 2 of 3 batteries in it",
        f"    It stands for them as {HOUSE}",
        "    - Bank 3: contactor open; 26.4 V, +0.0 A, SoC 99.2 %, CVL 28.4 V, CCL 200 A, DCL 600 A",
        "    charge current limit (CCL): 363.6 A: Bank 1 allows 200 A, and up to 55 % of the current may be its part",
        "    allows charging: yes: every member that says so allows charging",
    ):
        assert line in text.splitlines(), text
    own = fleet.cycle.own
    assert own["/Banks/0/Members"] == "2/3"
    assert own["/Banks/0/Text"] == "Bank 1: in the bank; Bank 2: in the bank; Bank 3: contactor open"
