"""`gxbridge fleet ingest`: every file once, whole, whatever it is and whatever happens meanwhile."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gxbridge import cli
from gxbridge.fleet import job
from gxbridge.fleet.columns.parts import FolderTarget
from tests.fleet.columns import entries, loose, rows, texts

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]


def ingest(source: object, data: Path, *options: object) -> int:
    return cli.main(["fleet", "ingest", str(source), "-o", str(data), "--workers", "1", *map(str, options)])


def report(data: Path, capsys: Capture) -> Any:
    capsys.readouterr()
    assert cli.main(["fleet", "report", str(data), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def boat(boats: Path, tmp_path: Path) -> Path:
    """The folder of a fleet with one boat, whose BMS falls silent."""
    shutil.copytree(boats / "boat-0001", tmp_path / "fleet" / "Seute Deern")
    return tmp_path / "fleet"


def test_every_log_and_box_is_in_the_data_set(boats: Path, data: Path) -> None:
    files = [path for path in boats.rglob("*") if path.is_file()]
    found = entries(data)
    assert len(found) == len(files)
    assert {entry["status"] for entry in found} == {"ingested"}
    assert {entry["format"] for entry in found} == {"candump", "black box"}
    assert len({entry["site"] for entry in found}) == 8
    assert loose(data) == []


def test_a_battery_has_what_the_simulated_bank_had(data: Path) -> None:
    live = [row for row in rows(data, "batteries") if row["state"] == "live" and row["soc_percent"]]
    assert len(live) > 8 * 15
    for row in live:
        assert row["kind"] == "battery"
        assert row["product"] == "Lynx Smart BMS 500"
        assert 24 < row["voltage_v"] < 29
        assert 50 < row["soc_percent"] < 100
        assert row["charge_voltage_limit_v"] in (28.4, None)
        assert row["allow_to_discharge"] in (True, None)
    assert {row["firmware"] for row in live} >= {"v1.06", "v1.11", "v1.13"}


def test_the_box_of_each_story_has_its_verdict(data: Path) -> None:
    found = {(row["cause"], row["verdict"]) for row in rows(data, "boxes")}
    assert {("bms-lost", "bms-silent"), ("bms-lost", "bus-errors"), ("error-67", "gx-stopped-writing")} <= found
    assert {row["replay"] for row in rows(data, "boxes")} == {"same"}
    (box,) = [row for row in rows(data, "boxes") if row["verdict"] == "gx-stopped-writing"]
    assert (box["charger_product"], box["charger_firmware"]) == ("SmartSolar Charger MPPT 100/50", "v1.61")
    assert box["bms_product"] == "Lynx Smart BMS 500"


def test_who_does_not_obey_is_told_from_who_is_slow(data: Path) -> None:
    found = rows(data, "obedience")
    assert max(row["lasted_s"] for row in found if row["ended"] == "raised") > 25, "the stubborn one never came down"
    lags = [row["lag_s"] for row in found if row["ended"] == "obeyed"]
    assert min(lags) <= 1
    assert 2 < max(lags) < 25
    assert {row["kind"] for row in found} == {"solarcharger", "alternator"}


def test_the_unknown_register_is_seen(data: Path) -> None:
    assert {(row["pgn"], row["vreg"]) for row in rows(data, "unknown")} == {(61184, "0x9ABC")}


def test_no_name_and_no_serial_leaves_a_boat(data: Path) -> None:
    private = ("boat-", "HQ21", "uc167", "16712", "ttyO2", "ttyUSB1", "SIM")
    assert [text for text in texts(data) if any(word in text for word in private)] == []
    assert rows(data, "messages")


def test_clear_names_are_kept_as_they_are(boat: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert ingest(boat, data, "--clear-names") == 0
    found = list(texts(data))
    assert any("site=Seute%20Deern" in text for text in found)
    assert "HQ2100001SIM" in found


def test_a_second_ingest_does_nothing(boat: Path, tmp_path: Path, capsys: Capture) -> None:
    data = tmp_path / "data"
    ingest(boat, data)
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert ingest(boat, data, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "files": {"unchanged": len(entries(data))},
        "rows": 0,
        "seconds": 0.0,
    }
    after = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}
    assert {path for path in after if after[path] != before.get(path)} <= {data / ".lock"}


def test_a_log_that_has_grown_is_read_again_and_its_old_rows_go(boat: Path, tmp_path: Path) -> None:
    data, log = tmp_path / "data", boat / "Seute Deern" / "can-0.log"
    whole = log.read_text().splitlines(keepends=True)
    log.write_text("".join(whole[: len(whole) // 2]).replace("(1764", "(1754"))
    ingest(boat, data)
    assert len(list(data.glob("buses/*/*"))) == 2
    log.write_text("".join(whole))
    ingest(boat, data)
    frames = [row["frames"] for row in rows(data, "buses") if row["errors"] is None]
    assert frames == [len(whole)]
    assert list(data.glob("buses/*/day=2025-08*/*")) == []


def test_each_damaged_file_is_named_and_the_others_are_read(
    boat: Path, boats: Path, tmp_path: Path, capsys: Capture
) -> None:
    data, site = tmp_path / "data", boat / "Seute Deern"
    box = next(site.glob("*.gz")).read_bytes()
    (site / "gxbox-000007-alarm.jsonl.gz").write_bytes(box[: len(box) // 2])
    (site / "gxbox-000008-alarm.jsonl.gz").write_bytes(b"\x1f\x8brubbish")
    (site / "empty.log").touch()
    (site / "readme.txt").write_text("This is the boat of my aunt.\n")
    (site / "photo.jpg").write_bytes(bytes(range(256)) * 64)
    (site / "folder.log").mkdir()
    (site / "folder.log" / "inner.log").write_text((site / "can-0.log").read_text() + "# more\n")
    (site / ".gxbox-000009.part").write_bytes(b"half")
    os.mkfifo(site / "pipe.log")
    (site / "nowhere.log").symlink_to("gone")
    assert ingest(boat, data) == 1
    out, error = capsys.readouterr()
    damaged = {line.partition(": ")[0].rpartition("/")[2] for line in error.splitlines() if line.startswith("Seute")}
    assert damaged == {"gxbox-000007-alarm.jsonl.gz", "gxbox-000008-alarm.jsonl.gz", "empty.log"}
    assert "3 broken" in out
    assert "2 foreign" in out
    found = report(data, capsys)
    assert found["overview"]["rows"][0]["damaged"] == 3
    assert found["overview"]["rows"][0]["logs"] == 2
    assert [row["problem"] for row in found["files"]["rows"]] == ["damaged", "damaged", "empty", "no log", "no log"]


def test_the_same_file_under_other_names_counts_once(boat: Path, tmp_path: Path, capsys: Capture) -> None:
    data = tmp_path / "data"
    ingest(boat, data, "--clear-names")
    once = report(data, capsys)
    shutil.copytree(boat / "Seute Deern", boat / "Zweite")
    for path in (boat / "Seute Deern").glob("*.log"):
        shutil.copy(path, path.with_name("again.log"))
    ingest(boat, data, "--clear-names")
    twice = report(data, capsys)
    copies = twice["overview"]["rows"][0].pop("copies")
    assert copies == 1 + len(list((boat / "Zweite").iterdir()))
    assert twice["overview"]["rows"][0].pop("boats") == 2
    assert {row["problem"] for row in twice["files"]["rows"]} == {"the same as another"}
    for found in (once, twice):
        del found["files"], found["sites"]
    del (
        once["overview"]["rows"][0]["copies"],
        once["overview"]["rows"][0]["boats"],
        once["overview"]["rows"][0]["files"],
    )
    del twice["overview"]["rows"][0]["files"]
    assert twice == once


def test_one_serial_on_two_boats_is_told(boat: Path, tmp_path: Path, capsys: Capture) -> None:
    data = tmp_path / "data"
    (boat / "Other").mkdir()
    (boat / "Other" / "can.log").write_text((boat / "Seute Deern" / "can-0.log").read_text() + "# another recording\n")
    ingest(boat, data, "--clear-names")
    (row,) = report(data, capsys)["twice"]["rows"]
    assert row == {
        "device": "HQ2100001SIM",
        "product": "Lynx Smart BMS 500",
        "boats": 2,
        "sites": ["Other", "Seute Deern"],
    }


def test_a_log_without_a_date_is_undated(boat: Path, tmp_path: Path, capsys: Capture) -> None:
    data, log = tmp_path / "data", boat / "Seute Deern" / "can-0.log"
    log.write_text(log.read_text().replace("(1764500", "(0"))
    for path in (boat / "Seute Deern").glob("*.gz"):
        path.unlink()
    assert ingest(boat, data) == 0
    assert {path.parent.name for path in data.glob("batteries/**/*.parquet")} == {"day=undated"}
    found = report(data, capsys)
    assert found["overview"]["rows"][0]["undated"] == 1
    assert found["overview"]["rows"][0]["first_day"] is None
    assert found["cells"]["rows"] == []


def test_a_box_of_a_gx_without_a_clock_is_undated(boat: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for path in (boat / "Seute Deern").iterdir():
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else ""
        if not text:
            path.unlink()
            continue
        head, _, rest = text.partition("\n")
        head = json.dumps(json.loads(head) | {"epoch_offset": 1e300})
        path.write_bytes(gzip.compress(f"{head}\n{rest}".encode()))
    assert ingest(boat, data) == 0
    assert {path.parent.name for path in data.glob("boxes/**/*.parquet")} == {"day=undated"}


def test_a_box_of_another_version_gives_what_it_recorded(boat: Path, tmp_path: Path, data: Path) -> None:
    other = tmp_path / "data"
    for path in (boat / "Seute Deern").glob("*.gz"):
        text = gzip.decompress(path.read_bytes()).decode().replace('"_limits_since"', '"_before_limits_since"')
        path.write_bytes(gzip.compress(text.encode()))
    assert ingest(boat, other) == 0
    found = rows(other, "boxes")
    assert {row["replay"] for row in found} == {"other version"}
    assert {row["verdict"] for row in found} == {"bms-silent"}
    assert rows(other, "batteries")


def test_a_name_that_is_not_utf_8_is_a_boat_like_any_other(boats: Path, tmp_path: Path, capsys: Capture) -> None:
    fleet, data = tmp_path / "fleet", tmp_path / "data"
    site = os.fsencode(fleet) + b"/Se\xf1ora \xff"
    os.makedirs(site)
    shutil.copy(os.fsencode(boats / "boat-0000" / "can-0.log"), site + b"/l\xe4rm.log")
    open(site + b"/kaputt\xff.log", "w").close()
    assert ingest(fleet, data, "--clear-names") == 1
    assert "kaputt\N{REPLACEMENT CHARACTER}.log: it is empty" in capsys.readouterr().err
    assert report(data, capsys)["overview"]["rows"][0]["boats"] == 1
    hashed = tmp_path / "hashed"
    assert ingest(fleet, hashed) == 1
    assert cli.main(["fleet", "report", str(hashed), "--names", str(fleet)]) == 0
    assert "Se\N{REPLACEMENT CHARACTER}ora" in capsys.readouterr().out


def test_an_empty_folder_says_so(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "empty").mkdir()
    assert ingest(tmp_path / "empty", tmp_path / "data") == 2
    assert "there are no files below" in capsys.readouterr().err
    assert report(tmp_path / "data", capsys)["overview"]["rows"][0]["boats"] == 0


@pytest.mark.parametrize("place", ["missing", "a file"])
def test_what_is_no_folder_is_refused(place: str, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a file").touch()
    assert ingest(tmp_path / place, tmp_path / "data") == 2
    assert place in capsys.readouterr().err


def test_a_data_set_inside_of_the_fleet_is_not_read(boat: Path) -> None:
    assert ingest(boat, boat / "Seute Deern" / "data") == 0
    assert ingest(boat, boat / "Seute Deern" / "data") == 0


def test_ids_of_two_secrets_are_not_mixed(boat: Path, tmp_path: Path, secret: Path, capsys: Capture) -> None:
    data = tmp_path / "data"
    assert ingest(boat, data, "--secret", secret) == 0
    assert ingest(boat, data) == 2
    assert "another secret" in capsys.readouterr().err
    assert ingest(boat, data, "--clear-names") == 2
    assert "hashed names" in capsys.readouterr().err
    assert cli.main(["fleet", "report", str(data), "--names", str(boat)]) == 2
    assert "another secret" in capsys.readouterr().err


def test_a_secret_is_made_once_for_its_owner_alone(boat: Path, tmp_path: Path, capsys: Capture) -> None:
    place = tmp_path / "config" / "gxbridge" / "fleet-secret"
    ingest(boat, tmp_path / "one")
    assert f"a secret was made at {place}" in capsys.readouterr().err
    made = place.read_text()
    assert place.stat().st_mode & 0o777 == 0o600
    ingest(boat, tmp_path / "two")
    assert "secret" not in capsys.readouterr().err
    assert place.read_text() == made
    assert {entry["file"] for entry in entries(tmp_path / "one")} == {
        entry["file"] for entry in entries(tmp_path / "two")
    }


@pytest.mark.parametrize("text", ["", "ab", "no hexadecimal at all"])
def test_a_secret_that_is_none_is_refused(text: str, boat: Path, tmp_path: Path, capsys: Capture) -> None:
    place = tmp_path / "bad"
    place.write_text(text)
    assert ingest(boat, tmp_path / "data", "--secret", place) == 2
    assert str(place) in capsys.readouterr().err


def test_a_full_disk_ends_it_and_the_next_run_goes_on(
    boat: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, finished = tmp_path / "data", []
    whole = FolderTarget.finish

    def finish(self: FolderTarget, local: str, path: str) -> None:
        finished.append(path)
        if len(finished) > 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(self, local, path)

    with monkeypatch.context() as patch:
        patch.setattr(FolderTarget, "finish", finish)
        assert ingest(boat, data) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert loose(data) == []
    report(data, capsys)
    assert ingest(boat, data) == 0
    assert len(entries(data)) == len(list((boat / "Seute Deern").iterdir()))


def test_a_disk_that_takes_no_byte_leaves_nothing(boat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(local: str, *_: object, **__: object) -> None:
        Path(local).write_bytes(b"")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter", full)
    assert ingest(boat, tmp_path / "data") == 2
    assert loose(tmp_path / "data") == []


def test_an_output_that_cannot_be_written_is_said(boat: Path, capsys: Capture) -> None:
    assert ingest(boat, Path("/proc/data")) == 2
    assert "/proc/data" in capsys.readouterr().err


def test_a_file_that_may_not_be_read_is_tried_again(
    boat: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"

    def refuse(path: str, _: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    with monkeypatch.context() as patch:
        patch.setattr(job, "content_of", refuse)
        assert ingest(boat, data) == 1
    assert "Permission denied" in capsys.readouterr().err
    assert ingest(boat, data) == 0


def test_a_fault_of_ours_costs_one_file_only(
    boat: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(job, "box_rows", fail)
    assert ingest(boat, tmp_path / "data") == 1
    assert "please report: RuntimeError: boom" in capsys.readouterr().err
    assert report(tmp_path / "data", capsys)["overview"]["rows"][0]["logs"] == 1


def test_two_ingests_at_a_time_are_refused(boat: Path, tmp_path: Path, capsys: Capture) -> None:
    from gxbridge.fleet.ingest import locked

    with locked(str(tmp_path / "data")):
        assert ingest(boat, tmp_path / "data") == 2
    assert "another ingest" in capsys.readouterr().err


def test_killed_in_the_middle_it_goes_on_and_ends_the_same(
    boats: Path, secret: Path, data: Path, tmp_path: Path, capsys: Capture
) -> None:
    again = tmp_path / "again"
    command = [
        sys.executable,
        "-m",
        "gxbridge",
        "fleet",
        "ingest",
        boats,
        "-o",
        again,
        "--secret",
        secret,
        "--messages",
    ]
    with subprocess.Popen([*map(str, command), "--workers", "2"], cwd=ROOT, start_new_session=True) as process:
        deadline = time.monotonic() + 120
        while len(list(again.glob("files/*.json"))) < 3:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    done = len(list(again.glob("files/*.json")))
    assert done < len(entries(data))
    deadline = time.monotonic() + 30
    while os.path.exists(f"/proc/{process.pid}") or _of_session(process.pid):  # its workers end by themselves
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (again / "batteries" / ".left.parquet.12345678.part").write_bytes(b"half")
    assert ingest(boats, again, "--secret", secret, "--messages") == 0
    assert loose(again) == []
    assert report(again, capsys) == report(data, capsys)


def _of_session(session: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.parametrize("package", ["pyarrow", "numpy"])
def test_without_its_packages_it_says_how_to_install_them(
    package: str, boat: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert ingest(boat, tmp_path / "data") == 2
    assert f"needs {package}: pip install '{package}>=" in capsys.readouterr().err


def test_a_url_needs_fsspec(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert ingest("memory://boats", tmp_path / "data") == 2
    assert "A URL needs fsspec" in capsys.readouterr().err
