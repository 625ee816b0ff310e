"""The command line: `gxbridge COMMAND ...`. Only the module of the command that is asked for is imported."""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any

from gxbridge import __version__

COMMANDS: dict[str, str] = {
    "run": "run the service: CAN in, battery on D-Bus, limits to the chargers",
    "status": "one screen about the running service: battery, limits, chargers, findings",
    "explain": "explain why each limit is what it is, in the running service or in a log",
    "blackbox": "read the record of the minutes before an event, or play it again",
    "plot": "draw a recorded log or a black box as a picture or a chart",
    "history": "show what was measured, limited and allowed over days, or record it",
    "web": "serve a page for a phone, with the history and metrics; it only reads",
    "mqtt": "publish limits, reasons, permissions and findings to an MQTT broker or Home Assistant",
    "doctor": "check this installation: what an installer or a forum helper asks first",
    "decode": "decode a recorded CAN log",
    "fleet": "ingest logs and black boxes of many boats, report on them, replay them",
    "watch": "show what is on CAN buses now: devices and their newest values",
    "capture": "record buses and D-Bus into one anonymous file that can be shared",
    "learn": "find out what unknown registers mean, from a capture with the vendor's D-Bus values",
    "candb": "look into the message database",
    "config": "create, check or show a configuration file",
    "rules": "the user's own rules: check and show them, or try them on a recorded day",
    "dvcc": "replay DVCC scenarios on simulated time",
    "state": "show or delete what is remembered across restarts",
    "link": "show what chargers on CAN are told, or try it with one of them",
    "master": "show whether another master was found, or reset that",
    "demo": "play a simulated installation; no hardware needed",
    "models": "list the BMS models and what each offers to a GX device",
    "advise": "recommend a BMS for an installation",
    "readout": "decode one Bluetooth Instant Readout advertisement",
    "sample": "write a recorded log and a black box to try the other commands on",
    "wiring-test": "test the wired BMS terminals one by one",
}
"""Name and one line of help; the module is `gxbridge.commands.<name with underscores>`."""


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"gxbridge.commands.{name.replace('-', '_')}")


class _Parser(argparse.ArgumentParser):
    """Says when a help page or a version cannot be said; the library's own keeps that to itself."""

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(message)
        (file or sys.stderr).flush()


class _Help(argparse.HelpFormatter):
    """Help as wide as the terminal. The library's own asks `shutil`, which loads every compression there is; and it is
    made at every start, shown or not."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """Width of the terminal: what COLUMNS says, else what the terminal says, else 80."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80


def _overview() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="gxbridge",
        description="GX-device integration for Lynx Smart BMS and VE.Bus BMS: values on D-Bus, limits with reasons.",
        epilog="gxbridge COMMAND --help tells more. gxbridge is independent of Victron Energy.",
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"gxbridge {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        commands.add_parser(name, help=line, add_help=False)
    return parser


def command_parser(name: str) -> argparse.ArgumentParser:
    """What one command takes."""
    parser = _Parser(prog=f"gxbridge {name}", description=COMMANDS[name], formatter_class=_Help)
    _module(name).configure(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (2 for a wrong command line, as argparse does)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = next((word for word in arguments[:1] if word in COMMANDS), "")
    _have_streams(name)
    try:
        if not name:
            _overview().parse_args(arguments)
            return 2  # not reached: argparse has ended the program
        module = _module(name)
        parser = command_parser(name)
        code: int = module.run(parser.parse_args(arguments[1:]))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone: nothing is wrong with us, and nobody is left to tell.
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115 - lives until the interpreter ends
        return 0
    except OSError as error:
        if name == "run":
            raise  # the service's own: its log should say where it came from
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115 - what is in its buffer cannot be written either
        with suppress(OSError):  # standard error may be as full
            sys.stderr.write(f"{f'gxbridge {name}'.rstrip()}: {error.strerror or error}\n")
        return 2
    return code


class _Closed(io.TextIOBase):
    """Standard output that was closed (`>&-`): whoever writes there is told so."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EBADF, "standard output is closed")


def _have_streams(name: str) -> None:
    """Standard input, output and error are there, and take every name of a file."""
    if sys.stdin is None:  # `<&-`: there is nothing to read
        sys.stdin = open("/dev/null")  # noqa: SIM115 - lives until the interpreter ends
    if sys.stdout is None:  # the service says nothing there and goes on without it
        sys.stdout = open("/dev/null", "w") if name == "run" else _Closed()  # noqa: SIM115 - lives until the end
    if sys.stderr is None:
        sys.stderr = open("/dev/null", "w")  # noqa: SIM115 - as above
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
