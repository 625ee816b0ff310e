"""Writes of D-Bus clients to the services of a port: what the log and the findings say of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, cast

import pytest

from gxbridge.core.cycle import ServiceView
from gxbridge.core.gate.gate import ABOVE_SUM
from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.port.vecan_service import listed_at
from gxbridge.core.setup import Setup
from gxbridge.runtime.client_writes import ClientWrites
from gxbridge.runtime.edge_findings import write_findings
from tests.core.port.port_boat import MULTI_SERVICE, SOLAR_SERVICE, VECAN_SERVICE, PortBoat, mppt, multi_rs, tanks
from tests.port.fleet import FLEET
from tests.port.node import SimNode, exchange
from tests.port.test_served_stories import ServedSea

CURRENT = "/Link/ChargeCurrent"


def test_what_a_controller_writes_again_and_again_is_one_line_until_the_answer_changes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "gxbridge")
    boat = PortBoat()
    boat.look(mppt())
    nobody: Any = None
    setup = Setup(mode="monitor", buses=("can0",), serve=("can0",))
    writes = ClientWrites(setup, boat.bridge, nobody, lambda *_: None, lambda: None)
    writes.views = boat.views
    for amps in (50.0, 40.0, 50.0):
        assert writes.write(SOLAR_SERVICE, CURRENT, amps) == 2
    (line,) = caplog.messages
    assert line.endswith("/Link/ChargeCurrent is not sent: the configuration lacks transmit: link")
    assert writes.untold == {(SOLAR_SERVICE, CURRENT): line.partition("uc283819: ")[2]}
    assert writes.write(SOLAR_SERVICE, "/Mode", 3) == writes.write(SOLAR_SERVICE, "/Mode", 3) == 2
    assert len(caplog.messages) == 3, "what people write is always said"
    writes.views = {}
    assert writes.untold == {}, "somebody else serves it now"


def test_a_controller_whose_words_nobody_may_be_told_is_a_finding_while_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boat = PortBoat()
    boat.look(mppt())
    clock, nobody = [100.0], cast(Any, None)
    monkeypatch.setattr("gxbridge.runtime.client_writes.time.monotonic", lambda: clock[0])
    writes = ClientWrites(boat.bridge.setup, boat.bridge, nobody, lambda *_: None, lambda: None)
    writes.views = boat.views

    def found(now: float) -> list[tuple[str, str, float]]:
        return [(one.id, one.subject, one.first) for one in write_findings(writes.refused(now), writes.untold, now)]

    for clock[0] in (100.0, 103.0, 160.0):
        assert writes.write(SOLAR_SERVICE, CURRENT, 50.0) == 2
    assert found(103.0) == [], "not yet"
    assert found(161.0) == [("write-not-sent", SOLAR_SERVICE, 100.0)]
    assert writes.write(SOLAR_SERVICE, CURRENT, None) == 0, "it ends a word that nobody was told"
    assert found(170.0) == []
    assert found(220.0) == [], "nobody writes any more"
    clock[0] = 300.0
    writes.write(SOLAR_SERVICE, CURRENT, 50.0)
    assert found(305.0) == [("write-not-sent", SOLAR_SERVICE, 300.0)]


def test_what_is_written_for_all_chargers_of_a_port_is_a_finding_where_there_are_any() -> None:
    boat, nobody = PortBoat(), cast(Any, None)
    boat.look(tanks())
    writes = ClientWrites(boat.bridge.setup, boat.bridge, nobody, lambda *_: None, lambda: None)
    for speaks, found in ((), []), ((mppt(),), [VECAN_SERVICE]):
        boat.look(*speaks)
        writes.views = boat.views
        assert writes.write(VECAN_SERVICE, "/Link/NetworkMode", 5) == 2
        assert [one.service for one in writes.refused(time.monotonic())] == found


def test_where_link_may_be_sent_its_own_findings_say_what_is_not() -> None:
    boat, nobody = PortBoat(transmit="link", mode="control"), cast(Any, None)
    boat.look(mppt())
    writes = ClientWrites(boat.bridge.setup, boat.bridge, nobody, lambda *_: None, lambda: None)
    writes.views = boat.views
    assert writes.write(SOLAR_SERVICE, CURRENT, 50.0) == 2
    assert writes.untold
    assert [*writes.refused(time.monotonic())] == []


def test_the_log_says_what_is_sent_and_why_it_is_less_than_what_is_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gxbridge")
    sea, nobody = ServedSea("mppt", "mppt-rs"), cast(Any, None)
    sea.said[0x0391] = 600
    sea.sail(4)
    writes = ClientWrites(sea.bridge.setup, sea.bridge, nobody, lambda *_: None, lambda: None)
    assert sea.bridge._port is not None
    writes.views = {view.name: view for view in sea.bridge._port.views}
    services = [sea.service(name) for name in ("mppt", "mppt-rs")]

    def pass_by() -> list[str]:
        caplog.clear()
        for service in services:
            sea.words.clear()
            assert writes.write(service, CURRENT, 50.0) == 0
            assert writes.write(service, CURRENT, 50.0) == 0
        writes.say_what_is_told(sea.now)
        assert caplog.messages == [], "nothing has left yet"
        sea.sail(2)
        writes.say_what_is_told(sea.now)
        return sorted(caplog.messages)

    first, second = pass_by()
    assert first.endswith("/Link/ChargeCurrent = 50 is sent")
    assert second.endswith("/Link/ChargeCurrent = 50 is written, and 10.2 is sent: " + ABOVE_SUM)
    assert pass_by() == [], "what goes on is no news"


def test_a_word_that_never_leaves_is_not_waited_for_longer_than_it_stands(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "gxbridge")
    sea, nobody, clock = ServedSea("mppt"), cast(Any, None), [100.0]
    sea.sail(4)
    monkeypatch.setattr("gxbridge.runtime.client_writes.time.monotonic", lambda: clock[0])
    writes = ClientWrites(sea.bridge.setup, sea.bridge, nobody, lambda *_: None, lambda: None)
    assert sea.bridge._port is not None
    writes.views = {view.name: view for view in sea.bridge._port.views}
    assert writes.write(sea.service("mppt"), CURRENT, 50.0) == 0
    for now, waits in ((159.0, 1), (160.0, 0)):
        writes.say_what_is_told(now)
        assert len(writes._unsaid) == waits
    assert writes.write(sea.service("mppt"), CURRENT, None) == 0
    assert caplog.messages == []


def test_an_instance_that_is_written_to_the_list_comes_back_in_the_claim_of_the_device(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "gxbridge")
    boat = PortBoat(transmit="writes")
    nodes = {name: SimNode(FLEET[name], boat.now) for name in ("tanks", "mppt")}

    def pass_by(seconds: int) -> None:
        for _ in range(seconds * 10):
            boat.now += 0.1
            ours = [(can_id, data) for _, can_id, data in boat.bridge.transmitter.outgoing(boat.now)]
            boat.send(*exchange(nodes.values(), ours, boat.now)[len(ours) :])
            if not round(boat.now * 10) % 10:
                boat.views = {view.name: view for view in boat.bridge.tick(boat.now).batteries if view.kind}

    pass_by(8)
    shown: list[tuple[str, dict[str, Value]]] = []

    def show(service: str, values: Mapping[str, Value]) -> None:
        shown.append((service, dict(values)))

    nobody: Any = None
    setup = Setup(mode="monitor", buses=("can0",), serve=("can0",), transmit="writes")
    writes = ClientWrites(setup, boat.bridge, nobody, show, lambda: None)
    writes.views = boat.views
    where = {name: f"{listed_at(Name(FLEET[name].name))}/DeviceInstance" for name in nodes}
    assert boat.values(VECAN_SERVICE)[where["tanks"]] == 0
    assert writes.write(VECAN_SERVICE, where["tanks"], 11) == 0
    assert shown == [(VECAN_SERVICE, {where["tanks"]: 0})], "until the device says something else"
    assert writes.write(VECAN_SERVICE, where["mppt"], 1) == 2
    assert caplog.messages == [
        f"D-Bus client writes to {VECAN_SERVICE}: {where['tanks']} = 11 is sent to the device",
        f"D-Bus client writes to {VECAN_SERVICE}: {where['mppt']} is not sent: DVCC steers only devices whose instance "
        "is 0, and this is one that it steers",
    ]
    pass_by(8)
    assert boat.values(VECAN_SERVICE)[where["tanks"]] == 11
    assert boat.values(VECAN_SERVICE)[where["mppt"]] == 0


def test_what_cannot_be_sent_is_one_line_and_a_name_is_kept_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """A relay that its charger switches by itself; a port on which nothing was heard yet; a bank is no device."""
    caplog.set_level(logging.INFO, "gxbridge")
    boat = PortBoat(transmit="writes")
    boat.look(multi_rs(), seconds=3)
    boat.settle()
    boat.look(multi_rs())
    kept: list[tuple[str, str]] = []

    class Names:
        def rename(self, key: str, name: str) -> None:
            kept.append((key, name))

    writes = ClientWrites(boat.bridge.setup, boat.bridge, cast(Any, Names()), lambda *_: None, lambda: None)
    bank = ServiceView("com.victronenergy.battery.gxbridge_bank", "bank", None, 1, {}, {"/CustomName": "House"})
    writes.views = {**boat.views, bank.name: bank}
    assert writes.write(MULTI_SERVICE, "/Relay/0/State", 1) == 2
    assert writes.write(MULTI_SERVICE, "/Settings/Ess/Mode", 1) == 0
    assert writes.write(MULTI_SERVICE, "/CustomName", "Aft") == 0
    boat.bridge.transmitter._transmitters.clear()
    assert writes.write(MULTI_SERVICE, "/Settings/AlarmLevel/LowSoc", 1) == 2
    assert writes.write(MULTI_SERVICE, "/CustomName", "Galley") == 0
    assert writes.write(bank.name, "/CustomName", "House") == 0
    no_way = "it is more than the configuration lets us send, or too much waits"
    assert [line.partition(": ")[2] for line in caplog.messages] == [
        "/Relay/0/State is not sent: its relay is not, or not known to be, set to be switched from outside (register "
        "0x034F)",
        "/Settings/Ess/Mode = 1 is sent to the device",
        "/CustomName = 'Aft' is kept and sent to the device",
        f"/Settings/AlarmLevel/LowSoc is not sent: {no_way}",
        f"/CustomName = 'Galley' is kept, and not sent: {no_way}",
        "/CustomName = 'House'",
    ]
    assert [name for _, name in kept] == ["Aft", "Galley", "House"]
