"""The boats of `boats/*.json` live, once: a private D-Bus, stand-in services, the real `gxbridge run` beside them.

For `make check-slow`, a few at a time: they wait 11 minutes in all. What is right is said on simulated time
(`test_reports.py`); here the running service must come to the same findings and limits, and end when it is asked.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.publish.own_paths import EXPLAIN_JSON, OWN_NAME
from tests.contract.scene import Orders
from tests.edge.dbus_daemon import DBusDaemon
from tests.field.sea_trial import BOATS, SeaTrial, case
from tests.runtime.service import Reader, Service, wait_for

CASES = sorted(path.name.partition("-")[0] for path in BOATS.glob("*.json"))
LATER_S = 30
"""A start and a busy machine take time: what simulated time would say so much later may be there already."""


@pytest.mark.parametrize("name", CASES)
def test_the_running_service_says_what_simulated_time_says(name: str, tmp_path: Path) -> None:
    given = case(name)
    boat = SeaTrial(given).play()
    findings, limits = set(boat.findings), limits_of(boat.cycle.explanation())
    boat.sail(LATER_S)
    later = findings | set(boat.began)
    config = tmp_path / "gxbridge.yaml"
    config.write_text(given["config"])
    arguments = ["--config", str(config)]
    if given.get("replay"):
        log = tmp_path / given["replay"]
        log.write_bytes(gzip.decompress((BOATS / f"{given['replay']}.gz").read_bytes()))
        arguments += ["--replay", str(log)]
    with DBusDaemon() as daemon:
        tell = Orders(sys.executable, "-m", "tests.contract.standins", daemon.address)
        try:
            for service, items in given["devices"].items():
                tell("appear", service, items)
            reader = Reader(daemon.address)
            with Service(tmp_path, *arguments, "--dbus", daemon.address) as gxbridge:
                reader.until(OWN_NAME, EXPLAIN_JSON, lambda seen: seen not in ("absent", None, ""), LATER_S)
                play(given, tell)
                said = wait_for(lambda: explained(reader), lambda seen: findings <= seen[0], name, LATER_S)
                assert said[0] <= later, gxbridge.log()
                assert said[1] == limits, gxbridge.log()
                assert gxbridge.end() == 0
        finally:
            tell.close()


def play(given: dict[str, Any], tell: Orders) -> None:
    """The steps by the wall clock; every stand-in speaks once a second."""
    volts = {name: items[p.VOLTAGE] for name, items in given["devices"].items() if items.get(p.VOLTAGE) is not None}
    for step in given["steps"]:
        for name in step.get("remove", ()):
            tell("leave", name)
            volts.pop(name, None)
        for name, items in step.get("add", {}).items():
            tell("appear", name, items)
            volts |= {name: items[p.VOLTAGE]} if items.get(p.VOLTAGE) is not None else {}
        for name, items in step.get("set", {}).items():
            tell("set", name, items)
            volts |= {name: items[p.VOLTAGE]} if items.get(p.VOLTAGE) is not None else {}
        end = time.monotonic() + step.get("wait", 1)
        second = 0
        while (left_s := end - time.monotonic()) > 0:
            time.sleep(min(1.0, left_s))
            second += 1
            for name, value in volts.items():
                tell("set", name, {p.VOLTAGE: value * (1 + second % 2 * 1e-9)})


def explained(reader: Reader) -> tuple[set[str], dict[str, float | None]]:
    """The findings that hold and the limits, from the running service."""
    explanation = json.loads(reader.ask(OWN_NAME, EXPLAIN_JSON))
    return {finding["id"] for finding in explanation["findings"]}, limits_of(explanation)


def limits_of(explanation: dict[str, Any]) -> dict[str, float | None]:
    """CVL, CCL and DCL."""
    return {limit["name"]: limit["value"] for limit in explanation["limits"] if limit["name"] in ("CVL", "CCL", "DCL")}
