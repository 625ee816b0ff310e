"""Batteries in parallel: the banks of the running service with their members, and batteries that look like one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gxbridge.core.bank.banks import recognise
from gxbridge.core.bank.entry import SERVICE_PREFIX
from gxbridge.core.bank.member import MemberCandidate
from gxbridge.core.bank.view import bank_data
from gxbridge.core.bank.words import bank_title, head, member_line
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.numbers import text
from gxbridge.core.dvcc.read.paths import OWN_PREFIX
from gxbridge.core.model.items import Value
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.doctor.facts import Services
from gxbridge.doctor.row import Row

SECTION: Final = "Batteries"
MOST: Final = 16
"""Banks that are looked for among the items of the running service."""


def check_banks(batteries: Sequence[Bms], services: Services) -> Iterator[Row]:
    """The banks of the running service; without one, what looks like a bank."""
    own = services.get(OWN_NAME, {})
    named = [n for n in range(MOST) if text(own, f"/Banks/{n}/Name")]
    for n in named:
        yield _own_bank(own, f"/Banks/{n}")
    if named:
        return
    for view in recognise([_heard(bms, services) for bms in batteries], ()):
        data = bank_data(view)
        lines = [head(data), *(member_line(member, None) for member in data["members"]), *data["differences"]]
        yield Row(SECTION, "bank-recognised", "note", f"{'; '.join(lines)}. {view.why}", "", view.entry.name)


def _own_bank(own: Mapping[str, Value], at: str) -> Row:
    """A bank of the running service; one that is not whole says why in findings of its own."""
    name, service = text(own, f"{at}/Name"), text(own, f"{at}/Service")
    inside, _, known = text(own, f"{at}/Members").partition("/")
    members = f"{bank_title(name)}: {inside} of {known} batteries in it; {text(own, f'{at}/Text')}"
    line = f"{members}. {text(own, f'{at}/Reason')}"
    whole = bool(service) and inside == known
    advice = "" if whole else "The findings of the running service, in this report, say what to do."
    return Row(SECTION, "bank", "ok" if whole else "warning", line, advice, service)


def _heard(bms: Bms, services: Services) -> MemberCandidate:
    """A battery as the banks read it; the name of a service of gxbridge says on which CAN bus it is."""
    ours = bms.name.startswith(OWN_PREFIX) and not bms.name.startswith(SERVICE_PREFIX)
    bus = bms.name.removeprefix(OWN_PREFIX).rpartition("_uc")[0] if ours else ""
    return MemberCandidate(bms, services[bms.name], bus)
