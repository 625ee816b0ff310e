"""`gxbridge link`: what chargers on CAN are told and what of it is confirmed here, or a try with one of them."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gxbridge.config import Config
    from gxbridge.state.state_file import StateFile

ANSWER_S = 90.0
"""Ten registers with three questions for each phase, and the second in which the service looks."""
UNUSABLE = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """`gxbridge link [show]`, `gxbridge link try DEVICE`."""
    parser.add_argument("--config", metavar="FILE", help="configuration file of the service (on a GX: the usual one)")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("show", help="show (default): every register that chargers are told, and what is confirmed here")
    trial = actions.add_parser(
        "try", help="send what stands for a device to it once, read it back, and write back what was found"
    )
    trial.add_argument("device", metavar="DEVICE", help="its unique number, NAME (16 digits) or D-Bus service")
    parser.epilog = (
        "A try is done by the running service, which needs serve: all, transmit: link and dvcc.mode: control."
    )


def run(args: argparse.Namespace) -> int:
    """0; 1 when a try confirmed nothing; 2 when the state cannot be used or the service does not answer."""
    from gxbridge.commands.state import with_state

    if args.action != "try":
        return with_state("link", args.config, _show)
    return with_state("link", args.config, lambda _config, file: _try(file, args.device))


def _show(config: Config, file: StateFile) -> int:
    from gxbridge.core.link_control import CONFIRMED, TRIED, sources
    from gxbridge.core.vecan.link.registers import ROWS
    from gxbridge.core.vecan.sending.transmit import LINK_LEVELS

    latches = file.read().latches
    known, tried = sources(latches, CONFIRMED), sources(latches, TRIED)
    serves = any(spec.serve == "all" for spec in config.can)
    sends = serves and config.transmit in LINK_LEVELS and config.mode == "control"
    head = f"transmit {config.transmit}, mode {config.mode}" + ("" if serves else ", no port with serve: all")
    print(head + ("" if sends else ": nothing of this is sent"))
    for row in ROWS:
        why = tried.get(row.key, "nobody has tried it")
        certain = (
            "known from a GX" if row.confirmed else known.get(row.key, f"not confirmed here ({why}): it is not sent")
        )
        print(f"0x{row.register:04X}  {row.path:<25} {row.way:<9}  {certain}")
    return 0


def _try(file: StateFile, device: str) -> int:
    from gxbridge.state.state_file import StateHeldError

    try:
        file.hold(0.5)
    except StateHeldError:
        pass
    else:
        file.release()
        print(
            "gxbridge link: the service does not run, so nothing stands on D-Bus that could be tried", file=sys.stderr
        )
        return UNUSABLE
    file.ask_try(device)
    until = time.monotonic() + ANSWER_S
    while (answer := file.take_answer()) is None:
        if time.monotonic() > until:
            print("gxbridge link: the service does not answer", file=sys.stderr)
            return UNUSABLE
        time.sleep(0.1)
    print(answer)
    return 0 if ": confirmed" in answer else 1
