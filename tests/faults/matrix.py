"""All faults, by importing the modules that enter them."""

from tests.faults import bms_faults, can_faults, charger_faults, clock_faults, dbus_faults, host_faults, settings_faults
from tests.faults.records import FAULTS

MODULES = (can_faults, bms_faults, dbus_faults, settings_faults, charger_faults, clock_faults, host_faults)

__all__ = ["FAULTS", "MODULES"]
