"""What must never be called certain: chance, counters, twins, and what only goes with a value."""

from __future__ import annotations

import random
import struct
from collections import Counter
from collections.abc import Callable

import pytest

from gxbridge.core.learn.recording import LearnRecording
from gxbridge.core.learn.verdicts import RegisterFinding, learn
from tests.core.learn.boats import BATTERY, LYNX, STEP_S, Driver, Life, Part, Sender, lively
from tests.core.learn.recorded_boat import recorded_boat, services

SOURCE, UNIQUE = 0x29, 167120
Walk = Callable[[float], float]


def claimed() -> LearnRecording:
    """A recording in which the Lynx has claimed its address."""
    recording = LearnRecording()
    name = UNIQUE | 358 << 21 | 170 << 40 | 35 << 49 | 4 << 60 | 1 << 63
    recording.hear(0.0, "can0", 0x18EEFF00 | SOURCE, struct.pack("<Q", name))
    return recording


def say(recording: LearnRecording, t: float, register: int, value: int, code: str = "H") -> None:
    body = struct.pack("<H" + code, register, value)
    recording.hear(t, "can0", 0x1CEFFF00 | SOURCE, b"\x66\x99" + body)


def certain(findings: list[RegisterFinding]) -> list[RegisterFinding]:
    return [one for one in findings if one.verdict == "certain"]


def verdicts(recording: LearnRecording) -> Counter[str]:
    return Counter(one.verdict for one in learn(recording, lambda _key: 0))


# --- chance -----------------------------------------------------------------------------------------------------------


def walks(rng: random.Random, count: int) -> list[list[tuple[float, int]]]:
    """Random walks of all paces, counters of all paces, saw teeth, and few levels: (second, raw number)."""
    found = []
    for _ in range(count):
        kind = rng.choice(("walk", "slow", "counter", "saw", "levels"))
        pace = rng.choice((0.5, 1.0, 1.0, 3.0, 10.0, 30.0))
        value, rows, t = rng.choice((0, 100, 2600, 9000)), [], rng.uniform(0, pace)
        step = rng.randrange(3, 90)
        levels = [rng.randrange(0, 60000) for _ in range(3)]
        while t < 600:
            if kind == "counter":
                value += 1
            elif kind == "saw":
                value = value + step if value < 3000 else step
            elif kind == "levels":
                value = rng.choice(levels)
            else:
                value = min(max(value + round(rng.gauss(0, 4 if kind == "walk" else 1)), 0), 65000)
            rows.append((t, value))
            t += pace * rng.uniform(0.9, 1.1) if kind != "counter" else pace
        found.append(rows)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_chance_is_never_certain(seed: int) -> None:
    rng = random.Random(seed)
    recording = claimed()
    for number, rows in enumerate(walks(rng, 60)):
        for t, value in rows:
            say(recording, t, 0x7000 + number, value)
    for number, rows in enumerate(walks(rng, 40)):
        scale = rng.choice((1, 1, 0.1, 0.01))
        for t, value in rows:
            recording.show(t, BATTERY, f"/P{number}", round(value * scale, 2))
    counts = verdicts(recording)
    assert counts["certain"] == 0
    assert counts["no evidence"] >= 45  # the rest are counters of one pace that began together


def test_two_clocks_that_run_alike_are_not_one() -> None:
    """Uptimes: a second a second, but not started together."""
    recording = claimed()
    for second in range(600):
        say(recording, second + 0.4, 0x7000, 5000 + second)
        recording.show(second + 0.5, BATTERY, "/Uptime", float(7000 + second))
    assert verdicts(recording) == {"no evidence": 1}


def test_what_never_changed_is_no_evidence() -> None:
    recording = claimed()
    for second in range(600):
        say(recording, second, 0x7000, 2640)
        recording.show(second + 0.1, BATTERY, "/Dc/0/Voltage", 26.4)
        recording.show(second + 0.1, BATTERY, "/Soc", float(second))
    (one,) = learn(recording, lambda _key: 0)
    assert (one.verdict, one.reason) == ("no evidence", "it never changed")


def test_four_changes_are_too_few_to_be_certain() -> None:
    recording = claimed()
    for place, t in enumerate((10, 130, 260, 390, 520)):
        say(recording, t, 0x7000, 100 + 13 * place)
        recording.show(t + 0.2, BATTERY, "/Soc", (100 + 13 * place) / 10)
    (one,) = learn(recording, lambda _key: 0)
    assert one.verdict in ("likely", "no evidence")


# --- twins ------------------------------------------------------------------------------------------------------------


