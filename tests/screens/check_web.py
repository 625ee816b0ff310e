"""The web page in a real Chromium, at the size of a phone and of a desktop, dark and light.

Run by `make check-screens`; needs the Debian packages chromium and chromium-driver.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.edge.dbus_daemon import DBusDaemon
from tests.screens.browser import DESKTOP, PHONE, SMALL_PHONE, browser, shot, violations
from tests.screens.web_scene import KEY, served

EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
WITHIN_S = 30.0


@pytest.fixture(scope="module")
def daemon() -> Iterator[DBusDaemon]:
    with DBusDaemon() as found:
        yield found


@pytest.fixture(scope="module")
def url(daemon: DBusDaemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(daemon.address, tmp_path_factory.mktemp("web")) as found:
        yield found


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WITHIN_S
    while True:
        with contextlib.suppress(StaleElementReferenceException):  # drawn anew meanwhile
            if found := condition():
                return found
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def text(driver: Any, id: str) -> str:
    found: str = driver.find_element(By.ID, id).text
    return found


def complaints(driver: Any) -> list[str]:
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def opened(driver: Any, url: str) -> None:
    driver.get(url)
    until(lambda: text(driver, "soc") == "87" and driver.find_elements(By.CSS_SELECTOR, "#plots canvas"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE, DESKTOP], ids=["phone", "small", "desktop"])
def test_it_shows_what_holds_without_a_complaint_or_a_barrier(url: str, size: tuple[int, int], dark: bool) -> None:
    with browser(size, dark=dark) as driver:
        opened(driver, url)
        assert "26.40" in text(driver, "numbers")
        assert "allowed" in text(driver, "permissions")
        limits = text(driver, "limits")
        assert "Charge current (CCL)\n50 A" in limits
        assert "Said by the Lynx Smart BMS 500" in limits
        assert "GX told 40 A; gxbridge would tell 50 A." in text(driver, "chargers")
        assert "ALARM" in text(driver, "findings")
        assert text(driver, "link-text") == "live"
        driver.find_element(By.CSS_SELECTOR, "#history-words summary").click()
        until(lambda: driver.find_elements(By.CSS_SELECTOR, "#history-table td"))
        driver.find_element(By.CSS_SELECTOR, "#boxes button").click()
        until(lambda: "fell silent" in text(driver, "box"))
        assert violations(driver) == []
        assert complaints(driver) == []
        width, inner = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert width <= inner, "nothing has to be moved sideways to be read"
        hosts = driver.execute_script(
            "return [...new Set(performance.getEntriesByType('resource').map((one) => new URL(one.name).origin))]"
        )
        assert hosts == [url.rstrip("/")], "nobody else is asked"
        assert driver.get_cookies() == []


def test_what_devices_are_called_is_text_and_nothing_else(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    def evil(explained: dict[str, Any]) -> None:
        explained["bms"]["name"] = explained["limits"][3]["subject_name"] = EVIL
        for limit in explained["limits"]:
            limit["sentence"] = EVIL
            for cap in limit["caps"]:
                cap["text"] = EVIL
        explained["findings"] = [
            {"id": "x", "severity": severity, "subject": EVIL, "text": EVIL, "advice": EVIL, "first": 1, "count": 1,
             "arguments": {}} for severity in ("alarm", EVIL)
        ]  # fmt: skip

    with served(own_daemon.address, tmp_path, change=evil) as url, browser(PHONE) as driver:
        driver.get(url)
        until(lambda: EVIL in text(driver, "chargers") and EVIL in text(driver, "findings"))
        assert EVIL in text(driver, "limits")
        assert EVIL in text(driver, "bms")
        assert driver.execute_script("return window.hacked") is None
        assert driver.find_elements(By.CSS_SELECTOR, "main img, main script") == []
        assert complaints(driver) == []


def test_by_keyboard_everything_is_reached(url: str) -> None:
    with browser(DESKTOP) as driver:
        opened(driver, url)
        seen = []
        for _ in range(14):
            driver.switch_to.active_element.send_keys(Keys.TAB)
            active = driver.switch_to.active_element
            seen.append(active.text.strip() or active.get_attribute("id"))
        assert seen[0] == "To the values"
        spans = ["1 h", "24 h", "7 d", "90 d"]
        assert [name for name in dict.fromkeys(seen) if name in spans] == spans
        assert any(name.startswith("Theme") for name in seen)
        week = driver.find_element(By.CSS_SELECTOR, "[data-span='7d']")
        week.send_keys(Keys.ENTER)
        until(lambda: week.get_attribute("aria-pressed") == "true")
        until(lambda: len(driver.find_elements(By.CSS_SELECTOR, "#plots canvas")) == 3)
        labels = "return [...document.querySelectorAll('#plots [role=img]')].map((one) => one.ariaLabel)"
        names = until(lambda: driver.execute_script(labels))  # at one moment: the plots are drawn anew
        assert names[0].startswith("Voltage (V): Battery from 2")
        driver.find_element(By.ID, "theme").send_keys(Keys.SPACE)
        assert text(driver, "theme-name") == "dark"
        assert complaints(driver) == []


def test_with_a_token_it_asks_once_and_keeps_it_out_of_the_address(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    with served(own_daemon.address, tmp_path, key=KEY) as url, browser(PHONE) as driver:
        driver.get(url)
        field = until(lambda: driver.find_element(By.ID, "token"))
        until(field.is_displayed)
        assert violations(driver) == []
        field.send_keys("wrong", Keys.ENTER)
        until(lambda: "not the token" in text(driver, "login-said"))
        field.send_keys(KEY, Keys.ENTER)
        until(lambda: text(driver, "soc") == "87")
        until(lambda: text(driver, "link-text") == "live")
        assert not field.is_displayed()
        driver.refresh()
        until(lambda: text(driver, "soc") == "87")
        asked = driver.execute_script("return performance.getEntries().map((one) => one.name).join(' ')")
        assert KEY not in asked + driver.current_url + driver.page_source
        assert driver.get_cookies() == []


def test_when_the_program_ends_the_page_says_so_and_comes_back(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    with browser(PHONE) as driver:
        with served(own_daemon.address, tmp_path) as url:
            opened(driver, url)
            port = int(url.rstrip("/").rpartition(":")[2])
        until(lambda: text(driver, "link-text").startswith("no connection"))
        assert text(driver, "soc") == "87", "what was last known stays, and is said to be old"
        with served(own_daemon.address, tmp_path, port=port):
            until(lambda: text(driver, "link-text") == "live")


def test_without_the_service_it_says_so_and_shows_no_numbers(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    with served(own_daemon.address, tmp_path, running=False) as url, browser(PHONE) as driver:
        driver.get(url)
        until(lambda: "does not answer" in text(driver, "trouble"))
        assert text(driver, "soc") == "–"
        assert "unknown" in text(driver, "permissions")
        assert "allowed" not in text(driver, "permissions")


def test_a_picture_of_it_can_be_taken(url: str, tmp_path: Path) -> None:
    with browser(PHONE) as driver:
        opened(driver, url)
        shot(driver, tmp_path / "p.png", 844)
    assert (tmp_path / "p.png").stat().st_size > 20_000
