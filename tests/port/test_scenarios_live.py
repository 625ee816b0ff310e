"""Some of the vendor's scenarios with the running service and devices in a process of their own, on the real clock.

First `gxbridge link try`, as a user would; then, step by step, each charger must come to hold in its LINK registers
what the vendor's program was seen to write. What is shared and depends on how long it was before is for
`test_scenarios.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.contract.scene import Orders, Scene, backdrop, scene
from tests.core.dvcc.test_parity import SCENARIOS
from tests.port.actors import PARTS, Items, elsewhere, kind_of, on_vecan, unique_of
from tests.port.audience import DEVICE_WORDS, PORT_WORDS
from tests.port.reach import VECAN, Scenario, reach, words
from tests.runtime.service import wait_for

STEPS = {"everything-02": 2, "ess-02": 3, "multi_rs_feed_in-07": 2, "inverter_rs-05": 1}
"""A Lynx and three chargers; a Multi that leads without a BMS; a Multi RS; an inverter RS beside a charger on D-Bus."""
WITHIN_S = 30.0
CONFIRMED = {"0x2002", "0x201C"}
"""Known from a GX: no try is needed."""
ONCE = {"0x200A"}
"""The battery current is written once, in the third second, and not again while chargers are steered: a user who tries
later than ten seconds after that is told so."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Scene]:
    with backdrop() as behind, scene(tmp_path, behind) as found:
        yield found


def numbers(scenario: Scenario, at: int, there: set[str]) -> dict[str, dict[str, int]]:
    """By charger and register: what it is to hold at the end of a step. What was told to it alone came last."""
    wanted: dict[str, dict[str, int]] = {service: {} for service in there}
    for (service, path), value in words(scenario, at, {VECAN, *there}).items():
        table = PORT_WORDS if service == VECAN else DEVICE_WORDS
        assert isinstance(value, int | float)
        for name in there if service == VECAN else (service,):
            if not (service == VECAN and path == "/Link/NetworkMode" and "/Link/NetworkMode" in DEVICE_WORDS):
                wanted[name][f"0x{table[path].register:04X}"] = table[path].number(value)
    return wanted


def held(devices: Orders, wanted: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int | None]]:
    """What the chargers hold of that."""
    states = {name: devices("state", name)["told"] for name in wanted}
    return {name: {register: states[name].get(register) for register in numbers} for name, numbers in wanted.items()}


def scenario_of(name: str) -> Scenario:
    return next(one for one in SCENARIOS if one["name"] == name)


def actors_of(scenario: Scenario) -> dict[str, Items]:
    """The devices of the beginning that are on the bus."""
    return {service: items for service, items in scenario["devices"].items() if on_vecan(service, items)}


def config_of(bus: Mapping[str, str]) -> dict[str, Any]:
    """What a service needs that owns the port."""
    return {
        "can": [{**bus, "name": "can0", "serve": "all"}],
        "transmit": "link",
        "dvcc": {"mode": "control", "profile": "vendor"},
    }


def appear(others: Orders, scenario: Scenario) -> None:
    """Everybody else comes to D-Bus."""
    actors = actors_of(scenario)
    others("settings", scenario["settings"], 0)
    for service, items in scenario["devices"].items():
        if service not in actors and service != VECAN:
            others("appear", elsewhere(service), items)


def play(name: str, ask: Callable[[str], Any], devices: Orders, others: Orders, config: Path) -> None:
    """The service runs, and everybody is there. `ask`: for a path of our own service."""
    scenario = scenario_of(name)
    assert reach(scenario).steps >= STEPS[name]
    actors = actors_of(scenario)
    chargers = {service for service in actors if PARTS[kind_of(service)].linked}
    wait_for(lambda: ask("/Can/can0/Frames"), lambda count: isinstance(count, int) and count > 0, "frames", WITHIN_S)
    for service in actors:  # they said who they are before anybody listened
        devices("announce", service)
    first = sorted(chargers)[0]
    link_try(ask, config, first, set(numbers(scenario, 0, chargers)[first]) - CONFIRMED - ONCE)
    for at in range(STEPS[name]):
        for service, items in scenario["steps"][at].get("set", {}).items():
            if service in actors:
                devices("play", service, items)
            else:
                others("set", elsewhere(service), items)
        wanted = numbers(scenario, at, chargers)
        wanted = {name: {one: raw for one, raw in told.items() if one not in ONCE} for name, told in wanted.items()}
        assert any(wanted.values())
        wait_for(lambda wanted=wanted: held(devices, wanted), wanted, f"{name} {at}", WITHIN_S)  # type: ignore[misc]


def link_try(ask: Callable[[str], Any], config: Path, charger: str, registers: set[str]) -> None:
    """What is only inferred is confirmed with one charger, for all. `registers`: what that one is told."""

    def unconfirmed() -> str:
        found = {ask(f"/Findings/{number}/Id"): ask(f"/Findings/{number}/Text") for number in range(8)}
        return str(found.get("link-unconfirmed"))

    wait_for(unconfirmed, lambda text: all(one in text for one in registers), "everything stands on D-Bus", WITHIN_S)
    command = [sys.executable, "-m", "gxbridge", "link", "--config", str(config), "try", str(unique_of(charger))]
    report = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = report.stdout.splitlines()
    assert lines, report.stderr
    said = {line.partition(" ")[0]: line for line in lines}
    past = said.keys() & ONCE
    assert all(": confirmed" in said[one] or "was not written for 10 s" in said[one] for one in past), lines
    assert [line for one, line in said.items() if one not in past and ": confirmed" not in line] == []
    assert registers <= said.keys()


@pytest.mark.parametrize("name", STEPS)
def test_chargers_come_to_hold_what_the_vendors_program_tells_them(stage: Scene, name: str) -> None:
    bus = {"interface": "gxsocket", "channel": str(stage.wire.directory)}
    actors = json.dumps(actors_of(scenario_of(name)))
    with ExitStack() as stack:
        where = ("--interface", bus["interface"], "--channel", bus["channel"], "--actors", actors)
        devices = Orders(sys.executable, "-m", "tests.port.live", *where)
        stack.callback(devices.close)
        appear(stage.others, scenario_of(name))
        stage.start(**config_of(bus))
        play(name, stage.ask, devices, stage.others, stage.folder / "gxbridge.yaml")
