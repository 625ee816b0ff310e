"""The running service on a bus that has a bad day: restarts, hangs, readers that do not read, names that are taken."""

from __future__ import annotations

import re
import signal
import socket

from gxbridge.core.publish.own_paths import OWN_NAME
from tests.contract.scene import LYNX_SERVICE, Consumer, Scene, pause
from tests.core.boat import SOLAR, solar
from tests.runtime.service import OWN, wait_for


def another_consumer(stage: Scene) -> Consumer:
    """A client after the bus came back: the first one was lost with it."""
    consumer = Consumer(stage.address)
    stage.stack.callback(consumer.close)
    return consumer


def test_a_restarted_daemon_gets_everything_again_with_the_newest_values(fragile: Scene) -> None:
    lynx = fragile.wire.lynxes[0]
    fragile.start(dvcc={"mode": "control"})
    fragile.consumer.until_complete(LYNX_SERVICE)
    # Before the first permission was heard, the reasons say so: only what comes after that look is compared.
    for current in ("MaxChargeCurrent", "MaxDischargeCurrent"):
        fragile.consumer.until(LYNX_SERVICE, f"/Info/{current}Reason", lambda text: ": said by" in str(text))
    before = fragile.consumer("items", LYNX_SERVICE)
    own_before = fragile.consumer("items", OWN).keys()
    fragile.daemon.stop()
    fragile.wire.say(lynx, x0391="F4 01 00 00", x0390="10 0B 00 00")
    pause(1.5)
    fragile.daemon.start()
    consumer = another_consumer(fragile)
    consumer.until_there(OWN, LYNX_SERVICE)
    consumer.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", 50.0)
    after = consumer("items", LYNX_SERVICE)
    assert after.keys() == before.keys()
    same = {path for path, entry in after.items() if entry == before[path]}
    assert after.keys() - same <= {
        f"/Info/{name}{end}" for name in ("MaxChargeVoltage", "MaxChargeCurrent") for end in ("", "Reason")
    }
    assert consumer("items", OWN).keys() >= own_before
    consumer.until(OWN, "/DBus/Reconnects", 2)  # our own service's, the battery's
    # What it watches is seen again, too, and what it writes arrives.
    fragile.others("appear", SOLAR, solar())
    consumer.until(SOLAR, "/Link/ChargeCurrent", lambda value: isinstance(value, float) and value > 0)
    assert fragile.service.process.poll() is None


def test_a_daemon_that_hangs_costs_nothing_but_the_hang(fragile: Scene) -> None:
    """While it hangs, hundreds of changed values arrive from the CAN bus; afterwards the last one counts."""
    lynx = fragile.wire.lynxes[0]
    fragile.start()
    fragile.consumer.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", 800.0)
    fragile.daemon.pause()
    for number in range(400):
        fragile.wire.say(lynx, x0FFF=(number + 1).to_bytes(2, "little").hex(), x0391=f"{number % 250:02x} 00 00 00")
        pause(0.005)
    fragile.daemon.resume()
    fragile.consumer.until(LYNX_SERVICE, "/Soc", 4.0)
    fragile.consumer.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", 14.9)
    fragile.consumer.until(OWN, "/Limits/Ccl/Value", 14.9)
    assert fragile.ask("/Batteries/0/State") == "live", "the CAN side went on"
    assert fragile.ask("/Can/can0/Lost") == 0
    fragile.consumer.until(OWN, "/DBus/HeldBack", lambda count: isinstance(count, int) and count > 0)
    assert fragile.ask("/DBus/Reconnects") == 0


def test_a_reader_that_does_not_read_disturbs_nobody(stage: Scene) -> None:
    """It has asked for everything and then stopped; the others go on hearing."""
    lynx = stage.wire.lynxes[0]
    stage.start()
    stage.consumer.until(LYNX_SERVICE, "/Soc", 99.21)
    asleep = another_consumer(stage)
    asleep("items", LYNX_SERVICE)
    asleep.process.send_signal(signal.SIGSTOP)
    try:
        stage.consumer("heard")
        for number in range(100):
            stage.wire.say(lynx, x0FFF=(number + 1).to_bytes(2, "little").hex())
            pause(0.01)
        stage.consumer.until(LYNX_SERVICE, "/Soc", 1.0)
        assert any(kind == "ItemsChanged" and "/Soc" in rest[-1] for kind, _, *rest in stage.consumer("heard"))
        assert stage.service.process.poll() is None
    finally:
        asleep.process.send_signal(signal.SIGCONT)
    assert asleep.value(LYNX_SERVICE, "/Soc") == 1.0


def test_a_client_that_speaks_no_dbus_disturbs_nobody(stage: Scene) -> None:
    """Half a message to the daemon, and calls to us that make no sense."""
    stage.start()
    stage.consumer.until(LYNX_SERVICE, "/Soc", 99.21)
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(stage.daemon.socket))
        rude.sendall(b"\0AUTH NONSENSE\r\n")
        for path, member in (("/", "SetValue"), ("/Soc", "GetItems"), ("/Soc", "Nonsense"), ("/x", "GetValue")):
            assert "error" in stage.consumer("get", LYNX_SERVICE, path, member)
    assert stage.consumer.value(LYNX_SERVICE, "/Soc") == 99.21


def test_a_battery_s_name_that_somebody_has_is_one_line_and_is_taken_when_it_is_free(stage: Scene) -> None:
    """Do-not-queue: nobody waits in line unseen."""
    stage.others("appear", LYNX_SERVICE, {"/DeviceInstance": 1, "/ProductName": "Somebody else"})
    stage.start()
    wait_for(stage.service.log, lambda log: "is taken by" in log, "log")
    assert re.search(r"taken by connection :\d+\.\d+, process \d+", stage.service.log())
    assert stage.consumer.value(OWN, "/Connected") == 1
    stage.others("leave", LYNX_SERVICE)
    stage.consumer.until(LYNX_SERVICE, "/ProductName", "Lynx Smart BMS 500", within_s=30.0)


def test_the_end_takes_everything_from_the_bus_at_once(stage: Scene) -> None:
    stage.start()
    stage.consumer.until_there(OWN_NAME, LYNX_SERVICE)
    owners = stage.consumer("names")
    assert stage.service.end() == 0
    assert stage.consumer("names") == {}
    gone = {rest[0] for kind, _, *rest in stage.consumer("heard") if kind == "owner" and not rest[2]}
    assert gone >= {*owners, *owners.values()}
