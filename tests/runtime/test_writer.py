"""Writes to other services: newest value wins, a slow service holds up nobody, and an end is an end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

import pytest

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
from gxbridge.edge.dbus.client import SetValueError
from gxbridge.runtime.writer import Writer

SOLAR, MULTI = "com.victronenergy.solarcharger.a", "com.victronenergy.vebus.b"


class Bus:
    """Takes writes; services in `stuck` wait until they are let go, those in `broken` raise; `codes` are answers."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, Value]] = []
        self.stuck: dict[str, asyncio.Event] = {}
        self.broken: set[str] = set()
        self.codes: dict[str, int] = {}

    async def set_value(self, service: str, path: str, value: Value) -> int:
        if service in self.stuck:
            await self.stuck[service].wait()
        if service in self.broken:
            raise SetValueError("no answer within 2 s")
        self.taken.append((service, path, value))
        return self.codes.get(service, 0)


class Lines(logging.Handler):
    """What the writer logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    async def while_running(self, story: Awaitable[None]) -> None:
        log = logging.getLogger("gxbridge.writer")
        level = log.level
        log.addHandler(self)
        log.setLevel(logging.INFO)
        try:
            await story
        finally:
            log.removeHandler(self)
            log.setLevel(level)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_writes_to_one_service_arrive_in_order() -> None:
    async def story() -> None:
        bus = Bus()
        writer = Writer(bus.set_value)
        writer.write([Write(SOLAR, "/Link/NetworkMode", 13), Write(SOLAR, "/Link/ChargeCurrent", 10.0)])
        await settle()
        assert bus.taken == [(SOLAR, "/Link/NetworkMode", 13), (SOLAR, "/Link/ChargeCurrent", 10.0)]
        assert (writer.written, writer.failures, writer.overtaken) == (2, 0, 0)
        await writer.close()

    asyncio.run(story())


def test_a_stuck_service_holds_up_nobody_and_gets_only_the_newest_value() -> None:
    async def story() -> None:
        bus = Bus()
        gate = bus.stuck[SOLAR] = asyncio.Event()
        writer = Writer(bus.set_value)
        writer.write([Write(SOLAR, "/Link/NetworkMode", 13), Write(MULTI, "/Dc/0/MaxChargeCurrent", 50)])
        await settle()
        for amperes in range(100):
            writer.write([Write(SOLAR, "/Link/ChargeCurrent", float(amperes))])
        await settle()
        assert bus.taken == [(MULTI, "/Dc/0/MaxChargeCurrent", 50)]
        gate.set()
        await settle()
        assert bus.taken[1:] == [(SOLAR, "/Link/NetworkMode", 13), (SOLAR, "/Link/ChargeCurrent", 99.0)]
        assert writer.overtaken == 99
        await writer.close()

    asyncio.run(story())


def test_a_service_that_left_the_bus_gets_nothing_that_was_queued_for_it() -> None:
    async def story() -> None:
        bus = Bus()
        gate = bus.stuck[SOLAR] = asyncio.Event()
        writer = Writer(bus.set_value)
        writer.write([Write(SOLAR, "/Link/NetworkMode", 13)])
        await settle()
        writer.write([Write(SOLAR, "/Link/ChargeCurrent", 70.0)])
        writer.forget(SOLAR)
        writer.forget("never seen")
        gate.set()
        await settle()
        assert (SOLAR, "/Link/ChargeCurrent", 70.0) not in bus.taken
        await writer.close()

    asyncio.run(story())


def test_nothing_is_written_after_the_end() -> None:
    async def story() -> None:
        bus = Bus()
        gate = bus.stuck[SOLAR] = asyncio.Event()
        writer = Writer(bus.set_value)
        writer.write([Write(SOLAR, "/a", 1), Write(SOLAR, "/b", 2)])
        await settle()
        await writer.close()
        gate.set()
        await settle()
        assert bus.taken == []

    asyncio.run(story())


@pytest.mark.parametrize("trouble", ["broken", "refusing"])
def test_a_failing_write_is_said_once_and_once_more_when_it_works_again(
    trouble: str,
) -> None:
    async def story() -> None:
        bus = Bus()
        writer = Writer(bus.set_value)
        bus.broken = {SOLAR} if trouble == "broken" else set()
        bus.codes = {SOLAR: 2} if trouble == "refusing" else {}
        for _ in range(3):
            writer.write([Write(SOLAR, "/Link/ChargeCurrent", 0.0)])
            await settle()
        bus.broken, bus.codes = set(), {}
        writer.write([Write(SOLAR, "/Link/ChargeCurrent", 0.0)])
        await settle()
        assert writer.failures == 3
        await writer.close()

    lines = Lines()
    asyncio.run(lines.while_running(story()))
    assert [record.levelname for record in lines.records] == ["WARNING", "INFO"]
    problem = "no answer within 2 s" if trouble == "broken" else "the service refused it (code 2)"
    assert [record.getMessage() for record in lines.records] == [
        f"could not write 0.0 to {SOLAR}/Link/ChargeCurrent: {problem}",
        f"{SOLAR}/Link/ChargeCurrent takes writes again",
    ]


def test_a_lowered_limit_goes_first_and_a_newer_value_keeps_the_place_of_the_older_one() -> None:
    async def story() -> None:
        bus = Bus()
        writer = Writer(bus.set_value)
        writer.write([Write(SOLAR, "/Link/NetworkMode", 13), Write(SOLAR, "/Link/ChargeCurrent", 30.0)])
        await settle()
        gate = bus.stuck[SOLAR] = asyncio.Event()
        writer.write([Write(SOLAR, "/Link/NetworkMode", 13), Write(SOLAR, "/Link/ChargeVoltage", 28.4)])
        writer.write([Write(SOLAR, "/Link/ChargeVoltage", 28.5), Write(SOLAR, "/Link/BatteryCurrent", 1.0)])
        await settle()
        writer.write([Write(SOLAR, "/Link/ChargeVoltage", 28.6), Write(SOLAR, "/Link/ChargeCurrent", 0.0)])
        gate.set()
        await settle()
        assert [(path, value) for _, path, value in bus.taken[2:]] == [
            ("/Link/NetworkMode", 13),
            ("/Link/ChargeCurrent", 0.0),
            ("/Link/ChargeVoltage", 28.6),
            ("/Link/BatteryCurrent", 1.0),
        ]
        await writer.close()

    asyncio.run(story())


def test_a_refused_write_is_told_and_a_slow_one_is_listed() -> None:
    async def story() -> None:
        bus = Bus()
        failed: list[tuple[str, str]] = []
        writer = Writer(bus.set_value, lambda service, path: failed.append((service, path)))
        bus.codes[SOLAR] = 2
        gate = bus.stuck[MULTI] = asyncio.Event()
        writer.write([Write(SOLAR, "/Link/ChargeCurrent", 30.0), Write(MULTI, "/A", 1), Write(MULTI, "/B", 2)])
        await settle()
        assert failed == [(SOLAR, "/Link/ChargeCurrent")]
        assert writer.under_way(-1.0) == [(MULTI, "/A"), (MULTI, "/B")]
        assert writer.under_way(60.0) == []
        gate.set()
        await settle()
        assert writer.under_way(-1.0) == []
        await writer.close()

    asyncio.run(story())


def test_each_write_is_asked_about_when_it_would_leave_and_what_may_not_is_told() -> None:
    async def story() -> None:
        bus = Bus()
        asked: list[tuple[Write, Value]] = []
        dropped: list[tuple[str, str]] = []
        may = True

        def may_send(write: Write, sent: Value) -> bool:
            asked.append((write, sent))
            return may

        writer = Writer(bus.set_value, lambda service, path: dropped.append((service, path)), may_send)
        writer.write([Write(SOLAR, "/Link/ChargeCurrent", 30.0)])
        await settle()
        gate = bus.stuck[SOLAR] = asyncio.Event()
        writer.write([Write(SOLAR, "/Link/NetworkMode", 13), Write(SOLAR, "/Link/ChargeCurrent", 40.0)])
        await settle()
        may = False
        gate.set()
        await settle()
        assert asked[-1] == (Write(SOLAR, "/Link/ChargeCurrent", 40.0), 30.0)
        assert bus.taken[-1] == (SOLAR, "/Link/NetworkMode", 13)
        assert (dropped, writer.dropped, writer.failures) == ([(SOLAR, "/Link/ChargeCurrent")], 1, 0)
        may = True
        writer.write([Write(SOLAR, "/Link/ChargeCurrent", 50.0)])
        await settle()
        assert asked[-1] == (Write(SOLAR, "/Link/ChargeCurrent", 50.0), 30.0), "the one before never left"
        await writer.close()

    asyncio.run(story())


def test_what_was_refused_says_nothing_once_somebody_else_controls() -> None:
    async def story() -> None:
        bus = Bus()
        bus.codes[SOLAR] = 2
        writer = Writer(bus.set_value)
        writer.write([Write(SOLAR, "/Link/ChargeCurrent", 30.0)])
        await settle()
        assert [refusal.path for refusal in writer.refusals()] == ["/Link/ChargeCurrent"]
        writer.drop()
        assert writer.refusals() == []
        await writer.close()

    asyncio.run(story())


def test_what_waits_is_dropped_when_control_ends_though_it_comes_back_at_once() -> None:
    async def story() -> None:
        bus = Bus()
        dropped: list[tuple[str, str]] = []
        writer = Writer(bus.set_value, lambda service, path: dropped.append((service, path)))
        gate = bus.stuck[SOLAR] = asyncio.Event()
        writer.write([Write(SOLAR, "/Link/NetworkMode", 13), Write(SOLAR, "/Link/ChargeCurrent", 40.0)])
        await settle()
        writer.drop()
        assert dropped == [(SOLAR, "/Link/ChargeCurrent")]
        gate.set()
        await settle()
        assert bus.taken == [(SOLAR, "/Link/NetworkMode", 13)]
        await writer.close()

    asyncio.run(story())


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time is what somebody says."""

    now = 100.0

    def time(self) -> float:
        return self.now


