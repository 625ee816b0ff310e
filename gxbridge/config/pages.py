"""The table of keys as pages: the example file, the documentation page, and a configuration written out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from gxbridge.config.build_config import USER_SETTINGS
from gxbridge.config.build_rules import rules_tree
from gxbridge.config.deprecated import GONE_IN, LAST_RELEASES
from gxbridge.config.effective import Config
from gxbridge.config.keys import children
from gxbridge.config.schema import ConfigKey
from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.dvcc.read.options import SWITCHES
from gxbridge.core.model.items import printable
from gxbridge.models.installation import InstalledBms
from gxbridge.strict_yaml.problem import HIDDEN, hide_keys

WIDTH: Final = 112

EXAMPLE: Final = "service/gxbridge.example.yaml"
PAGE: Final = "docs/configuration.md"
"""Where the two pages stand in the repository; `python -m gxbridge.config.pages` writes them anew."""

EXAMPLE_HEAD: Final = """\
# The configuration of gxbridge: every key with its default. Keys after a `#` are not set; their values are only
# examples, and removing only the `#` sets them. gxbridge runs without any file, and a file needs only what
# differs.
#
#     gxbridge config check FILE     says what is wrong, with line and key
#     gxbridge config show FILE      prints the values in effect
"""


def example() -> str:
    """The example file: all keys, commented; loading it gives the defaults."""
    return EXAMPLE_HEAD + "".join(f"{line}\n" for line in _example_keys("", 0))


def _example_keys(schema: str, indent: int, entry: bool = False) -> Iterator[str]:
    """The lines of a section. `entry`: it is an entry of a list, whose first key carries the dash."""
    for number, key in enumerate(children(schema).values()):
        dash = entry and number == 0
        unset = key.default is None and not key.required and key.kind != "section"
        switched_off = key.kind == "items" and not key.default
        if indent == 0:
            yield ""
        lines = [f"{' ' * (indent - 2 if dash else indent)}{'- ' if dash else ''}{key.name}:{_inline(key)}"]
        if key.kind == "section":
            lines += _example_keys(key.path, indent + 2)
        elif key.kind == "items":
            lines += _example_keys(f"{key.path}[]", indent + 4, entry=True)
        for line in textwrap.wrap(f"{key.doc} {_facts(key)}".strip(), 116 - indent):
            yield f"{' ' * indent}# {line}"
        if unset or switched_off:
            lines = [f"{' ' * indent}#{line[indent:]}" for line in lines]
        yield from lines


def _inline(key: ConfigKey) -> str:
    """The value behind the colon in the example file."""
    if key.kind in ("section", "items"):
        return ""
    value = key.example if key.default is None or key.kind in ("free", "levels") else key.default
    if key.kind in ("free", "levels"):
        return f" {_scalar(key.default)}  # for example {_flow(value)}"
    return f" {_flow(value)}"


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_scalar(item)}" for name, item in value.items()) + "}"
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and value >= 0xA000 and value != 65_535 and value < 0xFFFF and value % 10:
        return f"0x{value:04X}"
    if isinstance(value, str) and (value.isdigit() or value.count(":") > 1):
        return f'"{value}"'
    return str(value)


def _facts(key: ConfigKey) -> str:
    """What it takes and what holds without it, in a few words."""
    facts = []
    if key.choices and len(key.choices) > 8:
        facts.append(f"One of {', '.join(key.choices)}, or an installed plug-in.")
    elif key.choices:
        facts.append(f"One of {', '.join(key.choices)}.")
    elif key.kind in ("whole", "number"):
        wanted = key.wanted.removeprefix("a ")
        facts.append(f"{wanted[0].upper()}{wanted[1:]}.")
    if key.required:
        facts.append(f"Required{_but_for(key)}.")
    elif key.unset:
        facts.append(f"Not set: {key.unset}.")
    return " ".join(facts)


# --- the documentation page -------------------------------------------------------------------------------------------

PAGE_HEAD: Final = """\
# Configuration

