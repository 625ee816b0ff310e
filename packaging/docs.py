"""Writes the generated pages of docs/: `make docs`. Tests compare them with what is made here."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gxbridge.cli import COMMANDS, command_parser
from gxbridge.config.pages import example
from gxbridge.config.pages import markdown as configuration
from gxbridge.core.model.finding import stopped
from gxbridge.core.model.findings_in_monitor import IN_MONITOR
from gxbridge.core.model.findings_table import FINDINGS as ROWS
from gxbridge.core.model.findings_table import TABLE
from gxbridge.core.model.items import ItemSpec
from gxbridge.core.publish.bank_items import BANK_ROWS
from gxbridge.core.publish.battery_paths import PATHS, distributor_rows
from gxbridge.core.publish.battery_rows import FirmwareSpec, PathRow
from gxbridge.core.publish.battery_writes import WRITABLES
from gxbridge.core.publish.own_paths import EXPLAIN_JSON, EXPLAIN_TEXT, OWN_NAME, OWN_PATHS
from gxbridge.fleet.columns.tables import TABLES
from gxbridge.models.page import models_page

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gxbridge"

HEAD = f"""\
# D-Bus paths

This page is generated from the tables that the service publishes from (`make docs`); a test keeps it current.

Types are D-Bus types: `d` double, `i` int32, `u` uint32, `q` uint16, `y` byte, `s` string. An item that is not known is
invalid: an empty array of `i`. Texts have the unit in the vendor's style; temperatures are in degrees Celsius.

