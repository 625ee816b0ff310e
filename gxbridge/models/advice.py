"""Which BMS fits: the overview's recommendations as conditions, held against what is known of an installation."""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.core.model.record import record
from gxbridge.models.bms_model import QUESTIONS, Advice, BmsModel, Catalogue, Condition, Question


@record
class Answers:
    """What is known of the installation; None is an open question."""

    voltage: int | None = None
    inverter_charger: bool | None = None
    gx: bool | None = None
    alternator: bool | None = None
    dc_loads: bool | None = None
    contactor: bool | None = None

    def get(self, question: Question) -> bool | int | None:
        value: bool | int | None = getattr(self, question)
        return value

    @property
    def any(self) -> bool:
        return any(self.get(question) is not None for question in QUESTIONS)


@record
class Candidate:
    """A model held against the answers. `against` is why it cannot be, `open` what must still be answered."""

    model: BmsModel
    advice: Advice
    met: tuple[str, ...]
    open: tuple[Question, ...]
    lost: tuple[str, ...]
    against: tuple[str, ...]
    weight: int
    """Two for each condition that the answers meet, one for what merely speaks for it; the voltage counts nothing, as
    it suits several models by itself."""
    likely: bool
    """Whether enough is met to recommend it although something is open."""
    unserved: bool
    """An alternator is there and this model has no provision for it."""


@record
class Recommendation:
    """`best` is None where the answers point to no model yet; then `ask` says what would decide."""

    best: Candidate | None
    others: tuple[Candidate, ...]
    excluded: tuple[Candidate, ...]
    reasons: tuple[str, ...]
    cautions: tuple[str, ...]
    accessories: tuple[str, ...]
    ask: tuple[Question, ...]


ASKING: dict[Question, str] = {
    "voltage": "What is the system voltage (12, 24 or 48)?",
    "inverter_charger": "Is there an inverter or inverter/charger?",
    "gx": "Is there a GX device?",
    "alternator": "Does an alternator charge the lithium battery?",
    "dc_loads": "Are there DC loads?",
    "contactor": "Must a safety relay (contactor) disconnect DC loads or inverters?",
}
FLAGS: dict[Question, str] = {question: "--" + question.replace("_", "-") for question in QUESTIONS}


def advise(answers: Answers, catalogue: Catalogue) -> Recommendation:
    """The overview's recommendation for these answers, with reasons, what is lost, and accessories."""
    judged = [_judge(model, model.advice, answers) for model in catalogue.models if model.advice is not None]
    able = sorted((c for c in judged if not c.against), key=_rank)
    excluded = tuple(c for c in judged if c.against)
    best = next((candidate for candidate in able if candidate.likely), None)
    others = tuple(c for c in able if c is not best)
    ask = _ask(best, able, answers)
    if best is None:
        return Recommendation(None, others, excluded, (), (), (), ask)
    return Recommendation(
        best,
        others,
        excluded,
        reasons=tuple(_reasons(best, answers)),
        cautions=(*best.lost, *_cautions(best.model, answers)),
        accessories=tuple(_accessories(best, answers, catalogue)),
        ask=ask,
    )


def _judge(model: BmsModel, advice: Advice, answers: Answers) -> Candidate:
    met: list[str] = []
    open_: list[Question] = []
    lost: list[str] = []
    against = list(_impossible(model, answers))
    asked = {condition.question for condition in advice.conditions}
    serves = model.facts.alternator != "none"
    weight = int(bool(answers.alternator) and serves and "alternator" not in asked)
    hard_weight, hard_open = weight, 0
    for condition in advice.conditions:
        answer = answers.get(condition.question)
        soft = bool(condition.without)
        if answer is None:
            open_.append(condition.question)
            hard_open += not soft
        elif answer == condition.answer:
            met.append(condition.met)
            points = 0 if condition.question == "voltage" else 1 if soft else 2
            weight += points
            hard_weight += 0 if soft else points
        elif soft:
            lost.append(condition.without)
        else:
            against.append(_against(condition))
    return Candidate(
        model,
        advice,
        tuple(met),
        tuple(open_),
        tuple(lost),
        tuple(dict.fromkeys(against)),
        weight,
        likely=hard_weight > 0 and hard_weight >= hard_open,
        unserved=bool(answers.alternator) and not serves,
    )


def _impossible(model: BmsModel, answers: Answers) -> Iterator[str]:
    if answers.voltage is not None and answers.voltage not in model.facts.voltages_v:
        yield f"it connects to {model.features['System voltage']} only"
    if answers.contactor and not model.facts.contactor:
        yield "it has no contactor"


def _against(condition: Condition) -> str:
    if condition.question == "voltage":
        return f"it connects to {condition.answer} V only"
    return f"it is meant for systems {'with' if condition.answer else 'without'} {_NOUN[condition.question]}"


_NOUN: dict[Question, str] = {
    "voltage": "another voltage",
    "inverter_charger": "an inverter/charger",
    "gx": "a GX device",
    "alternator": "an alternator",
    "dc_loads": "DC loads",
    "contactor": "a need for a contactor",
}


def _rank(candidate: Candidate) -> tuple[bool, int, bool, int]:
    """First what the overview recommends outright, then by how much of it applies, then by what is still open."""
    unsure = bool(candidate.open or candidate.lost)
    return unsure, -candidate.weight, candidate.unserved, len(candidate.open) + len(candidate.lost)


def _ask(best: Candidate | None, able: list[Candidate], answers: Answers) -> tuple[Question, ...]:
    """The open questions that could change the answer, in the order they are usually asked."""
    wanted = {question for candidate in able for question in candidate.open}
    if best is None and answers.voltage is None:
        wanted.add("voltage")
    return tuple(question for question in QUESTIONS if question in wanted)


def _reasons(best: Candidate, answers: Answers) -> Iterator[str]:
    yield best.advice.because
    yield from best.met
    if answers.voltage is not None and len(best.model.facts.voltages_v) > 1:
        yield f"it connects to a {answers.voltage} V system"
    if answers.alternator and best.model.facts.alternator == "atc-mode":
        yield "its Alternator ATC mode stops the alternator in time, no further alternator protection is needed"


def _cautions(model: BmsModel, answers: Answers) -> Iterator[str]:
    if answers.alternator and model.facts.alternator == "none":
        yield (
            "it has no alternator port: the alternator needs a charger or regulator of its own that its charge "
            "disconnect terminal stops"
        )
    if answers.gx and not model.facts.dvcc:
        yield (
            "a GX device cannot control chargers through it (DVCC); gxbridge can read its terminals through digital "
            "inputs and stop chargers"
        )
    if answers.gx is False and model.facts.contactor:
        yield (
            "without a GX device its contactor and its terminals protect the battery, but no charger is controlled "
            "by its limits (DVCC)"
        )
    if answers.dc_loads and not model.facts.connection_a:
        yield "DC loads connect directly to the battery and need a remote input that its load disconnect terminal stops"


def _accessories(best: Candidate, answers: Answers, catalogue: Catalogue) -> Iterator[str]:
    for key in best.advice.accessories:
        accessory = catalogue.accessories[key]
        if accessory.only_if is None or answers.get(accessory.only_if) is not False:
            yield f"{accessory.name}: {accessory.use}"
