"""The pictures of docs/pictures/, made from what runs: `make pictures`. Looks at nothing that anybody drew by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.screens.boat import Items, moments, own

ROOT = Path(__file__).parent.parent.parent
INTO = ROOT / "docs" / "pictures"
COLD = (
    {"lynx": {"set": {"temperature_c": 3.0}, "over_s": 0}},
    lambda items: "coldest cell" in own(items)["/Limits/Ccl/Reason"] and own(items)["/Limits/Charger/0/Value"] == 0,
)


def by_uid(items: Items) -> dict[str, Any]:
    """As gui-v2 knows the items on a GX."""
    return {f"dbus/{service}{path}": value for service, values in items.items() for path, value in values.items()}


def gui() -> None:
    """The page "Limits and why", in frost."""
    items = moments(COLD)[1]
    battery = next(service for service in items if service.startswith("com.victronenergy.battery."))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_QUICK_BACKEND": "software"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        maker = [sys.executable, ROOT / "packaging" / "gui.py", folder]
        subprocess.run(maker, check=True, env=environment | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL)
        (folder / "items.json").write_text(json.dumps(by_uid(items)))
        scene = [sys.executable, "-m", "tests.screens.qt_scene", folder / "GxBridge.json", folder / "items.json"]
        for picture, page, *arguments in (
            ("gui-limits.png", "GxBridge_PageLimits.qml"),
            ("gui-battery.png", "GxBridge_PageBattery.qml", "--device", f"dbus/{battery}", "--language", "de"),
        ):
            command = [*scene, page, *arguments, "--height", "820", "--shot", INTO / picture]
            subprocess.run(command, check=True, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)


def lately(explained: dict[str, Any]) -> None:
    """The limits hold since a time of these days, and not since the clock of the tests began."""
    for limit in explained["limits"]:
        limit["since"] = time.time() - 740


def web() -> None:
    """The web page on a phone, dark and light, and on a desktop."""
    from tests.edge.dbus_daemon import DBusDaemon
    from tests.screens.browser import DESKTOP, PHONE, browser, shot
    from tests.screens.web_scene import served

    with (
        tempfile.TemporaryDirectory() as name,
        DBusDaemon() as daemon,
        served(daemon.address, Path(name), change=lately) as url,
    ):
        for picture, size, dark, height in (
            ("web-phone.png", PHONE, False, 1400), ("web-phone-dark.png", PHONE, True, 1400),
            ("web-desktop.png", DESKTOP, False, None),
        ):  # fmt: skip
            with browser(size, dark=dark) as driver:
                driver.get(url)
                time.sleep(4)  # the history is drawn and the bars have moved
                shot(driver, INTO / picture, height)


def plot() -> None:
    """A log as a picture: `gxbridge plot`."""
    log = ROOT / "tests" / "faults" / "logs" / "low-cell.log"
    command = [sys.executable, "-m", "gxbridge", "plot", log, "--plot", INTO / "plot.svg"]
    subprocess.run(command, check=True, cwd=ROOT)


PICTURES: dict[str, Callable[[], None]] = {"web": web, "plot": plot, "gui": gui}


def main() -> None:
    INTO.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        PICTURES[name]()
        print(f"{name}: in {INTO}")


if __name__ == "__main__":
    main()
