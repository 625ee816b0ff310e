"""The real service twice: who was heard by the first is known to the second as soon as its NAME is heard."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from gxbridge.edge.can.gxsocket import SocketDirBus
from gxbridge.state.state_file import FILE
from tests.core.boat import LYNX_SERVICE, RUNNING, claim, status, vreg
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Reader, Service, wait_for


@pytest.fixture
def bus() -> Iterator[DBusDaemon]:
    with DBusDaemon() as daemon:
        yield daemon


def test_a_battery_is_known_again_by_its_name_and_only_as_long_as_nobody_has_it_forgotten(
    bus: DBusDaemon, tmp_path: Path
) -> None:
    wire = tmp_path / "w"
    wire.mkdir()
    config = tmp_path / "gxbridge.yaml"
    config.write_text(
        f"can: [{{interface: gxsocket, channel: '{wire}', name: can0}}]\ndbus: {{address: '{bus.address}'}}\n"
    )
    state = [sys.executable, "-m", "gxbridge", "state"]
    reader, lynx = Reader(bus.address), SocketDirBus(str(wire))

    def hear(*frames: tuple[int, bytes]) -> None:
        def say() -> list[str]:
            for can_id, data in frames:
                lynx.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))
            return reader.names()

        wait_for(say, lambda names: LYNX_SERVICE in names, "the battery")

    try:
        with Service(tmp_path, "--config", str(config)) as service:
            reader.until(OWN, "/Connected", 1)
            hear(claim(), status(), *(vreg(register, raw) for register, raw in RUNNING.items()))
            held = subprocess.run([*state, "forget", "all", "--config", str(config)], capture_output=True, text=True)
            assert held.returncode == 2
            assert service.end() == 0
        assert (tmp_path / FILE).exists()
        with Service(tmp_path, "--config", str(config)) as service:
            reader.until(OWN, "/Connected", 1)
            hear(claim())
            assert reader.ask(LYNX_SERVICE, "/ProductId") == 0xA3E5
            assert reader.ask(LYNX_SERVICE, "/Info/MaxChargeCurrent") is None
            assert reader.ask(LYNX_SERVICE, "/Io/AllowToCharge") is None
            assert service.end() == 0
    finally:
        lynx.shutdown()
    shown = subprocess.run([*state, "show", "--config", str(config)], capture_output=True, text=True, check=True)
    assert "Lynx Smart BMS 500 (0xA3E5)" in shown.stdout
