"""Every service class, item path and settings path that DVCC reads or writes: each string once.

Source: our notes on the vendor's D-Bus contract, checked with github victronenergy/dbus-systemcalc-py 9730db0
(2026-06-26) as observed.
"""

from __future__ import annotations

from typing import Final

# Service classes: the third word of a service name.
BATTERY: Final = "battery"
VEBUS: Final = "vebus"
SOLAR: Final = "solarcharger"
INVERTER: Final = "inverter"
MULTI: Final = "multi"
ALTERNATOR: Final = "alternator"
DCDC: Final = "dcdc"
GENSET: Final = "dcgenset"
CHARGER: Final = "charger"
FUELCELL: Final = "fuelcell"
DCSYSTEM: Final = "dcsystem"
ACSYSTEM: Final = "acsystem"
VECAN: Final = "vecan"
SENSOR: Final = "temperature"
PREFIX: Final = "com.victronenergy."
PARALLEL_PREFIX: Final = "com.victronenergy.battery.lynxparallel"
SYSTEM: Final = "com.victronenergy.system"
SETTINGS: Final = "com.victronenergy.settings"

# Any service.
DEVICE_INSTANCE: Final = "/DeviceInstance"
CONNECTED: Final = "/Connected"
MODE: Final = "/Mode"
PRODUCT_ID: Final = "/ProductId"
PRODUCT_NAME: Final = "/ProductName"
CUSTOM_NAME: Final = "/CustomName"
CONNECTION: Final = "/Mgmt/Connection"
INSECURE: Final = "/Mgmt/InsecureConnection"
FIRMWARE: Final = "/FirmwareVersion"
STATE: Final = "/State"
VOLTAGE: Final = "/Dc/0/Voltage"
CURRENT: Final = "/Dc/0/Current"
POWER: Final = "/Dc/0/Power"
TEMPERATURE: Final = "/Dc/0/Temperature"
SOC: Final = "/Soc"
SENSOR_TYPE: Final = "/TemperatureType"

# Battery.
CVL: Final = "/Info/MaxChargeVoltage"
CCL: Final = "/Info/MaxChargeCurrent"
DCL: Final = "/Info/MaxDischargeCurrent"
LOW_VOLTAGE: Final = "/Info/BatteryLowVoltage"
ALLOW_CHARGE: Final = "/Io/AllowToCharge"
ALLOW_DISCHARGE: Final = "/Io/AllowToDischarge"
ALTERNATOR_ALLOW: Final = "/Io/AlternatorAllowToCharge"
INSTALLED_CAPACITY: Final = "/InstalledCapacity"
OWN_VOLTAGE_CONTROL: Final = "/Capabilities/ChargeVoltageControl"
MIN_CELL_VOLTAGE: Final = "/System/MinCellVoltage"
MAX_CELL_VOLTAGE: Final = "/System/MaxCellVoltage"
MIN_CELL_TEMPERATURE: Final = "/System/MinCellTemperature"
MAX_CELL_TEMPERATURE: Final = "/System/MaxCellTemperature"
ALARM_LOW_CELL: Final = "/Alarms/LowCellVoltage"
NOMINAL_VOLTAGE: Final = "/Settings/Battery/NominalVoltage"

# Charger.
CHARGE_LIMIT_SETTING: Final = "/Settings/ChargeCurrentLimit"
BMS_PRESENT: Final = "/Settings/BmsPresent"
N2K_INSTANCE: Final = "/N2kDeviceInstance"
UNIQUE_NUMBER: Final = "/N2kUniqueNumber"
SERIAL: Final = "/Serial"
IS_INVERTER_CHARGER: Final = "/IsInverterCharger"
YIELD_POWER: Final = "/Yield/Power"
NETWORK_MODE: Final = "/Link/NetworkMode"
CHARGE_VOLTAGE: Final = "/Link/ChargeVoltage"
CHARGE_CURRENT: Final = "/Link/ChargeCurrent"
DISCHARGE_CURRENT: Final = "/Link/DischargeCurrent"
SETPOINT: Final = "/Link/ChargeVoltageSetpoint"
SOLAR_OFFSET: Final = "/Link/ChargeVoltageSolarOffset"
VOLTAGE_SENSE: Final = "/Link/VoltageSense"
TEMPERATURE_SENSE: Final = "/Link/TemperatureSense"
BATTERY_CURRENT: Final = "/Link/BatteryCurrent"

