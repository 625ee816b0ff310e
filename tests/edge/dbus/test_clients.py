"""A published service as clients see it that we did not write: dbus-python, busctl, gdbus, dbus-send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.edge.dbus.service import PublishedService
from tests.edge.aio import run
from tests.edge.dbus_daemon import program

pytestmark = pytest.mark.usefixtures("each_library")

NAME = "com.victronenergy.battery.socketcan_can0_vi1_uc478868"
ITEM = "com.victronenergy.BusItem"
PYTHON = "/usr/bin/python3"  # the one that Debian's python3-dbus belongs to
CLIENT = Path(__file__).parent / "python_client.py"

# A few rows of each type, in the types and texts of the vendor's service (recordings of vecan-dbus 3.42).
ROWS: dict[str, tuple[ItemSpec, Value, str, str]] = {
    "/Mgmt/Connection": (ItemSpec("s"), "VE.Can", "String", "VE.Can"),
    "/DeviceInstance": (ItemSpec("u"), 1, "UInt32", "1"),
    "/ProductId": (ItemSpec("q", "0x{:X}"), 0xA3E5, "UInt16", "0xA3E5"),
    "/Dc/0/Voltage": (ItemSpec("d", "{:.2f}V"), 26.39, "Double", "26.39V"),
    "/Dc/0/Current": (ItemSpec("d", "{:.1f}A"), -0.3, "Double", "-0.3A"),
    "/Dc/0/Power": (ItemSpec("i", "{}W"), -16, "Int32", "-16W"),
    "/Dc/0/Temperature": (ItemSpec("d", "{:.0f} degrees"), None, "Array i", ""),
    "/Soc": (ItemSpec("d", "{:.1f}%"), 99.2, "Double", "99.2%"),
    "/State": (ItemSpec("y"), 9, "Byte", "9"),
    "/TimeToGo": (ItemSpec("u", "{}s"), None, "Array i", ""),
    "/Mode": (ItemSpec("u", writable=True), 3, "UInt32", "3"),
    "/CustomName": (ItemSpec("s", writable=True), "Haus ⚡", "String", "Haus ⚡"),
}


@asynccontextmanager
async def published(bus: str) -> AsyncIterator[PublishedService]:
    specs = {path: row[0] for path, row in ROWS.items()}
    values = {path: row[1] for path, row in ROWS.items()}
    service = PublishedService(bus, NAME, specs, values, lambda path, value: 2 if value == 99 else 0)
    await service.start()
    try:
        yield service
    finally:
        await service.close()


async def output(*command: str) -> str:
    """What a program prints; fails with its complaint when it fails."""
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    out, err = await process.communicate()
    assert process.returncode == 0, f"{' '.join(command)}: {err.decode()}"
    return out.decode()


@pytest.fixture(scope="session", autouse=True)
def dbus_python() -> None:
    """Everything here needs Debian's dbus-python."""

    async def main() -> None:
        await output(PYTHON, "-c", "import dbus, gi")

    assert Path(PYTHON).exists(), "python3-dbus and python3-gi are missing: apt-get install python3-dbus python3-gi"
    try:
        asyncio.run(main())
    except AssertionError as error:
        raise AssertionError(f"apt-get install python3-dbus python3-gi ({error})") from error


async def dbus_python_says(bus: str, command: str) -> Any:
    return json.loads(await output(PYTHON, str(CLIENT), bus, NAME, command))


# --- dbus-python, as the vendor's consumers use it --------------------------------------------------------------------


def test_dbus_python_scans_the_vendors_types_and_texts(bus: str) -> None:
    async def main() -> None:
        async with published(bus):
            found = await dbus_python_says(bus, "scan")
        for path, (_, value, kind, text) in ROWS.items():
            plain = [kind, [] if value is None else value]
            assert found["items"][path] == {"Value": plain, "Text": ["String", text]}, path
            assert found["single"][path] == [plain, text], path
            assert found["root"][path[1:]] == plain, path
            assert found["root texts"][path[1:]] == text, path
        assert set(found["items"]) == set(ROWS)
        assert "Boolean" not in json.dumps(found)
        assert found["unknown"] == found["unknown root"] == "org.freedesktop.DBus.Error.UnknownObject"

    run(main)


def test_dbus_python_finds_every_item_by_introspection(bus: str) -> None:
    async def main() -> None:
        async with published(bus):
            found = await dbus_python_says(bus, "tree")
        assert set(found) == {*ROWS, "/", "/Dc", "/Dc/0", "/Mgmt"}
        assert all({"GetValue", "GetText"} <= set(methods) for methods in found.values())
        assert "SetValue" in found["/Mode"]

    run(main)


