"""A BMS at digital inputs in plain words: what its terminals say, what is stopped and why, what is the matter."""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.core.channels.terminals.terminal_bms import (
    GENERIC_IO,
    INPUT_STATE,
    PREFIX,
    STOP_LEVEL,
    Role,
    Signal,
    TerminalBms,
    TerminalDoubt,
)
from gxbridge.core.model.finding import PRE_ALARM_WORDS, Finding, finding

TERMINAL_NAMES: dict[Role, str] = {
    "charge": "allowed-to-charge terminal",
    "discharge": "allowed-to-discharge terminal",
    "pre-alarm": "pre-alarm terminal",
}

DOUBTS: dict[TerminalDoubt, str] = {
    "": "",
    "settling": "the level has only just changed",
    "vanished": "the input is not there",
    "wrong-type": f"the input is not of type {GENERIC_IO} (generic I/O)",
    "no-level": f"the input gives no level ({INPUT_STATE})",
}

NOT_ENFORCED = "observed, not enforced"
OBSERVED = f"{NOT_ENFORCED}: gxbridge does not control the chargers"
SWITCHED_OFF = f"{NOT_ENFORCED}: the configuration leaves it to the wires, as profile vendor does"
DISCHARGE_OBSERVED = f"A refusal to discharge is {NOT_ENFORCED}: loads need the BMS's own wire"
"""Where no battery service gives a discharge limit, nothing may be written that stops a load or an inverter."""


def input_name(signal: Signal) -> str:
    """`input_1` of a service name; the D-Bus prefix tells people nothing."""
    return signal.service.removeprefix(PREFIX)


def charge_reason(bms: TerminalBms) -> str | None:
    """Why charging is stopped, or None while it is not."""
    return _reason(bms, "charge", bms.charge) if bms.charge and bms.stops_charge else None


def discharge_reason(bms: TerminalBms) -> str | None:
    """Why discharging is stopped, or None while it is not."""
    return _reason(bms, "discharge", bms.discharge) if bms.discharge and bms.stops_discharge else None


def _reason(bms: TerminalBms, role: Role, signal: Signal) -> str:
    where = _where(bms, role, signal)
    if signal.good is None:
        counts = "counts as stop" if role == "charge" else "is not a permission"
        return f"{where}: unknown ({DOUBTS[signal.doubt]}), which {counts}"
    return f"{where}: open, which is stop (BMS, wire or fuse)"


def permit_text(bms: TerminalBms, signal: Signal) -> str:
    """Who allows charging, as the reason of a limit."""
    return f"set by {_where(bms, 'charge', signal)}"


def _where(bms: TerminalBms, role: Role, signal: Signal) -> str:
    return f"{bms.wiring.name}, {TERMINAL_NAMES[role]} at {input_name(signal)}"


def terminal_sentence(bms: TerminalBms, observed: str = "", lowers_discharge: bool = False) -> str:
    """What the terminals say, without ages. `observed`: why nothing is acted upon (OBSERVED, SWITCHED_OFF), if so.

    `lowers_discharge`: a battery service gives a discharge limit, which a refusal to discharge lowers to 0.
    """
    said = [
        _said("charging", bms.charge, "allowed", "refused"),
        _said("discharging", bms.discharge, "allowed", "refused"),
        _said("pre-alarm", bms.pre_alarm, "off", "ON"),
    ]
    end = f"{observed[0].upper()}{observed[1:]}" if observed else "It only says yes or no and gives no current limits"
    if not observed and bms.discharge is not None and not lowers_discharge:
        end += f". {DISCHARGE_OBSERVED}"
    return f"{bms.wiring.name} ({bms.wiring.model}): {', '.join(said)}. {end}."


def _said(what: str, signal: Signal | None, good: str, bad: str) -> str:
    if signal is None:
        return f"{what} not wired"
    word = {True: good, False: bad, None: "unknown"}[signal.good]
    doubt = f": {DOUBTS[signal.doubt]}" if signal.doubt else ""
    return f"{what} {word} ({input_name(signal)}{doubt})"


def terminal_findings(bms: TerminalBms, now: float) -> tuple[Finding, ...]:
    """What a person should know now; `now` in monotonic seconds. A ledger keeps first and count."""
    return tuple(_findings(bms, now))


def _findings(bms: TerminalBms, now: float) -> Iterator[Finding]:
    name = bms.wiring.name
    for role, signal in bms.signals:
        if signal.doubt not in ("", "settling"):
            yield finding(
                f"terminal-{role}-{signal.doubt}",
                signal.service,
                now,
                bms=name,
                terminal=TERMINAL_NAMES[role],
                doubt=DOUBTS[signal.doubt],
                input=input_name(signal),
            )
    if bms.charge and bms.discharge and bms.charge.level == bms.discharge.level == STOP_LEVEL:
        yield finding("terminals-both-open", name, now, bms=name)
    if bms.warns:
        yield finding("terminal-pre-alarm", name, now, bms=name, **PRE_ALARM_WORDS)
