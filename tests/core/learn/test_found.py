"""Known registers hidden, and found again: how many, with the right scale, and never a wrong one called certain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from gxbridge.core.learn.evidence import shown_changes
from gxbridge.core.learn.recording import LearnRecording, PathKey
from gxbridge.core.learn.verdicts import RegisterFinding, learn
from tests.core.learn.boats import ATC, ATD, CHARGER, LYNX, Driver, lively, truth
from tests.core.learn.recorded_boat import Made, recorded_boat

CHANGES = 5
RECALL = 0.95
DRIVERS = {
    "at once": Driver(),
    "1 s later": Driver((1.0, 1.0)),
    "0 to 3 s later": Driver((0.0, 3.0)),
    "0 to 3 s later, values overtake each other": Driver((0.0, 3.0), overtaking=True),
    "two decimals": Driver((0.0, 0.5), decimals=2),
    "one decimal": Driver((0.0, 3.0), decimals=1),
    "noise on D-Bus": Driver((0.0, 0.2), noise_steps=0.5),
    "noise on D-Bus, 0 to 3 s later": Driver((0.0, 3.0), noise_steps=0.5),
}


def found_by_place(findings: Iterable[RegisterFinding]) -> dict[tuple[int, int, int], RegisterFinding]:
    """By source, register and first bit."""
    return {
        (one.key.source, one.key.register, one.hypothesis.layout.offset): one
        for one in findings
        if one.hypothesis is not None
    }


def changes_of(recording: LearnRecording, service: str, path: str) -> int:
    series = recording.paths.get(PathKey(service, path))
    return 0 if series is None else len(shown_changes(series))


def is_right(finding: RegisterFinding, path: str, scale: float) -> bool:
    """The path and the scale; what is 1 in a code is 1."""
    one = finding.hypothesis
    assert one is not None
    return one.path.path == path and abs(one.scale - scale) < 1e-9


@pytest.mark.parametrize(("seed", "driver"), list(enumerate(DRIVERS, 1)))
def test_95_of_100_numbers_of_a_lively_boat_are_found_and_no_wrong_one_is_certain(seed: int, driver: str) -> None:
    recording = lively(seed, DRIVERS[driver])
    findings = learn(recording, lambda _key: 0)
    found = found_by_place(findings)
    counts: Counter[bool] = Counter()
    for sender in (LYNX, CHARGER):
        for (register, path), (offset, scale) in truth((sender,)).items():
            if changes_of(recording, sender.service, path) < CHANGES:
                continue
            one = found.get((sender.address, register, offset))
            counts[one is not None and one.verdict in ("certain", "likely") and is_right(one, path, scale)] += 1
    assert counts.total() >= 18
    assert counts[True] >= RECALL * counts.total(), counts
    assert not wrong_and_certain(findings)


def wrong_and_certain(findings: Iterable[RegisterFinding]) -> list[str]:
    right = {(register, path): place for (register, path), place in truth().items()}
    wrong = []
    for one in findings:
        if one.verdict != "certain" or one.hypothesis is None:
            continue
        register, path, offset = one.key.register, one.hypothesis.path.path, one.hypothesis.layout.offset
        if register == 0x2108:
            meanings = {1: 1, 2: 0}
            ok = (path, offset) in ((ATC, 2), (ATD, 4)) and one.hypothesis.meanings == meanings
        else:
            ok = (register, path) in right and right[register, path][0] == offset
            ok = ok and abs(right[register, path][1] - one.hypothesis.scale) < 1e-9
        if not ok:
            wrong.append(f"0x{register:04X} bit {offset} as {path}")
    return wrong


@pytest.fixture(scope="module")
def quick() -> dict[tuple[int, int, int], RegisterFinding]:
    """What is found where the driver shows everything at once."""
    return found_by_place(learn(lively(3), lambda _key: 0))


def test_permissions_of_two_bits_are_found_in_a_word_of_flags(
    quick: dict[tuple[int, int, int], RegisterFinding],
) -> None:
    for offset, path in ((2, ATC), (4, ATD)):
        one = quick[LYNX.address, 0x2108, offset]
        assert one.hypothesis is not None
        assert (one.verdict, one.hypothesis.path.path, one.hypothesis.layout.width) == ("certain", path, 2)
        assert one.hypothesis.meanings == {1: 1, 2: 0}


def test_a_state_has_the_same_numbers_on_d_bus(quick: dict[tuple[int, int, int], RegisterFinding]) -> None:
    one = quick[CHARGER.address, 0x0201, 0]
    assert one.verdict == "certain"
    assert one.hypothesis is not None
    assert (one.hypothesis.path.path, one.hypothesis.meanings) == ("/State", {0: 0, 3: 3, 4: 4})


def test_kelvin_is_found_where_degrees_celsius_are_shown(quick: dict[tuple[int, int, int], RegisterFinding]) -> None:
    one = quick[LYNX.address, 0xEDEC, 0]
    assert one.hypothesis is not None
    assert (one.hypothesis.scale, one.hypothesis.offset, one.verdict) == (0.01, -273.15, "likely")
    assert "fewer digits" in one.reason  # hundredths on CAN, tenths on D-Bus


def test_lost_frames_make_it_likely_at_least() -> None:
    recording = lively(4, Driver((0.0, 1.0)), lost=0.01)
    found = found_by_place(learn(recording, lambda _key: 0))
    rows = [(place, key) for key, place in truth((LYNX,)).items() if changes_of(recording, LYNX.service, key[1]) >= 20]
    right = [
        one.verdict in ("certain", "likely") and is_right(one, path, scale)
        for (offset, scale), (register, path) in rows
        if (one := found.get((LYNX.address, register, offset))) is not None
    ]
    assert sum(right) >= 0.9 * len(rows)


def test_more_noise_leaves_wide_numbers_likely_and_makes_no_wrong_one_certain() -> None:
    findings = learn(lively(5, Driver((0.0, 0.2), noise_steps=2.0)), lambda _key: 0)
    found = found_by_place(findings)
    for register in (0xED8F, 0x0FFF, 0x0391):
        part = LYNX.registers[register][0]
        one = found[LYNX.address, register, 0]
        assert one.verdict == "likely"
        assert "noise" in one.reason
        assert is_right(one, part.path, part.scale)
    assert not wrong_and_certain(findings)


def test_without_claims_nothing_is_certain_but_the_boat_is_found_all_the_same() -> None:
    """Whose service is whose cannot be told then: two devices may show one voltage."""
    findings = learn(lively(6, claims=False), lambda _key: 0)
    assert not [one for one in findings if one.verdict == "certain"]
    assert sum(one.verdict == "likely" for one in findings) >= 15


# --- a real boat ------------------------------------------------------------------------------------------------------


def twins(recording: LearnRecording, one: Made) -> bool:
    """Whether another path of the service shows the same values, or their negatives: nobody can tell them apart."""
    mine = recording.paths[PathKey(one.service, one.path)]
    for key, other in recording.paths.items():
        if key.service != one.service or key.path == one.path:
            continue
        differing = sum(
            abs(value or 0.0) != abs(other.at(t + 0.5) or 0.0) for t, value in zip(mine.times, mine.values, strict=True)
        )
        if differing <= 0.1 * len(mine.values):
            return True
    return False


@pytest.mark.parametrize(("seed", "delay_s", "decimals"), [(1, 0.0, None), (3, 3.0, 1)])
def test_what_a_real_boat_showed_is_found_in_registers_that_said_it(
    seed: int, delay_s: float, decimals: int | None
) -> None:
    recording, made = recorded_boat(seed, delay_s=delay_s, decimals=decimals)
    findings = learn(recording, lambda _key: 0)
    found = found_by_place(findings)
    right = {(one.source, one.register, one.offset): one for one in made}
    counts: Counter[str] = Counter()
    for place, one in right.items():
        if changes_of(recording, one.service, one.path) < CHANGES:
            continue
        finding = found.get(place)
        if twins(recording, one):
            assert finding is None or finding.verdict != "certain", (one, finding)
            continue
        good = (
            finding is not None and finding.verdict in ("certain", "likely") and is_right(finding, one.path, one.scale)
        )
        counts["found" if good else f"{one.path} {finding and finding.verdict}"] += 1
    assert counts.total() >= 60
    assert counts["found"] >= RECALL * counts.total(), counts
    for place, finding in found.items():
        if finding.verdict == "certain":
            assert place in right, finding
            assert is_right(finding, right[place].path, right[place].scale), finding
