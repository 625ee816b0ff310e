"""The limits of chargers and Multi as they are explained: value, caps, sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from typing import Final

from gxbridge.core.dvcc.limit.cap import Cap, Limit, LimitName, Unit
from gxbridge.core.dvcc.limit.caps import Capped
from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.limit.reasons import (
    NEXT,
    REASONS,
    TERM_NAMES,
    TITLES,
    amount,
    cap,
    limit,
    part_of,
    plain,
    reason_text,
    spoken,
    term_text,
    would_hold,
)
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.chargers import LEAST_A, has_untold, makers_beside
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder
from gxbridge.core.dvcc.tell.multi_orders import charge_power_current
from gxbridge.core.model.fast import make
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.wording import names_text

OWN_TEXT: Final = REASONS["own-limit"].text
TITLE: Final = TITLES["charger"]


def system_limits(
    cvl: Capped, ccl: Capped, dcl: Capped, terms: tuple[Cap, ...], before: tuple[Limit, ...]
) -> list[Limit]:
    """CVL, CCL and DCL; the ones of the last round are kept where nothing has changed."""
    known = before[:3] if len(before) >= 3 else (None, None, None)
    return [
        kept(known[0], "CVL", cvl.value, "V", cvl.caps),
        kept(known[1], "CCL", ccl.value, "A", ccl.caps + terms),
        kept(known[2], "DCL", dcl.value, "A", dcl.caps),
    ]


def kept(before: Limit | None, name: LimitName, value: float | None, unit: Unit, caps: tuple[Cap, ...]) -> Limit:
    """The limit as it was, or a new one if anything in it is new."""
    if before is not None and before.name == name and before.value == value and before.caps == caps:
        return before
    return limit(name, "", value, unit, caps)


SHARES: Final = frozenset({"share", "rest", "asleep"})
"""The reasons that are a part of the system's limit."""


class Worded(NamedTuple):
    """What the limits of chargers with one reason have in common: the reason's text and what it was filled in with; of
    a part of the system's limit the winner among the caps of CCL, how that reads as the next, and the terms."""

    text: str
    arguments: Mapping[str, str]
    system: Cap | None
    system_next: str
    terms: tuple[Cap, ...]
    terms_text: str


def charger_limits(orders: Sequence[ChargerOrder], ccl: Capped, terms: tuple[Cap, ...], old: Set[str]) -> list[Limit]:
    """One limit for each charger; `old` names those whose firmware is too old."""
    texts: dict[tuple[str, float | None, str], Worded] = {}
    found: list[Limit] = []
    for one in orders:
        charger, _, why, system_a, extra_a, taken_by = one
        text = texts.get((why, system_a, taken_by))
        if text is None:
            text = texts[why, system_a, taken_by] = charger_reason(why, system_a, taken_by, ccl.caps[0], terms)
        if extra_a or charger.name in old:
            found.append(special_limit(one, text, charger.name in old))
        else:
            found.append(charger_limit(one, text))
    return found


def charger_limit(one: ChargerOrder, worded: Worded) -> Limit:
    """One charger: the reason, its own setting and the system's limit, in the order in which they hold."""
    charger, value, why, _, _, _ = one
    name, own_a = charger.name, charger.own_limit_a
    text, arguments, system, system_next, terms, terms_said = worded
    reason = make(Cap, (value, "A", why, "rule", name, p.CHARGE_CURRENT, None, text, arguments))
    system_a = None if system is None else system.value
    caps: tuple[Cap, ...]
    if own_a is None:
        caps, runner = (reason,), ""
    elif value == own_a and why != "stopped":
        # A charger that may do all it can is limited by its own setting, whatever its share is called.
        text, runner = OWN_TEXT, "" if system_a is None or system_a <= own_a else system_next
        if why in TERM_NAMES:
            terms_said = term_text(reason)
        caps = (own_setting(name, own_a), reason)
    elif system is not None and system_a is not None and value is not None and value < system_a < own_a:
        caps, runner = (reason, system, own_setting(name, own_a)), system_next
        system = None  # it stands before the charger's own
    else:
        runner = "" if value is None or own_a <= value else f"{OWN_TEXT} {amount(own_a, 'A')}"
        caps = (reason, own_setting(name, own_a))
    if system is not None:
        caps = (*caps, system)
    orders = amount(value, "A")
    sentence = (
        f"{TITLE} {orders}: {text}.{terms_said}{NEXT}{runner}." if runner else f"{TITLE} {orders}: {text}.{terms_said}"
    )
    return make(Limit, ("charger", name, value, "A", caps + terms, sentence))


