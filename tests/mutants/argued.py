"""Mutants that no test can notice, and why: by kind of change, or by module and the code that the mutant has."""

from __future__ import annotations

import re
from typing import Final

from tests.mutants.argued_batteries import BATTERIES

ONE_OBJECT: Final = "what is compared is a word or a small number of the program's own: equal ones are one object"
APART: Final = "bits or words that are never set twice: or, plus and exclusive or are the same"
AMOUNT: Final = r"(?<!-)\b[\w.]*(_[avwc]|\.value|\.ccl|\.cvl|\.dcl)\b(?!\()"
"""Where this is compared, equal numbers may well be two objects."""
RULES: Final[tuple[tuple[str, str, str], ...]] = (
    (r"_(Eq_Is|NotEq_IsNot)$", rf"^(?!.*({AMOUNT} is (?!(not )?None)|\bis (not )?{AMOUNT}))", ONE_OBJECT),
    (r"BitOr_(Add|BitXor)", r"NETWORKED|URGENT = ", APART),
    (r"Add_Bit(Or|Xor)", r"base [|^]|% 4\) [|^]|0x2110 [|^]", APART),
    (r"Mul_Div", r"(^|, )/,", "whether an argument may be given by its place"),
    (r"TrueWithFalse", r"strict=False", "lists that are made together are equally long"),
    (r"NumberReplacer|RemoveDecorator", r"lru_cache|^$", "the size of a cache, or that there is one: speed only"),
    (r"TrueWithFalse|RemoveDecorator", r"slots|^@state|^@record", "how a record is laid out in memory"),
)
"""Kind of change (part of the operator's name), what the mutant's line has in it, and why nothing can notice."""