def stairs(recording: LearnRecording, registers: tuple[int, ...], paths: tuple[str, ...], seed: int = 1) -> None:
    """Numbers and paths that all say the same."""
    rng = random.Random(seed)
    value, t = 2600, 1.0
    while t < 600:
        value += rng.choice((-3, -2, -1, 1, 2, 3))
        for register in registers:
            say(recording, t, register, value)
        for path in paths:
            recording.show(t + 0.3, BATTERY, path, round(value / 100, 2))
        t += rng.uniform(5, 9)


def test_one_register_and_one_path_are_certain() -> None:
    """The same stairs as in the tests that follow, so that it is the twin that makes the difference."""
    recording = claimed()
    stairs(recording, (0x7000,), ("/Dc/0/Voltage",))
    assert verdicts(recording) == {"certain": 1}


def test_of_two_paths_that_show_the_same_none_is_chosen() -> None:
    recording = claimed()
    stairs(recording, (0x7000,), ("/Dc/0/Voltage", "/Dc/1/Voltage"))
    (one,) = learn(recording, lambda _key: 0)
    assert one.verdict == "ambiguous"
    assert one.hypothesis is not None
    other = {"/Dc/0/Voltage": "/Dc/1/Voltage", "/Dc/1/Voltage": "/Dc/0/Voltage"}[one.hypothesis.path.path]
    assert one.rivals == (f"{BATTERY} {other} x 0.01",)


def test_of_two_registers_that_say_the_same_none_is_certain() -> None:
    recording = claimed()
    stairs(recording, (0x7000, 0x7001), ("/Dc/0/Voltage",))
    found = learn(recording, lambda _key: 0)
    assert {one.verdict for one in found} == {"likely"}
    assert found[0].rivals == ("register 0x7001 of can0 41, bit 0",)


def test_a_known_register_that_says_the_same_is_a_rival_too() -> None:
    recording = claimed()
    stairs(recording, (0x7000, 0x7001), ("/Dc/0/Voltage",))
    (one,) = learn(recording, lambda key: 0xFFFF if key.register == 0x7001 else 0)
    assert (one.key.register, one.verdict) == (0x7000, "likely")


def flags(recording: LearnRecording, bits: tuple[int, ...], paths: tuple[str, ...]) -> None:
    """Bits of one word and paths that all change together."""
    rng = random.Random(7)
    on, t = False, 5.0
    while t < 600:
        on = not on
        say(recording, t, 0x7000, sum(on << bit for bit in bits))
        for path in paths:
            recording.show(t + 0.3, BATTERY, path, float(on))
        t += rng.uniform(12, 30)


def test_one_flag_and_one_path_are_certain() -> None:
    recording = claimed()
    flags(recording, (3,), ("/Io/AllowToCharge",))
    (one,) = learn(recording, lambda _key: 0)
    assert one.hypothesis is not None
    assert (one.verdict, one.hypothesis.layout, one.hypothesis.meanings) == ("certain", (3, 1, False), {0: 0, 1: 1})


@pytest.mark.parametrize(("bits", "paths"), [((3, 9), ("/A",)), ((3,), ("/A", "/B")), ((4, 5), ("/A",))])
def test_flags_that_change_together_cannot_be_told_apart(bits: tuple[int, ...], paths: tuple[str, ...]) -> None:
    recording = claimed()
    flags(recording, bits, paths)
    assert {one.verdict for one in learn(recording, lambda _key: 0)} == {"ambiguous"}


def test_a_sign_is_not_a_flag_of_its_own() -> None:
    """The topmost bit of a current, beside a state that says charging: the bits below change far more often."""
    rng = random.Random(3)
    recording = claimed()
    value, before = 40, None
    for second in range(600):
        value += rng.choice((-9, -5, 5, 9)) - (1 if value > 60 else -1 if value < -60 else 0)
        say(recording, second, 0x7000, value, "h")
        charging = float(value < 0)
        if charging != before:
            recording.show(second + 0.2, BATTERY, "/State", charging)
            before = charging
    assert not certain(learn(recording, lambda _key: 0))


# --- what only goes with a value --------------------------------------------------------------------------------------

STEPS = {"voltage": 0.01, "current": 0.1, "power": 1.0, "min_cell": 0.01, "max_cell": 0.01, "consumed": 0.1}
CODES = {"power": "h", "current": "h", "consumed": "i"}


class NearLife(Life):
    """Beside each quantity another sensor's (one step of noise), a filtered one, and one that is a bit off."""

    def step(self) -> dict[str, float]:
        values = super().step()
        if not hasattr(self, "slow"):
            self.slow = {key: values[key] for key in STEPS}
        for key, step in STEPS.items():
            self.slow[key] += (values[key] - self.slow[key]) * STEP_S / 2
            values[f"{key} noisy"] = values[key] + self.rng.gauss(0, step)
            values[f"{key} slow"] = self.slow[key]
            values[f"{key} off"] = values[key] + 0.6 * step
        return values


