"""How full a bus is, from what it carried."""

from __future__ import annotations

import pytest

from gxbridge.core.vecan.bus_load import Carried, bits_of, load_percent


def test_a_full_bus_carries_some_1800_frames_a_second() -> None:
    """A full 250 kbit/s bus of frames with 8 bytes, as NMEA 2000's own planning has it."""
    for frames, percent in ((1800, 99.6), (900, 49.8), (18, 1.0), (0, 0.0)):
        assert load_percent(Carried(5, 40), Carried(5 + frames, 40 + 8 * frames), 1.0) == pytest.approx(
            percent, abs=0.1
        )


def test_a_frame_has_its_frame_and_its_data_and_what_is_stuffed_in_between() -> None:
    assert bits_of(Carried(1, 0)) == 67 + 54 / 16
    assert bits_of(Carried(1, 8)) == 67 + 64 + (54 + 64) / 16
    assert bits_of(Carried(10, 80)) == 10 * bits_of(Carried(1, 8))


def test_twice_the_bit_rate_is_half_the_load_and_half_the_time_twice() -> None:
    first, later = Carried(0, 0), Carried(500, 4000)
    once = load_percent(first, later, 1.0)
    assert once is not None
    assert load_percent(first, later, 1.0, 500_000) == pytest.approx(once / 2)
    assert load_percent(first, later, 0.5) == pytest.approx(once * 2)


def test_never_more_than_all_of_it() -> None:
    assert load_percent(Carried(0, 0), Carried(10**6, 0), 1.0) == 100.0


@pytest.mark.parametrize(("later", "seconds"), [(Carried(10, 80), 0.0), (Carried(4, 80), 1.0), (Carried(10, 39), 1.0)])
def test_without_time_or_after_a_restart_of_the_counters_nothing_is_said(later: Carried, seconds: float) -> None:
    assert load_percent(Carried(5, 40), later, seconds) is None
