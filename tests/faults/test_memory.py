"""The real service, its black box and two buses, while one sender on each pretends to be 238 devices."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.boat.conftest import ROOT
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Reader, Service

MOST_MB = 70
"""64 were measured on a machine that does nothing else; the service's own limit is 100."""
CONFIG = """\
can:
  - {{interface: gxsocket, channel: {folder}/a, name: can0}}
  - {{interface: gxsocket, channel: {folder}/b, name: can1}}
dvcc: {{mode: control}}
blackbox: {{folder: {folder}/boxes}}
state: {{enabled: no}}
"""


def test_a_crowd_on_two_buses_does_not_fill_the_memory(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    config = tmp_path / "gxbridge.yaml"
    config.write_text(CONFIG.format(folder=tmp_path))
    with DBusDaemon() as bus, Service(tmp_path, "--config", str(config), "--dbus", bus.address) as service:
        reader = Reader(bus.address)
        reader.until(OWN, "/Can/can1/State", "open", within_s=20)
        command = [sys.executable, "-m", "tests.faults.flood"]
        floods = [
            subprocess.Popen([*command, tmp_path / name, "6000", "40", "crowd"], cwd=ROOT, stdout=subprocess.DEVNULL)
            for name in "ab"
        ]
        assert [flood.wait() for flood in floods] == [0, 0]
        status = Path(f"/proc/{service.process.pid}/status").read_text()
        assert int(status.split("VmHWM:")[1].split()[0]) < MOST_MB * 1024
        ids = [reader.ask(OWN, f"/Findings/{n}/Id") for n in range(8)]
        assert "bms-not-followed" in ids
        assert service.end(timeout_s=30.0) == 0
