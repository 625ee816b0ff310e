"""A BMS known only by its terminals: charge, discharge and pre-alarm, wired to digital inputs of the GX device.

A GX input is pulled high; the wiring (an optocoupler, or a dry contact to ground) pulls it low while the BMS allows.
So a broken wire, a blown fuse, a BMS without supply all read high, and high is stop: fail-safe. The pre-alarm works
the other way round, "no warning" is an open circuit: a broken wire reads "no warning", which is not fail-safe.

Such a BMS says yes or no and nothing else. It can stop charging and discharging; it gives no limits.
Sources: Victron, Cerbo GX manual, digital inputs; victronenergy/dbus-digitalinputs v0.31 (types and paths).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from gxbridge.core.model.items import Value
from gxbridge.core.model.permission import Permission
from gxbridge.core.model.record import record

PREFIX: Final = "com.victronenergy.digitalinput."
TYPE: Final = "/Type"
INPUT_STATE: Final = "/InputState"
"""The raw level. `/State` changes its meaning with the user's inversion setting and is not read."""

GENERIC_IO: Final = 10
LOW: Final = 0
HIGH: Final = 1
STOP_LEVEL: Final = HIGH

TerminalDoubt: TypeAlias = Literal["", "settling", "vanished", "wrong-type", "no-level"]
"""Why a signal is not known, or not yet believed; empty when it is."""

Role: TypeAlias = Literal["charge", "discharge", "pre-alarm"]


@record
class Wiring:
    """One BMS and the inputs its terminals are wired to, as service names; None = this terminal is not wired.

    `pre_alarm_level` is the level that means "pre-alarm": 0 through an optocoupler, 1 with a contact that opens then.
    A permission is believed once its level held for `settle_s`; a stop at once. A pre-alarm is believed at once, its
    end after `pre_alarm_clear_s`, as some BMSes give it intermittently.
    """

    name: str
    model: str
    charge: str | None = None
    discharge: str | None = None
    pre_alarm: str | None = None
    pre_alarm_level: Literal[0, 1] = LOW
    settle_s: float = 2.0
    pre_alarm_clear_s: float = 10.0

    @property
    def inputs(self) -> dict[Role, str]:
        """The wired inputs by what they carry."""
        wired: dict[Role, str | None] = {
            "charge": self.charge,
            "discharge": self.discharge,
            "pre-alarm": self.pre_alarm,
        }
        return {role: service for role, service in wired.items() if service is not None}


@record
class Signal:
    """One input over time. `good` is True (allowed; no pre-alarm), False, or None = unknown; moments in monotonic s."""

    service: str
    level: int | None
    level_since: float
    good: bool | None
    since: float
    doubt: TerminalDoubt = ""


@record
class TerminalBms:
    """What the terminals say now. A terminal that is not wired is None and stops nothing."""

    wiring: Wiring
    charge: Signal | None
    discharge: Signal | None
    pre_alarm: Signal | None

    @property
    def charge_permission(self) -> Permission:
        return self.charge.good if self.charge else None

    @property
    def discharge_permission(self) -> Permission:
        return self.discharge.good if self.discharge else None

    @property
    def signals(self) -> tuple[tuple[Role, Signal], ...]:
        """The wired terminals and what they carry."""
        every: tuple[tuple[Role, Signal | None], ...] = (
            ("charge", self.charge),
            ("discharge", self.discharge),
            ("pre-alarm", self.pre_alarm),
        )
        return tuple((role, signal) for role, signal in every if signal is not None)

    @property
    def stops_charge(self) -> bool:
        """Charging must be stopped: refused, or unknown although the terminal is wired."""
        return self.charge is not None and self.charge.good is not True

    @property
    def stops_discharge(self) -> bool:
        return self.discharge is not None and self.discharge.good is not True

    @property
    def warns(self) -> bool | None:
        """Whether the pre-alarm is on; None where it is not wired or not known."""
        if self.pre_alarm is None or self.pre_alarm.good is None:
            return None
        return not self.pre_alarm.good


def service_of(text: str) -> str:
    """The service name of an input written in short (`input_1`, `1`) or in full."""
    name = f"input_{text}" if text.isdigit() else text
    return name if name.startswith(PREFIX) else PREFIX + name


def read(
    wiring: Wiring, services: Mapping[str, Mapping[str, Value]], before: TerminalBms | None, now: float
) -> TerminalBms:
    """Look at the inputs at `now` (monotonic seconds); `before` is what the last call returned, None at first."""

    def look(service: str | None, last: Signal | None, bad: int, delay_s: float) -> Signal | None:
        if service is None:
            return None
        level, doubt = input_level(services.get(service))
        return _step(last if last and last.service == service else None, service, level, doubt, bad, delay_s, now)

    return TerminalBms(
        wiring,
        look(wiring.charge, before.charge if before else None, STOP_LEVEL, wiring.settle_s),
        look(wiring.discharge, before.discharge if before else None, STOP_LEVEL, wiring.settle_s),
        look(
            wiring.pre_alarm,
            before.pre_alarm if before else None,
            wiring.pre_alarm_level,
            wiring.pre_alarm_clear_s,
        ),
    )


def input_level(items: Mapping[str, Value] | None) -> tuple[int | None, TerminalDoubt]:
    """The raw level of an input (0 or 1) from its service's items, or None and why."""
    if items is None:
        return None, "vanished"
    if items.get(TYPE) != GENERIC_IO:
        return None, "wrong-type"
    level = items.get(INPUT_STATE)
    if level in (LOW, HIGH):
        return int(level), ""
    return None, "no-level"


def _step(
    last: Signal | None, service: str, level: int | None, doubt: TerminalDoubt, bad: int, delay_s: float, now: float
) -> Signal:
    level_since = last.level_since if last and last.level == level else now
    was = last.good if last else None
    if level is None:
        good: bool | None = None
    elif level == bad:
        good = False
    elif was or now - level_since >= delay_s:
        good = True
    else:
        # Back at the good level, but not long enough: what was believed stays, and that was not "good".
        good, doubt = was, "settling"
    since = last.since if last and was == good else now
    return Signal(service, level, level_since, good, since, doubt)


def check_wirings(wirings: Sequence[Wiring]) -> list[str]:
    """What is wrong with the wiring as configured, in words; empty if nothing is."""
    problems: list[str] = []
    users: dict[str, str] = {}
    for wiring in wirings:
        if not {"charge", "discharge"} & set(wiring.inputs):
            problems.append(f"{wiring.name}: neither the charge nor the discharge terminal is wired to an input")
        for role, service in wiring.inputs.items():
            user = f"{role} of {wiring.name}"
            if service in users:
                problems.append(f"{user}: {service} already carries {users[service]}; one input carries one terminal")
            users[service] = user
        for what, seconds in (("settle_s", wiring.settle_s), ("pre_alarm_clear_s", wiring.pre_alarm_clear_s)):
            if not 0 <= seconds <= 60:
                problems.append(f"{wiring.name}: {what} is {seconds:g}, it must be from 0 to 60 s")
    return problems
