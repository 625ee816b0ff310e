"""A small simulated installation for the tests: services as dicts, a clock, writes that land at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value

LYNX = "com.victronenergy.battery.gxbridge_can0_uc1"
CAN_BMS = "com.victronenergy.battery.socketcan_can1"
MULTI = "com.victronenergy.vebus.ttyS4"
SUN = "com.victronenergy.solarcharger.ttyS5"
SUN_2 = "com.victronenergy.solarcharger.ttyS6"
ALTERNATOR = "com.victronenergy.alternator.ttyUSB0"
DCDC = "com.victronenergy.dcdc.ttyUSB0"
GENSET = "com.victronenergy.dcgenset.can0"
RS = "com.victronenergy.inverter.can0"
MULTI_RS = "com.victronenergy.multi.can0"
VECAN = "com.victronenergy.vecan.can0"

Items = dict[str, Value]


def lynx(**changes: Value) -> Items:
    """A Lynx Smart BMS NG that allows everything: 24 V, CVL 27.4, CCL 800, DCL 1200 (gui-v2 mock data lynxbms.json)."""
    items: Items = {
        p.DEVICE_INSTANCE: 100, p.PRODUCT_ID: 0xA3E4, p.PRODUCT_NAME: "Lynx Smart BMS NG", p.CUSTOM_NAME: None,
        p.CONNECTION: "VE.Can", p.CONNECTED: 1, p.STATE: 9, p.VOLTAGE: 26.4, p.CURRENT: 10.0, p.TEMPERATURE: 21.0,
        p.CVL: 27.4, p.CCL: 800.0, p.DCL: 1200.0, p.LOW_VOLTAGE: 21.6, p.ALLOW_CHARGE: 1, p.ALLOW_DISCHARGE: 1,
        p.MIN_CELL_VOLTAGE: 3.30, p.MAX_CELL_VOLTAGE: 3.32, p.MIN_CELL_TEMPERATURE: 20.0, p.MAX_CELL_TEMPERATURE: 22.0,
        p.NOMINAL_VOLTAGE: 24, p.INSTALLED_CAPACITY: 800, p.SOC: 80.0,
    }  # fmt: skip
    return items | changed(changes)


def can_bms(product: int = 0, **changes: Value) -> Items:
    """An ordinary managed 48 V battery on CAN."""
    items: Items = {
        p.DEVICE_INSTANCE: 512, p.PRODUCT_ID: product, p.PRODUCT_NAME: "BMS", p.CONNECTION: "CAN-bus", p.CONNECTED: 1,
        p.VOLTAGE: 52.0, p.CURRENT: 5.0, p.CVL: 56.0, p.CCL: 100.0, p.DCL: 150.0, p.LOW_VOLTAGE: 46.0,
    }  # fmt: skip
    return items | changed(changes)


def charger(limit_a: float = 50.0, current_a: float = 10.0, **changes: Value) -> Items:
    """A solar charger, or an alternator charger, on VE.Direct."""
    items: Items = {
        p.DEVICE_INSTANCE: 279, p.PRODUCT_ID: 0xA060, p.PRODUCT_NAME: "SmartSolar", p.CONNECTION: "VE.Direct",
        p.CONNECTED: 1, p.FIRMWARE: 0x161, p.STATE: 3, p.VOLTAGE: 26.4, p.CURRENT: current_a,
        p.CHARGE_LIMIT_SETTING: limit_a, p.BMS_PRESENT: 0, p.N2K_INSTANCE: None, p.NETWORK_MODE: None,
        p.CHARGE_VOLTAGE: None, p.CHARGE_CURRENT: None, p.VOLTAGE_SENSE: None, p.TEMPERATURE_SENSE: None,
        p.BATTERY_CURRENT: None,
    }  # fmt: skip
    return items | changed(changes)


def multi(**changes: Value) -> Items:
    """A MultiPlus without ESS and without a VE.Bus BMS; no AC input is active, so that it cannot charge."""
    items: Items = {
        p.DEVICE_INSTANCE: 261, p.PRODUCT_NAME: "MultiPlus", p.CONNECTION: "VE.Bus", p.CONNECTED: 1, p.STATE: 3,
        p.FIRMWARE: 0x506, p.VOLTAGE: 26.4, p.CURRENT: 0.0, p.MULTI_CHARGE_CURRENT: 70, p.AC_CONNECTED: 1,
        p.ACTIVE_INPUT: 240, p.BOL_CHARGE_VOLTAGE: None, p.BOL_CHARGE_CURRENT: None, p.BOL_DISCHARGE_CURRENT: None,
        p.BOL_LOW_VOLTAGE: None, p.MULTI_VOLTAGE_SENSE: None, p.MULTI_TEMPERATURE_SENSE: None, p.BOL_FRAME: 1,
        p.SENSE_FEATURE: 1, p.MK_PRODUCT: "MK3", p.MK_CONNECTION: "/dev/ttyS4", p.BMS_TYPE: 0, p.BMS_ALLOW_CHARGE: 1,
        p.BMS_VERSION: None,
    }  # fmt: skip
    return items | changed(changes)


def with_vebus_bms(**changes: Value) -> Items:
    """A MultiPlus with a VE.Bus BMS V2 behind an MK3."""
    return multi() | {p.BMS_TYPE: 2, p.BMS_VERSION: 1146100} | changed(changes)


def changed(changes: Mapping[str, Value]) -> Items:
    """Keyword arguments are names of `paths`."""
    return {getattr(p, name): value for name, value in changes.items()}


@dataclass
class World:
    """Plays decisions against services; `said` holds the writes of the last step."""

    services: dict[str, Items] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    settings: dict[str, Value] = field(default_factory=lambda: {p.SET_DVCC: 1})
    heard: dict[str, float] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    platform: str = "C003"
    now: float = 0.0
    decision: Decision = field(default_factory=Decision)
    writes: list[Write] = field(default_factory=list)

    snapshot: Callable[[], Snapshot] = field(init=False)

    def __post_init__(self) -> None:
        self.snapshot = lambda: Snapshot(self.services, self.settings, self.platform, self.heard, self.options)
        self.look()

    def look(self, *arrivals: tuple[str, str]) -> Decision:
        """One decision now."""
        self.decision, self.memory = decide(self.snapshot(), self.memory, self.now, arrivals)
        for write in self.decision.writes:
            self.services[write.service][write.path] = write.value
        self.writes += self.decision.writes
        return self.decision

    def run(self, seconds: int) -> Decision:
        """Let whole seconds pass; `writes` afterwards holds all of theirs."""
        self.writes = []
        for _ in range(seconds):
            self.now += 1.0
            self.look()
        return self.decision

    def set(self, service: str, **changes: Value) -> Decision:
        """Items change; they arrive at once."""
        self.writes = []
        items = changed(changes)
        self.services[service].update(items)
        return self.look(*((service, path) for path in items))

    def told(self, service: str, path: str = p.CHARGE_CURRENT) -> Value:
        """What a service shows at a path."""
        return self.services[service].get(path)

    def written(self, path: str) -> dict[str, Value]:
        """The last value written to a path, by service, in the last step."""
        return {write.service: write.value for write in self.writes if write.path == path}

    def limit(self, name: str, subject: str = "") -> Limit:
        """One limit of the last decision."""
        return next(limit for limit in self.decision.limits if limit.name == name and limit.subject == subject)

    def findings(self) -> set[str]:
        """The ids of the findings of the last decision."""
        return {finding.id for finding in self.decision.findings}
