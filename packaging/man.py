"""Writes a manual page for gxbridge and one for each command to dist/man/: `make man`. Needs argparse-manpage."""

from __future__ import annotations

import argparse

from argparse_manpage.manpage import Manpage
from pins import ROOT

from gxbridge import __version__
from gxbridge.cli import COMMANDS, command_parser, whole_parser

INTO = ROOT / "dist" / "man"


def page(parser: argparse.ArgumentParser, name: str, line: str) -> str:
    """A manual page in roff; the same input gives the same bytes."""
    parser.man_short_description = line  # type: ignore[attr-defined]
    data = {"project_name": "gxbridge", "version": __version__, "manual_section": "1", "prog": name}
    made = Manpage(parser, format="single-commands-section", _data=data)
    made.date = ""
    return str(made)


def main() -> None:
    INTO.mkdir(parents=True, exist_ok=True)
    pages = {"gxbridge": page(whole_parser(), "gxbridge", "BMS values on D-Bus, and charge limits that say why")}
    for command, line in COMMANDS.items():
        pages[f"gxbridge-{command}"] = page(command_parser(command), f"gxbridge-{command}", line)
    for name, text in pages.items():
        (INTO / f"{name}.1").write_text(text, encoding="utf-8")
    print(f"{len(pages)} manual pages in {INTO}; try: man {INTO}/gxbridge.1")


if __name__ == "__main__":
    main()
