"""The black box beside a running service: written in a thread, on a disk that may be full, on command."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import pytest

from gxbridge.core.blackbox.recorder import RecordingBridge
from gxbridge.edge.box_files import read
from gxbridge.runtime.blackbox_writer import BlackboxWriter
from tests.core.blackbox.test_play import BoxedBoat
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Reader, Service, wait_for
from tests.runtime.test_whole_service import write_log


def keeper(boat: BoxedBoat, folder: Path) -> BlackboxWriter:
    assert isinstance(boat.boxed, RecordingBridge)
    return BlackboxWriter(boat.boxed, str(folder), 4_000_000, 8)


def lose_the_bms(boat: BoxedBoat) -> None:
    boat.tick(70)
    boat.tick(30, speaking=False)


def test_the_loss_of_a_bms_is_written_without_anybody_waiting(tmp_path: Path) -> None:
    def files() -> list[Path]:
        return list(tmp_path.iterdir())

    async def scenario() -> None:
        boat = BoxedBoat()
        box = keeper(boat, tmp_path)
        lose_the_bms(boat)
        box.look(boat.now)
        assert files() == [], "nothing happens within the look"
        await box.close()

    asyncio.run(scenario())
    (path,) = files()
    assert read(path).head.cause == "bms-lost"


def test_an_unwritable_folder_is_one_finding_that_ends_when_it_is_mended(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    async def scenario() -> None:
        boat = BoxedBoat()
        box = keeper(boat, blocked / "folder")
        lose_the_bms(boat)
        box.look(boat.now)
        await box.close()
        (finding,) = box.findings(boat.now)
        assert finding.id == "blackbox-unwritable"
        assert "Not a directory" in finding.text
        blocked.unlink()
        box.command(boat.now + 1)
        await box.close()
        assert box.findings(boat.now + 2) == []

    asyncio.run(scenario())


def test_a_full_disk_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gxbridge.edge.replace_file.os.fsync", full)
    boat = BoxedBoat()
    lose_the_bms(boat)
    box = keeper(boat, tmp_path)
    box.last_words(boat.now)
    (finding,) = box.findings(boat.now)
    assert "the disk is full" in finding.text


def test_a_crash_leaves_a_box_that_says_why(tmp_path: Path) -> None:
    boat = BoxedBoat()
    boat.tick(5)
    keeper(boat, tmp_path).last_words(boat.now, "the program ends with ValueError: 7")
    (path,) = tmp_path.iterdir()
    assert (read(path).head.cause, read(path).head.text) == ("crash", "the program ends with ValueError: 7")


def test_a_fault_of_the_memory_itself_ends_the_memory_not_the_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    boat = BoxedBoat()
    boat.tick(3)

    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    for method in ("frames", "event", "begin"):
        monkeypatch.setattr(boat.boxed._ring, method, broken)
    boat.repeat()
    assert "a fault of ours" in boat.boxed.recorder_fault
    (view,) = boat.tick(3).batteries
    assert view.items["/Dc/0/Voltage"] == 26.4
    box = keeper(boat, Path("nowhere"))
    box.look(boat.now)
    box.command(boat.now)
    box.last_words(boat.now, "crash")
    assert [finding.id for finding in box.findings(boat.now)] == ["blackbox-broken"]


def test_two_commands_at_once_write_one_box(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        boat = BoxedBoat()
        boat.tick(3)
        box = keeper(boat, tmp_path)
        box.command(boat.now)
        with caplog.at_level(logging.INFO, "gxbridge"):
            box.command(boat.now)
        await box.close()

    asyncio.run(scenario())
    assert len(list(tmp_path.iterdir())) == 1
    assert "being written already" in caplog.text


@pytest.mark.parametrize(
    ("number", "usable"), [(signal.SIGUSR1, True), (signal.SIGALRM, True), (signal.SIGUSR1, False)]
)
def test_the_running_service_writes_its_box_on_a_signal_and_goes_on(
    tmp_path: Path, number: signal.Signals, usable: bool
) -> None:
    boxes = tmp_path / "boxes"
    if not usable:
        boxes.write_text("in the way")
    config = tmp_path / "gxbridge.yaml"
    config.write_text(f"blackbox:\n  folder: {boxes}\n")
    log = write_log(tmp_path / "boat.log", 60)
    with DBusDaemon() as bus:
        reader = Reader(bus.address)
        arguments = ("--config", str(config), "--replay", str(log), "--dbus", bus.address)
        with Service(tmp_path, *arguments) as service:
            reader.until(OWN, "/Limits/Ccl/Value", 200.0)
            service.process.send_signal(number)
            if usable:
                (path,) = wait_for(lambda: list(boxes.glob("*.gz")), lambda found: len(found) == 1, "boxes")
                assert read(path).head.cause == "command"
            else:
                reader.until(OWN, "/Findings/0/Id", "blackbox-unwritable")
            assert reader.ask(OWN, "/Limits/Ccl/Value") == 200.0
            assert service.end() == 0
            assert "Traceback" not in service.log()


def test_without_a_folder_a_signal_is_answered_in_the_log(tmp_path: Path) -> None:
    log = write_log(tmp_path / "boat.log", 60)
    with DBusDaemon() as bus:
        reader = Reader(bus.address)
        with Service(tmp_path, "--replay", str(log), "--dbus", bus.address) as service:
            reader.until(OWN, "/Connected", 1)
            service.process.send_signal(signal.SIGUSR1)
            wait_for(service.log, lambda text: "there is no black box" in text, "the log")
            assert service.end() == 0
