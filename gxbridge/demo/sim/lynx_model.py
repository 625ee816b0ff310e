"""What happens in the simulated bank and in its BMS: cells, temperature, and the limits and permissions that follow.

Thresholds are those of the Victron Lithium Smart family where they are public (pre-alarm 3.1 V, discharge refused
below 2.8 V and allowed again above 3.2 V, charge refused below 5 degrees). How the charge current limit falls between
two cell voltages is made up: the vendor's rule is not public.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

CAPACITY_AH = 400.0
CELLS_IN_SERIES = 8
PARALLEL = 2
OPEN_CELL_V = 3.31
CELL_OHM = 0.0001

CHARGE_VOLTAGE_V = 28.4
LOW_VOLTAGE_V = 21.6
FULL_CHARGE_A = 200.0
RESCUE_CHARGE_A = 40.0
"""Charge current while a cell is too low: the battery wants to be rescued, gently."""
FULL_DISCHARGE_A = 600.0

DERATE_FROM_V, DERATE_TO_V = 3.45, 3.65
CHARGE_AGAIN_V = 3.50
CHARGE_OFF_V, CHARGE_ON_V = 3.75, 3.60
PRE_ALARM_V, DISCHARGE_OFF_V, DISCHARGE_ON_V = 3.10, 2.80, 3.20
COLD_OFF_C, COLD_ON_C = 5.0, 7.0
TIME_TO_GO_CAP_MIN = 14400


@dataclass(slots=True)
class Bank:
    """The bank and its BMS. `current_a` (+ = into the battery) is told from outside; `step` lets time pass."""

    soc_percent: float = 62.0
    current_a: float = 0.0
    temperature_c: float = 22.0
    rise_v: float = 0.02
    """How far the highest cell is above the others."""
    sag_v: float = 0.02
    """How far the lowest cell is below the others."""
    pre_alarm_s: float = 30.0
    """The least time between pre-alarm and refused discharge (30 s in the real one)."""
    charge_stopped: bool = False
    cell_too_high: bool = False
    too_cold: bool = False
    discharge_refused: bool = False
    pre_alarm_since: float | None = None
    _ramps: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def mean_cell_v(self) -> float:
        """Volts of an average cell under the present current."""
        return OPEN_CELL_V + self.current_a * CELL_OHM

    @property
    def max_cell_v(self) -> float:
        """Volts of the highest cell."""
        return self.mean_cell_v + self.rise_v

    @property
    def min_cell_v(self) -> float:
        """Volts of the lowest cell."""
        return self.mean_cell_v - self.sag_v

    @property
    def voltage_v(self) -> float:
        """Volts of the bank: the highest and the lowest cell are one each."""
        return self.mean_cell_v * CELLS_IN_SERIES + self.rise_v - self.sag_v

    @property
    def allow_to_charge(self) -> bool:
        """The charge permission (ATC)."""
        return not (self.cell_too_high or self.too_cold)

    @property
    def allow_to_discharge(self) -> bool:
        """The discharge permission (ATD)."""
        return not self.discharge_refused

    @property
    def pre_alarm(self) -> bool:
        """A cell is low: discharge will be refused soon."""
        return self.pre_alarm_since is not None

    @property
    def charge_limit_a(self) -> float:
        """The charge current limit (CCL), in steps of 10 A so that it does not follow every ripple."""
        if not self.allow_to_charge or self.charge_stopped:
            return 0.0
        if self.discharge_refused:
            return RESCUE_CHARGE_A
        share = (DERATE_TO_V - self.max_cell_v) / (DERATE_TO_V - DERATE_FROM_V)
        return round(FULL_CHARGE_A * min(max(share, 0.0), 1.0) / 10) * 10.0

    @property
    def discharge_limit_a(self) -> float:
        """The discharge current limit (DCL)."""
        return 0.0 if self.discharge_refused else FULL_DISCHARGE_A

    def ramp(self, targets: Mapping[str, float], over_s: float) -> None:
        """Let quantities go to these values evenly in the given time; 0 s is at once."""
        for key, target in targets.items():
            if over_s > 0:
                self._ramps[key] = (target, (target - getattr(self, key)) / over_s)
            else:
                self._ramps.pop(key, None)
                setattr(self, key, target)

    def step(self, now: float, passed_s: float) -> None:
        """Let time pass, then let the BMS judge."""
        for key, (target, slope) in list(self._ramps.items()):
            value = getattr(self, key) + slope * passed_s
            if slope == 0 or (target - value) * slope <= 0:
                value = target
                del self._ramps[key]
            setattr(self, key, value)
        self.soc_percent += self.current_a * passed_s / 36 / CAPACITY_AH
        self._judge(now)

    def _judge(self, now: float) -> None:
        high, low = self.max_cell_v, self.min_cell_v
        self.charge_stopped = high >= (CHARGE_AGAIN_V if self.charge_stopped else DERATE_TO_V)
        self.cell_too_high = high >= (CHARGE_ON_V if self.cell_too_high else CHARGE_OFF_V)
        self.too_cold = self.temperature_c < (COLD_ON_C if self.too_cold else COLD_OFF_C)
        if low >= DISCHARGE_ON_V:
            self.pre_alarm_since = None
            self.discharge_refused = False
        elif low < PRE_ALARM_V and self.pre_alarm_since is None:
            self.pre_alarm_since = now
        since = self.pre_alarm_since
        if low < DISCHARGE_OFF_V and since is not None and now - since >= self.pre_alarm_s:
            self.discharge_refused = True

    @property
    def time_to_go_min(self) -> int:
        """Minutes until empty at the present current, capped as the real one caps it."""
        if self.current_a >= 0:
            return TIME_TO_GO_CAP_MIN
        return min(round(self.soc_percent / 100 * CAPACITY_AH / -self.current_a * 60), TIME_TO_GO_CAP_MIN)


YES, NO = 1, 2
"""Two-bit code of 0x2108, 0x2109 and 0x210A (0 would be: not available)."""
OK, WARNING, ALARM = 1, 2, 3
"""Two-bit code of 0x2107 (0 would be: not supported)."""


def _pairs(*codes: int) -> int:
    return sum(code << 2 * position for position, code in enumerate(codes))


def _yes(condition: bool) -> int:
    return YES if condition else NO


def _flags(bank: Bank) -> int:
    bits = {
        2: bank.discharge_refused,
        3: bank.pre_alarm,
        4: bank.current_a > 0,
        5: bank.current_a < 0,
        17: bank.too_cold,
        25: bank.allow_to_charge,
        26: bank.allow_to_discharge,
        27: bank.pre_alarm,
    }
    return sum(1 << bit for bit, on in bits.items() if on)


def _io(bank: Bank) -> int:
    """Contactor, ATC, ATD, user relay, aux output, remote enabled, alternator ATC."""
    charge, discharge = _yes(bank.allow_to_charge), _yes(bank.allow_to_discharge)
    return _pairs(YES, charge, discharge, NO, YES, YES, charge)


def _warnings(bank: Bank) -> int:
    """Low cell, high current, BMS temperature, contactor, cable (not supported), load disconnect, low SOC."""
    low = ALARM if bank.discharge_refused else WARNING if bank.pre_alarm else OK
    return _pairs(low, OK, OK, OK, 0, low, OK)


def _alarms(bank: Bank) -> int:
    high_or_cold = bank.cell_too_high or bank.too_cold
    return _pairs(_yes(high_or_cold), _yes(bank.discharge_refused), _yes(bank.pre_alarm), NO, NO)


def _kelvin(celsius: float) -> int:
    return round((celsius + 273.15) * 100)


def measurements(bank: Bank) -> dict[int, bytes]:
    """Registers that change all the time: sent every period."""
    cells = struct.pack("<HH", round(bank.min_cell_v * 100), round(bank.max_cell_v * 100))
    temperatures = struct.pack("<HH", _kelvin(bank.temperature_c - 0.4), _kelvin(bank.temperature_c + 0.8))
    consumed_ah = (bank.soc_percent / 100 - 1) * CAPACITY_AH
    return {
        0xED8D: struct.pack("<h", round(bank.voltage_v * 100)),
        0xED8F: struct.pack("<h", round(bank.current_a * 10)),
        0xED8E: struct.pack("<h", round(bank.voltage_v * bank.current_a)),
        0xEDEC: struct.pack("<H", _kelvin(bank.temperature_c)),
        0x0FFF: struct.pack("<H", round(bank.soc_percent * 100)),
        0x0FFE: struct.pack("<H", bank.time_to_go_min),
        0x0FFC: struct.pack("<i", round(consumed_ah * 10)),
        0x0385: cells,
        0x0386: temperatures,
    }


def permissions(bank: Bank) -> dict[int, bytes]:
    """Permissions, alarms and limits: sent when they change, and now and then."""
    return {
        0x2108: struct.pack("<H", _io(bank)),
        0x2100: struct.pack("<I", _flags(bank)),
        0x2107: struct.pack("<I", _warnings(bank)),
        0x210A: struct.pack("<H", _alarms(bank)),
        0x0390: struct.pack("<I", round(CHARGE_VOLTAGE_V * 100)),
        0x0391: struct.pack("<I", round(bank.charge_limit_a * 10)),
        0x0392: struct.pack("<I", round(LOW_VOLTAGE_V * 100)),
        0x0393: struct.pack("<I", round(bank.discharge_limit_a * 10)),
    }


def states(bank: Bank) -> dict[int, bytes]:
    """Error 0, BMS running, mode on, device state on."""
    del bank
    return {0x2101: b"\x00", 0x2102: b"\x09", 0x0200: b"\x03", 0x0201: b"\xf9"}


def identity(product_id: int, serial: str) -> dict[int, bytes]:
    """What never changes: sent at power-on and when asked."""
    return {
        0x0100: struct.pack("<BHB", 0, product_id, 0),
        0x0102: b"\x00" + (0x0106FF).to_bytes(3, "little"),
        0x010A: serial.encode() + b"\0",
        0x0380: bytes((PARALLEL, CELLS_IN_SERIES, PARALLEL, 1)),
        0x1000: struct.pack("<H", round(CAPACITY_AH)),
        0xEDEF: bytes((24,)),
    }
