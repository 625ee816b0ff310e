"""Listening by Bluetooth while the service runs: what is heard arrives, and what fails ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gxbridge.config import Config, load
from gxbridge.edge.bluetooth import MISSING, BluetoothUnavailable
from gxbridge.edge.logs.replay import ReplaySpec
from gxbridge.runtime.assembly import assemble, scanner_of
from gxbridge.runtime.bluetooth_scanner import OnAdvertisement, Scanner
from tests.core.channels.test_readout import seal
from tests.edge.dbus_daemon import DBusDaemon
from tests.edge.test_bluetooth import ADDRESS as LYNX_NG
from tests.edge.test_bluetooth import KEY, LOW_CELL, bluez
from tests.runtime.service import OWN, Reader, Service

ADDRESS = "C0:FF:EE:12:34:56"
LYNX_LOW_CELL = bytes.fromhex("001e00ce0939fe6525572d25a1a500c1")
CONFIG = f"readout: [{{address: '{ADDRESS}', key: {(b'k' * 16).hex()}, name: Lynx}}]\n"


class FakeRadio:
    """Does one thing a spell: an error is raised, data is advertised; when all is done it listens for ever."""

    def __init__(self, *spells: Exception | bytes) -> None:
        self.spells = list(spells)
        self.idle = asyncio.Event()
        self.ended = False

    async def __call__(self, hear: OnAdvertisement, seconds: float) -> int:
        if not self.spells:
            self.idle.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.ended = True
        spell = self.spells.pop(0)
        if isinstance(spell, Exception):
            raise spell
        hear(ADDRESS, spell, -60)
        return 1


def loaded(tmp_path: Path, text: str = CONFIG) -> Config:
    path = tmp_path / "gxbridge.yaml"
    path.write_text(text)
    return load(str(path))


def after(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(bounded())


def test_what_is_heard_is_passed_on_and_the_end_ends_listening() -> None:
    async def story() -> None:
        heard: list[tuple[str, bytes]] = []
        radio = FakeRadio(b"one", b"two")
        scanner = Scanner(lambda address, data: heard.append((address, data)), radio)
        scanner.start()
        await radio.idle.wait()
        await scanner.close()
        assert heard == [(ADDRESS, b"one"), (ADDRESS, b"two")]
        assert scanner.findings() == ()
        assert radio.ended

    after(story)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (BluetoothUnavailable(MISSING), "needs the package bleak"),
        (BluetoothUnavailable("Bluetooth cannot be used here: no adapter"), "no adapter"),
        (RuntimeError("odd"), "RuntimeError: odd"),
    ],
)
def test_without_bluetooth_it_is_said_once_and_tried_again(error: Exception, text: str) -> None:
    async def story() -> None:
        radio = FakeRadio(error, error, error)
        scanner = Scanner(lambda *_: None, radio, retry_s=0.0)
        scanner.start()
        await radio.idle.wait()
        (finding,) = scanner.findings()
        assert (finding.id, finding.severity) == ("bluetooth-unavailable", "warning")
        assert text in finding.text
        await scanner.close()

    after(story)


def test_bluetooth_that_comes_back_ends_the_finding() -> None:
    async def story() -> None:
        radio = FakeRadio(BluetoothUnavailable("none"), b"data")
        scanner = Scanner(lambda *_: None, radio, retry_s=0.0)
        scanner.start()
        await radio.idle.wait()
        assert scanner.findings() == ()
        await scanner.close()

    after(story)


def test_a_scanner_that_was_never_started_can_be_closed() -> None:
    after(Scanner(lambda *_: None, FakeRadio()).close)


def test_only_a_configuration_with_devices_listens_and_no_replay_does(tmp_path: Path) -> None:
    assert scanner_of(Config()) is None
    config = loaded(tmp_path)
    assert scanner_of(config) is Scanner
    assert scanner_of(Config(readout=config.readout, replay=ReplaySpec("x.log"))) is None


def test_what_the_service_hears_reaches_its_bridge(tmp_path: Path) -> None:
    async def story() -> None:
        app = assemble(loaded(tmp_path, CONFIG + "blackbox: {enabled: no}\n"))
        assert app._scanner is not None
        app._scanner._scan = radio = FakeRadio(seal(0x0A, LYNX_LOW_CELL))
        app._scanner.start()
        await radio.idle.wait()
        (stop,) = app.bridge.channels.look({}, (), asyncio.get_running_loop().time()).discharge_stops
        assert stop.text == "Lynx advertises that it does not allow discharging"
        await app._scanner.close()

    after(story)


def running(bus: DBusDaemon, tmp_path: Path) -> Service:
    """A service that listens; the buses of the system and of Victron are one."""
    path = tmp_path / "gxbridge.yaml"
    path.write_text(
        f"can: []\ndbus: {{address: '{bus.address}'}}\ndvcc: {{mode: monitor}}\n"
        f"readout: [{{address: '{LYNX_NG}', key: {KEY}, name: Lynx}}]\n"
    )
    return Service(tmp_path, "--config", str(path), environment={"DBUS_SYSTEM_BUS_ADDRESS": bus.address})


def test_the_running_service_explains_what_came_over_the_air(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    reader = Reader(own_daemon.address)
    with bluez(own_daemon, 0x02E1, LOW_CELL) as radio:
        with running(own_daemon, tmp_path) as service:
            reader.until(OWN, "/Explain/Text", lambda text: "Lynx advertises that it does not allow" in str(text))
            assert service.end() == 0
        radio.kill()
    assert KEY not in service.log()


def test_the_running_service_does_without_bluetooth(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    reader = Reader(own_daemon.address)
    with running(own_daemon, tmp_path) as service:
        reader.until(OWN, "/Findings/0/Id", "bluetooth-unavailable")
        assert reader.ask(OWN, "/Dvcc/Effective") == "monitor"
        assert service.end() == 0
    assert service.log().count("Bluetooth cannot be used here") == 1
    assert "Traceback" not in service.log()
