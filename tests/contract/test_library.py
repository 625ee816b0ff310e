"""The running service on dbus-fast is the one on dbus-next: to who reads, writes, watches and keeps the settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.contract.scene import LYNX_SERVICE, SETTINGS, Scene
from tests.core.boat import SOLAR, solar

DEVICE = "/Settings/Devices/gxbridge_uc167120"


def without(library: str, folder: Path) -> dict[str, str]:
    """Variables for a program in which this library cannot be imported."""
    package = folder / library
    package.mkdir()
    (package / "__init__.py").write_text(f"raise ImportError('{library} is not wanted here')\n")
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))}


def shown(stage: Scene, library: str, other: str) -> dict[str, Any]:
    """What a service with this library shows, after all that needs a library: settings, nodes, odd writes."""
    folder = stage.folder / library
    folder.mkdir()
    stage.environment = {"GXBRIDGE_DBUS_LIBRARY": library, **without(other, folder)}
    stage.others("settings", {f"{DEVICE}/ClassAndVrmInstance": "battery:7"})
    stage.others("appear", SOLAR, solar())
    service = stage.start(dvcc={"mode": "control"})
    consumer = stage.consumer
    consumer.until(LYNX_SERVICE, "/DeviceInstance", 7)
    consumer.until_complete(LYNX_SERVICE)
    consumer.until(LYNX_SERVICE, "/Info/MaxChargeCurrentReason", lambda reason: isinstance(reason, str))
    consumer.until(SOLAR, "/Link/ChargeCurrent", lambda value: isinstance(value, float) and value > 0)
    assert consumer("set", LYNX_SERVICE, "/CustomName", "String", "Bow") == 0
    consumer.until(SETTINGS, f"{DEVICE}/CustomName", "Bow")
    found = {
        "items": consumer("items", LYNX_SERVICE),
        "values": consumer("get", LYNX_SERVICE, "/"),
        "texts": consumer("get", LYNX_SERVICE, "/Info", "GetText"),
        "tree": consumer("tree", LYNX_SERVICE),
        "bare": consumer("set", LYNX_SERVICE, "/Mode", "bare", None),
        "list": consumer("set", LYNX_SERVICE, "/Mode", "Array", [1]),
        "unknown": consumer("get", LYNX_SERVICE, "/X")["error"],
    }
    assert service.end() == 0
    stage.others("clear")
    return found


def test_everything_is_the_same(stage: Scene) -> None:
    """Each runs where the other one cannot be imported."""
    assert shown(stage, "dbus_next", "dbus_fast") == shown(stage, "dbus_fast", "dbus_next")
