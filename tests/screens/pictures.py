"""The pictures of docs/pictures/, made from what runs: `make pictures`. Looks at nothing that anybody drew by hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.screens.boat import Items, moments, own

ROOT = Path(__file__).parent.parent.parent
INTO = ROOT / "docs" / "pictures"
RIGHT, LEFT = "\x1bOC", "\x1bOD"
"""Arrows, as a terminal sends them to a program that asked for keypad mode."""
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


def demo() -> None:
    """The live screen of `gxbridge demo`, at the moment when a cell is high and nothing may charge."""
    from tests.screens.terminal import recorded

    command = [sys.executable, "-m", "gxbridge", "demo"]
    when = (("ok CCL is 0: all are told 0 at once", ""), ("ok and they stop charging", ""))
    recorded("gxbridge demo", command, (120, 38), when, 180, os.environ).draw("gxbridge demo", INTO / "demo.svg")


SPY_SHOWS: Final = (
    ("com.victronenergy.battery", ("Info/MaxChargeVoltage", "Info/MaxChargeCurrent", "Info/MaxDischargeCurrent",
                                   "Io/AllowToCharge", "Io/AllowToDischarge")),
    ("com.victronenergy.gxbridge", tuple(f"Limits/{limit}/{item}" for limit in ("Cvl", "Ccl", "Dcl")
                                         for item in ("Value", "Reason"))),
)  # fmt: skip
"""Service -> the items that are made favourites."""
SPY_RECORDING: Final = Path(__file__).parent / "dbus-spy.cast"
SPY_OF: Final = "dbus-spy 1.3.8 (victronenergy/dbus-spy 99d3361, veutil 97c80ef) on the bus of the demo's boat, at 3 °C"


def spy() -> None:
    """dbus-spy with what it shows of us. It is in no package: where it is not, what it wrote once is drawn."""
    from tests.screens.terminal import read_recording, recorded

    def look(address: str) -> None:
        keys, shown = [], []
        for service, paths in SPY_SHOWS:
            keys += [("Services", f"/{service}\n"), ("", RIGHT)]
            for path in reversed(paths):  # the newest favourite stands first
                keys += [("", f"/{path}\n"), ("", "f")]
                shown += [(path, "")]
            keys += [("", LEFT)]
        keys += [("Services", "F"), ("Favorites", "r"), *shown]
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
        recorded(SPY_OF, ["dbus-spy"], (132, 15), keys, 180, environment).from_last_clear().keep(SPY_RECORDING)

    if shutil.which("dbus-spy"):
        moments(COLD, look=look)
    read_recording(SPY_RECORDING).draw("dbus-spy", INTO / "dbus-spy.svg")


PICTURES: dict[str, Callable[[], None]] = {"web": web, "plot": plot, "gui": gui, "demo": demo, "spy": spy}


def main() -> None:
    INTO.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        PICTURES[name]()
        print(f"{name}: in {INTO}")


if __name__ == "__main__":
    main()
