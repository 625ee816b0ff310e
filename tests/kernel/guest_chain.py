"""The whole chain: frames on vcan0, dbus-daemon, `gxbridge run`, a charger that gets its limits, and what befalls it.

Runs in the guest that tests/kernel/boot.py boots.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from gxbridge.core.model.items import ItemSpec
from gxbridge.edge.can.socketcan import CAN_FRAME, EFF_FLAG
from gxbridge.edge.dbus.service import PublishedService
from tests.core.boat import LYNX_SERVICE, NO_CHARGE, RUNNING, SOLAR, claim, solar, status, vreg
from tests.edge.dbus_daemon import DBusDaemon
from tests.kernel import interfaces
from tests.kernel.adapter import BUS_OFF, ERROR_PASSIVE, NO_ACK, Adapter
from tests.kernel.measured import note
from tests.runtime.service import OWN, Reader, Service, wait_for

WITHIN_S = 40.0
CONFIG = """\
can:
  - interface: socketcan
    channel: vcan0
dvcc:
  mode: control
"""


class Charger:
    """A solar charger on D-Bus, in a thread of its own; `told` has every write with its moment."""

    def __init__(self, address: str) -> None:
        self.told: list[tuple[float, str, Any]] = []
        self._address = address
        self._ready = threading.Event()
        self._end: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="charger", daemon=True)

    def __enter__(self) -> Charger:
        self._thread.start()
        assert self._ready.wait(WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(WITHIN_S)

    async def _live(self) -> None:
        self._end, self._loop = asyncio.Event(), asyncio.get_running_loop()
        items = solar()
        kinds = {str: "s", int: "i", float: "d"}
        specs = {
            path: ItemSpec(kinds.get(type(value), "d"), writable=path.startswith("/Link/"))
            for path, value in items.items()
        }
        service = PublishedService(self._address, SOLAR, specs, items, self._written)
        await service.start()
        self._ready.set()
        await self._end.wait()
        await service.close()

    def _written(self, path: str, value: Any) -> int:
        self.told.append((time.monotonic(), path, value))
        return 0

    def last(self, path: str) -> Any:
        return next((value for _, told, value in reversed(self.told) if told == path), None)

    def until(self, path: str, value: Any) -> None:
        wait_for(lambda: self.last(path), value, f"charger {path}", WITHIN_S)


Frames = list[tuple[int, bytes]]


def on_vcan0(frames: Frames) -> None:
    with vcan_socket() as sock:
        for can_id, data in frames:
            sock.send(CAN_FRAME.pack(can_id | EFF_FLAG, len(data), data))


class Speaker:
    """Speaks every so often, from a thread of its own, as long as it is entered."""

    def __init__(self, every_s: float, speak: Callable[[], None]) -> None:
        self._every_s = every_s
        self._speak = speak
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._live, name="speaker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(WITHIN_S)

    def _live(self) -> None:
        while not self._end.wait(self._every_s):
            self._speak()


class Lynx(Speaker):
    """Says everything four times a second, and goes on when its bus (`say`) comes and goes."""

    def __init__(self, say: Callable[[Frames], None] = on_vcan0) -> None:
        super().__init__(0.25, self._say_all)
        self.said = dict(RUNNING)
        self._say = say

    def _say_all(self) -> None:
        with contextlib.suppress(OSError):
            self._say([claim(), status(), *(vreg(*each) for each in self.said.items())])


@contextmanager
def vcan_socket() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as sock:
        sock.bind(("vcan0",))
        yield sock


@pytest.fixture
def vcan() -> Iterator[None]:
    interfaces.add("vcan0")
    yield
    if interfaces.exists("vcan0"):
        interfaces.delete("vcan0")


def test_frames_become_limits_and_the_service_outlives_its_interface(
    vcan: None, own_daemon: DBusDaemon, tmp_path: Path
) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text(CONFIG)
    reader = Reader(own_daemon.address)
    began = time.monotonic()
    with (
        Charger(own_daemon.address) as charger,
        Service(tmp_path, "--config", str(config), "--dbus", own_daemon.address) as service,
        Lynx() as lynx,
    ):
        # Limits, from the frame to the charger.
        charger.until("/Link/ChargeVoltage", 28.4)
        charger.until("/Link/NetworkMode", 13)
        charger.until("/Link/ChargeCurrent", 35.0)
        note(f"the chain: first limit at the charger {time.monotonic() - began:.1f} s after the start of the service")
        assert reader.ask(LYNX_SERVICE.replace("can0", "vcan0"), "/Info/MaxChargeCurrent") == 200.0
        assert reader.ask(OWN, "/Dvcc/Effective") == "control"
        assert reader.ask(OWN, "/Can/vcan0/State") == "open"

        # A withdrawn permission, and its return.
        lynx.said[0x2108] = NO_CHARGE
        charger.until("/Link/ChargeCurrent", 0.0)
        lynx.said[0x2108] = RUNNING[0x2108]
        charger.until("/Link/ChargeCurrent", 35.0)

        # The interface goes down, long enough for the BMS to count as silent: charging stops. It comes up: it goes on.
        interfaces.down("vcan0")
        reader.until(OWN, "/Can/vcan0/State", "down", WITHIN_S)
        charger.until("/Link/ChargeCurrent", 0.0)
        assert reader.ask(OWN, "/Bms/State") == "silent"
        interfaces.up("vcan0")
        reader.until(OWN, "/Can/vcan0/State", "open", WITHIN_S)
        charger.until("/Link/ChargeCurrent", 35.0)

        # It is deleted, and made anew: the bus is opened anew.
        interfaces.delete("vcan0")
        reader.until(OWN, "/Can/vcan0/State", "waiting", WITHIN_S)
        interfaces.add("vcan0")
        reader.until(OWN, "/Can/vcan0/State", "open", WITHIN_S)
        lynx.said[0x0391] = 0
        charger.until("/Link/ChargeCurrent", 0.0)
        lynx.said[0x0391] = RUNNING[0x0391]
        charger.until("/Link/ChargeCurrent", 35.0)
        assert service.process.poll() is None
        assert "Traceback" not in service.log()
        assert service.end() == 0


def test_the_service_outlives_its_adapter(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    """An adapter that leaves the bus after errors and is pulled out: charging stops, and goes on with another one."""
    config = tmp_path / "gxbridge.yaml"
    config.write_text(CONFIG.replace("vcan0", "can0"))
    reader = Reader(own_daemon.address)
    plugged = Adapter("can0")

    def speak(frames: Frames) -> None:
        for frame in frames:
            plugged.receive(*frame)

    with (
        Charger(own_daemon.address) as charger,
        Service(tmp_path, "--config", str(config), "--dbus", own_daemon.address) as service,
    ):
        reader.until(OWN, "/Can/can0/State", "waiting", WITHIN_S)
        with plugged:
            with Lynx(speak):
                reader.until(OWN, "/Can/can0/State", "open", WITHIN_S)
                charger.until("/Link/ChargeCurrent", 35.0)
            plugged.say(NO_ACK, ERROR_PASSIVE, BUS_OFF)
            reader.until(OWN, "/Can/can0/State", "bus-off", WITHIN_S)
            assert "wiring" in str(reader.ask(OWN, "/Can/can0/Reason"))
            charger.until("/Link/ChargeCurrent", 0.0)
        reader.until(OWN, "/Can/can0/State", "waiting", WITHIN_S)
        with (plugged := Adapter("can0")), Lynx(speak):
            reader.until(OWN, "/Can/can0/State", "open", WITHIN_S)
            charger.until("/Link/ChargeCurrent", 35.0)
        errors = wait_for(lambda: reader.ask(OWN, "/Can/can0/Errors"), lambda count: count >= 3, "errors", WITHIN_S)
        note(f"the service on an adapter: {errors} error frames, bus-off, pulled out and replaced")
        assert "Traceback" not in service.log()
        assert service.end() == 0


def test_a_full_bus_is_heard_to_the_frame_and_a_withdrawn_permission_gets_through(
    vcan: None, own_daemon: DBusDaemon, tmp_path: Path
) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text(CONFIG)
    reader = Reader(own_daemon.address)
    with (
        Charger(own_daemon.address) as charger,
        Service(tmp_path, "--config", str(config), "--dbus", own_daemon.address) as service,
    ):
        reader.until(OWN, "/Can/vcan0/State", "open", WITHIN_S)
        command = [sys.executable, "-m", "tests.kernel.sender", "vcan0", "--rate=2000", "--seconds=15", "--lynxes=1"]
        with subprocess.Popen([*command, "--no-charge-after=8"], stdout=subprocess.PIPE, text=True) as sender:
            charger.until("/Link/ChargeCurrent", 35.0)
            reader.until(OWN, "/Can/vcan0/Load", lambda load: isinstance(load, float) and load > 30, WITHIN_S)
            out, _ = sender.communicate(timeout=120)
        said = json.loads(out)
        charger.until("/Link/ChargeCurrent", 0.0)
        late_s = next(at for at, path, value in charger.told if path == "/Link/ChargeCurrent" and value == 0.0)
        late_s -= said["said_no_at"]
        counted = wait_for(
            lambda: (reader.ask(OWN, "/Can/vcan0/Frames"), reader.ask(OWN, "/Can/vcan0/Lost")),
            lambda seen: sum(seen) >= said["sent"],
            f"frames and lost ones of {said['sent']}",
            WITHIN_S,
        )
        assert sum(counted) == said["sent"]
        stat = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(") ")[2].split()
        note(
            f"the service: {said['sent']} frames at {said['sent'] / said['took_s']:.0f}/s, {counted[1]} lost, "
            f"{(int(stat[11]) + int(stat[12])) / 100:.1f} s CPU in all; "
            f"a withdrawn permission was at the charger after {late_s:.2f} s"
        )
        assert service.end() == 0
