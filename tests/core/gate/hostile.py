"""The decision replaced by random, wrong and malicious ones: `python -m tests.core.gate.hostile [LOOKS] [SEED]`.

Each world lives for some looks, in which something happens, a policy asks for writes, the gate passes some, and the
oracle judges what was passed. It ends with 1 and the first cases when a rule was broken.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from random import Random

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.gate import GateMemory, pass_on
from gxbridge.core.gate.raw_words import RawWords
from gxbridge.core.model.items import Value
from gxbridge.core.model.permission import Stop
from gxbridge.core.setup import Setup
from tests.core.gate.oracle import CHARGE, DISCHARGE, SENSE, SWITCH, VOLTAGE, WRITABLE, Oracle, Order
from tests.core.gate.worlds import TrueWorld, change_world, make_world

LOOKS_PER_WORLD = 60
PATHS = (*sorted(WRITABLE), SWITCH, "/Link/ChargeCurrentLimit", "/Settings/ChargeCurrentLimit", "/Dc/0/Voltage", "")
VALUES: tuple[Value, ...] = (
    *(None, 0, 0.0, 1, 5, 13, 8, 0.01, 3.0, 12.5, 26.0, 27.0, 28.5, 50, 100.0, 400.0, 1e5, -1, -0.5, 1e308),
    *(math.nan, math.inf, -math.inf, "", "100", True, False),
)
Policy = Callable[[TrueWorld, Random], Iterator[Order]]


def ask(world: TrueWorld, paths: tuple[str, ...], value: Callable[[], Value]) -> Iterator[Order]:
    """A value for everybody that has one of the paths."""
    for name, items in world.services().items():
        for path in paths:
            if path in items:
                yield name, path, value()


def at_random(world: TrueWorld, chance: Random) -> Iterator[Order]:
    """Anything to anybody."""
    names = [*world.services(), "com.victronenergy.settings", "x"]
    for _ in range(chance.randint(1, 12)):
        yield chance.choice(names), chance.choice(PATHS), chance.choice(VALUES)


def greedy(world: TrueWorld, chance: Random) -> Iterator[Order]:
    """Everybody all there is."""
    most = chance.choice([20.0, 100.0, 400.0, 5000.0])
    yield from ask(world, (*CHARGE, "/Dc/0/MaxChargeCurrent"), lambda: most)
    yield from ask(world, VOLTAGE, lambda: chance.choice([27.05, 27.7, 28.3, 28.45, 29.0, 56.0]))


def one_by_one(world: TrueWorld, chance: Random) -> Iterator[Order]:
    """A large current to one in each look, so that the sum grows over looks; or twice in the same."""
    for order in list(ask(world, CHARGE, lambda: chance.choice([100.0, 60.0]))):
        if chance.random() < 0.4:
            yield order
            if chance.random() < 0.3:
                yield order


def nearly_right(world: TrueWorld, chance: Random) -> Iterator[Order]:
    """A little above what the own BMS says."""
    own = world.own
    ccl, cvl = (own.ccl or 10.0, own.cvl or 27.0) if own is not None else (50.0, 27.4)
    count = max(sum(CHARGE[0] in items for items in world.services().values()), 1)
    yield from ask(world, CHARGE, lambda: ccl / count + chance.choice([0.0, 0.2, 1.0, 35.0]))
    yield from ask(world, VOLTAGE, lambda: cvl + chance.choice([0.0, 0.1, 0.4, 0.5, 1.0]))
    yield from ask(world, DISCHARGE, lambda: chance.choice([49.0, 50.0, 51.0, 601.0]))


def blackout(world: TrueWorld, chance: Random) -> Iterator[Order]:
    """No discharge, whatever the BMS says."""
    yield from ask(world, DISCHARGE, lambda: chance.choice([0, 0.0, 0.5]))
    yield from ask(world, ("/BatteryOperationalLimits/BatteryLowVoltage",), lambda: chance.choice([30.0, None, 20.0]))


def false_sense(world: TrueWorld, chance: Random) -> Iterator[Order]:
    """A voltage too low, a temperature too low, no control at all."""
    yield from ask(world, SENSE, lambda: chance.choice([13.2, 20.0, 24.0, 26.0, 26.4]))
    yield from ask(world, ("/Link/TemperatureSense",), lambda: chance.choice([-20.0, 21.0, 0, 300.0]))
    yield from ask(world, ("/Link/NetworkMode",), lambda: chance.choice([0, 1, 4, 5, 9, 13, 13.0, 255]))


def switching(world: TrueWorld, chance: Random) -> Iterator[Order]:
    """Everything on that has a switch, the stopped ones first of all."""
    yield from ask(world, (SWITCH,), lambda: chance.choice([1, 1, 1, 1.0, 4, 2, 3, 0, True, "1"]))


POLICIES: tuple[Policy, ...] = (at_random, greedy, one_by_one, nearly_right, blackout, false_sense, switching)


def setup_of(world: TrueWorld) -> Setup:
    """The configuration of a world."""
    options = Options.strict(
        max_charge_current_a=world.installer_a,
        max_charge_voltage_v=world.installer_v,
        max_discharge_current_a=world.installer_dcl,
        discharge_on_loss=world.on_loss,
        switch_alternators=world.switches,
    )
    return Setup(mode="control", options=options)


STOP = (Stop("com.victronenergy.digitalinput.input_1", "/InputState", 0.0, "a terminal stops"),)


def words_of(world: TrueWorld) -> RawWords:
    """What a world says at its doors."""
    return RawWords(
        world.services(),
        settings=world.settings(),
        stops=STOP if world.stops else (),
        discharge_stops=STOP if world.stops_discharge or world.vebus_discharge_word == "no" else (),
        discharge_unknown=STOP if world.vebus_discharge_word == "unknown" else (),
    )


def live(chance: Random) -> Iterator[list[str]]:
    """One world and its looks: what was broken in each."""
    world, oracle, memory, last = make_world(chance), Oracle(), GateMemory(), ()
    setup = setup_of(world)
    for _ in range(LOOKS_PER_WORLD):
        asked = [
            order for policy in chance.choices(POLICIES, k=chance.randint(1, 2)) for order in policy(world, chance)
        ]
        if chance.random() < 0.1:
            asked = [*asked, *last]  # what was right a moment ago
        writes = [Write(*order) for order in asked]
        passed, memory = pass_on(writes, words_of(world), memory, setup, world.now, own_name=True)
        last = tuple(asked)
        broken = oracle.judge(world, asked, [tuple(write) for write in passed])
        yield [f"{problem}\n    {world}" for problem in broken]
        change_world(world, chance)


def attack(looks: int, seed: int) -> list[str]:
    """What was broken in so many looks."""
    chance = Random(seed)
    broken: list[str] = []
    for _ in range(-(-looks // LOOKS_PER_WORLD)):
        for found in live(chance):
            broken += found
    return broken


if __name__ == "__main__":
    looks, seed = (int(word) for word in (*sys.argv[1:], *("1000000", "0")[len(sys.argv) - 1 :]))
    found = attack(looks, seed)
    print(*found[:5], f"{looks} looks, {len(found)} broken rules.", sep="\n")
    sys.exit(bool(found))
