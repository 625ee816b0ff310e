"""The real service twice: what the first has heard, and what was withheld from it, is known to the second."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from gxbridge.edge.can.gxsocket import SocketDirBus
from gxbridge.state.state_file import FILE
from tests.contract.scene import Orders
from tests.core.boat import LYNX_SERVICE, RUNNING, claim, status, vreg
from tests.core.test_held import ATC, ATD, BMS, battery
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Reader, Service, wait_for
from tests.runtime.test_handover import CHARGE_CURRENT, CHARGER, CHARGER_ITEMS


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


def test_what_was_withheld_stays_withheld_over_a_crash_until_it_is_taken_back_or_forgotten(
    bus: DBusDaemon, tmp_path: Path
) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text(
        f"can: []\ndbus: {{address: '{bus.address}'}}\ndvcc: {{mode: control, settings: {{dvcc: yes}}}}\n"
        "blackbox: {enabled: no}\n"
    )
    start = ("--config", str(config))
    forget = [sys.executable, "-m", "gxbridge", "state", "forget"]
    others = Orders(sys.executable, "-m", "tests.contract.standins", bus.address)
    reader = Reader(bus.address)

    def found() -> str:
        return str(reader.ask(OWN, "/Explain/Json"))

    try:
        others("appear", CHARGER, CHARGER_ITEMS)
        others("settings", {"/Settings/SystemSetup/MaxChargeCurrent": 10, "/Settings/Services/Bol": 1}, 0)
        others("appear", BMS, battery(**{ATC: 1, ATD: 1}))
        with Service(tmp_path, *start) as service:
            reader.until(CHARGER, CHARGE_CURRENT, 10.0)
            others("set", BMS, {ATC: 0})
            reader.until(CHARGER, CHARGE_CURRENT, 0.0)
            kept = tmp_path / FILE
            wait_for(lambda: kept.exists() and "refused-charge" in kept.read_text(), True, "the refusal on the disk")
            service.end(signal.SIGKILL)
        others("set", BMS, {ATC: None})
        others("leave", "com.victronenergy.settings")
        with Service(tmp_path, *start) as service:
            reader.until(OWN, "/Dvcc/Effective", "control")
            wait_for(lambda: "refusal-held-charge" in found(), True, "the finding")
            assert reader.ask(CHARGER, CHARGE_CURRENT) == 0.0
            others("set", BMS, {ATC: 1})
            reader.until(CHARGER, CHARGE_CURRENT, 10.0)
            assert service.end() == 0
        subprocess.run([*forget, "limits", *start], check=True)
        with Service(tmp_path, *start) as service:
            reader.until(CHARGER, CHARGE_CURRENT, 70.0)
            assert service.end() == 0
    finally:
        others.close()
    assert "refused-charge" not in (tmp_path / FILE).read_text()
    assert "gave-charge" in (tmp_path / FILE).read_text()
