"""`gxbridge advise`: which BMS fits an installation, with the reasons and the accessories."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from gxbridge.models.advice import ASKING, FLAGS, Answers, Candidate, Recommendation, advise
from gxbridge.models.bms_model import QUESTIONS, Question

YES = frozenset({"y", "yes", "j", "ja"})
NO = frozenset({"n", "no", "nein"})

_FLAG_HELP: dict[Question, str] = {
    "inverter_charger": "there is an inverter or inverter/charger",
    "gx": "there is a GX device",
    "alternator": "an alternator charges the battery",
    "dc_loads": "there are DC loads",
    "contactor": "a safety relay must disconnect DC loads or inverters",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Recommends a BMS. A flag that is not given leaves its question open; without any flag, on a terminal, "
        "the questions are asked."
    )
    parser.add_argument("--voltage", type=int, choices=(12, 24, 48), help="system voltage")
    for question, text in _FLAG_HELP.items():
        parser.add_argument(FLAGS[question], action=argparse.BooleanOptionalAction, default=None, help=text)
    parser.add_argument("--json", action="store_true", help="the recommendation as one JSON object")


def run(args: argparse.Namespace) -> int:
    from gxbridge.models import catalogue

    answers = Answers(**{question: getattr(args, question) for question in QUESTIONS})
    if not answers.any and sys.stdin.isatty():
        answers = ask(input, print)
    result = advise(answers, catalogue())
    if args.json:
        print(json.dumps(as_json(result), ensure_ascii=False, indent=2))
    else:
        print("\n".join(recommendation_page(result)))
    return 0


def ask(reader: Callable[[str], str], say: Callable[[str], object]) -> Answers:
    """Put the six questions; an empty answer, or the end of input, leaves one open."""
    given: dict[str, Any] = {}
    for question in QUESTIONS:
        hint = "12/24/48" if question == "voltage" else "y/n"
        while True:
            try:
                line = reader(f"{ASKING[question]} [{hint}, Enter: open] ").strip().lower()
            except EOFError:
                return Answers(**given)
            if not line:
                break
            answer = _answer(question, line)
            if answer is not None:
                given[question] = answer
                break
            say(f"Please answer {hint.replace('/', ', ')}, or Enter to leave it open.")
    return Answers(**given)


def _answer(question: Question, line: str) -> bool | int | None:
    if question == "voltage":
        volts = line.removesuffix("v").strip()
        return int(volts) if volts in ("12", "24", "48") else None
    return True if line in YES else False if line in NO else None


def as_json(result: Recommendation) -> dict[str, Any]:
    """`recommendation` is the model's name as the overview writes it, or null while the answers decide nothing; it is
    `certain` when no open question could change it."""
    best = result.best
    return {
        "recommendation": best.model.name if best else None,
        "names": list(best.model.all_names) if best else [],
        "certain": bool(best and not result.ask),
        "reasons": list(result.reasons),
        "cautions": list(result.cautions),
        "accessories": list(result.accessories),
        "open": list(result.ask),
        "others": [{"model": c.model.name, "because": c.advice.because, "open": list(c.open)} for c in result.others],
        "excluded": [{"model": c.model.name, "because": list(c.against)} for c in result.excluded],
    }


def recommendation_page(result: Recommendation) -> Iterator[str]:
    best = result.best
    if best is None:
        yield "No recommendation yet: the answers do not decide between the models."
    else:
        yield f"Recommended: {_named(best)}"
        if best.open:
            yield f"  provided that {_provided(best)}"
        for reason in result.reasons:
            yield f"  + {reason}"
        for caution in result.cautions:
            yield f"  - {caution}"
        yield "Accessories (optional):"
        for accessory in result.accessories:
            yield f"  * {accessory}"
    if result.others:
        yield "Also possible:"
        for other in result.others:
            yield f"  {_named(other)}: {other.advice.because}"
    if result.excluded:
        yield "Not suitable:"
        for candidate in result.excluded:
            yield f"  {candidate.model.name}: {'; '.join(candidate.against)}"
    if result.ask:
        yield "Still open:"
        for question in result.ask:
            yield f"  {ASKING[question]} ({FLAGS[question]})"


def _named(candidate: Candidate) -> str:
    """The overview writes this model's name in more than one way; say them all, so that each is found."""
    names = candidate.model.names if candidate.model.name == "Small BMS" else ()
    return candidate.model.name + (f" ({', '.join(names)})" if names else "")


def _provided(best: Candidate) -> str:
    wanted = {condition.question: condition.answer for condition in best.advice.conditions}
    words: dict[Question, tuple[str, str]] = {
        "inverter_charger": ("there is no inverter or inverter/charger", "there is an inverter or inverter/charger"),
        "gx": ("there is no GX device", "there is a GX device"),
        "alternator": ("there is no alternator", "there is an alternator"),
        "dc_loads": ("there are no DC loads", "there are DC loads"),
        "contactor": ("a contactor is not needed", "a contactor is needed"),
    }
    return " and ".join(
        words[question][wanted[question]] if question in words else f"it is a {wanted[question]} V system"
        for question in best.open
    )
