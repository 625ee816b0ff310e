"""`gxbridge link`: what is confirmed, and a try with and without a running service."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.commands import link
from gxbridge.core.link_control import CONFIRMED
from gxbridge.core.link_control import TRIED as NOT_TAKEN
from gxbridge.core.model.remembered import Latch, Remembered
from gxbridge.edge.machine import boat_id
from gxbridge.runtime.link_tries import LinkTries
from gxbridge.state.state_file import MOST_ANSWERED, TRIED, TRY, StateFile
from tests.core.test_link import CURRENT, MODE, VOLTAGE, Port


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gxbridge.yaml"
    serves = "can: [{interface: virtual, channel: a, serve: all}]"
    path.write_text(f"{{dvcc: {{mode: control}}, transmit: link, {serves}}}\n")
    return path


def state(config: Path) -> StateFile:
    return StateFile(str(config.parent), boat_id())


def command(config: Path, *arguments: str) -> int:
    return main(["link", "--config", str(config), *arguments])


def test_every_register_is_shown_with_what_is_known_of_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = state(config)
    shown = Latch(CONFIRMED, "2015 addressed", 1.0, "device 855 showed it")
    file.write(Remembered(latches=(shown, Latch(NOT_TAKEN, "200A broadcast", 2.0, "device 855 does not give it"))))
    file.release()
    assert command(config) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "transmit link, mode control"
    config.write_text("{dvcc: {mode: control}, transmit: link, can: [{interface: virtual, channel: a}]}\n")
    assert command(config) == 0
    head = "transmit link, mode control, no port with serve: all: nothing of this is sent"
    assert capsys.readouterr().out.splitlines()[0] == head
    assert (
        "0x2001  /Link/ChargeVoltage       repeated   not confirmed here (nobody has tried it): it is not sent" in lines
    )
    assert "0x2002  /Link/VoltageSense        once       known from a GX" in lines
    assert "0x2015  /Link/ChargeCurrent       addressed  device 855 showed it" in lines
    not_taken = "not confirmed here (device 855 does not give it): it is not sent"
    assert f"0x200A  /Link/BatteryCurrent      once       {not_taken}" in lines
    assert len(lines) == 10
    assert command(config, "show") == 0


def test_without_a_service_nothing_can_be_tried(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(config, "try", "855") == 2
    assert "the service does not run" in capsys.readouterr().err
    assert not (config.parent / TRY).exists()


def test_a_service_that_does_not_answer(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "ANSWER_S", 0.1)
    held = state(config)
    held.hold()
    assert command(config, "try", "855") == 2
    assert "the service does not answer" in capsys.readouterr().err
    held.release()


class Service:
    """A service with a port, as far as a try needs one; its charger takes what it is told."""

    def __init__(self, folder: Path, port: Port | None) -> None:
        self.file, self.port = StateFile(str(folder), boat_id()), port
        self.tries = LinkTries(self.file, None if port is None else port.bridge.link)
        self.file.hold()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.over.wait(0.01):
            self.tries.look()
            if self.port is not None:
                self.port.pass_time(1, writes=True)

    def __enter__(self) -> Service:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        self.file.release()


def test_a_running_service_tries_and_answers(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Service(config.parent, Port(remembered=Remembered())):
        assert command(config, "try", "855") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == [VOLTAGE, CURRENT, MODE]
    assert all("not tried, as it does not give this register" in line for line in lines)


@pytest.mark.parametrize(
    ("port", "why"),
    [
        (None, "dvcc.mode: control, and serve: all for the port"),
        (Port, "No charger of a bus on which something is written to /Link is called 999"),
    ],
)
def test_why_it_cannot_be_tried(
    port: type[Port] | None, why: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Service(config.parent, None if port is None else port()):
        assert command(config, "try", "999") == 1
    assert why in capsys.readouterr().out


def test_what_is_confirmed_ends_well(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Answers(LinkTries):
        def _begin(self, device: str) -> None:
            self._answer((f"{device}: confirmed", "x" * 2 * MOST_ANSWERED))

    service = Service(config.parent, None)
    service.tries = Answers(service.file, None)
    with service:
        assert command(config, "try", "855") == 0
    assert len(capsys.readouterr().out) == MOST_ANSWERED + 1


def test_a_folder_that_cannot_be_written_does_not_stop_the_service(
    config: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = state(config)
    file.ask_try("855")
    (config.parent / TRIED).mkdir()
    LinkTries(file, None).look()
    assert "cannot be taken or answered" in caplog.text


def test_an_earlier_answer_is_not_taken_for_this_one(config: Path) -> None:
    file = state(config)
    file.answer_try(("old",))
    file.ask_try("855")
    assert file.take_answer() is None
    assert file.take_try() == "855"
    assert file.take_try() == ""
    file.answer_try(("one", "two"))
    assert file.take_answer() == "one\ntwo"


def test_a_link_to_somewhere_else_is_not_followed(config: Path) -> None:
    secret = config.parent / "secret"
    secret.write_text("secret")
    (config.parent / TRY).symlink_to(secret)
    with pytest.raises(OSError, match=TRY):
        state(config).take_try()
    assert not (config.parent / TRY).is_symlink()
    assert secret.read_text() == "secret"