# VE.Bus.
BOL_CHARGE_VOLTAGE: Final = "/BatteryOperationalLimits/MaxChargeVoltage"
BOL_CHARGE_CURRENT: Final = "/BatteryOperationalLimits/MaxChargeCurrent"
BOL_DISCHARGE_CURRENT: Final = "/BatteryOperationalLimits/MaxDischargeCurrent"
BOL_LOW_VOLTAGE: Final = "/BatteryOperationalLimits/BatteryLowVoltage"
MULTI_CHARGE_CURRENT: Final = "/Dc/0/MaxChargeCurrent"
HUB_VOLTAGE: Final = "/Hub/ChargeVoltage"
ASSISTANT: Final = "/Hub4/AssistantId"
AC_CONNECTED: Final = "/Ac/ActiveIn/Connected"
ACTIVE_INPUT: Final = "/Ac/ActiveIn/ActiveInput"
BMS_TYPE: Final = "/Bms/BmsType"
BMS_ALLOW_CHARGE: Final = "/Bms/AllowToCharge"
BMS_VERSION: Final = "/Devices/Bms/Version"
MK_PRODUCT: Final = "/Interfaces/Mk2/ProductName"
MK_CONNECTION: Final = "/Interfaces/Mk2/Connection"
BOL_FRAME: Final = "/FirmwareFeatures/BolFrame"
SENSE_FEATURE: Final = "/FirmwareFeatures/BolUBatAndTBatSense"
EXTRA_CURRENT: Final = "/ExtraBatteryCurrent"
MULTI_VOLTAGE_SENSE: Final = "/BatterySense/Voltage"
MULTI_TEMPERATURE_SENSE: Final = "/BatterySense/Temperature"

# Multi RS system and energy management.
NO_FEED_IN: Final = "/Ac/NoFeedInReason"
DISCHARGE_CAPACITY: Final = "/Ess/BatteryDischargeCapacity"
DISCHARGE_SETPOINT: Final = "/Ess/BatteryDischargeSetpoint"
PV_DISABLE: Final = "/Pv/Disable"
DEBUG: Final = (
    "/Debug/BatteryOperationalLimits/SolarVoltageOffset",
    "/Debug/BatteryOperationalLimits/VebusVoltageOffset",
    "/Debug/BatteryOperationalLimits/CurrentOffset",
    "/Debug/DisableBatterySense",
)
"""What changes the GX's own limits and shared sense for a test (com.victronenergy.system)."""

# Settings (com.victronenergy.settings).
SET_DVCC: Final = "/Settings/Services/Bol"
SET_MAX_CURRENT: Final = "/Settings/SystemSetup/MaxChargeCurrent"
SET_MAX_VOLTAGE: Final = "/Settings/SystemSetup/MaxChargeVoltage"
SET_BMS_INSTANCE: Final = "/Settings/SystemSetup/BmsInstance"
SET_SVS: Final = "/Settings/SystemSetup/SharedVoltageSense"
SET_STS: Final = "/Settings/SystemSetup/SharedTemperatureSense"
SET_SCS: Final = "/Settings/SystemSetup/BatteryCurrentSense"
SET_BATTERY: Final = "/Settings/SystemSetup/BatteryService"
SET_TEMPERATURE: Final = "/Settings/SystemSetup/TemperatureService"
SET_ALL_MULTIS: Final = "/Settings/SystemSetup/DvccControlAllMultis"
SET_DC_SYSTEM: Final = "/Settings/SystemSetup/HasDcSystem"
SET_AC_INPUT_1: Final = "/Settings/SystemSetup/AcInput1"
SET_AC_INPUT_2: Final = "/Settings/SystemSetup/AcInput2"
SET_FEED_IN: Final = "/Settings/CGwacs/OvervoltageFeedIn"

# Published by the vendor on com.victronenergy.system.
CONTROL_DVCC: Final = "/Control/Dvcc"
CONTROL_SOLAR_VOLTAGE: Final = "/Control/SolarChargeVoltage"
CONTROL_SOLAR_CURRENT: Final = "/Control/SolarChargeCurrent"
CONTROL_EFFECTIVE_VOLTAGE: Final = "/Control/EffectiveChargeVoltage"
CONTROL_BMS_PARAMETERS: Final = "/Control/BmsParameters"
CONTROL_MAX_CURRENT: Final = "/Control/MaxChargeCurrent"
CONTROL_MULTI_SENSE: Final = "/Control/BatteryVoltageSense"
CONTROL_VOLTAGE_SENSE: Final = "/Control/SolarChargerVoltageSense"
CONTROL_TEMPERATURE_SENSE: Final = "/Control/SolarChargerTemperatureSense"
CONTROL_CURRENT_SENSE: Final = "/Control/BatteryCurrentSense"
ACTIVE_BMS: Final = "/ActiveBmsService"
ACTIVE_BMS_INSTANCE: Final = "/ActiveBmsInstance"
BATTERY_SERVICE: Final = "/Dc/Battery/BatteryService"
BATTERY_CHARGE_VOLTAGE: Final = "/Dc/Battery/ChargeVoltage"
BATTERY_VOLTAGE: Final = "/Dc/Battery/Voltage"
ALARM_FIRMWARE: Final = "/Dvcc/Alarms/FirmwareInsufficient"
ALARM_MULTIPLE: Final = "/Dvcc/Alarms/MultipleBatteries"
VEBUS_SERVICE: Final = "/VebusService"
