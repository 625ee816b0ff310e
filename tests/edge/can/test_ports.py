"""Finding CAN ports: what the platform service says, what this machine's kernel says, and who says nothing."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest

from gxbridge.doctor import gather
from gxbridge.edge.can import ports
from gxbridge.edge.can.can_interface import CanInterface, Port
from gxbridge.edge.dbus import scan
from gxbridge.edge.dbus.bus import connect
from tests.commands.gx import PLATFORM, Gx, listed
from tests.doctor.facts_of import STATISTICS
from tests.edge.aio import run


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """can0 is a CAN interface, eth0 is none, and one interface goes while it is looked at."""
    for name, kind, flags, carrier in (("can0", "280", "0x1", "1"), ("eth0", "1", "0x1", "1")):
        folder = tmp_path / "net" / name
        (folder / "statistics").mkdir(parents=True)
        (folder / "type").write_text(f"{kind}\n")
        (folder / "flags").write_text(f"{flags}\n")
        (folder / "carrier").write_text(f"{carrier}\n")
        for number, counter in enumerate(("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_dropped"), 1):
            (folder / "statistics" / counter).write_text(f"{number}\n")
    (tmp_path / "net" / "gone0").mkdir()
    return tmp_path / "net"


def found(sysfs: Path, configured: tuple[str, ...] = (), services: Path = Path("/nowhere")) -> list[Port]:
    return asyncio.run(ports.find_ports(None, configured, sysfs, services))


def link(name: str, sysfs: Path) -> CanInterface | None:
    return asyncio.run(ports.read_link(name, None, sysfs))


def test_this_machines_interfaces_with_drivers(sysfs: Path, tmp_path: Path) -> None:
    for name in ("vecan-dbus.can0", "can-bus-bms.can1", "mqtt"):
        (tmp_path / "service" / name).mkdir(parents=True)
    assert found(sysfs, ("can0", "can7"), tmp_path / "service") == [Port("can0", drivers=("vecan-dbus.can0",))]


def test_where_nobody_says_the_ports_the_settings_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "local_names", lambda folder: [])
    given = {"/Settings/Canbus/can0/Profile": 1, "/Settings/Canbus/can1/Profile": None, "/Settings/Other": 1}
    assert asyncio.run(gather.find_ports(None, given)) == [Port("can0", profile=1), Port("can1")]


def test_every_port_has_the_profile_of_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "local_names", lambda folder: ["can0", "can1"])
    given = {"/Settings/Canbus/can0/Profile": 2, "/Settings/Canbus/can7/Profile": 1}
    assert asyncio.run(gather.find_ports(None, given)) == [Port("can0", profile=2), Port("can1")]


def test_the_platforms_list_comes_first_and_rubbish_in_it_is_passed_over(bus: str, sysfs: Path) -> None:
    signature, entries = listed(("vecan0", "VE.Can 1", 2), ("../etc", "x", 0), ("a name that is far too long", "x", 0))
    entries += [{"interface": ("i", 3)}, {"interface": ("s", "can9"), "name": ("i", 1), "config": ("s", "?")}]

    async def main() -> None:
        connection = await connect(bus)
        try:
            seen = await ports.find_ports(connection, (), sysfs)
        finally:
            connection.close()
        assert [(port.name, port.label, port.kind) for port in seen] == [
            ("vecan0", "VE.Can 1", 2),
            ("can9", "", None),
            ("can0", "", None),
        ]

    with Gx(bus, {}, (signature, entries)):
        run(main)


def test_statistics_of_the_platform_are_taken_before_our_own(bus: str, sysfs: Path) -> None:
    async def main() -> None:
        connection = await connect(bus)
        try:
            said = await ports.read_link("can0", connection, sysfs)
            assert said is not None
            assert said.bitrate == 250_000
            own = await ports.read_link("eth0", connection, sysfs)
            assert own is not None
            assert own.bitrate is None
            assert await ports.read_link("can8", connection, sysfs) is None
        finally:
            connection.close()

    with Gx(bus, {}, listed(), {"can0": STATISTICS, "eth0": "rubbish"}):
        run(main)


def test_a_platform_that_hangs_costs_its_time_only(bus: str, sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "ASK_S", 0.3)

    async def main() -> None:
        connection = await connect(bus)
        try:
            assert [port.name for port in await ports.find_ports(connection, (), sysfs)] == ["can0"]
        finally:
            connection.close()

    with Gx(bus, {}, hanging=(PLATFORM,)):
        run(main)


# --- without a GX ---


def tool(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An `ip` that does what the test wants, as the only program there is."""
    folder.mkdir()
    path = folder / "ip"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


def test_ip_is_asked_for_state_and_bit_rate(sysfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "said").write_text(STATISTICS)
    wanted = "-json -details -statistics link show dev can0"
    tool(tmp_path / "bin", monkeypatch, f'[ "$*" = "{wanted}" ] && exec /bin/cat {tmp_path}/said')
    said = link("can0", sysfs)
    assert said is not None
    assert (said.state, said.bitrate) == ("ERROR-ACTIVE", 250_000)


@pytest.mark.parametrize("script", ["echo 'ip: unrecognized option: json' >&2; exit 1", "while :; do :; done"])
def test_an_ip_without_json_or_answer_leaves_the_counters(
    sysfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(ports, "ASK_S", 0.3)
    tool(tmp_path / "bin", monkeypatch, script)
    assert link("can0", sysfs) == CanInterface("can0", frames=3, data_bytes=7, received=1, dropped=5)


def test_without_ip_the_kernel_still_says_down_and_bus_off(
    sysfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    (sysfs / "can0" / "carrier").write_text("0\n")
    off = link("can0", sysfs)
    assert off is not None
    assert (off.up, off.state) == (True, "BUS-OFF")
    (sysfs / "can0" / "flags").write_text("0x0\n")
    down = link("can0", sysfs)
    assert down is not None
    assert not down.up


@pytest.mark.parametrize("name", ["can8", "../net/can0", "", "a" * 16])
def test_what_is_no_interface_has_no_state(sysfs: Path, name: str) -> None:
    assert link(name, sysfs) is None


# --- the services ---


def test_every_service_is_looked_at_once_and_the_silent_are_named(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "EACH_S", 0.3)

    async def main() -> None:
        connection = await connect(bus)
        try:
            items, silent = await scan.look(connection)
        finally:
            connection.close()
        assert items == {"com.victronenergy.a": {"/A": 1, "/B": None}, "com.victronenergy.b": {"/C": "x"}}
        assert silent.keys() == {"com.victronenergy.hangs", "com.victronenergy.refuses"}
        assert silent["com.victronenergy.hangs"] == "no answer within 0.3 s"
        assert "UnknownObject" in silent["com.victronenergy.refuses"]

    given: Any = {"com.victronenergy.a": {"/A": 1, "/B": None}, "com.victronenergy.b": {"/C": "x"}, "org.other": {}}
    with Gx(bus, given, hanging=("com.victronenergy.hangs",),
            refusing=("com.victronenergy.refuses",)):  # fmt: skip
        run(main)