@lru_cache(maxsize=1024, typed=True)
def own_setting(name: str, own_a: float) -> Cap:
    """A charger's own limit setting as a cap. `typed`: 70 and 70.0 are one key otherwise, and two in a black box."""
    return cap("own-limit", own_a, "A", name, p.CHARGE_LIMIT_SETTING)


def special_limit(one: ChargerOrder, worded: Worded, old: bool) -> Limit:
    """A charger with something of its own: a feeding Multi RS adds to its share, or its firmware is too old."""
    caps = list(charger_limit(one, worded).caps)
    if one.extra_a:
        caps.append(cap("rs-feed-in", None, "A", added=plain(one.extra_a)))
    if old:
        caps.append(cap("firmware", None, "A", one.charger.name, p.FIRMWARE))
    return limit("charger", one.charger.name, one.current_a, "A", caps)


def charger_reason(why: str, system_a: float | None, taken_by: str, system: Cap, terms: tuple[Cap, ...]) -> Worded:
    """What a charger's reason says; `system` is the winner among the caps of CCL, `terms` what is added to it."""
    if why not in SHARES:
        words = {"why": spoken(system)} if why == "stopped" else {}
        return Worded(reason_text(why, **words), words, None, "", (), "")
    words = {"system": f"{part_of(system_a)} left by {taken_by}" if taken_by else part_of(system_a)}
    known = None if system.value is None else system
    said = "".join(map(term_text, terms))
    return Worded(reason_text(why, **words), words, known, would_hold(system), terms, said)


def untold_limits(inputs: Inputs) -> list[Limit]:
    """What charges beside the chargers of a round and takes no limit: AC chargers, and VE.Bus systems but the first."""
    return [
        limit("charger", one.device.name, None, "A", (cap(one.not_told, None, "A", one.device.name, p.CURRENT),))
        for one in (makers_beside(inputs) if has_untold(inputs) else ())
        if one.not_told is not None
    ]


def untold_term(inputs: Inputs, orders: Sequence[ChargerOrder]) -> tuple[Cap, ...]:
    """What others make that cannot be told: with strict sharing it is taken off the limit of the chargers."""
    made = [one.charger.current_a or 0.0 for one in orders if one.why in ("no-path", "no-setting")]
    if has_untold(inputs):
        made += [one.made_a for one in makers_beside(inputs) if one.not_told is not None]
    made_a = sum(current for current in made if current > LEAST_A)
    return (cap("untold", None, "A", made=f"{made_a:.3g}"),) if made_a and inputs.options.strict_sharing else ()


def multi_limit(inputs: Inputs, rest_a: float | None, ccl: Capped, amps: Currents) -> Limit:
    """Why the Multi gets what it gets."""
    multi = inputs.multi
    if multi is None:
        return limit("multi", "", None, "A", (cap("no-multi", None, "A"),))
    if rest_a is None:
        return limit("multi", multi.name, None, "A", (cap("no-limit", None, "A"),))
    system = ccl.caps[0]
    power = cap("charge-power", rest_a, "A")
    if amps.limit_a is None:
        return limit("multi", multi.name, rest_a, "A", (power,))
    if amps.stop or ccl.value == 0:
        caps = [cap("stopped", rest_a, "A", multi.name, p.BOL_CHARGE_CURRENT, why=spoken(system))]
    elif rest_a == charge_power_current(inputs, inputs.voltage_v):
        caps = [power, system]
    else:
        others = names_text([text for service, text in inputs.titles.items() if service != multi.name])
        words = {"system": part_of(amps.limit_a)} | ({"others": others} if others else {})
        name = "multi-rest" if others else "multi-alone"
        caps = [cap(name, rest_a, "A", multi.name, p.BOL_CHARGE_CURRENT, **words), system]
    return limit("multi", multi.name, rest_a, "A", caps)


def same_reason(reason: Cap, inputs: Inputs, orders: Sequence[ChargerOrder]) -> list[Limit]:
    """Every limit with one and the same reason: a lost BMS, or DVCC off. Only charging may have a value."""
    nothing = reason._replace(value=None)
    multi = inputs.multi
    return [
        limit("CVL", "", None, "V", (nothing._replace(unit="V"),)),
        limit("CCL", "", reason.value, "A", (reason,)),
        limit("DCL", "", None, "A", (nothing,)),
        *(limit("charger", one.charger.name, one.current_a, "A", (reason,)) for one in orders),
        limit("multi", "" if multi is None else multi.name, reason.value, "A", (reason,)),
    ]
