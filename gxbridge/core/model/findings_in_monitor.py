"""What findings say while gxbridge only listens: it stops nothing then, and what holds is what the GX makes of it.

A finding that is not here says the same in either mode. `None`: as in `findings_table.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gxbridge.core.model.finding import Finding
from gxbridge.core.model.findings_table import Severity
from gxbridge.core.model.named_tuple import NamedTuple


class MonitorWords(NamedTuple):
    """What is said in place of the table's."""

    text: str | None = None
    advice: str | None = None
    severity: Severity | None = None


_CABLE: Final = "Check the BMS, its cable and the CAN termination"
_LOSS: Final = (
    f"{_CABLE}. A GX's own controller stops telling the chargers at once, unless another BMS takes over there; those "
    "that saw this one stop with error #67 a minute after its last message"
)
_DOUBT: Final = (
    "Check the sensor and its cable, and the driver that publishes it; until then switch sharing off on a GX"
)

_LOOK: Final = (
    "Look at this battery in the app of its BMS (VictronConnect for Victron's); until it allows it again, stop by hand "
    "what "
    "it refuses"
)

IN_MONITOR: Final[Mapping[str, MonitorWords]] = {
    "bms-silent": MonitorWords("{device} {what}", _LOSS),
    "bms-lost": MonitorWords(
        "{device} is lost: it {what}",
        f"{_CABLE}; chargers that saw it have stopped with error #67 by now, if no other BMS took over there",
    ),
    "bms-hangs": MonitorWords(
        "{service} shows the same for a minute, whatever its chargers and loads do, and reading it again changes "
        "nothing: a GX may still tell the chargers what is old"
    ),
    "bms-remembered": MonitorWords("{device} remembers a BMS, and none is there: a GX tells no charger anything"),
    "bms-there": MonitorWords("{device} remembers a BMS, and none is in control yet: a GX tells it nothing"),
    "bms-not-followed": MonitorWords(
        "More devices on {bus} are or may be BMSes than can be followed: {count} left out; what gxbridge says of "
        "limits is without them"
    ),
    "cvl-refused": MonitorWords(severity="warning"),
    "led-refused": MonitorWords(severity="warning"),
    "stricter-on-can": MonitorWords(
        "{service} shows {path} {shown}, and {battery} itself says {said} on {bus}: a GX goes by the service"
    ),
    "battery-shown-twice": MonitorWords(
        "{service} shows the battery that {other} shows too (same {mark}): a GX takes them for two, and goes by one"
    ),
    "battery-refuses": MonitorWords(
        "{device} refuses {what}{why}; a GX goes by {who}, and does not hear it",
        _LOOK,
    ),
    "refusal-not-obeyed": MonitorWords(
        "{device} refuses {what}{why}; a GX goes by {who}, and does not hear it",
        _LOOK,
    ),
    "battery-gone": MonitorWords("{device} of the bank has left the bus"),
    "low-voltage-impossible": MonitorWords(
        "The low-voltage limit of {device} is {value} V, which is none for a {expected} V battery: a GX may tell it "
        "to the inverter"
    ),
    "temperature-impossible": MonitorWords(
        "{device} says {value} °C ({path}), which cannot be: a GX may share it with the chargers", _DOUBT
    ),
    "voltage-impossible": MonitorWords(
        "{device} says {value} V ({path}), which cannot be for this battery: a GX may share it with the chargers",
        _DOUBT,
    ),
    "voltage-apart": MonitorWords(
        "{device} measures {value} V where the others on the same DC bus measure {expected} V: a GX may share it "
        "with the chargers",
        _DOUBT,
    ),
    "voltages-disagree": MonitorWords(
        "{device} measures {value} V and {other} {other_value} V on the same DC bus: a GX may share either"
    ),
    "sense-behind-contactor": MonitorWords(
        "The voltage of {device} is measured behind an open contactor, or while it does not run: a GX may share it",
        "None needed; it is that of the bus again when the BMS runs",
    ),
    "vebus-bms-connection-lost": MonitorWords(
        "The connection to the {bms} is lost ({path}): a GX may take what is unknown for allowed"
    ),
    "vebus-bms-unknown": MonitorWords(
        advice="A GX may take what is unknown for allowed. With an old VE.Bus BMS switch the inverter/charger on; else "
        "check the cables"
    ),
    **{
        f"terminal-{terminal}-{fault}": MonitorWords(
            "{bms}: {terminal}: {doubt}; gxbridge only listens, so nothing is stopped by it"
        )
        for terminal in ("charge", "discharge")
        for fault in ("vanished", "wrong-type", "no-level")
    },
    "refusal-held-charge": MonitorWords(
        "{device} refused to charge and no longer says whether it allows it ({path}); for gxbridge the refusal "
        "holds until it does{how}"
    ),
}


def in_monitor(found: Finding) -> Finding:
    """The finding as it is said while gxbridge only listens."""
    words = IN_MONITOR.get(found.id)
    if words is None:
        return found
    text, advice, severity = words
    return replace(
        found,
        severity=found.severity if severity is None else severity,
        text=found.text if text is None else text.format_map(found.arguments),
        advice=found.advice if advice is None else advice.format_map(found.arguments),
    )
