"""What of the essential is not heard is kept, and is what one would find by looking at everything anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.vecan.lynx.table import LYNX, LackingWatch, lacking
from gxbridge.core.vecan.readings import ReadingKey, Readings
from tests.core.vecan.test_device_state import MEASURED, SAID

STEPS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from((*MEASURED, *SAID)), st.sampled_from(["forget", "absorb", "bound", "nothing"])),
        st.sampled_from([0.0, 0.5, 3.0, 61.0]),
    ),
    max_size=40,
)


def nothing_lasts(_: ReadingKey) -> bool:
    return False


@given(STEPS)
def test_what_is_kept_is_what_would_be_found_anew(steps: list[tuple[Message | str, float]]) -> None:
    readings, other, watch, now = Readings(), Readings(), LackingWatch(), 100.0
    other.put(SAID[0], now)
    for step, passes_s in steps:
        now += passes_s
        if step == "forget":
            readings.forget(nothing_lasts, LYNX.uses)
        elif step == "absorb":
            readings.absorb(other)
        elif step == "bound":
            readings.bound(2000, LYNX.uses)
        elif not isinstance(step, str):
            readings.put(step, now)
            other.put(step, now - 1.0)
        assert watch.look(readings, now) == lacking(readings, now)


def test_another_device_s_messages_are_not_taken_for_these() -> None:
    watch, full = LackingWatch(), Readings()
    for message in SAID:
        full.put(message, 0.0)
    assert watch.look(full, 0.0) == lacking(full, 0.0)
    assert watch.look(Readings(), 0.0).unseen == lacking(Readings(), 0.0).unseen
