"""Chance tells the story: chargers, their sun, the BMS, the bus, the controller and gxbridge itself do anything.

Whenever a charger makes more because of a word, be it of a current or of a mode, all together make no more than the BMS
allowed within the last seconds. This holds whatever is lost but for what nobody can know: see docs/link-order.md.
"""

from __future__ import annotations

from collections import deque
from random import Random

import pytest

from gxbridge.core.model.items import Value
from tests.core.boat import ALL_WELL, CCL, IO, NO_CHARGE
from tests.port.node import BMS_LOST, CHARGE_LIMIT, DEVICE_STATE, ERROR_CODE, OFF, SimNode
from tests.port.test_link import CURRENT, NETWORK, VOLTAGE
from tests.port.test_served_stories import ServedSea

OWN_A = {"mppt": 70, "mppt-rs": 200, "multi-rs": 100, "multi-rs-2": 100}
UNTOLD = b"\xff\xff"
FOLLOWS_S = 4.0
"""Two looks, and what is on its way."""
EVENTS = (
    "limit", "limit", "limit", "refuse", "allow", "sun", "sun", "bus off", "bus on", "bus on", "start", "leave",
    "come", "come", "no answer", "bms lost", "a minute",
)  # fmt: skip


SEEDS = (7, 22, 24, 29)
"""With the last three it would fail if a mode for everybody went before chargers have said what they hold."""


class AnySea(ServedSea):
    """The vendor's controller writes: modes first, no current for a solar charger that is off."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.master = False
        self.most: deque[float] = deque([10_000.0], maxlen=round(FOLLOWS_S * 10))
        """What was allowed, in the tenths of a second of late (A)."""
        self.before: dict[str, float] = {}
        super().__init__(*self.chance.sample(sorted(OWN_A), self.chance.randint(2, 4)))
        for name, node in self.nodes.items():
            limit = (OWN_A[name] * 10).to_bytes(2, "little")
            node.told.clear()
            node.set({0xEDF0: limit, CHARGE_LIMIT: self.chance.choice((UNTOLD, limit))})
            node.source_a = float(self.chance.choice((0, 20, OWN_A[name])))
            if self.chance.random() < 0.5:
                node.set({ERROR_CODE: bytes([BMS_LOST])})
        self.before = {name: may_make(node) for name, node in self.nodes.items()}
        self.master = True

    def write(self) -> None:
        super().write()
        if not self.master:
            return
        there = [name for name in self.nodes if self.service(name) != "gone"]
        off = {name for name in there if self.nodes[name].registers[DEVICE_STATE][0] == OFF}
        words: list[tuple[str | None, str, Value]] = [
            (name, NETWORK, 13) for name in there if not name.startswith("multi")
        ]
        words += [(None, NETWORK, 13), (None, VOLTAGE, 28.4)]
        steered = [name for name in there if name.startswith("multi") or name not in off]
        parts = [self.chance.choice((1, 1, 3)) for _ in steered]
        for name, part in zip(steered, parts, strict=True):
            words.append((name, CURRENT, min(self.allowed / 10 * part / sum(parts), OWN_A[name])))
        for whose, path, value in words:
            self.answers.add(self.say_link(whose, path, value).code)

    def _check(self) -> None:
        self.most.append(self.allowed / 10)
        made = {name: may_make(node) for name, node in self.nodes.items()}
        for name, amps in made.items():
            raised = amps > self.before.get(name, amps) + 0.01
            if raised and (CHARGE_LIMIT in self.nodes[name].told or not self.before[name]):
                assert sum(made.values()) <= max(self.most) + 0.2 * len(made), (self.now, name, self.before, made)
        self.before = made

    def happen(self) -> None:
        name = self.chance.choice(list(self.nodes))
        node = self.nodes[name]
        match self.chance.choice(EVENTS):
            case "limit":
                self.said[CCL] = self.chance.choice((0, 100, 300, 1000, 2000))
            case "refuse":
                self.said[IO] = NO_CHARGE
            case "allow":
                self.said[IO] = ALL_WELL
            case "sun":
                node.source_a = float(self.chance.choice((0, 10, OWN_A[name])))
                self.before[name] = may_make(node)
            case "bus off":
                self.bus_off = True
            case "bus on":
                self.bus_off = False
            case "start":
                self.start_anew()
            case "leave":
                self.master = False
            case "come":
                self.master = True
            case "no answer":
                node.lose_acks = self.chance.choice((1, 3))
            case "bms lost":
                node.told.clear()
                node.set({CHARGE_LIMIT: UNTOLD, ERROR_CODE: bytes([BMS_LOST])})
            case _:
                self.sail(60)


def may_make(node: SimNode) -> float:
    """What it makes, or what its word lets it make when the sun comes."""
    if node.registers[ERROR_CODE][0]:
        return 0.0
    return node.told[CHARGE_LIMIT][0] / 10 if CHARGE_LIMIT in node.told else node.source_a


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_raised_beyond_what_the_bms_allows(seed: int) -> None:
    sea = AnySea(seed)
    for _ in range(25):
        sea.sail(sea.chance.choice((0.3, 1, 3, 8, 20)))
        sea.happen()