GROUPS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    ONE_OBJECT: {
        "counted_bmses": (
            "if None not in (bms.class_v, own.class_v) and bms.class_v is not own.class_v:",  # both are of one table
        ),
    },
    "at the bound itself both answers are the same": {
        "link": (
            "if amps >= least:",
            "return STILL_HELD if share_a is None or (limit(write.value) or 0.0) < share_a + SLACK else rule",
        ),
        "sharing": (
            "now_a = 0.0 if actual_a <= 0 else own_a if actual_a > own_a else actual_a",
            "now_a = 0.0 if actual_a < 0 else own_a if actual_a >= own_a else actual_a",
        ),
        "charger_order": (
            "if own_a is not None and current_a >= own_a:",
            "return current_a if current_a >= 0 else 0.0",
        ),
        "services": ("if own_a is not None and own_a <= 0:",),
        "low_pass": ("if current <= 0:", "if current != 0:", "if current < 1:"),
        "caps": ("if limits.cvl_used != limits.cvl:", "if limits.cvl_used is not limits.cvl:"),
        "reasons": ("return plain(round(current_a, 1) if abs(current_a) <= 10 else round(current_a))",),
        "scenario": ("return own if self.now_ms < own <= second else second",),
    },
    "within a millionth of the bound": {
        "gate": (
            "return GateVerdict(value) if number < highest + SLACK else GateVerdict(highest, rule)",
            "if number < bounds.dcl + SLACK",
        ),
    },
    "within a ten-millionth of an ampere of the bound": {
        "release": ("return new is not None and (new <= 0 or (bound is not None and new <= bound - TINY))",),
        "sharing": ("if share_a > own_a - TINY:",),
    },
    "the same for every value that can get there": {
        "mode_waits": (
            "(self._off.add if state <= OFF else self._off.discard)(address)",
            "CURRENT_PATH: Final = next(row.path for row in DEVICE_ROWS.values() if row.register >= CHARGE_CURRENT)",
        ),
        "link_line": (
            'return None if self.exchange.outcome <= "followed" else self.exchange',  # "" was answered before
            'answered = self.exchange is None or self.exchange.outcome > ""',
            'return self.passed is None and self.judged_at != float("-inf")',
            'if self.row.way >= "repeated":',  # "once" was answered before
            "every_s = RENEW_S if self.name is not None or self.row.register >= NETWORK_MODE else REPEAT_S",
            "renew_at = self.mode_at if self.mode_at >= self.sent_at else self.sent_at + every_s",  # never and never
            "due: bool = False",  # each word sets it
        ),
        "held": (
            "if one.value == 0 and one.what <= CHARGE:",
            "if len(known) == 1 and len(every) <= len(known[0].split()):",
            "if len(known) == 1 and len(every) == len(known[ -1].split()):",
            "forced = {p.BMS_TYPE: VEBUS_BMS} if one.device.kind >= p.VEBUS else {}",
        ),
        "currents": (
            "made_a = untold(name, items, told, made.get(name, -1.0), managed=bounds.managed)",
            'rest = left if kind in SUN else without_sun(bounds, others, own_draw=kind >= "vebus")',
            "highest = lowest(own, None if left is None and rest is None else max(min(left, rest), 0.0))",
            'and row.quantity <= "current"',
            "return max(made if own is None else min(made, own), told.get(name, ( -1.0, 0.0))[0], 0.0)",
            "return max(made if own is None else min(made, own), told.get(name, (0.0, 0.0))[0], -1.0)",
        ),
        "gate": (
            "if number > SWITCH_ON:",
            'stop = bounds.stop or ("the charge current limit is 0 A" if bounds.limit_a <= 0 else "")',
            'if setup.options.profile <= "strict" and setup.mode == "control":',
            'if setup.options.profile == "strict" and setup.mode <= "control":',
            'if ALLOWED[write.path].quantity <= "current" and isinstance(write.value, int | float):',
            'if setup.mode > "control":',
            'return GateVerdict(0.0 if row.quantity <= "current" else None, f"less than {row.low:g}")',
            'if quantity >= "voltage":',
            'highest = bounds.vecan_v if kind >= "vecan" else bounds.solar_v if kind in SUN else bounds.bms_v',
            'if quantity >= "set-point":',
            'if quantity <= "current":',
            'shown = limit(items.get("/Dc/0/MaxChargeCurrent")) or -1.0',
            "return max(shown, -1.0 if bounds.stop else multi_limit(bounds)), rule",
            'if kind >= "vecan":',
            'if source >= "Temperature":',
            'shown = [items.get(source)] if source >= "/Dc/0/Voltage" or name.startswith(BATTERY) else []',
        ),
        "bounds": (
            "bmses = read_bmses(words, known.gave, full=len(known.gave) is MOST)",
            "bmses = read_bmses(words, known.gave, full=len(known.gave) == MOST)",
            'if rule.limits >= "DCL"',
            "if wanted <= NOBODY:",
            "if wanted < NOBODY:",
            'on_loss = options.discharge_on_loss <= "stop" and own is not None and now - known.since >= START_S',
            'if said in ("yes", "no") and (key in fresh or len(fresh) is not MOST):',
            'if said in ("yes", "no") and (key in fresh or len(fresh) != MOST):',
        ),
        "counted_bmses": (
            "others = [bms for bms in counted if bms != total and belongs(bms, total, ())]",
            "alone = [bms for bms in counted if bms != total and bms not in members]",
            'allowed = any(bms.charge <= "yes" for bms in there) or vanished_granting(bmses, gave)',
            'allowed = any(bms.charge >= "yes" for bms in there) or vanished_granting(bmses, gave)',
            'granted = (mark for mark, last in gave.items() if last >= "yes" and mark.startswith("uc")'
            ' and " " not in mark)',
        ),
        "voltages": (
            'hub_v, measured_v = max(hub_v or -1.0, said + more_v), finite(multi.get("/Dc/0/Voltage"))',
            "highest = battery_v or max((volts for volts in measured if volts is not None), default= 1.0)",
            "highest = battery_v or max((volts for volts in measured if volts is not None), default= -1.0)",
        ),
        "raw_words": (
            'if battery.state <= "live"',
            'low_v = max(low_v, limit(battery.get("low_voltage_limit_v")) or -1.0)',
        ),
        "grid_feed_in": (
            'if setting(words, setup, "/Settings/CGwacs/OvervoltageFeedIn", -1) != 1:',
            'return source not in (0, 1) or setting(words, setup, f"AcInput{source + 1:.0f}", source << 1) != GENSET',
        ),
        "sharing": (
            "return [min(float(ceil(limit_a)), sharers[ -1].own_limit_a)]",
            "sizes = [0.0] * 6",
            "round_down(parts[now] * now_a + parts[room] * room_a, own_a, asleep=now >= ASLEEP)",
        ),
        "charger_orders": (
            "EXTERNAL: Final = 5",
            "REMOTE_BMS: Final = 9",
            "mode = NETWORKED | EXTERNAL | (REMOTE_BMS if has_bms else 1)",
            "plain = NETWORKED | (EXTERNAL if amps.limit_a is not None else 1)",
        ),
        "vendor_orders": (
            "sharers.append(make(Sharer, (smoothed.get(device.name, 0.0), own_a, orders, False, True)))",
            "capacity = max(number(rs.items, p.DISCHARGE_CAPACITY) or -1.0, 0.0)",
            "solar = [charger for charger in chargers if charger.device.kind >= p.SOLAR]",
            "inverters = [charger for charger in chargers if charger.device.kind < p.SOLAR]",
            "off = device.items.get(p.STATE) == 0 if device.kind >= p.SOLAR else own_a <= 0",
            "off = device.items.get(p.STATE) == 0 if device.kind == p.SOLAR else own_a == 0",
            "part = rest / capacity if capacity != 0 else 0.0",
            "part = rest / capacity if capacity > 0 else -1.0",
            "part = rest / capacity if capacity > 0 else 1.0",
        ),
        "strict_orders": ('limit_a -= 0.0 if why >= "other-network" else max(actual, 0.0)',),
        "reasons": (
            'return UNLIMITED if value >= UNLIMITED_A and unit <= "A" else f"{plain(value)} {unit}"',
            'if c.kind <= "inferred":',
            'return f"{value} {following.text}" if reason.kind >= "said" else f"{value}: {following.text}"',
        ),
        "scenario": ("if moment % 1000 <= 0:",),
        "multi_orders": (
            "cap = ceil(max(power, -1.0) / voltage_v) if power is not None and voltage_v else None",
            "def charge_limits(multi: Device, voltage_v: float | None, rest_a: float | None, *, tell_v: bool = False)"
            " -> list[Write]:",
            "return put(multi, p.MULTI_CHARGE_CURRENT, rest_a if rest_a != LEAST_A else 0), False",
            "return put(multi, p.MULTI_CHARGE_CURRENT, rest_a if rest_a is not LEAST_A else 0), False",
        ),
        "caps": (
            "if limits.cvl is None and limits.cvl_used is None:",
            "elif limits.ccl_used is not None and limits.ccl_used != limits.ccl:",
            "elif limits.ccl_used is not None and limits.ccl_used is not limits.ccl:",
            'caps.append(history.cap(known, 0.0 if known >= "ccl-unknown" else None, "A", bms.name, p.CCL, bms=name))',
            'if allowed <= "no":',
            'if limits >= "yes":',
            'name = "vebus-refused" if limits <= "no" else "vebus-unknown"',
            'return Capped(None, (cap(missing(inputs), None, "A"),), False)',
        ),
        "voltage": (
            "offset = -1.0 if given is None else min(max(hub - given, 0.0), MOST_OFFSET_V)",
            "offset = 0.0 if given is None else min(max(hub - given, -1.0), MOST_OFFSET_V)",
        ),
        "quirks": (
            "spread = max(high - low, -1.0)",
            "skew = min(max((voltage / 15 - spread / 2) / spread, -0.5), 0.5) if spread != 0 else 0.0",
            "skew = min(max((voltage / 15 - spread / 2) / spread, -0.5), 0.5) if spread > 0 else 1.0",
            "skew = min(max((voltage / 15 - spread / 2) / spread, -0.5), 0.5) if spread > 0 else -1.0",
        ),
        "control_round": (
            'return lost_round(inputs, memory, now, flags, who, silent=state >= "silent")',
            'if inputs.options.discharge_on_loss <= "stop":',
            "pv_off = speaks and memory.pv_disabled_reads != 0",
            "pv_disabled_reads=max(memory.pv_disabled_reads - speaks, -1),",
        ),
        "low_pass": ("current = number(items, p.CURRENT) if kind >= p.SOLAR else fed_current(device)",),
        "decide": (
            "round_due = second is not None and second % ROUND_S <= 0",
            'if standing.state >= "silent" and who is not None and inputs.options.loss_stops_first:',
            "return told + LINK_S if told != memory.round_at else None",
            "return told + LINK_S if told is not memory.round_at else None",
            "return told + MULTI_S if told != memory.round_at else None",
            "return told + MULTI_S if told is not memory.round_at else None",
        ),
        "explain/limits": (
            'elif value == own_a and why < "stopped":',
            'elif value == own_a and why <= "stopped":',
            'return reason_text(why, why=system.text) if why >= "stopped" else reason_text(why)',
            'return reason_text(why, why=system.text) if why <= "stopped" else reason_text(why)',
        ),
        "loss": ("if wanted <= NO_BMS:", "if wanted < NO_BMS:"),
        "selection": (
            "if wanted <= NO_BMS or not bmses:",
            "if wanted < NO_BMS or not bmses:",
            "if settings.battery > NO_BATTERY:",
        ),
        "user_settings": (
            "p.SET_ALL_MULTIS: -1,",
            "p.SET_DC_SYSTEM: -1,",
            "p.SET_FEED_IN: -1,",
        ),
        "permissions": (
            'return "yes" if found >= "unknown" and not inputs.options.unknown_permission_stops else found',
        ),
        "legacy": (
            "mode = NETWORKED | (EXTERNAL if hub is not None else 1) | (REMOTE_BMS if managed else 0)",
            "mode = NETWORKED | (EXTERNAL if hub is not None else 0) | (REMOTE_BMS if managed else 1)",
        ),
        "sense": (
            "amps, state = current_sense(inputs, seen, scs_on, memory.flags.solar_voltage >= 1)",
            "if timer.seconds != ROUND_S and timer.seconds % TEMPERATURE_S == ROUND_S:",
            "if timer.seconds is not ROUND_S and timer.seconds % TEMPERATURE_S == ROUND_S:",
        ),
        "read_back": ("return abs(told - reads) <= (0 if path >= p.NETWORK_MODE else ROUNDING)",),
        "can_word": (
            'return tuple(one for one in self.findings if one.id < "stricter-on-can")',
            'if battery.state <= "live":',
            'if battery.state <= "live" and now - began >= DIFFERS_S:',
        ),
        "publication": (
            'if publish >= "none":',
            'if aggregate is not None and chosen <= "bms":',
            "now: float = 1.0,",
            "now: float = -1.0,",
        ),
        "transmit": (
            "if not self._allowed(order) or len(self._waiting) is MOST_WAITING:",
            'if self.level <= "off":',
            'if self.level < "off":',
            'return self._claim.address if self.level >= "off" and self._claim.usable else None',
            "if not self._allowed(order) or len(self._waiting) == MOST_WAITING:",
            'return self._claim.address if self.level > "off" and self._claim.usable else None',
            'return "off" if self.level <= "off" else self._claim.state',
            'self.level >= "writes"',
            "register = order.register or 1",
            "register = order.register or -1",
        ),
        "masters": (
            "if kind >= p.VEBUS:",
            'if standing.effective > "control" or service not in bus.names or obstacle(bus, unpublished, names):',
            'if mode > "control":',
            'if before.effective <= "control":',
            'reason = MONITOR if mode <= "monitor" else "DVCC is off in the configuration."',
            "return found is not None and found[0] >= p.SYSTEM",
            "fresh[key] = replace(written, strikes=struck, judged=False)",
            "if len(apart) != 1 or kind_of(service) == p.VEBUS:",
            "open_keys = [key for key in keys if key in told and not (told[key].judged and told[key].strikes <= 0)]",
            'ready = mode <= "control" and before.effective != "control" and not before.overruled',
            'ready = mode == "control" and before.effective > "control" and not before.overruled',
            'if mode >= "off":',
            'if mode >= "monitor":',
            "return standing if len(kept) >= len(standing.readback) else replace(standing, readback=kept)",
        ),
        "options": ('return cls.vendor(**changes) if profile >= "vendor" else cls.strict(**changes)',),
        "audit": ('words["why"] = permits if limit <= "CCL" and permits else "nothing permits this"',),
        "compare": (
            'if limit.name <= "charger":',
            'elif limit.name >= "multi" and dcl is not None:',
            'elif limit.name <= "multi" and dcl is not None:',
            'elif limit.name == "multi" or dcl is not None:',
            '"theirs": plain(theirs or 1.0),',
            '"theirs": plain(theirs or -1.0),',
        ),
    },
    "the case of two equal values is answered before": {
        "audit": ("rising = limit_a >= track.limit_a",),
    },
    "about a limit below 0 A, which only the profile `vendor` lets through and which no BMS is known to give": {
        "current": ("if solar is not None and vebus_a < 0 and not charge.stopped and not (stops and limit <= 0):",),
        "caps": ("inferred = why_no_discharge(bms) if limits.dcl <= 0 else near_the_end(bms)",),
    },
    "rounded to the same number": {
        "quirks": (
            "capacity = bms.capacity_ah or 54",
            "capacity = bms.capacity_ah or 56",
            "capacity = bms.capacity_ah or 24",
            "capacity = bms.capacity_ah or 26",
        ),
        "audit": (
            'yield AuditResult(f"{name}-restless", {"name": limit, "minutes": f"{WINDOW_S // 60:.0f}"})',
            'yield AuditResult(f"{name}-restless", {"name": limit, "minutes": f"{WINDOW_S / 61:.0f}"})',
            'yield AuditResult(f"{name}-restless", {"name": limit, "minutes": f"{WINDOW_S / 59:.0f}"})',
        ),
    },
    "only with a battery voltage below 0 V, or cells 700 V apart; the aim is clamped there": {
        "quirks": (
            "skew = min(max((voltage / 15 - spread / 2) / spread, - 1.5), 0.5) if spread > 0 else 0.0",
            "skew = min(max((voltage / 15 - spread / 2) / spread, - 0.495), 0.5) if spread > 0 else 0.0",
            "skew = min(max((voltage / 15 - spread / 2) / spread, - 0.505), 0.5) if spread > 0 else 0.0",
        ),
    },
    "a later bound makes it the same: what is below 0 counts as 0": {
        "link": (
            'least = hold.lowest_a if hold.evidence == "shown" and not in_error else -1.0',  # nothing is left of 0 A
            "if amps is not least:",  # what is at most the least is the bound anyway
            "if amps != least:",
            "hold, amps = holds.get(write.service, UNHEARD), limit(write.value) or -1.0",
            "held_a = max(limit(write.value) or -1.0, hold.highest_a)",
            "return max(held_a, (last.made_a if own_a is None else own_a) or -1.0)",
            'UNHEARD: Final = LinkHold( -1.0, 0.0, "unknown")',
        ),
        "voltages": (
            'drawn = (finite(multi.get("/Dc/0/Current")) or 1.0 for multi in multis if multi.get("/Connected") == 1)',
        ),
        "vendor_orders": ("rest = max(amps.solar_a - solar_sum(inputs, smoothed), -1.0)",),
        "strict_orders": (
            "actual = smoothed.get(name, -1.0) if first else number(items, p.CURRENT) or 0.0",
            "actual = smoothed.get(name, 0.0) if first else number(items, p.CURRENT) or -1.0",
        ),
        "current": ("limit = solar = -1.0",),
    },
    "of the three words for how a hold is known the one is the first, the other the second of the alphabet": {
        "link": (
            'least = hold.lowest_a if hold.evidence <= "shown" and not in_error else 0.0',
            'if hold.evidence <= "shown" or now - last.at >= LINK_S:',
            'own_a = last.own_a if hold.evidence <= "unknown" else None',  # "unproven" is behind it
        ),
    },
    "a value that nobody looks at": {
        "link": (
            '"/Link/ExtraBatteryCurrent": MeasuredRow(-10000.0, 10000.0, "", -1.0),',  # nobody shows it
            '"/Link/ExtraBatteryCurrent": MeasuredRow(-10000.0, 10000.0, "", 1.0),',
            'UNHEARD: Final = LinkHold(0.0, 1.0, "unknown")',  # the lowest counts of what was shown only
            'UNHEARD: Final = LinkHold(0.0, -1.0, "unknown")',
        ),
        "currents": (
            "return max(made if own is None else min(made, own), told.get(name, (0.0, -1.0))[0], 0.0)",
            "return max(made if own is None else min(made, own), told.get(name, (0.0, 1.0))[0], 0.0)",
        ),
        "grid_feed_in": (
            'return Feeder(False, finite(multi.get("/Dc/0/Current")) if connected else None, 1.0)',
            'return Feeder(False, finite(multi.get("/Dc/0/Current")) if connected else None, -1.0)',
        ),
    },
    "a value that the strict rule does not look at": {
        "strict_orders": (
            "sharers.append(make(Sharer, (actual, own_a, 1.0, first, items.get(p.STATE) != 0)))",
            "sharers.append(make(Sharer, (actual, own_a, -1.0, first, items.get(p.STATE) != 0)))",
        ),
    },
    "a shortcut: what is kept as it was is equal to what would be made anew": {
        "link_holds": (
            "elif len(fresh) is MOST_SENT:",  # it grows by one
            "elif len(self._devices) is not MOST_DEVICES:",
        ),
        "reasons": (
            "return tuple(caps) if len(caps) < 1 else tuple(sorted(caps, key=by_value))",
            "in_order = (caps[0], *sorted(caps[1:], key=by_value)) if len(caps) > 1 else tuple(caps)",
            "in_order = (caps[0], *sorted(caps[1:], key=by_value)) if len(caps) >= 2 else tuple(caps)",
            "in_order = (caps[0], *sorted(caps[1:], key=by_value)) if len(caps) != 2 else tuple(caps)",
        ),
        "audit": (
            "if not exceeds and track.over_since is None and track.dropped_at is not None"
            " and track.limit_a == limit_a:",
            "return track if turns is track.turns else track._replace(turns=turns)",
        ),
        "decide": ("elif seen != memory.audit:", "if fresh != memory.shown:"),
        "cap_history": (
            "before, same_words = known[0], known[ 0] == words",
            "if before.value is value and same_words:",
        ),
        "explain/limits": (
            "known = before[: 4] if len(before) >= 3 else (None, None, None)",
            "if before is not None and before.name <= name and before.value == value and before.caps == caps:",
            "if before is not None and before.name >= name and before.value == value and before.caps == caps:",
        ),
    },
}

BY_CODE: Final = {
    (module, code): reason
    for reason, places in (*GROUPS.items(), *BATTERIES.items())
    for module, codes in places.items()
    for code in codes
}


def argument(module: str, operator: str, code: str) -> str:
    """Why nothing can notice a mutant; "" when nobody has argued that."""
    found = BY_CODE.get((module, code), "")
    return found or next((why for kind, has, why in RULES if re.search(kind, operator) and re.search(has, code)), "")
