"""Simulated devices of a port (tests/port), which know nothing of gxbridge, next to what was recorded of real ones."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from gxbridge.core.model.items import Value
from tests.core.port.port_boat import MULTI_SERVICE, SOLAR_SERVICE, PortBoat
from tests.port.fleet import FLEET
from tests.port.node import SimNode, exchange

INVERTER_SERVICE = "com.victronenergy.inverter.socketcan_can0_vi0_uc87197"
CHARGER_SERVICE = "com.victronenergy.charger.socketcan_can0_vi0_uc15639"
RS_SERVICE = "com.victronenergy.solarcharger.socketcan_can0_vi1_uc300450"


def sailed(names: Iterable[str], seconds: int = 4, **setup: object) -> PortBoat:
    """A boat whose devices have spoken for some seconds."""
    boat = PortBoat(**setup)
    nodes = [SimNode(FLEET[name], boat.now) for name in names]
    for _ in range(seconds):
        for _ in range(10):
            boat.now += 0.1
            boat.send(*exchange(nodes, [], boat.now))
        boat.now -= 1.0
        boat.look()
        boat.settle()
    return boat


@pytest.fixture(scope="module")
def fleet() -> PortBoat:
    return sailed(FLEET, seconds=16, temperatures=("can0",))


RECORDED: dict[str, dict[str, Value]] = {
    SOLAR_SERVICE: {
        "/Yield/User": 5752.37,
        "/History/Overall/DaysAvailable": 2,
        "/History/Overall/MaxBatteryVoltage": 61.84,
        "/History/Overall/MaxPvVoltage": 104.6,
        "/History/Daily/1/Yield": 8.68,
        "/History/Daily/1/MaxPower": 2065,
        "/History/Daily/1/MaxBatteryCurrent": 37.6,
        "/History/Daily/1/MaxPvVoltage": 98.97,
        "/History/Daily/1/TimeInBulk": 656,
    },
    MULTI_SERVICE: {
        "/Ac/In/1/Type": 1,
        "/Ac/ActiveIn/ActiveInput": 0,
        "/Energy/OutToInverter": 48.39,
        "/Energy/AcIn1ToAcOut": 0.28,
        "/GroupId": 11,
        "/Relay/0/State": 1,
        "/Settings/BmsPresent": 1,
        "/Settings/Ess/Mode": 2,
        "/Settings/Ess/MinimumSocLimit": 60.0,
        "/History/Overall/LastError1": 10,
        "/History/Overall/LastError4": 43,
        "/History/Daily/1/Nr": 168,
        "/History/Daily/1/TimeInBulk": 1439,
    },
    INVERTER_SERVICE: {
        "/ProductName": "Inverter RS Solar 48V/6000VA/80A",
        "/Ac/Out/L1/V": 231.2,
        "/Ac/Out/L1/P": -3,
        "/Ac/Out/L1/F": 50.0,
        "/Ac/Out/L1/NominalInverterPower": 5100.0,
        "/Dc/0/Voltage": 53.04,
        "/Dc/0/Power": -15,
        "/Dc/0/RippleVoltage": 0.016,
        "/Soc": 89.77,
        "/TimeToGo": None,
        "/State": 9,
        "/Pv/V": 123.0,
        "/Yield/Power": 49.0,
        "/Energy/SolarToBattery": 0.06,
        "/Link/ChargeCurrent": 2.0,
        "/History/Daily/0/MaxPower": 89,
    },
    CHARGER_SERVICE: {
        "/NrOfOutputs": 3,
        "/State": 6,
        "/Ac/In/L1/I": 1.1,
        "/Ac/In/L1/P": None,
        "/Ac/In/CurrentLimit": 10.0,
        "/Dc/1/Voltage": 26.44,
        "/Dc/2/Current": 1.0,
        "/Relay/0/State": 1,
    },
    RS_SERVICE: {
        "/NrOfTrackers": 4,
        "/Pv/V": None,
        "/Pv/2/P": 1124.0,
        "/Pv/3/V": 1.2,
        "/Yield/Power": 4428.5,
        "/MppOperationMode": 2,
        "/History/Daily/0/Pv/1/Yield": 3.9,
        "/History/Daily/1/Pv/0/MaxVoltage": 431.2,
    },
    "com.victronenergy.alternator.socketcan_can0_vi0_uc430313": {
        "/CustomName": "Integrel Generator Port",
        "/HardwareVersion": "4.150",
        "/Link/NetworkStatus": 4,
        "/Dc/0/Temperature": 48.85,
    },
    "com.victronenergy.tank.socketcan_can0_vi4_uc856_di0_t5": {"/FluidType": 5, "/Capacity": 0.06},
    "com.victronenergy.temperature.socketcan_can0_vi2_uc7007_di1": {"/Temperature": -18.25, "/TemperatureType": 6},
}


@pytest.mark.parametrize("service", RECORDED)
def test_values_are_those_of_the_recordings(fleet: PortBoat, service: str) -> None:
    shown = fleet.values(service)
    assert {path: shown[path] for path in RECORDED[service]} == RECORDED[service]


def test_everybody_has_a_service_and_a_gx_has_none(fleet: PortBoat) -> None:
    kinds = [view.kind for view in fleet.views.values()]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "vecan": 1,
        "solarcharger": 2,
        "multi": 2,
        "inverter": 1,
        "charger": 1,
        "battery": 1,
        "alternator": 2,
        "tank": 5,
        "temperature": 3,
    }
    assert len({view.name for view in fleet.views.values()}) == len(kinds)


def test_the_largest_device_fits_into_the_memory_of_one() -> None:
    boat = sailed(["multi-rs-2"])
    (node,) = boat.bridge.registry.network("can0").devices
    assert node.readings.dropped == 0
    assert node.readings.size < 180_000
    lacking = [path for path, value in boat.values(MULTI_SERVICE.replace("162268", "162269")).items() if value is None]
    assert len(lacking) < 40
