"""Profile `vendor` answers as the vendor's DVCC was observed to: every step, every write, every value."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.run.scenario import ScenarioPlayer, compare_steps, play_scenario, step_differences

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parents[3]


def load(name: str) -> list[dict[str, Any]]:
    """The scenarios of one file."""
    found: list[dict[str, Any]] = json.loads(gzip.decompress((DATA / name).read_bytes()))
    return found


SCENARIOS = load("dvcc.json.gz")
VARIED = load("varied.json.gz")
WIDE = load("wide.json.gz")
STATED = load("stated.json.gz")
DIFFERENT = {
    "zoo-w2open-128": "same-instance",
    "odd-w2open-6": "same-instance",
    "odd-w2open-17": "same-instance",
    "odd-w2open-43": "same-instance",
    "odd-w2open-67": "same-instance",
    "missing-w2open-18": "same-instance",
    "odd-w2open-1": "missing-input-setting",
}
"""Scenarios that profile `vendor` answers otherwise on purpose, and its name in `docs/dvcc-profiles.md`."""
FAMILIES: dict[str, list[dict[str, Any]]] = defaultdict(list)
for row in SCENARIOS:
    FAMILIES[row["family"]].append(row)


def test_nothing_was_left_out() -> None:
    assert (len(SCENARIOS), len(FAMILIES)) == (195, 34)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_vendor_profile_is_the_vendor(family: str) -> None:
    for scenario in FAMILIES[family]:
        found = list(step_differences(scenario["expected"], play_scenario(scenario, Options.vendor())))
        assert not found, f"{scenario['name']}: {found[:3]}"


@pytest.mark.parametrize("start", range(0, len(VARIED), 10))
def test_the_vendor_profile_is_the_vendor_in_variations_of_them_too(start: int) -> None:
    for scenario in VARIED[start : start + 10]:
        found = list(step_differences(scenario["expected"], play_scenario(scenario, Options.vendor())))
        assert not found, f"{scenario['name']}: {found[:3]}"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_strict_profile_plays_every_scenario_and_never_tells_nonsense(family: str) -> None:
    for scenario in FAMILIES[family]:
        for answer in play_scenario(scenario, Options.strict()):
            for items in answer["devices"].values():
                for path, value in items.items():
                    assert value is None or 0 <= value < 1e5 or path == p.BATTERY_CURRENT, (scenario["name"], items)


@pytest.mark.parametrize("start", range(0, len(WIDE), 10))
def test_the_vendor_profile_is_the_vendor_in_the_corners_but_for_what_is_different_on_purpose(start: int) -> None:
    page = (ROOT / "docs" / "dvcc-profiles.md").read_text()
    for scenario in WIDE[start : start + 10]:
        found = list(step_differences(scenario["expected"], play_scenario(scenario, Options.vendor())))
        name = DIFFERENT.get(scenario["name"])
        assert bool(found) == (name is not None), f"{scenario['name']}: {found[:3]}"
        assert name is None or f"`{name}`" in page


@pytest.mark.parametrize("start", range(0, len(STATED), 10))
def test_what_the_vendors_own_tests_state_holds(start: int) -> None:
    """Only what they state is compared: values that are published, written, and forced in the settings."""
    for scenario in STATED[start : start + 10]:
        player = ScenarioPlayer(Options.vendor(), scenario["platform"])
        player.decide()
        player.publish()
        for at, step in enumerate(scenario["steps"]):
            player.change(step)
            player.run(step["advance_ms"])
            memory = player.memory
            forced = {"bol": memory.dvcc, "vsense": memory.svs, "tsense": memory.sts}
            stated = step.get("stated", {})
            shown = {
                "system": player.system,
                "devices": player.services,
                "settings": {name: None if setting is None else setting.value for name, setting in forced.items()},
            }
            for section, rows in stated.items():
                for key, value in rows.items():
                    found = shown[section].get(key)
                    different = list(compare_steps(value, narrowed(found, value), f"{section} {key}"))
                    assert not different, (scenario["name"], at, different)


def narrowed(found: Any, stated: Any) -> Any:
    """Of what is there only what is stated."""
    return {path: found.get(path) for path in stated} if isinstance(stated, dict) else found
