"""LINK end to end: simulated chargers on the kernel's CAN, `gxbridge run` that serves their port, dbus-daemon.

gxbridge is the controller too: it writes to its own services as to any other. Runs in the guest that
tests/kernel/boot.py boots. A vcan has no bus-off; where one is needed, a serial adapter that reports it makes a
controller of the kernel's.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gxbridge.demo.sim.wire import SimFrame
from gxbridge.edge.can.socketcan import CAN_FRAME, EFF_FLAG
from tests.contract.scene import Orders
from tests.core.boat import NO_CHARGE, RUNNING, claim, status, vreg
from tests.core.vecan.link.wire import register_frame
from tests.edge.dbus_daemon import DBusDaemon
from tests.kernel import interfaces
from tests.kernel.adapter import BUS_OFF, ERROR_ACTIVE, ERROR_PASSIVE, NO_ACK, Adapter
from tests.kernel.guest_chain import Lynx, Speaker
from tests.kernel.measured import note
from tests.port.fleet import FLEET
from tests.port.node import CHARGE_LIMIT, SimNode, exchange
from tests.runtime.service import OWN, Reader, Service, wait_for

WITHIN_S = 40.0
US, GX = 0xC8, 0xE1
CHARGERS = ("mppt", "mppt-rs")
CCL, IO = 0x0391, 0x2108
UNIQUE = FLEET["mppt"].name & 0x1FFFFF


@contextmanager
def running(folder: Path, daemon: DBusDaemon, channel: str) -> Iterator[Service]:
    """The service; what is inferred of LINK is confirmed by a try, as a user does it."""
    config = folder / "gxbridge.yaml"
    bus = {"interface": "socketcan", "channel": channel, "serve": "all"}
    words = {"can": [bus], "transmit": "link", "dvcc": {"mode": "control"}, "dbus": {"address": daemon.address}}
    config.write_text(json.dumps(words))  # JSON is YAML
    command = [sys.executable, "-m", "gxbridge", "link", "--config", str(config), "try", str(UNIQUE)]
    reader = Reader(daemon.address)

    def unconfirmed() -> bool:
        """A try is about what stands at its moment: again until all has stood."""
        subprocess.run(command, capture_output=True, timeout=100, check=False)
        time.sleep(1.5)
        return "link-unconfirmed" in findings(reader)

    with Service(folder, "--config", str(config)) as service:
        reader.until(OWN, "/Dvcc/Effective", "control", WITHIN_S)
        reader.until(OWN, "/Findings/Count", lambda _: "link-unconfirmed" in findings(reader), WITHIN_S)
        wait_for(unconfirmed, False, "whether a try left anything unconfirmed", 100.0)
        yield service
        assert "Traceback" not in service.log()
        assert service.end() == 0


def findings(reader: Reader) -> list[str]:
    count = reader.ask(OWN, "/Findings/Count")
    return [reader.ask(OWN, f"/Findings/{n}/Id") for n in range(count if isinstance(count, int) else 0)]


# --- on a vcan --------------------------------------------------------------------------------------------------------


class Chargers:
    """Two chargers in a process of their own, and what they were told."""

    def __init__(self, port: Orders) -> None:
        self.port = port

    def amps(self) -> list[int | None]:
        return [self.port("state", name)["told"].get("0x2015") for name in CHARGERS]

    def words(self, name: str, since: int = 0) -> list[tuple[int, str]]:
        """(raw number, what became of it) of each current that gxbridge has written."""
        heard = self.port("state", name)["heard"][since:]
        return [
            (int.from_bytes(bytes.fromhex(value), "little") & 0xFFFF, became)
            for register, value, source, _, became in heard
            if register == "0x2015" and source == US
        ]

    def until(self, wanted: Callable[[list[int | None]], bool], what: str) -> None:
        wait_for(self.amps, wanted, what, WITHIN_S)


def together(raw: int) -> Callable[[list[int | None]], bool]:
    """Both are told something, in all as much as is allowed, rounded for each."""
    return lambda told: None not in told and raw - 20 <= sum(amps or 0 for amps in told) <= raw + 2


def stopped(told: list[int | None]) -> bool:
    return told == [0, 0]


@pytest.fixture
def chargers() -> Iterator[Chargers]:
    interfaces.add("vcan0")
    with ExitStack() as stack:
        stack.callback(interfaces.delete, "vcan0")
        port = Orders(
            sys.executable, "-m", "tests.port.live", "--interface", "socketcan", "--channel", "vcan0", *CHARGERS
        )
        stack.callback(port.close)
        for name in CHARGERS:
            port("source", name, 90.0)
        yield Chargers(port)


def say(frames: Iterable[SimFrame]) -> None:
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as sock:
        sock.bind(("vcan0",))
        for can_id, data in frames:
            sock.send(CAN_FRAME.pack(can_id | EFF_FLAG, len(data), data))


def test_lost_answers_a_bus_that_goes_and_a_second_controller(
    chargers: Chargers, own_daemon: DBusDaemon, tmp_path: Path
) -> None:
    reader, port = Reader(own_daemon.address), chargers.port
    with Lynx() as lynx, running(tmp_path, own_daemon, "vcan0"):
        lynx.said[CCL] = 1000
        chargers.until(together(1000), "100 A for both")

        # Lost answers: of one that takes the word, and of one that does not even hear it.
        port("lose", "mppt", 2)
        port("deaf", "mppt-rs", 2)
        began = time.monotonic()
        lynx.said[IO] = NO_CHARGE
        chargers.until(stopped, "0 A in spite of lost frames")
        note(
            f"link: 0 A took {time.monotonic() - began:.1f} s, two words to one charger and two answers of another lost"
        )
        lynx.said[IO] = RUNNING[IO]
        chargers.until(together(1000), "100 A again")

        # The interface is down in the middle of a limit that falls: the first that each hears then is the lower one.
        before = {name: len(port("state", name)["heard"]) for name in CHARGERS}
        held = dict(zip(CHARGERS, chargers.amps(), strict=True))
        lynx.said[CCL] = 400
        interfaces.down("vcan0")
        reader.until(OWN, "/Can/vcan0/State", "down", WITHIN_S)
        time.sleep(4.0)
        interfaces.up("vcan0")
        reader.until(OWN, "/Can/vcan0/State", "open", WITHIN_S)
        chargers.until(together(400), "40 A for both once it is up")
        for name in CHARGERS:
            assert max(raw for raw, _ in chargers.words(name, before[name])) <= (held[name] or 0), "a stale raise"

        # A second controller, by its orders: everything ends, and it is said who it is.
        say(
            [
                (0x18EEFF00 | GX, FLEET["gx"].name.to_bytes(8, "little")),
                register_frame(GX, CHARGE_LIMIT, "2C01", FLEET["mppt-rs"].address),
            ]
        )
        reader.until(OWN, "/Findings/Count", lambda _: "link-other-controller" in findings(reader), WITHIN_S)
        told = [len(chargers.words(name)) for name in CHARGERS]
        lynx.said[IO] = NO_CHARGE
        time.sleep(10.0)
        assert [len(chargers.words(name)) for name in CHARGERS] == told, "never two masters, not even to stop"


def test_what_somebody_else_says_from_our_address_is_another_controller(
    chargers: Chargers, own_daemon: DBusDaemon, tmp_path: Path
) -> None:
    reader = Reader(own_daemon.address)
    with Lynx(), running(tmp_path, own_daemon, "vcan0"):
        chargers.until(lambda told: None not in told, "a word for both")
        say([register_frame(US, CHARGE_LIMIT, "0100", FLEET["mppt"].address)])
        reader.until(OWN, "/Findings/Count", lambda _: "link-other-controller" in findings(reader), WITHIN_S)
        told = [len(chargers.words(name)) for name in CHARGERS]
        time.sleep(10.0)
        assert [len(chargers.words(name)) for name in CHARGERS] == told


# --- on a controller of the kernel's ----------------------------------------------------------------------------------


class Wire(Speaker):
    """What is on the other side of an adapter: a Lynx and the chargers, in a thread; `cut` keeps both sides apart."""

    def __init__(self, adapter: Adapter) -> None:
        super().__init__(0.02, self._turn)
        self.said = dict(RUNNING)
        self.nodes = {name: SimNode(FLEET[name], time.monotonic()) for name in CHARGERS}
        self.cut = threading.Event()
        self._adapter = adapter
        self._seen = 0
        self._lynx_at = time.monotonic()

    def _turn(self) -> None:
        now = time.monotonic()
        if self.cut.is_set():
            return
        ours = self._adapter.sent[self._seen :]
        self._seen += len(ours)
        said: list[SimFrame] = []
        if now >= self._lynx_at:
            self._lynx_at = now + 0.25
            said = [claim(), status(), *(vreg(*each) for each in self.said.items())]
        for can_id, data in exchange(self.nodes.values(), [*ours, *said], now)[len(ours) :]:
            with contextlib.suppress(OSError):
                self._adapter.receive(can_id, data)

    def amps(self) -> list[int | None]:
        return [node.told.get(CHARGE_LIMIT, (None, 0.0))[0] for node in self.nodes.values()]

    def words(self, since: int) -> list[int]:
        """Currents that have left the adapter since then."""
        return [
            int.from_bytes(data[4:6], "little")
            for can_id, data in self._adapter.sent[since:]
            if can_id >> 16 & 0xFF == 0xEF and int.from_bytes(data[2:4], "little") == CHARGE_LIMIT
        ]


def test_what_a_controller_of_the_kernel_has_kept_raises_nobody(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    """Cut off, it keeps what it was given, and says that first when it is back; in between it reports bus-off."""
    reader = Reader(own_daemon.address)
    with Adapter("can0") as adapter, Wire(adapter) as wire, running(tmp_path, own_daemon, "can0"):
        wire.said[CCL] = 400
        wait_for(wire.amps, together(400), "40 A for both", WITHIN_S)
        since = len(adapter.sent)
        held = max(amps or 0 for amps in wire.amps())
        adapter.reading.clear()
        wire.cut.set()
        time.sleep(14.0)
        assert reader.ask(OWN, "/Bms/State") == "silent"
        wire.said[CCL] = 200
        adapter.reading.set()
        wire.cut.clear()
        wait_for(wire.amps, together(200), "20 A for both", WITHIN_S)
        kept = wire.words(since)
        assert max(kept) <= held
        note(f"link: after 14 s {len(kept)} words of a current, the highest {max(kept) / 10:g} of {held / 10:g} A")

        since = len(adapter.sent)
        wire.cut.set()
        time.sleep(0.2)
        adapter.say(NO_ACK, ERROR_PASSIVE, BUS_OFF)
        reader.until(OWN, "/Can/can0/State", "bus-off", WITHIN_S)
        time.sleep(4.0)
        adapter.say(ERROR_ACTIVE)
        wire.said[IO] = NO_CHARGE
        wire.cut.clear()
        interfaces.down("can0")
        interfaces.up("can0")
        wait_for(wire.amps, stopped, "0 A after bus-off", WITHIN_S)
        assert max(wire.words(since)) <= 200
