"""A boat at the gate: services by name, and what becomes of one write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.gate import GateMemory, Passed, pass_on
from gxbridge.core.gate.raw_words import RawWords
from gxbridge.core.model.battery import Battery, Known
from gxbridge.core.model.items import Value
from gxbridge.core.setup import Setup

BATTERY = "com.victronenergy.battery.socketcan_can0"
OTHER = "com.victronenergy.battery.socketcan_can1"
TOTAL = "com.victronenergy.battery.lynxparallel0"
SUN, SUN_2 = "com.victronenergy.solarcharger.ttyS5", "com.victronenergy.solarcharger.ttyS6"
ALTERNATOR = "com.victronenergy.alternator.ttyUSB0"
MULTI = "com.victronenergy.vebus.ttyS4"
RS = "com.victronenergy.multi.can0"
VECAN = "com.victronenergy.vecan.can0"
LYNX, NO_LYNX = 0xA3E5, 0xB014
SETUP = "/Settings/SystemSetup/"
CURRENT, VOLTAGE, MODE = "/Link/ChargeCurrent", "/Link/ChargeVoltage", "/Link/NetworkMode"
BOL = "/BatteryOperationalLimits/"
BOL_CURRENT, BOL_VOLTAGE, BOL_DISCHARGE = (
    BOL + "MaxChargeCurrent",
    BOL + "MaxChargeVoltage",
    BOL + "MaxDischargeCurrent",
)

Items = dict[str, Value]


def battery(product: int = LYNX, instance: int = 1, **changes: Value) -> Items:
    """A 24 V BMS that allows everything. `changes`: words such as `cvl`, `charge`, or paths."""
    names = {
        "cvl": "/Info/MaxChargeVoltage",
        "ccl": "/Info/MaxChargeCurrent",
        "dcl": "/Info/MaxDischargeCurrent",
        "charge": "/Io/AllowToCharge",
        "discharge": "/Io/AllowToDischarge",
        "state": "/State",
        "nominal": "/Settings/Battery/NominalVoltage",
        "network": "/N2kDeviceInstance",
        "unique": "/N2kUniqueNumber",
    }
    items: Items = {
        "/DeviceInstance": instance,
        "/ProductId": product,
        "/ProductName": "BMS",
        "/Connected": 1,
        "/Mgmt/Connection": "VE.Can",
        "/State": 9,
        "/Dc/0/Voltage": 26.4,
        "/Dc/0/Current": 8.5,
        "/Dc/0/Temperature": 21.5,
        "/Settings/Battery/NominalVoltage": 24,
        "/Info/MaxChargeVoltage": 27.4,
        "/Info/MaxChargeCurrent": 100.0,
        "/Info/MaxDischargeCurrent": 200.0,
        "/Info/BatteryLowVoltage": 21.6,
        "/Io/AllowToCharge": 1 if product == LYNX else None,
        "/Io/AllowToDischarge": 1 if product == LYNX else None,
    }
    return items | {names.get(word, word): value for word, value in changes.items()}


def charger(own_a: float | None = 50.0, makes_a: Value = 10.0, **paths: Value) -> Items:
    """Whatever takes a charge current."""
    return {
        "/Dc/0/Voltage": 26.0,
        "/Dc/0/Current": makes_a,
        "/Settings/ChargeCurrentLimit": own_a,
        MODE: None,
        VOLTAGE: None,
        CURRENT: None,
        "/Link/VoltageSense": None,
        "/Link/TemperatureSense": None,
        "/Link/BatteryCurrent": None,
        **paths,
    }


def multi(makes_a: Value = 0.0, **paths: Value) -> Items:
    """A Multi."""
    return {
        "/Connected": 1,
        "/State": 3,
        "/Dc/0/Voltage": 26.1,
        "/Dc/0/Current": makes_a,
        "/Dc/0/MaxChargeCurrent": 70.0,
        BOL_VOLTAGE: None,
        BOL_CURRENT: None,
        BOL_DISCHARGE: None,
        BOL + "BatteryLowVoltage": None,
        "/BatterySense/Voltage": None,
        "/BatterySense/Temperature": None,
        **paths,
    }


def rs(**paths: Value) -> Items:
    """An inverter/charger that may lead."""
    return charger(80.0, **{"/IsInverterCharger": 1, "/N2kDeviceInstance": 0, "/Link/DischargeCurrent": None, **paths})


def feeding(makes_a: Value = 0.0, **paths: Value) -> Items:
    """A Multi with ESS that feeds in, with the setting for it."""
    return multi(
        makes_a, **{"/Hub4/AssistantId": 5, "/Ac/ActiveIn/Connected": 1, "/Ac/ActiveIn/ActiveInput": 0, **paths}
    )


FEED_IN: Items = {"/Settings/CGwacs/OvervoltageFeedIn": 1}


def on_can(unique: int = 7, state: str = "live", **values: Value) -> Battery:
    """A battery as it is heard on CAN."""
    known = {name: Known(value, 0.0, "") for name, value in values.items() if value is not None}
    return Battery(
        *("key", "can0", 0x29, unique, 0, LYNX, "Lynx", "lynx-smart-bms", "HQ1", None, None, None),
        *(state, 0.0, None, 0.0, known),  # type: ignore[arg-type]
    )


class Gate:
    """A gate with its memory and a clock."""

    def __init__(self, services: Mapping[str, Items] | None = None, **setup: Any) -> None:
        given = {"mode": setup.pop("mode", "control"), "user_settings": setup.pop("user_settings", {})}
        options = Options.vendor() if setup.pop("vendor", False) else Options.strict(**setup)
        self.setup = Setup(options=options, **given)
        self.services: dict[str, Items] = {BATTERY: battery(), SUN: charger()} if services is None else dict(services)
        self.memory, self.now = GateMemory(), 1000.0
        self.more: dict[str, Any] = {}
        """Further fields of `RawWords`, and `own_name`."""
        self.gone_a = 0.0

    def passes(self, *writes: tuple[str, str, Value]) -> Passed:
        """What becomes of writes now."""
        more = dict(self.more)
        own_name = more.pop("own_name", True)
        words, asked = RawWords(self.services, **more), [Write(*write) for write in writes]
        passed = pass_on(asked, words, self.memory, self.setup, self.now, own_name=own_name, gone_a=self.gone_a)
        self.memory = passed.memory
        return passed

    def told(self, *writes: tuple[str, str, Value]) -> list[Value]:
        """The values that leave."""
        return [write.value for write in self.passes(*writes).writes]

    def one(self, service: str, path: str, value: Value) -> Value:
        """The value that leaves for one write, or "held back"."""
        return (*self.told((service, path, value)), "held back")[0]

    def rules(self) -> list[str]:
        """The rules that were broken just now."""
        return [str(shown.arguments["bound"]) for shown in self.memory.findings if shown.last == self.now]


def wants(amps: Iterable[tuple[str, float]]) -> list[tuple[str, str, Value]]:
    """Charge currents for several."""
    return [(service, CURRENT, value) for service, value in amps]
