"""A configuration with retired keys runs as before, and the service says what becomes of them."""

from __future__ import annotations

from pathlib import Path

from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Reader, Service
from tests.runtime.test_whole_service import write_log


def test_a_switch_that_differs_is_obeyed_with_an_alarm(tmp_path: Path) -> None:
    config = tmp_path / "old.yaml"
    config.write_text("dvcc:\n  switches:\n    voltage_window: no\n    clean_limits: yes\n")
    log = write_log(tmp_path / "boat.log", 60)
    with DBusDaemon() as bus:
        reader = Reader(bus.address)
        with Service(tmp_path, "--config", str(config), "--replay", str(log), "--dbus", bus.address) as service:
            reader.until(OWN, "/Limits/Ccl/Value", 200.0)
            count = reader.ask(OWN, "/Findings/Count")
            found = [[reader.ask(OWN, f"/Findings/{n}/{item}") for item in ("Id", "Severity")] for n in range(count)]
            assert ["key-retired", "alarm"] in found
            assert ["key-retired", "warning"] in found
            index = found.index(["key-retired", "alarm"])
            assert reader.ask(OWN, f"/Findings/{index}/Text").startswith(f"{config}:3: dvcc.switches.voltage_window")
            assert service.end() == 0
