"""`gxbridge decode` as a user runs it: logs in, lines and exit codes out."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gxbridge import cli
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.frame import WHOLE
from gxbridge.decodelog.filters import Filter, Wanted
from gxbridge.decodelog.progress import WORTH_IT, Progress
from gxbridge.decodelog.stream import MOST_BUSES, Output, Prompt, Stream

LOG = """\
(100.000000) can0 18EEFF29#D08CC22C00AA46C0
(100.100000) can0 1CEFFF29#6699000100E5A300
(100.200000) can0 1CEFFF29#6699FF0F10270000
(100.300000) can0 19F21229#2009110000 63FF40
(100.310000) can0 19F21229#2138FFFFFFFFFFFF
(101.000000) can0 1CEF4020#669901000201FFFF
(102.000000) can1 1CEFFF2A#6699FF0F0F270000
(103.000000) can0 1DEFFF29#401066990A014851
(103.001000) can0 1DEFFF29#4132313330325655
(103.002000) can0 1DEFFF29#42445100FFFFFFFF
(104.000000) can0 1CEFFF29#6699349901020304
""".replace(" 63", "63")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "boat.log"
    path.write_text(LOG)
    return path


def decode(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[str], str]:
    """Exit code, lines of standard output, standard error."""
    code = cli.main(["decode", *map(str, arguments)])
    out, error = capsys.readouterr()
    return code, out.splitlines(), error


def names(lines: list[str]) -> list[str]:
    return [json.loads(line)["name"] for line in lines]


def test_every_complete_message_is_one_line(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    code, lines, error = decode(capsys, log, "--format", "json")
    assert code == 0
    assert names(lines) == [
        "address_claim",
        "VE_REG_PRODUCT_ID",
        "VE_REG_SOC",
        "dc_detailed_status",
        "VREG request",
        "VE_REG_SOC",
        "VE_REG_SERIAL_NUMBER",
        "unknown",
    ]
    assert [json.loads(line)["bus"] for line in lines].count("can1") == 1
    assert "11 frames, 7 messages decoded, 0 fast packets incomplete; unknown messages: 1" in error


def test_text_is_the_default(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    code, lines, _ = decode(capsys, log)
    assert code == 0
    assert lines[2] == "100.200000 can0  41 > all 0x0FFF SOC: soc 100.0 %"


def test_csv_begins_with_its_columns(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    code, lines, _ = decode(capsys, log, "--format", "csv", "--vreg", "0x0FFF")
    assert code == 0
    assert lines[0].startswith("t,bus,source")
    assert lines[1:] == [
        "100.2,can0,41,255,61184,0x0FFF,VE_REG_SOC,soc,100.0,,%,6699ff0f10270000",
        "102.0,can1,42,255,61184,0x0FFF,VE_REG_SOC,soc,99.99,,%,6699ff0f0f270000",
    ]


FILTERS = [
    (["--source", "0x2A"], ["VE_REG_SOC"]),
    (["--source", "32"], ["VREG request"]),
    (["--pgn", "127506", "--pgn", "60928"], ["address_claim", "dc_detailed_status"]),
    (["--vreg", "0x0102"], ["VREG request"]),
    (["--vreg", "0x010A"], ["VE_REG_SERIAL_NUMBER"]),
    (["--vreg", "0x0001"], ["VREG request"]),
    (["--register", "0x010A"], ["VE_REG_SERIAL_NUMBER"]),
    (["--from", "1", "--to", "2"], ["VREG request", "VE_REG_SOC"]),
    (["--from", "3.5"], ["unknown"]),
    (["--from", "0", "--to", "0.05"], ["address_claim"]),
    (["--device", "167120", "--pgn", "61184"], ["VE_REG_PRODUCT_ID", "VE_REG_SOC", "unknown"]),
    (["--device", "0xa3E5", "--vreg", "0x0FFF"], ["VE_REG_SOC"]),
    (["--device", "hq21302vudq"], ["VE_REG_SERIAL_NUMBER", "unknown"]),
    (["--device", "nobody"], []),
]


@pytest.mark.parametrize(("options", "left"), FILTERS)
def test_filters(capsys: pytest.CaptureFixture[str], log: Path, options: list[str], left: list[str]) -> None:
    code, lines, _ = decode(capsys, log, "--format", "json", *options)
    assert code == 0
    assert names(lines) == left


def test_a_time_can_be_a_date(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    log.write_text(LOG.replace("(1", "(17000001"))
    _, lines, _ = decode(capsys, log, "--format", "json", "--from", "1700000102", "--to", "1700000103")
    assert names(lines) == ["VE_REG_SOC", "VE_REG_SERIAL_NUMBER"][:1]


def test_reading_ends_when_nothing_wanted_can_come(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    log.write_text(LOG + "(115.000000) can0 1CEFFF29#6699FF0F10270000\nrubbish\n")
    code, lines, _ = decode(capsys, log, "--format", "json", "--to", "0.05")
    assert (code, len(lines)) == (0, 1), "the broken line behind the end has not been reached"


def test_a_device_is_known_by_its_name_and_product_information() -> None:
    chosen = Filter(Wanted(devices=frozenset({"0167120", "hq1"})))
    decoder = Decoder(keep_unknown=True)
    claim = decoder.feed(0x18EEFF29, bytes.fromhex("D08CC22C00AA46C0"), 0.0)
    info = decoder.feed(0x19F01429 | WHOLE, bytes(100) + b"0167120 HQ1".ljust(32, b"\xff") + b"\0\1", 0.0)
    soc = decoder.feed(0x1CEFFF29, bytes.fromhex("6699FF0F10270000"), 0.0)
    other = decoder.feed(0x18EEFF29, bytes.fromhex("D18CC22C00AA46C0"), 0.0)
    assert None not in (claim, info, soc, other)
    assert not chosen.passes(0.0, "can0", claim, decoder)
    assert chosen.passes(0.0, "can0", info, decoder)
    assert chosen.passes(0.0, "can0", soc, decoder)
    assert not chosen.passes(0.0, "can1", soc, decoder), "another bus, another device"
    assert chosen.passes(0.0, "can0", claim, decoder)
    assert not chosen.passes(0.0, "can0", other, decoder), "another NAME has taken the address"
    assert not chosen.passes(0.0, "can0", soc, decoder)


def test_a_broken_line_is_named_skipped_and_told_by_the_exit_code(
    capsys: pytest.CaptureFixture[str], log: Path
) -> None:
    log.write_text(LOG.replace("(101.0", "(10x1.0"))
    code, lines, error = decode(capsys, log, "--format", "json")
    assert code == 1
    assert len(lines) == 7
    assert f"{log}:6: " in error
    assert "1 line not parsed" in error


def test_many_broken_lines_are_counted(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    log.write_text(LOG + "rubbish\n" * 30)
    code, _, error = decode(capsys, log)
    assert code == 1
    assert error.count("boat.log:") == 21
    assert "10 further lines could not be parsed" in error


def test_incomplete_and_unknown_messages_are_no_failure(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    log.write_text(
        "(1.0) can0 19F21229#200911000063FF40\n(1.1) can0 19F21229#400911000063FF40\n(1.2) can0 123#00\n"
        "(1.3) can0 1CEFFF29#6699022163000000\n"
    )
    code, lines, error = decode(capsys, log)
    assert code == 0
    assert lines == ["1.300000 can0  41 > all 0x2102 BMS_STATE: bms_state 99 (undefined)"]
    assert "1 fast packet incomplete; fast packets begun anew: 1; fast packets not ended at the end" in error
    assert "1 line without a data frame of 29-bit id" in error


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["missing.log"], "missing.log"),
        (["{log}", "--input-format", "nonsense"], "nonsense"),
        (["-", "--input-format", "nonsense"], "nonsense"),
        (["{log}", "--stats", "--format", "csv"], "not as csv"),
    ],
)
def test_what_cannot_be_done_is_exit_code_2(
    capsys: pytest.CaptureFixture[str], log: Path, arguments: list[str], why: str
) -> None:
    code, lines, error = decode(capsys, *(text.replace("{log}", str(log)) for text in arguments))
    assert (code, lines) == (2, [])
    assert error.startswith("gxbridge decode: ")
    assert why in error


@pytest.mark.parametrize("arguments", [["--pgn", "x"], ["--from", "soon"], ["--to", "nan"], ["--from", "-1"], []])
def test_a_wrong_command_line_is_exit_code_2(log: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["decode", *([str(log), *arguments] if arguments else [])])
    assert ended.value.code == 2


def test_a_missing_database_says_what_to_do(
    capsys: pytest.CaptureFixture[str], log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gxbridge.core.nmea2000 import database

    monkeypatch.setattr(database, "_database", None)
    monkeypatch.delattr("gxbridge._candb", raising=False)
    monkeypatch.setitem(sys.modules, "gxbridge._candb", None)
    code, _, error = decode(capsys, log)
    assert code == 2
    assert "make build" in error


def test_a_log_of_whole_messages(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    # canboat's plain form: its fast packets are put together already, also those of 8 bytes or less.
    log.write_text(
        "2026-11-22T10:00:00.000Z,6,127506,41,255,11,11,00,00,63,ff,40,38,ff,ff,05,00\n"
        "2026-11-22T10:00:01.000Z,6,127513,41,255,8,00,00,16,20,03,00,ff,ff\n"
    )
    code, lines, _ = decode(capsys, log, "--format", "json")
    assert code == 0
    assert [json.loads(line)["pgn"] for line in lines] == [127506, 127513]
    assert json.loads(lines[0])["values"]["remaining_capacity"] == 5


def test_statistics_for_people(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    code, lines, _ = decode(capsys, log, "--stats")
    assert code == 0
    assert lines[0].startswith("can0: 10 frames in 4.000 s, bus load 0.1 %")
    assert any(line.split()[:4] == ["can0", "41", "0x0FFF", "SOC"] for line in lines)
    assert "1  Unknown register 0x9934, 41, 66 99 34 99 01 02 03 04" in "\n".join(lines)


def test_statistics_for_programs(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    code, lines, _ = decode(capsys, log, "--stats", "--format", "json")
    assert code == 0
    found = json.loads(lines[0])
    assert {bus["bus"]: bus["frames"] for bus in found["buses"]} == {"can0": 10, "can1": 1}
    assert found["not_decoded"] == {"unknown messages": 1}
    assert found["unknown"][0]["last_payload"] == "6699349901020304"


def test_statistics_of_a_part(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    _, lines, _ = decode(capsys, log, "--stats", "--format", "json", "--from", "1", "--to", "2")
    assert {bus["bus"]: bus["frames"] for bus in json.loads(lines[0])["buses"]} == {"can0": 1, "can1": 1}


def test_a_log_without_end_of_buses_shares_decoders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "buses.log"
    path.write_text("".join(f"(1.0) can{number} 1CEFFF29#6699FF0F10270000\n" for number in range(200)))
    code, lines, _ = decode(capsys, path, "--format", "json")
    assert (code, len(lines)) == (0, 200)
    assert MOST_BUSES < 200


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_progress_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr("gxbridge.decodelog.progress.time.monotonic", lambda: now[0])
    terminal = Terminal()
    progress = Progress(terminal, 2 * WORTH_IT, True)
    progress.at(WORTH_IT)
    assert "50% of 16 MB" in terminal.getvalue()
    progress.at(2 * WORTH_IT)
    assert "100%" not in terminal.getvalue(), "not more than a few times a second"
    now[0] += 1
    progress.at(2 * WORTH_IT)
    assert "100%" in terminal.getvalue()
    progress.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")
    progress.clear()
    assert terminal.getvalue().count("\x1b[K") == 1


@pytest.mark.parametrize(("size", "shown"), [(None, True), (1000, True), (10 * WORTH_IT, False)])
def test_no_bar_for_pipes_small_logs_and_files(size: int | None, shown: bool) -> None:
    terminal = Terminal()
    progress = Progress(terminal, size, shown)
    progress.at(500)
    progress.clear()
    assert terminal.getvalue() == ""


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_nobody_reading_ends_standard_input_and_is_told_again() -> None:
    output = Output(Broken())
    output.put("line")
    prompt = Prompt(io.BytesIO(b"more"), output.flush)
    assert prompt.read(100) == b""
    with pytest.raises(BrokenPipeError):
        output.flush()


def test_what_is_understood_is_written_before_waiting_for_more() -> None:
    written: list[str] = []
    prompt = Prompt(io.BytesIO(b"abc"), lambda: written.append("flushed"))
    assert prompt.readable()
    assert prompt.read(2) == b"ab"
    assert written == ["flushed"]


def run(*arguments: str, **how: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "gxbridge", "decode", *arguments], capture_output=True, **how)


def test_standard_input_also_compressed() -> None:
    done = run("-", "--format", "json", input=gzip.compress(LOG.encode()))
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 8)


def test_an_ascii_locale_can_write_everything(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("(1.0) k\u00fcche 1CEFFF29#66990C014BC3BC00\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for form in ("text", "json", "csv"):
        done = run(str(path), "--format", form, env=environment)
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr
        assert done.stdout.isascii()


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("piped", [False, True])
def test_a_closed_pipe_is_no_traceback(tmp_path: Path, unbuffered: str, piped: bool) -> None:
    path = tmp_path / "long.log"
    path.write_text(LOG * 4000)
    reader, writer = os.pipe()
    source = path.open("rb") if piped else subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "gxbridge", "decode", "-" if piped else str(path)],
        stdin=source,
        stdout=writer,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writer)
    assert os.read(reader, 10)
    os.close(reader)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in error
    assert b"Exception" not in error


def test_ctrl_c_is_no_traceback_and_loses_no_whole_line(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gxbridge", "decode", "-", "--format", "json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - a run in the background ignores it
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(LOG.encode())
    first = process.stdout.readline()  # shown although the input has not ended
    process.send_signal(signal.SIGINT)
    rest, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in error
    assert len((first + rest).splitlines()) == 8


def test_a_stream_keeps_one_decoder_for_each_bus(log: Path) -> None:
    from gxbridge.core.nmea2000.database import database
    from gxbridge.edge.logs.reader import open_log

    stream = Stream(database(), None, Progress(io.StringIO(), None, False))
    output = Output(io.StringIO())
    from gxbridge.decodelog.textlines import TextLines

    with open_log(str(log)) as reader:
        stream.write(reader, TextLines(database()), output)
    assert sorted(stream.decoders) == ["can0", "can1"]
    assert not output.waiting


MK2_TRACE = "12:00:00.5 RX 0F 20 F3 00 C8 02 0C A1 05 00 00 00 28 00 00 88 B2\n12:00:01.5 RX 06 FF 4C 10 40 02 00 5D\n"


def test_a_trace_of_vebus_in_every_form(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    log.write_text(MK2_TRACE)
    code, lines, error = decode(capsys, log)
    assert (code, lines[0]) == (
        0,
        "43200.500000 vebus mk2_dc: voltage 14.41 V, inverter_current_raw 0, charger_current_raw 40, period_raw 136",
    )
    assert "2 VE.Bus frames" in error
    _, lines, _ = decode(capsys, log, "--format", "json")
    assert json.loads(lines[1])["values"]["alarms"] == "low battery pre-alarm"
    _, lines, _ = decode(capsys, log, "--format", "csv")
    assert lines[1] == "43200.5,vebus,0,255,0,,mk2_dc,voltage,14.41,,V,20f300c8020ca10500000028000088"
    _, lines, _ = decode(capsys, log, "--stats")
    assert lines[0].startswith("vebus: 2 frames in 1.000 s, bus load unknown (no time in the log, or no CAN bus)")
