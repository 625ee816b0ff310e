"""Findings as entries for `can_db/`, with the confidence CANDIDATE: never built into a database until somebody has
confirmed them and says how sure he is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

from gxbridge.core.learn.codes import are_same
from gxbridge.core.learn.fields import FieldLayout
from gxbridge.core.learn.matching import Hypothesis
from gxbridge.core.learn.recording import COMPARED_BYTES, LearnRecording, RegisterKey
from gxbridge.core.learn.verdicts import RegisterFinding
from gxbridge.core.nmea2000.fast_packet import split
from gxbridge.core.nmea2000.field import raw_number
from gxbridge.core.nmea2000.frame import identifier
from gxbridge.core.nmea2000.vreg import payload, pgn_for

WRITTEN: Final = ("certain", "likely")
SOURCE: Final = "learned"
WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
UNITS: Final = {
    "voltage": "V", "v": "V", "current": "A", "i": "A", "power": "W", "p": "W", "soc": "%", "soh": "%",
    "temperature": "°C", "amphours": "Ah", "capacity": "Ah", "yield": "kWh", "energy": "kWh",
    "frequency": "Hz", "f": "Hz",
}  # fmt: skip
"""The unit of a path by its last word, where paths of vendor's services have one."""

OF_TIME: Final = {1 / 60: "raw / 60", 1 / 3600: "raw / 3600"}
"""Scales that are no decimal numbers."""

DeviceFamilies = Callable[[RegisterKey], str | None]


def candidates(
    recording: LearnRecording, findings: Iterable[RegisterFinding], family_of: DeviceFamilies, name: str, when: str
) -> Iterator[str]:
    """The lines of a file of `can_db/`. `name`: of the recording; `when`: its day."""
    of_register: dict[int, list[RegisterFinding]] = {}
    for finding in findings:
        if finding.verdict in WRITTEN:
            of_register.setdefault(finding.key.register, []).append(finding)
    yield "# Candidates, found by `gxbridge learn` in a recording. None is built into a database with this confidence:"
    yield "# check each by other means, give it its name and its source, and say how sure it is (docs/learn.md)."
    yield f"- {{source: {SOURCE}, title: {_quoted(f'found by comparison in {name} of {when}')}}}"
    for register, found in sorted(of_register.items()):
        yield ""
        yield from _entry(recording, register, _without_overlaps(found), family_of)


def _without_overlaps(found: list[RegisterFinding]) -> list[RegisterFinding]:
    """One finding for each field, of the device that says most; in the order of the bits."""
    kept: list[RegisterFinding] = []
    for finding in sorted(found, key=_weight):
        layout = _hypothesis(finding).layout
        sizes = {one.key.size for one in kept}
        if all(not _hypothesis(one).layout.mask & layout.mask for one in kept) and sizes <= {finding.key.size}:
            kept.append(finding)
    return sorted(kept, key=lambda finding: _hypothesis(finding).layout.offset)


def _weight(finding: RegisterFinding) -> tuple[bool, float]:
    evidence = _hypothesis(finding).evidence
    return finding.verdict != "certain", -evidence.bits


def _hypothesis(finding: RegisterFinding) -> Hypothesis:
    assert finding.hypothesis is not None  # noqa: S101 - what is certain or likely has one
    return finding.hypothesis


def _entry(
    recording: LearnRecording, register: int, found: list[RegisterFinding], family_of: DeviceFamilies
) -> Iterator[str]:
    hypotheses = [_hypothesis(finding) for finding in found]
    names = _names(hypotheses)
    for hypothesis, name in zip(hypotheses, names, strict=True):
        if _has_enumeration(hypothesis):
            yield from _enumeration(register, hypothesis, name)
    paths = ", ".join(dict.fromkeys(hypothesis.path.path for hypothesis in hypotheses))
    kinds = {hypothesis.path.service.split(".")[2] for hypothesis in hypotheses}
    yield f"- vreg: 0x{register:04X}"
    yield f"  name: VE_REG_CANDIDATE_{register:04X}"
    yield f"  title: {_quoted('Candidate: ' + paths + ' of a ' + ' and a '.join(sorted(kinds)))}"
    yield "  access: R"
    yield "  fields:"
    for hypothesis, name in zip(hypotheses, names, strict=True):
        yield f"    - {{{_field(register, hypothesis, name)}}}"
    notes = "; ".join(_note(finding, name) for finding, name in zip(found, names, strict=True))
    yield f"  note: {_quoted(notes)}"
    families = sorted({family for finding in found if (family := family_of(finding.key)) is not None})
    if families:
        yield f"  families: [{', '.join(families)}]"
    yield f"  source: {SOURCE}"
    yield "  confidence: CANDIDATE"
    yield "  samples:"
    key = hypotheses[0].key
    series = recording.registers[key]
    for value in dict.fromkeys((series.first, series.last)):
        yield from _sample(key, value, hypotheses, names)


