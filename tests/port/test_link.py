"""LINK against the simulated devices, on simulated time: what a controller writes on D-Bus is what chargers are told.

The devices know nothing of the encoder: see tests/port/node.py. Everything between D-Bus and the bus is the real core.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Remembered
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.link.link_out import LinkTarget
from gxbridge.demo.sim.wire import SimFrame
from tests.core.boat import NO_CHARGE, Boat, solar
from tests.core.test_link import REMEMBERED
from tests.port.fleet import FLEET, OTHER_GX
from tests.port.node import BMS_LOST, CHARGE_LIMIT, ERROR_CODE, MODE, VSENSE, VSET, SimNode, exchange

VECAN = "com.victronenergy.vecan.can0"
CURRENT, VOLTAGE, NETWORK, SENSE = (
    f"/Link/{name}" for name in ("ChargeCurrent", "ChargeVoltage", "NetworkMode", "VoltageSense")
)


class Sea(Boat):
    """A Lynx (24 V, 200 A) by hand, simulated devices, and a controller that writes to their services.

    In every tenth of a second: whoever is raised, all chargers together hold no more than the BMS allows; and whoever
    makes more because he was told to makes no more with the others.
    """

    def __init__(self, *devices: str, **setup: Any) -> None:
        super().__init__(**{"transmit": "link", "remembered": REMEMBERED, **setup})
        self.bridge.hold_name(True)
        self.nodes = {name: SimNode(FLEET[name], self.now) for name in devices}
        self.words: dict[tuple[str | None, str], Value] = {}
        self.answers: set[int] = set()
        self.bus_off = False
        self.queue: deque[SimFrame] | None = None
        """The frames that the driver of our adapter keeps while it is cut off; None: it is not."""
        self.lag_s = 0.0
        """So much later we hear what the devices say."""
        self.also: list[SimFrame] = []
        """What somebody else says next."""
        self.left: list[SimFrame] = []
        self._coming: deque[tuple[float, list[SimFrame]]] = deque()
        self._held: dict[str, int] = {}
        self._made: dict[str, float] = {}
        self.come_aboard()
        self.sail(4)

    def come_aboard(self) -> None:
        """The services of a port that we do not serve ourselves."""
        for name in self.nodes:
            self.add(self.target(name).service, solar(70.0, **{"/Mgmt/Connection": "VE.Can", "/N2kDeviceInstance": 0}))
        self.add(VECAN, dict.fromkeys((VOLTAGE, NETWORK, SENSE)))

    def start_anew(self) -> None:
        """The service ends and is started at once."""
        self.bridge = Bridge(self.bridge.setup)
        self.bridge.hold_name(True)
        self.come_aboard()

    def target(self, device: str | None) -> LinkTarget:
        if device is None:
            return LinkTarget("can0", None, VECAN)
        name = Name(FLEET[device].name)
        return LinkTarget("can0", name, f"com.victronenergy.solarcharger.socketcan_can0_vi0_uc{name.unique_number}")

    def sail(self, seconds: float) -> None:
        """Time goes by in tenths; the words are written every three seconds, a look is every second."""
        for step in range(round(seconds * 10)):
            if step % 30 == 0:
                self.write()
            if step % 10 == 0:
                if not self.cut_off:
                    self.repeat()
                self.take(self.bridge.tick(self.now))
            self._exchange()
            self._check()
            self.now = round(self.now + 0.1, 3)

    def take(self, cycle: Cycle) -> None:
        """What gxbridge itself decides is nobody's here: somebody else is master."""

    def write(self) -> None:
        for (device, path), value in self.words.items():
            self.answers.add(self.bridge.orders.write_link(self.target(device), path, value, self.now).code)

    @property
    def cut_off(self) -> bool:
        return self.bus_off or self.queue is not None

    def _exchange(self) -> None:
        ours = [(can_id, data) for _, can_id, data in self.bridge.transmitter.outgoing(self.now)]
        self.left += ours
        if self.queue is not None:
            self.queue.extend(ours)
        if self.cut_off:
            for node in self.nodes.values():
                node.tick(self.now)
            return
        also, self.also = self.also, []
        said = exchange(self.nodes.values(), [*ours, *also], self.now)[len(ours) :]
        self._coming.append((self.now + self.lag_s, said))
        while self._coming and self._coming[0][0] <= self.now:
            self.send(*self._coming.popleft()[1])

    def plug_in(self) -> None:
        """Our adapter is on the bus again: first it says what its driver has kept."""
        assert self.queue is not None
        kept, self.queue = [*self.queue], None
        self.left.clear()
        self.send(*exchange(self.nodes.values(), kept, self.now)[len(kept) :])
        self._check()

    def _check(self) -> None:
        held = {name: node.told[CHARGE_LIMIT][0] for name, node in self.nodes.items() if CHARGE_LIMIT in node.told}
        if any(amps > self._held.get(name, amps) for name, amps in held.items()):
            alone = [node.current_a * 10 for name, node in self.nodes.items() if name not in held]
            assert sum(held.values()) + sum(alone) <= self.allowed + len(self.nodes), (self.now, self._held, held)
        self._held = held
        made = {name: node.current_a for name, node in self.nodes.items()}
        if any(amps > self._made.get(name, amps) and MODE in self.nodes[name].told for name, amps in made.items()):
            assert sum(made.values()) * 10 <= self.allowed + len(self.nodes), (self.now, self._made, made)
        self._made = made

    @property
    def allowed(self) -> int:
        """What the BMS allows, in tenths of an ampere."""
        return 0 if self.said[0x2108] == NO_CHARGE else self.said[0x0391]

    def control(self, devices: Iterable[str], amps: float = 50.0) -> None:
        for device in devices:
            self.words |= {(device, CURRENT): amps, (device, NETWORK): 13}
        self.words |= {(None, VOLTAGE): 28.4, (None, SENSE): 26.4}

    def told(self, device: str) -> dict[int, int]:
        return {register: number for register, (number, _) in self.nodes[device].told.items()}

    def findings(self) -> list[str]:
        assert self.bridge.link is not None
        return sorted(found.id for found in self.bridge.link.findings)


