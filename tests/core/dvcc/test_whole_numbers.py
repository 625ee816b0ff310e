"""Some services give 1.0 where others give 1: on D-Bus that is another type, and it must mean the same."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.run.scenario import play_scenario, step_differences
from tests.core.dvcc.test_parity import FAMILIES


def floating(value: Any) -> Any:
    """The same with every whole number as a floating point number."""
    if isinstance(value, dict):
        return {key: floating(item) for key, item in value.items()}
    return float(value) if isinstance(value, int) else value


def with_floats(scenario: dict[str, Any]) -> dict[str, Any]:
    """A scenario whose services, settings and changes have no whole numbers."""
    steps = [step | {key: floating(step[key]) for key in ("add", "set") if key in step} for step in scenario["steps"]]
    return scenario | {key: floating(scenario.get(key, {})) for key in ("devices", "settings")} | {"steps": steps}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_whole_number_may_come_as_a_floating_point_number(family: str) -> None:
    scenario = FAMILIES[family][0]
    assert not list(step_differences(scenario["expected"], play_scenario(with_floats(scenario), Options.vendor())))
