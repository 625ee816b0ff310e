"""A simulated week of a boat: at least ten million frames, spread over it, with all faults; memory stays flat.

make soak-week        (part of `make check-slow`; docs/faults.md tells how long it takes)
"""

from __future__ import annotations

from tests.faults.weather import WEATHER
from tests.faults.week import Week

HOURS = 7 * 24
FRAMES = 10_000_000
GROWTH_KB = 2048
"""Between the end of the first day and the end of the last: less than the noise of an allocator over days."""
GROWTH_OBJECTS = 3000


def test_a_week_of_ten_million_frames_leaves_nothing_behind() -> None:
    week = Week(seed=7, frames_per_s=16.0)
    week.run(HOURS, WEATHER)
    day, end = week.samples[23], week.samples[-1]
    print(f"{week.frames} frames, {week.cycles} cycles; {week.boxes} black boxes, {week.played} cycles played again")
    print(f"resident {day.resident_kb} -> {end.resident_kb} kB, objects {day.objects} -> {end.objects}")
    for name, count in week.happened.items():
        print(f"{name:<20} {count:>4} times, all well again after {week.slowest[name]} s at most")
    assert week.frames >= FRAMES
    assert min(week.happened[fault.__name__] for fault in WEATHER) >= 7
    assert end.resident_kb - day.resident_kb < GROWTH_KB, [sample.resident_kb for sample in week.samples]
    assert end.objects - day.objects < GROWTH_OBJECTS, [sample.objects for sample in week.samples]
    assert week.boxes > 20
    assert week.played > 100
