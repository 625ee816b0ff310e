"""The acts in the cabin, as a table: a MultiPlus with a VE.Bus BMS V2, and one solar charger.

This BMS has no CAN port and no limits, only permissions: the Multi passes them on to D-Bus.
"""

from __future__ import annotations

from collections.abc import Sequence

from gxbridge.demo.acts import AT_ONCE_S, RAISED_S, Act, Expect, Happening
from gxbridge.demo.checks import compare, every, explained, values
from gxbridge.demo.roles import CCL, CURRENT, DIRECT, GXBRIDGE, LINK_CURRENT, MODE, MODE_BMS, MULTI, MULTI_CHARGE

ALLOWED = Act(
    "a VE.Bus BMS V2 allows charging",
    "Another installation: the BMS is on VE.Bus, the Multi passes its permissions on to D-Bus.",
    (
        Happening("the sun comes out, shore power is there", {DIRECT: {"power_a": 45}, MULTI: {"shore": True}}),
        Expect(
            "the solar charger may give all it can, and knows that there is a BMS",
            (*values(DIRECT, {MODE: MODE_BMS, LINK_CURRENT: 50}), compare(DIRECT, CURRENT, ">=", 40)),
            within_s=20,
        ),
    ),
)

REFUSED = Act(
    "it refuses",
    "A cell is full: no allow-to-charge (ATC).",
    (
        Happening("the VE.Bus BMS takes its permission back", {MULTI: {"atc": 0}}),
        Expect(
            "solar charger and Multi are told 0 at once",
            (
                *values(DIRECT, {LINK_CURRENT: 0}),
                *values(MULTI, {MULTI_CHARGE: 0}),
                *values(GXBRIDGE, {CCL: 0}),
                *explained("Ccl"),
            ),
            within_s=AT_ONCE_S,
        ),
        Expect("and charge no more", every((DIRECT, MULTI), CURRENT, "<=", 1), within_s=6),
    ),
)

AGAIN = Act(
    "it allows again",
    "",
    (
        Happening("the cell is fine again", {MULTI: {"atc": 1}}),
        Expect(
            "the charge goes on",
            (*values(DIRECT, {LINK_CURRENT: 50}), compare(DIRECT, CURRENT, ">=", 40)),
            within_s=RAISED_S,
        ),
    ),
)


CABIN_ACTS: Sequence[Act] = (ALLOWED, REFUSED, AGAIN)
