"""`gxbridge doctor` on a private bus with the services of a GX, and without anything."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from gxbridge.cli import main
from gxbridge.core.model.items import Value
from gxbridge.doctor import bundle, gather, host
from gxbridge.edge.can import ports
from gxbridge.edge.dbus import scan
from tests.commands.gx import UNKNOWN, Gx, listed
from tests.doctor.facts_of import LYNX, OWN, SETTINGS, SOLAR, STATISTICS, changed, services
from tests.edge.dbus_daemon import DBusDaemon

KEY = "0df4d0395b7d1a876c0c33ecb9e70dcd"
CONFIG = f"""\
can:
  - interface: socketcan
    channel: can0
readout:
  - address: "AA:BB:CC:DD:EE:FF"
    key: {KEY}
    name: Smart BMS
"""
EXPLAIN = {
    "batteries": [{"serial": "HQ21302VUDQ", "unique_number": 167120, "bus": "can0"}],
    "dvcc": {"mode": "monitor"},
}
QUICK = "--seconds=0.05"


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own: no GX's files, no CAN interface, no log."""
    monkeypatch.setattr(gather, "USUAL_CONFIG", tmp_path / "none.yaml")
    monkeypatch.setattr(host, "SERVICE", tmp_path / "none")
    monkeypatch.setattr(bundle, "LOG", tmp_path / "none.log")
    monkeypatch.setattr(ports, "ASK_S", 2.0)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "gxbridge.yaml"
    path.write_text(CONFIG)
    return str(path)


