"""Random boats for the hostile-policy test: what is true of each is known by construction, not read from its items."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gxbridge.core.model.items import Value

PREFIX = "com.victronenergy."
SETTINGS = "/Settings/SystemSetup/"
LYNX, LYNX_TOTAL, CAN_BMS = 0xA3E5, 0xA3E3, 0xB014
ODD_WORDS: tuple[Value, ...] = (None, "no", "1", math.nan, 2, 1e12)
"""What is neither yes nor no."""


@dataclass
class TrueBms:
    """A BMS, and what it really says. `role`: own, peer (same DC bus), total, member, or stranger (does not count)."""

    name: str
    role: str
    product: int
    instance: int
    cvl: float | None
    ccl: float | None
    dcl: float | None
    charge: Value
    discharge: Value
    nominal_v: int = 24
    network: int = 0
    state: int | None = 9
    there: bool = True
    gave: bool = False
    gave_discharge: bool = False
    current_a: float | None = 12.5
    connection: str = "VE.Can"

    @property
    def always_says(self) -> bool:
        return self.product == LYNX

    def items(self) -> dict[str, Value]:
        items: dict[str, Value] = {
            "/DeviceInstance": self.instance,
            "/ProductId": self.product,
            "/ProductName": "BMS",
            "/Connected": 1,
            "/Mgmt/Connection": self.connection,
            "/N2kDeviceInstance": self.network,
            "/State": self.state,
            "/Dc/0/Voltage": self.nominal_v * 1.1,
            "/Dc/0/Current": self.current_a,
            "/Dc/0/Temperature": 21.0,
            "/Settings/Battery/NominalVoltage": self.nominal_v,
            "/Info/MaxChargeVoltage": self.cvl,
            "/Info/MaxChargeCurrent": self.ccl,
            "/Info/MaxDischargeCurrent": self.dcl,
            "/Info/BatteryLowVoltage": self.nominal_v * 0.9,
            "/N2kUniqueNumber": 1000 + self.instance,
        }
        if self.role != "total":
            items |= {"/Io/AllowToCharge": self.charge, "/Io/AllowToDischarge": self.discharge}
        return items


@dataclass
class TrueCharger:
    """Anything that charges: `own_a` is the most it may by its own setting, `makes_a` what it makes now. `mode`: its
    switch, 1 on, 4 off; one without `link` takes no current."""

    name: str
    kind: str
    own_a: float | None
    makes_a: float
    there: bool = True
    shows: dict[str, Value] = field(default_factory=dict)
    mode: int | None = None
    link: bool = True
    mute: bool = False
    """It does not say any more what it makes."""

    def items(self) -> dict[str, Value]:
        items: dict[str, Value] = {"/Connected": 1, "/Dc/0/Voltage": 26.0, "/Dc/0/Current": self.makes_a} | self.shows
        if self.mode is not None:
            items["/Mode"] = self.mode
        if self.mute:
            items["/Dc/0/Current"] = None
        if not self.link:
            return items
        if self.kind == "vebus":
            bol = "/BatteryOperationalLimits/"
            items |= dict.fromkeys((f"{bol}MaxChargeVoltage", f"{bol}MaxChargeCurrent", f"{bol}MaxDischargeCurrent"))
            items |= {f"{bol}BatteryLowVoltage": None, "/Dc/0/MaxChargeCurrent": 70.0}
            return items | {"/BatterySense/Voltage": None, "/BatterySense/Temperature": None}
        items |= dict.fromkeys(("/Link/NetworkMode", "/Link/ChargeVoltage", "/Link/VoltageSense"))
        items |= dict.fromkeys(("/Link/TemperatureSense", "/Link/BatteryCurrent"))
        if self.kind != "vecan":
            items |= {"/Link/ChargeCurrent": None, "/Settings/ChargeCurrentLimit": self.own_a}
        if self.kind in ("inverter", "multi"):
            items |= {"/IsInverterCharger": 1, "/N2kDeviceInstance": 0, "/Link/DischargeCurrent": None}
        return items


@dataclass
class TrueWorld:
    """One boat. `stops`: terminals stop; `vebus_word`, `vebus_discharge`: what a VE.Bus BMS says."""

    bmses: list[TrueBms]
    chargers: list[TrueCharger]
    hub_v: float | None = None
    feed_in: bool = False
    vebus_bms: bool = False
    vebus_word: Value = 1
    vebus_discharge: Value = 1
    stops: bool = False
    stops_discharge: bool = False
    user_a: float | None = None
    user_v: float | None = None
    installer_a: float | None = None
    installer_v: float | None = None
    installer_dcl: float | None = None
    on_loss: str = "vendor"
    switches: bool = False
    """The configuration lets alternators be switched."""
    load_w: float = 0.0
    remembers: bool = False
    master: str = ""
    started: float = 0.0
    now: float = 0.0
    spoken: bool = False
    """The own BMS was once there with a charge voltage."""
    rs_offset: float | None = None
    setpoint: float | None = None
    shown: dict[str, dict[str, Value]] = field(default_factory=dict, repr=False)

    @property
    def feed_in_now(self) -> bool:
        return self.feed_in and any(charger.kind == "vebus" and charger.there for charger in self.chargers)

    @property
    def vebus_discharge_word(self) -> str:
        """What the VE.Bus BMS says of discharging, "" where there is none."""
        if not self.vebus_bms or not any(charger.kind == "vebus" and charger.there for charger in self.chargers):
            return ""
        return (
            {1: "yes", 0: "no"}.get(self.vebus_discharge, "unknown") if self.vebus_discharge is not None else "unknown"
        )

    @property
    def own(self) -> TrueBms | None:
        return next((bms for bms in self.bmses if bms.role in ("own", "total")), None)

    def services(self) -> dict[str, dict[str, Value]]:
        """What is on D-Bus; made once for each look."""
        if not self.shown:
            self.shown = self.show()
        return self.shown

    def show(self) -> dict[str, dict[str, Value]]:
        found = {bms.name: bms.items() for bms in self.bmses if bms.there}
        for charger in self.chargers:
            if charger.there:
                found[charger.name] = charger.items()
                if charger.kind == "vebus":
                    found[charger.name] |= {"/Hub/ChargeVoltage": self.hub_v, "/State": 3}
                    found[charger.name] |= {"/Hub4/AssistantId": 5 if self.feed_in else None}
                    found[charger.name] |= {"/Ac/ActiveIn/Connected": 1, "/Ac/ActiveIn/ActiveInput": 0}
                    if self.vebus_bms:
                        found[charger.name] |= {"/Bms/BmsType": 2, "/Bms/AllowToCharge": self.vebus_word}
                        found[charger.name] |= {"/Bms/AllowToDischarge": self.vebus_discharge}
                if charger.kind == "multi":
                    found[charger.name] |= {"/Link/ChargeVoltageSolarOffset": self.rs_offset}
                    found[charger.name] |= {"/Link/ChargeVoltageSetpoint": self.setpoint}
                if self.remembers and charger.kind == "solarcharger":
                    found[charger.name]["/Settings/BmsPresent"] = 1
        if self.load_w:
            found[f"{PREFIX}dcsystem.ttyUSB9"] = {"/Dc/0/Power": self.load_w, "/Dc/0/Voltage": 26.0}
        if self.master == "system":
            found[f"{PREFIX}system"] = {"/Control/Dvcc": 1}
        elif self.master == "rival":
            found[f"{PREFIX}gxbridge.b"] = {"/Dvcc/Mode": "control"}
        return found

    def settings(self) -> dict[str, Value]:
        return {
            f"{SETTINGS}BmsInstance": -1,
            f"{SETTINGS}MaxChargeCurrent": -1 if self.user_a is None else self.user_a,
            f"{SETTINGS}MaxChargeVoltage": 0 if self.user_v is None else self.user_v,
            "/Settings/CGwacs/OvervoltageFeedIn": int(self.feed_in),
            f"{SETTINGS}AcInput1": 1,
        }


def make_bms(chance: Random, role: str, product: int, instance: int, **more: Any) -> TrueBms:
    """A BMS that allows everything."""
    name = f"{PREFIX}battery.{'lynxparallel0' if role == 'total' else f'socketcan_can{instance}'}"
    limits = 28.0 - chance.randrange(10) / 10, float(chance.choice([20, 100, 400])), float(chance.choice([50, 600]))
    word: Value = 1 if product == LYNX else None if chance.random() < 0.5 else 1
    return TrueBms(**({"name": name} | more), role=role, product=product, instance=instance,
                   cvl=limits[0], ccl=limits[1], dcl=limits[2], charge=word, discharge=word)  # fmt: skip


def make_bmses(chance: Random, layout: str) -> list[TrueBms]:
    """The BMSes of a layout; the own one has the lowest device instance."""
    if layout == "total":
        members = [make_bms(chance, "member", LYNX, 5 + n) for n in range(chance.randint(1, 3))]
        total = make_bms(chance, "total", LYNX_TOTAL, 1)
        total.charge = total.discharge = None
        return [total, *members]
    product = LYNX if layout in ("lynx", "strangers") else CAN_BMS
    found = [make_bms(chance, "own", product, 1)] if layout not in ("none", "vebus") else []
    if layout == "peers":
        found += [make_bms(chance, "peer", chance.choice([CAN_BMS, LYNX]), 4 + n) for n in range(chance.randint(1, 2))]
    if layout == "strangers":
        found.append(make_bms(chance, "stranger", LYNX, 4, network=1))
        starter = make_bms(chance, "stranger", CAN_BMS, 5, nominal_v=12)
        starter.cvl = 14.0
        copy = make_bms(chance, "stranger", CAN_BMS, 6, name=f"{PREFIX}battery.virtual_1", connection="Virtual")
        found += [starter, copy]
    return found


LAYOUTS = ("lynx", "can", "peers", "total", "strangers", "none", "vebus")


def make_world(chance: Random) -> TrueWorld:
    """A boat of any kind, healthy at first."""
    layout = chance.choice(LAYOUTS)
    kinds = chance.choices(["solarcharger", "alternator", "dcdc", "multi", "inverter"], k=chance.randint(1, 4))
    chargers = [
        TrueCharger(f"{PREFIX}{kind}.tty{n}", kind, float(chance.choice([15, 50, 100])), float(chance.randint(0, 30)))
        for n, kind in enumerate(kinds)
    ]
    if layout == "vebus" or chance.random() < 0.6:
        chargers.append(TrueCharger(f"{PREFIX}vebus.ttyS4", "vebus", None, float(chance.randint(-40, 40))))
    if chance.random() < 0.3:
        chargers.append(TrueCharger(f"{PREFIX}vecan.can0", "vecan", None, 0.0))
    for charger in chargers:
        if charger.kind in ("alternator", "dcdc") and chance.random() < 0.5:
            charger.mode, charger.link = chance.choice([1, 4]), chance.random() < 0.3
    ess = chance.random() < 0.4
    return TrueWorld(
        make_bmses(chance, layout),
        chargers,
        hub_v=27.5 if ess else None,
        feed_in=ess and chance.random() < 0.4,
        vebus_bms=layout == "vebus",
        user_a=chance.choice([None, None, 30.0, 200.0]),
        user_v=chance.choice([None, None, 27.0]),
        installer_a=chance.choice([None, None, 60.0]),
        installer_v=chance.choice([None, None, 27.6]),
        installer_dcl=chance.choice([None, 40.0]),
        on_loss=chance.choice(["vendor", "stop"]),
        switches=chance.random() < 0.6,
        load_w=chance.choice([0.0, 260.0]),
        remembers=layout == "none" and chance.random() < 0.3,
        rs_offset=chance.choice([None, 0.2, 3.0]),
        setpoint=chance.choice([None, 27.3]),
        now=1000.0,
        started=1000.0,
    )


def change_world(world: TrueWorld, chance: Random) -> None:
    """Something happens, or nothing."""
    world.shown = {}
    world.now += chance.choice([0.02, 0.5, 1.0, 1.0, 3.0, 20.0])
    what = chance.randrange(17)
    if world.bmses and what < 6:
        bms = chance.choice(world.bmses)
        if what == 0:
            bms.ccl = chance.choice([0.0, 5.0, 100.0, 400.0, None, -5.0, math.nan])
        elif what == 1:
            bms.charge = chance.choice([1, 1, 1, 0, *ODD_WORDS]) if bms.role != "total" else None
        elif what == 2:
            bms.discharge = chance.choice([1, 1, 1, 0, *ODD_WORDS]) if bms.role != "total" else None
        elif what == 3:
            bms.dcl = chance.choice([0.0, 50.0, 600.0, None])
        elif what == 4 and bms.role not in ("member", "stranger"):
            bms.cvl = chance.choice([27.0, 27.0, 28.0, None if bms.role == "own" else 28.0])
        elif what == 5:
            if bms.role == "member":
                bms.state = chance.choice([9, 9, None, 10, 18, 14, 16])
            else:
                bms.there = not bms.there
    elif what == 6:
        world.user_a = chance.choice([None, 0.0, 30.0, 200.0])
    elif what == 7:
        world.hub_v = None if world.hub_v is None else chance.choice([27.5, 28.6, 27.0])
    elif what == 8:
        world.vebus_word = chance.choice([1, 1, 0, None, "1"])
        world.vebus_discharge = chance.choice([1, 1, 0, None, "1"])
    elif what == 9:
        world.stops = chance.random() < 0.2
        world.stops_discharge = chance.random() < 0.2
    elif what == 10:
        world.load_w = chance.choice([0.0, 0.0, 260.0, 1300.0])
    elif what == 11:
        world.master = chance.choice(["", "", "", "system", "rival"])
    elif what == 16:
        for bms in world.bmses:
            bms.current_a = chance.choice([12.5, 12.5, 45.0, 150.0, -20.0, None, math.nan])
    elif what == 12:
        charger = chance.choice(world.chargers)
        charger.there, charger.mute = not charger.there, False
    elif what == 13:
        charger = chance.choice(world.chargers)
        charger.mute = not charger.link and not charger.mute
    else:
        charger = chance.choice(world.chargers)
        charger.mute = False
        charger.makes_a = float(chance.randint(-40, 60) if charger.kind == "vebus" else chance.randint(0, 60))
