"""A plant with DC-coupled feed-in in a closed loop with the decision: sun, chargers, battery, ESS, loads, grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, MULTI, MULTI_RS, SUN, SUN_2, Items, World, can_bms, charger, multi

ACSYSTEM = "com.victronenergy.acsystem.socketcan_can0_sys0"
FEED_IN: dict[str, Value] = {p.SET_DVCC: 1, p.SET_FEED_IN: 1}
STEP_S = 0.1
STEPS = 10
"""In each second."""


def ess(**changes: Value) -> Items:
    """A Multi with ESS on the grid."""
    grid: dict[str, Value] = {"ACTIVE_INPUT": 0, "AC_CONNECTED": 1, "STATE": 252}
    return multi(**{"ASSISTANT": 5, "HUB_VOLTAGE": 55.0} | grid | changes)


def rs_system() -> dict[str, Items]:
    """A Multi RS that feeds in, and the system service that is made of it."""
    member = charger(100.0, 0.0, IS_INVERTER_CHARGER=1, N2K_INSTANCE=0, DISCHARGE_CURRENT=None)
    system: Items = {
        p.DEVICE_INSTANCE: 0, p.NO_FEED_IN: 0, p.DISCHARGE_CAPACITY: 200.0, p.DISCHARGE_SETPOINT: None, p.CURRENT: 0.0,
    }  # fmt: skip
    return {MULTI_RS: member, ACSYSTEM: system}


@dataclass
class Lag:
    """Something that follows what is asked of it with a dead time and a time constant (s)."""

    tau_s: float
    dead_s: float = 0.0
    value: float = 0.0
    asked: list[float] = field(default_factory=list)

    def follow(self, target: float) -> float:
        """One step."""
        self.asked.append(target)
        if len(self.asked) > round(self.dead_s / STEP_S):
            self.value += (self.asked.pop(0) - self.value) * min(STEP_S / self.tau_s, 1.0)
        return self.value


@dataclass
class FeedingPlant:
    """`sun_a`: what the sun gives each charger. The inverter takes its loads (A, from the DC bus), and feeds in what
    the battery may not take, at most `most_out_a`, while `exports`. `offset_a`: by how much the BMS measures too much.
    """

    ccl: float
    own_a: Mapping[str, float] = field(default_factory=lambda: {SUN: 60.0, SUN_2: 40.0})
    rs: bool = False
    load_a: float = 0.0
    exports: bool = True
    most_out_a: float = 1000.0
    inverter: Lag = field(default_factory=lambda: Lag(1.5, 0.3))
    charger_s: float = 0.7
    offset_a: float = 0.0
    options: Options = field(default_factory=Options)
    sun_a: dict[str, float] = field(default_factory=dict)
    blind: bool = False
    """The battery's current is shown by nobody."""
    worst_s: float = 0.0
    """The longest time above CCL and the headroom."""
    charged_as: float = 0.0
    """What was charged above CCL (As)."""

    def __post_init__(self) -> None:
        suns: dict[str, Items] = {name: charger(own_a, 0.0, VOLTAGE=52.0) for name, own_a in self.own_a.items()}
        inverter = rs_system() if self.rs else {MULTI: ess()}
        services = {CAN_BMS: can_bms(CCL=self.ccl, CURRENT=0.0), **inverter, **suns}
        self.world = World(services, self.options, dict(FEED_IN))
        self.chargers = {name: Lag(self.charger_s) for name in self.own_a}
        self.sun_a = dict.fromkeys(self.own_a, 0.0)
        self.over_s = 0.0

    @property
    def headroom_a(self) -> float:
        return max(2.0, 0.05 * sum(self.own_a.values()))

    @property
    def made_a(self) -> float:
        return sum(lag.value for lag in self.chargers.values())

    @property
    def battery_a(self) -> float:
        return self.made_a - self.inverter.value

    def told_a(self) -> float:
        return sum(float(str(self.world.told(name))) for name in self.own_a)

    def shine(self, part: float) -> None:
        """Every charger has this part of its size from the sun."""
        self.sun_a = {name: part * own_a for name, own_a in self.own_a.items()}

    def pass_second(self) -> None:
        """The plant moves, then there is a decision by what is measured."""
        for _ in range(STEPS):
            for name, lag in self.chargers.items():
                told = self.world.told(name)
                lag.follow(min(self.sun_a[name], self.own_a[name] if told is None else float(str(told))))
            out_a = min(self.load_a + (max(self.made_a - self.load_a - self.ccl, 0.0) if self.exports else 0.0),
                        self.most_out_a)  # fmt: skip
            if self.rs:
                asked = float(str(self.world.services[ACSYSTEM][p.DISCHARGE_SETPOINT] or 0.0))
                out_a = min(max(self.load_a, asked if self.exports else 0.0), self.most_out_a)
            self.inverter.follow(out_a)
            self.over_s = self.over_s + STEP_S if self.battery_a > self.ccl + self.headroom_a + 0.05 else 0.0
            self.worst_s = max(self.worst_s, self.over_s)
            self.charged_as += max(self.battery_a - self.ccl, 0.0) * STEP_S
        self.measure()
        self.world.run(1)

    def measure(self) -> None:
        services = self.world.services
        for name, lag in self.chargers.items():
            services[name][p.CURRENT] = round(lag.value, 1)
        services[ACSYSTEM if self.rs else MULTI][p.CURRENT] = -round(self.inverter.value, 1)
        services[CAN_BMS][p.CURRENT] = None if self.blind else round(self.battery_a + self.offset_a, 1)

    def sail(self, seconds: int) -> None:
        """Let time pass. Nobody is ever told more than the rule in words says."""
        for _ in range(seconds):
            self.pass_second()
            shown = self.world.services[ACSYSTEM if self.rs else MULTI][p.CURRENT]
            leaves_a = max(-shown, 0.0) if isinstance(shown, int | float) else 0.0
            assert self.told_a() <= self.ccl + leaves_a + self.headroom_a + 1e-6

    def seconds_to(self, part: float, most_s: int = 300) -> int:
        """How long until so much of the sun is made."""
        for second in range(most_s):
            if self.made_a >= part * sum(self.sun_a.values()):
                return second
            self.sail(1)
        return most_s
