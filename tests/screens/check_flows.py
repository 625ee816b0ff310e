"""The functions of the Node-RED flows, run in a real JavaScript engine on what the real service says.

Run by `make check-screens`; needs PySide6-Essentials.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.publish.own_paths import pattern_of
from tests.mqtt.test_flows import nodes_of
from tests.screens.boat import Items, moments, own

PAGE = (Path(__file__).parent.parent.parent / "docs" / "mqtt-topics.md").read_text(encoding="utf-8")
ENGINE = """
import json, sys
from PySide6.QtCore import QCoreApplication
from PySide6.QtQml import QJSEngine
application = QCoreApplication([])
engine = QJSEngine()
body, messages = json.load(sys.stdin)
engine.evaluate("var kept = {}")
engine.evaluate("var context = {get: name => kept[name], set: (name, value) => { kept[name] = value }}")
made = engine.evaluate("(function (text) { const msg = JSON.parse(text); const out = (function () {" + body +
    "})(); return out === null ? 'null' : JSON.stringify(out) })")
assert not made.isError(), made.toString()
for message in messages:
    out = made.call([engine.toScriptValue(json.dumps(message))])
    assert not out.isError(), out.toString()
    print(out.toString())
"""


def run(body: str, messages: list[dict[str, Any]]) -> list[Any]:
    """What a function node makes of each message, None where it lets nothing through."""
    said = subprocess.run(
        [sys.executable, "-c", ENGINE], input=json.dumps([body, messages]), text=True, capture_output=True, timeout=60
    )
    assert said.returncode == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


def published(items: Items) -> list[dict[str, Any]]:
    """What the GX's broker sends of our service."""
    return [
        {"topic": f"N/c0619ab1/gxbridge/0{path}", "payload": {"value": value}} for path, value in own(items).items()
    ]


@pytest.fixture(scope="module")
def boat() -> list[Items]:
    cold = {"lynx": {"set": {"temperature_c": 3.0}, "over_s": 0}}
    return moments((cold, lambda items: own(items)["/Limits/Ccl/Value"] == 0))


def test_every_item_of_the_real_service_is_on_the_page_of_topics(boat: list[Items]) -> None:
    paths = {pattern_of(path) for path in own(boat[1])} - {"/Explain/Json", "/Explain/Text"}
    assert len(paths) > 50
    assert [path for path in sorted(paths) if f"`N/PORTAL/gxbridge/0{path}`" not in PAGE] == []


def functions(flow: str) -> dict[str, str]:
    return {node["id"]: node["func"] for node in nodes_of(flow) if node["type"] == "function"}


def test_limits_are_told_in_words(boat: list[Items]) -> None:
    body = functions("node-red-limits.json")["gxb-ccl-text"]
    values = [{"payload": {"value": value}} for value in (own(boat[1])["/Limits/Ccl/Value"], 20.26, None, 10000.0)]
    assert [out["payload"] for out in run(body, values)] == [
        "charge current limit: 0.0 A",
        "charge current limit: 20.3 A",
        "charge current limit: unknown",
        "charge current limit: none",
    ]


def test_an_alarm_is_told_when_it_begins_and_only_then() -> None:
    body = functions("node-red-limits.json")["gxb-alarm"]
    states = [{"payload": {"value": value}} for value in (0, 2, 2, 1, 2, None)]
    assert [out is not None for out in run(body, states)] == [False, True, False, False, True, False]


def test_signal_k_hears_limits_reasons_and_an_alarm(boat: list[Items]) -> None:
    (body,) = functions("node-red-signalk.json").values()
    messages = [*published(boat[1])]
    messages.append({"topic": "N/x/gxbridge/0/Health/Text", "payload": {"value": "It is lost"}})
    messages.append({"topic": "N/x/gxbridge/0/Health/State", "payload": {"value": 2}})
    messages.append({"topic": "N/x/gxbridge/0/Limits/Dcl/Value", "payload": {"value": 10000}})
    deltas = [json.loads(out["payload"]) for out in run(body, messages) if out is not None]
    assert {delta["context"] for delta in deltas} == {"vessels.self"}
    said = {row["path"]: row["value"] for delta in deltas for update in delta["updates"] for row in update["values"]}
    limits = "electrical.batteries.house.limits"
    assert said[f"{limits}.chargeCurrent"] == 0
    assert said[f"{limits}.chargeCurrentReason"] == own(boat[1])["/Limits/Ccl/Reason"]
    assert said[f"{limits}.chargeVoltage"] == own(boat[1])["/Limits/Cvl/Value"]
    assert said[f"{limits}.dischargeCurrent"] is None
    alarm = {"state": "alarm", "method": ["visual"], "message": "It is lost"}
    assert said["notifications.electrical.gxbridge"] == alarm
