"""Our own service: every path of the table with its type, everything that `explain` prints, and no change by itself."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from typing import Any

from gxbridge.core.publish.own_items import SLOW_S
from gxbridge.core.publish.own_paths import EXPLAIN_JSON, EXPLAIN_TEXT, OWN_PATHS, own_spec, pattern_of
from tests.contract.lynx import LYNX_NG, STATUS, Lynx
from tests.contract.scene import INVALID, LYNX_SERVICE, NG_SERVICE, Scene, pause
from tests.core.boat import MULTI, SOLAR, multi, solar
from tests.runtime.service import OWN, wait_for

TYPES = {"s": "String", "u": "UInt32", "q": "UInt16", "y": "Byte", "i": "Int32", "d": "Double"}
SLOW = ("/Can/can0/Frames", "/Can/can0/Load", "/Can/can0/LastFrameAt")
"""What changes while frames come in; refreshed every 10 s, with the moments at which devices were last heard."""


def test_every_path_of_the_table_is_there_with_its_type(stage: Scene) -> None:
    stage.wire.lynxes.append(Lynx(478868, "HQ2437XXP7K", LYNX_NG, 0x2A, STATUS))
    stage.others("appear", SOLAR, solar(**{"/FirmwareVersion": 0x0101}))  # too old: a finding that stays
    stage.others("appear", MULTI, multi())
    rule = {"name": "a", "limit": "charge_current", "by": "soc", "points": {"0": "100%"}}
    stage.start(
        dvcc={"mode": "control"}, rules={"limits": [rule], "storage": {"voltage_v": 26.4}}, banks=[{"name": "house"}]
    )
    stage.consumer.until(OWN, "/Limits/Charger/0/Reason", lambda reason: isinstance(reason, str))
    stage.consumer.until(OWN, "/Devices/0/LastHeardAt", lambda moment: isinstance(moment, int))
    for n in range(2):
        stage.consumer.until(OWN, f"/Devices/{n}/Product", lambda name: isinstance(name, str))
    stage.consumer.until(OWN, "/Findings/0/Id", "firmware-insufficient")
    stage.consumer.until(OWN, "/Can/can0/Frames", lambda frames: isinstance(frames, int) and frames > 0)
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 1454.5)  # the second BMS has said its limits too
    items = stage.consumer("items", OWN)
    assert {row.path for row in OWN_PATHS} - {pattern_of(path) for path in items} == {EXPLAIN_JSON, EXPLAIN_TEXT}
    for path, entry in items.items():
        assert entry["Value"] == INVALID or entry["Value"][0] == TYPES[own_spec(path).signature], path
        assert entry["Text"][0] == "String", path
    assert items["/Limits/Ccl/Value"]["Text"] == ["String", "1454.5A"]
    assert items["/Limits/Charger/0/Service"]["Value"] == ["String", SOLAR]
    assert items["/Limits/Multi/Service"]["Value"] == ["String", MULTI]
    assert items["/Dvcc/Effective"]["Value"] == ["String", "control"]
    names = {items[f"/Devices/{n}/Product"]["Value"][1] for n in range(2)}
    assert names == {"Lynx Smart BMS 500", "Lynx Smart BMS NG"}
    tree = stage.consumer("tree", OWN)
    assert items.keys() | {"/Explain/Json", "/Explain/Text"} <= tree.keys()


def test_everything_that_explain_prints_is_on_the_bus(quiet: Scene) -> None:
    quiet.consumer.until(OWN, "/Limits/Ccl/Value", 800.0)
    explained = json.loads(quiet.ask("/Explain/Json"))
    items = {path: entry["Value"][1] for path, entry in quiet.consumer("items", OWN).items()}
    for key, path in (("mode", "Mode"), ("effective", "Effective"), ("profile", "Profile"), ("master", "Master"),
                      ("master_reason", "MasterReason")):  # fmt: skip
        assert items[f"/Dvcc/{path}"] == explained["dvcc"][key]
    assert items["/Bms/Service"] == explained["bms"]["service"]
    for limit in explained["limits"]:
        if limit["name"] in ("CVL", "CCL", "DCL"):
            base = f"/Limits/{limit['name'].capitalize()}"
            assert items[f"{base}/Value"] == limit["value"]
            assert items[f"{base}/Reason"] == limit["sentence"]
            assert items[f"{base}/Since"] == limit["since"]
    for n, battery in enumerate(explained["batteries"]):
        assert items[f"/Batteries/{n}/Service"] == battery["service"]
        assert items[f"/Batteries/{n}/State"] == battery["state"]
    for n, finding in enumerate(explained["findings"]):
        assert (items[f"/Findings/{n}/Id"], items[f"/Findings/{n}/Text"]) == (finding["id"], finding["text"])
    words = re.sub(r", for \d+ (s|min|h)", "", quiet.explain())  # the command adds ages
    assert quiet.ask("/Explain/Text").splitlines() == words.splitlines()
    for limit in explained["limits"]:
        if limit["name"] in ("CVL", "CCL", "DCL"):
            base = f"/Limits/{limit['name'].capitalize()}"
            assert items[f"{base}/ReasonId"] == limit["caps"][0]["name"]
            assert json.loads(items[f"{base}/ReasonArguments"]) == limit["caps"][0]["arguments"]


def test_the_explanation_is_answered_when_asked_and_is_no_item(quiet: Scene) -> None:
    items = quiet.consumer("items", OWN)
    assert [path for path in items if path.startswith("/Explain")] == []
    assert "\n" in quiet.ask("/Explain/Text")
    assert "\n" not in quiet.consumer("get", OWN, "/Explain/Text", "GetText")
    assert quiet.consumer("set", OWN, "/Explain/Text", "String", "x") == 1


def test_every_text_on_the_bus_is_one_row_and_no_item_has_children(quiet: Scene) -> None:
    """A consumer shows an item in one row; and to Victron's Qt programs an item with children is no item."""
    for service in (OWN, LYNX_SERVICE, NG_SERVICE):
        items = quiet.consumer("items", service)
        assert [path for path, entry in items.items() if not str(entry["Text"][1]).isprintable()] == []
        assert [path for path in items if any(other.startswith(path + "/") for other in items)] == []


