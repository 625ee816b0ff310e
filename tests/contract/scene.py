"""What a test of the contract needs: the running service, a bus of frames, consumers, a settings service."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.lynx import Lynx, Wire
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Service, wait_for

PYTHON = "/usr/bin/python3"  # the one that Debian's python3-dbus belongs to
HERE = Path(__file__).parent
SETTINGS = "com.victronenergy.settings"
INVALID = ["Array i", []]
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"


class Absent:
    """In place of a value where there is no such service or path. No text, so that who waits for a text waits on."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


def battery_name(unique_number: int = 167120, bus: str = "can0") -> str:
    return f"com.victronenergy.battery.gxbridge_{bus}_uc{unique_number}"


LYNX_SERVICE, NG_SERVICE = battery_name(), battery_name(478868)


class Orders:
    """A process that takes JSON lines and answers each; ends with `close`."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    def tell(self, order: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.process.args} ended"
        return json.loads(line)

    def __call__(self, *order: object) -> Any:
        self.tell(order)
        return self.answer()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self.process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Consumer(Orders):
    """The dbus-python client of `consumer.py`; also keeps what it has heard, as (kind, monotonic s, ...)."""

    def __init__(self, address: str, script: str = "consumer.py") -> None:
        assert Path(PYTHON).exists(), "python3-dbus and python3-gi are missing: apt-get install python3-dbus python3-gi"
        super().__init__(PYTHON, str(HERE / script), address)

    def value(self, service: str, path: str) -> Any:
        """The plain value, None when invalid, ABSENT when there is no such item."""
        found = self("get", service, path)
        if isinstance(found, dict):
            return ABSENT
        return None if found == INVALID else found[1]

    def until(self, service: str, path: str, wanted: Any | Callable[[Any], bool], within_s: float = 20.0) -> Any:
        return wait_for(lambda: self.value(service, path), wanted, f"{service} {path}", within_s)

    def until_complete(self, service: str) -> None:
        """Wait until every frame of a Lynx has arrived."""
        self.until(service, "/Settings/Battery/NominalVoltage", 24)
        self.until(service, "/Serial", lambda serial: isinstance(serial, str) and " " in serial)
        self.until(service, "/Dc/0/Voltage", 26.39)

    def until_there(self, *services: str, within_s: float = 20.0) -> None:
        wait_for(lambda: self("names"), lambda seen: set(services) <= seen.keys(), f"{services}", within_s)

    def until_gone(self, service: str, within_s: float = 20.0) -> None:
        wait_for(lambda: self("names"), lambda seen: service not in seen, f"{service} gone", within_s)


@dataclass
class Scene:
    """Everything that runs; `stack` ends it."""

    folder: Path
    daemon: DBusDaemon
    wire: Wire
    consumer: Consumer
    others: Orders
    """Other services of a GX: the orders of `standins.py`."""
    stack: ExitStack
    service: Service = field(init=False)
    heard: list[Any] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    """Variables that the service gets besides ours."""

    @property
    def address(self) -> str:
        return self.daemon.address

    def ask(self, path: str) -> Any:
        """A value of our own service."""
        return self.consumer.value(OWN, path)

    def listen(self) -> None:
        """Take what the consumer has heard so far into `heard`."""
        self.heard += self.consumer("heard")

    def start(self, **config: Any) -> Service:
        """The service with this configuration over the defaults."""
        text: dict[str, Any] = {
            "can": [{"interface": "gxsocket", "channel": str(self.wire.directory), "name": "can0"}],
            "dbus": {"address": self.address},
            **config,
        }
        file = self.folder / "gxbridge.yaml"
        file.write_text(json.dumps(text))  # JSON is YAML
        self.service = self.stack.enter_context(
            Service(self.folder, "--config", str(file), environment=self.environment)
        )
        return self.service

    def explain(self) -> str:
        """What `gxbridge explain` prints."""
        command = [sys.executable, "-m", "gxbridge", "explain", "--dbus", self.address]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@dataclass
class Backdrop:
    """A bus with a consumer and stand-ins; starting them takes longer than most tests, so tests share them."""

    daemon: DBusDaemon
    consumer: Consumer
    others: Orders


@contextmanager
def backdrop() -> Iterator[Backdrop]:
    with ExitStack() as stack:
        daemon = stack.enter_context(DBusDaemon())
        consumer = Consumer(daemon.address)
        stack.callback(consumer.close)
        others = Orders(sys.executable, "-m", "tests.contract.standins", daemon.address)
        stack.callback(others.close)
        yield Backdrop(daemon, consumer, others)


@contextmanager
def scene(folder: Path, behind: Backdrop, *lynxes: Lynx) -> Iterator[Scene]:
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(folder / "w", *lynxes))
        found = Scene(folder, behind.daemon, wire, behind.consumer, behind.others, stack)
        behind.others("clear")
        wait_for(lambda: behind.consumer("names"), {}, "what an earlier test left")
        behind.consumer("heard")
        yield found
        text = found.service.log() if hasattr(found, "service") else ""
    assert "Traceback" not in text, text


def pause(seconds: float) -> None:
    """Wait on purpose: for something not to happen."""
    time.sleep(seconds)
