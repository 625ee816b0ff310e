"""A bank of ours as the last gate counts it: by its own words, but never above what its members say together."""

from __future__ import annotations

from gxbridge.core.gate.counted_bmses import bank_of, own_bms
from gxbridge.core.gate.raw_words import AUTOMATIC, RawBms, RawWords, read_bmses
from gxbridge.core.model.items import Value

HOUSE = "com.victronenergy.battery.gxbridge_bank_house"
FIRST, SECOND, OTHER = (f"com.victronenergy.battery.{name}" for name in ("first", "second", "other"))


def lynx(**changes: Value) -> dict[str, Value]:
    known: dict[str, Value] = {"ccl": 100.0, "charge": 1, "state": 9, "product": 0xA3E5}
    known |= changes
    return {
        "/ProductId": known["product"],
        "/State": known["state"],
        "/Info/MaxChargeVoltage": 28.4,
        "/Info/MaxChargeCurrent": known["ccl"],
        "/Io/AllowToCharge": known["charge"],
        "/Io/AllowToDischarge": 1,
    }


def counted(
    *, ccl: float = 180.0, opened: tuple[str, ...] = (), product: int = 0xA3E3, **batteries: dict[str, Value]
) -> tuple[list[RawBms], object]:
    names = {"first": FIRST, "second": SECOND, "other": OTHER}
    services = {names[name]: items for name, items in batteries.items()}
    services[HOUSE] = {
        "/ProductId": product,
        "/Mgmt/Connection": "Virtual",
        "/Members": f"{FIRST} {SECOND}",
        "/Info/MaxChargeVoltage": 28.4,
        "/Info/MaxChargeCurrent": ccl,
    }
    bmses = read_bmses(RawWords(services, opened=opened), (), full=False)
    own = own_bms(bmses, AUTOMATIC, None, ())
    return bmses, bank_of(bmses, own, (), {})


def limits(found: object) -> dict[str, float | None]:
    return {bms.name.rpartition(".")[2]: bms.ccl for bms in found.limiting}  # type: ignore[attr-defined]


def words(found: object) -> dict[str, str]:
    return {bms.name.rpartition(".")[2]: bms.charge for bms in found.permitting}  # type: ignore[attr-defined]


def test_the_bank_limits_and_each_member_may_refuse() -> None:
    for product in (0xA3E3, 0xBA78):
        _, found = counted(first=lynx(), second=lynx(charge=0), product=product)
        assert limits(found) == {"gxbridge_bank_house": 180.0}
        assert words(found) == {"gxbridge_bank_house": "", "first": "yes", "second": "no"}


def test_it_allows_no_more_than_its_members_on_the_busbar_together() -> None:
    _, found = counted(ccl=1000.0, first=lynx(), second=lynx(ccl=70.0))
    assert limits(found) == {"gxbridge_bank_house": 170.0}
    _, found = counted(ccl=1000.0, first=lynx(), second=lynx(ccl=None))
    assert limits(found) == {"gxbridge_bank_house": 100.0}
    _, found = counted(ccl=1000.0, first=lynx(), second=lynx(state=14))
    assert limits(found) == {"gxbridge_bank_house": 100.0}
    _, found = counted(ccl=1000.0)
    assert limits(found) == {"gxbridge_bank_house": 0}


def test_a_battery_that_it_does_not_add_up_limits_beside_it() -> None:
    _, found = counted(first=lynx(), second=lynx(), other=lynx(ccl=30.0))
    assert limits(found) == {"gxbridge_bank_house": 180.0, "other": 30.0}
    assert "other" in words(found)


def test_a_member_of_another_driver_that_says_no_permission_is_a_member_too() -> None:
    quiet = lynx(product=0xBA77, charge=None)
    _, found = counted(first=lynx(), second=quiet)
    assert limits(found) == {"gxbridge_bank_house": 180.0}
    _, found = counted(first=quiet, second=quiet)
    assert not found.nobody_in  # type: ignore[attr-defined]


def test_a_member_whose_last_word_was_an_open_contactor_does_not_stop_when_it_is_silent() -> None:
    silent = lynx(state=None, charge=None, ccl=None)
    _, found = counted(first=lynx(), second=silent)
    assert words(found)["second"] == "unknown"
    _, found = counted(first=lynx(), second=silent, opened=(SECOND,))
    assert "second" not in words(found)
    assert limits(found) == {"gxbridge_bank_house": 100.0}


def test_the_path_means_nothing_on_the_service_of_somebody_else() -> None:
    services = {FIRST: {**lynx(), "/Members": SECOND}, SECOND: lynx(ccl=20.0)}
    bmses = read_bmses(RawWords(services), (), full=False)
    assert [bms.adds for bms in bmses] == [frozenset(), frozenset()]
