"""busctl, gdbus and dbus-send on the running service: what a person at a terminal asks, finds and writes."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.contract.scene import LYNX_SERVICE, NG_SERVICE, Scene
from tests.edge.dbus_daemon import program
from tests.runtime.service import OWN

ITEM = "com.victronenergy.BusItem"
ON_REQUEST = {"/Explain/Json", "/Explain/Text"}
SERVICES = [LYNX_SERVICE, NG_SERVICE, OWN]


def output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def busctl(stage: Scene, *words: str) -> str:
    return output(program("busctl", "systemd"), f"--address={stage.address}", *words)


def gdbus(stage: Scene, verb: str, service: str, path: str, *words: str) -> str:
    target = ("--address", stage.address, "--dest", service, "--object-path", path)
    return output(program("gdbus", "libglib2.0-bin"), verb, *target, *words)


def dbus_send(stage: Scene, service: str, path: str, member: str, *words: str) -> str:
    options = (f"--bus={stage.address}", "--print-reply=literal", f"--dest={service}")
    return output(program("dbus-send", "dbus"), *options, path, f"{ITEM}.{member}", *words)


@pytest.mark.parametrize("service", SERVICES)
def test_busctl_and_gdbus_find_every_item_and_nothing_else(service: str, quiet: Scene) -> None:
    items = quiet.consumer("items", service).keys() | (ON_REQUEST if service == OWN else set())
    nodes = {path[:at] or "/" for path in items for at in range(len(path)) if path[at] == "/"}
    assert set(busctl(quiet, "tree", "--list", service).split()) == items | nodes
    seen = gdbus(quiet, "introspect", service, "/", "--recurse")
    assert set(re.findall(r"^ *node (\S+) \{", seen, re.MULTILINE)) == items | nodes
    assert seen.count("GetItems(") == 1, "at the root alone"
    assert seen.count("SetValue(in  v value") == len(items)


def test_busctl_reads_types_and_texts(quiet: Scene) -> None:
    def call(path: str, member: str = "GetValue") -> str:
        return busctl(quiet, "call", LYNX_SERVICE, path, ITEM, member).strip()

    assert call("/Dc/0/Voltage") == "v d 26.39"
    assert call("/Dc/0/Voltage", "GetText") == 's "26.39V"'
    assert call("/ProductId") == "v q 41957"
    assert call("/HardwareVersion") == call("/Dc/0/Temperature") == "v ai 0"
    assert call("/HardwareVersion", "GetText") == 's ""'
    below = json.loads(busctl(quiet, "--json=short", "call", LYNX_SERVICE, "/Info/MaxChargeVoltage", ITEM, "GetValue"))
    assert below["data"][0] == {"type": "d", "data": 27.4}, "an item with another below it is an item"
    below = json.loads(busctl(quiet, "--json=short", "call", LYNX_SERVICE, "/Dc", ITEM, "GetValue"))
    assert below["data"][0]["data"]["0/Voltage"] == {"type": "d", "data": 26.39}


def test_gdbus_and_dbus_send_scan_and_read(quiet: Scene) -> None:
    items = gdbus(quiet, "call", LYNX_SERVICE, "/", "--method", f"{ITEM}.GetItems")
    assert "'/Dc/0/Voltage': {'Value': <26.39" in items
    assert "'/HardwareVersion': {'Value': <@ai []>, 'Text': <''>}" in items
    assert "'/ProductId': {'Value': <uint16 41957>, 'Text': <'0xA3E5'>}" in items
    assert dbus_send(quiet, LYNX_SERVICE, "/Soc", "GetText").strip() == "99.2%"
    assert "/Info/MaxChargeVoltageReason" in dbus_send(quiet, LYNX_SERVICE, "/", "GetItems")


def test_each_of_them_writes(stage: Scene) -> None:
    stage.start()
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "")
    written = gdbus(stage, "call", LYNX_SERVICE, "/CustomName", "--method", f"{ITEM}.SetValue", "<'Bow'>")
    assert written == "(0,)\n"
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "Bow")
    assert dbus_send(stage, LYNX_SERVICE, "/CustomName", "SetValue", "variant:string:Aft").split() == ["int32", "0"]
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "Aft")
    assert busctl(stage, "call", LYNX_SERVICE, "/Mode", ITEM, "SetValue", "v", "i", "252") == "i 2\n"
    assert busctl(stage, "call", LYNX_SERVICE, "/Soc", ITEM, "SetValue", "v", "d", "50") == "i 1\n"
    assert busctl(stage, "call", OWN, "/Dvcc/Mode", ITEM, "SetValue", "v", "s", "control") == "i 1\n"
