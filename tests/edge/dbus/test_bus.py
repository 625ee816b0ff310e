"""Addresses, opening connections, and the one module that knows the D-Bus library."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from gxbridge.edge.dbus import bodies, wire
from gxbridge.edge.dbus import bus as bus_module
from gxbridge.edge.dbus.bus import BusError, BusUnreachable, addresses, connect, library, opened
from gxbridge.edge.dbus.client import names
from tests.edge.aio import run, until


def test_the_system_bus_is_where_the_specification_puts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    assert addresses("system") == [("unix", {"path": "/var/run/dbus/system_bus_socket"})]
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/run/other")
    assert addresses("system") == [("unix", {"path": "/run/other"})]


def test_the_session_bus_is_found_by_its_variable_or_in_the_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/tmp/x,guid=1")
    assert addresses("session") == [("unix", {"abstract": "/tmp/x", "guid": "1"})]
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert addresses("session") == [("unix", {"path": "/run/user/1000/bus"})]
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    with pytest.raises(
        BusUnreachable,
        match="DBUS_SESSION_BUS_ADDRESS is not set; work in the shell that `dbus-run-session bash` opens",
    ):
        addresses("session")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("unix:path=/a%20b", [("unix", {"path": "/a b"})]),
        ("tcp:host=venus.local,port=78", [("tcp", {"host": "venus.local", "port": "78"})]),
        ("unix:path=/a;unix:path=/b;", [("unix", {"path": "/a"}), ("unix", {"path": "/b"})]),
        ("/run/dbus/socket", [("unix", {"path": "/run/dbus/socket"})]),
    ],
)
def test_addresses_are_read(text: str, found: list[tuple[str, dict[str, str]]]) -> None:
    assert addresses(text) == found


@pytest.mark.parametrize("text", ["", "sytem", "unix:", "unix:tmpdir", "autolaunch:"])
def test_what_is_no_address_says_what_to_write(text: str) -> None:
    with pytest.raises(BusUnreachable, match="is not a D-Bus address: use system, session, or one like unix:path="):
        addresses(text)


def unreachable(address: str) -> str:
    async def main() -> None:
        with pytest.raises(BusUnreachable) as caught:
            await connect(address)
        said.append(str(caught.value))

    said: list[str] = []
    run(main)
    return said[0]


def test_a_missing_bus_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unreachable(f"unix:path={tmp_path}/x") == f"no D-Bus at {tmp_path}/x: No such file or directory"
    assert "no D-Bus at /nowhere" in unreachable(f"unix:path={tmp_path}/x;unix:path=/nowhere")
    assert "Connection refused" in unreachable("tcp:host=127.0.0.1,port=9")
    assert "use unix or tcp" in unreachable("vsock:path=3")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
    assert unreachable("system") == "system bus: no D-Bus at /nowhere: No such file or directory"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([b""], "the bus closed the connection"),
        ([b"REJECTED EXTERNAL DBUS_COOKIE_SHA1\r\n"], "the bus refuses user id"),
        ([b"REJECTED ANONYMOUS\r\n", b"REJECTED\r\n"], "the bus refuses user id"),
        ([b"OK 1234\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"], "no D-Bus message at byte 0"),
        ([b"OK 1234\r\n", b""], "closed by the daemon"),
        ([b"OK 1234\r\n"], "no answer in time"),
        ([], "no answer in time"),
    ],
)
def test_something_else_at_the_address_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: list[bytes], said: str
) -> None:
    if said == "no answer in time":
        monkeypatch.setattr("gxbridge.edge.dbus.connection.CONNECT_TIMEOUT_S", 0.1)

    async def main() -> None:
        writers = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            for answer in answers:
                await reader.read(100)
                writer.write(answer)
                if not answer:
                    writer.close()
            with suppress(ConnectionError):
                await reader.read()

        server = await asyncio.start_unix_server(serve, tmp_path / "bus")
        with pytest.raises(BusUnreachable, match=said):
            await connect(str(tmp_path / "bus"))
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.sleep(0.01)

    run(main)


def test_a_bus_that_lets_everybody_in_is_entered_without_a_name(tmp_path: Path) -> None:
    """As the GX's TCP bus does."""
    heard = []

    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.readline())
            writer.write(b"REJECTED ANONYMOUS\r\n")
            heard.append(await reader.readline())
            writer.write(b"OK 1234\r\n")
            heard.append(await reader.readline())
            hello = wire.HeaderReader().read(await reader.read(1000))
            assert hello is not None
            writer.write(wire.answer(1, hello, "s", bodies.string_body(":1.9")))
            await reader.read()
            writer.close()

        server = await asyncio.start_unix_server(serve, tmp_path / "bus")
        async with opened(str(tmp_path / "bus")) as connection:
            assert connection.unique_name == ":1.9"
        await asyncio.sleep(0.01)
        server.close()

    run(main)
    assert heard[0].startswith(b"\0AUTH EXTERNAL ")
    assert heard[1:] == [b"AUTH ANONYMOUS\r\n", b"BEGIN\r\n"]


