"""What both stories measure with: times, codes, and the limits that the service explains."""

from __future__ import annotations

from gxbridge.demo.cast import GXBRIDGE
from gxbridge.demo.checks import Check, Is

MODE_BMS = 13
"""Networked, externally controlled, a BMS is present."""
AT_ONCE_S = 1.5
"""A lowered limit is due within 1 s; the rest is for a slow machine. The 3 s round would often miss it."""
ROUND_S = 3.7
"""Writes come at least with the round of 3 s."""
RAISED_S = 8.0
"""A raised limit comes with the round; then chargers have to follow."""
INVERTING, OFF = 9, 0
BMS_LOST = 67

CCL, DCL, CVL = "/Limits/Ccl/Value", "/Limits/Dcl/Value", "/Limits/Cvl/Value"


def explained(limit: str) -> Check:
    """The service says why this limit (Cvl, Ccl, Dcl) is what it is."""
    return Is(GXBRIDGE, f"/Limits/{limit}/Reason", "valid")