def gx(bus: str, given: Any = None, **changes: Any) -> Gx:
    whole: dict[str, Any] = {
        "interfaces": listed(("can0", "VE.Can port", 0), ("can1", "BMS-Can port", 1)),
        "statistics": {"can0": STATISTICS},
    }
    found = services() if given is None else given
    found[OWN] = found.get(OWN, {}) | {"/Explain/Json": json.dumps(EXPLAIN)}
    return Gx(bus, found, **(whole | changes))


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["doctor", QUICK, *arguments])
    return code, capsys.readouterr().out


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the rows by id."""
    code, out = asked(capsys, "--json", *arguments)
    data = json.loads(out)
    assert data["exit_code"] == code
    return code, {row["id"]: row for row in reversed(data["rows"])}


def test_a_gx_is_described_port_by_port(bus: str, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = changed(SETTINGS={"/Settings/Canbus/can1/Profile": 3}, OWN={"/Mgmt/ProcessVersion": host.__version__})
    with gx(bus, given):
        code, out = asked(capsys, "--dbus", bus, "--config", config)
    assert code == 1, out
    assert "can0 (VE.Can port): profile 1, VE.Can, 250 kbit/s: gxbridge listens beside the vendor's driver" in out
    assert "can1 (BMS-Can port): profile 3, CAN-bus BMS LV, 500 kbit/s: no VE.Can" in out
    assert "times bus-off: 1, error-passive: 2; error counters: receive 3, transmit 0" in " ".join(out.split())
    assert "WARNING  nothing was heard on can0" in out
    assert "ok       the GX's own DVCC controls the chargers" in out
    assert "HQ21302VUDQ" not in out


def test_the_rows_as_json_with_the_exit_code(bus: str, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = changed(LYNX=None, SOLAR={"/Settings/BmsPresent": 1, "/FirmwareVersion": 0x120})
    with gx(bus, given):
        code, rows = report(capsys, "--dbus", bus, "--config", config)
    assert code == 2
    assert (rows["bms-remembered"]["verdict"], rows["bms-remembered"]["subject"]) == ("problem", SOLAR)
    assert rows["firmware"]["verdict"] == "warning"
    assert rows["dbus"]["text"].endswith("services of a GX found: 7")


def test_a_hanging_service_is_named_and_costs_no_more_than_its_time(
    bus: str, config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "EACH_S", 0.5)
    with gx(bus, hanging=("com.victronenergy.hub4", "com.victronenergy.fronius")):
        code, rows = report(capsys, "--dbus", bus, "--config", config)
    assert code == 1
    assert rows["unanswered"]["text"] == "com.victronenergy.fronius does not answer: no answer within 0.5 s"
    assert rows["battery"]["subject"].endswith("_ucnumber-1"), "the others are examined"


def test_a_platform_that_lists_no_ports_leaves_the_settings(
    bus: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with gx(bus, interfaces=("s", "what?")):
        _, rows = report(capsys, "--dbus", bus, "--config", config)
    assert rows["port"]["text"].startswith("can0: profile 1")


def test_without_dbus_it_says_so_and_goes_on(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = asked(capsys, "--dbus", f"unix:path={tmp_path}/nobody", "--config", config)
    assert code == 2
    assert "PROBLEM  D-Bus cannot be reached" in out
    assert "gxbridge.yaml: socketcan:can0, mode monitor" in " ".join(out.split())


def test_a_daemon_that_hangs_is_a_bus_that_cannot_be_reached(
    own_daemon: DBusDaemon, config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "WHOLE_S", 1.0)
    own_daemon.pause()
    try:
        code, rows = report(capsys, "--dbus", own_daemon.address, "--config", config)
    finally:
        own_daemon.resume()
    assert code == 2
    assert "in time" in rows["dbus"]["text"]


def test_a_wrong_configuration_is_reported_line_by_line(
    bus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("dvcc:\n  mode: of\nreadout:\n  - key: 0df4d0395b7d1a876c\n")
    target = tmp_path / "b.tar.gz"
    with gx(bus):
        code, rows = report(capsys, "--dbus", bus, "--config", str(path), "--bundle", str(target))
    assert code == 2
    assert "wrong.yaml:2:dvcc.mode" in rows["config"]["text"]
    assert "0df4" not in members(target)["config.yaml"], "not even a broken key"


def test_without_a_configuration_the_gxs_usual_one_holds(
    bus: str, config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "USUAL_CONFIG", Path(config))
    with gx(bus):
        _, rows = report(capsys, "--dbus", bus)
    assert rows["config"]["verdict"] == "ok"
    monkeypatch.setattr(gather, "USUAL_CONFIG", Path(config + ".not"))
    with gx(bus):
        _, rows = report(capsys, "--dbus", bus)
    assert "the running service has its own" in rows["config"]["text"]


def test_findings_of_the_running_service_are_in_the_report(
    bus: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = {
        "/Findings/0/Id": "bms-silent",
        "/Findings/0/Severity": "alarm",
        "/Findings/0/Text": "The BMS HQ21302VUDQ is silent.",
        "/Findings/0/Advice": "Check it.",
        "/Findings/0/Subject": LYNX,
    }
    with gx(bus, changed(OWN=finding)):
        code, rows = report(capsys, "--dbus", bus, "--config", config)
    assert code == 2
    assert rows["finding-bms-silent"]["text"].startswith("The BMS serial-")


# --- the archive ---


def members(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        found = {}
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            found[member.name.removeprefix("gxbridge-doctor/")] = file.read().decode()
        return found


def test_the_archive_has_everything_and_no_secret(
    bus: str, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "service.log"
    log.write_text(f"starting\nBattery HQ21302VUDQ, key {KEY}, portal c0619ab12345, AA:BB:CC:DD:EE:FF\n")
    target = tmp_path / "help.tar.gz"
    with gx(bus):
        code = main(["doctor", QUICK, "--dbus", bus, "--config", config, f"--bundle={target}", f"--log={log}"])
    said = capsys.readouterr()
    assert code == 1
    assert "Wrote " in said.err
    found = members(target)
    assert found.keys() == {"report.txt", "report.json", "explain.json", "config.yaml", "log.txt"}
    whole = json.dumps(found)
    for secret in ("HQ21302VUDQ", "167120", KEY, "c0619ab12345", "AA:BB", "aa:bb"):
        assert secret not in whole, secret
    assert json.loads(found["explain.json"])["batteries"][0]["unique_number"].startswith("number-")
    assert json.loads(found["report.json"])["verdict"] == "warning"
    assert found["report.txt"].rstrip() == said.out.rstrip()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_the_archive_has_serials_where_they_are_wanted_and_never_keys(
    bus: str, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "help.tar.gz"
    with gx(bus):
        main(["doctor", QUICK, "--dbus", bus, "--config", config, f"--bundle={target}", "--with-serials"])
    found = members(target)
    assert json.loads(found["explain.json"])["batteries"][0] == EXPLAIN["batteries"][0]
    assert KEY not in json.dumps(found)
    assert "socketcan_can0_vi0_uc167120" in json.dumps(found["report.json"])
    capsys.readouterr()


def test_the_archive_without_a_service_or_a_log_is_smaller(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "help.tar.gz"
    nowhere = f"--dbus=unix:path={tmp_path}/nobody"
    main(["doctor", QUICK, nowhere, f"--bundle={target}"])
    assert members(target).keys() == {"report.txt", "report.json", "config.yaml"}
    usual = tmp_path / "current"
    usual.write_text("usual\n")
    monkeypatch.setattr(bundle, "LOG", usual)
    main(["doctor", QUICK, nowhere, f"--bundle={target}"])
    assert members(target)["log.txt"] == "usual\n"
    capsys.readouterr()


def test_an_explanation_that_is_none_and_a_configuration_that_is_not_there(
    bus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for said in ("{", "7"):
        target = tmp_path / "help.tar.gz"
        given = services()
        given[OWN] |= {"/Explain/Json": said}
        with Gx(bus, given, listed()):
            code = main(["doctor", QUICK, "--dbus", bus, "--config", "/nowhere.yaml", f"--bundle={target}"])
        assert code == 2
        assert members(target).keys() == {"report.txt", "report.json"}
        assert "/nowhere.yaml: cannot be read" in capsys.readouterr().out


def test_a_long_log_is_cut_at_a_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    text = bundle.tail(log)
    assert len(text) <= bundle.LOG_BYTES
    assert text.startswith("line ")
    assert text.endswith("line 99999\n")


@pytest.mark.parametrize("arguments", [("--bundle=/nowhere/x.tar.gz",), ("--bundle={0}/x.tgz", "--log={0}/no.log")])
def test_an_archive_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    given = [argument.format(tmp_path) for argument in arguments]
    assert main(["doctor", QUICK, f"--dbus=unix:path={tmp_path}/nobody", *given]) == 2
    error = capsys.readouterr().err
    assert error.startswith("gxbridge doctor: no archive: ")
    assert error.count("\n") == 1
    assert list(tmp_path.glob("*.part")) == []


# --- this machine ---


def test_the_program_knows_its_parts() -> None:
    program = host.program()
    assert program.version == host.__version__
    assert program.python == sys.version_info[:3]
    assert set(program.packages) >= {"python-can", "PyYAML"}
    assert all(program.packages.values())
    assert program.database_error == ""


def test_versions_of_what_is_there_without_metadata_and_of_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert host.version("no-such-package", "yaml") == host.version("PyYAML", "yaml")
    assert host.version("no-such-package", "json") not in ("", "json")
    assert host.version("no-such-package", "no_such_module") == ""

    def none(_name: str = "") -> None:
        raise host.BusError("no D-Bus library")

    monkeypatch.setattr(host, "library", none)
    assert host.packages()["dbus-next"] == ""


def test_the_name_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "os-release"
    path.write_text('NAME="x"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    assert host.os_name(path) == "Debian GNU/Linux 12 (bookworm)"
    path.write_text("NAME=x\n")
    assert host.os_name(path) == ""
    assert host.os_name(tmp_path / "no") == ""
    path.write_text("v3.67\nEinstein\n")
    assert host.first_line(path) == "v3.67"


def test_a_supervised_service_is_seen_up_and_down(tmp_path: Path) -> None:
    folder = tmp_path / "gxbridge"
    folder.mkdir()
    assert host.supervised(tmp_path / "no") is None
    assert host.supervised(folder) == host.Supervised(str(folder), None)
    supervise = folder / "supervise"
    supervise.mkdir()
    now = int(time.time())
    status = (now - 60 + host.TAI_EPOCH).to_bytes(8, "big") + bytes(4) + (77).to_bytes(4, "little") + b"\0u"
    (supervise / "status").write_bytes(status)
    fifo = supervise / "ok"
    os.mkfifo(fifo)
    assert host.supervised(folder) == host.Supervised(str(folder), None), "nobody reads the fifo"
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = host.supervised(folder)
        assert found is not None
        assert found.up is True
        assert found.seconds is not None
        assert 55 < found.seconds < 1000
        (supervise / "status").write_bytes(status[:12] + bytes(4) + b"\0d")
        found = host.supervised(folder)
        assert found is not None
        assert found.up is False
        (supervise / "status").write_bytes(b"short")
        assert host.supervised(folder) == host.Supervised(str(folder), None)
    finally:
        os.close(reader)


def test_the_command_line_is_checked_and_the_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("--seconds=0", "--seconds=61", "--seconds=x"):
        with pytest.raises(SystemExit) as ended:
            main(["doctor", wrong])
        assert ended.value.code == 2
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    assert "1 a warning, 2 a problem" in capsys.readouterr().out


def test_as_a_process_it_ends_with_the_worst_verdict_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gxbridge", "doctor", QUICK, f"--dbus=unix:path={tmp_path}/nobody"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == ""
    assert "PROBLEM" in done.stdout
    assert SETTINGS not in done.stdout


CHARGE = "/Link/ChargeCurrent"
TRIED = {
    "dvcc": {}, "bms": {"state": "live", "name": "Lynx"}, "findings": [], "time": 1_700_086_400 + 3600,
    "orders": {
        "since": 1_700_000_000,
        "items": [{"service": SOLAR, "path": CHARGE, "least": 0.0, "most": 35.0, "changes": 12}],
    },
    "limits": [
        *({"name": name, "subject": "", "value": 1.0, "sentence": "x", "caps": []} for name in ("CVL", "CCL", "DCL")),
        {"name": "charger", "subject": SOLAR, "subject_name": "MPPT", "value": 35.0, "sentence": "x", "caps": []},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "answer", "code", "keeps", "verdict", "said"),
    [
        (35.0, "y\n", 0, True, "ok", "MPPT: yes: it takes 35 A and shows it"),
        (35.0, "\n", 0, True, "note", "MPPT: not tried"),
        (35.0, "", 0, True, "note", "MPPT: not tried"),
        (None, "y\n", 0, True, "note", "MPPT: it is told nothing now, so there is no value to write back"),
        (35.0, "yes\n", 2, True, "problem", "MPPT: it answered 2 and shows 35 A afterwards"),
        (35.0, "yes\n", 0, False, "problem", "MPPT: it answered 0 and shows 10 A afterwards"),
        (35.0, "yes\n", None, True, "problem", "MPPT: it does not take what it is told: "),
    ],
)
def test_a_charger_is_tried_at_its_present_value_after_a_yes(
    bus: str,
    config: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    shown: float | None,
    answer: str,
    code: int | None,
    keeps: bool,
    verdict: str,
    said: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    given = changed(SOLAR={CHARGE: shown}, OWN={"/Explain/Json": json.dumps(TRIED)})
    written: list[Value] = []

    def answers(path: str, member: str, body: list[Any]) -> Any:
        if member == "SetValue" and path == CHARGE:
            written.append(body[0])
            if not keeps:
                given[SOLAR][CHARGE] = 10.0
            return UNKNOWN if code is None else ("i", [code])
        return Gx.answers(given[SOLAR])(path, member, body)

    with Gx(bus, given, special={SOLAR: answers}):
        exit_code = main(["doctor", QUICK, "--dbus", bus, "--config", config, "--control", "--try", "--json"])
    out, asked_for = capsys.readouterr()
    rows = {row["id"]: row for row in json.loads(out)["rows"]}
    assert (rows["read-back"]["verdict"], rows["read-back"]["text"].startswith(said)) == (verdict, True), rows
    assert written == ([35.0] if answer in ("y\n", "yes\n") and shown is not None else [])
    assert ("Write 35 A, which MPPT shows at /Link/ChargeCurrent now" in asked_for) is (shown is not None)
    assert exit_code == 2, "another master is there"
    told = "(in the last 24 hours 0 A to 35 A, with 12 changes)"
    assert any(row["text"].endswith(told) for row in rows.values()) is True
    assert rows["control-day"]["verdict"] == "ok"


def test_a_charger_that_gxbridge_serves_itself_is_tried_by_link(
    bus: str, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = changed(SOLAR={CHARGE: 35.0, "/Mgmt/ProcessName": "gxbridge"}, OWN={"/Explain/Json": json.dumps(TRIED)})
    with Gx(bus, given):
        main(["doctor", QUICK, "--dbus", bus, "--config", config, "--control", "--try", "--json"])
    (row,) = [row for row in json.loads(capsys.readouterr().out)["rows"] if row["id"] == "read-back"]
    assert (row["verdict"], "`gxbridge link try` shows whether" in row["text"]) == ("note", True)


def test_trying_belongs_to_control(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--try"]) == 2
    assert "belongs to --control" in capsys.readouterr().err
