"""The CAN wiring of each device on our buses, by the errors that it counts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gxbridge.core.model.finding import stopped
from gxbridge.core.model.items import Value
from gxbridge.core.model.wording import counted
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.doctor.facts import Facts
from gxbridge.doctor.row import Row, RowVerdict

SECTION: Final = "CAN wiring"
VERDICTS: Final[Mapping[str, tuple[RowVerdict, str]]] = {
    "bad": (
        "warning",
        "Check its plug and its drop cable; where several devices count errors, the two terminators (60 ohms between "
        "CAN-H and CAN-L with the power off) and the bit rate of every device.",
    ),
    "busy": ("note", "Its cable is sound: look at the load of the bus, and for devices that send more than they need."),
    "conflict": ("problem", "Unplug one of the two, or set another address by hand."),
}
"""What the service says of a device -> verdict and advice; what it calls good or unknown is only counted."""
ASK: Final = (
    "They are told only when asked: `transmit: requests` has gxbridge ask every five minutes. It also says nothing of "
    "devices that are not Victron's."
)


def check_can_wiring(facts: Facts) -> Iterator[Row]:
    """Each device with something to look at; how many are well; how many nobody knows about, and why."""
    own = facts.services.get(OWN_NAME, {})
    good, unknown = 0, []
    index = 0
    while (word := own.get(f"/Devices/{index}/Wiring")) is not None:
        name = _called(own, index)
        text = f"{name}: {own.get(f'/Devices/{index}/WiringReason') or 'no reason is told'}"
        if word in VERDICTS:
            verdict, advice = VERDICTS[str(word)]
            yield Row(SECTION, f"wiring-{word}", verdict, text, advice, name)
        elif word == "good":
            good += 1
        else:
            unknown.append(text)
        index += 1
    if good:
        yield Row(SECTION, "wiring-good", "ok", f"{counted(good, 'device')} counted no new CAN error")
    if unknown:
        yield Row(
            SECTION, "wiring-unknown", "note", f"not known of {counted(len(unknown), 'device')}", _cure(facts, unknown)
        )


def _cure(facts: Facts, unknown: list[str]) -> str:
    reasons = " ".join(stopped(text) for text in unknown)
    return f"{ASK} {reasons}" if facts.configured.transmit == "off" else reasons


def _called(own: Mapping[str, Value], index: int) -> str:
    bus, address, product = (own.get(f"/Devices/{index}/{field}") for field in ("Bus", "Address", "Product"))
    return f"{product or 'a device'} {'' if address is None else f'at address {address} '}on {bus}"