def test_a_frame_that_nobody_can_read_is_counted_and_dropped(bus: str) -> None:
    async def main() -> None:
        async with opened(bus) as connection:
            good = wire.signal(1, "/", "a.b", "C", "", b"")
            bad = bytearray(good)
            bad[18:20] = b"\x05z"  # a header field of a type that no header has
            heard = []
            connection.on_message = lambda message: heard.append(message.header.member)
            connection._frames.extend([bytes(bad), good])
            connection._handle_frames()
            assert (connection.dropped, heard) == (1, ["C"])

    run(main)


def test_an_error_in_a_handler_loses_no_message_that_came_after(bus: str) -> None:
    async def main() -> None:
        heard = []

        def hear(message: wire.Incoming) -> None:
            if message.header.interface == "a.b":
                heard.append(message.header.member)
            if message.header.member == "A":
                raise RuntimeError("a mistake of ours")

        async with opened(bus) as connection:
            connection.on_message = hear
            connection._frames.extend(wire.signal(1, "/", "a.b", member, "", b"") for member in "ABC")
            asyncio.get_running_loop().call_soon(connection._handle_frames)
            await until(lambda: len(heard) == 3)
            assert heard == ["A", "B", "C"]
            assert bus_module.DAEMON in await names(connection)

    run(main, raises_in_handlers=1)


def test_the_library_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GXBRIDGE_DBUS_LIBRARY", raising=False)
    library.cache_clear()
    assert library("dbus_next").name == library().name == "dbus_next"
    with pytest.raises(BusError, match="unknown D-Bus library 'sdbus': use dbus_next or dbus_fast"):
        library("sdbus")
    monkeypatch.setenv("GXBRIDGE_DBUS_LIBRARY", "dbus_fast")
    library.cache_clear()
    assert library().name == "dbus_fast"
    monkeypatch.delenv("GXBRIDGE_DBUS_LIBRARY")
    monkeypatch.setattr(bus_module, "LIBRARIES", ("not_installed", "dbus_fast"))
    library.cache_clear()
    assert library().name == "dbus_fast", "where only that is installed"
    monkeypatch.setattr(bus_module, "LIBRARIES", ("not_installed",))
    library.cache_clear()
    with pytest.raises(BusError, match="pip install dbus-next"):
        library()
    library.cache_clear()


def test_gobject_introspection_is_not_loaded_and_not_blocked_for_others() -> None:
    program = (
        "import sys; from gxbridge.edge.dbus.bus import library; codec = library('dbus_next');"
        "assert 'dbus_next' not in sys.modules; codec.encode('u', [1]);"
        "assert 'gi' not in sys.modules; assert 'dbus_next' in sys.modules;"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])


def test_only_bus_imports_the_library() -> None:
    """The demo's installation is not ours to the letter: it knows nothing of gxbridge's insides."""
    package = Path(bus_module.__file__).parents[2]
    for file in package.rglob("*.py"):
        if file.name != "bus.py" and "demo" not in file.parts:
            text = file.read_text()
            assert "import dbus_next" not in text, file
            assert "from dbus_next" not in text, file
            assert "dbus_fast import" not in text, file


def test_bodies_that_cannot_be_marshalled_are_value_errors() -> None:
    for signature, body in (("i", ["text"]), ("a{sv}", [{"a": 5}]), ("(", [1]), ("y", [300])):
        with pytest.raises(ValueError, match="cannot marshal"):
            library().encode(signature, body)
