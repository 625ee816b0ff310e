"""What may happen to D-Bus, and what its other users may do."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from gxbridge.edge.dbus import bodies
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, CallFailed, Connection, connect
from gxbridge.edge.dbus.service import PublishedService
from tests.core.boat import LYNX_SERVICE
from tests.faults.can_faults import granted, grants, obeys
from tests.faults.records import fault
from tests.faults.scene import PATIENT_S, ROOT, Scene
from tests.runtime.service import OWN

CONSUMER = """
import asyncio, sys
from gxbridge.edge.dbus import bodies
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, connect

async def main():
    connection = await connect(sys.argv[1])
    rule = "type='signal',interface='com.victronenergy.BusItem'"
    await connection.call(DAEMON, DAEMON_PATH, DAEMON, "AddMatch", "s", bodies.string_body(rule))
    print("ready", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@fault(
    "dbus-restarted",
    "the D-Bus daemon is killed and comes back after 3 s; meanwhile the BMS withdraws its permission",
    "the first word to a charger is 0",
    safe_within_s=12,
    recovers_within_s=15,
)
def dbus_restarted(scene: Scene) -> None:
    scene.ready()
    scene.daemon.stop()
    scene.lynx.say(ccl=0)
    time.sleep(3)
    scene.daemon.start()
    begin = time.monotonic()
    scene.safe(scene.until_told(lambda value: value == 0, begin, "0 A to the charger"))
    assert not [value for at, value in scene.told(begin) if granted(value)]
    scene.sees_log("the connection to the bus ended")
    scene.sees_log("on the bus again")
    scene.until("/Info/MaxChargeCurrent", 0.0, LYNX_SERVICE)
    assert scene.watch.value(OWN, "/Dvcc/Effective") == "control"
    scene.recovered(grants(scene))
    scene.finish()


@fault(
    "dbus-hangs",
    "the D-Bus daemon hangs for 6 s; meanwhile the BMS withdraws its permission",
    "0 is told as soon as the daemon works again",
    safe_within_s=2,
    recovers_within_s=6,
)
def dbus_hangs(scene: Scene) -> None:
    scene.ready()
    scene.daemon.pause()
    try:
        time.sleep(1)
        scene.lynx.say(ccl=0)
        time.sleep(5)
    finally:
        scene.daemon.resume()
    begin = time.monotonic()
    scene.safe(scene.until_told(lambda value: value == 0, begin, "0 A to the charger"))
    scene.sees("/Info/MaxChargeCurrent", 0.0, LYNX_SERVICE, text="is current at once")
    scene.recovered(grants(scene))
    assert scene.watch.value(OWN, "/Dvcc/Effective") == "control"
    scene.finish()


@fault(
    "dbus-slow-consumer",
    "a consumer subscribes to everything and stops reading",
    "nobody else notices",
    safe_within_s=1,
    recovers_within_s=5,
)
def dbus_slow_consumer(scene: Scene) -> None:
    scene.ready()
    command = [sys.executable, "-c", CONSUMER, scene.daemon.address]
    consumer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert consumer.stdout is not None
    try:
        assert consumer.stdout.readline() == "ready\n"
        consumer.send_signal(signal.SIGSTOP)
        for n in range(300):
            scene.lynx.send((0x19F21429, bytes([0, n % 256, 10, 100, 0, 95, 115, 1])))
            time.sleep(0.01)
        scene.safe(obeys(scene))
        scene.recovered(grants(scene))
        scene.sees("/Dvcc/Effective", "control")
    finally:
        consumer.kill()
        consumer.wait()
        consumer.stdout.close()
    scene.finish()


@fault(
    "dbus-match-rules",
    "other programs have 1,000 match rules",
    "nothing changes",
    safe_within_s=1,
    recovers_within_s=5,
)
def dbus_match_rules(scene: Scene) -> None:
    scene.ready()

    async def subscribe() -> list[Connection]:
        connections = []
        for first in range(0, 1000, 250):
            connection = await connect(scene.daemon.address)
            connections.append(connection)
            for n in range(first, first + 250):
                rule = f"type='signal',interface='com.victronenergy.BusItem',path='/Rule/{n}'"
                await connection.call(DAEMON, DAEMON_PATH, DAEMON, "AddMatch", "s", bodies.string_body(rule))
        return connections

    async def leave(connections: list[Connection]) -> None:
        for connection in connections:
            connection.close()

    connections = scene.watch.run(subscribe())
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    scene.sees("/Dvcc/Effective", "control")
    scene.watch.run(leave(connections))
    scene.finish()


@fault(
    "dbus-own-name-taken",
    "another connection owns com.victronenergy.gxbridge when the service starts",
    "it ends with code 1 and writes nothing; the supervisor tries again",
    safe_within_s=10,
    service=False,
)
def dbus_own_name_taken(scene: Scene) -> None:
    other = PublishedService(scene.daemon.address, OWN, {}, {})
    scene.watch.run(other.start())
    begin = time.monotonic()
    scene.start()
    assert scene.process is not None
    assert scene.process.wait(PATIENT_S) == 1
    scene.safe(time.monotonic() - begin)
    line = scene.sees_log(f"the D-Bus name {OWN} is taken by")
    assert str(os.getpid()) in line, "the process that has it is named"
    assert "Traceback" not in scene.log()
    assert scene.devices is not None
    assert not scene.devices.told()
    scene.watch.run(other.close())


@fault(
    "dbus-own-name-lost",
    "the D-Bus daemon restarts, another gets com.victronenergy.gxbridge before the service, and leaves later",
    "not a single write leaves without the name",
    recovers_within_s=14,
)
def dbus_own_name_lost(scene: Scene) -> None:
    scene.ready()
    scene.daemon.stop()
    scene.daemon.start()
    begin = time.monotonic()
    other = PublishedService(scene.daemon.address, OWN, {}, {})
    scene.watch.run(other.start())
    scene.sees_log(f"the D-Bus name {OWN} is taken by")
    scene.sees_log("it does not own its D-Bus name")
    time.sleep(5)
    assert scene.devices is not None
    assert not [told for told in scene.devices.told() if told[0] > begin]
    scene.watch.run(other.close())
    begin = time.monotonic()
    scene.recovered(scene.until_told(granted, begin, "current granted again"))
    scene.sees("/Dvcc/Effective", "control")
    scene.finish()


@fault(
    "dbus-gx-mute",
    "com.victronenergy.system is on the bus and answers nothing, for 10 s; meanwhile the BMS withdraws its permission",
    "not a single write leaves beside what may be a master; 0 is the first word when it has left",
    recovers_within_s=2,
)
def dbus_gx_mute(scene: Scene) -> None:
    async def appear() -> Connection:
        connection = await connect(scene.daemon.address)
        body = bodies.name_request_body("com.victronenergy.system", 4)
        await connection.call(DAEMON, DAEMON_PATH, DAEMON, "RequestName", "su", body)
        return connection

    async def leave() -> None:
        system.close()

    scene.ready()
    system = scene.watch.run(appear())
    scene.sees_finding("two-masters")
    scene.sees("/Dvcc/Effective", "monitor")
    begin = time.monotonic()
    scene.lynx.say(ccl=0)
    time.sleep(8)
    assert scene.devices is not None
    assert not [told for told in scene.devices.told() if told[0] > begin]
    begin = time.monotonic()
    scene.watch.run(leave())
    scene.recovered(scene.until_told(lambda value: value == 0, begin, "0 A to the charger"))
    scene.finish()


@fault(
    "dbus-battery-name-taken",
    "another connection owns the name of the battery service, and releases it later",
    "the BMS is obeyed all the same; its values are on the service's own paths",
    safe_within_s=1,
    recovers_within_s=14,
    service=False,
)
def dbus_battery_name_taken(scene: Scene) -> None:
    other = PublishedService(scene.daemon.address, LYNX_SERVICE, {}, {})
    scene.watch.run(other.start())
    scene.start()
    scene.until_told(granted, 0.0, "a grant to the charger")
    scene.sees_log(f"the D-Bus name {LYNX_SERVICE} is taken by")
    scene.safe(obeys(scene))
    grants(scene)
    scene.watch.run(other.close())
    begin = time.monotonic()
    scene.recovered(scene.until("/Info/MaxChargeCurrent", 200.0, LYNX_SERVICE) - begin)
    scene.finish()


def hostile_values() -> Iterator[tuple[str, Any]]:
    """(signature, value) of what a variant may hold."""
    deep: tuple[str, Any] = ("i", 1)
    for _ in range(60):
        deep = ("v", deep)
    yield from [
        ("y", 255),
        ("b", True),
        ("n", -32768),
        ("q", 65535),
        ("i", -(2**31)),
        ("u", 2**32 - 1),
        ("x", -(2**63)),
        ("t", 2**64 - 1),
        ("d", math.nan),
        ("d", math.inf),
        ("d", -1e308),
        ("s", ""),
        ("s", "x" * 1_000_000),
        ("s", "\u2028 ' ; rm -rf / $(reboot) \x7f 😀"),
        ("o", "/"),
        ("g", "a{sv}"),
        ("ai", []),
        ("ai", list(range(200_000))),
        ("as", ["a"] * 10_000),
        ("a{sv}", {"Value": ("i", 1)}),
        ("(ii)", [1, 2]),
        ("av", [("i", 1), ("s", "x"), ("d", 1.0)]),
        deep,
    ]


PLACES = (
    (OWN, "/Dvcc/Mode"),
    (OWN, "/Limits/Ccl/Value"),
    (OWN, "/"),
    (OWN, "/No/Such/Path"),
    (LYNX_SERVICE, "/Info/MaxChargeCurrent"),
    (LYNX_SERVICE, "/Io/AllowToCharge"),
    (LYNX_SERVICE, "/DeviceInstance"),
    (LYNX_SERVICE, "/CustomName"),
    (LYNX_SERVICE, "/Mode"),
    (LYNX_SERVICE, "/"),
)


@fault(
    "dbus-hostile-writes",
    "SetValue with every type, up to a megabyte, on every kind of path of our services",
    "each is refused or answered with an error; only the battery's name may be changed",
    safe_within_s=1,
    recovers_within_s=5,
)
def dbus_hostile_writes(scene: Scene) -> None:
    scene.ready()
    before = scene.watch.items(LYNX_SERVICE)

    async def attack() -> dict[str, int]:
        answers: dict[str, int] = {}
        connection = await connect(scene.daemon.address)
        try:
            for service, path in PLACES:
                for signature, value in hostile_values():
                    body = connection.encode("v", [(signature, value)])
                    try:
                        reply = await connection.call(
                            service, path, "com.victronenergy.BusItem", "SetValue", "v", body, timeout_s=15
                        )
                        answer = f"{path} {connection.body(reply)[0]}"
                    except CallFailed as error:  # an error is an answer; silence (CallTimeout) is not
                        answer = f"{path} {error.name}"
                    answers[answer] = answers.get(answer, 0) + 1
        finally:
            connection.close()
        return answers

    answers = scene.watch.run(attack(), 120)
    # An empty array is "invalid", and /Mode is invalid while nothing may be written: that is no change.
    accepted = {answer: count for answer, count in answers.items() if answer.endswith(" 0")}
    assert accepted.keys() <= {"/CustomName 0", "/Mode 0"}, answers
    assert accepted.get("/Mode 0", 0) <= 1
    assert not [answer for answer in answers if "NoReply" in answer], answers
    name = scene.watch.ask(LYNX_SERVICE, "/CustomName")
    assert isinstance(name, str)
    assert len(name) < 1000, "a name of a megabyte"
    scene.record.see("the writer: code 1 or 2, or a D-Bus error")
    scene.sees_log(f"D-Bus client writes to {LYNX_SERVICE}")
    after = scene.watch.items(LYNX_SERVICE)
    for path in ("/Info/MaxChargeCurrent", "/Io/AllowToCharge", "/DeviceInstance", "/Soc"):
        assert after[path] == before[path]
        assert scene.watch.ask(LYNX_SERVICE, path) == before[path]
    longest = max(len(line) for line in scene.log().splitlines())
    assert longest < 2000, f"a line of {longest} characters in the log"
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    scene.finish()
