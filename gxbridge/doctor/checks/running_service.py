"""The running service: whether it runs, how it is, its CAN buses, and what it found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from gxbridge.core.channels.terminals.terminals_text import DISCHARGE_OBSERVED, OBSERVED, SWITCHED_OFF
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.finding import stopped
from gxbridge.core.model.items import Value
from gxbridge.core.model.wording import counted, duration_text
from gxbridge.core.publish.explanation import MOVED
from gxbridge.core.publish.own_paths import EXPLAIN_JSON, OWN_NAME
from gxbridge.doctor.facts import Facts
from gxbridge.doctor.row import OF_SEVERITY, Row, RowVerdict

SECTION: Final = "Service"
YOUNG_S: Final = 20.0
"""A service that is up for less than this and not on D-Bus may only be starting."""
LOG: Final = "/var/log/gxbridge/current"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


OBSERVED_CURES: Final = (
    (
        _sentence(SWITCHED_OFF),
        "Profile strict would enforce it; until then the wires from the BMS must.",
    ),
    (
        _sentence(OBSERVED),
        "The wires from the BMS to the chargers must do their work; dvcc.mode: control would enforce it.",
    ),
    (DISCHARGE_OBSERVED, "Wire its load disconnect terminal to the loads and to the inverter's remote input."),
)
"""What a BMS that says only yes or no is not obeyed in, and what must do the work instead."""


def check_service(facts: Facts) -> Iterator[Row]:
    """Does gxbridge run, how is it, and what did it find?"""
    own = facts.services.get(OWN_NAME)
    if own is None:
        yield _absent(facts)
        return
    version, mode, effective = (own.get(path) for path in ("/Mgmt/ProcessVersion", "/Dvcc/Mode", "/Dvcc/Effective"))
    doing = f"{effective}" if mode == effective else f"{effective} (configured: {mode})"
    yield Row(SECTION, "running", "ok", f"gxbridge {version} runs: {doing}, profile {own.get('/Dvcc/Profile')}")
    if version != facts.program.version:
        text = f"version {version} runs, and this is {facts.program.version}"
        advice = "Restart the service (on a GX: svc -t /service/gxbridge), or use the program that belongs to it."
        yield Row(SECTION, "versions-differ", "warning", text, advice)
    name, state = own.get("/Bms/Name") or own.get("/Bms/Service"), own.get("/Bms/State")
    if state == "live":
        yield Row(SECTION, "bms", "ok", f"the BMS in control is {name}, live", "", str(own.get("/Bms/Service") or ""))
    else:
        word = MOVED if state == "moved" else f"is {state}"
        text = "no BMS is in control" if state in (None, "none") else f"the BMS in control, {name}, {word}"
        yield Row(SECTION, "bms", "note", text, "gxbridge explain tells more.")
    yield from _other_channels(own)
    yield from _buses(own)
    yield from _findings(own)


def _absent(facts: Facts) -> Row:
    supervised = facts.program.supervised
    if facts.bus.error:
        return Row(SECTION, "running", "note", "whether gxbridge runs is unknown without D-Bus")
    if OWN_NAME in facts.bus.unanswered:
        text = "gxbridge is on D-Bus but does not answer"
        return Row(SECTION, "running", "problem", text, f"Look at its log ({LOG}), and restart it.")
    if supervised is None:
        text = "gxbridge does not run on this bus"
        return Row(SECTION, "running", "note", text, "Start it with: gxbridge run --config FILE")
    log = f"tail -n 50 {LOG} | tai64nlocal tells why."
    if supervised.up is None:
        text = f"{supervised.folder} is there, but daemontools does not supervise it"
        return Row(SECTION, "running", "problem", text, "Wait 5 s for svscan; else restart the GX.")
    if not supervised.up:
        text = f"{supervised.folder} is switched off"
        return Row(SECTION, "running", "problem", text, f"svc -u {supervised.folder} starts it. {log}")
    if supervised.seconds is not None and supervised.seconds < YOUNG_S:
        text = f"{supervised.folder} was started {duration_text(supervised.seconds)} ago and is not on D-Bus yet"
        return Row(SECTION, "running", "warning", text, f"Ask again in half a minute. If it goes on: {log}")
    return Row(SECTION, "running", "problem", f"{supervised.folder} runs, but is not on D-Bus", log)


def buses_of(own: Mapping[str, Value]) -> dict[str, Value]:
    """The CAN buses of the running service, each with its state."""
    found: dict[str, Value] = {}
    for path, state in own.items():
        parts = path.split("/")
        if len(parts) == 4 and parts[1] == "Can" and parts[3] == "State" and state is not None:
            found[parts[2]] = state
    return found


def _other_channels(own: Mapping[str, Value]) -> Iterator[Row]:
    """BMSes that say only yes or no; wired ones are only observed while gxbridge does not control the chargers."""
    try:
        explanation = json.loads(str(own.get(EXPLAIN_JSON) or "{}"))
        sentences = [text for text in explanation["relatives"]["sentences"] if isinstance(text, str)]
    except (ValueError, LookupError, TypeError, RecursionError):
        return  # no service of ours, or of another version
    for text in sentences:
        advice = next((cure for words, cure in OBSERVED_CURES if words in text), "")
        yield Row(SECTION, "yes-or-no-bms", "note" if advice else "ok", text, advice)


def _buses(own: Mapping[str, Value]) -> Iterator[Row]:
    for bus, state in buses_of(own).items():
        frames, lost, errors = (number(own, f"/Can/{bus}/{name}") or 0 for name in ("Frames", "Lost", "Errors"))
        text = f"bus {bus}: {counted(frames, 'frame')} heard, {lost:.0f} lost, {counted(errors, 'error')}"
        if state in ("open", "ended"):
            verdict: RowVerdict = "warning" if lost or errors else "ok"
            advice = "Errors come from the wiring, termination or bit rate; losses from a machine that is too busy."
            yield Row(SECTION, "bus", verdict, text, advice if verdict == "warning" else "", bus)
        else:
            yield Row(
                SECTION, "bus", "problem", f"{text}; it is {state}", str(own.get(f"/Can/{bus}/Reason") or ""), bus
            )


def _findings(own: Mapping[str, Value]) -> Iterator[Row]:
    index = 0
    while (name := own.get(f"/Findings/{index}/Id")) is not None:
        severity, text, advice, subject = (
            str(own.get(f"/Findings/{index}/{field}") or "") for field in ("Severity", "Text", "Advice", "Subject")
        )
        verdict: RowVerdict = next((mark for name_, mark in OF_SEVERITY.items() if name_ == severity), "warning")
        yield Row(SECTION, f"finding-{name}", verdict, text, stopped(advice), subject)
        index += 1