def test_a_service_is_slow_when_it_has_kept_us_waiting_for_longer() -> None:
    async def story() -> None:
        loop, bus = asyncio.get_running_loop(), Bus()
        assert isinstance(loop, Clock)
        writer = Writer(bus.set_value)
        bus.stuck[MULTI] = asyncio.Event()
        writer.write([Write(MULTI, "/A", 1)])
        await settle()
        for at, slow in ((102.0, False), (102.1, True)):
            loop.now = at
            assert writer.under_way(2.0) == ([(MULTI, "/A")] if slow else [])
        loop.now = 250.0
        assert writer.under_way(149.0) == [(MULTI, "/A")]
        await writer.close()

    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(story())


def test_one_that_may_not_leave_holds_up_no_other() -> None:
    async def story() -> None:
        bus = Bus()
        writer = Writer(bus.set_value, may_send=lambda write, _sent: write.path != "/A")
        writer.write([Write(SOLAR, "/A", 1), Write(SOLAR, "/B", 2)])
        await settle()
        assert bus.taken == [(SOLAR, "/B", 2)]
        await writer.close()

    asyncio.run(story())


def test_what_is_not_0_is_a_refusal_and_the_same_value_again_is_not_lower() -> None:
    async def story() -> None:
        bus = Bus()
        bus.codes[SOLAR] = -1
        writer = Writer(bus.set_value)
        writer.write([Write(SOLAR, "/A", 5.0)])
        await settle()
        assert (writer.written, writer.failures) == (1, 1)
        gate = bus.stuck[SOLAR] = asyncio.Event()
        writer.write([Write(SOLAR, "/B", 1.0)])
        await settle()
        writer.write([Write(SOLAR, "/C", 2.0), Write(SOLAR, "/A", 5.0)])
        gate.set()
        await settle()
        assert [path for _, path, _ in bus.taken] == ["/A", "/B", "/C", "/A"]
        await writer.close()
        assert writer.refusals() == []

    asyncio.run(story())


def test_at_the_end_it_is_waited_for_who_does_not_let_go_and_nothing_follows() -> None:
    async def story() -> None:
        taken: list[str] = []

        async def stubborn(_service: str, path: str, _value: Value) -> int:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)
            taken.append(path)
            return 0

        writer = Writer(stubborn)
        writer.write([Write(SOLAR, "/A", 1), Write(SOLAR, "/B", 2)])
        await settle()
        await writer.close()
        assert taken == ["/A"]
        await settle()
        assert taken == ["/A"]

    asyncio.run(story())
