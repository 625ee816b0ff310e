"""`gxbridge mqtt` and a real mosquitto: what is retained, what a last will says, and what a lost broker costs.

Run by `make check-screens`; needs mosquitto, and aiomqtt.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gxbridge import __version__
from tests.boat.gx_services import gx_services
from tests.edge.dbus_daemon import DBusDaemon, program
from tests.runtime.service import OWN
from tests.runtime.test_whole_service import write_log

START_S = 30.0
BATTERY = "com.victronenergy.battery.x"
OWN_ITEMS: dict[str, Any] = {
    "/Connected": 1, "/Dvcc/Effective": "monitor", "/Dvcc/Master": "", "/Dvcc/MasterReason": "as configured",
    "/Bms/Service": BATTERY, "/Bms/Name": "Lynx", "/Bms/State": "live", "/Bms/Since": 1_700_000_000,
    "/Health/State": 0, "/Health/Text": "", "/Findings/Count": 0,
    **{f"/Limits/{name}/{path}": value for name, value in (("Cvl", 28.4), ("Ccl", 200.0), ("Dcl", 600.0))
       for path, value in (("Value", value), ("Reason", f"{name} because"), ("ReasonId", "bms"), ("Since", 17))},
}  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """A mosquitto of our own, which keeps what is retained over stop() and start()."""

    def __init__(self, folder: Path, extra: str = "allow_anonymous true\n") -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\npersistence false\nuser root\n{extra}")
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            command = [program("mosquitto", "mosquitto"), "-c", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "mosquitto does not listen"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as started:
        yield started


@pytest.fixture
def bus() -> Iterator[DBusDaemon]:
    with DBusDaemon() as daemon:
        yield daemon


@contextmanager
def publisher(bus: str, broker: Broker, *arguments: str, host: str = "127.0.0.1") -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "gxbridge", "mqtt", "--host", host, "--port", str(broker.port), "--dbus", bus]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(broker: Broker, holds: Callable[[dict[str, str]], bool], **how: Any) -> dict[str, str]:
    """Everything that the broker has retained, as soon as it holds."""

    async def listen() -> dict[str, str]:
        found: dict[str, str] = {}
        async with aiomqtt.Client("127.0.0.1", broker.port, **how) as client:
            await client.subscribe("#", qos=1)
            async for message in client.messages:
                found[str(message.topic)] = bytes(message.payload).decode()  # type: ignore[arg-type]
                if holds(found):
                    return found
        raise AssertionError("the broker has gone")

    return asyncio.run(asyncio.wait_for(listen(), START_S))


def retained(broker: Broker) -> dict[str, str]:
    """All that a newcomer is given: what a message behind it, to a topic of our own, comes after."""

    async def listen() -> dict[str, str]:
        found: dict[str, str] = {}
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await client.subscribe("#", qos=1)
            await client.publish("the/end", b"", qos=1)
            async for message in client.messages:
                if str(message.topic) == "the/end":
                    return found
                assert message.retain
                found[str(message.topic)] = bytes(message.payload).decode()  # type: ignore[arg-type]
        raise AssertionError("the broker has gone")

    return asyncio.run(asyncio.wait_for(listen(), START_S))


def value(found: dict[str, str], topic: str) -> Any:
    return json.loads(found.get(topic, "{}"))


def test_limits_reasons_permissions_and_findings_are_retained_and_discovered(broker: Broker, bus: DBusDaemon) -> None:
    items = {OWN: OWN_ITEMS, BATTERY: {"/Io/AllowToCharge": 1, "/Io/AllowToDischarge": 0}}
    with gx_services(bus.address, items), publisher(bus.address, broker, "--ha", "--topic", "boat") as process:
        wait_until(broker, lambda found: found.get("boat/program") == "online")
        wait_until(broker, lambda found: found.get("boat/service") == "online")
        found = retained(broker)
        assert value(found, "boat/limits/ccl") == {
            "value": 200.0, "unlimited": False, "reason": "Ccl because", "reason_id": "bms", "since": 17
        }  # fmt: skip
        assert (value(found, "boat/bms")["charge"], value(found, "boat/bms")["discharge"]) == ("yes", "no")
        assert value(found, "boat/findings")["health"] == "ok"
        config = value(found, "homeassistant/sensor/boat/ccl/config")
        assert config["state_topic"] == "boat/limits/ccl"
        assert (config["unit_of_measurement"], config["device"]["sw_version"]) == ("A", __version__)
        assert all(item["topic"] in found for item in config["availability"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert retained(broker)["boat/program"] == "offline", "an end in order says so"
        assert "boat/limits/ccl" in retained(broker)


def test_without_ha_nothing_is_discovered(broker: Broker, bus: DBusDaemon) -> None:
    with gx_services(bus.address, {OWN: OWN_ITEMS}), publisher(bus.address, broker):
        wait_until(broker, lambda found: found.get("gxbridge/service") == "online")
        found = retained(broker)
        assert "gxbridge/findings" in found
        assert [topic for topic in found if not topic.startswith("gxbridge/")] == []


def test_the_last_will_says_that_the_program_has_died(broker: Broker, bus: DBusDaemon) -> None:
    with gx_services(bus.address, {OWN: OWN_ITEMS}), publisher(bus.address, broker) as process:
        wait_until(broker, lambda found: found.get("gxbridge/program") == "online")
        process.kill()
        wait_until(broker, lambda found: found.get("gxbridge/program") == "offline")


def test_a_service_that_ends_is_told_apart_from_a_program_that_does(broker: Broker, bus: DBusDaemon) -> None:
    with publisher(bus.address, broker):
        with gx_services(bus.address, {OWN: OWN_ITEMS}):
            wait_until(broker, lambda found: found.get("gxbridge/service") == "online")
        found = wait_until(broker, lambda found: found.get("gxbridge/service") == "offline" and len(found) > 1)
        assert found["gxbridge/program"] == "online"


def test_a_broker_that_comes_back_without_memory_has_it_all_again_and_the_newest(
    broker: Broker, bus: DBusDaemon
) -> None:
    with publisher(bus.address, broker, "--ha") as process:
        with gx_services(bus.address, {OWN: OWN_ITEMS}):
            wait_until(broker, lambda found: value(found, "gxbridge/limits/ccl").get("value") == 200.0)
            broker.stop()
        with gx_services(bus.address, {OWN: OWN_ITEMS | {"/Limits/Ccl/Value": 20.0}}):
            time.sleep(2)
            broker.start()
            wait_until(broker, lambda found: found.get("gxbridge/service") == "online")
            found = retained(broker)
            assert value(found, "gxbridge/limits/ccl")["value"] == 20.0
            assert "homeassistant/sensor/gxbridge/ccl/config" in found
        assert process.poll() is None


CHARGER = "com.victronenergy.solarcharger.x"
TOLD = {
    f"/Limits/Charger/0/{item}": value
    for item, value in (("Service", CHARGER), ("Name", "MPPT"), ("Value", 20.0), ("Reason", "x"), ("ReasonId", "bms"))
}


def test_a_charger_that_has_left_is_not_told_of_as_if_it_were_there(broker: Broker, bus: DBusDaemon) -> None:
    with publisher(bus.address, broker, "--ha"):
        with gx_services(bus.address, {OWN: OWN_ITEMS | TOLD}):
            wait_until(broker, lambda found: value(found, "gxbridge/chargers/0").get("value") == 20.0)
        assert value(retained(broker), "gxbridge/chargers/0")["value"] == 20.0, "the service is away: nothing is newer"
        with gx_services(bus.address, {OWN: OWN_ITEMS}):
            found = wait_until(broker, lambda found: value(found, "gxbridge/chargers/0").get("value", 1) is None)
            assert value(found, "gxbridge/chargers/0") == {
                "name": "MPPT", "value": None, "unlimited": False, "reason": None, "reason_id": None, "since": None,
                "made": None,
            }  # fmt: skip
            assert "homeassistant/sensor/gxbridge/charger_0_told/config" in found, "it keeps its place and its name"


def test_what_an_earlier_run_said_of_a_charger_that_is_not_there_is_removed(broker: Broker, bus: DBusDaemon) -> None:
    with gx_services(bus.address, {OWN: OWN_ITEMS | TOLD}), publisher(bus.address, broker):
        wait_until(broker, lambda found: value(found, "gxbridge/chargers/0").get("value") == 20.0)
    with gx_services(bus.address, {OWN: OWN_ITEMS}), publisher(bus.address, broker):
        wait_until(broker, lambda found: found.get("gxbridge/program") == "online")
        assert "gxbridge/chargers/0" not in retained(broker)
        assert value(retained(broker), "gxbridge/limits/ccl")["value"] == 200.0


def test_a_broker_that_is_not_there_at_the_start_is_waited_for(broker: Broker, bus: DBusDaemon) -> None:
    broker.stop()
    with gx_services(bus.address, {OWN: OWN_ITEMS}), publisher(bus.address, broker) as process:
        time.sleep(2)
        assert process.poll() is None
        broker.start()
        wait_until(broker, lambda found: found.get("gxbridge/service") == "online")


def test_the_real_service_is_told_as_it_is(broker: Broker, bus: DBusDaemon, tmp_path: Path) -> None:
    log = write_log(tmp_path / "boat.log", 60)
    command = [sys.executable, "-m", "gxbridge", "run", "--replay", str(log), "--dbus", bus.address]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ) as service:
        try:
            with publisher(bus.address, broker):
                found = wait_until(broker, lambda found: value(found, "gxbridge/limits/ccl").get("value") == 200.0)
                assert value(found, "gxbridge/limits/ccl")["reason"].startswith("CCL 200 A: said by the Lynx Smart BMS")
                found = wait_until(broker, lambda found: value(found, "gxbridge/bms").get("charge") == "yes")
                assert value(found, "gxbridge/bms")["state"] == "live"
        finally:
            service.kill()


def certificate(folder: Path) -> Path:
    """A certificate for localhost, signed by itself; with its key."""
    subprocess.run(
        [
            program("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", folder / "key.pem", "-out", folder / "ca.pem",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "ca.pem"


def test_tls_and_a_login_from_a_file(bus: DBusDaemon, tmp_path: Path) -> None:
    ca = certificate(tmp_path)
    passwords = tmp_path / "passwords"
    passwd = shutil.which("mosquitto_passwd")
    assert passwd is not None
    subprocess.run([passwd, "-b", "-c", passwords, "boat", "s3cret"], check=True)
    login = tmp_path / "login"
    login.write_text("boat\ns3cret\n")
    login.chmod(0o600)
    secure = f"allow_anonymous false\npassword_file {passwords}\ncertfile {ca}\nkeyfile {tmp_path / 'key.pem'}\n"
    reader = {"tls_context": ssl.create_default_context(cafile=str(ca)), "username": "boat", "password": "s3cret"}
    reader["tls_context"].check_hostname = False  # type: ignore[attr-defined]
    arguments = ("--ca", str(ca), "--login", str(login))
    with Broker(tmp_path, secure) as broker, gx_services(bus.address, {OWN: OWN_ITEMS}):
        with publisher(bus.address, broker, *arguments, host="localhost") as process:
            wait_until(broker, lambda found: found.get("gxbridge/service") == "online", **reader)
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
            assert b"s3cret" not in line
        for wrong in (("--login", str(login)), ("--tls", "--login", str(login)), ("--ca", str(ca))):
            with publisher(bus.address, broker, *wrong, host="localhost") as process:
                assert process.stderr is not None
                said = process.stderr.readline()
                assert "trying again" in said, said
                assert "s3cret" not in said