def test_dbus_python_writes_in_every_way_that_clients_have(bus: str) -> None:
    async def main() -> None:
        async with published(bus):
            found = await dbus_python_says(bus, "write")
        widths = ["Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Double"]
        for number, width in enumerate(widths, start=10):
            assert found[width] == [0, ["UInt32", number]], width
        assert found["String"] == [0, ["String", "Boot"]]
        assert found["text for a number"] == [1, ["UInt32", 17]]
        assert found["refused"] == [2, ["UInt32", 17]]
        assert found["not writable"] == [1, ["Double", 26.39]]
        assert found["invalid in a variant"] == found["invalid bare"] == [0, ["Array i", []]]
        assert found["without interface"] == [0, ["UInt32", 4]]
        assert found["without reply"] == [False, ["UInt32", 5]]

    run(main)


def test_dbus_python_hears_one_items_changed_with_what_changed(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as service:
            listener = await asyncio.create_subprocess_exec(PYTHON, str(CLIENT), bus, NAME, "listen", stdout=-1)
            assert listener.stdout is not None
            assert await listener.stdout.readline() == b"ready\n"
            service.update({"/Dc/0/Voltage": 26.4, "/State": 9, "/TimeToGo": 864000})
            await asyncio.sleep(0)
            service.update({"/Dc/0/Voltage": 26.4})
            await asyncio.sleep(0)
            service.update({"/Dc/0/Voltage": None})
        heard = json.loads((await listener.communicate())[0])
        assert heard == [
            [
                "ItemsChanged",
                "/",
                {
                    "/Dc/0/Voltage": {"Value": ["Double", 26.4], "Text": ["String", "26.40V"]},
                    "/TimeToGo": {"Value": ["UInt32", 864000], "Text": ["String", "864000s"]},
                },
            ],
            ["ItemsChanged", "/", {"/Dc/0/Voltage": {"Value": ["Array i", []], "Text": ["String", ""]}}],
        ]

    run(main)


# --- busctl, gdbus, dbus-send -----------------------------------------------------------------------------------------


def test_busctl_shows_reads_and_writes(bus: str) -> None:
    busctl = [program("busctl", "systemd"), f"--address={bus}"]

    async def main() -> None:
        async with published(bus) as service:
            assert NAME in await output(*busctl, "list")
            tree = (await output(*busctl, "tree", "--list", NAME)).split()
            assert set(tree) == {*ROWS, "/", "/Dc", "/Dc/0", "/Mgmt"}
            assert ".SetValue" in await output(*busctl, "introspect", NAME, "/Mode")
            call = [*busctl, "call", NAME]
            assert await output(*call, "/Dc/0/Voltage", ITEM, "GetValue") == "v d 26.39\n"
            assert await output(*call, "/Dc/0/Voltage", ITEM, "GetText") == 's "26.39V"\n'
            assert await output(*call, "/State", ITEM, "GetValue") == "v y 9\n"
            assert await output(*call, "/TimeToGo", ITEM, "GetValue") == "v ai 0\n"
            assert await output(*call, "/Mode", ITEM, "SetValue", "v", "i", "4") == "i 0\n"
            assert await output(*call, "/Mode", ITEM, "SetValue", "v", "i", "99") == "i 2\n"
            assert await output(*call, "/Soc", ITEM, "SetValue", "v", "d", "1") == "i 1\n"
            assert service.value("/Mode") == 4
            below = json.loads(await output(*call, "--json=short", "/Dc/0", ITEM, "GetValue"))
            assert below["data"][0]["data"]["Power"] == {"type": "i", "data": -16}
            machine = await output(*call, "/", "org.freedesktop.DBus.Peer", "GetMachineId")
            assert machine.startswith('s "')

    run(main)


def test_gdbus_introspects_all_and_calls(bus: str) -> None:
    gdbus = program("gdbus", "libglib2.0-bin")
    target = ["--address", bus, "--dest", NAME, "--object-path"]

    async def main() -> None:
        async with published(bus):
            tree = await output(gdbus, "introspect", *target, "/", "--recurse")
            for path in ROWS:
                assert f"node {path} {{" in tree
            value = await output(gdbus, "call", *target, "/Dc/0/Voltage", "--method", f"{ITEM}.GetValue")
            assert value.startswith("(<26.39")
            items = await output(gdbus, "call", *target, "/", "--method", f"{ITEM}.GetItems")
            assert "'/Dc/0/Temperature': {'Value': <@ai []>, 'Text': <''>}" in items
            assert "'/ProductId': {'Value': <uint16 41957>, 'Text': <'0xA3E5'>}" in items
            code = await output(gdbus, "call", *target, "/CustomName", "--method", f"{ITEM}.SetValue", "<'Boot'>")
            assert code == "(0,)\n"

    run(main)


def test_dbus_send_reads_and_writes(bus: str) -> None:
    send = [program("dbus-send", "dbus"), f"--bus={bus}", "--print-reply=literal", f"--dest={NAME}"]

    async def main() -> None:
        async with published(bus) as service:
            assert (await output(*send, "/Soc", f"{ITEM}.GetText")).strip() == "99.2%"
            assert (await output(*send, "/Mode", f"{ITEM}.SetValue", "variant:byte:7")).split() == ["int32", "0"]
            assert service.value("/Mode") == 7
            assert "/Dc/0/Power" in await output(*send, "/", f"{ITEM}.GetItems")

    run(main)
