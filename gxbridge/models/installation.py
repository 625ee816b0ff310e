"""Judge what an installation says about its BMS against what that model really is."""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.core.model.record import record
from gxbridge.models.bms_model import Alternator, Catalogue, FoundModel, Terminal

_ALTERNATOR_WORDS: dict[Alternator, str] = {
    "none": ", nor any other provision for an alternator",
    "port": ": it has an alternator port of {a} A",
    "atc-mode": ": it has an Alternator ATC mode of its relay",
}


@record
class InstalledBms:
    """What a configuration claims. Anything not said is None or empty and is not judged.

    `control` asks that the GX controls chargers by what this BMS says (DVCC); `terminals` are those wired to inputs.
    """

    model: str
    nominal_voltage_v: int | None = None
    batteries: int | None = None
    control: bool = False
    alternator: Alternator = "none"
    terminals: tuple[Terminal, ...] = ()


@record
class ModelProblem:
    """`key` is the field of Installation that is at fault, `fact` what is true of the model, `cure` what to do."""

    key: str
    fact: str
    cure: str

    def __str__(self) -> str:
        return f"{self.fact}; {self.cure}"


def check_installation(wanted: InstalledBms, catalogue: Catalogue) -> list[ModelProblem]:
    """Everything an installation asks of its BMS model that the model cannot give; empty if all is well."""
    found = catalogue.find(wanted.model)
    if found is None:
        names = ", ".join(catalogue.names())
        return [
            ModelProblem("model", f"{wanted.model!r} is not a BMS model that gxbridge knows", f"write one of: {names}")
        ]
    return [
        *_voltage(wanted, found),
        *_batteries(wanted, found, catalogue.max_batteries),
        *_control(wanted, found, catalogue),
        *_alternator(wanted, found),
        *_terminals(wanted, found),
    ]


def remark(wanted: InstalledBms, catalogue: Catalogue) -> str | None:
    """What is worth knowing but no error: a model at its end of life and its successor."""
    found = catalogue.find(wanted.model)
    if found is None or found.model.successor is None:
        return None
    return f"{found.name} has reached its end of life; its successor is the {found.model.successor}"


def _voltage(wanted: InstalledBms, found: FoundModel) -> Iterator[ModelProblem]:
    allowed = found.model.facts.voltages_v
    if wanted.nominal_voltage_v is not None and wanted.nominal_voltage_v not in allowed:
        yield ModelProblem(
            "nominal_voltage_v",
            f"the {found.name} connects to a {found.model.features['System voltage']} system, "
            f"not to {wanted.nominal_voltage_v} V",
            f"write {' or '.join(map(str, allowed))}, or the model that is installed",
        )


def _batteries(wanted: InstalledBms, found: FoundModel, family: int) -> Iterator[ModelProblem]:
    most = found.max_batteries(wanted.nominal_voltage_v, family)
    if wanted.batteries is None:
        return
    if wanted.batteries > most:
        yield ModelProblem(
            "batteries",
            f"at most {most} batteries connect to the {found.name}, not {wanted.batteries}",
            "correct the number, or divide the bank over several BMSes",
        )
    elif wanted.batteries < 1:
        yield ModelProblem("batteries", f"{wanted.batteries} is not a number of batteries", f"write 1 to {most}")


def _control(wanted: InstalledBms, found: FoundModel, catalogue: Catalogue) -> Iterator[ModelProblem]:
    facts = found.model.facts
    if not wanted.control or facts.dvcc or {"charge", "discharge"} & set(wanted.terminals):
        return
    able = " or ".join(model.name for model in catalogue.models if model.facts.dvcc)
    cure = f"use a {able} for DVCC"
    if "charge" in facts.terminals:
        cure = f"wire its charge and discharge terminals to digital inputs (stop only, no limits), or {cure}"
    yield ModelProblem("control", f"the {found.name} cannot be controlled through a GX device (DVCC)", cure)


def _alternator(wanted: InstalledBms, found: FoundModel) -> Iterator[ModelProblem]:
    facts = found.model.facts
    if wanted.alternator not in ("none", facts.alternator):
        asked = "an alternator port" if wanted.alternator == "port" else "an Alternator ATC mode"
        has = _ALTERNATOR_WORDS[facts.alternator].format(a=facts.alternator_a)
        yield ModelProblem(
            "alternator",
            f"the {found.name} does not have {asked}{has}",
            f"write alternator: {facts.alternator}",
        )


def _terminals(wanted: InstalledBms, found: FoundModel) -> Iterator[ModelProblem]:
    for terminal in wanted.terminals:
        if terminal not in found.model.facts.terminals:
            yield ModelProblem(
                "terminals",
                f"the {found.name} has no {terminal} terminal",
                f"it has: {', '.join(found.model.facts.terminals)}; remove the input from the configuration",
            )
