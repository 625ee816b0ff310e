"""Parts of a round by themselves: when a loss is told as 0 A of discharge, and what of the Multi counts."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.options import DischargeOnLoss, Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.control_round import drawn, loss_is_stop, own_rest, remembered
from gxbridge.core.dvcc.run.decision import Controller
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, SUN_2, can_bms, charger, multi, with_vebus_bms

SPOKEN = Controller(CAN_BMS, "battery", "BMS", 512, 0.0, 0.0)


@pytest.mark.parametrize(
    ("on_loss", "began", "controllers", "stops"),
    [
        ("stop", 990.0, (SPOKEN,), True),
        ("stop", 0.0, (SPOKEN,), True),
        ("stop", 990.05, (SPOKEN,), False),
        ("stop", None, (SPOKEN,), False),
        ("stop", 990.0, (), False),
        ("vendor", 990.0, (SPOKEN,), False),
    ],
)
def test_a_loss_is_a_stop_of_discharge_only_where_it_is_chosen_a_bms_has_spoken_and_ten_seconds_are_over(
    on_loss: DischargeOnLoss, began: float | None, controllers: tuple[Controller, ...], stops: bool
) -> None:
    inputs = read_inputs(Snapshot({}, options=Options(discharge_on_loss=on_loss)))
    assert loss_is_stop(inputs, Memory().but(began=began, controllers=controllers), 1000.0) is stops


@pytest.mark.parametrize(
    ("connected", "current_a", "drawn_a"), [(1, -12.0, -12.0), (1, 12.0, 0.0), (0, -12.0, 0.0), (1, None, 0.0)]
)
def test_a_multi_draws_what_it_takes_out_of_the_battery(connected: int, current_a: Value, drawn_a: float) -> None:
    inputs = read_inputs(Snapshot({MULTI: multi(CONNECTED=connected, CURRENT=current_a)}))
    assert drawn(inputs.multi) == drawn_a
    assert drawn(None) == 0.0


def test_the_rest_is_the_one_multi_s() -> None:
    assert own_rest(read_inputs(Snapshot({})), 40.0) == 40.0
    assert own_rest(read_inputs(Snapshot({MULTI: multi()})), 40.0) == 40.0
    assert own_rest(read_inputs(Snapshot({MULTI: multi()})), None) is None


def test_a_bms_is_remembered_where_a_charger_was_with_one_and_none_is_there() -> None:
    both = {SUN: charger(), SUN_2: charger(BMS_PRESENT=1)}
    assert remembered(read_inputs(Snapshot(both)))
    assert not remembered(read_inputs(Snapshot({SUN: charger(), SUN_2: charger(BMS_PRESENT=2)})))
    assert not remembered(read_inputs(Snapshot(both | {CAN_BMS: can_bms()})))
    assert not remembered(read_inputs(Snapshot(both | {MULTI: with_vebus_bms()})))
    assert remembered(read_inputs(Snapshot(both | {MULTI: multi()})))
