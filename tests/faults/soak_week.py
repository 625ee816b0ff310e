"""A simulated week of a boat: at least ten million frames, spread over it, with all faults; memory stays flat.

pytest tests/faults/soak_week.py        (part of `make check-slow`; about ten minutes)
"""

from __future__ import annotations

from tests.faults.week import Week

HOURS = 7 * 24
FRAMES = 10_000_000
GROWTH_KB = 2048
"""Between the end of the first day and the end of the last: less than the noise of an allocator over days."""


def test_a_week_of_ten_million_frames_leaves_nothing_behind() -> None:
    week = Week(seed=7, frames_per_s=17.5)
    week.run(HOURS)
    day, end = week.samples[23], week.samples[-1]
    print(
        f"{week.frames} frames, {week.looks} looks, {week.happened}; "
        f"resident {day.resident_kb} -> {end.resident_kb} kB, objects {day.objects} -> {end.objects}"
    )
    assert week.frames >= FRAMES
    assert end.resident_kb - day.resident_kb < GROWTH_KB, [sample.resident_kb for sample in week.samples]
    assert end.objects - day.objects < 3000
