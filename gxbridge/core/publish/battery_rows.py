"""The D-Bus paths of a Lynx battery service, one row each: type, text, value, and what the path says.

Paths, types and texts are those of the vendor's service as recorded (venus-docker simulations: Lynx Smart BMS 500 and
NG, vecan-dbus 2.69 to 3.42); where a recording has several widths the newer, wider one. Rows marked ours are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gxbridge.core.dvcc.read.devices.own_bms import ALARM_QUANTITIES
from gxbridge.core.model import firmware
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record
from gxbridge.core.publish.battery_writes import WRITABLES


class FirmwareSpec(ItemSpec):
    """An item whose text is a firmware version: `v1.13`."""

    def text_of(self, value: Value) -> str:
        """The version in human form."""
        return firmware.text(value) or "--" if isinstance(value, int) else ""


@record
class Context:
    """What the values of a service are made from."""

    battery: Battery
    service: str
    instance: int
    custom_name: str
    version: str
    transmit_writes: bool


Make = Callable[[Context], Value]


class PathRow(NamedTuple):
    """One path. `seen` tells when the vendor's service has a valid value there."""

    path: str
    spec: ItemSpec
    make: Make
    doc: str
    seen: str = ""
    """The path exists for NG products only."""


def quantity(name: str) -> Make:
    """The value of a quantity."""
    return lambda context: context.battery.get(name)


def limit_value(name: str) -> Make:
    """A limit: invalid while the BMS is pending (state 18), as in the vendor's service."""
    return lambda context: context.battery.limit(name)


def always(value: Value) -> Make:
    """The same value at all times."""
    return lambda _context: value


def fact(attribute: str) -> Make:
    """Something the battery is, such as its unique number."""
    return lambda context: getattr(context.battery, attribute)


def told(attribute: str) -> Make:
    """Something the publisher was told, such as the instance."""
    return lambda context: getattr(context, attribute)


INVALID = always(None)


def balancing(context: Context) -> Value:
    """The old flag, else whether the balancer says it is balancing."""
    flag, status = context.battery.get("balancing"), context.battery.get("balancer_status")
    return flag if flag is not None else None if status is None else int(status == 2)


def _row(path: str, signature: str, text: str, make: Make, doc: str, seen: str = "", **more: Any) -> PathRow:
    writable = WRITABLES.get(path)
    least, most = (writable and writable.bounds) or (None, None)
    return PathRow(path, ItemSpec(signature, text, writable is not None, least, most), make, doc, seen, **more)


def _firmware(path: str, doc: str, seen: str = "") -> PathRow:
    return PathRow(path, FirmwareSpec("u"), fact("firmware"), doc, seen)


def _alarm(name: str, doc: str) -> PathRow:
    path = f"/Alarms/{name}"
    return _row(path, "u", "{}", quantity(ALARM_QUANTITIES[path]), f"{doc}: 0 ok, 1 warning, 2 alarm")


def _last_error(n: int) -> tuple[PathRow, PathRow]:
    base = f"/Diagnostics/LastErrors/{n}"
    return (
        _row(f"{base}/Error", "u", "{}", quantity(f"last_error_{n}"), f"BMS error, {n} counted from the latest"),
        _row(f"{base}/Time", "u", "{}", quantity(f"last_error_{n}_time"), "its moment in Unix seconds"),
    )


BALANCING = "/Balancing"
NG = "recorded valid on NG only; here whenever the BMS sends it"
NEVER = "present and always invalid, as in the vendor's service"
OLD = "drivers up to 3.34"
NO_REGISTER = "the register behind it is not known: always invalid"

