"""The exposition: valid OpenMetrics with units and bounded labels, and no number that is not known."""

from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gxbridge.core.model.items import Value
from gxbridge.web.metrics import LONGEST_LABEL, MOST_BUSES
from tests.commands.test_status_and_explain import LYNX, SOLAR
from tests.web.asking import OWN, asked, seen, site

UNITS = ("volts", "amperes", "watts", "ratio", "celsius", "seconds")


def samples(services: object = None) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    found = asked(site(services), "/metrics")  # type: ignore[arg-type]
    assert found.headers["content-type"].startswith("application/openmetrics-text")
    families = list(text_string_to_metric_families(found.body.decode()))
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_it_is_openmetrics_and_says_the_units() -> None:
    found = samples(
        seen(_Can_can0_Load=12.0, _Can_can0_LastFrameAt=1_795_996_000, _Findings_Count=1, _Findings_0_Severity="alarm")
    )
    assert found["gxbridge_up", ()] == 1
    assert found["gxbridge_battery_voltage_volts", ()] == 26.4
    assert found["gxbridge_battery_state_of_charge_ratio", ()] == 0.87
    assert found["gxbridge_charge_current_limit_amperes", ()] == 50
    assert found["gxbridge_permission", (("path", "charge"), ("state", "yes"))] == 1
    assert found["gxbridge_can_load_ratio", (("bus", "can0"),)] == 0.12
    assert found["gxbridge_can_last_frame_timestamp_seconds", (("bus", "can0"),)] == 1_795_996_000
    assert found["gxbridge_findings", (("severity", "alarm"),)] == 1
    assert found["gxbridge_limit_reason", (("limit", "ccl"), ("reason", "bms-ccl"))] == 1
    plain = {"gxbridge_info", "gxbridge_up", "gxbridge_permission", "gxbridge_bms_state", "gxbridge_dvcc_mode",
             "gxbridge_limit_reason", "gxbridge_findings", "gxbridge_can_frames", "gxbridge_can_frames_lost",
             "gxbridge_can_frame_errors"}  # fmt: skip
    assert all(name in plain or name.endswith(UNITS) for name, _ in found)


def test_what_is_not_known_has_no_sample() -> None:
    services = seen()
    del services.items[LYNX]["/Dc/0/Voltage"], services.items[SOLAR]
    found = samples(services)
    assert ("gxbridge_battery_voltage_volts", ()) not in found
    assert found["gxbridge_permission", (("path", "charge"), ("state", "unknown"))] == 0
    del services.items[LYNX]
    assert samples(services)["gxbridge_permission", (("path", "charge"), ("state", "unknown"))] == 1
    del services.items[OWN]
    assert samples(services) == {("gxbridge_up", ()): 0, ("gxbridge_info", (("version", "0.1.0"),)): 1}


def test_labels_are_bounded_whatever_devices_are_called() -> None:
    evil = 'x"\n\\{}' + "y" * 500
    more: dict[str, Value] = {f"/Can/bus{n}/Load": 1.0 for n in range(99)}
    more |= {f"/Limits/Charger/{n}/Service": f"com.victronenergy.solarcharger.{n}{'z' * 200}" for n in range(99)}
    more |= {f"/Limits/Charger/{n}/Name": evil for n in range(99)} | {"/Findings/Count": 5000}
    services = seen()
    services.items[OWN] |= more
    for path, service in more.items():
        if path.endswith("/Service"):
            services.items[str(service)] = {"/Dc/0/Current": 1.0}
    found = samples(services)
    assert all(len(text) <= LONGEST_LABEL for _, labels in found for _, text in labels)
    assert len([1 for name, _ in found if name == "gxbridge_can_load_ratio"]) == MOST_BUSES
    assert len([1 for name, _ in found if name == "gxbridge_charger_made_amperes"]) <= 16
    assert len(found) < 150
