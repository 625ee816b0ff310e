"""The resistor table of docs/wiring.md: calculated again from the assumptions that the page states."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = (Path(__file__).parent.parent.parent / "docs" / "wiring.md").read_text(encoding="utf-8")
ROW = re.compile(r"\| (\d+) V \| ([\d.]+) kΩ \| ([\d.]+) W \| ([\d.]+) ... ([\d.]+) mA \|")

DROPS_V = 1.0 + 1.2
"""Inside the BMS, and over the LED."""
PULL_UP_MA = 3.3 / 10


def test_the_values_are_what_the_page_says_they_are() -> None:
    rows = ROW.findall(PAGE)
    assert [row[0] for row in rows] == ["12", "24", "48"]
    for volts, kilo_ohm, watts, empty, full in (tuple(map(float, row)) for row in rows):
        packs = volts / 12
        currents = [(packs * battery - DROPS_V) / kilo_ohm for battery in (10.5, 14.4)]
        assert [f"{current:.1f}" for current in currents] == [f"{empty:.1f}", f"{full:.1f}"]
        assert currents[1] ** 2 * kilo_ohm / 1000 < watts / 2, "twice the power that it must stand"
        assert currents[1] < 10, "a charge terminal gives 10 mA"
        assert currents[0] * 0.5 > 2 * PULL_UP_MA, "twice the current that the input needs"


def test_the_page_says_whose_values_they_are() -> None:
    assert "our calculation, not the vendor's" in PAGE
