"""What is likely behind a limit: our inference, never what was said.

Thresholds: Victron, Lynx Smart BMS manual (3.75 V and 5 C stop charging, below 3.6 V it resumes; 2.8 V stops
discharging, it resumes at 3.2 V) and smallBMS manual (pre-alarm at 3.1 V); in the battery all but 3.75 V can be set.
"""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc.limit.cap import Cap
from gxbridge.core.dvcc.limit.reasons import cap, plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.model.wording import celsius_text

CELL_STOPS_V: Final = 3.75
CELL_RESUMES_V: Final = 3.6
COLD_C: Final = 5.0
CELL_LOW_V: Final = 2.8
CELL_LOW_RESUMES_V: Final = 3.2
PRE_ALARM_V: Final = 3.1


def why_no_charge(bms: Bms) -> list[Cap]:
    """What may have stopped the charge."""
    found = its_troubles(bms, but_for=p.DCL)
    cell, cold, path = bms.max_cell_v, bms.min_cell_c, p.MIN_CELL_TEMPERATURE
    if cell is not None and cell >= CELL_RESUMES_V:
        name = "cell-high" if cell >= CELL_STOPS_V else "cell-high-waits"
        found.append(cap(name, None, "A", bms.name, p.MAX_CELL_VOLTAGE, cell=plain(cell)))
    if cold is None:
        cold, path = bms.temperature_c, p.TEMPERATURE
    if cold is not None and cold < COLD_C:
        name = "cold" if path == p.MIN_CELL_TEMPERATURE else "cold-battery"
        found.append(cap(name, None, "A", bms.name, path, temperature=celsius_text(cold)))
    return found


def why_no_discharge(bms: Bms) -> list[Cap]:
    """What may have stopped the discharge."""
    found, cell = its_troubles(bms, but_for=p.CCL), bms.min_cell_v
    if cell is not None and cell < CELL_LOW_RESUMES_V:
        name = "cell-low" if cell <= CELL_LOW_V else "cell-low-waits"
        found.append(cap(name, None, "A", bms.name, p.MIN_CELL_VOLTAGE, cell=plain(cell)))
    return found


def its_troubles(bms: Bms, *, but_for: str = "") -> list[Cap]:
    """What the BMS itself says is wrong. `but_for`: the limit of the other direction, which cannot be the reason."""
    return [
        cap("trouble", None, "A", bms.name, one.path, trouble=one.text) for one in bms.troubles if one.path != but_for
    ]


def near_the_end(bms: Bms) -> list[Cap]:
    """The pre-alarm, while discharge is still allowed."""
    cell = bms.min_cell_v
    if cell is None or cell > PRE_ALARM_V:
        return []
    return [cap("pre-alarm", None, "A", bms.name, p.MIN_CELL_VOLTAGE, cell=plain(cell))]