`gxbridge run --config FILE` reads one YAML file. Without a file the defaults below hold. The command line wins over the
file: `--can INTERFACE:CHANNEL` (may repeat) replaces the list of buses, `--replay LOG[@SPEED]` puts a recorded log in
their place, `--dbus` replaces `dbus.address`, and `--verbose` sets `log.level` to `debug`.

The file is checked completely before anything starts. Each problem is one line, and the exit code is 2:

    gxbridge.yaml:7:dvcc.mode: 'of' is not a valid value; did you mean off? write one of off, monitor, control

`gxbridge config check FILE` does only that; `gxbridge config show [FILE]` prints the values in effect, keys hidden.
[`service/gxbridge.example.yaml`](../service/gxbridge.example.yaml) has every key with its default.

This page is generated from the table in `gxbridge/config/keys.py`, like the check and the example.
"""


PAGE_TAIL: Final = f"""
## Retired keys

`dvcc.write_settings` (it never had an effect) and the keys below `dvcc.switches` are read by {LAST_RELEASES}, and
unknown from {GONE_IN} on. Until then `gxbridge config check` and a finding of the service warn of each with its line. A
switch that differs from its profile is obeyed until then, with an alarm: from then on `dvcc.profile` alone decides.
"""


def markdown() -> str:
    """docs/configuration.md."""
    parts = [PAGE_HEAD]
    singles = [key for key in children("").values() if key.kind not in ("section", "items")]
    for key in children("").values():
        if key in singles:
            parts += [f"\n## `{key.path}`\n", *_row_table([key])]
        else:
            parts += _chapter(key, 2)
    return "\n".join([*parts, PAGE_TAIL]).rstrip() + "\n"


def _chapter(key: ConfigKey, level: int) -> list[str]:
    items = key.kind == "items"
    below = children(f"{key.path}[]" if items else key.path)
    parts = [f"\n{'#' * level} `{key.path}`{' (a list)' if items else ''}\n", key.doc, ""]
    parts += _row_table([child for child in below.values() if child.kind not in ("section", "items")])
    for child in below.values():
        if child.kind in ("section", "items"):
            parts += _chapter(child, level + 1)
    return parts


def _row_table(keys: list[ConfigKey]) -> list[str]:
    rows = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key in keys:
        rows.append(f"| `{key.name}` | {_value_words(key)} | {_default_words(key)} | {key.doc} |")
    return rows


def _value_words(key: ConfigKey) -> str:
    if key.choices:
        return ", ".join(f"`{choice}`" for choice in key.choices)
    words = {"points": "inputs and what is allowed", "date": "a date", "free": "names and values",
             "levels": "names and levels", "hex key": "32 hexadecimal digits",
             "mac": "a Bluetooth address", "service": "a digital input", "dbus": "a D-Bus address", "text": "text",
             "name": "letters, digits, `_`"}  # fmt: skip
    return words.get(key.kind) or key.wanted.removeprefix("a ")


def _but_for(key: ConfigKey) -> str:
    return f", but not with {key.unless[0]}: {key.unless[1]}" if key.unless else ""


def _default_words(key: ConfigKey) -> str:
    if key.required:
        return f"required{_but_for(key)}"
    if key.default is not None:
        return f"`{_scalar(key.default)}`" if key.kind not in ("free", "levels") else "none"
    return key.unset


# --- what holds -------------------------------------------------------------------------------------------------------


def show(config: Config) -> str:
    """The whole configuration as YAML, secrets hidden; loading it gives the same configuration where there are none."""
    head = f"# from {printable(config.file or 'the defaults')}; the values in effect, command line included\n"
    if config.replay is not None:
        head += f"# replays {printable(config.replay.path)} at speed {config.replay.speed:g} in place of the buses\n"
    return head + yaml.safe_dump(_without_keys(tree(config)), sort_keys=False, allow_unicode=True, width=WIDTH)


def tree(config: Config) -> dict[str, Any]:
    """The configuration as the nested values of a file."""
    options = config.options
    named = ("discharge_on_loss", "nominal_voltage_v", "max_charge_current_a", "max_discharge_current_a",
             "max_charge_voltage_v", "switch_alternators")  # fmt: skip
    lists = {name: list(getattr(options, name)) or None for name in ("other_banks", "aggregates")}
    flags = {key.name for key in children("dvcc.settings").values() if key.kind == "flag"}
    settings = {name: config.user_settings.get(path) for name, path in USER_SETTINGS.items()}
    switches = {switch.name: getattr(options, switch.name) for switch in SWITCHES if switch.had_key}
    whole: dict[str, Any] = _without_none(
        {
            "can": [
                {
                    "interface": bus.interface,
                    "channel": bus.channel,
                    "name": bus.name,
                    "bitrate": bus.bitrate,
                    "options": dict(bus.options) or None,
                }
                for bus in config.can
            ],
            "dbus": {"address": config.dbus_address},
            "dvcc": {
                "mode": config.mode,
                "profile": options.profile,
                **{name: getattr(options, name) for name in named},
                **lists,
                "switches": {name: value for name, value in switches.items() if value != (options.profile == "strict")}
                or None,
                "settings": {n: bool(v) if n in flags and v is not None else v for n, v in settings.items()},
            },
            "battery": {
                "instance": config.instance,
                "custom_name": config.custom_name or None,
                "known": [
                    {name: getattr(known, name) for name in children("battery.known[]")}
                    for known in config.known_batteries
                ],
            },
            "banks": [_bank(entry) for entry in config.banks],
            "publish": config.publish,
            "transmit": {"level": config.transmit, "allow_mode": config.allow_mode},
            "link": {"broadcast": config.link_broadcast},
            "plotters": {
                "bus": config.plotter_bus or None,
                "instance": config.plotter_instance,
                "alerts": config.plotter_alerts,
            },
            "log": {"level": config.log_level, "modules": dict(config.log_modules)},
            "blackbox": {name: getattr(config.blackbox, name) for name in children("blackbox")},
            "state": {name: getattr(config.state, name) for name in children("state")},
            "notify": {"level": config.notify.level, "hook": list(config.notify.hook) or None},
            "rules": rules_tree(options.rules, config.time_zone),
            "installation": None if config.installation is None else _installation(config.installation),
            "terminals": [{name: getattr(item, name) for name in children("terminals[]")} for item in config.terminals],
            "readout": [{"address": item.address, "key": HIDDEN, "name": item.name} for item in config.readout],
        }
    )
    return whole


def _installation(installation: InstalledBms) -> dict[str, Any]:
    renamed = {"dvcc": "control"}
    return {name: getattr(installation, renamed.get(name, name)) for name in children("installation")}


def _bank(entry: BankEntry) -> dict[str, Any]:
    """An entry of `banks`, without what says nothing in it."""
    named = (
        {"members": list(entry.members)}
        if entry.members
        else {"bus": entry.bus or None, "device_instance": entry.network}
    )
    volts = None if entry.nominal_voltage_v is None else int(entry.nominal_voltage_v)
    shared = {} if entry.sums else {"share": entry.share, "imbalance_percent": round(entry.imbalance * 100, 6)}
    return {
        "name": entry.name,
        "title": entry.title or None,
        **named,
        "nominal_voltage_v": volts,
        "current": "sum" if entry.sums else "share",
        **shared,
    }


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value


def _without_keys(value: Any) -> Any:
    """What looks like an encryption key, wherever it was pasted, is hidden; a path is none."""
    if isinstance(value, str):
        return value if value.startswith("/") else hide_keys(value)
    if isinstance(value, dict):
        return {_without_keys(name): _without_keys(item) for name, item in value.items()}
    return [_without_keys(item) for item in value] if isinstance(value, list | tuple) else value


def write(root: Path) -> None:
    """Write both pages below the root of the repository."""
    (root / EXAMPLE).write_text(example(), encoding="utf-8")
    (root / PAGE).write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parents[2])
