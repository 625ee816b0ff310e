"""Keys that are still read for two releases: nothing that works stops working, and everybody is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge import cli
from gxbridge.config.deprecated import GONE_IN
from gxbridge.core.dvcc.read.options import Options
from gxbridge.runtime.edge_findings import deprecation_findings
from tests.config.configs import loaded, problems

OLD = """\
dvcc:
  profile: vendor
  discharge_on_loss: stop
  switches:
    voltage_window: no
    loss_stops_first: yes
  write_settings: yes
"""


def test_a_key_that_says_what_the_profile_does_is_a_warning_with_its_line(tmp_path: Path) -> None:
    config = loaded(tmp_path, OLD)
    found = [(item.problem.line, item.problem.key, item.obeyed) for item in config.deprecations]
    assert found == [
        (5, "dvcc.switches.voltage_window", False),
        (6, "dvcc.switches.loss_stops_first", True),
        (7, "dvcc.write_settings", False),
    ]
    assert all(GONE_IN in item.problem.what for item in config.deprecations)


def test_a_key_that_differs_from_the_profile_is_obeyed(tmp_path: Path) -> None:
    assert loaded(tmp_path, OLD).options == Options.vendor(loss_stops_first=True, discharge_on_loss="stop")


@pytest.mark.parametrize("value", ["yes", "no"])
def test_write_settings_does_nothing_in_any_mode(tmp_path: Path, value: str) -> None:
    config = loaded(tmp_path, f"dvcc: {{mode: monitor, write_settings: {value}}}")
    (item,) = config.deprecations
    assert (item.problem.key, item.obeyed) == ("dvcc.write_settings", False)


def test_an_empty_section_is_a_warning(tmp_path: Path) -> None:
    (item,) = loaded(tmp_path, "dvcc:\n  switches:\n").deprecations
    assert (item.problem.line, item.problem.key) == (2, "dvcc.switches")


def test_a_retired_key_is_checked_and_not_proposed(tmp_path: Path) -> None:
    text = "dvcc: {write_setings: no, switches: {voltage_windows: no, fresh_values: 3}}"
    assert [line.partition("; ")[0] for line in problems(tmp_path, text)] == [
        "c.yaml:1:dvcc.switches.fresh_values: '3' is a number",
        "c.yaml:1:dvcc.switches.voltage_windows: unknown key",
        "c.yaml:1:dvcc.write_setings: unknown key",
    ]
    assert "write_settings" not in "".join(problems(tmp_path, text))


def test_they_are_findings_of_the_service_an_alarm_where_something_is_decided_otherwise(tmp_path: Path) -> None:
    found = deprecation_findings(loaded(tmp_path, OLD).deprecations, 7.0)
    assert [(finding.id, finding.severity) for finding in found] == [
        ("key-retired", "warning"),
        ("key-retired", "alarm"),
        ("key-retired", "warning"),
    ]
    assert found[1].subject == "dvcc.switches.loss_stops_first"
    assert found[1].text == (
        f"{tmp_path}/c.yaml:6: dvcc.switches.loss_stops_first: `yes` differs from profile `vendor`; it is obeyed in "
        "0.1 and 0.2, from 0.3.0 on the profile decides"
    )
    assert found[1].advice.startswith("Remove the line, or set dvcc.profile to strict")
    assert (found[1].first, found[1].last) == (7.0, 7.0)


def test_config_check_warns_and_config_show_keeps_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(OLD)
    assert cli.main(["config", "check", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{path}: no problems\n"
    assert [line.split(":")[:4] for line in err.splitlines()] == [
        ["warning", f" {path}", "5", "dvcc.switches.voltage_window"],
        ["warning", f" {path}", "6", "dvcc.switches.loss_stops_first"],
        ["warning", f" {path}", "7", "dvcc.write_settings"],
    ]
    assert cli.main(["config", "show", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "loss_stops_first: true" in shown
    assert "voltage_window" not in shown
    assert "write_settings" not in shown
