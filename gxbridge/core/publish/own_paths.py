"""Every path of our own service `com.victronenergy.gxbridge`: its type, its text, what it says.

The service has a class that no consumer interprets. One item is writable, and only lowers (`own_writes.py`): mode,
profile, transmit and every rule are changed in the configuration file. Moments are epoch seconds (`Since`, `...At`),
never ages, so that nothing changes by itself.
"""

from __future__ import annotations

from gxbridge.core.model.items import ItemSpec
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.publish.own_writes import STORAGE

OWN_NAME = "com.victronenergy.gxbridge"
OWN_PRODUCT_ID = 0xBA78
"""Not assigned by the vendor; other third-party services use 0xBA77 and 0xBA44."""


class OwnPath(NamedTuple):
    """`path` may hold `<n>` (a number counted from 0) and `<bus>` (the name of a CAN bus)."""

    path: str
    spec: ItemSpec
    doc: str


def _row(path: str, signature: str, doc: str, text: str = "{}") -> OwnPath:
    return OwnPath(path, ItemSpec(signature, text), doc)


def _limit_rows(path: str, text: str, what: str) -> tuple[OwnPath, ...]:
    return (
        _row(f"{path}/Value", "d", f"{what}; invalid: nothing is granted or nothing is known", text),
        _row(f"{path}/Reason", "s", f"why {what} is what it is"),
        _row(f"{path}/ReasonId", "s", "the reason's id, for a text in another language ([reasons](dvcc-reasons.md))"),
        _row(f"{path}/ReasonArguments", "s", "what its text is filled in with, as JSON"),
        _row(f"{path}/Since", "u", "epoch seconds since when the value holds"),
    )


def _subject(path: str, text: str, what: str) -> tuple[OwnPath, ...]:
    return (
        _row(f"{path}/Service", "s", "D-Bus service it is for"),
        _row(f"{path}/Name", "s", "its name"),
        _row(f"{path}/DeviceInstance", "u", "its device instance, which is its address over MQTT"),
        *_limit_rows(path, text, what),
    )


EXPLAIN_JSON = "/Explain/Json"
EXPLAIN_TEXT = "/Explain/Text"
_ASKED = "answered by GetValue only, in no GetItems and no signal"

