"""The items of a limit are made anew whenever anything of them is another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gxbridge.core.dvcc.limit.cap import Cap, Limit
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.model.items import Value
from gxbridge.core.publish.explanation import Situation
from gxbridge.core.publish.own_items import OwnItems
from tests.core.boat import SOLAR

CAP = Cap(50.0, "A", "bms-ccl", "said", "com.victronenergy.battery.x", "/Info/MaxChargeCurrent", 1.0, "text", {})
LIMIT = Limit("charger", SOLAR, 50.0, "A", (CAP,), "50 A: text.")
SITUATION = Situation(
    *("control", "control", "strict", "gxbridge", ""),
    Decision(limits=(LIMIT,)),
    {("charger", SOLAR): 5.0},
    {SOLAR: "MPPT"},
    {SOLAR: 279},
)


def shown(own: OwnItems, situation: Situation) -> dict[str, Value]:
    items = own.render(situation, tuple, {}, 10.0, 0.0)
    return {path: value for path, value in items.items() if path.startswith("/Limits/")}


def with_limit(**changes: Any) -> Situation:
    return replace(SITUATION, decision=Decision(limits=(LIMIT._replace(**changes),)))


OTHERS = {
    "Value": with_limit(value=40.0),
    "Reason": with_limit(sentence="50 A: another text."),
    "ReasonId": with_limit(caps=(CAP._replace(name="user-current"),)),
    "ReasonArguments": with_limit(caps=(CAP._replace(arguments={"bms": "Lynx"}),)),
    "Since": replace(SITUATION, since={("charger", SOLAR): 6.0}),
    "Name": replace(SITUATION, names={SOLAR: "Port MPPT"}),
    "DeviceInstance": replace(SITUATION, instances={SOLAR: 280}),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_change_of_anything_is_shown_at_once(what: str) -> None:
    own = OwnItems("1", ())
    before = shown(own, SITUATION)
    assert shown(own, SITUATION) == before
    after = shown(own, OTHERS[what])
    assert after == shown(OwnItems("1", ()), OTHERS[what])
    assert {path for path in before if before[path] != after[path]} == {f"/Limits/Charger/0/{what}"}
