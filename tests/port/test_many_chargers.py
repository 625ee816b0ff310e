"""A port full of chargers: what keeps them alive is renewed in time, also while all of them are asked for a lot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.port.fleet import FLEET, GENERATION, SOLAR
from tests.port.node import CHARGE_LIMIT, MODE, VSET, name_of
from tests.port.test_link import CURRENT, NETWORK, VOLTAGE
from tests.port.test_served_stories import ServedSea

CHARGERS = 20
WITHIN_S = 10.0
"""The vendor's driver repeats at an unknown pace; chargers forget after 60 s."""
KEPT = {CHARGE_LIMIT, MODE, VSET}


class FullSea(ServedSea):
    """Notes how long each word that is to be kept alive was not said."""

    def __init__(self, *devices: str, **setup: Any) -> None:
        self.said_at: dict[tuple[int, int], float] = {}
        self.longest_s: dict[tuple[int, int], float] = {}
        self.questions = 0
        super().__init__(*devices, **setup)

    def _exchange(self) -> None:
        before = len(self.left)
        super()._exchange()
        for can_id, data in self.left[before:]:
            register = int.from_bytes(data[2:4], "little")
            self.questions += can_id >> 16 & 0xFF == 0xEF and register == 1
            if can_id >> 16 & 0xFF == 0xEF and register in KEPT:
                word = can_id >> 8 & 0xFF, register
                gap_s = self.now - self.said_at.get(word, self.now)
                self.longest_s[word] = max(self.longest_s.get(word, 0.0), round(gap_s, 1))
                self.said_at[word] = self.now


def test_twenty_chargers_are_told_anew_within_ten_seconds_while_they_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"mppt-{number}" for number in range(CHARGERS)]
    for number, name in enumerate(names):
        like = replace(FLEET["mppt"], name=name_of(400_000 + number, SOLAR, GENERATION), address=0x40 + number)
        monkeypatch.setitem(FLEET, name, like)  # type: ignore[arg-type]
    sea = FullSea(*names)
    sea.said[0x0391] = 8000
    sea.words = {(name, CURRENT): 35.0 for name in names} | {(name, NETWORK): 13 for name in names}
    sea.words |= {(None, VOLTAGE): 28.4, (None, NETWORK): 13, (None, "/Link/BatteryCurrent"): 1.0}
    sea.sail(24)
    assert len(sea.said_at) == 2 * CHARGERS + 2, "all have been told"
    sea.longest_s.clear()
    sea.questions = 0
    sea.sail(36)
    assert max(sea.longest_s.values()) <= WITHIN_S
    assert len(sea.longest_s) == 2 * CHARGERS + 2
    assert sea.questions > CHARGERS, "they are asked all the same"
