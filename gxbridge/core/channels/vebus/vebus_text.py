"""A VE.Bus BMS in plain words: its name, one sentence on what it allows, and what is the matter with it."""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.core.channels.vebus.vebus_bms import CHARGE, CONNECTION_LOST, ERROR, Generation, VebusBms, VebusDoubt
from gxbridge.core.model.finding import Finding, Severity
from gxbridge.core.model.permission import WORDS

NAMES: dict[Generation, str] = {
    "none": "no BMS",
    "two-signal": "two-signal BMS",
    "v1": "VE.Bus BMS (V1)",
    "v2-or-newer": "VE.Bus BMS V2 or newer",
    "v2-assumed": "VE.Bus BMS, V2 assumed",
    "unknown": "VE.Bus BMS of unknown kind",
}

ON_OFF_ONLY = "It controls on and off only and gives no current limits"

DOUBTS: dict[VebusDoubt, str] = {
    "": "",
    "no-bms": "no BMS is configured, so its items say nothing",
    "not-ready": "the VE.Bus service is not ready",
    "connection-lost": "the connection to the BMS is lost",
    "error": "the BMS reports an error",
    "invalid": "the VE.Bus service gives no valid value",
    "unknown-type": "the kind of BMS is not known to gxbridge",
}


def name(bms: VebusBms) -> str:
    """A name for people, with the firmware where the version carries one."""
    if bms.version is None or bms.generation not in ("v1", "v2-or-newer"):
        return NAMES[bms.generation]
    return f"{NAMES[bms.generation]} (firmware {bms.version % 1000})"


def vebus_sentence(bms: VebusBms) -> str:
    """What it allows, in one or two sentences that hold no age."""
    if bms.generation == "none":
        return "The VE.Bus system has no BMS."
    said = f"{name(bms)}: charging {WORDS[bms.charge]}, discharging {WORDS[bms.discharge]}"
    because = f", because {DOUBTS[bms.doubt]}" if bms.doubt else ""
    alarm = "; pre-alarm: a cell is low, discharging may be refused soon" if bms.pre_alarm else ""
    return f"{said}{because}{alarm}. {ON_OFF_ONLY}."


def vebus_findings(bms: VebusBms, now: float, had_bms: bool = False) -> tuple[Finding, ...]:
    """What a person should know of this system now; `now` in monotonic seconds. A ledger keeps first and count.

    `had_bms`: a BMS was seen there before. Without one, items that are missing mean an inverter/charger that never
    knew any BMS, and nothing is the matter.
    """
    notes = _notes(bms, had_bms or bms.expected is True)
    return tuple(Finding(key, severity, bms.service, text, advice, now, now) for key, severity, text, advice in notes)


def _notes(bms: VebusBms, due: bool) -> Iterator[tuple[str, Severity, str, str]]:
    who = name(bms)
    if bms.assistant_missing:
        yield (
            "vebus-assistant-missing",
            "alarm",
            "The inverter/charger sees a VE.Bus BMS but has no assistant for it (VE.Bus error 7)",
            "Load the BMS assistant (or an ESS assistant) into every unit with VEConfigure",
        )
    if bms.generation == "none":
        return
    if bms.connection_lost:
        yield (
            "vebus-bms-connection-lost",
            "alarm",
            f"The connection to the {who} is lost ({CONNECTION_LOST}); unknown counts as refused",
            "Check the VE.Bus cable between BMS and inverter/charger, and that the BMS is switched on",
        )
    if bms.error:
        yield (
            "vebus-bms-error",
            "alarm",
            f"The {who} reports an error ({ERROR} = {bms.error_raw})",
            "Check the BMS, its battery cables and its LEDs",
        )
    if bms.pre_alarm:
        yield (
            "vebus-bms-pre-alarm",
            "warning",
            f"The {who} gives its pre-alarm: a cell is low and discharging may be refused soon",
            "Charge the battery or reduce the loads",
        )
    if bms.generation in ("v1", "two-signal") and bms.multi_off and bms.doubt == "invalid":
        yield (
            "vebus-bms-silent-multi-off",
            "warning",
            f"The {who} cannot be read while the inverter/charger is switched off",
            "Switch it on; a VE.Bus BMS V2 with an MK3 can be read even then",
        )
    elif bms.doubt in ("invalid", "unknown-type") or (bms.doubt == "not-ready" and due):
        yield (
            "vebus-bms-unknown",
            "warning",
            f"The {who} cannot be read ({CHARGE} and the items beside it): {DOUBTS[bms.doubt]}",
            "Unknown counts as refused. With an old VE.Bus BMS switch the inverter/charger on; else check the cables",
        )
    if bms.generation == "v2-or-newer" and bms.mk3 is False:
        yield (
            "vebus-bms-needs-mk3",
            "warning",
            f"The {who} is connected through '{bms.interface}'; its complete function needs an MK3",
            "Use an MK3 interface; until then a GX device does not tell the chargers that a BMS is there",
        )
    if bms.generation == "v2-assumed":
        yield (
            "vebus-bms-assumed",
            "info",
            "The BMS does not tell its version: a V2 with the inverter/charger switched off, or a BMS that is missing",
            "Switch the inverter/charger on to be sure; its permissions are used meanwhile",
        )
