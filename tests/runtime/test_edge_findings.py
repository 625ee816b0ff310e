"""What the edges found out becomes a finding when it lasts, and ends by itself."""

from __future__ import annotations

from gxbridge.core.publish.own_items import CanView
from gxbridge.runtime.edge_findings import PATIENCE_S, CanTroubles, RefusedWrite, SettingsTroubles, write_findings

SOLAR = "com.victronenergy.solarcharger.a"


def test_a_device_that_takes_nothing_for_a_while_is_one_finding_with_its_first_failure() -> None:
    refusals = [RefusedWrite(SOLAR, "/B", "code 2", 11.0), RefusedWrite(SOLAR, "/A", "no answer", 10.0)]
    assert write_findings(refusals, {}, 10.0 + PATIENCE_S - 0.1) == ()
    (found,) = write_findings(refusals, {}, 10.0 + PATIENCE_S)
    assert (found.id, found.severity, found.subject, found.first) == ("write-failed", "alarm", SOLAR, 10.0)
    assert "/A: no answer" in found.text


def test_one_that_we_serve_and_do_not_tell_says_why() -> None:
    refusals = [RefusedWrite(SOLAR, "/Link/ChargeCurrent", "code 2", 10.0)]
    (found,) = write_findings(refusals, {(SOLAR, "/Link/ChargeCurrent"): "nobody has seen here"}, 10.0 + PATIENCE_S)
    assert (found.id, found.subject, found.first) == ("write-not-sent", SOLAR, 10.0)
    assert "nobody has seen here" in found.text
    assert found.text.endswith("goes by its own settings, unless another controller steers it on CAN")
    assert found.advice.startswith("If none does, set `transmit: link`")
    assert "gxbridge link try" in found.advice


def test_a_bus_that_is_not_open_for_a_while_is_a_finding_until_it_is_open() -> None:
    troubles = CanTroubles()
    waiting = {"can0": CanView("waiting", "cannot be opened"), "can1": CanView("open")}
    assert troubles.findings(waiting, 10.0) == ()
    (found,) = troubles.findings(waiting, 10.0 + PATIENCE_S)
    assert (found.id, found.subject, found.first) == ("can-not-open", "can0", 10.0)
    assert "cannot be opened" in found.text
    assert troubles.findings({"can0": CanView("open")}, 20.0) == ()
    assert troubles.findings(waiting, 21.0) == (), "it is counted anew"


def test_settings_that_keep_nothing_for_a_while_are_a_finding_for_each_battery_until_they_do() -> None:
    troubles = SettingsTroubles()
    refused = {"gxbridge_uc7": "another type is stored (-5)"}
    assert troubles.findings(refused, 10.0) == ()
    assert troubles.findings({**refused, "gxbridge_uc8": "no answer"}, 10.0 + PATIENCE_S - 0.1) == ()
    (found,) = troubles.findings(refused, 10.0 + PATIENCE_S)
    assert (found.id, found.severity, found.first) == ("settings-refused", "warning", 10.0)
    assert found.subject == "/Settings/Devices/gxbridge_uc7"
    assert "another type is stored (-5)" in found.text
    assert "dbus-spy" in found.advice
    assert troubles.findings({}, 20.0) == ()
    assert troubles.findings(refused, 21.0) == (), "it is counted anew"
