"""The explanation says every limit with its caps, and ages only when it is asked with a clock."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gxbridge.core.dvcc.limit.cap import Cap, Limit
from gxbridge.core.dvcc.limit.reasons import amount
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.watching.clocks import running
from gxbridge.core.dvcc.run.watching.shared import SharedValue
from gxbridge.core.model.battery import Battery, Provisional
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.wording import names_text
from gxbridge.core.publish.explanation import (
    BatteryNote,
    Situation,
    as_dict,
    as_json,
    as_text,
    limits_of,
    limits_text,
)

LYNX = "com.victronenergy.battery.gxbridge_can0_uc167120"
SOLAR = "com.victronenergy.solarcharger.ttyO2"
MULTI = "com.victronenergy.vebus.ttyS4"

SAID = Cap(0.0, "A", "bms-ccl", "said", LYNX, "/Info/MaxChargeCurrent", 100.0, "said by the Lynx Smart BMS 500")
USER = Cap(60.0, "A", "user-current", "user", "settings", "", None, "user limit 60 A")
WHY = Cap(None, "A", "cell", "inferred", "", "", None, "likely: highest cell 3.76 V")

BATTERY = Battery(
    key="k",
    bus="can0",
    address=41,
    unique_number=167120,
    device_instance=0,
    product_id=0xA3E5,
    product_name="Lynx Smart BMS 500",
    serial="HQ21302VUDQ",
    firmware=0x0106FF,
    firmware_text="v1.06",
    description=None,
    state="live",
    since=50.0,
    silent_since=None,
    last_heard=200.0,
    values={},
    family="lynx_smart_bms",
    unseen=("0x2108 BMS_IO",),
)


def situation(**changes: object) -> Situation:
    decision = Decision(
        limits=(
            Limit("CVL", "", 28.4, "V", (), "CVL 28.40 V: said by the Lynx."),
            Limit("CCL", "", 0.0, "A", (SAID, WHY, USER), "CCL 0 A: said by the Lynx Smart BMS 500."),
            Limit("DCL", "", None, "A", (), "DCL: nothing is granted."),
            Limit("charger", SOLAR, 0.0, "A", (SAID,), "0 A: the BMS allows no charge."),
            Limit("multi", MULTI, 0.0, "A", (SAID,), "0 A: the BMS allows no charge."),
        ),
        bms_service=LYNX,
        bms_state="live",
        bms_since=60.0,
    )
    values: dict[str, object] = {
        "mode": "control",
        "effective": "control",
        "profile": "strict",
        "master": "gxbridge",
        "master_reason": "No other master is on the bus.",
        "decision": decision,
        "since": {("CCL", ""): 100.0},
        "names": {LYNX: "House", SOLAR: "MPPT 150/35", MULTI: "MultiPlus"},
        "batteries": (BatteryNote(BATTERY, LYNX, "bms", "The only source of this battery."),),
        "provisional": (
            Provisional("p", "can0", 42, None, ("NAME",), "address 42 on can0: waiting for its NAME", 10.0),
        ),
        "findings": (Finding("bms-silent", "alarm", LYNX, "The BMS is silent.", "Look at the cable.", 90.0, 100.0),),
    }
    return Situation(**(values | changes))  # type: ignore[arg-type]


def epoch(at: float | None) -> int | None:
    return None if at is None else round(at + 1_700_000_000)


def test_every_limit_is_there_with_its_caps_in_order() -> None:
    explanation = as_dict(situation(), epoch)
    ccl = explanation["limits"][1]
    assert (ccl["name"], ccl["value"], ccl["since"]) == ("CCL", 0.0, 1_700_000_100)
    assert [cap["kind"] for cap in ccl["caps"]] == ["said", "inferred", "user"]
    assert explanation["limits"][3]["subject_name"] == "MPPT 150/35"
    assert json.loads(as_json(explanation)) == explanation


def test_without_a_clock_the_text_holds_no_age_so_it_changes_only_with_its_reasons() -> None:
    text = as_text(as_dict(situation(), epoch))
    assert "Charge current (CCL): 0 A\n" in text
    assert "Discharge current (DCL): nothing granted" in text
    assert "Charge voltage (CVL): 28.40 V" in text
    assert "Charger MPPT 150/35: 0 A" in text
    assert "Inverter/charger MultiPlus: 0 A" in text
    assert "ALARM: The BMS is silent." in text
    assert "0x2108 BMS_IO" in text
    assert "Waiting: address 42 on can0" in text
    assert ", for " not in text


@pytest.mark.parametrize(("passed_s", "words"), [(5, "for 5 s"), (180, "for 3 min"), (7300, "for 2 h")])
def test_with_a_clock_ages_are_added(passed_s: int, words: str) -> None:
    assert words in as_text(as_dict(situation(), epoch), 1_700_000_100 + passed_s)


def test_a_clock_behind_the_moment_adds_no_negative_age() -> None:
    assert "-" not in as_text(as_dict(situation(findings=(), batteries=(), provisional=()), epoch), 1).split("\n")[1]


def test_clocks_that_run_are_shown_to_the_second() -> None:
    clocks = running(160.0, 400.0, 190.0, 210.0)
    lost = Decision(bms_service=LYNX, bms_state="silent", bms_since=60.0, multi_stops_at=400.0, clocks=clocks)
    explanation = as_dict(situation(decision=lost), epoch)
    lines = as_text(explanation, 1_700_000_200).splitlines()[2:6]
    assert lines == [
        "    in 0 s: the chargers lose their link and stop with error #67",
        "    in 200 s: the Multi stops by its own timer (about 5 min after its last limits)",
        "    in 20 s: discharging may be refused, not before",
        "    in 12 s: the contactor may open: the alternator must be off by then",
    ]
    assert "timer" not in as_text(explanation)


def test_no_voltage_no_bms_and_nothing_published_are_said() -> None:
    bare = Decision(limits=(Limit("CVL", "", None, "V", (), "CVL: nobody gives one."),))
    note = BatteryNote(replace(BATTERY, unseen=()), "", "none", "The vendor publishes it.")
    text = as_text(as_dict(situation(decision=bare, batteries=(note,)), epoch))
    assert "no BMS in control" in text
    assert "no voltage given" in text
    assert "not published\n    The vendor publishes it." in text


def test_what_is_left_for_no_inverter_at_all_is_not_mentioned() -> None:
    nobody = Decision(limits=(Limit("multi", "", None, "A", (), "no VE.Bus system is there"),))
    assert "no VE.Bus system" not in as_text(as_dict(situation(decision=nobody), epoch))


def test_a_limit_without_a_name_for_people_shows_the_service() -> None:
    text = as_text(as_dict(situation(names={}), epoch))
    assert f"Charger {SOLAR}: 0 A" in text
    assert f"BMS: {LYNX}: live" in text


def test_one_limit_may_be_asked_for_by_its_name_or_a_part_of_its_device() -> None:
    explanation = as_dict(situation(), epoch)
    named = {wanted: [limit["name"] for limit in limits_of(explanation, wanted)] for wanted in ("ccl", "mppt", "x", "")}
    assert named == {"ccl": ["CCL"], "mppt": ["charger"], "x": [], "": ["CVL", "CCL", "DCL", "charger", "multi"]}
    text = limits_text(limits_of(explanation, "mppt") + limits_of(explanation, "cvl"), None, short=True)
    assert text == "Charger MPPT 150/35: 0 A: the BMS allows no charge.\nCVL 28.40 V: said by the Lynx."


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "a"), (2, "a and b"), (4, "a, b, c and d"), (5, "a, b, c and 2 more")],
)
def test_names_are_listed_and_many_are_counted(count: int, text: str) -> None:
    assert names_text(list("abcde"[:count])) == text


def test_a_current_reads_as_it_is_told_and_never_as_nothing() -> None:
    assert [amount(value, "A") for value in (17.762856221282092, 0.04, 0.0, 60.0)] == [
        "17.8 A",
        "0.04 A",
        "0 A",
        "60 A",
    ]
    assert amount(28.416, "V") == "28.42 V"


def test_what_is_shared_is_said_with_source_and_receivers() -> None:
    shared = (SharedValue("/Link/VoltageSense", 26.4, LYNX, (SOLAR, "com.victronenergy.vecan.can0"), 100.0),)
    one = as_dict(situation(decision=Decision(shared=shared), names={LYNX: "Lynx", SOLAR: "SmartSolar"}), epoch)
    assert "Shared battery voltage: 26.4 V of Lynx, for SmartSolar, com.victronenergy.vecan.can0" in as_text(one)
    assert one["shared"][0]["receivers"] == [SOLAR, "com.victronenergy.vecan.can0"]
