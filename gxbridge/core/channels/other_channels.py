"""Every BMS that does not speak on VE.Can, in one place: VE.Bus, wired terminals, Bluetooth; and what they stop.

The service gives it the D-Bus services and the advertisements; the decision takes its stops, people its words. What
speaks on VE.Can (`core/vecan`) is only compared with here: the same BMS over a second channel is a second opinion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from gxbridge.core.channels.readout.receiver import Receiver
from gxbridge.core.channels.second_opinion import Disputes, Statement, compare, opinion_findings
from gxbridge.core.channels.terminals.terminal_bms import INPUT_STATE, TerminalBms, Wiring, read
from gxbridge.core.channels.terminals.terminals_text import (
    charge_reason,
    discharge_reason,
    permit_text,
    terminal_findings,
    terminal_sentence,
)
from gxbridge.core.channels.vebus.vebus_bms import CHARGE, DISCHARGE
from gxbridge.core.channels.vebus.vebus_watch import WatchedSystems, WatchedVebus, follow, watch_findings
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import PRE_ALARM_WORDS, Finding, finding
from gxbridge.core.model.items import Items
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.permission import Permit, Stop

if TYPE_CHECKING:
    from gxbridge.core.channels.readout.advertisement import AdvertisedValues, DeviceKey, Refusal

LYNX_RECORD = 0x0A

BATTERY_QUANTITIES = {
    "voltage": "voltage_v",
    "current": "current_a",
    "soc": "soc_percent",
    "temperature": "temperature_c",
    "charge": "allow_to_charge",
    "discharge": "allow_to_discharge",
    "contactor": "contactor_closed",
}
LOAD_DISCONNECT = "load_disconnect_alarm"
READING_VALUES = BATTERY_QUANTITIES | {"charge": "allowed_to_charge", "discharge": "allowed_to_discharge"}


class OtherChannelsView(NamedTuple):
    """What these channels say at one moment.

    The stops of kind `vebus` repeat what DVCC reads there itself, plus what it does not look at: a lost connection, an
    error beside an allowance, a service that vanished. `sentences` hold no ages, so that they change only when a
    reason does.
    """

    vebus: tuple[WatchedVebus, ...] = ()
    terminals: tuple[TerminalBms, ...] = ()
    charge_stops: tuple[Stop, ...] = ()
    discharge_stops: tuple[Stop, ...] = ()
    charge_permits: tuple[Permit, ...] = ()
    findings: tuple[Finding, ...] = ()
    sentences: tuple[str, ...] = ()


class OtherChannels:
    """Holds what was said over time. Every method takes `now` in monotonic seconds and never raises on input."""

    def __init__(
        self,
        wirings: Sequence[Wiring] = (),
        keys: Mapping[str, DeviceKey] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """`keys` and `names` (for people) of Bluetooth devices by their address."""
        self.receiver = Receiver(keys or {})
        self._names = {address.upper(): name for address, name in (names or {}).items()}
        # A record of the past is played without keys: the names are there, and so is what was opened with the keys.
        self._addresses = tuple(dict.fromkeys((*(address.upper() for address in keys or {}), *self._names)))
        self._terminals: dict[str, TerminalBms] = {}
        self._wirings = tuple(wirings)
        self._watch: WatchedSystems = {}
        self._disputes = Disputes()
        self._stopped: dict[tuple[str, str], float] = {}

    def hear(self, address: str, data: bytes, now: float) -> AdvertisedValues | Refusal:
        """One Bluetooth advertisement."""
        return self.receiver.hear(address, data, now)

    def look(
        self,
        services: Mapping[str, Items],
        batteries: Sequence[Battery],
        now: float,
        observed: str = "",
        lowers_discharge: bool = False,
    ) -> OtherChannelsView:
        """Everything at `now`. `batteries` are those on VE.Can.

        `observed`: why no stop of terminals is enforced, if so;
        `lowers_discharge`: a battery service gives a discharge limit that a refusal to discharge can lower to 0.
        """
        self._watch = follow(self._watch, services, now)
        for wiring in self._wirings:
            self._terminals[wiring.name] = read(wiring, services, self._terminals.get(wiring.name), now)
        terminals = tuple(self._terminals.values())
        charge, discharge = tuple(self._charge(now)), tuple(self._discharge(now))
        held = {("charge", stop.source) for stop in charge} | {("discharge", stop.source) for stop in discharge}
        self._stopped = {key: since for key, since in self._stopped.items() if key in held}
        name, statements = self._one_bms(batteries, now)
        self._disputes = compare(statements, self._disputes, now)
        findings = (
            *watch_findings(self._watch, now),
            *(finding for bms in terminals for finding in terminal_findings(bms, now)),
            *self.receiver.findings(now),
            *self._pre_alarms(now),
            *opinion_findings(name, self._disputes, now),
        )
        seen = tuple(self._watch.values())
        words = (
            *(item.text for item in seen if item.had_bms),
            *(terminal_sentence(bms, observed, lowers_discharge) for bms in terminals),
        )
        return OtherChannelsView(seen, terminals, charge, discharge, tuple(self._permits()), findings, words)

    # --- what is stopped ----------------------------------------------------------------------------------------------

    def _charge(self, now: float) -> Iterator[Stop]:
        for seen in self._watch.values():
            if seen.stops_charge:
                yield Stop(seen.bms.service, CHARGE, seen.charge_since, seen.reason, "vebus")
        for bms in self._terminals.values():
            reason = charge_reason(bms)
            if reason is not None and bms.charge is not None:
                yield Stop(bms.charge.service, INPUT_STATE, bms.charge.since, reason, "terminal")
        yield from self._by_bluetooth("charge", now)

    def _discharge(self, now: float) -> Iterator[Stop]:
        for seen in self._watch.values():
            if seen.stops_discharge:
                refused = seen.discharge is False
                yield Stop(seen.bms.service, DISCHARGE, seen.discharge_since, seen.reason, "vebus", refused)
        for bms in self._terminals.values():
            reason = discharge_reason(bms)
            if reason is not None and bms.discharge is not None:
                refused = bms.discharge.good is False
                yield Stop(bms.discharge.service, INPUT_STATE, bms.discharge.since, reason, "terminal", refused)
        yield from self._by_bluetooth("discharge", now)

    def _permits(self) -> Iterator[Permit]:
        for seen in self._watch.values():
            # What a VE.Bus BMS allows DVCC reads itself; it does not look at a two-signal BMS.
            if seen.bms.generation == "two-signal" and seen.charge:
                yield Permit(seen.bms.service, CHARGE, seen.charge_since, seen.permit)
        for bms in self._terminals.values():
            if bms.charge is not None and bms.charge.good:
                yield Permit(bms.charge.service, INPUT_STATE, bms.charge.since, permit_text(bms, bms.charge))

    def _by_bluetooth(self, what: Literal["charge", "discharge"], now: float) -> Iterator[Stop]:
        for address in self._addresses:
            told = self.receiver.restriction(address, now)
            if told.stops_charge if what == "charge" else told.stops_discharge:
                since = self._stopped.setdefault((what, address), now)
                text = f"{self._name(address)} advertises that it does not allow {what.removesuffix('e')}ing"
                yield Stop(address, "", since, text, "bluetooth")

    def _pre_alarms(self, now: float) -> Iterator[Finding]:
        for address in self._addresses:
            if self.receiver.restriction(address, now).pre_alarm:
                yield finding("readout-pre-alarm", address, now, device=self._name(address), **PRE_ALARM_WORDS)

    def _name(self, address: str) -> str:
        return self._names.get(address, address)

    # --- second opinion -----------------------------------------------------------------------------------------------

    def _one_bms(self, batteries: Sequence[Battery], now: float) -> tuple[str, tuple[Statement, ...]]:
        """The statements of all channels about one and the same BMS.

        Only where there is no doubt that it is the same: one Lynx Smart BMS on VE.Can, and one Bluetooth reading or
        one set of terminals of a Lynx; or one VE.Bus BMS, and one set of terminals of such a model. Without Bluetooth
        and terminals nobody has a second opinion.
        """
        if not self._addresses and not self._terminals:
            return "", ()
        live = [battery for battery in batteries if battery.state == "live"]
        if len(live) == 1:
            return live[0].product_name, (
                *_battery_says(live[0]),
                *self._lynx_reading_says(now),
                *self._terminals_say("lynx"),
            )
        seen = [seen for seen in self._watch.values() if seen.had_bms and seen.gone_at is None]
        if len(seen) == 1 and not batteries:
            channel = "VE.Bus"
            return "VE.Bus BMS", (
                Statement(channel, "charge", seen[0].charge),
                Statement(channel, "discharge", seen[0].discharge),
                Statement(channel, "pre-alarm", seen[0].bms.pre_alarm),
                *self._terminals_say("vebus"),
            )
        return "", ()

    def _lynx_reading_says(self, now: float) -> Iterator[Statement]:
        readings = [reading for address in self._addresses if (reading := self.receiver.reading(address, now))]
        lynx = [reading for reading in readings if reading.record.number == LYNX_RECORD]
        if len(lynx) == 1:
            for quantity, name in READING_VALUES.items():
                value = lynx[0].values.get(name)
                if isinstance(value, int | float):
                    yield Statement("Bluetooth", quantity, value)
            yield Statement("Bluetooth", "pre-alarm", _pre_alarm(lynx[0].values.get(LOAD_DISCONNECT)))

    def _terminals_say(self, model: str) -> Iterator[Statement]:
        found = [bms for bms in self._terminals.values() if model in bms.wiring.model.lower().replace(".", "")]
        if len(found) == 1:
            yield Statement("terminals", "charge", found[0].charge_permission)
            yield Statement("terminals", "discharge", found[0].discharge_permission)
            yield Statement("terminals", "pre-alarm", found[0].warns)


def _battery_says(battery: Battery) -> Iterator[Statement]:
    for quantity, name in BATTERY_QUANTITIES.items():
        value = battery.get(name)
        if isinstance(value, int | float):
            yield Statement("VE.Can", quantity, value)
    yield Statement("VE.Can", "pre-alarm", _pre_alarm(battery.get(LOAD_DISCONNECT)))


def _pre_alarm(load_disconnect: object) -> bool | None:
    """A warning is the pre-alarm; once loads are disconnected (2) it says nothing of what the relay or wire does."""
    return {0: False, 1: True}.get(load_disconnect) if isinstance(load_disconnect, int) else None
