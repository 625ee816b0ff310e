"""The program itself on a bus: the stream, readers that sleep, wrong bytes, its end, and why it does not run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gxbridge.cli import main
from tests.commands.gx import Gx
from tests.commands.test_status_and_explain import boat
from tests.edge.dbus_daemon import DBusDaemon
from tests.edge.dbus_fakes import fake, value

OWN = "com.victronenergy.gxbridge"
SLEEPERS = 200
MOST_PSS_KB = 45 * 1024


class Page:
    """The running program; `port` is where it listens."""

    def __init__(self, child: subprocess.Popen[str], port: int) -> None:
        self.child = child
        self.port = port

    def pss_kb(self) -> int:
        text = Path(f"/proc/{self.child.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss:\s+(\d+)", text, re.M)
        assert found is not None
        return int(found[1])

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))

    def connect(self, path: str) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port), 10)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return sock

    def ask(self, path: str) -> bytes:
        with self.connect(path) as sock:
            text = b""
            while b"\r\n\r\n" not in text:
                text += sock.recv(1 << 16)
            head, _, body = text.partition(b"\r\n\r\n")
            length = int(dict(re.findall(rb"([\w-]+): (.*?)\r", head + b"\r"))[b"content-length"])
            while len(body) < length:
                body += sock.recv(1 << 16)
            return body


@contextmanager
def page(bus: str, folder: Path, *, quick: bool = False) -> Iterator[Page]:
    """`quick`: who asks nothing is sent away after a second."""
    program = f"import sys, gxbridge.web.server as s; s.REQUEST_WITHIN_S = {1 if quick else 20}; "
    program += "from gxbridge.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["web", "--listen", "127.0.0.1:0", "--dbus", bus, "--folder", str(folder)]
    child = subprocess.Popen([sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE, text=True)
    try:
        assert child.stderr is not None
        line = child.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found is not None, line + child.stderr.read()
        yield Page(child, int(found[1]))
    finally:
        child.kill()
        child.wait()


def services() -> dict[str, dict[str, object]]:
    explained, found = boat()
    own = {"/Explain/Json": json.dumps(explained), "/Bms/Service": explained["bms"]["service"], "/Findings/Count": 0}
    return {**found, OWN: own}  # type: ignore[dict-item]


def test_the_stream_brings_what_changes(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    bus = own_daemon.address
    items: dict[str, object] = {"/Bms/Service": "", "/Findings/Count": 0}
    explained = boat()[0]

    def answer(path: str, member: str, _body: list[object]) -> object:
        if (path, member) == ("/", "GetItems"):
            rows = {name: value("i" if isinstance(one, int) else "s", one) for name, one in items.items()}
            return "a{sa{sv}}", [rows]
        return "v", [("s", json.dumps(explained))]

    async def events(stream: asyncio.StreamReader, wanted: str) -> str:
        async with asyncio.timeout(20):
            while wanted not in (line := (await stream.readline()).decode()):
                pass
            return line

    async def play() -> None:
        async with fake(bus, OWN, answer) as service:  # type: ignore[arg-type]
            opened = page(bus, tmp_path)
            running = await asyncio.to_thread(opened.__enter__)  # which waits, and the service answers meanwhile
            try:
                stream, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1 << 22)
                writer.write(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert "50" in await events(stream, "said by the Lynx Smart BMS")
                await events(stream, '"service":"on"')
                explained["limits"][0]["caps"][0]["text"] = "because the test says so"
                service.signal("/", "ItemsChanged", "a{sa{sv}}", {"/Limits/Ccl/Since": value("i", 5)})
                await events(stream, "because the test says so")
                writer.close()
            finally:
                opened.__exit__(None, None, None)

    asyncio.run(play())


def test_two_hundred_sleeping_readers_disturb_nobody(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    bus = own_daemon.address
    with Gx(bus, services()), page(bus, tmp_path) as running:  # type: ignore[arg-type]
        assert json.loads(running.ask("/api/state"))["live"]["battery"]["voltage_v"] == 26.4
        assert running.pss_kb() < MOST_PSS_KB
        sleepers = [running.connect("/api/events") for _ in range(SLEEPERS)]
        time.sleep(3)
        for _ in range(5):
            assert json.loads(running.ask("/api/state"))["api"] == 1
        with running.connect("/api/events") as reader:
            text = b""
            while b"event: live" not in text:
                text += reader.recv(1 << 16)
        crowded = running.pss_kb()
        for sock in sleepers:
            sock.close()
        assert crowded < 2 * MOST_PSS_KB
        assert running.child.poll() is None


RUBBISH = (
    os.urandom(5000) + b"\r\n\r\n",
    b"\0" * 70_000,
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 9000,
    b"GET " + b"/" * 60_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 90_000,
)


def test_who_asks_nothing_is_sent_away(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    """Half a request, and half a second one behind a whole one; who reads the stream stays."""
    with Gx(own_daemon.address, services()), page(own_daemon.address, tmp_path, quick=True) as running:  # type: ignore[arg-type]
        half = socket.create_connection(("127.0.0.1", running.port), 20)
        half.sendall(b"GET / HT")
        second = running.connect("/icon.svg")
        assert b"HTTP/1.1 200" in second.recv(1 << 16)
        second.sendall(b"GET / HT")
        reader = running.connect("/api/events")
        for sock in (half, second):
            with contextlib.suppress(ConnectionError):
                while sock.recv(1 << 16):
                    pass
            sock.close()
        time.sleep(3)
        assert b"HTTP/1.1 200" in reader.recv(1 << 20)
        reader.sendall(b"\r\n")
        assert running.child.poll() is None
        reader.close()


def test_who_takes_nothing_of_the_answer_is_sent_away(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    """Without the token too: the page itself is open, and a connection that is kept is a place that is taken."""
    asks = b"GET /uplot.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with page(own_daemon.address, tmp_path, quick=True) as running:
        for questions, last in ((300, b""), (300, asks.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))):
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            deaf.settimeout(20)
            before = running.open_files()
            deaf.connect(("127.0.0.1", running.port))
            deaf.sendall(asks * questions + last)
            running.ask("/icon.svg")  # so it has been taken in
            until = time.monotonic() + 20
            while running.open_files() > before:
                assert time.monotonic() < until, "it keeps its place"
                time.sleep(0.1)
            deaf.close()
        slow = running.connect("/uplot.js")
        time.sleep(2.5)
        assert running.ask("/icon.svg").startswith(b"<svg")
        slow.close()


def test_wrong_bytes_and_half_requests_end_nobody(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    bus = own_daemon.address
    with Gx(bus, services()), page(bus, tmp_path) as running:  # type: ignore[arg-type]
        half = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(50)]
        for sock in half:
            sock.sendall(b"GET / HT")
        for rubbish in RUBBISH:
            with socket.create_connection(("127.0.0.1", running.port), 10) as sock:
                try:
                    sock.sendall(rubbish)
                    answer = sock.recv(100)
                except ConnectionError:
                    continue
                assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), answer
        assert json.loads(running.ask("/api/state"))["api"] == 1
        for sock in half:
            sock.close()


def test_it_ends_in_order_with_readers_there_and_writes_the_history(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    bus = own_daemon.address
    with Gx(bus, services()), page(bus, tmp_path) as running:  # type: ignore[arg-type]
        readers = [running.connect("/api/events") for _ in range(3)]
        readers[0].recv(1000)
        running.child.send_signal(signal.SIGTERM)
        assert running.child.wait(20) == 0
        for sock in readers:
            sock.close()


def test_the_daemon_and_the_service_come_and_go(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    bus = own_daemon.address

    def service(running: Page, wanted: str) -> None:
        deadline = time.monotonic() + 20
        while json.loads(running.ask("/api/state"))["live"]["service"] != wanted:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    with page(bus, tmp_path) as running:
        service(running, "silent")
        with Gx(bus, services()):  # type: ignore[arg-type]
            service(running, "on")
        service(running, "silent")
        own_daemon.stop()
        service(running, "silent")
        own_daemon.start()
        with Gx(bus, services()):  # type: ignore[arg-type]
            service(running, "on")


def test_it_says_why_it_does_not_start(bus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        code = main(["web", "--folder", str(tmp_path), *arguments])
        return code, capsys.readouterr().err

    assert said("--listen", "0.0.0.0:1")[0] == 2
    assert "--token-file" in said("--listen", "0.0.0.0:1")[1]
    code, text = said("--dbus", "unix:path=/nowhere", "--listen", "127.0.0.1:0")
    assert (code, "no D-Bus at /nowhere" in text) == (1, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, text = said("--dbus", bus, "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
        assert (code, "cannot listen on" in text) == (1, True)


def test_without_the_packages_it_says_what_to_install() -> None:
    hide = "import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None; from gxbridge.cli import main; "
    ended = subprocess.run([sys.executable, "-c", f"{hide} sys.exit(main(['web']))"], capture_output=True, text=True)
    assert ended.returncode == 2
    assert "pip install 'starlette" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_service_loads_nothing_of_it() -> None:
    """With it off nothing is as it was not before: `gxbridge run` imports no page, no history, no web server."""
    program = (
        "import sys; from gxbridge.commands import run; import gxbridge.runtime.assembly; "
        "print([name for name in sys.modules if name.split('.')[0] in ('starlette', 'uvicorn', 'anyio', 'h11', "
        "'prometheus_client', 'matplotlib', 'plotext') or name.startswith(('gxbridge.web', 'gxbridge.history', "
        "'gxbridge.plotting', 'gxbridge.core.history'))])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