def _enumeration(register: int, hypothesis: Hypothesis, name: str) -> Iterator[str]:
    meanings = ", ".join(
        f"{raw}: {_quoted(f'shown as {shown}')}" for raw, shown in sorted((hypothesis.meanings or {}).items())
    )
    yield f"- enumeration: {_enumeration_name(register, name)}"
    yield f"  values: {{{meanings}}}"
    yield f"  source: {SOURCE}"
    yield "  confidence: CANDIDATE"


def _enumeration_name(register: int, name: str) -> str:
    return f"candidate_{register:04x}_{name}"


def _has_enumeration(hypothesis: Hypothesis) -> bool:
    return hypothesis.meanings is not None and not are_same(hypothesis.meanings)


def _field(register: int, hypothesis: Hypothesis, name: str) -> str:
    layout = hypothesis.layout
    words = f"name: {name}, at: {layout.offset}, type: {type_of(hypothesis)}"
    if _has_enumeration(hypothesis):
        return f"{words}, enum: {_enumeration_name(register, name)}"
    if hypothesis.meanings is None:
        scale, unit = _scale(hypothesis), _unit(hypothesis)
        words += "" if scale == 1 else f", scale: {scale:f}"
        words += f", unit: {_quoted(unit)}" if unit else ""
    return words


def type_of(hypothesis: Hypothesis) -> str:
    """The type in the words of `can_db/types.yaml`."""
    layout = hypothesis.layout
    if hypothesis.meanings is not None:
        return f"raw{layout.width}"
    return f"{'s' if layout.signed else 'u'}{layout.width}"


def _scale(hypothesis: Hypothesis) -> Decimal:
    """The scale as the database takes it: positive and decimal; the rest is in the note."""
    size = abs(hypothesis.scale)
    return Decimal(1) if size in OF_TIME else Decimal(str(size)).normalize()


def _unit(hypothesis: Hypothesis) -> str:
    words = [word.lower() for word in WORD.findall(hypothesis.path.path)]
    last = [word for word in words if not word.isdigit()][-1:]
    unit = UNITS.get(last[0], "") if last else ""
    if hypothesis.path.path == "/TimeToGo":
        unit = "s"
    if hypothesis.offset:
        unit = "K"
    return "" if abs(hypothesis.scale) in OF_TIME else unit


def _note(finding: RegisterFinding, name: str) -> str:
    hypothesis = _hypothesis(finding)
    evidence = hypothesis.evidence
    words = f"{name} {finding.verdict}"
    words += f", {evidence.changes} changes and {evidence.held_out} held out, {evidence.all_misses} not explained"
    words += f", shown as {shown_as(hypothesis)}" if hypothesis.meanings is None else ""
    return words + (f" ({finding.reason})" if finding.reason else "")


def shown_as(hypothesis: Hypothesis) -> str:
    """How D-Bus shows a raw number, in words."""
    scale, offset = hypothesis.scale, hypothesis.offset
    size = abs(scale)
    words = OF_TIME.get(size, "raw" if size == 1 else f"raw x {size:g}")
    return f"{'-' if scale < 0 else ''}{words}{f' {offset:+g}' if offset else ''}"


def _names(hypotheses: list[Hypothesis]) -> list[str]:
    """Names of fields, from the paths; a second one of a name gets its bit."""
    found: list[str] = []
    for hypothesis in hypotheses:
        words = [word.lower() for word in WORD.findall(hypothesis.path.path)]
        name = "_".join(words) or "value"
        name = name if name[0].isalpha() else f"value_{name}"
        found.append(name if name not in found else f"{name}_bit_{hypothesis.layout.offset}")
    return found


def _sample(key: RegisterKey, value: bytes, hypotheses: list[Hypothesis], names: list[str]) -> Iterator[str]:
    whole = payload(key.register, value)
    pgn = pgn_for(whole)
    can_id = f"{identifier(pgn, key.source, priority=7):08X}"
    frames = [whole] if len(whole) <= 8 else list(split(whole, 0))
    says = ", ".join(f"{name}: {_said(value, hypothesis)}" for hypothesis, name in zip(hypotheses, names, strict=True))
    lines = [f"{can_id}#{frame.hex().upper()}" for frame in frames]
    yield f"    - frame: {lines[0]}" if len(lines) == 1 else f"    - frames: [{', '.join(lines)}]"
    yield f"      says: {{{says}}}"
    yield "      origin: real"
    yield f"      source: {SOURCE}"


def _said(value: bytes, hypothesis: Hypothesis) -> str:
    layout = hypothesis.layout
    raw = raw_number(value[:COMPARED_BYTES], layout.offset, layout.width, layout.signed)
    if raw is None or (hypothesis.meanings is None and raw == missing_code(layout)):
        return "null"
    if hypothesis.meanings is not None:
        return str(raw)
    numerator, denominator = _scale(hypothesis).as_integer_ratio()
    top = raw * numerator
    return str(top if denominator == 1 else top / denominator)


def missing_code(layout: FieldLayout) -> int:
    """The topmost code of a number, which is "not available"."""
    return (1 << (layout.width - 1 if layout.signed else layout.width)) - 1


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
