"""The gate's own product ids: a copy on purpose, so that it shares no rule with the decision, but no other ids."""

from __future__ import annotations

from gxbridge.core.gate.raw_words import LYNX, LYNX_TOTAL
from gxbridge.core.nmea2000.database import BMS, BMS_COPY, database


def test_the_gate_knows_the_same_lynxes_as_the_message_database() -> None:
    products = database().products.items()
    assert set(LYNX) == {number for number, info in products if info.kind == BMS}
    assert [number for number, info in products if info.kind == BMS_COPY] == [LYNX_TOTAL]
    assert set(LYNX) == {number for number, info in products if "gives_permissions" in info.quirks}
