"""`gxbridge advise`: the overview's recommendations from flags or questions, with reasons, accessories and cautions."""

from __future__ import annotations

import itertools
import json

import pytest

from gxbridge.cli import main
from gxbridge.commands.advise import ask
from gxbridge.models import catalogue
from gxbridge.models.advice import Answers, advise

YES_NO_OPEN = (True, False, None)
FIVE = ("inverter-charger", "gx", "alternator", "dc-loads", "contactor")


@pytest.mark.parametrize(
    ("flags", "model"),
    [
        # the five system design recommendations of the overview
        ("--voltage 12 --no-inverter-charger --no-alternator", "Small BMS"),
        ("--voltage 24 --no-inverter-charger", "Small BMS"),
        ("--voltage 48 --no-inverter-charger --gx", "Small BMS"),
        ("--voltage 12 --inverter-charger --gx --no-alternator", "VE.Bus BMS V2"),
        ("--voltage 24 --inverter-charger --gx", "VE.Bus BMS V2"),
        ("--voltage 48 --inverter-charger --gx --no-contactor", "VE.Bus BMS V2"),
        ("--voltage 12 --contactor", "Lynx Smart BMS"),
        ("--voltage 24 --inverter-charger --gx --contactor", "Lynx Smart BMS"),
        ("--voltage 24 --inverter-charger --gx --alternator --dc-loads --contactor", "Lynx Smart BMS"),
        ("--voltage 12 --alternator --no-inverter-charger", "Smart BMS CL 12/100"),
        ("--voltage 12 --alternator", "Smart BMS CL 12/100"),
        ("--voltage 12 --alternator --dc-loads --inverter-charger", "Smart BMS 12/200"),
        ("--voltage 12 --alternator --dc-loads --inverter-charger --gx --no-contactor", "Smart BMS 12/200"),
        # and what it implies
        ("--voltage 24 --alternator", "Lynx Smart BMS"),
        ("--voltage 24 --alternator --dc-loads --no-inverter-charger --no-contactor", "Small BMS"),
        ("--inverter-charger", "VE.Bus BMS V2"),
        ("--voltage 24 --inverter-charger --no-gx --no-contactor", "VE.Bus BMS V2"),
    ],
)
def test_the_recommendation(flags: str, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", *flags.split(), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["recommendation"] == model
    assert told["reasons"]
    assert told["accessories"]
    assert main(["advise", *flags.split()]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"Recommended: {model}")


@pytest.mark.parametrize("flags", ["", "--voltage 24", "--gx", "--no-contactor", "--dc-loads"])
def test_too_little_said_is_no_recommendation_but_questions(flags: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", *flags.split(), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["recommendation"] is None
    assert told["others"]
    assert "inverter_charger" in told["open"]
    assert ("voltage" in told["open"]) == ("voltage" not in flags)
    assert main(["advise", *flags.split()]) == 0
    assert "No recommendation yet" in capsys.readouterr().out


def test_the_small_bms_is_named_in_all_the_ways_of_the_overview(capsys: pytest.CaptureFixture[str]) -> None:
    main(["advise", "--voltage", "24", "--no-inverter-charger"])
    assert "Recommended: Small BMS (SmallBMS, SmallBMS with pre-alarm)" in capsys.readouterr().out


def test_what_is_lost_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    main(["advise", "--voltage", "24", "--inverter-charger", "--no-gx", "--alternator", "--dc-loads", "--no-contactor"])
    out = capsys.readouterr().out
    assert "without a GX device" in out
    assert "no alternator port" in out
    assert "DC loads connect directly" in out
    main(["advise", "--voltage", "12", "--alternator", "--gx", "--no-inverter-charger"])
    assert "cannot control chargers through it (DVCC)" in capsys.readouterr().out


def test_a_provisional_recommendation_names_its_condition(capsys: pytest.CaptureFixture[str]) -> None:
    main(["advise", "--inverter-charger"])
    assert "provided that there is a GX device" in capsys.readouterr().out
    main(["advise", "--alternator", "--dc-loads", "--inverter-charger", "--no-gx"])
    assert "provided that it is a 12 V system" in capsys.readouterr().out
    main(["advise", "--alternator", "--voltage", "24"])
    assert "provided that a contactor is needed" in capsys.readouterr().out


def test_the_cable_to_a_multiplus_is_for_those_who_may_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    main(["advise", "--voltage", "12", "--alternator", "--no-inverter-charger"])
    assert "to MultiPlus" not in capsys.readouterr().out
    main(["advise", "--voltage", "12", "--alternator"])
    assert "Cable for Smart BMS CL 12/100 to MultiPlus" in capsys.readouterr().out


def test_every_combination_of_answers_gives_a_model_that_fits() -> None:
    whole = catalogue()
    for volts in (12, 24, 48, None):
        for rest in itertools.product(YES_NO_OPEN, repeat=5):
            answers = Answers(volts, *rest)
            result = advise(answers, whole)
            assert result.best or result.others
            if result.best is None:
                assert result.ask
                continue
            facts = result.best.model.facts
            assert not result.best.model.end_of_life
            assert volts is None or volts in facts.voltages_v
            assert facts.contactor or not answers.contactor
            assert result.best not in result.others


def test_an_impossible_voltage_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["advise", "--voltage", "36"])
    assert caught.value.code == 2


# Questions


def answering(*lines: str) -> tuple[Answers, list[str], list[str]]:
    asked: list[str] = []
    said: list[str] = []
    given = iter(lines)

    def reader(question: str) -> str:
        asked.append(question)
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    return ask(reader, lambda line: said.append(str(line))), asked, said


def test_the_questions_in_order_and_their_answers() -> None:
    answers, asked, _ = answering("24 V", "y", "no", "", "Ja", "n")
    assert answers == Answers(24, True, False, None, True, False)
    assert len(asked) == 6
    assert "voltage" in asked[0]


def test_a_wrong_answer_is_asked_again() -> None:
    answers, asked, said = answering("36", "48", "perhaps", "y", "", "", "", "")
    assert answers == Answers(48, True)
    assert len(asked) == 8
    assert len(said) == 2


def test_the_end_of_input_leaves_the_rest_open() -> None:
    assert answering("12")[0] == Answers(12)


class Terminal:
    def isatty(self) -> bool:
        return True


def test_questions_are_asked_on_a_terminal_without_flags(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = iter(["24", "y", "y", "n", "n", "n"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda _: next(lines))
    assert main(["advise"]) == 0
    assert "Recommended: VE.Bus BMS V2" in capsys.readouterr().out


def test_a_flag_means_that_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("asked"))
    assert main(["advise", "--gx"]) == 0


FLAGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "--voltage": (("--voltage", "12"), ("--voltage", "24"), ("--voltage", "48"), ()),
    **{flag: ((f"--{flag}",), (f"--no-{flag}",), ()) for flag in FIVE},
}


def test_every_combination_of_flags_gives_what_the_answers_give(capsys: pytest.CaptureFixture[str]) -> None:
    """All 4 x 3^5 command lines: a flag left out is an open question, and nothing is ever asked on the way."""
    names = {name for model in catalogue().models if model.advice for name in (model.name,)}
    answers = itertools.product((12, 24, 48, None), *[(True, False, None)] * 5)
    for words, given in zip(itertools.product(*FLAGS.values()), answers, strict=True):
        assert main(["advise", "--json", *itertools.chain(*words)]) == 0
        told = json.loads(capsys.readouterr().out)
        result = advise(Answers(*given), catalogue())
        assert told["recommendation"] == (result.best.model.name if result.best else None)
        assert told["open"] == list(result.ask)
        assert told["certain"] == (result.best is not None and not result.ask)
        everybody = [told["recommendation"] or "", *(other["model"] for other in told["others"] + told["excluded"])]
        assert sorted(filter(None, everybody)) == sorted(names), "each of the five is recommended, possible or excluded"


def test_a_contactor_without_a_gx_device_is_recommended_with_what_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    main(["advise", "--contactor", "--no-gx"])
    assert "no charger is controlled by its limits" in capsys.readouterr().out
    main(["advise", "--contactor", "--gx"])
    assert "no charger is controlled by its limits" not in capsys.readouterr().out
