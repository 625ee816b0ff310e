"""Whatever reaches D-Bus as a sentence, the GX's screen can say in each of its languages."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import settings

from gxbridge.config import load
from gxbridge.core.bank import figures
from gxbridge.core.channels.terminals import terminals_text
from gxbridge.core.channels.vebus import vebus_text
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.explain import findings as round_findings
from gxbridge.core.dvcc.limit import feed_in
from gxbridge.core.dvcc.limit.reasons import REASONS
from gxbridge.core.dvcc.read import link_error
from gxbridge.core.dvcc.read.believed.held import WHILE_RUNNING
from gxbridge.core.dvcc.read.devices.trouble import troubles
from gxbridge.core.dvcc.read.paths import NUMBER_OF_BMSES
from gxbridge.core.gate import gate
from gxbridge.core.gate.link import STILL_HELD
from gxbridge.core.model.finding import PRE_ALARM_WORDS, Finding, finding
from gxbridge.core.model.findings_in_monitor import in_monitor
from gxbridge.core.model.findings_table import FINDINGS
from gxbridge.core.nmea2000.database import database
from gxbridge.core.publish import battery_rows
from gxbridge.edge import bluetooth
from gxbridge.edge.can import can_bus
from gxbridge.edge.dbus import settings as dbus_settings
from gxbridge.runtime.edge_findings import deprecation_findings
from gxbridge.runtime.state_writer import _cure
from tests.core.test_any_boat import AnyBoat
from tests.core.test_link import Port
from tests.core.vecan.link.wire import CURRENT, MPPT, VOLTAGE, Wire, charger_name, register_frame
from tests.languages import Sayings, arguments_of, maker, words_for

SAYINGS = Sayings()
GUI = maker()
ERRORS = (OSError(), PermissionError(), KeyError())
TEXTS = (
    *(row.text for row in REASONS.values()),
    *(part for row in FINDINGS.values() for part in (row.text, row.advice)),
)
FILES = ("page", "phrases", "reasons", "findings", "advice")


def rows(name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = GUI.read(name)
    return found


# --- every sentence of the tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_every_row_has_each_language_with_the_same_arguments(name: str) -> None:
    for row in rows(name):
        for language in GUI.LANGUAGES:
            assert row[language].strip(), row
            assert row[language] != "TODO"
            assert sorted(re.findall(r"\{\w+\}|%1", row[language])) == sorted(re.findall(r"\{\w+\}|%1", row["en"])), row
            assert re.findall(r"`[^`]*`|#\d+", row[language]) == re.findall(r"`[^`]*`|#\d+", row["en"]), row


@pytest.mark.parametrize("name", FILES)
def test_a_row_stands_once(name: str) -> None:
    marks = [(row.get("id", ""), row["en"], tuple(row.get("of", ()))) for row in rows(name)]
    assert len(set(marks)) == len(marks)


def test_every_text_advice_and_reason_is_translated() -> None:
    translated = {row["en"] for name in ("reasons", "findings", "advice") for row in rows(name)}
    assert [text for text in GUI.identifiers() if text not in translated] == []


def test_every_translation_is_of_a_sentence_that_is_said() -> None:
    assert GUI.stale() == [], "put them right in service/gui-v2/translations, or take them out"


def test_a_phrase_is_of_arguments_that_are_taken_apart() -> None:
    known = {name for kind in ("prose", "mixed", "names") for name in SAYINGS.arguments[kind]}
    assert {name for row in rows("phrases") for name in row.get("of", ())} <= known
    within = {name for row in rows("phrases") for name in arguments_of(row["en"])}
    assert known <= within | {name for text in TEXTS for name in arguments_of(text)}


def unsaid(found: Finding) -> list[str]:
    """What the page would leave in English of a finding, in either mode."""
    both = (found, in_monitor(found))
    return [text for one in both for text in SAYINGS.finding(one.id, one.text, one.advice, one.arguments)]


@pytest.mark.parametrize("id", FINDINGS)
def test_every_finding_is_said_in_either_mode(id: str) -> None:
    assert unsaid(finding(id, "", 0.0, None, **words_for(id))) == []


@pytest.mark.parametrize("name", REASONS)
def test_every_reason_is_said(name: str) -> None:
    assert SAYINGS.reason(name, words_for(name, arguments_of(REASONS[name].text)))


def test_what_is_not_known_is_not_said() -> None:
    assert not SAYINGS.prose("a sentence of another version", "why")
    assert not SAYINGS.prose("alarm 'low cell voltage' and a sentence of another version", "what")
    strange = finding("feed-in-held", "", 0.0, None, why="a sentence of another version")
    assert unsaid(strange) == [strange.text, strange.text]


# --- what comes as an argument ---------------------------------------------------------------------------------------


def alarms() -> Iterator[str]:
    """The alarms that battery services of ours show, and those of the fuses of a distributor."""
    yield from (row.path for row in battery_rows.ALARMS)
    yield from (f"/Alarms/{name}" for name in figures.BANK_ALARMS)
    yield from ("/Distributor/A/Alarms/ConnectionLost", "/Distributor/A/Fuse/2/Alarms/Blown", "/Alarms/Alarm")


def not_sent() -> Iterator[str]:
    """Why what is written to `/Link` is not sent."""
    for level, mode in (("requests", "control"), ("link", "monitor")):
        yield Port(cast(Any, level), mode=mode).write(CURRENT, 50.0).text
    wire = Wire(confirmed=())
    yield wire.write(MPPT, CURRENT, 50.0).text
    wire.hear(register_frame(0x99, 0x2015, "F401", to=MPPT))
    wire.look()
    yield wire.write(MPPT, CURRENT, 50.0).text
    wire = Wire()
    wire.join(0x70, charger_name(9, function=141))
    wire.look()
    yield wire.write(None, VOLTAGE, 27.4).text
    wire.join(MPPT, charger_name(device_instance=3))
    yield wire.write(MPPT, CURRENT, 50.0).text
    yield "/Link/NetworkMode = 13 is not sent: /Link/ChargeCurrent of SmartSolar 855 must be sent before it"


def spoken() -> Iterator[tuple[str, str]]:
    """The name of an argument, and what it may say: by the tables of those that say it."""
    for name, texts in {
        "why": (*round_findings.LEFT_OUT.values(), *feed_in.BLIND.values(), feed_in.CHARGED, *not_sent()),
        "doubt": (*vebus_text.DOUBTS.values(), *terminals_text.DOUBTS.values()),
        "terminal": terminals_text.TERMINAL_NAMES.values(),
        "cure": (*link_error.RESETS.values(), link_error.NOT_HEARD, *map(_cure, ERRORS)),
        "vebus_bms": vebus_text.NAMES.values(),
        "how": (WHILE_RUNNING,),
        "soon": (PRE_ALARM_WORDS["soon"], "in 25 s at the earliest", "at any moment"),
        "loads": (PRE_ALARM_WORDS["loads"],),
        "bound": (gate.ABOVE_SUM, STILL_HELD, gate.ABOVE_VOLTAGE, gate.NO_BOUND, gate.NOT_LISTED, gate.NOT_OF_KIND),
        "reason": (can_bus.DOWN, can_bus.BUS_OFF, *(f"lost: {text}" for text in can_bus.ADVICE.values())),
        "can_problem": can_bus.ADVICE.values(),
        "problem": (bluetooth.MISSING,),
        "refusal": dbus_settings.ERRORS.values(),
    }.items():  # fmt: skip
        yield from ((name, re.sub(r"\{\w+\}", "vecan0", str(text))) for text in texts if text)
    for path in alarms():
        yield from (("trouble", one.text) for value in (1, 2) for one in troubles({path: value}))
    for number, word in database().enums["bms_error"].items():
        found = troubles({"/ErrorCode": number, "/ProductId": 0xA3E5})
        yield from (("what", one.text) for one in found if "#" not in word)
    for number in (*database().enums["bms_state"], 99):
        yield from (("what", one.text) for one in troubles({"/State": number, "/ProductId": 0xA3E5}))
    yield from (("what", one.text) for one in troubles({NUMBER_OF_BMSES: "1/2", "/Info/MaxChargeCurrent": "ten"}))


def sentences(module: str, function: str) -> Iterator[str]:
    """Everything with a space in it that a function says; what is filled in is 7."""
    tree = ast.parse(inspect.getsource(getattr(importlib.import_module(module), function)))
    documentation = [ast.get_docstring(node, clean=False) for node in tree.body if isinstance(node, ast.FunctionDef)]
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            text = node.value
        else:
            continue
        documentation = (
            ast.get_docstring(tree.body[0], clean=False) if isinstance(tree.body[0], ast.FunctionDef) else ""
        )
        if " " in text and text != documentation:
            yield text


SAYING = [
    *(("bound", "gxbridge.core.gate.gate", one) for one in ("why_barred", "why_shut", "judge", "switch", "bound_of")),
    *(("bound", "gxbridge.core.gate.gate", one) for one in ("mode", "measured", "discharge")),
    ("bound", "gxbridge.core.gate.link", "judge_link"),
    *(("bound", "gxbridge.core.gate.bounds", one) for one in ("why_stopped", "unspoken")),
    ("why", "gxbridge.core.dvcc.run.masters.masters", "obstacle"),
    ("why", "gxbridge.core.dvcc.run.watching.audit", "audit_findings"),
    ("why", "gxbridge.core.dvcc.run.watching.audit", "verdicts"),
    ("why", "gxbridge.core.model.remembered", "from_plain"),
    ("why", "gxbridge.core.model.remembered", "_entries"),
    ("why", "gxbridge.core.model.remembered", "decode"),
    ("charged_by", "gxbridge.core.dvcc.read.chargers", "words"),
    ("mark", "gxbridge.core.publish.publication", "publishers"),
    ("what", "gxbridge.core.dvcc.read.devices.trouble", "failure_troubles"),
]
"""Arguments, and the functions that make them."""
PART_OF = {"7 and takes no limit", "7 and was told 7 A", "7 and shows 7 A as its limit", "low voltage", "the battery"}
"""No sentence by itself."""
NEVER_SAID = {"it is the state of another installation"}


@pytest.mark.parametrize(("name", "text"), sorted(set(spoken())))
def test_what_tables_say_is_known(name: str, text: str) -> None:
    assert SAYINGS.prose(text, name)


@pytest.mark.parametrize(
    ("name", "module", "function"), SAYING, ids=[f"{row[1].split('.')[-1]}.{row[2]}" for row in SAYING]
)
def test_what_a_function_says_is_known(name: str, module: str, function: str) -> None:
    said = [text for text in sentences(module, function) if text not in PART_OF | NEVER_SAID and text[0] not in ",;"]
    assert said
    assert [text for text in said if not SAYINGS.prose(text, name)] == []


def test_what_a_configuration_is_told_is_known(tmp_path: Path) -> None:
    (tmp_path / "gxbridge.yaml").write_text(
        "log:\n  modules: {can: info, can: debug}\ndvcc:\n  write_settings: no\n"
        "  switches: {voltage_window: no, contactor_guard: yes}\n"
        "readout:\n  - {address: 'C0:FF:EE:00:00:01', key: KEY, name: KEY}\n".replace("KEY", "aabbccddeeff0011" * 2)
    )
    found = deprecation_findings(load(str(tmp_path / "gxbridge.yaml")).deprecations, 0.0)
    assert len(found) == 5
    assert [text for one in found for text in unsaid(one)] == []


class TalkingBoat(AnyBoat):
    """Whatever such a boat says is said in every language."""

    def look(self, cycle: Cycle, *, judged: bool = True) -> None:
        super().look(cycle, judged=judged)
        assert [text for one in cycle.situation.findings for text in unsaid(one)] == []
        caps = [cap for limit in cycle.decision.limits for cap in limit.caps]
        assert [cap.text for cap in caps if not SAYINGS.reason(cap.name, cap.arguments)] == []


TalkingBoat.TestCase.settings = settings(max_examples=8, stateful_step_count=12, deadline=None, derandomize=True)
test_talking_boat = TalkingBoat.TestCase
