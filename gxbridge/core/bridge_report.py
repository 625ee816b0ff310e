"""What changed from one look of a bridge to the next, as rows: values, states, limits with their reasons, findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gxbridge.core.cycle import Cycle
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import stopped
from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.vecan.lynx.table import LYNX

QUANTITIES: Final = {quantity.name: quantity for quantity in LYNX.quantities}
EVERY_S: Final = 60.0
"""How often values are repeated that change all the time."""
DEVICE: Final = ("Bus", "Address", "Kind", "Product", "Serial", "Firmware", "State")


class ReportRow(NamedTuple):
    """One thing that was new. `t`: seconds as the log or the box has them, epoch seconds where it knows the date.

    `kind`: value (repeated), state (of a battery, when it changes), limit, battery, bms, dvcc, device, waiting or
    finding. `reason`: the stable name of a limit's reason, or a finding's severity. `value` is None where a thing is
    over, not known, or a limit grants nothing."""

    t: float
    kind: str
    subject: str
    name: str
    value: Value
    unit: str
    reason: str
    text: str


class BridgeReport:
    """Takes look after look and remembers only the last of each thing."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._values_at = float("-inf")
        self._known: Mapping[tuple[str, str, str], tuple[Value, str, str, str]] = {}

    def rows(self, cycle: Cycle, at: float) -> Iterator[ReportRow]:
        """The rows of a look at monotonic second `at`."""
        t = at + cycle.epoch_offset
        now = dict(_standing(cycle))
        for key, row in now.items():
            known = self._known.get(key)
            # What a finding says may count along; that it holds is said once.
            if known is None or (known[:3] if key[0] == "finding" else known) != (
                row[:3] if key[0] == "finding" else row
            ):
                yield ReportRow(t, key[0], key[1], key[2], *row)
        for key, (_, unit, reason, text) in self._known.items():
            if key not in now:
                yield ReportRow(
                    t, key[0], key[1], key[2], None, unit, reason, text if key[0] == "state" else f"over: {text}"
                )
        self._known = now
        if at - self._values_at >= self._every_s:
            self._values_at = at
            for note in cycle.situation.batteries:
                yield from (ReportRow(t, "value", *row) for row in _values(note.battery))


def _values(battery: Battery) -> Iterator[tuple[str, str, Value, str, str, str]]:
    for name, known in battery.values.items():
        quantity = QUANTITIES[name]
        if quantity.kind in ("measurement", "history"):
            yield battery.key, name, known.value, quantity.unit, "", quantity.text


def _standing(cycle: Cycle) -> Iterator[tuple[tuple[str, str, str], tuple[Value, str, str, str]]]:
    """Everything that stands until it changes: (kind, subject, name) -> value, unit, reason, text."""
    situation, decision = cycle.situation, cycle.decision
    yield ("dvcc", "", "effective"), (situation.effective, "", "", situation.master_reason)
    bms = situation.names.get(decision.bms_service, "") or decision.bms_service
    yield ("bms", "", "state"), (decision.bms_state, "", "", bms)
    for note in situation.batteries:
        battery = note.battery
        where = f"{battery.product_name} {battery.serial or battery.unique_number} on {battery.bus}"
        yield ("battery", battery.key, "state"), (battery.state, "", "", where)
        for name, known in battery.values.items():
            quantity = QUANTITIES[name]
            if quantity.kind not in ("measurement", "history"):
                yield ("state", battery.key, name), (known.value, quantity.unit, "", quantity.text)
    for item in situation.provisional:
        yield ("waiting", item.key, "device"), (item.address, "", "", item.text)
    for limit in decision.limits:
        row = limit.value, limit.unit, limit.caps[0].name if limit.caps else "", limit.sentence
        yield ("limit", limit.subject, limit.name), row
    yield from _devices(cycle.own)
    for finding in situation.findings:
        yield ("finding", finding.subject, finding.id), (finding.count, "", finding.severity, stopped(finding.text))


def _devices(own: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str, str], tuple[Value, str, str, str]]]:
    for n in range(sum(path.endswith("/Bus") and path.startswith("/Devices/") for path in own)):
        bus, address, kind, product, serial, firmware, state = (own[f"/Devices/{n}/{name}"] for name in DEVICE)
        if bus is not None:
            text = " ".join(str(part) for part in (kind, product, serial, firmware) if part)
            yield ("device", str(bus), str(address)), (state, "", "", text)
