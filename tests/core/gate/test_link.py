"""The last gate before LINK: whatever is written to `/Link/*` on D-Bus, no charger is told more than BMSes allow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.gate import ABOVE_SUM, ABOVE_VOLTAGE, GateMemory, pass_on
from gxbridge.core.gate.link import LAG_S, STILL_HELD, LinkMemory, LinkPassed, may_link, pass_link
from gxbridge.core.gate.raw_words import RawWords
from gxbridge.core.model.items import Value
from gxbridge.core.model.link_hold import HoldEvidence, LinkHold
from gxbridge.core.vecan.link.link_holds import HELD_S
from tests.core.gate.boat import (
    BATTERY,
    CURRENT,
    MODE,
    OTHER,
    RS,
    SUN,
    SUN_2,
    VECAN,
    VOLTAGE,
    Gate,
    Items,
    battery,
    charger,
    rs,
)
from tests.core.gate.hostile import POLICIES, setup_of, words_of
from tests.core.gate.oracle import Oracle, Order
from tests.core.gate.worlds import TrueWorld, change_world, make_world

SENSE, TEMPERATURE, SHUNT = "/Link/VoltageSense", "/Link/TemperatureSense", "/Link/BatteryCurrent"
EXTRA, DISCHARGE = "/Link/ExtraBatteryCurrent", "/Link/DischargeCurrent"
PORT: Items = dict.fromkeys((MODE, VOLTAGE, SENSE, TEMPERATURE, SHUNT, EXTRA))


def held(amps: float, lowest_a: float | None = None, evidence: HoldEvidence = "shown") -> LinkHold:
    """What one may hold, all of it shown."""
    return LinkHold(amps, amps if lowest_a is None else lowest_a, evidence)


class LinkGate(Gate):
    """A boat whose chargers are on a port of ours; somebody writes to them."""

    def __init__(self, services: dict[str, Items] | None = None, **setup: Any) -> None:
        given = {BATTERY: battery(**{"/Soc": 80.0}), SUN: charger(), SUN_2: charger(), VECAN: dict(PORT)}
        super().__init__({**given, **(services or {})}, **setup)
        self.link = LinkMemory()
        self.passed: Mapping[tuple[str, str], Value] = {}
        self.holds = {name: held(0.0) for name in (SUN, SUN_2, RS, OTHER)}

    def stand(self, *words: Write | tuple[str, str, Value]) -> dict[str, Value]:
        """What may leave of what stands now, by the last part of the path, of the second charger with 2 behind."""
        more = dict(self.more)
        own_name = more.pop("own_name", True)
        raw = RawWords(self.services, **more)
        self.memory = pass_on((), raw, self.memory, self.setup, self.now, own_name=own_name).memory
        asked = [Write(*word) for word in words]
        passed: LinkPassed = pass_link(
            asked, raw, self.memory, self.link, self.setup, self.now, own_name=own_name, holds=self.holds
        )
        self.link, self.passed = passed.memory, passed.values
        return {
            path.rpartition("/")[2] + ("2" if service == SUN_2 else ""): value
            for (service, path), value in passed.values.items()
        }

    def bounds(self) -> list[str]:
        return [str(found.arguments["bound"]) for found in self.link.findings]


def test_what_the_bms_allows_passes() -> None:
    gate = LinkGate()
    words = ((SUN, CURRENT, 50.0), (SUN_2, CURRENT, 40.0), (SUN, MODE, 13), (VECAN, VOLTAGE, 27.4), (VECAN, MODE, 13))
    assert gate.stand(*words) == {
        "ChargeCurrent": 50.0, "ChargeCurrent2": 40.0, "NetworkMode": 13, "ChargeVoltage": 27.4,
    }  # fmt: skip
    assert gate.link.findings == ()


def test_nobody_is_raised_before_another_has_followed_what_it_was_lowered_to() -> None:
    most = charger(**{"/Settings/ChargeCurrentLimit": 200.0})
    gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: most, SUN_2: dict(most)})
    words = (SUN_2, CURRENT, 80.0), (SUN, CURRENT, 20.0)
    for holds, second in (
        ((60.0, 40.0), 40.2),
        ((50.0, 40.0), 50.2),
        ((90.0, 40.0), 40.0),
        ((60.0, 0.0), 40.2),
        ((20.0, 40.2), 80.0),
        ((0.0, 0.0), 80.0),
    ):
        gate.holds = dict(zip((SUN, SUN_2), map(held, holds), strict=True))
        found = gate.stand(*words)
        assert (found["ChargeCurrent"], found["ChargeCurrent2"]) == (20.0, pytest.approx(second))


def test_one_that_does_not_follow_lowers_nobody_but_what_the_bms_refuses_holds_for_all() -> None:
    gate = LinkGate({BATTERY: battery(ccl=60.0)})
    gate.holds = {SUN: held(60.0), SUN_2: held(40.0)}
    words = (SUN, CURRENT, 36.0), (SUN_2, CURRENT, 24.0), (SUN, DISCHARGE, 10.0)
    assert gate.stand(*words) == {"ChargeCurrent": 36.0, "ChargeCurrent2": 24.0}
    gate = LinkGate({BATTERY: battery(ccl=60.0, **{"/Io/AllowToCharge": 0})})
    gate.holds = {SUN: held(60.0), SUN_2: held(40.0)}
    assert gate.stand(*words) == {"ChargeCurrent": 0.0, "ChargeCurrent2": 0.0}


def test_the_sum_of_what_stands_is_at_most_the_charge_current_limit() -> None:
    gate = LinkGate({BATTERY: battery(ccl=60.0)})
    found = gate.stand((SUN, CURRENT, 50.0), (SUN_2, CURRENT, 50.0))
    assert (found["ChargeCurrent"], found["ChargeCurrent2"]) == (50.0, pytest.approx(10.2))


def test_what_others_were_told_by_d_bus_counts() -> None:
    other = "com.victronenergy.solarcharger.ttyO9"
    gate = LinkGate({BATTERY: battery(ccl=60.0), other: charger(makes_a=5.0)})
    gate.passes((other, CURRENT, 40.0))
    assert gate.stand((SUN, CURRENT, 50.0), (SUN_2, CURRENT, 0.0))["ChargeCurrent"] == pytest.approx(20.2)


def test_what_others_were_told_by_d_bus_last_counts() -> None:
    other = "com.victronenergy.solarcharger.ttyO9"
    gate = LinkGate({BATTERY: battery(ccl=60.0), other: charger(makes_a=5.0)})
    for told, left in ((40.0, 20.1), (10.0, 50.0), (40.0, 20.1)):
        gate.passes((other, CURRENT, told))
        assert gate.stand((SUN, CURRENT, 50.0), (SUN_2, CURRENT, 0.0))["ChargeCurrent"] == pytest.approx(left, abs=0.11)


@pytest.mark.parametrize("word", [0, None, 2])
def test_0_a_for_everybody_while_a_permission_is_no_or_unknown(word: Value) -> None:
    gate = LinkGate({BATTERY: battery(charge=word)})
    found = gate.stand((SUN, CURRENT, 50.0), (SUN_2, CURRENT, 40.0))
    assert found == {"ChargeCurrent": 0.0, "ChargeCurrent2": 0.0}


def test_0_a_where_another_bms_refuses_and_where_the_own_one_is_lost() -> None:
    gate = LinkGate({OTHER: battery(instance=2, charge=0)})
    assert gate.stand((SUN, CURRENT, 50.0)) == {"ChargeCurrent": 0.0}
    del gate.services[OTHER]
    assert gate.stand((SUN, CURRENT, 50.0)) == {"ChargeCurrent": 50.0}
    del gate.services[BATTERY]
    assert gate.stand((SUN, CURRENT, 50.0), (VECAN, VOLTAGE, 27.4)) == {"ChargeCurrent": 0.0}


def test_the_voltage_is_at_most_the_limit() -> None:
    gate = LinkGate()
    assert gate.stand((VECAN, VOLTAGE, 29.0)) == {"ChargeVoltage": 27.4}


def test_discharge_is_at_most_its_limit_and_0_only_by_word() -> None:
    gate = LinkGate({RS: rs()})
    assert gate.stand((RS, DISCHARGE, 600.0)) == {"DischargeCurrent": 200.0}
    assert gate.stand((RS, DISCHARGE, 0.0)) == {}


@pytest.mark.parametrize(
    ("path", "value", "left"),
    [
        (SENSE, 26.4, 26.4),
        (SENSE, 26.1, 26.1),
        (SENSE, 24.9, None),
        (SENSE, 13.2, None),
        (SENSE, 60.0, None),
        (SENSE, 71.0, None),
        (SENSE, math.nan, None),
        (TEMPERATURE, 21.0, 21.0),
        (TEMPERATURE, 5.0, None),
        (TEMPERATURE, 130.0, None),
        (SHUNT, 8.0, 8.0),
        (SHUNT, 900.0, None),
        (EXTRA, 120.0, 120.0),
        (EXTRA, -20000.0, None),
        (EXTRA, "80", None),
    ],
)
def test_what_is_told_as_measured_is_about_what_somebody_shows(path: str, value: Value, left: Value) -> None:
    gate = LinkGate()
    assert gate.stand((VECAN, path, value)) == ({} if left is None else {path.rpartition("/")[2]: left})


def test_a_temperature_is_not_held_against_a_voltage() -> None:
    gate = LinkGate({BATTERY: battery(**{"/Dc/0/Temperature": 5.0})})
    assert gate.stand((VECAN, TEMPERATURE, 5.0)) == {"TemperatureSense": 5.0}


def test_what_is_measured_is_told_to_a_port_only() -> None:
    for kind in ("solarcharger", "zebra"):
        name = f"com.victronenergy.{kind}.other"
        assert LinkGate({name: dict(PORT)}).stand((name, SENSE, 26.4)) == {}


def test_no_voltage_from_behind_an_open_contactor() -> None:
    gate = LinkGate({BATTERY: battery(**{"state": 14, "/Dc/0/Voltage": 26.4}), SUN: charger(**{"/Dc/0/Voltage": 27.2})})
    assert gate.stand((VECAN, SENSE, 27.2)) == {"VoltageSense": 27.2}
    assert gate.stand((VECAN, SENSE, 26.5)) == {"VoltageSense": 26.5}, "near what another one shows"
    gate.services[SUN_2]["/Dc/0/Voltage"] = gate.services[SUN]["/Dc/0/Voltage"] = 27.2
    assert gate.stand((VECAN, SENSE, 26.4)) == {}


def test_a_voltage_that_no_battery_of_this_kind_has() -> None:
    gate = LinkGate({SUN: charger(**{"/Dc/0/Voltage": 19.8})})
    assert gate.stand((VECAN, SENSE, 19.8)) == {}


def test_a_measured_voltage_where_no_battery_is_known() -> None:
    gate = LinkGate({SUN: charger(**{"/Dc/0/Voltage": 26.4})})
    del gate.services[BATTERY]
    assert gate.stand((VECAN, SENSE, 26.4)) == {"VoltageSense": 26.4}


@pytest.mark.parametrize(
    ("service", "path", "value"),
    [
        (SUN, SENSE, 26.4),
        (VECAN, CURRENT, 10.0),
        (SUN, "/Mode", 4),
        (SUN, CURRENT, "10"),
        (SUN, CURRENT, math.inf),
        (SUN, MODE, 13.5),
        ("com.victronenergy.solarcharger.nobody", CURRENT, 10.0),
        ("com.victronenergy.vecan.nobody", SENSE, 26.4),
        (VECAN, "/Link/Nonsense", 1.0),
    ],
)
def test_what_is_not_on_the_list_is_held_back(service: str, path: str, value: Value) -> None:
    assert LinkGate().stand((service, path, value)) == {}


def test_less_than_0_a_is_0_a_and_an_unlawful_mode_is_the_strictest() -> None:
    assert LinkGate().stand((SUN, CURRENT, -5.0), (SUN, MODE, 1)) == {"ChargeCurrent": 0.0, "NetworkMode": 13}


@pytest.mark.parametrize("mode", ["monitor", "off"])
def test_unless_gxbridge_is_to_control_nothing_leaves(mode: str) -> None:
    gate = LinkGate(mode=mode)
    assert gate.stand((SUN, CURRENT, 10.0), (VECAN, VOLTAGE, 27.0)) == {}


def test_without_our_own_name_and_beside_another_gxbridge_nothing_leaves() -> None:
    gate = LinkGate()
    gate.more["own_name"] = False
    assert gate.stand((SUN, CURRENT, 10.0)) == {}
    gate.more["own_name"] = True
    gate.services["com.victronenergy.gxbridge2"] = {"/Dvcc/Mode": "control"}
    assert gate.stand((SUN, CURRENT, 10.0)) == {}


def test_beside_the_controller_of_a_gx_what_it_writes_leaves() -> None:
    gate = LinkGate({"com.victronenergy.system": {"/Control/Dvcc": 1}})
    assert gate.stand((SUN, CURRENT, 10.0)) == {"ChargeCurrent": 10.0}
    assert gate.told((SUN, CURRENT, 10.0)) == [], "and what we would write ourselves does not"


def test_in_profile_vendor_list_type_and_sign_hold() -> None:
    gate = LinkGate({BATTERY: battery(charge=0)}, vendor=True)
    words = ((SUN, CURRENT, 50.0), (VECAN, SENSE, 26.4), (SUN_2, CURRENT, -1.0), (SUN, MODE, "13"))
    assert gate.stand(*words) == {"ChargeCurrent": 50.0, "VoltageSense": 26.4, "ChargeCurrent2": 0.0}


def test_a_word_that_is_lowered_is_a_finding_when_its_writer_had_time_to_follow() -> None:
    gate = LinkGate({BATTERY: battery(ccl=20.0)})
    assert gate.stand((SUN, CURRENT, 50.0))["ChargeCurrent"] == pytest.approx(10.1)
    gate.now += 10.0 - 0.001
    gate.stand((SUN, CURRENT, 50.0), (VECAN, SENSE, math.nan))
    assert gate.bounds() == []
    gate.now += 0.001
    gate.stand((SUN, CURRENT, 50.0), (VECAN, SENSE, math.nan))
    assert gate.bounds() == ["the sum told to what charges is above the charge current limit"]
    assert gate.link.findings[0].text.startswith(
        f"{SUN} {CURRENT} = 50.0 is written on D-Bus for CAN, and the last gate lets 10.1 pass (such words: 1): the sum"
    )
    gate.now += LAG_S
    gate.stand((VECAN, SENSE, math.nan))
    assert gate.link.findings[0].text.endswith("lets nothing pass (such words: 1): not a number of its kind")
    gate.now += 5000.0
    gate.stand((VECAN, SENSE, math.nan))
    assert len(gate.link.findings) == 1, "for as long as it stands"
    gate.stand((SUN, CURRENT, 10.0))
    assert gate.link.findings == ()
    assert gate.stand() == {}


def test_what_holds_back_every_word_is_one_finding() -> None:
    gate = LinkGate({"com.victronenergy.gxbridge_2": {"/Dvcc/Mode": "control"}})
    words = (SUN, CURRENT, 5.0), (SUN_2, CURRENT, 5.0), (SUN, MODE, 13), (VECAN, VOLTAGE, 27.4)
    assert gate.stand(*words) == {}
    assert set(gate.link.lowered.values()) == {"nothing is written beside another gxbridge"}, "known at once"
    gate.now += LAG_S
    gate.stand(*words)
    (found,) = gate.link.findings
    assert found.text == (
        f"{SUN} {CURRENT} = 5.0 is written on D-Bus for CAN, and the last gate lets nothing pass (such words: 4): "
        "nothing is written beside another gxbridge"
    )
    gate.stand(*words[1:])
    assert [one.subject for one in gate.link.findings] == [found.subject], "the same, whichever words stand"


def test_who_is_told_too_much_is_named_before_who_is_lowered_for_others() -> None:
    gate = LinkGate({BATTERY: battery(ccl=50.0), SUN: charger(makes_a=0.0), SUN_2: charger(makes_a=0.0)})
    gate.holds = {SUN: held(60.0), SUN_2: held(60.0)}
    words = (SUN, CURRENT, 10.0), (SUN_2, CURRENT, 65.0)
    for _ in range(2):
        gate.stand(*words)
        gate.now += LAG_S
    (found,) = gate.link.findings
    assert found.arguments["key"] == f"{SUN_2} {CURRENT}"
    assert gate.bounds() == [ABOVE_SUM]


def test_a_voltage_that_is_lowered_is_a_finding_by_its_own_rule() -> None:
    gate = LinkGate()
    gate.stand((VECAN, VOLTAGE, 29.0))
    gate.now += LAG_S
    gate.stand((VECAN, VOLTAGE, 29.0))
    assert gate.bounds() == [ABOVE_VOLTAGE]


def test_a_word_for_a_service_that_has_left_is_held_and_no_finding() -> None:
    gate = LinkGate({BATTERY: battery(ccl=20.0)})
    for _ in range(3):
        gate.now += LAG_S
        assert "ChargeCurrent2" not in gate.stand((SUN, CURRENT, 5.0), (f"{SUN_2}9", CURRENT, 5.0))
    assert gate.bounds() == []


def test_who_is_lowered_by_what_others_may_still_make_is_not_said_to_be_told_too_much() -> None:
    gate = LinkGate({BATTERY: battery(ccl=50.0), SUN: charger(makes_a=0.0), SUN_2: charger(makes_a=0.0)})
    words = (SUN, CURRENT, 10.0), (SUN_2, CURRENT, 40.0)
    gate.holds = {SUN: held(40.0)}
    gate.stand(*words)
    gate.now += LAG_S
    assert gate.stand(*words)["ChargeCurrent2"] == pytest.approx(10.2)
    assert gate.bounds() == [STILL_HELD]
    gate.stand((SUN, CURRENT, 10.0), (SUN_2, CURRENT, 40.2))
    assert gate.bounds() == [STILL_HELD], "all that the other leaves, and 0.1 A for each"
    gate.stand((SUN, CURRENT, 10.0), (SUN_2, CURRENT, 41.0))
    assert gate.bounds() == [ABOVE_SUM], "told too much, whatever others hold"
    gate = LinkGate({BATTERY: battery(ccl=50.0), SUN: charger(makes_a=0.0)})
    gate.holds = {"com.victronenergy.solarcharger.gone": held(35.0)}
    gate.stand((SUN, CURRENT, 40.0))
    gate.now += LAG_S
    gate.stand((SUN, CURRENT, 40.0))
    assert gate.bounds() == [STILL_HELD], "it left D-Bus, and may charge all the same"


def test_what_one_may_hold_counts_for_the_others_although_no_word_stands_for_it() -> None:
    gate = LinkGate({BATTERY: battery(ccl=50.0), SUN: charger(makes_a=0.0), SUN_2: charger(makes_a=0.0)})
    gate.holds[SUN] = held(40.0)
    assert gate.stand((SUN_2, CURRENT, 40.0))["ChargeCurrent2"] == pytest.approx(10.1)
    gate.holds[SUN] = held(0.0)
    assert gate.stand((SUN_2, CURRENT, 40.0))["ChargeCurrent2"] == 40.0


def test_one_whose_service_has_gone_counts_with_what_it_may_hold() -> None:
    gate = LinkGate({BATTERY: battery(ccl=50.0)})
    gate.holds["com.victronenergy.solarcharger.gone"] = held(35.0, 20.0, "unknown")
    assert gate.stand((SUN, CURRENT, 40.0), (SUN_2, CURRENT, 0.0))["ChargeCurrent"] == pytest.approx(15.2)
    gate.holds[SUN] = held(40.0)
    found = gate.stand((SUN, CURRENT, 40.0))["ChargeCurrent"]
    assert found == pytest.approx(5.1), "one that has 40 A is lowered: the second makes 10 A"
    gate = LinkGate({BATTERY: battery(ccl=None)})
    gate.holds["com.victronenergy.solarcharger.gone"] = held(35.0)
    assert gate.stand((SUN, CURRENT, 40.0))["ChargeCurrent"] == 0.0


def test_one_that_has_not_shown_what_it_holds_counts_with_all_that_it_could_make() -> None:
    gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: charger(**{"/Settings/ChargeCurrentLimit": 70.0})})
    words = (SUN, CURRENT, 35.0), (SUN_2, CURRENT, 60.0)
    gate.holds = {SUN: held(0.0, evidence="unknown"), SUN_2: held(40.0)}
    assert gate.stand(*words) == {"ChargeCurrent": 35.0, "ChargeCurrent2": 40.0}
    gate.holds = {SUN_2: held(10.0)}
    assert gate.stand(*words) == {"ChargeCurrent": 35.0, "ChargeCurrent2": pytest.approx(30.2)}
    gate.holds = {SUN: held(35.0), SUN_2: held(30.0)}
    assert gate.stand(*words) == {"ChargeCurrent": 35.0, "ChargeCurrent2": 50.0}


def test_one_in_error_is_raised_by_its_next_mode_from_0_a() -> None:
    gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: charger(**{"/Settings/ChargeCurrentLimit": 70.0})})
    gate.holds = {SUN: held(0.0, evidence="unknown"), SUN_2: held(60.0)}
    words = (SUN, CURRENT, 35.0), (SUN_2, CURRENT, 50.0)
    assert gate.stand(*words) == {"ChargeCurrent": 35.0, "ChargeCurrent2": 50.0}
    for code, second in ((67, 30.2), (1, 30.2), (0, 50.0)):
        gate.services[SUN_2] = charger(**{"/ErrorCode": code})
        assert gate.stand(*words) == {"ChargeCurrent": 35.0, "ChargeCurrent2": pytest.approx(second)}, code
    for evidence in ("unknown", "unproven"):
        gate.holds[SUN_2] = held(60.0, evidence=evidence)
        assert gate.stand(*words)["ChargeCurrent2"] == pytest.approx(30.2), "it may have less than it was sent"


def test_nothing_is_left_for_one_that_wants_half_an_ampere_either() -> None:
    gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: charger(**{"/Settings/ChargeCurrentLimit": 200.0})})
    gate.holds = {SUN: held(100.2), SUN_2: held(0.0, evidence="unknown")}
    assert gate.stand((SUN, CURRENT, 50.0), (SUN_2, CURRENT, 0.5))["ChargeCurrent2"] == 0.0


def test_one_that_shows_neither_its_setting_nor_its_current_counts_with_what_it_was_told() -> None:
    gate = LinkGate({BATTERY: battery(ccl=50.0), SUN: charger(**{"/Dc/0/Current": None})})
    gate.services[SUN]["/Settings/ChargeCurrentLimit"] = None
    gate.services[SUN_2]["/Settings/ChargeCurrentLimit"] = 90.0
    gate.holds = {SUN: held(0.0, evidence="unknown"), SUN_2: held(0.0)}
    assert gate.stand((SUN, CURRENT, 0.0), (SUN_2, CURRENT, 80.0))["ChargeCurrent2"] == pytest.approx(50.2)


def test_one_that_shows_nothing_counts_with_what_it_makes_once_every_other_word_has_expired() -> None:
    """Such as an alternator regulator that does not take the word; it may have no setting of its own either."""
    most = {"/Settings/ChargeCurrentLimit": 90.0}
    words = (SUN, CURRENT, 20.0), (SUN_2, CURRENT, 80.0)
    rows: tuple[tuple[float | None, HoldEvidence, float, float], ...] = (
        (70.0, "unknown", 60.0, 40.0),
        (None, "unknown", 60.0, 40.2),
        (None, "unknown", 10.0, 70.2),
        (70.0, "unproven", 60.0, 40.2),
        (70.0, "unproven", 10.0, 70.2),
        (70.0, "shown", 60.0, 70.2),
    )
    for own_a, evidence, makes_a, second in rows:
        first = charger(makes_a=makes_a, **{"/Settings/ChargeCurrentLimit": own_a})
        gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: first, SUN_2: charger(**most)})
        gate.holds = {SUN: held(30.0, 20.0, evidence), SUN_2: held(40.0)}
        assert gate.stand(*words)["ChargeCurrent2"] == pytest.approx(second)


@pytest.mark.parametrize(
    ("own_a", "evidence", "made_a", "seconds", "second"),
    [
        (70.0, "unknown", 10.0, 1.0, 30.1),
        (70.0, "unknown", 10.0, 60.0 - 0.1, 30.1),
        (70.0, "unknown", 10.0, 60.0, 70.1),
        (70.0, "unknown", 10.0, 1000.0, 70.1),
        (None, "unknown", 60.0, 1.0, 40.1),
        (70.0, "unproven", 60.0, 1.0, 40.1),
        (70.0, "unproven", 10.0, 1.0, 70.1),
        (70.0, "shown", 60.0, 1.0, 70.1),
    ],
)
def test_one_that_left_before_it_showed_what_it_holds_counts_with_what_it_showed_else(
    own_a: float | None, evidence: HoldEvidence, made_a: float, seconds: float, second: float
) -> None:
    """It was told 30 A; others that have more already are not lowered by what it could make."""
    first = charger(makes_a=made_a, **{"/Settings/ChargeCurrentLimit": own_a})
    most = charger(**{"/Settings/ChargeCurrentLimit": 90.0})
    gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: first, SUN_2: most})
    gate.holds = {SUN: held(30.0, 20.0, evidence), SUN_2: held(20.0)}
    gate.stand((SUN, CURRENT, 30.0), (SUN_2, CURRENT, 20.0))
    gate.services[SUN] |= {"/Settings/ChargeCurrentLimit": None, "/Dc/0/Current": None}
    gate.stand((SUN, CURRENT, 30.0), (SUN_2, CURRENT, 20.0))
    del gate.services[SUN]
    gate.now += seconds
    assert gate.stand((SUN_2, CURRENT, 80.0))["ChargeCurrent2"] == pytest.approx(second)
    gate.holds[SUN_2] = held(65.0)
    assert gate.stand((SUN_2, CURRENT, 65.0)) == {"ChargeCurrent2": 65.0}


def test_what_one_showed_is_kept_while_nothing_stands_and_forgotten_with_it() -> None:
    gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: charger(**{"/Settings/ChargeCurrentLimit": 70.0})})
    gate.holds = {SUN: held(0.0, evidence="unknown")}
    gate.stand()
    assert gate.link.shown[SUN].own_a == 70.0
    gate.holds = {}
    gate.stand()
    assert gate.link.shown == {}


def test_two_of_which_nothing_is_known_leave_room_for_each_other() -> None:
    most = charger(**{"/Settings/ChargeCurrentLimit": 70.0})
    gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: most, SUN_2: dict(most)})
    gate.holds = {}
    found = gate.stand((SUN, CURRENT, 60.0), (SUN_2, CURRENT, 40.0))
    assert found == {"ChargeCurrent": pytest.approx(30.2), "ChargeCurrent2": pytest.approx(30.2)}


def test_of_two_that_are_raised_each_leaves_room_for_the_other() -> None:
    most = charger(**{"/Settings/ChargeCurrentLimit": 200.0})
    third = "com.victronenergy.solarcharger.ttyO9"
    gate = LinkGate({BATTERY: battery(ccl=100.0), SUN: most, SUN_2: dict(most), third: dict(most)})
    gate.holds = {SUN: held(20.0), SUN_2: held(20.0), third: held(40.0)}
    words = (third, CURRENT, 10.0), (SUN, CURRENT, 45.0), (SUN_2, CURRENT, 45.0)
    found = gate.stand(*words)
    assert (found["ChargeCurrent2"], gate.passed[SUN, CURRENT]) == (20.0, 20.0), "the third has not followed"
    gate.holds[third] = held(10.0)
    gate.stand(*words)
    assert (gate.passed[SUN, CURRENT], gate.passed[SUN_2, CURRENT]) == (45.0, 45.0)


FRAME_BOUNDS = {
    0x2001: (2, 0, 7_000),
    0x2002: (2, 0, 7_000),
    0x2003: (2, -4_000, 12_500),
    0x200A: (4, -10_000_000, 10_000_000),
    0x200E: (1, 0, 13),
    0x2015: (2, 0, 65_534),
    0x2017: (2, 0, 65_534),
    0x201C: (4, -10_000_000, 10_000_000),
}
"""Bytes, lowest and highest number of each register, by ve_regs.h of gui-v2@3b94597 and what makes sense."""


def test_a_frame_of_each_register_has_its_size_and_bounds() -> None:
    for register, (size, lowest, highest) in FRAME_BOUNDS.items():
        for number, may in ((lowest, True), (highest, True), (lowest - 1, False), (highest + 1, False)):
            data = (number % (1 << 8 * size)).to_bytes(size, "little")  # -1 where nothing is below 0: "not available"
            assert may_link(register, data) is may, (hex(register), number)
            assert not may_link(register, data + b"\0")
            assert not may_link(register, data[:-1])
    assert not any(may_link(register, b"\0" * size) for register in range(0x2000, 0x2020) for size in (1, 2, 4)
                   if register not in FRAME_BOUNDS)  # fmt: skip


MEASURED = {
    SENSE: (0.0, 70.0, 0.5, "/Dc/0/Voltage"),
    TEMPERATURE: (-40.0, 125.0, 2.0, "/Dc/0/Temperature"),
    SHUNT: (-10_000.0, 10_000.0, 50.0, "/Dc/0/Current"),
    EXTRA: (-10_000.0, 10_000.0, 0.0, ""),
}
"""What is told as measured: lowest and highest, and how far from what somebody shows there (nobody shows the last)."""


@pytest.mark.parametrize("path", MEASURED)
def test_what_is_measured_has_bounds_in_profile_vendor_too(path: str) -> None:
    lowest, highest, _, item = MEASURED[path]
    for value, may in ((lowest, True), (lowest - 0.001, False), (highest, True), (highest + 0.001, False)):
        gate = LinkGate({BATTERY: battery(**({item: value} if item else {}))}, vendor=True)
        assert [*gate.stand((VECAN, path, value)).values()] == ([value] if may else []), value


@pytest.mark.parametrize("path", [SENSE, TEMPERATURE, SHUNT])
def test_what_is_measured_is_as_near_as_this_to_what_is_shown(path: str) -> None:
    _, _, within, item = MEASURED[path]
    gate = LinkGate(vendor=True)
    for name in (SUN, SUN_2):
        gate.services[name].pop(item, None)
    gate.services[BATTERY][item] = shown = 20.0
    for value, may in ((shown - within, True), (shown + within, True), (shown + within + 0.001, False)):
        assert [*gate.stand((VECAN, path, value)).values()] == ([value] if may else []), value
    assert gate.stand((VECAN, path, shown - within - 0.001)) == {}


def test_one_that_may_have_been_lowered_is_not_raised_before_the_other_has() -> None:
    """Its answer was lost: it counts with the higher, and gets no more than the lower."""
    most = charger(**{"/Settings/ChargeCurrentLimit": 200.0})
    gate = LinkGate({BATTERY: battery(ccl=60.0), SUN: most, SUN_2: dict(most)})
    gate.holds = {SUN: held(60.0, 20.0), SUN_2: held(40.0)}
    assert gate.stand((SUN, CURRENT, 30.0), (SUN_2, CURRENT, 30.0))["ChargeCurrent"] == pytest.approx(20.2)


# --- whoever writes ---------------------------------------------------------------------------------------------------

TOLD = (CURRENT, VOLTAGE, MODE, DISCHARGE)


def look(
    world: TrueWorld,
    chance: Random,
    oracle: Oracle,
    before: tuple[GateMemory, LinkMemory],
    told: dict[str, tuple[float, float]],
) -> tuple[list[str], tuple[GateMemory, LinkMemory]]:
    """One look of a hostile world, whose controller writes to ports of ours. `told`: what each was told, and when."""
    asked: dict[tuple[str, str], Value] = {}
    for policy in chance.choices(POLICIES, k=chance.randint(1, 3)):
        asked |= {(service, path): value for service, path, value in policy(world, chance) if path in TOLD}
    raw, setup = words_of(world), setup_of(world)
    memory = pass_on((), raw, before[0], setup, world.now, own_name=True).memory
    standing = [Write(*key, value) for key, value in asked.items()]
    holds = {name: held(0.0) for name in raw.services}
    holds |= {name: held(amps) for name, (amps, at) in told.items() if world.now - at < HELD_S}
    passed = pass_link(standing, raw, memory, before[1], setup, world.now, own_name=True, holds=holds)
    told |= {
        service: (value, world.now)
        for (service, path), value in passed.values.items()
        if path == CURRENT and isinstance(value, int | float)
    }
    orders: list[Order] = [(*key, value) for key, value in passed.values.items()]
    broken = oracle.judge(world, [tuple(write) for write in standing], orders)
    return [text for text in broken if "beside a master" not in text], (memory, passed.memory)


@pytest.mark.parametrize("seed", range(4))
def test_whoever_writes_no_charger_is_told_what_breaks_a_rule(seed: int) -> None:
    chance, leaves = Random(seed), 0
    for _ in range(40):
        world, oracle, memory = make_world(chance), Oracle(), (GateMemory(), LinkMemory())
        told: dict[str, tuple[float, float]] = {}
        for _ in range(40):
            broken, memory = look(world, chance, oracle, memory, told)
            assert broken == [], world
            leaves += sum(at == world.now for _, at in told.values())
            change_world(world, chance)
    assert leaves > 100
