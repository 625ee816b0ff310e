"""Logging: one line for each message, quiet unless asked, and never a reason to stop."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gxbridge.runtime import log_setup

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root, names = (
        logging.getLogger(),
        ["", "gxbridge", "gxbridge.can", "gxbridge.dbus", "can", "dbus_next", "dbus_fast"],
    )
    handlers, levels, raising = (
        list(root.handlers),
        [logging.getLogger(n).level for n in names],
        logging.raiseExceptions,
    )
    yield
    root.handlers[:] = handlers
    logging.raiseExceptions = raising
    for name, level in zip(names, levels, strict=True):
        logging.getLogger(name).setLevel(level)


def test_a_message_is_one_line_with_level_and_part(capsys: pytest.CaptureFixture[str]) -> None:
    log_setup.setup()
    logging.getLogger("gxbridge.can").info("vecan0: %s", "open")
    assert capsys.readouterr().err == "INFO can: vecan0: open\n"


def test_line_ends_and_tracebacks_stay_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_setup.setup()
    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError:
        logging.getLogger("gxbridge").exception("it fell\n\nhard")
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("ERROR gxbridge: it fell | hard | Traceback (most recent call last): | ")
    assert err.endswith("RuntimeError: first | second\n")


def test_levels_hold_for_all_and_for_single_parts(capsys: pytest.CaptureFixture[str]) -> None:
    log_setup.setup("warning", {"can": "debug"})
    for part in ("can", "dbus"):
        for level in ("debug", "info", "warning"):
            getattr(logging.getLogger(f"gxbridge.{part}"), level)(level)
    assert capsys.readouterr().err.splitlines() == [
        "DEBUG can: debug",
        "INFO can: info",
        "WARNING can: warning",
        "WARNING dbus: warning",
    ]


def test_libraries_are_silent_and_others_are_heard_from_warning_on(capsys: pytest.CaptureFixture[str]) -> None:
    log_setup.setup("debug")
    logging.getLogger("can.socketcan").error("Could not access SocketCAN device")
    logging.getLogger("asyncio").info("tick")
    logging.getLogger("asyncio").error("task failed")
    assert capsys.readouterr().err == "ERROR asyncio: task failed\n"


def test_setting_up_twice_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    log_setup.setup()
    log_setup.setup("debug")
    logging.getLogger("gxbridge").debug("once")
    assert capsys.readouterr().err == "DEBUG gxbridge: once\n"


def test_a_message_that_cannot_be_made_is_said_and_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    log_setup.setup()
    logging.getLogger("gxbridge").info("%d volts", "many")
    assert capsys.readouterr().err.startswith("ERROR log: a message could not be written: ")


def test_the_time_is_written_on_a_terminal_only() -> None:
    record = logging.makeLogRecord({"name": "gxbridge.can", "levelname": "INFO", "msg": "x", "created": 0.0})
    assert log_setup.OneLine(False).format(record) == "INFO can: x"
    assert log_setup.OneLine(True).format(record)[2::3][:2] == "::"


PROGRAM = """
import logging, os, sys
from gxbridge.runtime import log_setup
{before}
log_setup.setup()
{after}
for number in range(100):
    logging.getLogger("gxbridge").warning("line %d %s", number, "x" * 2000)
os.write(1, b"alive")
"""

CASES = {
    "closed": ("", "os.close(2)"),
    "none": ("sys.stderr = None", ""),
    "reader gone": ("", "r, w = os.pipe(); os.dup2(w, 2); os.close(r); os.close(w)"),
    "object closed": ("", "sys.stderr.close()"),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_a_closed_standard_error_never_stops_the_program(before: str, after: str) -> None:
    code = PROGRAM.format(before=before, after=after)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, timeout=60)
    assert (result.returncode, result.stdout) == (0, b"alive")


def test_no_text_of_others_forges_a_line_or_moves_the_cursor() -> None:
    record = logging.LogRecord("gxbridge.can", logging.INFO, "", 0, "bus %s", ("a\nINFO dvcc: all fine\x1b[2J",), None)
    line = log_setup.OneLine(with_time=False).format(record)
    assert line.isprintable()
    assert line.startswith("INFO can: bus a | INFO dvcc")
