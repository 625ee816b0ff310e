"""Members of a bank without a bridge, for tests of what is made of them."""

from __future__ import annotations

from gxbridge.core.bank.banks import view_of
from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.limits import BankMembers
from gxbridge.core.bank.member import Member, MemberCandidate, MemberState
from gxbridge.core.bank.membership import BankMemory, MemberMemory
from gxbridge.core.bank.view import BankRole, BankView
from gxbridge.core.dvcc.read.devices.bms import read_bms
from gxbridge.core.model.items import Value

PREFIX = "com.victronenergy.battery."


def items(**changes: Value) -> dict[str, Value]:
    """A running Lynx of 400 Ah at 24 V; changes by the last words of their paths."""
    known: dict[str, Value] = {
        "/DeviceInstance": 1,
        "/ProductId": 0xA3E5,
        "/ProductName": "Lynx Smart BMS 500",
        "/Mgmt/Connection": "VE.Can",
        "/Connected": 1,
        "/N2kDeviceInstance": 0,
        "/State": 9,
        "/Dc/0/Voltage": 26.4,
        "/Dc/0/Current": 10.0,
        "/Dc/0/Power": 264,
        "/Soc": 80.0,
        "/Capacity": 400,
        "/ConsumedAmphours": -80.0,
        "/TimeToGo": 864000,
        "/Info/MaxChargeVoltage": 28.4,
        "/Info/MaxChargeCurrent": 200.0,
        "/Info/MaxDischargeCurrent": 400.0,
        "/Info/BatteryLowVoltage": 21.6,
        "/Io/AllowToCharge": 1,
        "/Io/AllowToDischarge": 1,
        "/System/MinCellVoltage": 3.3,
        "/System/MaxCellVoltage": 3.4,
        "/Settings/Battery/NominalVoltage": 24,
    }
    names = {path.rpartition("/")[2]: path for path in known}
    extra = {"InstalledCapacity": "/InstalledCapacity", "Temperature": "/Dc/0/Temperature", "LowSoc": "/Alarms/LowSoc"}
    extra |= {"MinVoltageCellId": "/System/MinVoltageCellId", "AlternatorAllowToCharge": "/Io/AlternatorAllowToCharge"}
    extra |= {"ContactorClosed": "/Io/ContactorClosed", "UniqueNumber": "/N2kUniqueNumber", "Serial": "/Serial"}
    return known | {(names | extra)[name]: value for name, value in changes.items()}


def candidate(number: int = 1, bus: str = "", *, live: bool = True, **changes: Value) -> MemberCandidate:
    """A battery that may be a member: `Bank 1`."""
    name = f"{PREFIX}bank{number}"
    shown = items(**changes)
    bms = read_bms(name, shown)._replace(title=f"Bank {number}")
    return MemberCandidate(bms, shown, bus, live)


def member(number: int = 1, state: MemberState = "in", *, measured: float | None = None, **changes: Value) -> Member:
    there = None if state in ("away", "silent", "acknowledged") else candidate(number, **changes)
    return Member(f"bank{number}", f"Bank {number}", state, there, measured)


def bank(*members: Member, **entry: object) -> BankMembers:
    return BankMembers(BankEntry("house", "House", **entry), members)  # type: ignore[arg-type]


def view(*members: Member, role: BankRole = "one battery", **entry: object) -> BankView:
    """A bank at one look; who is gone has been gone since second 1700.4."""
    memory = BankMemory(tuple(MemberMemory(one.word, "x", 1700.4) for one in members), nominal_v=24)
    return view_of(bank(*members, **entry), memory, role, "why")
