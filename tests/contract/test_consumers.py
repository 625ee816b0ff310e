"""systemcalc, gui-v2, flashmq and node-red by their known calls, there before the service or coming later."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.scene import LYNX_SERVICE, SETTINGS, Consumer, Scene
from tests.contract.test_publishing import BY_NUMBER, VENDOR, VENDOR_ITEMS
from tests.runtime.service import OWN, wait_for

KINDS = ("monitor", "older", "gui", "flashmq", "nodered")
INSTANCE = "/Settings/Devices/gxbridge_uc167120/ClassAndVrmInstance"


class Crowd:
    """All consumers in one process of their own."""

    def __init__(self, stage: Scene) -> None:
        self.process = Consumer(stage.address, "consumers.py")
        stage.stack.callback(self.process.close)

    def state(self, kind: str) -> Any:
        found = self.process(kind)
        assert found["errors"] == [], kind
        return found["state"]

    def battery(self, kind: str) -> dict[str, Any]:
        """What a consumer knows of the battery: path -> value (of the GUI: texts); empty when it knows none."""
        state = self.state(kind)
        if kind in ("monitor", "older"):
            return state.get(LYNX_SERVICE, {}).get("items", {})
        if kind == "gui":
            return state.get(LYNX_SERVICE, {}).get("texts", {})
        if kind == "nodered":
            found = [service["items"] for service in state if service["name"] == LYNX_SERVICE]
            assert len(found) < 2, "a device twice"
            return found[0] if found else {}
        topics = {topic: json.loads(text)["value"] for topic, text in state.items() if text}
        starts = {topic.split("/")[2] for topic in topics if topic.startswith("N/battery/")}
        if not starts:
            return {}
        assert len(starts) == 1, f"two batteries: {starts}"
        base = f"N/battery/{starts.pop()}"
        return {topic.removeprefix(base): value for topic, value in topics.items() if topic.startswith(base + "/")}

    def all_see(self, path: str, value: Any, text: str) -> None:
        for kind in KINDS:
            wanted = text if kind == "gui" else value
            wait_for(
                lambda kind=kind: self.battery(kind).get(path, "absent"),  # type: ignore[misc]
                wanted, f"{path} for {kind}", 30.0,
            )  # fmt: skip

    def none_sees(self, test: Callable[[dict[str, Any]], bool] = bool) -> None:
        for kind in KINDS:
            wait_for(lambda kind=kind: self.battery(kind), lambda seen: not test(seen), f"gone for {kind}", 30.0)  # type: ignore[misc]


@pytest.mark.parametrize("first", ["service", "consumers"])
def test_each_consumer_sees_the_battery_live_and_leave(first: str, stage: Scene) -> None:
    lynx = stage.wire.lynxes[0]
    stage.others("settings", {INSTANCE: "battery:4"})
    if first == "consumers":
        crowd = Crowd(stage)
        stage.start()
    else:
        stage.start()
        stage.consumer.until_complete(LYNX_SERVICE)
        crowd = Crowd(stage)
    crowd.all_see("/Dc/0/Voltage", 26.39, "26.39V")
    crowd.all_see("/DeviceInstance", 4, "4")
    crowd.all_see("/Dc/0/Temperature", None, "")

    # Frames change a value; a client names the battery.
    stage.wire.say(lynx, x0391="F4 01 00 00")
    crowd.all_see("/Info/MaxChargeCurrent", 50.0, "50.0A")
    assert stage.consumer("set", LYNX_SERVICE, "/CustomName", "String", "Bow") == 0
    crowd.all_see("/CustomName", "Bow", "Bow")
    battery = crowd.state("monitor")[LYNX_SERVICE]
    assert (battery["name"], battery["bms"], battery["candidate"]) == ("Bow", True, True)
    shown = crowd.state("gui")[LYNX_SERVICE]
    pages = {page: shown[page] for page in ("settings", "clear", "io", "system", "fuses", "individual", "pending")}
    assert {page for page, there in pages.items() if there} == {"io"}
    assert shown["title"] == "Bow"

    # Fuses, pending: the GUI's pages follow.
    stage.wire.say(lynx, x2150="01 00", x2152="AA AA", x2102="12")
    crowd.all_see("/State", 18, "18")
    crowd.all_see("/Info/MaxChargeVoltage", None, "")
    wait_for(lambda: crowd.state("gui")[LYNX_SERVICE], lambda page: page["fuses"] and page["pending"], "pages", 30.0)
    assert crowd.state("monitor")[LYNX_SERVICE]["bms"] is False
    stage.wire.say(lynx, x2102="09")
    crowd.all_see("/Info/MaxChargeVoltage", 27.4, "27.40V")

    # A new instance: gone under the old one, there under the new one, nowhere twice.
    stage.others("set", SETTINGS, {INSTANCE: "battery:5"})
    crowd.all_see("/DeviceInstance", 5, "5")
    topics = crowd.state("flashmq")
    assert {text for topic, text in topics.items() if topic.startswith("N/battery/4/")} == {""}
    assert topics["N/battery/5/CustomName"] == '{"value": "Bow"}'

    # The vendor's service takes over.
    stage.others("appear", VENDOR, {**VENDOR_ITEMS, **BY_NUMBER})
    wait_for(
        lambda: [s["name"] for s in crowd.state("nodered") if ".battery." in s["name"]], [VENDOR], "node-red", 30.0
    )
    assert crowd.state("monitor").keys() == {VENDOR}
    assert LYNX_SERVICE not in crowd.state("gui")
    stage.others("leave", VENDOR)
    crowd.all_see("/Dc/0/Voltage", 26.39, "26.39V")

    assert stage.service.end() == 0
    crowd.none_sees()


def test_a_monitor_is_no_candidate_for_the_bms(stage: Scene) -> None:
    stage.start(publish="monitor")
    stage.consumer.until_complete(LYNX_SERVICE)
    crowd = Crowd(stage)
    battery = crowd.state("monitor")[LYNX_SERVICE]
    assert (battery["bms"], battery["candidate"]) == (False, False)
    assert battery["items"]["/Dc/0/Voltage"] == 26.39


def test_each_service_is_scanned_with_the_calls_that_are_known(quiet: Scene) -> None:
    """Ours answers what they ask first, so nobody falls back; our own service has no class that anybody interprets."""
    crowd = Crowd(quiet)
    calls = set(crowd.process("monitor")["calls"])
    assert calls == {"GetItems /", "GetNameOwner /"}
    assert {call for call in crowd.process("gui")["calls"] if call.startswith("GetValue")} <= {
        f"GetValue {path}" for path in ("/Battery/Request/Id", "/Redetect", "/NumberOfBmses", "/Dc/0/MidVoltage",
                                        "/Dc/0/Voltage", "/Soc", "/State")
    }  # fmt: skip
    assert set(crowd.process("flashmq")["calls"]) == {"GetItems /"}
    assert set(crowd.process("nodered")["calls"]) == {"GetItems /", "GetValue /DeviceInstance"}
    assert {topic.split("/")[1] for topic in crowd.state("flashmq")} == {"battery", "gxbridge"}
    assert OWN not in crowd.state("monitor")
