"""`gxbridge completion`: what lets a shell complete the names of commands and their options."""

from __future__ import annotations

import argparse
import importlib.util
import sys


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    parser.epilog = (
        "bash: gxbridge completion bash >~/.local/share/bash-completion/completions/gxbridge. "
        "zsh: gxbridge completion zsh >_gxbridge, in a folder of $fpath."
    )


def run(args: argparse.Namespace) -> int:
    """0; 2 without the package that makes it."""
    if importlib.util.find_spec("shtab") is None:
        print(
            "gxbridge completion: it needs the Python package shtab (pip install 'shtab>=1.7', "
            "or the extra gxbridge[docs])",
            file=sys.stderr,
        )
        return 2
    import shtab

    from gxbridge.cli import whole_parser

    print(shtab.complete(whole_parser(), shell=args.shell))
    return 0