IDENTIFICATION = (
    _row("/Mgmt/ProcessName", "s", "{}", always("gxbridge"), "the program that publishes this service"),
    _row("/Mgmt/ProcessVersion", "s", "{}", told("version"), "its version"),
    _row("/Mgmt/Connection", "s", "{}", always("VE.Can"), "how the battery is connected"),
    _row("/DeviceInstance", "u", "{}", told("instance"), "VRM instance"),
    _row("/ProductId", "q", "0x{:X}", fact("product_id"), "the vendor's product id with `publish: bms`, else ours"),
    _row("/ProductName", "s", "{}", fact("product_name"), "product"),
    _row("/CustomName", "s", "{}", told("custom_name"),
         "name given by the user; until there is one, the name stored in the BMS (register 0x010C)"),
    _row("/Serial", "s", "{}", fact("serial_text"), "unique number (7 digits) and serial"),
    _firmware("/FirmwareVersion", "24 bits, register 0x0102"),
    _row("/HardwareVersion", "s", "{}", INVALID, "hardware version", NEVER),
    _row("/Connected", "u", "{}", always(1),
         "1 while the service exists; it leaves the bus after 60 s of silence"),
    _row("/N2kDeviceInstance", "u", "{}", fact("device_instance"), "device instance of the NAME"),
    _row("/N2kUniqueNumber", "u", "{}", fact("unique_number"), "unique number of the NAME"),
    _row("/DeviceState", "u", "{}", quantity("device_state"), "register 0x0201; 249 on"),
    _row("/Devices/0/CustomName", "s", "{}", told("custom_name"), "as /CustomName", OLD),
    _row("/Devices/0/DeviceInstance", "u", "{}", fact("device_instance"), "as /N2kDeviceInstance", OLD),
    _firmware("/Devices/0/FirmwareVersion", "as /FirmwareVersion", OLD),
    _row("/Devices/0/Gateway", "s", "{}", lambda context: f"socketcan:{context.battery.bus}", "the CAN bus", OLD),
    _row("/Devices/0/Nad", "u", "{}", fact("address"), "address on the bus now", OLD),
    _row("/Devices/0/ProductId", "q", "0x{:X}", fact("product_id"), "as /ProductId", OLD),
    _row("/Devices/0/ProductName", "s", "{}", fact("product_name"), "as /ProductName", OLD),
    _row("/Devices/0/ServiceName", "s", "{}", told("service"), "name of this service", OLD),
    _row("/Devices/0/VregLink", "s", "{}", INVALID, "access to registers is not offered", NEVER),
)  # fmt: skip

STATE = (
    _row("/State", "u", "{}", quantity("bms_state"), "0-8 initialising, 9 running, 10 error, 12 shutdown, 13 updating, "
         "14 standby, 15 going to run, 16 pre-charging, 17 contactor check, 18 pending"),
    _row("/Mode", "u", "{}", quantity("mode"), "3 on, 252 standby, 4 off"),
    _row("/ErrorCode", "u", "{}", quantity("bms_error"), "BMS error, 0 none"),
    _row("/SystemSwitch", "u", "{}", quantity("remote_enabled"), "remote input: 0 disabled, 1 enabled"),
    _row("/NrOfDistributors", "u", "{}", quantity("distributor_count"), "distributors reported"),
    _row("/ParallelConnectThreshold", "d", "{}", INVALID, "meaning unknown", NEVER),
)  # fmt: skip

MEASUREMENTS = (
    _row("/Dc/0/Voltage", "d", "{:.2f}V", quantity("voltage_v"), "battery voltage"),
    _row("/Dc/0/Current", "d", "{:.1f}A", quantity("current_a"), "battery current, positive when charging"),
    _row("/Dc/0/Power", "i", "{}W", quantity("power_w"), "battery power, positive when charging"),
    _row("/Dc/0/Temperature", "d", "{:.0f} degrees", quantity("temperature_c"), "battery temperature", NG),
    _row("/Soc", "d", "{:.1f}%", quantity("soc_percent"), "state of charge"),
    _row("/Capacity", "q", "{}Ah", quantity("capacity_ah"), "capacity of the bank, as configured"),
    _row("/ConsumedAmphours", "d", "{:.1f}Ah", quantity("consumed_ah"), "charge taken out since full, 0 or negative"),
    _row("/TimeToGo", "u", "{}s", quantity("time_to_go_s"), "864000 is the highest value"),
)  # fmt: skip

