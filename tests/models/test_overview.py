"""The catalogue against the vendor's overview, cell by cell, and the advice against its recommendations, in every case.

`data/overview.txt` is the comparison table of Victron Energy's "Battery Management System (BMS) Overview", all rows and
columns as printed, cells divided by ` | `.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from gxbridge.models import catalogue
from gxbridge.models.advice import Answers, advise
from gxbridge.models.bms_model import QUESTIONS

WHOLE = catalogue()
TABLE = [
    line.split(" | ")
    for line in (Path(__file__).parent / "data" / "overview.txt").read_text(encoding="utf-8").splitlines()
]
MODELS = TABLE[0][1:]
SMALL, V2, LYNX, CL, SMART = (MODELS[number] for number in (0, 1, 3, 4, 5))

Case = tuple[int | None, bool | None, bool | None, bool | None, bool | None, bool | None]
"""System voltage, inverter/charger, GX, alternator, DC loads, contactor: as Answers, None is open."""


def test_the_table_is_whole() -> None:
    assert (len(TABLE), {len(row) for row in TABLE}) == (20, {8})
    assert list(WHOLE.names()) == MODELS
    assert [row[0] for row in TABLE[1:]] == list(WHOLE.feature_rows)


@pytest.mark.parametrize("row", TABLE[1:], ids=lambda row: row[0])
def test_every_cell_is_what_the_overview_says(row: list[str]) -> None:
    assert [WHOLE.model(name).features[row[0]] for name in MODELS] == row[1:]


def test_what_the_overview_says_of_all_models() -> None:
    assert WHOLE.max_batteries == 20
    assert [name for name in MODELS if WHOLE.model(name).end_of_life] == ["VE.Bus BMS", "BMS 12/200"]
    assert [WHOLE.model(name).successor for name in ("VE.Bus BMS", "BMS 12/200")] == [V2, SMART]


def test_every_accessory_of_the_overview_is_there_by_its_name() -> None:
    """Section "Optional accessories"."""
    assert [accessory.name for key, accessory in WHOLE.accessories.items() if key != "lynx-distributors"] == [
        "VictronConnect app (free download)",
        "Pair of M8 circular connector 3 pole cables",
        "Cable for Smart BMS CL 12/100 to MultiPlus",
        "VE.Direct non inverting remote on/off cable",
        "Inverting remote on-off cable",
        "Non inverting remote on-off cable",
    ]


# Section "System design recommendations": five rules, each a kind of system and a model.
RULES: dict[str, dict[str, bool | int]] = {
    SMALL: {"inverter_charger": False},
    V2: {"inverter_charger": True, "gx": True},
    LYNX: {"contactor": True},
    CL: {"voltage": 12, "alternator": True},
    SMART: {"voltage": 12, "alternator": True, "dc_loads": True, "inverter_charger": True},
}


def by_the_overview(case: Case) -> set[str]:
    """The models whose rule holds, the voltage they connect to and the contactor they lack considered."""
    given = dict(zip(QUESTIONS, case, strict=True))
    held = {name for name, rule in RULES.items() if all(given[key] == value for key, value in rule.items())}
    return held & {LYNX} if given["contactor"] else held


def the_one(case: Case) -> str:
    """The model for a case without open questions. Where rules meet, the one that says more of the system holds."""
    held = by_the_overview(case)
    for name in (LYNX, SMART, CL if SMALL in held or V2 not in held else V2, V2, SMALL):
        if name in held:
            return name
    return V2  # an inverter/charger without a GX device: no rule says it, and no other model can control one


def cases(*, opened: bool) -> Iterator[Case]:
    extra = (None,) if opened else ()
    yield from itertools.product((12, 24, 48, *extra), *[(True, False, *extra)] * 5)


def completions(case: Case) -> Iterator[Case]:
    first = (12, 24, 48) if case[0] is None else (case[0],)
    yield from itertools.product(first, *[(True, False) if answer is None else (answer,) for answer in case[1:]])


def test_every_system_without_open_questions_gets_the_model_of_the_overview() -> None:
    for case in cases(opened=False):
        result = advise(Answers(*case), WHOLE)
        assert result.best is not None, case
        assert result.best.model.name == the_one(case), case
        assert (result.ask, result.best.open) == ((), ())
        held = by_the_overview(case)
        told = {result.best.model.name, *(candidate.model.name for candidate in result.others)}
        assert told >= held, f"{case}: every model whose rule holds is named"
        assert bool(result.best.lost) == (not held), f"{case}: where no rule holds, what is lost is said"


def test_open_questions_never_lead_where_no_answer_to_them_leads() -> None:
    certain = undecided = 0
    for case in cases(opened=True):
        result = advise(Answers(*case), WHOLE)
        possible = {the_one(complete) for complete in completions(case)}
        if result.best is None:
            undecided += 1
            assert len(possible) > 1, f"{case}: every answer leads to {possible}"
            assert result.ask
            continue
        assert result.best.model.name in possible, case
        assert not result.best.model.end_of_life
        if not result.ask:
            certain += 1
            assert possible == {result.best.model.name}, case
        asked = {question for question, answer in zip(QUESTIONS, case, strict=True) if answer is None}
        assert set(result.ask) <= asked, f"{case}: nothing is asked that was answered"
        assert set(result.best.open) <= set(result.ask)
        assert result.reasons
        assert result.accessories
    assert (certain > 96, undecided < 4 * 3**5 / 4) == (True, True)