OWN_PATHS: tuple[OwnPath, ...] = (
    _row("/Mgmt/ProcessName", "s", "gxbridge"),
    _row("/Mgmt/ProcessVersion", "s", "version of gxbridge"),
    _row("/Mgmt/Connection", "s", "VE.Can and the CAN buses listened to, or D-Bus where there is none"),
    _row("/DeviceInstance", "u", "always 0"),
    _row("/ProductId", "q", "an id that the vendor has not assigned", "0x{:04X}"),
    _row("/ProductName", "s", "gxbridge"),
    _row("/FirmwareVersion", "s", "version of gxbridge"),
    _row("/HardwareVersion", "s", "always invalid"),
    _row("/Connected", "u", "1"),
    _row("/Health/State", "u", "worst finding: 0 none or information, 1 warning, 2 alarm"),
    _row("/Health/Text", "s", "the text of the worst finding"),
    _row("/Dvcc/Mode", "s", "as configured: off, monitor or control"),
    _row("/Dvcc/Effective", "s", "the mode in effect now: off, monitor or control"),
    _row("/Dvcc/Profile", "s", "strict, or vendor (as systemcalc 2.256)"),
    _row("/Dvcc/Master", "s", "who writes to the chargers: gxbridge, a service's name, or empty"),
    _row("/Dvcc/MasterReason", "s", "why"),
    _row("/Bms/Service", "s", "the BMS in control, or the one that was lost"),
    _row("/Bms/Name", "s", "its name"),
    _row("/Bms/State", "s", "live, silent, lost, moved (to another device instance) or none"),
    _row("/Bms/Since", "u", "epoch seconds since when it is in this state"),
    _row("/Bms/ChargeLinkEndsAt", "u", "epoch seconds at which the chargers' links expire (they show error 67)"),
    _row("/Bms/MultiStopsAt", "u", "epoch seconds at which the Multi stops by its own timer"),
    _row("/Bms/DischargeMayEndAt", "u", "epoch seconds before which a BMS in pre-alarm does not refuse to discharge"),
    _row("/Bms/ContactorMayOpenAt", "u", "epoch seconds by which an alternator that lost its permission must be off"),
    *_limit_rows("/Limits/Cvl", "{:.2f}V", "the charge voltage limit"),
    *_limit_rows("/Limits/Ccl", "{:.1f}A", "the charge current limit"),
    *_limit_rows("/Limits/Dcl", "{:.1f}A", "the discharge current limit"),
    *_subject("/Limits/Charger/<n>", "{:.1f}A", "this charger's charge current"),
    *_subject("/Limits/Multi", "{:.1f}A", "what is left for the inverter/charger"),
    _row(EXPLAIN_JSON, "s", f"all limits with their caps, batteries and findings as JSON; {_ASKED}"),
    _row(EXPLAIN_TEXT, "s", f"the same in plain words, on several lines; {_ASKED}"),
    OwnPath(
        STORAGE,
        ItemSpec("u", writable=True, minimum=0, maximum=1),
        "the storage profile of the rules: 1 on, 0 off; invalid: the configuration has none. Writable: 1 lowers, 0 "
        "returns to the rules of the configuration ([rules](rules.md))",
    ),
    _row("/Rules/ChargingFull", "u", "1 while the storage profile is suspended for a full charge"),
    _row("/Rules/Act", "u", "1: the rules lower what is told; 0: what follows is what they would allow"),
    _row("/Rules/<n>/Name", "s", "name of the rule, or storage"),
    _row("/Rules/<n>/Limit", "s", "what it lowers: CVL, CCL or DCL"),
    _row("/Rules/<n>/Value", "d", "what it allows (V or A); invalid: it withholds a discharge limit"),
    _row("/Rules/<n>/Reason", "s", "why"),
    _row("/Can/<bus>/State", "s", "open, waiting, down or bus-off"),
    _row("/Can/<bus>/Reason", "s", "why it is not open"),
    _row(
        "/Can/<bus>/Frames", "u", "frames heard; the kernel hands on only what gxbridge decodes; refreshed every 10 s"
    ),
    _row("/Can/<bus>/Lost", "u", "frames the kernel dropped"),
    _row("/Can/<bus>/Errors", "u", "error frames and frames that could not be decoded"),
    _row("/Can/<bus>/Load", "d", "share of 250 kbit/s over the last 10 s, of everything on the bus", "{:.0f}%"),
    _row("/Can/<bus>/LastFrameAt", "u", "epoch seconds of the newest frame; refreshed every 10 s"),
    _row("/DBus/Reconnects", "u", "how often the connection of a published service was lost and came back"),
    _row("/DBus/HeldBack", "u", "announcements that waited for a daemon that did not read; the newest values went out"),
    _row("/Banks/<n>/Name", "s", "name of the bank ([banks](banks.md))"),
    _row("/Banks/<n>/Service", "s", "the battery service that stands for its members; empty where none does"),
    _row("/Banks/<n>/Members", "s", "members that count in everything, and all: `2/3`"),
    _row("/Banks/<n>/Text", "s", "how each member stands, in words"),
    _row("/Banks/<n>/Reason", "s", "whether the bank stands for its members, and why not"),
    _row("/Batteries/<n>/Service", "s", "the battery service; empty when we publish none"),
    _row("/Batteries/<n>/Name", "s", "name of the battery"),
    _row("/Batteries/<n>/State", "s", "live, silent or lost"),
    _row("/Batteries/<n>/Since", "u", "epoch seconds since when it is in this state"),
    _row("/Batteries/<n>/Published", "s", "bms, bms-neutral, monitor or none"),
    _row("/Batteries/<n>/PublishedReason", "s", "why"),
    _row("/Batteries/<n>/Unseen", "s", "registers not heard since start: sent on change or on request"),
    _row("/Batteries/<n>/FellSilent", "s", "registers that were heard and are not any more"),
    _row("/Devices/<n>/Bus", "s", "CAN bus"),
    _row("/Devices/<n>/Address", "u", "source address at present"),
    _row("/Devices/<n>/Kind", "s", "battery, charger, inverter, VE.Bus system, GX device, other device ..."),
    _row("/Devices/<n>/Product", "s", "product, else the model it says it is"),
    _row("/Devices/<n>/Serial", "s", "serial number"),
    _row("/Devices/<n>/Firmware", "s", "firmware version"),
    _row("/Devices/<n>/UniqueNumber", "u", "unique number of its NAME; invalid while unknown"),
    _row("/Devices/<n>/State", "s", "live, silent or lost"),
    _row("/Devices/<n>/LastHeardAt", "u", "epoch seconds; refreshed every 10 s, or when the list changes"),
    _row("/Devices/<n>/Wiring", "s", "good, bad, busy, conflict or unknown ([CAN wiring](can-wiring.md))"),
    _row("/Devices/<n>/WiringReason", "s", "why, by what the device counts itself"),
    _row("/Findings/Count", "u", "findings that hold now"),
    _row("/Findings/<n>/Id", "s", "stable id of the finding"),
    _row("/Findings/<n>/Severity", "s", "info, warning or alarm"),
    _row("/Findings/<n>/Subject", "s", "what it is about"),
    _row("/Findings/<n>/Text", "s", "what is the matter"),
    _row("/Findings/<n>/Advice", "s", "what to do"),
    _row("/Findings/<n>/Arguments", "s", "what text and advice are filled in with, as JSON"),
    _row("/Findings/<n>/First", "u", "epoch seconds of the first time"),
    _row("/Findings/<n>/Count", "u", "how often it began"),
)

_SPECS = {row.path: row.spec for row in OWN_PATHS}


def pattern_of(path: str) -> str:
    """The form a real path has in the table: `/Can/can0/Frames` becomes `/Can/<bus>/Frames`."""
    parts = path.split("/")
    if parts[1] == "Can":
        parts[2] = "<bus>"
    return "/".join("<n>" if part.isdigit() else part for part in parts)


def own_spec(path: str) -> ItemSpec:
    """Type and text of one real path of our own service; KeyError for a path that the table does not have."""
    return _SPECS[pattern_of(path)]