INFO = (
    _row("/Info/MaxChargeVoltage", "d", "{:.2f}V", limit_value("charge_voltage_limit_v"), "charge voltage limit (CVL)"),
    _row("/Info/MaxChargeCurrent", "d", "{:.1f}A", limit_value("charge_current_limit_a"), "charge current limit (CCL)"),
    _row("/Info/MaxDischargeCurrent", "d", "{:.1f}A", limit_value("discharge_current_limit_a"),
         "discharge current limit (DCL)"),
    _row("/Info/BatteryLowVoltage", "d", "{:.2f}V", limit_value("low_voltage_limit_v"), "discharge voltage limit"),
    _row("/Info/MaxChargeVoltageReason", "s", "{}", INVALID, "why the system's charge voltage is what it is",
         "ours"),
    _row("/Info/MaxChargeCurrentReason", "s", "{}", INVALID, "why the system's charge current is what it is",
         "ours"),
    _row("/Info/MaxDischargeCurrentReason", "s", "{}", INVALID,
         "why the system's discharge current is what it is", "ours"),
)  # fmt: skip
"""Left out with `publish: monitor`: a path that exists, even invalid, makes the service a candidate for BMS. The
reasons come with the decision."""

IO = (
    _row("/Io/AllowToCharge", "u", "{}", quantity("allow_to_charge"),
         "1 yes, 0 no; invalid is not known and no permission"),
    _row("/Io/AllowToDischarge", "u", "{}", quantity("allow_to_discharge"),
         "1 yes, 0 no; invalid is not known and no permission"),
    _row("/Io/AlternatorAllowToCharge", "u", "{}", quantity("alternator_allow_to_charge"),
         "1 yes, 0 no: what the relay in its Alternator ATC mode says; it opens 2 s before the contactor", "ours"),
    _row("/Io/ExternalRelay", "u", "{}", INVALID, "external relay", NEVER),
    _row("/Io/ProgrammableContact", "u", "{}", INVALID, "programmable contact", NEVER),
)  # fmt: skip

SYSTEM = (
    _row("/System/NrOfBatteries", "i", "{}", quantity("battery_count"), "batteries", NG),
    _row("/System/BatteriesParallel", "i", "{}", quantity("batteries_parallel"), "in parallel", NG),
    _row("/System/BatteriesSeries", "i", "{}", quantity("batteries_series"), "in series", NG),
    _row("/System/NrOfCellsPerBattery", "i", "{}", quantity("cells_per_battery"), "cells in each battery", NG),
    _row("/System/MinCellVoltage", "d", "{:.2f}V", quantity("min_cell_voltage_v"), "lowest cell voltage", NG),
    _row("/System/MaxCellVoltage", "d", "{:.2f}V", quantity("max_cell_voltage_v"), "highest cell voltage", NG),
    _row("/System/MinCellTemperature", "d", "{:.0f} degrees", quantity("min_cell_temperature_c"), "lowest temperature",
         NG),
    _row("/System/MaxCellTemperature", "d", "{:.0f} degrees", quantity("max_cell_temperature_c"),
         "highest temperature", NG),
    _row(BALANCING, "y", "{}", balancing, "balancing now: 0 no, 1 yes",
         "driver 2.69; absent until the battery has said it once: the GUI shows an invalid one as \"Inactive\""),
    _row("/Balancer/Status", "u", "{}", quantity("balancer_status"), "0 unknown, 1 balanced, 2 balancing, 3 imbalance",
         NG),
)  # fmt: skip

