"""`gxbridge doctor --control`: every condition with yes or no, each by what is spoilt for it."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.model.items import Value
from gxbridge.doctor.control import check_control
from gxbridge.doctor.facts import Bus, ConfigSummary, ConfiguredBus, Facts
from gxbridge.doctor.row import Row, exit_code
from tests.commands.test_status_and_explain import LYNX, SOLAR, SYSTEM, boat
from tests.doctor.facts_of import OWN, own
from tests.doctor.facts_of import facts as healthy


def rows(mode: str = "control", **changes: Any) -> dict[str, Row]:
    explained, services = boat(mode)
    explained["findings"] = changes.pop("findings", [])
    explained["bms"] |= changes.pop("bms", {})
    given: dict[str, dict[str, Value]] = {**services, OWN: own(), **changes.pop("services", {})}
    for name in changes.pop("without", ()):
        del given[name]
    facts: Facts = healthy(services=given, **changes)
    return {f"{row.id} {row.subject}".strip(): row for row in check_control(facts, explained)}


def test_a_boat_without_another_master_may_be_controlled_and_each_row_is_a_yes() -> None:
    found = rows()
    assert all(row.text.startswith("yes: ") for row in found.values())
    assert exit_code(found.values()) == 0
    assert found[f"control-charger {SOLAR}"].text.endswith(
        "now 40 A, gxbridge would tell 50 A (in the last 24 hours 50 A, with 0 changes)"
    )


@pytest.mark.parametrize(
    ("id", "changes"),
    [
        ("control-alone", {"mode": "monitor"}),
        ("control-alone", {"bus": Bus("system", unanswered={SYSTEM: "no answer"})}),
        ("control-not-overruled", {"findings": [{"id": "overruled", "severity": "warning", "text": "x"}]}),
        ("control-no-alarm", {"findings": [{"id": "x", "severity": "alarm", "text": "a fire"}]}),
        ("control-bms", {"bms": {"state": "silent"}}),
        ("control-service", {"without": (OWN,)}),
        ("control-service", {"bus": Bus("system", error="none")}),
    ],
)
def test_a_condition_that_fails_is_a_no_with_advice(id: str, changes: dict[str, Any]) -> None:
    row = rows(**changes)[id]
    assert (row.verdict, row.text.startswith("no: "), bool(row.advice)) == ("problem", True, True)


def test_a_charger_that_cannot_be_told_is_a_no_that_names_what_must_stop_it() -> None:
    name = "com.victronenergy.charger.ttyUSB1"
    found = rows(services={name: {"/ProductName": "Phoenix Smart"}}, without=(SOLAR,))
    assert found[f"control-charger {name}"].text.startswith("no: Phoenix Smart is an AC charger")
    assert found[f"control-charger {SOLAR}"].verdict == "warning"
    assert LYNX not in found


@pytest.mark.parametrize(
    ("transmit", "verdict", "said"),
    [
        ("requests", "warning", "is on a port of gxbridge, which does not pass on what it is told"),
        ("link", "ok", "can be told what `gxbridge link` confirms; it shows 40 A, gxbridge would tell 50 A"),
    ],
)
def test_a_charger_on_a_port_of_ours_is_told_what_link_sends(transmit: str, verdict: str, said: str) -> None:
    ours = {**boat("control")[1][SOLAR], "/Mgmt/ProcessName": "gxbridge"}
    port = ConfiguredBus("can0", "socketcan", "can0", "all")
    row = rows(services={SOLAR: ours}, configured=ConfigSummary(transmit=transmit, buses=(port,)))
    found = row[f"control-charger {SOLAR}"]
    assert (found.verdict, found.text.endswith(said)) == (verdict, True), found


def test_less_than_a_day_of_orders_is_said() -> None:
    explained, services = boat("control")
    explained["time"] = 1000 + 7200
    (row,) = [
        one for one in check_control(healthy(services={**services, OWN: own()}), explained) if one.id == "control-day"
    ]
    assert (row.verdict, row.text.startswith("not yet a day: orders have been watched for ")) == ("note", True)
    assert "whole day" in row.advice
