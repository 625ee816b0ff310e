"""What is kept up to date message by message is what one would find by judging everything anew."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.vecan.device_state import DeviceState
from gxbridge.core.vecan.lynx.table import LYNX
from gxbridge.core.vecan.readings import Readings, said
from tests.core.boat import RUNNING
from tests.core.vecan.messages import pgn, register

UNKNOWN = 0xFFFFFFFF


MEASURED = (
    *(register(0xED8D, raw) for raw in (2640, 2650, 0x7FFF)),
    *(register(0x0FFF, raw) for raw in (5000, 0xFFFF)),
    *(
        pgn(127508, instance=instance, voltage=voltage_v, current=10.0)
        for instance in (0, 1)
        for voltage_v in (26.4, 26.5, None)
    ),
    *(pgn(127506, instance=0, dc_type=0, soc=soc) for soc in (50, 51, None)),
)
PERMITTED = (
    *(register(0x2108, raw) for raw in (RUNNING[0x2108], RUNNING[0x2108] ^ 0x3, UNKNOWN)),
    *(register(0x2100, raw) for raw in (0x0, 0x1, 0x5, 0xF, UNKNOWN)),
)
"""0x2100 says the same as 0x2108: two sources of one quantity, the least permissive of which counts."""
SAID = tuple(register(number, raw) for number in RUNNING for raw in (RUNNING[number], UNKNOWN))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([MEASURED, PERMITTED, SAID]).flatmap(
        lambda messages: st.lists(
            st.tuples(st.sampled_from(messages), st.sampled_from([0.0, 0.5, 3.0, 61.0]), st.booleans()), max_size=40
        )
    )
)
def test_what_is_repeated_is_judged_as_if_all_were_judged_anew(steps: list[tuple[Message, float, bool]]) -> None:
    """Few messages again and again, in any order, with pauses in which they go stale, and looks in between."""
    readings, now = Readings(), 100.0
    state = DeviceState(LYNX, readings, now)
    for message, pause, look in steps:
        now += pause
        filed = readings.put(message, now)
        assert filed is not None
        state.heard(said(filed[0]), new=filed[1])
        if look:
            shown = state.values(now)
            anew = DeviceState(LYNX, readings, now, state.gave)
            assert shown == anew.values(now)
            assert state.next_deadline(now) == anew.next_deadline(now)
            assert {name: words for name, (words, _) in state.contradictions().items()} == {
                name: words for name, (words, _) in anew.contradictions().items()
            }


def test_a_message_that_repeats_itself_makes_its_value_young_again() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    message = register(0x0391, 2000)
    for now in (1.0, 2.0):
        filed = readings.put(message, now)
        assert filed is not None
        state.heard(said(filed[0]), new=filed[1])
        known = state.values(now)["charge_current_limit_a"]
        assert (known.value, known.at, known.source) == (200.0, now, "VREG 0x0391")
