"""What is granted, as numbers that are lower when less is granted: a lower one cannot wait for the next round."""

from __future__ import annotations

from math import inf

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.rules.rule import RuledLimit, RuleVerdict
from gxbridge.core.dvcc.run.memory import Granted, Memory
from gxbridge.core.dvcc.run.withdrawn import read_granted, withdrawn
from gxbridge.core.model.items import Value
from gxbridge.core.model.permission import Stop
from tests.core.dvcc.world import CAN_BMS, LYNX, MULTI, Items, lynx, with_vebus_bms

ALL = Granted(27.4, 800.0, 1200.0, 1, 1, 1, 1, inf, inf, 0, 0, inf, inf, inf, 0, inf, inf, inf)
STOP = Stop("x", "", 0.0, "stop")


def granted(services: dict[str, Items], stops: tuple[Stop, ...] = (), **settings: Value) -> Granted:
    """What is granted in an installation."""
    values = {getattr(p, name): value for name, value in settings.items()}
    return read_granted(
        read_inputs(Snapshot(services, values, charge_stops=stops, discharge_stops=stops[:1])), Memory()
    )


@pytest.mark.parametrize(
    ("changes", "settings", "differs"),
    [
        ({}, {}, {}),
        ({"CVL": 27.0}, {}, {"cvl": 27.0}),
        ({"CVL": 57.0}, {}, {"cvl": 57.0, "voltage": 0}),
        ({"CCL": None}, {}, {"ccl": -1}),
        ({"CCL": 0.0}, {}, {"ccl": 0}),
        ({"DCL": None}, {}, {"dcl": -1}),
        ({"ALLOW_CHARGE": 0}, {}, {"charge": 0}),
        ({"ALLOW_CHARGE": None}, {}, {"charge": 0}),
        ({"ALLOW_DISCHARGE": 0}, {}, {"discharge": 0}),
        ({"ALLOW_DISCHARGE": None}, {}, {"discharge": 0.5}),
        ({}, {"SET_MAX_CURRENT": -1}, {}),
        ({}, {"SET_MAX_CURRENT": 0}, {"user_a": 0}),
        ({}, {"SET_MAX_CURRENT": 0.5}, {"user_a": 0.5}),
        ({}, {"SET_MAX_VOLTAGE": 0}, {}),
        ({}, {"SET_MAX_VOLTAGE": -2}, {}),
        ({}, {"SET_MAX_VOLTAGE": 0.5}, {"user_v": 0.5}),
        ({}, {"SET_MAX_VOLTAGE": 27.0}, {"user_v": 27.0}),
    ],
)
def test_what_is_granted(changes: dict[str, Value], settings: dict[str, Value], differs: dict[str, float]) -> None:
    assert granted({LYNX: lynx(**changes)}, **settings) == ALL._replace(**differs)


@pytest.mark.parametrize(
    ("says", "refusals"),
    [
        ({}, 0),
        ({"ALLOW_CHARGE": None}, -1),
        ({"ALLOW_CHARGE": 0}, -2),
        ({"ALLOW_DISCHARGE": None}, -1),
        ({"ALLOW_DISCHARGE": 0}, -2),
        ({"ALLOW_CHARGE": 0, "ALLOW_DISCHARGE": None}, -3),
    ],
)
def test_of_the_others_a_no_is_less_than_unknown(says: dict[str, Value], refusals: float) -> None:
    inputs = read_inputs(Snapshot({LYNX: lynx()}, {}))
    (other,) = read_inputs(Snapshot({CAN_BMS: lynx(**says)}, {})).batteries
    inputs = inputs._replace(bank=inputs.bank._replace(others=(other,)))
    assert read_granted(inputs, Memory()).bank_refusals == refusals


def test_without_a_bms_nothing_is_said_and_others_may_stop() -> None:
    nothing = Granted(-1, -1, -1, 1, 1, 1, 1, inf, inf, 0, 0, inf, inf, inf, 0, inf, inf, inf)
    assert granted({}) == nothing
    for allowed, word in ((1, 1), (0, 0), (None, 0)):
        assert granted({MULTI: with_vebus_bms(BMS_ALLOW_CHARGE=allowed)}) == nothing._replace(vebus=word)
    assert granted({}, (STOP, STOP)) == nothing._replace(charge_stops=-2, discharge_stops=-2)
    unknown = STOP._replace(refused=False)
    assert granted({}, (unknown,)) == nothing._replace(charge_stops=-1, discharge_stops=-1)


def allows(limits: RuledLimit, value: float | None) -> RuleVerdict:
    """What a rule of the user's allows."""
    return RuleVerdict(limits, value, "A", "rule", "", {})


def test_of_several_rules_for_a_limit_the_least_counts_and_one_that_withholds_is_less_than_any() -> None:
    rules = (allows("CCL", 20.0), allows("CVL", 27.0), allows("CCL", 10.0), allows("DCL", 5.0), allows("DCL", None))
    inputs = read_inputs(Snapshot({}, {}))._replace(rules=rules)
    found = read_granted(inputs, Memory())
    assert (found.rules_cvl, found.rules_ccl, found.rules_dcl) == (27.0, 10.0, -1.0)


def test_less_of_anything_is_taken_back_and_more_or_as_much_is_not() -> None:
    assert not withdrawn(None, ALL)
    assert not withdrawn(ALL, ALL)
    for name, value in ALL._asdict().items():
        less = ALL._replace(**{name: min(value, 1e6) - 0.5})
        assert withdrawn(ALL, less)
        assert not withdrawn(less, ALL)
        assert not withdrawn(less, less)
