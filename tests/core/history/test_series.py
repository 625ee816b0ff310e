"""What a look at the services says, and what it does not say."""

from __future__ import annotations

from gxbridge.core.history.series import LONGEST, sample, series_title
from gxbridge.core.model.items import Value

OWN = "com.victronenergy.gxbridge"
LYNX = "com.victronenergy.battery.gxbridge_can0_uc1"
SOLAR = "com.victronenergy.solarcharger.ttyO1"
VEBUS = "com.victronenergy.vebus.ttyS4"
own: dict[str, Value] = {
    "/Bms/Service": LYNX, "/Bms/State": "live", "/Bms/Name": "Lynx", "/Dvcc/Effective": "control",
    "/Dvcc/MasterReason": "No other master is there.", "/Limits/Cvl/Value": 28.4, "/Limits/Cvl/ReasonId": "bms-cvl",
    "/Limits/Cvl/Reason": "CVL 28.4 V", "/Limits/Ccl/Value": 0.0, "/Limits/Ccl/ReasonId": "charge-refused",
    "/Limits/Dcl/Value": None, "/Limits/Charger/3/Service": SOLAR, "/Limits/Charger/3/Name": "MPPT",
    "/Limits/Multi/Service": VEBUS, "/Findings/Count": 2, "/Findings/0/Id": "bms-alarm",
    "/Findings/0/Severity": "alarm", "/Findings/0/Subject": "Lynx", "/Findings/0/Text": "T",
    "/Findings/1/Id": "", "/Findings/2/Id": "not-counted",
}  # fmt: skip
battery: dict[str, Value] = {
    "/Dc/0/Voltage": 26.0, "/Dc/0/Current": -10.0, "/Soc": 50.0, "/Io/AllowToCharge": 0, "/Io/AllowToDischarge": 7,
}  # fmt: skip
services = {OWN: own, LYNX: battery, SOLAR: {"/Link/ChargeCurrent": 40.0, "/Dc/0/Current": 38.0},
            VEBUS: {"/Dc/0/MaxChargeCurrent": 70.0}}  # fmt: skip


def test_a_look_has_the_battery_the_limits_the_chargers_and_the_findings() -> None:
    seen = sample(services)
    assert seen.numbers == {
        "voltage_v": 26.0, "current_a": -10.0, "power_w": -260.0, "soc_percent": 50.0, "cvl_v": 28.4, "ccl_a": 0.0,
        "told_a solarcharger.ttyO1": 40.0, "made_a solarcharger.ttyO1": 38.0, "told_a vebus.ttyS4": 70.0,
    }  # fmt: skip
    assert seen.states == {
        "service": ("on", ""), "dvcc": ("control", "No other master is there."), "bms": ("live", "Lynx"),
        "charge": ("no", ""), "discharge": ("unknown", ""), "cvl": ("bms-cvl", "CVL 28.4 V"),
        "ccl": ("charge-refused", ""), "finding bms-alarm Lynx": ("alarm", "T"),
    }  # fmt: skip
    assert seen.labels["made_a solarcharger.ttyO1"] == "MPPT"
    assert seen.labels["made_a vebus.ttyS4"] == "vebus.ttyS4"


def test_a_measured_power_is_not_computed() -> None:
    assert sample(services | {LYNX: battery | {"/Dc/0/Power": -250.0}}).numbers["power_w"] == -250.0
    assert "power_w" not in sample(services | {LYNX: {"/Dc/0/Voltage": 26.0}}).numbers
    assert "power_w" not in sample(services | {LYNX: {"/Dc/0/Current": 26.0}}).numbers


def test_without_the_service_nothing_is_known_or_permitted() -> None:
    seen = sample({LYNX: battery})
    assert (seen.numbers, list(seen.states)) == ({}, ["service"])


def test_without_a_battery_permissions_are_unknown() -> None:
    seen = sample({OWN: {}})
    assert seen.numbers == {}
    assert [seen.states[name][0] for name in ("charge", "discharge", "bms", "dvcc")] == ["unknown"] * 4


def test_texts_from_outside_are_cut_and_printable() -> None:
    seen = sample({OWN: own | {"/Findings/0/Text": "\x1b[2J" + "x" * 999, "/Findings/0/Subject": "a\nb"}})
    (text,) = [state[1] for name, state in seen.states.items() if name.startswith("finding bms-alarm a")]
    assert len(text) == LONGEST
    assert text.isprintable()


def test_every_series_has_a_title() -> None:
    assert series_title("ccl_a", {}) == ("Charge current limit (CCL)", "A")
    assert series_title("told_a x", {"told_a x": "MPPT"}) == ("MPPT, limit", "A")
