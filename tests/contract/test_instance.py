"""Device instance and name: from the settings where they are, else from the configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.lynx import LYNX_NG, STATUS, Lynx
from tests.contract.scene import LYNX_SERVICE, NG_SERVICE, SETTINGS, Scene, pause
from tests.runtime.service import wait_for

DEVICE = "/Settings/Devices/gxbridge_uc167120"
INSTANCE, NAME = f"{DEVICE}/ClassAndVrmInstance", f"{DEVICE}/CustomName"


def owners(stage: Scene, name: str = LYNX_SERVICE) -> list[tuple[str, str]]:
    """(old, new) for each time the name changed hands, as heard since the last time."""
    return [(old, new) for kind, _, *rest in stage.consumer("heard") if kind == "owner" for _, old, new in [rest]
            if rest[0] == name]  # fmt: skip


def test_the_stored_instance_wins_and_a_new_one_means_a_new_connection(stage: Scene) -> None:
    stage.others("settings", {INSTANCE: "battery:7", NAME: "House"})
    stage.start(battery={"instance": 55, "custom_name": "From the file"})
    stage.consumer.until(LYNX_SERVICE, "/DeviceInstance", 7)
    assert stage.consumer.value(LYNX_SERVICE, "/CustomName") == "House"
    first = stage.consumer("owner", LYNX_SERVICE)
    assert owners(stage) == [("", first)], "it was never there under another instance"

    stage.others("set", SETTINGS, {INSTANCE: "battery:9"})
    stage.consumer.until(LYNX_SERVICE, "/DeviceInstance", 9)
    second = stage.consumer("owner", LYNX_SERVICE)
    heard = stage.consumer("heard")
    moves = [rest[1:] for kind, _, *rest in heard if kind == "owner" and rest[0] == LYNX_SERVICE]
    assert moves == [[first, ""], ["", second]]
    announced = [changes for kind, _, sender, _, changes in heard if kind == "ItemsChanged" and sender == first]
    assert not any("/DeviceInstance" in changes for changes in announced), "no consumer sees it change on a connection"
    gone = [rest for kind, _, *rest in heard if kind == "owner" and rest[0] == first]
    assert gone[-1][2] == "", "the old connection is closed"
    assert "taken" not in stage.service.log()

    # Another class, or nonsense, is no instance.
    stage.others("set", SETTINGS, {INSTANCE: "solarcharger:3"})
    stage.others("set", SETTINGS, {INSTANCE: "battery:x"})
    pause(1.2)
    assert stage.consumer.value(LYNX_SERVICE, "/DeviceInstance") == 9
    assert owners(stage) == []


def test_settings_that_appear_late_leave_and_come_back(stage: Scene) -> None:
    stage.start(battery={"instance": 55, "custom_name": "From the file"})
    stage.consumer.until(LYNX_SERVICE, "/DeviceInstance", 55)
    assert stage.consumer.value(LYNX_SERVICE, "/CustomName") == "From the file"
    stage.others("settings", {INSTANCE: "battery:3"})
    stage.consumer.until(LYNX_SERVICE, "/DeviceInstance", 3)
    assert stage.consumer.value(SETTINGS, NAME) == "From the file", "what the file says is entered where nothing was"
    owner = stage.consumer("owner", LYNX_SERVICE)
    owners(stage)

    stage.others("leave", SETTINGS)
    pause(1.2)
    assert stage.consumer.value(LYNX_SERVICE, "/DeviceInstance") == 3
    stage.others("settings", {INSTANCE: "battery:3", NAME: "From the file"})
    pause(1.2)
    assert stage.consumer("owner", LYNX_SERVICE) == owner, "a restart of the settings changes nothing here"
    assert owners(stage) == []


def findings(stage: Scene) -> dict[str, dict[str, Any]]:
    """The findings of our own service by their id, as the explanation has them."""
    return {finding["id"]: finding for finding in json.loads(stage.ask("/Explain/Json"))["findings"]}


@pytest.mark.parametrize("code", [-1, -5])
def test_settings_that_refuse_leave_the_configured_instance(code: int, stage: Scene) -> None:
    stage.others("settings", {}, code)
    stage.start(battery={"instance": 55})
    stage.consumer.until(LYNX_SERVICE, "/DeviceInstance", 55)
    assert "keeps the configured instance 55" in stage.service.log()
    assert stage.consumer("set", LYNX_SERVICE, "/CustomName", "String", "Bow") == 0
    stage.consumer.until(LYNX_SERVICE, "/Devices/0/CustomName", "Bow")
    finding = wait_for(lambda: findings(stage).get("settings-refused"), bool, "finding", 30.0)
    assert finding["subject"] == DEVICE
    assert f"({code})" in finding["text"]
    assert "dbus-spy" in finding["advice"]
    assert finding["text"] in stage.explain()

    # Another settings service, that keeps it: the instance is its own now, and the finding is over.
    stage.others("leave", SETTINGS)
    stage.others("settings", {INSTANCE: "battery:3"})
    stage.consumer.until(LYNX_SERVICE, "/DeviceInstance", 3)
    assert stage.consumer.value(SETTINGS, NAME) == "Bow"
    wait_for(lambda: "settings-refused" in findings(stage), False, "the finding is over")


@pytest.mark.parametrize("settings", [None, {}], ids=["without settings", "with settings"])
def test_two_batteries_never_share_an_instance(settings: dict[str, Any] | None, stage: Scene) -> None:
    stage.wire.lynxes.append(Lynx(478868, "HQ2437XXP7K", LYNX_NG, 0x2A, STATUS))
    if settings is not None:
        stage.others("settings", settings)
    stage.start()
    stage.consumer.until_there(LYNX_SERVICE, NG_SERVICE)
    instances = {stage.consumer.value(service, "/DeviceInstance") for service in (LYNX_SERVICE, NG_SERVICE)}
    assert instances == {220, 221}
    connections = {stage.consumer("owner", service) for service in (LYNX_SERVICE, NG_SERVICE)}
    assert len(connections) == 2
