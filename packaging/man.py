"""Writes manual pages to dist/man/ and completions for shells to dist/completions/: `make man`.

Needs argparse-manpage and shtab: the extra `docs`.
"""

from __future__ import annotations

import argparse
import importlib

import shtab
from argparse_manpage.manpage import Manpage
from pins import ROOT

from gxbridge import __version__
from gxbridge.cli import COMMANDS, command_parser

INTO = ROOT / "dist" / "man"
COMPLETIONS = ROOT / "dist" / "completions"
FILES = {"bash": "gxbridge", "zsh": "_gxbridge", "tcsh": "gxbridge.tcsh"}
"""Shell -> name of its file, by which bash and zsh find it."""


def whole_parser() -> argparse.ArgumentParser:
    """All commands with all they take."""
    parser = argparse.ArgumentParser(
        prog="gxbridge", description="BMS values on D-Bus, and charge limits that say why."
    )
    parser.add_argument("--version", action="version", version=f"gxbridge {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, line in COMMANDS.items():
        module = importlib.import_module(f"gxbridge.commands.{name.replace('-', '_')}")
        module.configure(commands.add_parser(name, help=line, description=line))
    return parser


def page(parser: argparse.ArgumentParser, name: str, line: str) -> str:
    """A manual page in roff; the same input gives the same bytes."""
    parser.man_short_description = line  # type: ignore[attr-defined]
    data = {"project_name": "gxbridge", "version": __version__, "manual_section": "1", "manual_title": "gxbridge"}
    made = Manpage(parser, format="single-commands-section", _data=data)
    made.date = ""
    made.prog = name  # in head and name: in "gxbridge web", man would take the second word for the section
    return str(made)


def main() -> None:
    INTO.mkdir(parents=True, exist_ok=True)
    pages = {"gxbridge": page(whole_parser(), "gxbridge", "BMS values on D-Bus, and charge limits that say why")}
    for command, line in COMMANDS.items():
        pages[f"gxbridge-{command}"] = page(command_parser(command), f"gxbridge-{command}", line)
    for name, text in pages.items():
        (INTO / f"{name}.1").write_text(text, encoding="utf-8")
    for shell, name in FILES.items():
        (COMPLETIONS / shell).mkdir(parents=True, exist_ok=True)
        (COMPLETIONS / shell / name).write_text(shtab.complete(whole_parser(), shell), encoding="utf-8")
    print(f"{len(pages)} manual pages in {INTO}; try: man {INTO}/gxbridge.1")


if __name__ == "__main__":
    main()
