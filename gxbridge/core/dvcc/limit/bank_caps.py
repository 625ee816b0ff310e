"""What the other batteries of the bank limit and refuse, as caps beside those of the BMS in control."""

from __future__ import annotations

from collections.abc import Iterator, Set

from gxbridge.core.dvcc.limit.cap import Cap
from gxbridge.core.dvcc.limit.cap_history import CapHistory
from gxbridge.core.dvcc.limit.permissions import PermissionWord, word_of
from gxbridge.core.dvcc.limit.reasons import plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import takes_part
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.plausible import implausible, nominal_voltage, sane
from gxbridge.core.dvcc.read.inputs import Inputs

Gave = Set[tuple[str, str]]


def limiting(inputs: Inputs) -> Iterator[Bms]:
    """The others that limit now."""
    return (bms for bms in inputs.bank.others if takes_part(bms))


def speaking(inputs: Inputs) -> Iterator[Bms]:
    """The others whose permission counts now."""
    return (bms for bms in (*inputs.bank.others, *inputs.bank.members) if takes_part(bms))


def permissions(inputs: Inputs, path: str, gave: Gave) -> Iterator[tuple[Bms, PermissionWord]]:
    """Who of them says no, or should say something and does not; and a total none of whose members says yes."""
    words = [(bms, word_of(bms, path, gave)) for bms in speaking(inputs)]
    yield from ((bms, word) for bms, word in words if word in ("no", "unknown"))
    # A refusal to charge outlives its battery's service; one to discharge withholds, because 0 A needs a word.
    held: PermissionWord = "no" if path == p.ALLOW_CHARGE else "unknown"
    yield from ((bms, held) for bms in inputs.bank.gone if word_of(bms, path, gave) == "no")
    for total in inputs.bank.totals:
        if not any(word == "yes" and bms in inputs.bank.members for bms, word in words):
            yield total, "not offered"


def bank_charge_caps(inputs: Inputs, history: CapHistory, gave: Gave) -> Iterator[Cap]:
    """0 A by whoever refuses or does not say, the others' CCL, and 0 A by whoever gives no voltage."""
    names = {"no": "charge-refused", "unknown": "charge-unknown", "not offered": "no-member-allows"}
    for bms, word in permissions(inputs, p.ALLOW_CHARGE, gave):
        yield history.cap(names[word], 0.0, "A", bms.name, p.ALLOW_CHARGE, bms=bms.title)
    for bms in limiting(inputs):
        ccl = sane(bms.max_charge_current_a, inputs.options)
        name = "ccl-unknown" if ccl is None else "bms-ccl"
        yield history.cap(name, ccl or 0.0, "A", bms.name, p.CCL, bms=bms.title)
        if bms.max_charge_voltage_v is None:
            yield history.cap("cvl-unknown", 0.0, "A", bms.name, p.CVL, bms=bms.title)


def bank_voltage_caps(inputs: Inputs, history: CapHistory) -> Iterator[Cap]:
    """The others' CVL."""
    for bms in limiting(inputs):
        if bms.max_charge_voltage_v is not None:
            yield history.cap("bms-cvl", bms.max_charge_voltage_v, "V", bms.name, p.CVL, bms=bms.title)


def refused_voltage(inputs: Inputs, history: CapHistory, measured_v: float | None) -> Cap | None:
    """Another's CVL that does not fit the battery."""
    for bms in limiting(inputs):
        cvl = bms.max_charge_voltage_v
        found = None if cvl is None else implausible(cvl, nominal_voltage(bms, inputs.options, measured_v))
        if cvl is not None and found is not None:
            window = {"nominal": plain(found.nominal_v), "low": plain(found.low_v), "high": plain(found.high_v)}
            return history.cap("cvl-refused", None, "V", bms.name, p.CVL, said=plain(cvl), **window)
    return None


def bank_discharge_caps(inputs: Inputs, history: CapHistory, gave: Gave) -> Iterator[Cap]:
    """The others' DCL, 0 A by whoever refuses, and without a value who does not say: then nothing is renewed."""
    for bms in limiting(inputs):
        dcl = sane(bms.max_discharge_current_a, inputs.options)
        yield history.cap("dcl-unknown" if dcl is None else "bms-dcl", dcl, "A", bms.name, p.DCL, bms=bms.title)
    for bms, word in permissions(inputs, p.ALLOW_DISCHARGE, gave):
        if word == "no":
            yield history.cap("discharge-refused", 0.0, "A", bms.name, p.ALLOW_DISCHARGE, bms=bms.title)
        else:
            name = "discharge-unknown" if word == "unknown" else "no-member-discharges"
            yield history.cap(name, None, "A", bms.name, p.ALLOW_DISCHARGE, bms=bms.title)
