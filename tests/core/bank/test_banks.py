"""In which role a bank is: whether it stands for its members, who else adds them up, and whose a battery is."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from gxbridge.core.bank.banks import Banks, BanksLook, hindering, in_totals, recognise, standing
from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.member import Member, MemberCandidate
from gxbridge.core.bank.membership import SOURCES, BankMemory, GatheredMembers
from gxbridge.core.model.battery import Battery, Known
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import OPENED, BankMember
from tests.core.bank.members import bank, candidate, member

OTHERS = "com.victronenergy.battery.bank1"
OURS = "com.victronenergy.battery.gxbridge_can0_uc1"
TOTALS = "com.victronenergy.battery.lynxparallel500_0"


def gathered(*members: Member, nominals: tuple[tuple[float, str], ...] = ()) -> GatheredMembers:
    return GatheredMembers(members, (), BankMemory(), (), nominals)


def own(number: int) -> Member:
    """A Lynx that is ours."""
    one = member(number)
    assert one.heard is not None
    return one._replace(heard=one.heard._replace(bms=one.bms._replace(name=f"{OURS}{number}")))


def test_it_stands_for_its_members_unless_something_else_does() -> None:
    ours, theirs = own(1), member(1)
    other = member(2, ProductId=0xBA77)
    assert standing(bank(ours, other), gathered(ours, other), "") == (
        "one battery", "It stands for them as com.victronenergy.battery.gxbridge_bank_house"
    )  # fmt: skip
    role, why = standing(bank(ours, theirs, member(3)), gathered(ours, theirs, member(3)), "")
    assert (role, why.startswith(f"It is only explained: {OTHERS} is a Lynx that another driver")) == (
        "explained", True
    )  # fmt: skip
    assert standing(bank(ours), gathered(ours), TOTALS) == (
        "explained", f"It is only explained: {TOTALS} adds the same batteries up"
    )  # fmt: skip
    assert standing(bank(ours), gathered(ours, nominals=((12, "a"), (24, "b"))), "")[0] == "explained"
    assert standing(bank(member(1, "silent")), gathered(), "")[0] == "empty"


def totals_of(network: int | None = 0, nominal_v: float | None = 24) -> MemberCandidate:
    found = candidate(9, ProductId=0xA3E4, N2kDeviceInstance=network, NominalVoltage=nominal_v)
    return found._replace(bms=found.bms._replace(name=f"{TOTALS[:-1]}{network}"))


@pytest.mark.parametrize(
    ("changes", "added"),
    [
        ({}, True),
        ({"N2kDeviceInstance": 1}, False),
        ({"NominalVoltage": 48}, False),
        ({"NominalVoltage": 25.6}, True),
        ({"ProductId": 0xBA77}, False),
    ],
)
def test_totals_add_up_the_lynx_of_their_network_and_voltage(changes: dict[str, Value], added: bool) -> None:
    one = candidate(1, **changes)
    assert in_totals(one, totals_of()) is added
    assert hindering([candidate(2, ProductId=0xBA77), one], [totals_of()], ()) == (TOTALS if added else "")


def test_totals_that_nobody_has_read_yet_may_be_of_these_batteries() -> None:
    assert hindering([], [], ("a", "b")) == "a"
    assert hindering([candidate(1)], [], ()) == ""
    assert hindering([candidate(1)], [totals_of(network=3), totals_of()], ()) == TOTALS


def lynx(nominal_v: float | None = 24.0, *, serial: str | None = "HQ1", instance: int = 0) -> Battery:
    """A Lynx of ours on can0, with the unique number 1."""
    return Battery(
        key="uc1",
        bus="can0",
        address=41,
        unique_number=1,
        device_instance=instance,
        product_id=0xA3E5,
        product_name="Lynx Smart BMS 500",
        family="lynx-smart",
        serial=serial,
        firmware=None,
        firmware_text=None,
        description=None,
        state="silent",
        since=0.0,
        silent_since=0.0,
        last_heard=0.0,
        values={} if nominal_v is None else {"nominal_voltage_v": Known(nominal_v, 0.0, "VREG 0xEDEF")},
    )


@pytest.mark.parametrize(
    ("entry", "battery", "claimed"),
    [
        (BankEntry("house", members=("uc1",)), lynx(instance=7), True),
        (BankEntry("house", members=("HQ1",)), lynx(), True),
        (BankEntry("house", members=("uc2",)), lynx(), False),
        (BankEntry("house", members=("uc2",)), lynx(serial=None), False),
        (BankEntry("house"), lynx(), True),
        (BankEntry("house", network=1), lynx(), False),
        (BankEntry("house"), lynx(instance=1), False),
        (BankEntry("house", bus="can0"), lynx(), True),
        (BankEntry("house", bus="can1"), lynx(), False),
        (BankEntry("house", nominal_voltage_v=24.0), lynx(), True),
        (BankEntry("house", nominal_voltage_v=12.0), lynx(), False),
        (BankEntry("house", nominal_voltage_v=48.0), lynx(), False),
        (BankEntry("house", nominal_voltage_v=12.0), lynx(None), True),
    ],
)
def test_a_battery_of_ours_is_of_the_bank_that_names_it_or_fits_it(
    entry: BankEntry, battery: Battery, claimed: bool
) -> None:
    banks = Banks((BankEntry("other", members=("uc9",)), entry))
    assert banks.claims(battery, {"other", "house"}) is claimed
    assert not banks.claims(battery, {"other"})


@pytest.mark.parametrize(
    ("word", "source", "left"),
    [
        ("uc1", OPENED, True),
        ("HQ1", OPENED, True),
        ("uc2", OPENED, False),
        *(("uc1", source, False) for source in sorted(SOURCES - {OPENED})),
    ],
)
def test_a_battery_whose_last_word_was_an_open_contactor_left_open(word: str, source: str, left: bool) -> None:
    known = [BankMember("house", "uc9", 0.0, OPENED), BankMember("house", word, 0.0, source)]
    banks = Banks((BankEntry("house"),), (one for one in known))
    assert banks.left_open(lynx()) is left


def look(banks: Banks, *heard: MemberCandidate, totals: Collection[MemberCandidate] = (), now: float = 100.0) -> None:
    banks.look(heard, BanksLook(now, 1000.0, tuple(totals), (), lambda epoch: f"at {epoch:g}"))


def battery(number: int, **changes: Value) -> MemberCandidate:
    """A Lynx of ours."""
    found = candidate(number, "can0", UniqueNumber=number, **changes)
    return found._replace(bms=found.bms._replace(name=OURS[:-1] + str(number)))


def test_of_two_banks_each_has_its_own_and_a_battery_is_added_once() -> None:
    one, two = BankEntry("one", members=("uc1", "uc2")), BankEntry("two", members=("uc2", "uc3"))
    banks = Banks((one, two))
    look(banks, *(battery(number) for number in (1, 2, 3)))
    assert [[member.state for member in view.bank.members] for view in banks.views] == [["in", "in"], ["waiting", "in"]]
    assert [(found.id, found.subject) for found in banks.findings] == [("bank-member-twice", f"{two.service} uc2")]
    assert [known.bank for known in banks.remembered()] == ["one", "one", "two", "two"]


def test_beside_totals_a_bank_is_compared_and_says_nothing_else() -> None:
    banks = Banks((BankEntry("house", members=("uc1", "uc2")),))
    total = totals_of()
    shown = {**total.items, "/Info/MaxChargeCurrent": 400.0}
    look(banks, battery(1), totals=[totals_of(network=5), total._replace(items=shown)])
    (view,) = banks.views
    assert (view.role, banks.findings) == ("explained", ())
    assert any(text.startswith("charge current limit (CCL): the totals say 400 A") for text in view.differences)


@pytest.mark.parametrize("network", [0, 5])
def test_a_bank_is_compared_with_the_totals_of_its_own_batteries(network: int) -> None:
    banks = Banks((BankEntry("house", members=("uc1",)),))
    other = totals_of(network=5 - network)
    other = other._replace(items={**other.items, "/Info/MaxChargeCurrent": 1.0})
    look(banks, battery(1, N2kDeviceInstance=network), totals=[other, totals_of(network=network)])
    assert not any(
        "charge current limit (CCL)" in text for text in banks.views[0].differences if "discharge" not in text
    )


def test_of_different_nominal_voltage_there_is_no_bank_and_only_that_is_said() -> None:
    banks = Banks((BankEntry("house", "House", ("uc1", "uc2", "uc3")),))
    look(banks, battery(1), battery(2, NominalVoltage=12), totals=[totals_of()])
    (found,) = banks.findings
    assert (found.id, found.subject) == ("bank-nominal", banks.entries[0].service)
    assert found.text == (
        "House is no bank: its batteries are of different nominal voltage (Bank 1 24 V and Bank 2 12 V)"
    )
    (view,) = banks.views
    assert (view.role, view.differences) == ("explained", ())


# --- what looks like a bank ------------------------------------------------------------------------------------------


def test_lynx_of_one_network_and_voltage_on_one_bus_look_like_a_bank() -> None:
    heard = [
        battery(1),
        battery(2),
        battery(3, N2kDeviceInstance=1),
        battery(4, NominalVoltage=48),
        battery(5)._replace(bus="can1"),
        battery(6)._replace(live=False),
        battery(7, NominalVoltage=None, MaxChargeVoltage=None),
        battery(8, ProductId=0xBA77),
    ]
    (view,) = recognise(heard, ())
    assert [one.title for one in view.bank.members] == ["Bank 1", "Bank 2"]
    assert (view.entry.name, view.entry.title) == ("can0_0", "of Lynx on can0 with device instance 0 and 24 V")
    assert (view.role, view.why.startswith("Nothing stands for them")) == ("explained", True)
    assert view.figures["/Info/MaxChargeCurrent"].value == 363.6
    assert set(view.bank.services) == {one.bms.name for one in heard[:2]}
    assert list(recognise(heard, (BankEntry("house"),))) == []


def test_without_a_device_instance_they_look_like_one_all_the_same() -> None:
    (view,) = recognise([battery(number, N2kDeviceInstance=None) for number in (1, 2)], ())
    assert (view.entry.name, view.entry.title) == ("can0_0", "of Lynx on can0 with device instance 0 and 24 V")
    (view,) = recognise([battery(number, N2kDeviceInstance=3) for number in (1, 2)], ())
    assert (view.entry.name, view.entry.title) == ("can0_3", "of Lynx on can0 with device instance 3 and 24 V")


def test_whom_the_totals_add_up_is_the_bank_of_the_totals_and_no_other() -> None:
    total = totals_of()
    (view,) = recognise([total, *(battery(number) for number in (1, 2))], ())
    assert (view.entry.name, view.why) == (
        "lynxparallel500_0", f"It is only explained: {TOTALS} adds the same batteries up"
    )  # fmt: skip
    both = list(recognise([total, battery(1), *(battery(number, N2kDeviceInstance=1) for number in (2, 3))], ()))
    assert [[one.title for one in found.bank.members] for found in both] == [["Bank 1"], ["Bank 2", "Bank 3"]]
    assert view.bank.heard[0].bms.name == battery(1).bms.name