def test_chargers_are_told_what_a_controller_writes() -> None:
    sea = Sea("mppt", "mppt-rs")
    sea.control(["mppt", "mppt-rs"])
    sea.nodes["mppt"].source_a = 60.0
    sea.sail(10)
    assert sea.answers == {0}
    assert sea.told("mppt") == sea.told("mppt-rs") == {CHARGE_LIMIT: 500, MODE: 13, VSET: 2840, VSENSE: 2640}
    assert sea.nodes["mppt"].current_a == 50.0
    assert sea.findings() == []
    assert sea.bridge.link is not None
    assert sea.bridge.link.out.shown(sea.target("mppt"), CURRENT, sea.now) == 50.0
    assert sea.bridge.link.out.shown(sea.target("mppt"), NETWORK, sea.now) == 13


def test_they_are_kept_alive_as_long_as_it_writes_and_stop_by_themselves_when_it_does_not() -> None:
    sea = Sea("mppt")
    sea.control(["mppt"])
    sea.sail(180)
    assert sea.told("mppt")[CHARGE_LIMIT] == 500
    assert sea.nodes["mppt"].registers[ERROR_CODE] == b"\0"
    sea.words.clear()
    sea.sail(125)
    assert sea.told("mppt") == {}
    assert sea.nodes["mppt"].registers[ERROR_CODE][0] == BMS_LOST, "told of a BMS and left alone: as it should be"


def test_a_bms_that_refuses_stops_them_although_the_controller_goes_on() -> None:
    sea = Sea("mppt", "mppt-rs")
    sea.control(["mppt", "mppt-rs"])
    sea.sail(5)
    sea.say(io=NO_CHARGE)
    sea.sail(2)
    assert sea.told("mppt")[CHARGE_LIMIT] == sea.told("mppt-rs")[CHARGE_LIMIT] == 0
    sea.sail(30)
    assert sea.told("mppt")[CHARGE_LIMIT] == 0


def test_together_they_are_told_no_more_than_the_bms_allows() -> None:
    sea = Sea("mppt", "mppt-rs")
    sea.control(["mppt", "mppt-rs"])
    sea.said[0x0391] = 600
    sea.sail(10)
    assert sea.told("mppt")[CHARGE_LIMIT] + sea.told("mppt-rs")[CHARGE_LIMIT] <= 602


def test_one_is_raised_only_once_another_has_followed_what_it_was_lowered_to() -> None:
    sea = Sea("mppt", "mppt-rs")
    sea.said[0x0391] = 1000
    sea.words = {("mppt", CURRENT): 60.0, ("mppt-rs", CURRENT): 40.0}
    sea.sail(10)
    sea.nodes["mppt"].lose_writes = 1000
    sea.words = {("mppt", CURRENT): 35.0, ("mppt-rs", CURRENT): 65.0}
    sea.sail(30)
    assert sea.told("mppt")[CHARGE_LIMIT] + sea.told("mppt-rs")[CHARGE_LIMIT] <= 1002
    sea.nodes["mppt"].lose_writes = 0
    sea.sail(12)
    assert (sea.told("mppt")[CHARGE_LIMIT], sea.told("mppt-rs")[CHARGE_LIMIT]) == (350, 650)


@pytest.mark.parametrize("lost", ["acks", "writes"])
def test_lost_frames_are_made_up_for(lost: str) -> None:
    sea = Sea("mppt")
    sea.nodes["mppt"].lose_acks, sea.nodes["mppt"].lose_writes = (2, 0) if lost == "acks" else (0, 2)
    sea.control(["mppt"])
    sea.sail(8)
    assert sea.told("mppt")[CHARGE_LIMIT] == 500
    assert sea.findings() == []