def may_change(path: str) -> bool:
    return path in SLOW or path.endswith("/LastHeardAt")


def settle(quiet: Scene) -> None:
    """Wait until every frame was heard (a busy machine loses some of a repetition) and the first decisions are made:
    until two looks, a second apart, show the same."""

    def look() -> list[dict[str, Any]]:
        shown = [quiet.consumer("items", service) for service in (LYNX_SERVICE, NG_SERVICE, OWN)]
        return [{path: entry for path, entry in items.items() if not may_change(path)} for items in shown]

    def same() -> bool:
        before = look()
        pause(1.0)
        return look() == before

    wait_for(same, True, "nothing changes any more", 60.0)


def test_a_quiet_boat_is_quiet_on_the_bus(quiet: Scene) -> None:
    """Two BMSes repeat the same frames; over four seconds only what counts frames may change, and that only slowly."""
    batteries = {quiet.consumer("owner", service) for service in (LYNX_SERVICE, NG_SERVICE)}
    own = quiet.consumer("owner", OWN)
    pause(11.0)  # what a BMS does not say in its first ten seconds is a finding from then on
    settle(quiet)
    quiet.consumer("heard")
    began = time.monotonic()
    pause(4.0)
    heard = [(sender, changes) for kind, _, sender, *rest in quiet.consumer("heard") if kind == "ItemsChanged"
             for _, changes in [rest]]  # fmt: skip
    assert [changes for sender, changes in heard if sender in batteries] == []
    ours = Counter(path for sender, changes in heard if sender == own for path in changes)
    assert {path for path in ours if not may_change(path)} == set()
    rounds = 1 + (time.monotonic() - began) // SLOW_S
    assert all(count <= rounds for count in ours.values()), ours


def test_moments_are_since_when_and_change_only_with_what_they_are_about(stage: Scene) -> None:
    stage.start()
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 800.0)
    began: dict[str, Any] = {name: stage.ask(f"/Limits/{name}/Since") for name in ("Cvl", "Ccl", "Dcl")}
    assert all(abs(time.time() - moment) < 60 for moment in began.values())
    assert abs(time.time() - stage.ask("/Bms/Since")) < 60
    pause(1.2)
    stage.wire.say(stage.wire.lynxes[0], x0391="F4 01 00 00")
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 50.0)
    assert stage.ask("/Limits/Ccl/Since") > began["Ccl"]
    assert stage.ask("/Limits/Cvl/Since") == began["Cvl"]
    assert "50 A" in stage.ask("/Limits/Ccl/Reason")
    assert stage.consumer.value(LYNX_SERVICE, "/Info/MaxChargeCurrentReason") == stage.ask("/Limits/Ccl/Reason")


def test_the_health_of_the_can_bus_is_told(stage: Scene) -> None:
    stage.start()
    stage.consumer.until(OWN, "/Can/can0/State", "open")
    # The first frames are told at once, and not with the next round.
    stage.consumer.until(OWN, "/Can/can0/Frames", lambda frames: isinstance(frames, int) and frames > 0, SLOW_S - 2)
    assert abs(time.time() - stage.ask("/Can/can0/LastFrameAt")) < 60
    assert (stage.ask("/Can/can0/Lost"), stage.ask("/Can/can0/Errors")) == (0, 0)
    stage.wire.say(stage.wire.lynxes[0], x2101="24")
    stage.consumer.until(LYNX_SERVICE, "/ErrorCode", 36)
    assert stage.ask("/Batteries/0/State") == "live"
