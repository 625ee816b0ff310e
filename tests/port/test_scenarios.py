"""The vendor's scenarios through real frames: D-Bus inputs from what devices say, LINK registers back into the devices.

Each scenario of `tests/core/dvcc/data` in which a charger is on VE.Can is played as far as frames can say it: chargers,
inverters and Lynx are simulated devices on a bus (`actors.py`, encoded by hand), everybody else is on D-Bus. gxbridge
owns the port, decides, and its frames reach the devices. At the end of each step a device must hold what the vendor's
program was seen to write to its `/Link/*` and to the port's, in the register and the steps of `docs/link.md`, and no
other word; each second its service must show what it said.

Where it may differ, on purpose:

* a word is at its device after 2 s at most: frames are 100 ms apart, and a mode goes behind the currents;
* a word that is written anew with another value meanwhile is not sent any more (`superseded`);
* limits are cut to 0.1 A and 0.01 V, what is measured is rounded to 0.01 V, 0.01 degrees and 1 mA;
* a device of another N2K device instance holds nothing (the vendor's program writes the mode to its service, too);
* in profile strict a charger that has not shown what it holds counts with its own setting, so that others get less
  for a moment;
* a mode waits up to 20 s for the first current of a charger that is on, and the vendor's program does not write one to
  each (`NO_CURRENT`);
* a voltage that nobody shows any more when it is its turn is held back (`HELD_BACK`).
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from gxbridge.core.dvcc.read.options import Options
from tests.core.dvcc.test_parity import SCENARIOS, VARIED, WIDE
from tests.port.audience import Audience
from tests.port.reach import VECAN, Reach, Scenario, reach

ALL = (*SCENARIOS, *VARIED, *WIDE)
PART = 48
"""Scenarios of one test."""
HELD_BACK = {("can_bms-01", 3, VECAN, "/Link/VoltageSense")}
"""The battery's voltage falls by 0.9 V half a second after the round that would share it."""

NO_CURRENT = {"varied-026", "varied-099", "missing-w2open-3"}
"""An inverter RS or a charger was written a mode and, for these seconds, no current."""


@cache
def reaches(index: int) -> Reach:
    return reach(ALL[index])


def part(start: int) -> list[tuple[Scenario, int]]:
    """The scenarios of a part that can be played, and how far."""
    there = range(start, min(start + PART, len(ALL)))
    return [(ALL[index], reaches(index).steps) for index in there if reaches(index).steps]


def test_every_scenario_that_frames_can_say_is_played() -> None:
    """One that stops to qualify fails here."""
    found = [reaches(index) for index in range(len(ALL))]
    assert Counter(one.why for one in found if not one.steps) == {
        "no charger on VE.Can": 220,
        "DVCC is off": 14,
        "what frames cannot say makes a difference": 7,
        "the GX's own controller is there": 2,
        "a device is there and not connected": 1,
        "a device leaves from one moment to the next": 1,
    }
    assert Counter(one.why for one in found if one.steps) == {
        "": 82,
        "the GX's own controller is there": 27,
        "a device leaves from one moment to the next": 20,
        "what frames cannot say makes a difference": 8,
    }
    assert sum(one.steps for one in found) == 681


def play(start: int, options: Options) -> tuple[int, int, int]:
    """Plays a part: words that arrived, that were superseded, and of which the last gate left less."""
    words = superseded = lowered = 0
    for scenario, steps in part(start):
        audience = Audience(scenario, steps, options)
        name, differences = scenario["name"], audience.differences
        if name in NO_CURRENT:
            differences = [found for found in differences if found[2] != "/Link/NetworkMode"]
        others = [found for found in differences if (name, *found[:3]) not in HELD_BACK]
        assert not others, (name, others[:3])
        assert audience.shown
        words, superseded = words + audience.compared, superseded + audience.superseded
        lowered += audience.lowered
    return words, superseded, lowered


VENDOR = {
    0: (357, 0), 48: (695, 0), 96: (556, 0), 144: (717, 1), 192: (407, 0), 240: (295, 0), 288: (623, 0), 336: (1064, 0),
}  # fmt: skip
STRICT = {
    0: (326, 1, 4), 48: (615, 2, 2), 96: (393, 5, 5), 144: (653, 6, 8), 192: (380, 3, 10), 240: (367, 1, 4),
    288: (608, 13, 5), 336: (1084, 18, 7),
}  # fmt: skip
"""What `play` found of each part: a word less or more must be explained."""


@pytest.mark.parametrize("start", range(0, len(ALL), PART))
def test_chargers_hold_what_the_vendors_program_tells_them(start: int) -> None:
    assert play(start, Options.vendor()) == (*VENDOR[start], 0)


@pytest.mark.parametrize("start", range(0, len(ALL), PART))
def test_in_profile_strict_they_hold_what_is_decided_and_less_where_the_last_gate_looks_again(start: int) -> None:
    assert play(start, Options.strict()) == STRICT[start]
