"""Scenarios of the vendor's behaviour on the kernel's vcan: the running service, and devices in a process of their own.

Runs in the guest that tests/kernel/boot.py boots. What is played and compared is in tests/port/test_scenarios_live.py.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.scene import Orders
from tests.edge.dbus_daemon import DBusDaemon
from tests.kernel import interfaces
from tests.port.test_scenarios_live import actors_of, appear, config_of, play, scenario_of
from tests.runtime.service import OWN, Reader, Service


@pytest.mark.parametrize("name", ["everything-02", "multi_rs_feed_in-07"])
def test_chargers_come_to_hold_what_the_vendors_program_tells_them(
    name: str, own_daemon: DBusDaemon, tmp_path: Path
) -> None:
    interfaces.add("vcan0")
    reader, config = Reader(own_daemon.address), tmp_path / "gxbridge.yaml"
    bus = {"interface": "socketcan", "channel": "vcan0"}
    config.write_text(json.dumps(config_of(bus)))  # JSON is YAML
    with ExitStack() as stack:
        stack.callback(interfaces.delete, "vcan0")
        where = ("--interface", "socketcan", "--channel", "vcan0", "--actors", json.dumps(actors_of(scenario_of(name))))
        devices = Orders(sys.executable, "-m", "tests.port.live", *where)
        stack.callback(devices.close)
        others = Orders(sys.executable, "-m", "tests.contract.standins", own_daemon.address)
        stack.callback(others.close)
        appear(others, scenario_of(name))
        service = stack.enter_context(Service(tmp_path, "--config", str(config), "--dbus", own_daemon.address))
        play(name, lambda path: reader.ask(OWN, path), devices, others, config)
        assert "Traceback" not in service.log()
