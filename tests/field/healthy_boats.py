"""Healthy boats of every kind on simulated time: a day in little more than half an hour, with everything that obeys.

24 V; the battery is a voltage that follows its charge and a resistance; whoever charges makes what the sun gives
and what it is told; the GX's own controller, where there is one, tells every three seconds what it read a round ago.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gxbridge.core.bridge import Bridge
from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.model.items import Value
from gxbridge.core.setup import Setup
from tests.core.boat import ALL_WELL, RUNNING, VENDOR, claim, multi, solar, status, vendor_lynx, vreg

SOLAR = "com.victronenergy.solarcharger.ttyO2"
CAN_SOLAR = "com.victronenergy.solarcharger.socketcan_can0_vi0_uc20001"
MULTI = "com.victronenergy.vebus.ttyS4"
TOTAL = "com.victronenergy.battery.lynxparallel0"
SECOND = "com.victronenergy.battery.socketcan_vecan0_vi2_uc167121"
CHARGE_INPUT = "com.victronenergy.digitalinput.input_1"
DISCHARGE_INPUT = "com.victronenergy.digitalinput.input_2"

CVL_V, FULL_V = 28.4, 28.35
OHM = 0.004
LENGTH_S = 2000
NIGHT_S, NOON_S = 300, 1000
"""Until when there is no sun, and when it is highest."""

Items = dict[str, Value]


def sun_a(second: int, most_a: float) -> float:
    """What the sun gives one charger (A)."""
    if second < NIGHT_S or second > LENGTH_S - NIGHT_S:
        return 0.0
    return most_a * max(1.0 - ((second - NOON_S) / (NOON_S - NIGHT_S)) ** 2, 0.0)


class HealthyBoat:
    """`kind`: alone, beside, parallel, vebus-bms, terminals or feed-in; `now` in monotonic seconds."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.now, self.second = 1000.0, 0
        self.charge_v, self.current_a, self.ccl_a = 26.2, 0.0, 100.0
        self.gx_read: Items = {}
        self.found: dict[str, str] = {}
        self.speaking = True
        self.services = self._devices()
        mode = "monitor" if kind in ("beside", "parallel") else "control"
        wirings = (Wiring("Bank 1", "Small BMS", CHARGE_INPUT, DISCHARGE_INPUT),) if kind == "terminals" else ()
        self.setup = Setup(
            mode=mode, buses=("can0",) if kind in ("alone", "beside") else (), ports={"can0": "vecan0"}, wirings=wirings
        )
        self.bridge = self._started()

    @property
    def on_can(self) -> bool:
        return self.kind in ("alone", "beside")

    def _devices(self) -> dict[str, Items]:
        found: dict[str, Items] = {
            SOLAR: solar(limit_a=60.0, current_a=0.0),
            CAN_SOLAR: solar(limit_a=60.0, current_a=0.0) | {"/N2kDeviceInstance": 0, "/DeviceInstance": 280},
            MULTI: multi() | {p.CURRENT: -5.0},
            p.SETTINGS: {p.SET_DVCC: 1, "/Settings/SystemSetup/SharedVoltageSense": 1},
        }
        lynx = vendor_lynx(**{p.CURRENT: 0.0, "/N2kDeviceInstance": 0, "/Settings/Battery/NominalVoltage": 24})
        if self.kind in ("beside", "parallel"):
            found[p.SYSTEM] = {p.CONTROL_DVCC: 1, p.ACTIVE_BMS: None}
        if self.kind in ("beside", "feed-in", "parallel"):
            found[VENDOR] = lynx
        if self.kind == "parallel":
            found[SECOND] = lynx | {"/DeviceInstance": 2, "/N2kUniqueNumber": 167121, "/Serial": "0167121 HQ21302VUDR"}
            found[TOTAL] = lynx | {
                "/DeviceInstance": 512, "/ProductId": 0xA3E3, "/ProductName": "Lynx Smart BMS totals", p.CCL: 200.0,
                "/N2kUniqueNumber": None, "/Serial": "", p.ALLOW_CHARGE: None, p.ALLOW_DISCHARGE: None, p.STATE: None,
                "/NumberOfBmses": "2/2",
            }  # fmt: skip
        if self.kind == "vebus-bms":
            found[MULTI] |= {
                "/Bms/AllowToCharge": 1, "/Bms/AllowToDischarge": 1, "/Bms/BmsExpected": 1, "/Bms/BmsType": 2,
                "/Bms/Error": 0, "/Bms/PreAlarm": 0, "/Devices/Bms/Version": 1146100,
                "/Interfaces/Mk2/ProductName": "MK3",
            }  # fmt: skip
            found[p.SETTINGS][p.SET_MAX_CURRENT] = 80.0
        if self.kind == "terminals":
            found |= {name: {"/Type": 10, "/InputState": 0, "/State": 0} for name in (CHARGE_INPUT, DISCHARGE_INPUT)}
            found[p.SETTINGS][p.SET_MAX_CURRENT] = 80.0
        if self.kind == "feed-in":
            found[MULTI] |= {
                p.ASSISTANT: 5, p.HUB_VOLTAGE: CVL_V, p.AC_CONNECTED: 1, p.ACTIVE_INPUT: 0,
                "/Hub4/FixSolarOffsetTo100mV": 1,
            }  # fmt: skip
            found[p.SETTINGS][p.SET_FEED_IN] = 1
        return found

    def _started(self) -> Bridge:
        made = Bridge(self.setup)
        made.hold_name(True)
        for name, items in self.services.items():
            made.service_added(name, dict(items), self.now)
        return made

    # --- what happens aboard ---

    def restart(self) -> None:
        """gxbridge ends and begins again, with what it remembers."""
        remembered = self.bridge.remember(self.setup.remembered, 1_700_000_000.0)
        self.setup = replace(self.setup, remembered=remembered)
        self.bridge = self._started()

    def stop(self, name: str) -> Items:
        self.bridge.service_removed(name, self.now)
        return self.services.pop(name)

    def begin(self, name: str, items: Items) -> None:
        self.services[name] = items
        self.bridge.service_added(name, dict(items), self.now)

    def _show(self, name: str, items: Mapping[str, Value]) -> None:
        if name in self.services:
            self.services[name] |= items
            self.bridge.service_changed(name, items, self.now)

    def sail(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now, self.second = self.now + 1.0, self.second + 1
            self._physics()
            if self.on_can and self.speaking:
                self._speak()
            if p.SYSTEM in self.services:
                self._gx()
            cycle = self.bridge.tick(self.now)
            for service, path, value in cycle.writes:
                if path in self.services.get(service, {}):
                    self._show(service, {path: value})
            self.found |= {finding.id: f"{self.second} s: {finding.text}" for finding in cycle.began}

    def _physics(self) -> None:
        load_a = 5.0
        volts = self.charge_v + OHM * self.current_a
        made = 0.0
        for name in (SOLAR, CAN_SOLAR):
            items = self.services.get(name, {})
            told = items.get(p.CHARGE_CURRENT)
            amps = min(sun_a(self.second, 60.0), 60.0 if told is None else float(str(told)))
            if self.charge_v > FULL_V - 0.4:  # absorption: it takes less and less
                amps = min(amps, max((CVL_V - self.charge_v) / OHM / 2 + load_a / 2, 0.0))
            made += amps
            self._show(name, {p.CURRENT: round(amps, 1), p.VOLTAGE: round(volts, 2)})
        out_a = load_a if self.kind != "feed-in" else max(made - self.ccl_a + 5.0, load_a)
        self._show(MULTI, {p.CURRENT: -out_a, p.VOLTAGE: round(volts - 0.02, 2)})
        self.current_a = made - out_a
        self.charge_v = min(self.charge_v + self.current_a * 4e-5, FULL_V)
        self.ccl_a = 20.0 if self.charge_v > FULL_V - 0.1 else 100.0
        cell = {p.MAX_CELL_VOLTAGE: round(volts / 8 + 0.02, 2), p.MIN_CELL_VOLTAGE: round(volts / 8 - 0.01, 2)}
        shown: Items = {p.VOLTAGE: round(volts, 2), p.CURRENT: round(self.current_a, 1), **cell}
        for name, part in ((VENDOR, 1.0 if self.kind != "parallel" else 0.5), (SECOND, 0.5), (TOTAL, 1.0)):
            ccl_a = self.ccl_a * (2 if name == TOTAL else 1)
            self._show(name, shown | {p.CURRENT: round(self.current_a * part, 1), p.CCL: ccl_a})

    def _speak(self) -> None:
        volts = self.charge_v + OHM * self.current_a
        said = RUNNING | {0x0391: round(self.ccl_a * 10), 0x2108: ALL_WELL}
        frames = [claim(), status(round(volts, 2), round(self.current_a, 1))]
        frames += [vreg(register, raw) for register, raw in said.items()]
        self.bridge.hear("can0", [(self.now, can_id, data) for can_id, data in frames])

    def _gx(self) -> None:
        """The GX's own controller."""
        bms = TOTAL if TOTAL in self.services else VENDOR if VENDOR in self.services else None
        self._show(p.SYSTEM, {"/Dc/Battery/Voltage": round(self.charge_v + self.second / 1e5, 4), p.ACTIVE_BMS: bms})
        if self.second % 3 or bms is None:
            return
        ccl = float(str(self.gx_read.get(p.CCL, 100.0)))
        for name in (SOLAR, CAN_SOLAR):
            share = min((ccl + 5.0) / 2, 60.0)
            told: Items = {p.NETWORK_MODE: 13, p.CHARGE_VOLTAGE: CVL_V, p.CHARGE_CURRENT: share}
            self._show(name, told)
        self._show(MULTI, {p.BOL_CHARGE_VOLTAGE: CVL_V, p.BOL_CHARGE_CURRENT: 0.0, p.BOL_DISCHARGE_CURRENT: 600.0})
        self.gx_read = dict(self.services[bms])
