"""The doctor's report: its verdicts, its exit code, program, D-Bus, service and configuration."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from gxbridge.core.publish.explanation import as_json
from gxbridge.doctor.checks.configuration import check_configured
from gxbridge.doctor.checks.program import check_program, venus_version
from gxbridge.doctor.examine import WIDTH, as_dict, as_text, examine
from gxbridge.doctor.facts import Bus, ConfigSummary, ConfiguredBus, Supervised
from gxbridge.doctor.redact import Redactor
from gxbridge.doctor.row import VERDICTS, Row, RowVerdict, exit_code, worst
from tests.core.boat import Boat
from tests.doctor.facts_of import (
    LYNX,
    OWN,
    SETTINGS,
    SYSTEM,
    by_id,
    changed,
    configured,
    facts,
    own,
    port,
    program,
    report,
    services,
)

INPUT = "com.victronenergy.digitalinput.input_1"


def row(verdict: RowVerdict, **fields: str) -> Row:
    return Row(**({"section": "S", "id": "i", "text": "t"} | fields), verdict=verdict)


def test_a_gx_in_order_has_nothing_worse_than_a_note() -> None:
    rows = examine(facts())
    assert [row for row in rows if row.verdict in ("warning", "problem")] == []
    assert exit_code(rows) == 0
    assert {row.section for row in rows} == {
        "Program", "Configuration", "Service", "CAN ports", "Batteries", "DVCC", "Chargers",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [((), 0), (("ok",), 0), (("note", "ok"), 0), (("warning", "note"), 1), (("ok", "problem", "warning"), 2)],
)
def test_the_exit_code_is_that_of_the_worst_verdict(verdicts: tuple[RowVerdict, ...], code: int) -> None:
    rows = [row(verdict) for verdict in verdicts]
    assert exit_code(rows) == code
    assert worst(rows) == (max(verdicts, key=VERDICTS.index) if verdicts else "ok")


def test_the_text_has_a_heading_a_verdict_and_advice_for_each_line() -> None:
    text = as_text([row("ok", text="all well"), row("problem", section="T", text="broken", advice="mend it")])
    assert text.splitlines() == [
        "S",
        "  ok       all well",
        "",
        "T",
        "  PROBLEM  broken",
        "           -> mend it",
        "",
        "1 problem. Begin with the first PROBLEM.",
    ]


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (("ok",), "Nothing is wrong: all ok."),
        (("note", "note"), "Nothing is wrong: 2 notes."),
        (("warning", "note"), "1 warning, 1 note."),
        (("warning", "warning", "problem"), "1 problem, 2 warnings. Begin with the first PROBLEM."),
    ],
)
def test_the_last_line_sums_up(verdicts: tuple[RowVerdict, ...], said: str) -> None:
    assert as_text([row(verdict) for verdict in verdicts]).splitlines()[-1] == said


@settings(deadline=None)
@given(st.lists(st.text("abc ", min_size=1, max_size=40), min_size=1, max_size=40))
def test_no_line_is_longer_than_a_screen_and_no_word_is_lost(words: list[str]) -> None:
    text = " ".join(words)
    said = as_text([row("note", text=text, advice=text)])
    assert all(len(line) <= WIDTH for line in said.splitlines())
    assert said.split().count("a") == 2 * text.split().count("a")


def test_the_data_names_every_row_and_counts() -> None:
    data = as_dict([row("warning", subject="can0", advice="a"), row("ok")], "1.2.3")
    assert data == {
        "format": 1,
        "version": "1.2.3",
        "verdict": "warning",
        "exit_code": 1,
        "counts": {"ok": 1, "note": 0, "warning": 1, "problem": 0},
        "rows": [
            {"section": "S", "id": "i", "verdict": "warning", "subject": "can0", "text": "t", "advice": "a"},
            {"section": "S", "id": "i", "verdict": "ok", "subject": "", "text": "t", "advice": ""},
        ],
    }


# --- the program ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "id", "verdict", "said"),
    [
        ({}, "version", "ok", "gxbridge 0.1.0, Python 3.12.3, Venus OS v3.67, einstein, armv7l"),
        ({"system": "", "machine": "", "architecture": ""}, "version", "ok", "gxbridge 0.1.0, Python 3.12.3"),
        ({"python": (3, 10, 4)}, "python", "problem", "Python 3.10.4 is too old"),
        ({"packages": {"PyYAML": "", "a": "1"}}, "packages", "problem", "missing: PyYAML"),
        ({"packages": {"PyYAML": "", "a": "1"}}, "packages-present", "ok", "a 1"),
        ({"database_error": "no _candb.py"}, "database", "problem", "no _candb.py"),
        ({"venus": "v3.55"}, "venus", "problem", "older than v3.60"),
        ({"venus": "v2.94~3"}, "venus", "problem", "older than v3.60"),
    ],
)
def test_what_is_said_of_the_program(changes: dict[str, Any], id: str, verdict: str, said: str) -> None:
    found = by_id(check_program(program(**changes)))[id]
    assert found.verdict == verdict
    assert said in found.text


def test_new_enough_or_strange_versions_of_venus_are_no_matter() -> None:
    assert venus_version("v3.60~49") == (3, 60)
    assert venus_version("rubbish") is None
    for text in ("v3.60", "v3.100", "v4.00~1", "rubbish"):
        assert "venus" not in by_id(check_program(program(venus=text)))
    assert "venus" not in by_id(check_program(program(venus=""))), "not a GX"
    assert "packages-present" not in by_id(check_program(program(packages={})))


# --- D-Bus ------------------------------------------------------------------------------------------------------------


def test_without_dbus_the_rest_is_still_examined() -> None:
    rows = report(bus=Bus("system", "no D-Bus at /run/x"), services={}, ports=(port(profile=None),))
    assert rows["dbus"].verdict == "problem"
    assert "/run/x" in rows["dbus"].text
    assert rows["running"].verdict == "note"
    assert rows["version"].verdict == "ok"
    assert "port" in rows
    assert {"no-battery", "no-master", "chargers", "settings"} & rows.keys() == set(), "unknown is not absent"


def test_a_service_that_does_not_answer_is_named() -> None:
    rows = report(bus=Bus("system", unanswered={"com.victronenergy.hub4": "no answer within 6 s"}))
    assert rows["unanswered"].subject == "com.victronenergy.hub4"
    assert "no answer within 6 s" in rows["unanswered"].text


# --- the service ------------------------------------------------------------------------------------------------------


def test_a_running_service_is_described() -> None:
    rows = report()
    assert rows["running"].text == "gxbridge 0.1.0 runs: monitor, profile strict"
    assert rows["bms"].text == "the BMS in control is Lynx Smart BMS 500, live"
    assert rows["bus"].verdict == "ok"


@pytest.mark.parametrize(
    ("supervised", "verdict", "said"),
    [
        (None, "note", "does not run"),
        (Supervised("/service/gxbridge", None), "problem", "does not supervise it"),
        (Supervised("/service/gxbridge", False, 5.0), "problem", "is switched off"),
        (Supervised("/service/gxbridge", True, 5.0), "warning", "5 s ago"),
        (Supervised("/service/gxbridge", True, 500.0), "problem", "runs, but is not on D-Bus"),
        (Supervised("/service/gxbridge", True), "problem", "runs, but is not on D-Bus"),
    ],
)
def test_a_service_that_is_not_on_the_bus(supervised: Supervised | None, verdict: str, said: str) -> None:
    found = report(services=changed(OWN=None), program=program(supervised=supervised))["running"]
    assert (found.verdict, said in found.text) == (verdict, True), found


def test_a_service_that_hangs() -> None:
    bus = Bus("system", unanswered={OWN: "no answer within 6 s"})
    assert report(services=changed(OWN=None), bus=bus)["running"].verdict == "problem"


@pytest.mark.parametrize(
    ("items", "id", "verdict", "said"),
    [
        ({"/Dvcc/Mode": "control"}, "running", "ok", "monitor (configured: control)"),
        ({"/Mgmt/ProcessVersion": "0.0.9"}, "versions-differ", "warning", "0.0.9 runs, and this is 0.1.0"),
        ({"/Bms/State": "silent"}, "bms", "note", "Lynx Smart BMS 500, is silent"),
        ({"/Bms/State": "none"}, "bms", "note", "no BMS is in control"),
        ({"/Bms/State": "live", "/Bms/Name": ""}, "bms", "ok", "socketcan_can0_vi0_uc167120"),
        ({"/Can/can0/Lost": 7}, "bus", "warning", "5000 frames heard, 7 lost"),
        ({"/Can/can0/Errors": 3}, "bus", "warning", "3 errors"),
        ({"/Can/can0/State": "ended"}, "bus", "ok", "5000 frames"),
        ({"/Can/can0/State": "waiting", "/Can/can0/Reason": "no such"}, "bus", "problem", "it is waiting"),
        ({"/Can/can0/Frames": None}, "bus", "ok", "0 frames heard"),
    ],
)
def test_what_the_running_service_says(items: dict[str, Any], id: str, verdict: str, said: str) -> None:
    found = report(services=changed(OWN=items))[id]
    assert (found.verdict, said in found.text) == (verdict, True), found


def explained(*sentences: object) -> dict[str, Value]:
    return {"/Explain/Json": json.dumps({"relatives": {"sentences": sentences}})}


def test_wired_terminals_under_another_master_are_observed_not_enforced() -> None:
    """The very words of a running service, and what the doctor makes of them."""
    boat = Boat(wirings=(Wiring("Bank", "Small BMS", INPUT),))
    boat.add(INPUT, {"/Type": 10, "/InputState": 0})
    boat.tick(5, speaking=False)
    said = boat.tick(1, speaking=False).explanation()
    row = report(services=changed(OWN={"/Explain/Json": as_json(said)}))["yes-or-no-bms"]
    assert (row.verdict, row.text[:37]) == ("ok", "Bank (Small BMS): charging allowed (i")
    boat.add(SYSTEM, {"/Control/Dvcc": 1})
    boat.tick(2, speaking=False)
    said = boat.tick(1, speaking=False).explanation()
    row = report(services=changed(OWN={"/Explain/Json": as_json(said)}))["yes-or-no-bms"]
    assert row.verdict == "note"
    assert "Observed, not enforced: gxbridge does not control the chargers" in row.text
    assert "The wires from the BMS" in row.advice


def test_wired_terminals_that_a_switch_leaves_out_are_observed_not_enforced() -> None:
    boat = Boat(wirings=(Wiring("Bank", "Small BMS", INPUT),), options=Options.vendor())
    boat.add(INPUT, {"/Type": 10, "/InputState": 1})
    said = boat.tick(5, speaking=False).explanation()
    row = report(services=changed(OWN={"/Explain/Json": as_json(said)}))["yes-or-no-bms"]
    assert row.verdict == "note"
    assert "Observed, not enforced: the configuration leaves it to the wires, as profile vendor does" in row.text
    assert "Profile strict" in row.advice


def test_a_wired_discharge_terminal_is_observed_not_enforced_where_no_battery_gives_a_limit() -> None:
    boat = Boat(wirings=(Wiring("Bank", "Small BMS", discharge=INPUT),))
    boat.add(INPUT, {"/Type": 10, "/InputState": 0})
    said = boat.tick(5, speaking=False).explanation()
    row = report(services=changed(OWN={"/Explain/Json": as_json(said)}))["yes-or-no-bms"]
    assert row.verdict == "note"
    assert "A refusal to discharge is observed, not enforced" in row.text
    assert "load disconnect" in row.advice
    said = boat.tick(5).explanation()
    row = report(services=changed(OWN={"/Explain/Json": as_json(said)}))["yes-or-no-bms"]
    assert (row.verdict, "not enforced" in row.text) == ("ok", False), "a Lynx gives a limit that can be lowered"


@pytest.mark.parametrize(
    "items",
    [
        explained(), explained(1, None), {"/Explain/Json": None}, {"/Explain/Json": "{"}, {"/Explain/Json": "[]"},
        {"/Explain/Json": 5}, {"/Explain/Json": '{"relatives": {"sentences": 5}}'}, {"/Explain/Json": "[" * 200_000},
    ],
)  # fmt: skip
def test_an_explanation_that_says_nothing_of_such_a_bms_gives_no_row(items: dict[str, Value]) -> None:
    assert "yes-or-no-bms" not in report(services=changed(OWN=items))


def test_a_bus_that_is_not_open_says_what_to_do_and_a_forgotten_one_nothing() -> None:
    rows = report(services=changed(OWN={"/Can/can0/State": "down", "/Can/can0/Reason": "ip link set can0 up"}))
    assert rows["bus"].advice == "ip link set can0 up"
    assert "bus" not in report(services=changed(OWN={"/Can/can0/State": None}))


@pytest.mark.parametrize(
    ("severity", "verdict"), [("info", "note"), ("warning", "warning"), ("alarm", "problem"), ("what", "warning")]
)
def test_findings_of_the_service_are_rows(severity: str, verdict: str) -> None:
    items = own(
        **{
            "/Findings/0/Id": "cvl-unknown",
            "/Findings/0/Severity": severity,
            "/Findings/0/Text": "No voltage.",
            "/Findings/0/Advice": "Look.",
            "/Findings/0/Subject": "a.b",
            "/Findings/1/Id": None,
        }
    )
    found = report(services=changed(OWN=items))["finding-cvl-unknown"]
    assert (found.verdict, found.text, found.advice, found.subject) == (verdict, "No voltage.", "Look.", "a.b")


# --- the configuration ------------------------------------------------------------------------------------------------


def configuration(**changes: Any) -> dict[str, Row]:
    ports = changes.pop("ports", (port(),))
    return by_id(check_configured(facts(configured=configured(**changes), ports=ports)))


def test_a_configuration_that_fits() -> None:
    assert [(row.id, row.verdict) for row in configuration().values()] == [("config", "ok")]


def test_every_fault_is_a_problem_and_nothing_else_is_said() -> None:
    rows = list(check_configured(facts(configured=ConfigSummary("c.yaml", ("c.yaml:1: a", "c.yaml:2: b")))))
    assert [(row.verdict, row.text) for row in rows] == [("problem", "c.yaml:1: a"), ("problem", "c.yaml:2: b")]


def test_no_file_is_worth_a_note_and_the_defaults_are_checked() -> None:
    rows = by_id(check_configured(facts(configured=configured(file=""), services=changed(OWN=None), ports=())))
    assert rows["config"].verdict == "note"
    assert rows["no-such-port"].verdict == "problem"


def test_where_no_file_is_named_the_running_service_says_which_ports_it_uses() -> None:
    rows = report(configured=configured(file="", buses=(ConfiguredBus("vecan0", "socketcan", "vecan0"),)))
    assert rows["config"].verdict == "note"
    assert "--config FILE" in rows["config"].advice
    assert "no-such-port" not in rows
    assert "gxbridge listens beside" in rows["port"].text


def test_link_without_control_is_said_to_do_nothing() -> None:
    found = configuration(transmit="link", mode="monitor")["link-idle"]
    assert (found.verdict, found.text.endswith("dvcc.mode: monitor")) == ("note", True)
    served = (ConfiguredBus("can0", "socketcan", "can0", "all"),)
    assert "link-idle" not in configuration(transmit="link", mode="control", buses=served)
    assert "link-idle" not in configuration(transmit="writes", mode="monitor")


def test_link_without_a_port_that_gxbridge_serves_is_said_to_do_nothing() -> None:
    found = configuration(transmit="link", mode="control")["link-idle"]
    assert found.text.endswith("without serve: all for their port")
    assert "link-idle" not in configuration(transmit="writes", mode="control")


def test_remarks_are_notes() -> None:
    assert configuration(remarks=("it is at its end of life",))["remark"].text == "it is at its end of life"


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        ((), "this machine has no port for VE.Can"),
        ((port(name="vecan0"),), "this machine has vecan0"),
        ((port(name="vecan0"), port(name="vecan1", profile=5)), "this machine has vecan0, vecan1"),
        ((port(name="can1", profile=3),), "this machine has no port for VE.Can"),
    ],
)
def test_a_configured_port_that_is_not_there(ports: Any, said: str) -> None:
    found = configuration(ports=ports)["no-such-port"]
    assert (found.verdict, found.subject) == ("problem", "can0")
    assert said in found.text


def test_a_bus_may_be_called_anything() -> None:
    found = configuration(buses=(ConfiguredBus("house", "socketcan", "can0"),))
    assert {row.verdict for row in found.values()} == {"ok"}


def test_buses_that_are_no_ports_and_no_bus_at_all() -> None:
    assert "no-such-port" not in configuration(buses=(ConfiguredBus("u", "udp_multicast", "239.0.0.1"),))
    assert configuration(buses=())["no-bus"].verdict == "note"


# --- rubbish ---

VALUES: st.SearchStrategy[Value] = (
    st.none()
    | st.integers(-5, 70000)
    | st.floats()
    | st.sampled_from(["", "control", "live", "open", LYNX, "0167120 HQ21302VUDQ", "alarm", "x" * 300, "\x00/"])
)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_services_that_say_anything_never_make_it_raise(data: st.DataObject) -> None:
    given = {
        name: {path: data.draw(VALUES) for path in items if data.draw(st.booleans())}
        for name, items in services().items()
    }
    for name in data.draw(st.lists(st.sampled_from([LYNX, OWN, SETTINGS, "com.victronenergy.battery."]), max_size=3)):
        given[f"{name}x"] = {"/DeviceInstance": data.draw(VALUES), "/Serial": data.draw(VALUES)}
    rows = examine(facts(services=given))
    as_text(rows)
    json.dumps(Redactor().data(as_dict(rows, "1")))


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts().bus.error = "x"  # type: ignore[misc]
