"""A VE.Bus BMS in plain words: its name, one sentence on what it allows, and what is the matter with it."""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.core.channels.vebus.vebus_bms import CHARGE, CONNECTION_LOST, ERROR, Generation, VebusBms, VebusDoubt
from gxbridge.core.model.finding import PRE_ALARM_WORDS, Finding, finding
from gxbridge.core.model.permission import WORDS

NAMES: dict[Generation, str] = {
    "none": "no BMS",
    "two-signal": "two-signal BMS",
    "v1": "VE.Bus BMS (V1)",
    "v2-or-newer": "VE.Bus BMS V2 or newer",
    "v2-assumed": "VE.Bus BMS, V2 assumed",
    "unknown": "VE.Bus BMS of unknown kind",
}

ON_OFF_ONLY = "It only says yes or no and gives no current limits"

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
    return tuple(_findings(bms, had_bms or bms.expected is True, now))


def _findings(bms: VebusBms, due: bool, now: float) -> Iterator[Finding]:
    who = name(bms)
    if bms.assistant_missing:
        yield finding("vebus-assistant-missing", bms.service, now)
    if bms.generation == "none":
        return
    if bms.connection_lost:
        yield finding("vebus-bms-connection-lost", bms.service, now, bms=who, path=CONNECTION_LOST)
    if bms.error:
        yield finding("vebus-bms-error", bms.service, now, bms=who, path=ERROR, error=str(bms.error_raw))
    if bms.pre_alarm:
        yield finding("vebus-bms-pre-alarm", bms.service, now, bms=who, **PRE_ALARM_WORDS)
    if bms.generation in ("v1", "two-signal") and bms.multi_off and bms.doubt == "invalid":
        yield finding("vebus-bms-silent-multi-off", bms.service, now, bms=who)
    elif bms.doubt in ("invalid", "unknown-type") or (bms.doubt == "not-ready" and due):
        yield finding("vebus-bms-unknown", bms.service, now, bms=who, path=CHARGE, doubt=DOUBTS[bms.doubt])
    if bms.generation == "v2-or-newer" and bms.mk3 is False:
        yield finding("vebus-bms-needs-mk3", bms.service, now, bms=who, interface=str(bms.interface))
    if bms.generation == "v2-assumed":
        yield finding("vebus-bms-assumed", bms.service, now)
