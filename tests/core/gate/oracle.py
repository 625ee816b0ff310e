"""What the last gate must hold, written from its rules in words: it knows neither the gate nor the decision.

It judges what was passed by what is true of a `TrueWorld`. An empty list: nothing was broken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from gxbridge.core.model.items import Value
from tests.core.gate.worlds import LYNX, LYNX_TOTAL, TrueBms, TrueWorld

Order = tuple[str, str, Value]
LINKS = {"NetworkMode", "ChargeVoltage", "ChargeCurrent", "DischargeCurrent", "VoltageSense", "TemperatureSense"}
LIMITS = {"MaxChargeVoltage", "MaxChargeCurrent", "MaxDischargeCurrent", "BatteryLowVoltage"}
WRITABLE = (
    {f"/Link/{word}" for word in LINKS | {"BatteryCurrent"}}
    | {f"/BatteryOperationalLimits/{word}" for word in LIMITS}
    | {"/Dc/0/MaxChargeCurrent", "/BatterySense/Voltage", "/BatterySense/Temperature", "/Ess/BatteryDischargeSetpoint"}
)
SIGNED = ("/Link/BatteryCurrent", "/Link/TemperatureSense", "/BatterySense/Temperature")
CHARGE = ("/Link/ChargeCurrent", "/BatteryOperationalLimits/MaxChargeCurrent")
DISCHARGE = ("/Link/DischargeCurrent", "/BatteryOperationalLimits/MaxDischargeCurrent")
VOLTAGE = ("/Link/ChargeVoltage", "/BatteryOperationalLimits/MaxChargeVoltage")
SENSE = ("/Link/VoltageSense", "/BatterySense/Voltage")
SUN = ("solarcharger", "inverter", "multi")
SWITCH = "/Mode"
BUS_V = 26.0
"""The lowest voltage measured on the DC bus of these boats."""
OUT, BETWEEN = (14, 18), (*range(9), 12, 15, 16, 17)


def good(value: float | None) -> bool:
    """A limit that is one."""
    return value is not None and math.isfinite(value) and value >= 0


def is_live(bms: TrueBms) -> bool:
    return bms.there and bms.cvl is not None


class Oracle:
    """Watches one world: what it knew before matters (who had spoken, what chargers still hold)."""

    def __init__(self) -> None:
        self.holds: dict[str, tuple[float, float]] = {}
        """What each was told and when."""
        self.user_v_ever = False
        self.over_since: float | None = None
        """Since when a battery is charged beyond its limit and what feed-in may add."""

    def judge(self, world: TrueWorld, asked: list[Order], passed: list[Order]) -> list[str]:
        """Everything that is broken by what was passed."""
        self.notice(world)
        broken = list(self.shape(world, asked, passed))
        stop, sun_stop = self.stopped(world), self.stopped(world, sun=True)
        for service, path, value in passed:
            if path in CHARGE and isinstance(value, int | float):
                self.holds[service] = value, world.now
        for order in passed:
            why = sun_stop if (*order[0].split("."), "", "")[2] in SUN else stop
            broken += [f"{problem}: {order}" for problem in self.one(world, order, why)]
        broken += self.together(world, passed)
        return broken

    def notice(self, world: TrueWorld) -> None:
        """Who has spoken, who has given a permission; what chargers forget after a minute."""
        own = world.own
        world.spoken = world.spoken or (own is not None and is_live(own))
        for bms in world.bmses:
            bms.gave = bms.gave or (bms.there and bms.charge in (0, 1))
            bms.gave_discharge = bms.gave_discharge or (bms.there and bms.discharge in (0, 1))
        there = {charger.name for charger in world.chargers if charger.there}
        self.holds = {name: held for name, held in self.holds.items() if world.now - held[1] < 60 and name in there}
        limits, charged = self.limits(world), self.charged(world)
        over = bool(limits) and charged is not None and charged > min(limits) + self.whole_room(world)
        if not (over and world.feed_in_now) or self.stopped(world, sun=True):
            self.over_since = None
        elif self.over_since is None:
            self.over_since = world.now

    # --- each by itself ---------------------------------------------------------------------------------------------

    def shape(self, world: TrueWorld, asked: list[Order], passed: list[Order]) -> Iterator[str]:
        if world.master and passed:
            yield f"{len(passed)} writes beside a master"
        most: dict[tuple[str, str], float] = {}
        for service, path, value in asked:
            if isinstance(value, int | float) and math.isfinite(value):
                most[service, path] = max(value, most.get((service, path), -math.inf))
        for service, path, value in passed:
            if path not in WRITABLE and not self.switchable(world, service, path):
                yield f"{path} may never be written"
            if value is None and path.endswith("LowVoltage"):
                continue
            if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
                yield f"{path} = {value!r} is not a number"
            elif value < 0 and path not in SIGNED:
                yield f"{path} = {value!r} is below 0"
            elif path == "/Link/NetworkMode":
                if value not in ((1, 5, 13) if ".vecan." in service else (5, 13)):
                    yield f"mode {value} lets a charger go its own way"
            elif value > max(most.get((service, path), 0.0), 0.0) + 1e-6:
                yield f"{path} = {value} is more than was asked for"

    def switchable(self, world: TrueWorld, service: str, path: str) -> bool:
        """Is it the switch of something that generates and takes no current, and did the user ask for it?"""
        named = [charger for charger in world.chargers if charger.name == service and charger.mode is not None]
        return path == SWITCH and world.switches and any(not charger.link for charger in named)

    def one(self, world: TrueWorld, order: Order, stop: str) -> Iterator[str]:
        service, path, value = order
        if not isinstance(value, int | float):
            return
        kind = (*service.split("."), "", "", "")[2]
        charger = next((charger for charger in world.chargers if charger.name == service), None)
        if charger is None or not charger.there:
            yield "nobody is there"
        elif path in CHARGE and stop and value > 0:
            yield f"charging although {stop}"
        elif path == "/Link/NetworkMode" and value == 1 and (stop or self.limits(world)):
            yield "the network alone is told beside a limit"
        elif path == SWITCH and value not in (1, 4):
            yield f"a switch has no {value}"
        elif path == SWITCH and value == 1 and (stop or 0 in self.limits(world)):
            yield f"switched on although {stop or 'the limit is 0 A'}"
        elif path == "/Link/ChargeCurrent" and charger.own_a is not None and value > charger.own_a + 1e-6:
            yield f"above its own limit {charger.own_a}"
        elif path == "/Dc/0/MaxChargeCurrent" and stop and value > 70.0 + 1e-6:
            yield f"its own setting is raised although {stop}"
        elif path in VOLTAGE:
            bound = self.voltage(world, kind)
            if bound is None or value > bound + 1e-6:
                yield f"charge voltage above {bound}"
        elif path in DISCHARGE:
            yield from self.discharging(world, value)
        elif path in SENSE and value not in [items.get("/Dc/0/Voltage") for items in world.services().values()]:
            yield "nobody measures this voltage"

    # --- the BMSes --------------------------------------------------------------------------------------------------

    def counting(self, world: TrueWorld) -> list[TrueBms]:
        """Whose limits hold."""
        live = [bms for bms in world.bmses if is_live(bms) or (bms.there and bms.always_says)]
        return [bms for bms in live if bms.role in ("own", "peer", "total")]

    def unanswered(self, bms: TrueBms, word: Value, gave: bool) -> bool:
        """Is a permission that it should give unknown?"""
        return word not in (0, 1) and (word is not None or bms.always_says or gave)

    def members(self, world: TrueWorld) -> list[TrueBms]:
        """The members of a bank that are on its busbar."""
        return [bms for bms in world.bmses if bms.role == "member" and bms.there and bms.state not in (*OUT, *BETWEEN)]

    def stopped(self, world: TrueWorld, *, sun: bool = False) -> str:
        """Why nobody may charge. The sun may feed in past a battery that is full, and refuses nobody by saying 0 A."""
        feeds_past = sun and world.feed_in_now and not world.vebus_bms
        own = world.own
        if world.spoken and own is not None and not is_live(own):
            return "the BMS is lost"
        for bms in [*self.counting(world), *self.members(world)]:
            if bms.role != "total" and (bms.charge == 0 or self.unanswered(bms, bms.charge, bms.gave)):
                return f"{bms.name} does not allow it"
        for bms in self.counting(world):
            full = feeds_past and bms.ccl == 0 and bms.cvl is not None and bms.product not in (LYNX, LYNX_TOTAL)
            if not full and (not good(bms.ccl) or not bms.ccl):
                return f"{bms.name} gives {bms.ccl} A"
        if own is not None and own.role == "total" and not any(bms.charge == 1 for bms in self.members(world)):
            return "no member is in and allows it"
        if own is not None and own.there and not world.spoken:
            return "the BMS has not spoken"
        multis = [charger for charger in world.chargers if charger.kind == "vebus" and charger.there]
        if world.vebus_bms and multis and world.vebus_word != 1:
            return "the VE.Bus BMS does not allow it"
        remembering = any(charger.kind == "solarcharger" and charger.there for charger in world.chargers)
        if world.remembers and remembering and not self.counting(world) and not (world.vebus_bms and multis):
            return "a charger remembers a BMS"
        return "a terminal stops" if world.stops else ""

    def voltage(self, world: TrueWorld, kind: str) -> float | None:
        """The highest lawful charge voltage for a class of devices; None: none may be told."""
        own = world.own
        ceilings = [volts for volts in (world.user_v, world.installer_v) if volts is not None]
        hub_v = world.hub_v if any(c.kind == "vebus" and c.there for c in world.chargers) else None
        offset = 0.0
        if any(c.kind == "multi" and c.there for c in world.chargers):
            offset = min(world.rs_offset or 0.0, 0.4)
        if self.counting(world) and not (world.spoken and own is not None and not is_live(own)):
            volts = [bms.cvl for bms in self.counting(world)]
            if None in volts:
                return None
            base = min([v for v in volts if v is not None] + ceilings)
            if hub_v is not None and kind in (*SUN, "vecan"):
                return base + 0.4
            return base + offset if kind in SUN else base
        if world.spoken or (own is not None and own.there) or kind not in (*SUN, "vecan"):
            return None
        if hub_v is not None:
            return min([hub_v + (0.1 if world.feed_in else 0.0), *ceilings])
        if kind == "vecan" or world.setpoint is None or not any(c.kind == "multi" and c.there for c in world.chargers):
            return None
        return min([world.setpoint + offset, *ceilings])

    def discharging(self, world: TrueWorld, value: float) -> Iterator[str]:
        own, counting = world.own, self.counting(world)
        speaking = [bms for bms in [*counting, *self.members(world)] if bms.role != "total"]
        by_vebus = world.vebus_discharge_word
        refused = world.stops_discharge or by_vebus == "no" or any(bms.discharge == 0 for bms in speaking)
        lost = own is None or not is_live(own) or not counting
        unknown = lost or any(self.unanswered(bms, bms.discharge, bms.gave_discharge) for bms in speaking)
        unknown = unknown or by_vebus == "unknown" or any(not good(bms.dcl) for bms in counting)
        least = min([bms.dcl for bms in counting if bms.dcl is not None], default=0.0)
        if world.installer_dcl is not None:
            least = min(least, world.installer_dcl)
        if value > 0:
            if refused or unknown:
                yield "discharge although it is refused or unknown"
            elif value > least + 1e-6:
                yield f"discharge above {least}"
        elif not refused and (unknown or least > 0):
            chosen = world.on_loss == "stop" and world.spoken and unknown and world.now - world.started >= 10
            if not chosen:
                yield "0 A of discharge is nobody's word"

    # --- all together -----------------------------------------------------------------------------------------------

    def limits(self, world: TrueWorld) -> list[float]:
        """Every charge current limit."""
        limits = [bms.ccl for bms in self.counting(world) if bms.ccl is not None and good(bms.ccl)]
        return limits + [amps for amps in (world.user_a, world.installer_a) if amps is not None]

    def charged(self, world: TrueWorld) -> float | None:
        """What the batteries are charged with, as far as it is measured."""
        for bmses, together in ((self.counting(world), sum), ([bms for bms in world.bmses if bms.there], min)):
            known = [bms.current_a for bms in bmses if bms.current_a is not None and math.isfinite(bms.current_a)]
            if known:
                return together(known)
        return None

    def whole_room(self, world: TrueWorld) -> float:
        """What feed-in may add to the limit at most, beside what the Multi takes."""
        return max(2.0, 0.05 * sum(c.own_a or 0.0 for c in world.chargers if c.there and c.kind in SUN))

    def room(self, world: TrueWorld) -> float:
        """What it may add now."""
        if not world.feed_in_now or self.charged(world) is None:
            return 0.0
        over = self.over_since is not None and world.now - self.over_since > 3.0
        return 0.0 if over else self.whole_room(world)

    def together(self, world: TrueWorld, passed: list[Order]) -> list[str]:
        """The sum of what is told, and made by those that are not told."""
        limits, room = self.limits(world), self.room(world)
        if not limits:
            return []
        drawn = [-c.makes_a for c in world.chargers if c.kind == "vebus" and c.there and c.makes_a < 0]
        bound = min(limits) + world.load_w / BUS_V + sum(drawn) + 1e-6
        raised = {
            service
            for service, path, value in passed
            if path in CHARGE and isinstance(value, int | float) and value > 0
        }
        total = without_sun = 0.0
        for charger in world.chargers:
            pooled = charger.kind != "vecan"
            if not charger.there or not pooled:
                raised.discard(charger.name)
                continue
            held = self.holds.get(charger.name)
            amps = max(charger.makes_a, 0.0) if held is None else held[0]
            if charger.kind == "vebus" and not world.spoken:  # its own setting holds, whatever it is told beside it
                amps = min(amps, 70.0)
            total += amps
            without_sun += 0.0 if charger.kind in SUN else amps
            bound += 0.0 if held is None else 0.1
        if raised and total > bound + room:
            return [f"{total} A are told or made of {bound} A and {room} A for feed-in"]
        if without_sun > bound and any((*name.split("."), "", "")[2] not in SUN for name in raised):
            return [f"{without_sun} A are told or made without the sun of {bound} A"]
        alone = min(limits) + world.load_w / BUS_V + 0.1 + 1e-6  # a Multi that charges takes no current of AC loads
        for service, path, value in passed:
            if path == CHARGE[1] and isinstance(value, int | float) and value > alone:
                return [f"{service} alone is told {value} A of {alone} A"]
        return []
