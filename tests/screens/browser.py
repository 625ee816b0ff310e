"""A headless Chromium with a new profile, at the size of a phone or of a desktop, ended by its driver."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path
from typing import Any, Final

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.edge.dbus_daemon import program

PHONE: Final = (390, 844)
SMALL_PHONE: Final = (320, 568)
DESKTOP: Final = (1280, 900)
FLAGS: Final = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-GB",
)  # fmt: skip


@contextmanager
def browser(size: tuple[int, int], *, dark: bool = False) -> Iterator[webdriver.Chrome]:
    """A browser whose window has this size."""
    profile = tempfile.mkdtemp(prefix="gxchromium")
    options = Options()
    options.binary_location = program("chromium", "chromium")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(program("chromedriver", "chromium-driver")))
    try:
        mobile = size != DESKTOP
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 2 if mobile else 1, "mobile": mobile}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Amsterdam"})
        yield driver
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)


def shot(driver: webdriver.Chrome, path: Path, height: int | None = None) -> None:
    """A picture of the whole page, or of its upper part."""
    width, whole = driver.execute_script("return [innerWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height or whole, whole), "scale": 1}
    found = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    path.write_bytes(base64.b64decode(found["data"]))


def violations(driver: webdriver.Chrome) -> list[Any]:
    """What axe-core finds on the page as it stands; its source is in a package of the index."""
    sources = [file for file in files("axe-playwright-python") or () if file.name == "axe.min.js"]
    driver.execute_script(sources[0].read_text(encoding="utf-8"))
    found: list[Any] = driver.execute_async_script(
        "const done = arguments[0]; axe.run().then((result) => done(result.violations.map("
        "(one) => [one.id, one.nodes.map((node) => node.html + ' ' + node.failureSummary)])))"
    )
    return found
