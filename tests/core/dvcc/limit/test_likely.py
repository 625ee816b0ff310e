"""What is likely behind a limit: thresholds to the hundredth of a volt (Lynx Smart BMS and smallBMS manuals)."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.limit.likely import near_the_end, why_no_charge, why_no_discharge
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms, read_bms
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import LYNX


def battery(path: str, value: Value) -> Bms:
    """A battery that says one thing."""
    return read_bms(LYNX, {path: value})


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        (3.76, ["cell-high"]), (3.75, ["cell-high"]), (3.74, ["cell-high-waits"]), (3.6, ["cell-high-waits"]),
        (3.59, []), (None, []),
    ],
)  # fmt: skip
def test_a_full_cell(cell: Value, names: list[str]) -> None:
    assert [cap.name for cap in why_no_charge(battery(p.MAX_CELL_VOLTAGE, cell))] == names


@pytest.mark.parametrize(("cold", "names"), [(4.99, ["cold"]), (5.0, []), (-20.0, ["cold"]), (None, [])])
def test_a_cold_cell(cold: Value, names: list[str]) -> None:
    assert [cap.name for cap in why_no_charge(battery(p.MIN_CELL_TEMPERATURE, cold))] == names


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        (2.79, ["cell-low"]), (2.8, ["cell-low"]), (2.81, ["cell-low-waits"]), (3.19, ["cell-low-waits"]), (3.2, []),
        (None, []),
    ],
)  # fmt: skip
def test_an_empty_cell(cell: Value, names: list[str]) -> None:
    assert [cap.name for cap in why_no_discharge(battery(p.MIN_CELL_VOLTAGE, cell))] == names


@pytest.mark.parametrize(("cell", "names"), [(3.1, ["pre-alarm"]), (3.11, []), (2.0, ["pre-alarm"]), (None, [])])
def test_a_cell_that_is_nearly_empty(cell: Value, names: list[str]) -> None:
    assert [cap.name for cap in near_the_end(battery(p.MIN_CELL_VOLTAGE, cell))] == names
