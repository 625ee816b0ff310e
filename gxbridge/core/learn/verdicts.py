"""Which hypothesis is certain, which only likely, and what cannot be told apart. Strict: a wrong meaning that is called
certain is worse than ten that are not found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Literal

from gxbridge.core.learn.codes import are_same
from gxbridge.core.learn.fields import LEAST_CHANGES
from gxbridge.core.learn.matching import Hypothesis, hypotheses
from gxbridge.core.learn.numeric import NUMBER_DISTINCT
from gxbridge.core.learn.recording import LearnRecording, PathKey, RegisterKey, RegisterSeries
from gxbridge.core.model.named_tuple import NamedTuple

RegisterVerdict = Literal["certain", "likely", "ambiguous", "no evidence"]

CERTAIN_CHANGES, CERTAIN_HELD_OUT = 5, 2
"""Changes of a number that must be explained, in all and in the half that was held out."""
CODE_CHANGES, CODE_HELD_OUT = 6, 3
"""The same for flags and codes, which have less to say."""
RIVAL_MISSES: Final = 2
"""A hypothesis with so few misses more is as good: one lost frame makes as many."""
BUSY: Final = 3
"""A flag in a register that changes so much more often than the flag may be a part of a number."""
SLOW: Final = 0.7
"""Raw numbers that stayed and were shown, for each change: with so many, what only goes with a value would have been
found out."""
SHARP, FAST_CHANGES = 0.99, 30
"""What never stays must be shown at one delay, in so many changes: two sensors of one voltage are otherwise taken for
each other."""


TOLD: Final = ("/Link/", "/BatteryOperationalLimits/", "/BatterySense/", "/ExtraBatteryCurrent")
"""Paths that the GX writes to chargers and Multis: what comes from a BMS goes there (dbus-systemcalc-py)."""


class RegisterFinding(NamedTuple):
    """What was found about some bits of a register; about the whole register where nothing was.

    `rivals`: what else explains it as well, in words. `reason`: why it is not certain, or why there is nothing.
    """

    key: RegisterKey
    verdict: RegisterVerdict
    hypothesis: Hypothesis | None
    rivals: tuple[str, ...]
    reason: str
    register_changes: int


KnownBits = Callable[[RegisterKey], int]
"""The bits of a register that the database accounts for; 0 for a register that it does not know."""


def learn(recording: LearnRecording, known_bits: KnownBits) -> list[RegisterFinding]:
    """A finding for each unknown register, or for each field found in it, and for unknown bits that mean something."""
    of_register = {key: _settled(found) for key, found in hypotheses(recording)}
    of_path: dict[PathKey, list[Hypothesis]] = {}
    for found in of_register.values():
        for hypothesis in found:
            of_path.setdefault(hypothesis.path, []).append(hypothesis)
    taken = {path for path, found in of_path.items() if any(one.is_exact and one.is_strong for one in found)}
    findings: list[RegisterFinding] = []
    for key, series in recording.registers.items():
        known = known_bits(key)
        found = [one for one in of_register[key] if not one.mask & known and (one.is_exact or one.path not in taken)]
        if found:
            findings += _of_register(key, series, found, of_path)
        elif not known:
            findings.append(RegisterFinding(key, "no evidence", None, (), _nothing(series), len(series.raws) - 1))
    return sorted(findings, key=lambda finding: (finding.key.register, finding.key))


def _nothing(series: RegisterSeries) -> str:
    changes = len(series.raws) - 1
    if changes <= 0:
        return "it never changed"
    if changes < LEAST_CHANGES:
        return f"it changed only {'once' if changes == 1 else 'twice'}"
    return "nothing on D-Bus follows it"


def _of_register(
    key: RegisterKey, series: RegisterSeries, found: list[Hypothesis], of_path: dict[PathKey, list[Hypothesis]]
) -> Iterable[RegisterFinding]:
    """Hypotheses about the same bits are one finding."""
    changes = len(series.raws) - 1
    left = sorted(found, key=_rank)
    while left:
        best = left[0]
        same = [other for other in left[1:] if other.mask & best.mask]
        left = [other for other in left[1:] if other not in same]
        paths = [other for other in same if _says_else(best, other) and _as_good(best, other)]
        sources = [
            other
            for other in of_path[best.path]
            if (other.key != best.key or not other.mask & best.mask) and _as_good(best, other)
        ]
        rivals = [f"{other.path.service} {other.path.path} x {other.scale:g}" for other in paths]
        rivals += [_place(other) for other in sources]
        verdict, reason = _verdict(best, changes, bool(paths), bool(sources))
        yield RegisterFinding(key, verdict, best, tuple(dict.fromkeys(rivals)), reason, changes)


def _says_else(best: Hypothesis, other: Hypothesis) -> bool:
    """Whether another hypothesis about the same bits means another path, or another scale."""
    if other.path != best.path:
        return True
    same_kind = (other.meanings is None) == (best.meanings is None)
    return same_kind and (other.scale, other.offset) != (best.scale, best.offset)


def _rank(hypothesis: Hypothesis) -> tuple[object, ...]:
    """The best first: exact before nearly, numbers before codes, then the fewest misses and the most evidence."""
    evidence = hypothesis.evidence
    return evidence.near, hypothesis.meanings is not None, evidence.all_misses, -evidence.bits


def _as_good(best: Hypothesis, other: Hypothesis) -> bool:
    """Whether another hypothesis explains nearly as much."""
    mine, its = best.evidence, other.evidence
    return its.near <= 2 * mine.near and its.all_misses <= mine.all_misses + RIVAL_MISSES


def _place(hypothesis: Hypothesis) -> str:
    key, layout = hypothesis.key, hypothesis.layout
    return f"register 0x{key.register:04X} of {key.bus} {key.source}, bit {layout.offset}"


def _verdict(best: Hypothesis, changes: int, other_paths: bool, other_sources: bool) -> tuple[RegisterVerdict, str]:
    if other_paths:
        return "ambiguous", "another path showed the same, or another scale gives it"
    if other_sources and best.meanings is not None:
        return "ambiguous", "other bits changed with it"
    if other_sources and not best.is_exact:
        return "ambiguous", "another register says nearly the same"
    if other_sources:
        return "likely", "another register says the same"
    for words in _doubts(best, changes):
        return "likely", words
    return "certain", ""


def _doubts(best: Hypothesis, changes: int) -> Iterable[str]:
    """What keeps a hypothesis from being certain."""
    evidence = best.evidence
    is_number = best.meanings is None
    least, least_held_out = (CERTAIN_CHANGES, CERTAIN_HELD_OUT) if is_number else (CODE_CHANGES, CODE_HELD_OUT)
    if evidence.steady:
        yield "it only counts on evenly: two clocks that were started together are not told apart"
    if evidence.near:
        yield f"its values come out within {evidence.near:g} steps only: noise, or something else that goes with it"
    if evidence.coarse:
        yield "D-Bus shows fewer digits than it has: something else that is nearly the same is not told apart"
    if best.path.path.startswith(TOLD):
        yield "the path shows what the device was told, which others know too"
    if not best.is_own:
        yield "the log does not tell whose service it is"
    if evidence.all_misses:
        yield f"{evidence.all_misses} of its values were not explained"
    if evidence.matches < least or evidence.held_out < least_held_out:
        yield "too few changes"
    if is_number and evidence.distinct < NUMBER_DISTINCT:
        yield "too few different values"
    if not best.is_strong:
        yield f"chance is not excluded: {evidence.bits:.0f} bits of evidence, {best.bits_needed:.0f} needed"
    is_slow = evidence.stays >= SLOW * evidence.matches
    if not is_slow and (evidence.sharp < SHARP or evidence.matches < FAST_CHANGES):
        yield "what changes so fast could be something that only goes with it"
    if not is_number and changes > BUSY * (evidence.changes + evidence.held_out):
        yield "other bits of the register change far more often: it may be a part of a number"


def _settled(found: list[Hypothesis]) -> list[Hypothesis]:
    """Without what another hypothesis about the register says better: bits of a number, and cells around a cell."""
    numbers = [one for one in found if one.meanings is None and (one.is_exact or one.is_strong)]
    codes = [one for one in found if one.meanings is not None]
    same = [one for one in codes if one.meanings is not None and are_same(one.meanings)]
    same = [one for one in same if one.is_strong and not any(_is_around(other, one) for other in same)]
    strong = [one for one in numbers if one.is_strong] + same
    codes = [one for one in codes if not _overlaps(one, strong)]
    codes = [one for one in codes if not any(_is_inside(other, one) for other in codes)]
    exact = [one for one in strong if one.is_exact]
    kept = [one for one in numbers if one.is_exact or not _overlaps(one, exact)]
    kept = [one for one in kept if not any(_says_better(other, one) for other in kept)]
    return kept + same + [one for one in codes if not _is_made_of(one, codes)]


def _overlaps(one: Hypothesis, others: list[Hypothesis]) -> bool:
    return any(one.mask & other.mask for other in others)


def _says_better(other: Hypothesis, one: Hypothesis) -> bool:
    """Of two about the same path and overlapping bits, the one that is exact, or has clearly fewer misses."""
    return (
        other is not one
        and other.path == one.path
        and bool(other.mask & one.mask)
        and (other.evidence.near, other.evidence.all_misses + RIVAL_MISSES)
        < (one.evidence.near, one.evidence.all_misses)
    )


def _is_around(other: Hypothesis, one: Hypothesis) -> bool:
    """Whether another cell says the same with more bits: a code of its own numbers has a whole byte."""
    return other.path == one.path and bool(other.mask & one.mask) and other.layout.width > one.layout.width


def _is_inside(other: Hypothesis, one: Hypothesis) -> bool:
    """Whether a cell says no more than another: the smaller one counts, but two bits that are always opposite are one
    cell of two bits, as the registers of a Lynx have them. Cells of one width never share a bit."""
    if other is one or other.path != one.path or not other.mask & one.mask:
        return False
    if one.layout.width < other.layout.width:
        return other.layout.width == 2 and _is_opposite(other)
    return not (one.layout.width == 2 and _is_opposite(one))


def _is_made_of(one: Hypothesis, codes: list[Hypothesis]) -> bool:
    """Whether a cell is two or more smaller ones side by side, each with a meaning of its own: then what follows all of
    them is made of them, on D-Bus too."""
    parts = {other.mask for other in codes if other.mask & one.mask and other.layout.width < one.layout.width}
    return len(parts) > 1


def _is_opposite(hypothesis: Hypothesis) -> bool:
    return set(hypothesis.meanings or ()) - {0} == {1, 2}
