"""What the kernel lets through to us: everything that we decode, and as little else as possible."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.frame import identifier, is_addressable
from gxbridge.core.vecan.devices import KINDS
from gxbridge.core.vecan.lynx.table import LYNX
from gxbridge.edge.can.can_bus import MAX_KERNEL_FILTERS
from gxbridge.runtime.assembly import ONLY_IN_LOGS, kernel_filters
from tests.core.boat import RUNNING, claim, status, vreg

FILTERS = kernel_filters()


def passes(can_id: int) -> bool:
    return any(can_id & mask == wanted & mask for wanted, mask in FILTERS)


def test_everything_a_running_lynx_says_passes() -> None:
    frames = [claim(), status(), *(vreg(register, raw) for register, raw in RUNNING.items())]
    assert [hex(can_id) for can_id, _ in frames if not passes(can_id)] == []


@settings(deadline=None)
@given(
    pgn=st.sampled_from(sorted(database().pgns.keys() - ONLY_IN_LOGS)),
    source=st.integers(0, 255),
    priority=st.integers(0, 7),
    destination=st.integers(0, 255),
)
def test_every_known_group_passes_from_everybody_to_everybody(
    pgn: int, source: int, priority: int, destination: int
) -> None:
    assert passes(identifier(pgn, source, destination if is_addressable(pgn) else 255, priority))


@settings(deadline=None)
@given(can_id=st.integers(0, 0x1FFFFFFF), data=st.binary(min_size=8, max_size=8))
def test_what_is_dropped_would_not_have_been_decoded(can_id: int, data: bytes) -> None:
    if not passes(can_id):
        message = Decoder().feed(can_id, data, 0.0)
        assert message is None or message[0].pgn in ONLY_IN_LOGS


def test_what_only_logs_are_read_for_costs_the_service_nothing() -> None:
    assert [pgn for pgn in ONLY_IN_LOGS if passes(identifier(pgn, 22, 255, 3))] == []
    assert database().pgns.keys() >= ONLY_IN_LOGS
    wanted = {source.pgn for table in (LYNX, *(table for _, table in KINDS.values()))
              for quantity in table.quantities for source in quantity.sources}  # fmt: skip
    assert not wanted & ONLY_IN_LOGS


def test_positions_and_other_makers_fast_packets_are_dropped() -> None:
    assert [hex(can_id) for can_id in (0x19F80129, 0x1DF80129, 0x18FFFE29, 0x123) if passes(can_id)] == []


def test_there_are_not_more_than_the_kernel_takes() -> None:
    assert len(FILTERS) <= MAX_KERNEL_FILTERS
    assert len(set(FILTERS)) == len(FILTERS)
