"""One value on its way to one device: which answers refuse it, and what it says itself."""

from __future__ import annotations

import pytest

from gxbridge.core.vecan.link.exchange import Exchange


@pytest.mark.parametrize("code", [0x8000, 0x8001, 0x8300, 0x81FF, 0x8201, 0x85FF, 0x8601, 0xFFFF])
def test_a_code_with_bit_15_refuses(code: int) -> None:
    exchange = Exchange(500)
    exchange.answered(code)
    assert exchange.outcome == "", "nothing was written yet"
    exchange.act(0.0)
    exchange.answered(code)
    assert (exchange.outcome, exchange.code) == ("refused", code)


@pytest.mark.parametrize("code", [0x0000, 0x0001, 0x0300, 0x7FFF, 0x8200, 0x8600])
def test_no_other_does_and_neither_do_busy_and_initialising(code: int) -> None:
    exchange = Exchange(500)
    exchange.act(0.0)
    exchange.answered(code)
    assert (exchange.outcome, exchange.code) == ("", 0)