@pytest.mark.parametrize(
    ("kind", "driver"),
    [("noisy", Driver()), ("noisy", Driver((0.0, 3.0))), ("slow", Driver()), ("off", Driver((0.0, 1.0)))],
)
def test_what_only_goes_with_a_value_is_not_certain(kind: str, driver: Driver) -> None:
    """The values are on D-Bus, their registers are not on this bus, and what is there is nearly the same."""
    registers = {
        0x7000 + place: [Part(CODES.get(key, "H"), f"{key} {kind}", step)]
        for place, (key, step) in enumerate(STEPS.items())
    }
    shown = Sender(0x55, UNIQUE, BATTERY, LYNX.registers)
    recording = lively(11, driver, senders=(shown, Sender(SOURCE, UNIQUE, BATTERY, registers)), life=NearLife)
    wrong = [one for one in certain(learn(recording, lambda _key: 0)) if one.key.source == SOURCE]
    assert not wrong


@pytest.mark.parametrize("twin", [0.0, 0.002, 0.005])
def test_a_near_twin_that_d_bus_has_too_few_digits_to_tell_apart_is_not_certain(twin: float) -> None:
    """State of charge, hundredths on CAN and tenths on D-Bus: what is off by 1/20 of a tenth comes out as well."""
    rng = random.Random(2)
    recording, soc, shown = claimed(), 71.3, 0.0
    for second in range(600):
        soc += rng.uniform(-0.01, 0.05)
        say(recording, second, 0x7000, round((soc + twin) / 0.01))
        if round(soc, 1) != shown:
            shown = round(soc, 1)
            recording.show(second + 0.2, BATTERY, "/Soc", shown)
    (one,) = learn(recording, lambda _key: 0)
    assert one.hypothesis is not None
    assert (one.hypothesis.path.path, one.hypothesis.scale, one.verdict) == ("/Soc", 0.01, "likely")
    assert "fewer digits" in one.reason


def test_the_voltage_of_one_charger_is_not_that_of_another_on_the_same_busbar() -> None:
    """A real boat: four chargers and two batteries on one busbar, each with its own sensor. What each said of its
    voltage is on CAN; of its own service the voltage is missing on D-Bus."""
    voltages = {"/Dc/0/Voltage", "/Link/VoltageSense", "/BatterySense/Voltage"}
    recording, made = recorded_boat(
        9, delay_s=1.0, shown=lambda _service, path: path not in voltages, said=lambda _service, path: path in voltages
    )
    assert len(made) >= 10
    assert not certain(learn(recording, lambda _key: 0))


def test_what_a_neighbour_said_is_not_certain() -> None:
    """Every device says what the service of the one before it shows."""
    names, turn = list(services()), 1
    recording, made = recorded_boat(turn, delay_s=0.0)
    other = {0x20 + place: names[(place + turn) % len(names)] for place in range(len(names))}
    swapped = LearnRecording()
    for key, series in recording.registers.items():
        for t, raw in zip(series.times, series.raws, strict=True):
            data = b"\x66\x99" + struct.pack("<H", key.register) + raw.to_bytes(key.size, "little")
            swapped.hear(t, key.bus, 0x1CEFFF00 | key.source, data)
    for source, service in other.items():
        unique = int(service.rpartition("uc")[2])
        name = unique | 358 << 21 | 170 << 40 | 35 << 49 | 4 << 60 | 1 << 63
        swapped.hear(0.0, "can0", 0x18EEFF00 | source, struct.pack("<Q", name))
    for path, shown in recording.paths.items():
        for t, value in zip(shown.times, shown.values, strict=True):
            swapped.show(t, path.service, path.path, value)
    assert made
    wrong = [one for one in certain(learn(swapped, lambda _key: 0)) if one.hypothesis is not None]
    # Numbers that are the same on both are no error.
    said = {(one.source, one.register): one for one in made}
    for one in wrong:
        mine = said[one.key.source, one.key.register]
        assert one.hypothesis is not None
        assert one.hypothesis.path.path == mine.path, (mine, one)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((5,), "it never changed"),
        ((5, 6), "it changed only once"),
        ((5, 6, 7), "it changed only twice"),
        ((5, 6, 7, 9), "nothing on D-Bus follows it"),
    ],
)
def test_why_there_is_nothing_is_said(values: tuple[int, ...], words: str) -> None:
    recording = claimed()
    for t, value in enumerate(values):
        say(recording, float(t), 0x7000, value)
    (finding,) = learn(recording, lambda _key: 0)
    assert (finding.verdict, finding.reason) == ("no evidence", words)