def test_a_device_that_never_takes_it_is_a_finding_and_shows_its_own_value() -> None:
    sea = Sea("mppt")
    sea.nodes["mppt"].lose_writes = 1000
    sea.control(["mppt"])
    sea.sail(12)
    assert sea.findings() == ["link-not-followed", "link-not-followed"]
    assert sea.bridge.link is not None
    assert sea.bridge.link.out.shown(sea.target("mppt"), CURRENT, sea.now) == 70.0
    sea.nodes["mppt"].lose_writes = 0
    sea.sail(12)
    assert sea.findings() == []


def test_one_that_refuses_is_a_finding() -> None:
    sea = Sea("mppt")
    sea.nodes["mppt"].refusals = {CHARGE_LIMIT: 0x8100}
    sea.control(["mppt"])
    sea.sail(6)
    assert sea.findings() == ["link-refused"]


def test_a_limit_that_falls_while_the_bus_is_off_arrives_when_it_is_back() -> None:
    sea = Sea("mppt")
    sea.control(["mppt"])
    sea.sail(5)
    sea.say(io=NO_CHARGE)
    sea.bus_off = True
    sea.sail(6)
    assert sea.told("mppt")[CHARGE_LIMIT] == 500
    sea.bus_off = False
    sea.sail(10)
    assert sea.told("mppt")[CHARGE_LIMIT] == 0
    assert sea.findings() == ["link-gate"], "of the controller that goes on writing 50 A"


def test_one_whose_cable_is_out_is_told_again_when_it_is_back() -> None:
    sea = Sea("mppt")
    sea.control(["mppt"])
    sea.sail(5)
    sea.nodes["mppt"].quiet(True, sea.now)
    sea.sail(20)
    assert "link-silent" in sea.findings()
    sea.nodes["mppt"].quiet(False, sea.now)
    sea.sail(15)
    assert sea.findings() == []
    assert sea.told("mppt")[CHARGE_LIMIT] == 500


def test_nothing_inferred_is_sent_before_a_try_and_everything_confirmed_after_it() -> None:
    sea = Sea("mppt", "mppt-rs", remembered=Remembered())
    sea.control(["mppt", "mppt-rs"])
    sea.sail(10)
    assert sea.told("mppt") == {VSENSE: 2640}
    assert sea.findings() == ["link-unconfirmed"]
    assert sea.bridge.link is not None
    out = sea.bridge.link.out
    assert out.try_device("283819") == ""
    sea.sail(9)
    assert all("confirmed" in line and "not confirmed" not in line for line in out.report)
    assert len(out.report) == 3
    assert set(out.confirmed) == {"2001 broadcast", "200E addressed", "2015 addressed"}
    sea.sail(10)
    assert sea.told("mppt-rs") == {CHARGE_LIMIT: 500, MODE: 13, VSET: 2840, VSENSE: 2640}, "the other one too"
    assert sea.findings() == []


def test_two_controllers_on_one_network_are_one_too_many() -> None:
    sea = Sea("mppt", "gx")
    sea.control(["mppt"])
    sea.sail(10)
    assert sea.told("mppt") == {}
    assert sea.findings() == ["link-other-controller"]
    assert FLEET["gx"] is OTHER_GX


def test_a_regulator_that_locks_to_one_sender_is_left_to_its_bms() -> None:
    sea = Sea("mppt", "wakespeed")
    sea.control(["mppt"])
    sea.sail(10)
    assert sea.nodes["wakespeed"].master is None
    assert sea.told("wakespeed") == {}
    assert sea.told("mppt") == {CHARGE_LIMIT: 500, MODE: 13}
    assert sea.findings() == ["link-broadcast-held"]


def test_unless_the_user_wants_it() -> None:
    sea = Sea("mppt", "wakespeed", link_broadcast=True)
    sea.control(["mppt"])
    sea.sail(10)
    assert sea.nodes["wakespeed"].master is not None
    assert sea.told("wakespeed") == {VSET: 2840}


@pytest.mark.parametrize("setup", [{"transmit": "off"}, {"transmit": "requests"}, {"mode": "monitor"}])
def test_where_it_is_not_configured_no_device_is_told_anything(setup: dict[str, Any]) -> None:
    sea = Sea("mppt", "mppt-rs", "multi-rs", "wakespeed", **setup)
    sea.control(["mppt", "mppt-rs", "multi-rs"])
    sea.sail(20)
    assert {name: node.told for name, node in sea.nodes.items()} == {key: {} for key in sea.nodes}
    senders = {source for node in sea.nodes.values() for _, _, source, _, _ in node.heard}
    assert senders <= {node.address for node in sea.nodes.values()}
    assert sea.answers == {2}


def test_a_multi_rs_is_told_what_it_may_discharge() -> None:
    sea = Sea("multi-rs")
    target = sea.target("multi-rs")._replace(service="com.victronenergy.multi.socketcan_can0_vi0_uc162268")
    sea.add(target.service, solar(100.0, **{"/N2kDeviceInstance": 0, "/Link/DischargeCurrent": None}))
    for _ in range(4):
        sea.bridge.orders.write_link(target, "/Link/DischargeCurrent", 900.0, sea.now)
        sea.sail(3)
    assert sea.told("multi-rs") == {0x2017: 6000}, "600 A by the BMS"