* [The battery service](#the-battery-service) `com.victronenergy.battery.gxbridge_<bus>_uc<unique number>`
* [The distributors of a battery](#distributors)
* [A bank](#a-bank) `com.victronenergy.battery.gxbridge_bank_<name>`
* [What clients may write](#what-clients-may-write)
* [Our own service](#our-own-service) `{OWN_NAME}`

Some of them as `dbus-spy` shows them ([what this picture is](dbus-consumers.md#the-picture-of-dbus-spy)):

![dbus-spy: the battery's limits and permissions, and our limits with their reasons](pictures/dbus-spy.svg)
"""

BATTERY = """
## The battery service

One for each Lynx Smart BMS, with the paths, types and texts of the vendor's service. All paths are there before the
name is on the bus, and stay; `publish: monitor` leaves out everything under `/Info`. A battery that has been silent for
10 s keeps identity, settings and history only; after 60 s its service leaves the bus.
"""

DISTRIBUTORS = """
### Distributors

For each of the distributors A to H these paths exist from the moment the BMS first reports it (register 0x2150 not 0).
Fuses count from 0 here and from 1 on the label; `A` and fuse 0 stand for all.
"""

BANK = """
## A bank

One for each bank of the configuration ([banks](banks.md)), `com.victronenergy.battery.gxbridge_bank_<name>`, with the
paths of the vendor's totals of parallel Lynx; rows marked ours are ours. `publish: monitor` leaves out everything under
`/Info`.
"""

WRITES = """
### What clients may write

Answers are those of velib: 0 accepted, 1 of the wrong type or not writable, 2 refused. Sending to the BMS needs
`transmit: writes`. Every path that is not in this table answers 1.
"""

OWN = f"""
## Our own service

`{OWN_NAME}` has a class that no consumer interprets. Moments are epoch seconds. One item is writable, `/Rules/Storage`:
1 switches the storage profile of the configuration's rules on, 0 returns to its other rules, never above them; it
answers 1 where the configuration has no storage profile, 2 where 1 or 0 would change nothing that the configuration
says ([rules](rules.md)).
"""

FINDINGS = """\
# Findings

This page is generated from the table of findings (`make docs`); a test keeps it current.

A finding is something a person should know. The log says it once when it begins; `gxbridge explain`, `gxbridge doctor`
and `/Findings` on D-Bus show it while it holds. Its id never changes. `{...}` stands for what is filled in.

A healthy boat has none through start, a day with an absorption and restarts of its programs, but for what is so by
choice, as information: `published-twice` beside the vendor's driver.
`bms-silent`, `bms-lost` and `battery-gone` say that a BMS is switched off or its driver has ended, and
`terminal-...-vanished` that an input has gone (`tests/field/test_healthy_boats.py`).
"""


def dbus_paths() -> str:
    """docs/dbus-paths.md."""
    parts = [HEAD, BATTERY, *_table(PATHS), DISTRIBUTORS]
    parts += _table(row for row in distributor_rows("A") if "/Fuse/" not in row.path or "/Fuse/0/" in row.path)
    parts += [BANK, "| path | type | text | what it says |", "|---|---|---|---|"]
    parts += [f"| `{path}` | {spec.signature} | {_text(spec)} | {doc} |" for path, (spec, doc) in BANK_ROWS.items()]
    parts += [WRITES, "| path | takes | sent as | kept here |", "|---|---|---|---|"]
    for item in WRITABLES.values():
        if item.takes is None:
            parts.append(f"| `{item.path}` | nothing: always refused (2) | – | – |")
            continue
        sent = "–" if item.register is None else f"register 0x{item.register:04X}"
        if item.mode_switch:
            sent += ", with its own switch"
        parts.append(f"| `{item.path}` | {item.text} | {sent} | {'yes' if item.local else '–'} |")
    parts += [OWN, "| path | type | text | what it says |", "|---|---|---|---|"]
    parts += [f"| `{row.path}` | {row.spec.signature} | {_text(row.spec)} | {row.doc} |" for row in OWN_PATHS]
    return "\n".join(parts) + "\n"


def _table(rows: Iterable[PathRow]) -> Iterable[str]:
    yield "| path | type | text | what it says | remark |"
    yield "|---|---|---|---|---|"
    for row in rows:
        yield f"| `{row.path}` | {row.spec.signature} | {_text(row.spec)} | {row.doc} | {row.seen} |"


def _text(spec: ItemSpec) -> str:
    """An example of the text, where it is more than the bare value."""
    if isinstance(spec, FirmwareSpec):
        return f"`{spec.text_of(0x0113FF)}`"
    if spec.text == "{}":
        return ""
    return f"`{spec.text_of(0xA3E5 if 'X' in spec.text else 12)}`"


TOPICS = f"""\
# MQTT topics of gxbridge on a GX

This page is made from the table of D-Bus paths (`make docs`); a test keeps it current. [What to do with them](mqtt.md).

A GX's own broker has each item of `{OWN_NAME}` at `N/PORTAL/gxbridge/0/PATH`, as JSON: `{{"value": 20.0}}`, and
`{{"value": null}}` where it is invalid. PORTAL is the GX's portal id. The two long ones, `/Explain/Json` and
`/Explain/Text`, are answered on D-Bus only.

| topic | value | what it says |
|---|---|---|
"""
KINDS = {"s": "text", "d": "number", "u": "whole number", "q": "whole number", "i": "whole number"}


def topics() -> str:
    """docs/mqtt-topics.md."""
    rows = (row for row in OWN_PATHS if row.path not in (EXPLAIN_JSON, EXPLAIN_TEXT))
    lines = (f"| `N/PORTAL/gxbridge/0{row.path}` | {KINDS[row.spec.signature]} | {row.doc} |" for row in rows)
    return TOPICS + "\n".join(lines) + "\n"


COMMANDS_PAGE = """\
# Commands

This page is made from the command line itself (`make docs`); a test keeps it current. `gxbridge COMMAND --help` says
the same. `make man` writes manual pages to `dist/man/`, and completions for bash, zsh and tcsh to `dist/completions/`.
Exit codes: 0 is well, 2 a wrong command line or something that cannot be read or written; others are told below.
"""


def commands() -> str:
    """docs/commands.md."""
    parts = [COMMANDS_PAGE]
    for name, line in COMMANDS.items():
        parts.append(f"\n## gxbridge {name}\n\n{line[0].upper()}{line[1:]}.\n")
        parts += _command(command_parser(name), f"gxbridge {name}")
    return "\n".join(parts).rstrip() + "\n"


def _command(parser: argparse.ArgumentParser, name: str) -> Iterable[str]:
    below = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    rows = [one for one in parser._actions if one.dest != "help" and one not in below and one.help != argparse.SUPPRESS]
    if rows:
        yield "| argument | what it is |\n|---|---|"
        yield from (f"| {_argument(one)} | {_cell(_meaning(one))} |" for one in rows)
    if parser.epilog:
        yield f"\n{_cell(' '.join(parser.epilog.split()))}\n"
    for group in below:
        help_of = {choice.dest: choice.help for choice in group._choices_actions}
        for word, child in group.choices.items():
            yield f"\n### {name} {word}\n\n{_cell(help_of.get(word) or child.description or '')}\n"
            yield from _command(child, f"{name} {word}")


def _argument(one: argparse.Action) -> str:
    metavar = one.metavar if isinstance(one.metavar, str) else one.dest.upper()
    value = "" if one.nargs == 0 else " " + ("|".join(map(str, one.choices)) if one.choices else metavar)
    words = f"{', '.join(one.option_strings)}{value}" if one.option_strings else value.strip()
    return f"`{words}`".replace("|", "\\|")


def _meaning(one: argparse.Action) -> str:
    return (one.help or "").replace("%(default)s", str(one.default)).replace("%%", "%")


def _cell(text: str) -> str:
    """Text as it may stand in a table and in Markdown."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


MODULES = """\
# Every module

Generated from the first paragraph of each module (`make docs`); a test keeps it current. The rooms themselves
and the road of one frame through them are in [the architecture](architecture.md).
"""
BEGIN = "<!-- rooms: made by `make docs` -->\n"
END = "<!-- end -->"
ROOMS = (
    "commands",
    "demo",
    "demo/sim",
    "fleet",
    "fleet/report",
    "fleet/rows",
    "fleet/columns",
    "web",
    "history",
    "live",
    "mqtt",
    "plotting",
    "doctor",
    "doctor/checks",
    "runtime",
    "config",
    "candb",
    "decodelog",
    "models",
    "state",
    "strict_yaml",
    "edge",
    "edge/can",
    "edge/dbus",
    "edge/history",
    "edge/logs",
    "edge/logs/readers",
    "edge/logs/readers/can_tools",
    "edge/logs/readers/marine",
    "edge/logs/readers/binary",
    "core/blackbox",
    "core/history",
    "core",
    "core/gate",
    "core/port",
    "core/publish",
    "core/bank",
    "core/dvcc",
    "core/dvcc/run",
    "core/dvcc/run/masters",
    "core/dvcc/run/watching",
    "core/dvcc/explain",
    "core/dvcc/tell",
    "core/dvcc/limit",
    "core/dvcc/read",
    "core/dvcc/read/believed",
    "core/dvcc/read/devices",
    "core/dvcc/rules",
    "core/channels",
    "core/channels/vebus",
    "core/channels/terminals",
    "core/channels/readout",
    "core/vecan",
    "core/vecan/lynx",
    "core/vecan/link",
    "core/vecan/sending",
    "core/capture",
    "core/learn",
    "core/nmea2000",
    "core/model",
)
"""From top to bottom, as `tests/test_walls.py` has them."""


def architecture() -> str:
    """docs/architecture.md: the table of the rooms anew, the rest as it was written by hand."""
    before, begin, rest = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition(BEGIN)
    rooms = ["| room | purpose, and what may enter |", "|---|---|"]
    faces = ((room, PACKAGE / room / "__init__.py") for room in ROOMS)
    rooms += [f"| `{room}` | {_docstring(face)} |" for room, face in faces if face.exists()]
    return before + begin + "\n".join(rooms) + "\n" + END + rest.partition(END)[2]


def modules() -> str:
    """docs/modules.md: each room with its modules, one line each."""
    parts = [MODULES]
    for room in ["", *ROOMS]:
        paths = [
            path for path in sorted((PACKAGE / room).glob("*.py")) if path.name not in ("__init__.py", "_candb.py")
        ]
        if paths:
            parts += ["", f"## {room or 'gxbridge'}", ""]
            folder = f"../gxbridge/{room}/" if room else "../gxbridge/"
            parts += [f"- [{path.name}]({folder}{path.name}): {_docstring(path)}" for path in paths]
    return "\n".join(parts) + "\n"


def _docstring(path: Path) -> str:
    """The first paragraph of a docstring, on one line of a table."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


LISTENING = """
## In monitor mode

While gxbridge only listens it stops nothing, and the GX decides. There these findings read:
"""


def findings() -> str:
    """docs/findings.md."""
    parts = [FINDINGS, "| id | severity | it says | do |", "|---|---|---|---|"]
    parts += [f"| `{row.id}` | {row.severity} | {stopped(row.text)} | {stopped(row.advice)} |" for row in TABLE]
    parts += [LISTENING, "| id | severity | it says | do |", "|---|---|---|---|"]
    for id, words in IN_MONITOR.items():
        text, advice, severity = words.text or ROWS[id].text, words.advice or ROWS[id].advice, words.severity
        parts.append(f"| `{id}` | {severity or ROWS[id].severity} | {stopped(text)} | {stopped(advice)} |")
    return "\n".join(parts) + "\n"


COLUMNS = """\
# The fleet's tables

This page is made from the table of columns (`make docs`); a test keeps it current. What they are for is in
[fleet.md](fleet.md).

A data set is a folder with one folder a table, below it `site=...` and `day=...` (UTC; `undated` where a log does not
know the date, and times count from its own zero, as if that were 1970), and Parquet files in it. Every field has its
unit and meaning as metadata too (`unit`, `description`). What is not known is null.
"""


def fleet_columns() -> str:
    """docs/fleet-columns.md."""
    parts = [COLUMNS]
    for table in TABLES.values():
        parts += [f"## `{table.name}`", "", f"{table.text[0].upper()}{table.text[1:]}.", ""]
        parts += ["| column | type | unit | what it says |", "|---|---|---|---|"]
        parts += [f"| `{name}` | {type} | {unit} | {text} |" for name, type, unit, text in table.columns]
        parts.append("")
    return "\n".join(parts)


PAGES: Mapping[str, Callable[[], str]] = {
    "architecture.md": architecture,
    "modules.md": modules,
    "dbus-paths.md": dbus_paths,
    "commands.md": commands,
    "mqtt-topics.md": topics,
    "configuration.md": configuration,
    "findings.md": findings,
    "fleet-columns.md": fleet_columns,
    "models.md": models_page,
    "../service/gxbridge.example.yaml": example,
}


def main() -> int:
    """Write every page that changed."""
    folder = ROOT / "docs"
    for name, make in PAGES.items():
        page = folder / name
        text = make()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            print(f"docs/{name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
