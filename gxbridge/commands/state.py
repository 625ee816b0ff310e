"""`gxbridge state`: what gxbridge remembers across restarts, and how to have it forgotten."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gxbridge.config import Config
    from gxbridge.core.model.remembered import Remembered
    from gxbridge.state.state_file import StateFile

UNUSABLE = 2

HELD = """\
gxbridge is running and holds the state, so nothing was forgotten. Stop it, forget, and start it again; on a GX device:
    svc -d /service/gxbridge; gxbridge state forget {what}; svc -u /service/gxbridge"""


def configure(parser: argparse.ArgumentParser) -> None:
    """`show` and `forget WHAT`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="what is remembered, since when and from where")
    show.add_argument("--json", action="store_true", help="the same as JSON")
    forget = actions.add_parser(
        "forget",
        help="forget something, while the service is stopped",
        description="Exit code 0: it is forgotten; 2: it is not, and the text says why.",
    )
    forget.add_argument(
        "what",
        metavar="identities|limits|latches|members|NAME|MEMBER|all",
        help="NAME: of one battery; MEMBER: of one of a bank that is gone, and is not to stop it; as `show` has it",
    )
    for action in (show, forget):
        action.add_argument(
            "--config", metavar="FILE", help="configuration file of the service (on a GX: the usual one)"
        )


def run(args: argparse.Namespace) -> int:
    """0, or 2 when the state cannot be used."""

    def act(_config: Config, file: StateFile) -> int:
        return _show(file, args.json) if args.action == "show" else _forget(file, args.what)

    return with_state("state", args.config, act)


def with_state(command: str, config: str | None, act: Callable[[Config, StateFile], int]) -> int:
    """What `act` returns for the configuration and its state; 2 when the state cannot be used."""
    from gxbridge.config import ConfigError, load
    from gxbridge.core.model.remembered import StateError
    from gxbridge.doctor.gather import USUAL_CONFIG
    from gxbridge.runtime.assembly import state_file

    name = config or (str(USUAL_CONFIG) if USUAL_CONFIG.exists() else None)
    if name is None:
        why = "name the configuration file with --config; without one nothing is kept"
        print(f"gxbridge {command}: {why}", file=sys.stderr)
        return UNUSABLE
    try:
        loaded = load(name)
        file = state_file(loaded)
        if file is None:
            print(f"Nothing is kept: {name} has state.enabled: no.")
            return 0
        return act(loaded, file)
    except ConfigError as error:
        print(error, file=sys.stderr)
    except StateError as error:
        print(f"gxbridge {command}: {file.path} counts as unknown: {error}", file=sys.stderr)  # type: ignore[union-attr]
    except BrokenPipeError:
        raise  # the reader has gone: cli.py ends quietly
    except OSError as error:
        print(f"gxbridge {command}: {error.filename or 'the output'}: {error.strerror or error}", file=sys.stderr)
    return UNUSABLE


def _forget(file: StateFile, what: str) -> int:
    from gxbridge.core.model.remembered import Remembered, StateError
    from gxbridge.state.state_file import StateHeldError

    try:
        file.hold(1.0)
    except StateHeldError:
        print(HELD.format(what=what), file=sys.stderr)
        return UNUSABLE
    try:
        try:
            remembered = file.read().forget(what)
        except StateError:
            if what != "all":
                raise
            file.set_aside()  # everything is forgotten, also what cannot be read
            remembered = Remembered()
        except KeyError:
            print(f"gxbridge state: nothing is remembered as {what}; `gxbridge state show` lists it", file=sys.stderr)
            return UNUSABLE
        file.write(remembered)
    finally:
        file.release()
    print(f"Forgotten: {what}")
    return 0


def _show(file: StateFile, as_json: bool) -> int:
    from gxbridge.core.model.remembered import to_plain

    remembered = file.read()
    if as_json:
        plain = to_plain(remembered, "")
        del plain["boat"]
        print(json.dumps({"file": file.path, **plain}, ensure_ascii=False, indent=1))
        return 0
    print(f"State in {file.path}")
    for line in _lines(remembered):
        print(line)
    return 0


def _lines(remembered: Remembered) -> Iterator[str]:
    from gxbridge.core.model.wording import utc_text
    from gxbridge.core.nmea2000.database import database

    names = {number: product.name for number, product in database().products.items()}
    sections = (
        (
            "Batteries, by NAME (identity only, never a limit or a permission)",
            [
                (
                    f"{item.name}: {names.get(item.product_id, 'unknown product')}"
                    f" (0x{item.product_id:04X}), serial {item.serial or 'not heard'}, instance {item.device_instance}",
                    item,
                )
                for item in remembered.identities
            ],
        ),
        ("Limits", [(f"{item.subject}: {item.quantity} {item.value:g}", item) for item in remembered.limits]),
        ("Latches and refusals", [(f"{item.name}: {item.subject}", item) for item in remembered.latches]),
        ("Members of banks", [(f"{item.bank}: {item.member}", item) for item in remembered.members]),
    )
    for title, entries in sections:
        yield ""
        yield f"{title}: none" if not entries else title
        for text, item in entries:
            yield f"    {text}"
            yield f"        since {utc_text(item.since)}, from {item.source}"