ALARMS = (
    _alarm("LowCellVoltage", "cell voltage low (1 almost discharged)"),
    _alarm("HighCurrent", "current too high"),
    _alarm("HighInternalTemperature", "BMS too hot"),
    _alarm("HighTemperature", "battery too hot"),
    _alarm("Contactor", "contactor"),
    _alarm("BmsCable", "BMS cable; the GX calls it `Battery communication lost`"),
    _alarm("LowSoc", "state of charge low"),
    *(
        _row(f"/Errors/SmartLithium/{name}", "u", "{}", INVALID, f"battery error: {text}", NO_REGISTER)
        for name, text in (
            ("Communication", "communication"),
            ("InvalidConfiguration", "invalid configuration"),
            ("NrOfBatteries", "number of batteries"),
            ("Voltage", "voltage"),
        )
    ),
)

DIAGNOSTICS = (
    *(row for n in range(1, 5) for row in _last_error(n)),
    _row("/Diagnostics/ShutDownsDueError", "q", "{}", INVALID, "shut-downs because of an error", NEVER),
)

HISTORY = (
    _row("/History/DeepestDischarge", "d", "{:.1f}Ah", quantity("deepest_discharge_ah"), "zero or negative"),
    _row("/History/LastDischarge", "d", "{:.1f}Ah", INVALID, "zero or negative", NEVER),
    _row("/History/AverageDischarge", "d", "{:.1f}Ah", INVALID, "zero or negative", NEVER),
    _row("/History/ChargeCycles", "i", "{}", quantity("charge_cycles"), "charge cycles"),
    _row("/History/FullDischarges", "i", "{}", quantity("full_discharges"), "full discharges"),
    _row("/History/TotalAhDrawn", "d", "{:.1f}Ah", quantity("total_drawn_ah"),
         "zero or positive, as the vendor has it for a Lynx"),
    _row("/History/MinimumVoltage", "d", "{:.2f}V", quantity("history_min_voltage_v"), "lowest voltage"),
    _row("/History/MaximumVoltage", "d", "{:.2f}V", quantity("history_max_voltage_v"), "highest voltage"),
    _row("/History/MinimumCellVoltage", "d", "{:.2f}V", quantity("history_min_cell_voltage_v"), "lowest cell voltage",
         NG),
    _row("/History/MaximumCellVoltage", "d", "{:.2f}V", quantity("history_max_cell_voltage_v"), "highest cell voltage",
         NG),
    _row("/History/TimeSinceLastFullCharge", "i", "{}s", quantity("time_since_full_charge_s"),
         "since the last full charge"),
    _row("/History/AutomaticSyncs", "i", "{}", quantity("automatic_syncs"), "automatic synchronisations"),
    _row("/History/MinimumTemperature", "d", "{:.0f} degrees", quantity("history_min_temperature_c"),
         "lowest temperature; invalid (vendor: -273) when never measured", NG),
    _row("/History/MaximumTemperature", "d", "{:.0f} degrees", quantity("history_max_temperature_c"),
         "highest temperature", NG),
    _row("/History/DischargedEnergy", "d", "{:.2f}kWh", quantity("discharged_energy_kwh"), "energy discharged"),
    _row("/History/ChargedEnergy", "d", "{:.2f}kWh", quantity("charged_energy_kwh"), "energy charged"),
    _row("/History/CanBeCleared", "u", "{}", always(0), "0: clearing the history is never sent (vendor: 1)"),
    _row("/History/Clear", "i", "{}", INVALID, "write is refused", NEVER),
)  # fmt: skip

SETTINGS = (
    _row("/Settings/HasSettings", "u", "{}", lambda context: int(context.transmit_writes),
         "1 with transmit level `writes`"),
    _row("/Settings/HasTemperature", "u", "{}", always(1), "the battery has temperature sensors"),
    _row("/Settings/RestoreDefaults", "u", "{}", always(0), "write is refused"),
    _row("/Settings/BluetoothMode", "u", "{}", INVALID, "write is refused", NO_REGISTER),
    _row("/Settings/Battery/Capacity", "q", "{}Ah", quantity("capacity_ah"), "capacity of the bank, register 0x1000"),
    _row("/Settings/Battery/NominalVoltage", "u", "{}V", quantity("nominal_voltage_v"),
         "nominal voltage, register 0xEDEF"),
)  # fmt: skip
