"""From checked values to the configuration, and what contradicts what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from gxbridge.config.deprecated import deprecations_of
from gxbridge.config.effective import BlackBox, Config, Deprecation, Notify, Readout, StateStore, Terminals
from gxbridge.config.interfaces import MULTICAST, MULTICAST_GROUP
from gxbridge.config.schema import Checked
from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.dvcc.read import paths
from gxbridge.core.dvcc.read.options import SWITCHES, Options
from gxbridge.core.dvcc.rules.rule_set import NO_RULES, RuleSet
from gxbridge.core.model.battery import Configured
from gxbridge.core.model.items import Value
from gxbridge.core.publish.notifications import PLACES
from gxbridge.core.vecan.sending.transmit import LINK_LEVELS
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.strict_yaml.problem import Problem, hide_keys

if TYPE_CHECKING:  # the catalogue is read only where a configuration names a model
    from gxbridge.models.bms_model import Terminal
    from gxbridge.models.installation import InstalledBms

VECAN_BITRATE: Final = 250_000
WITHOUT_BITRATE: Final = {"socketcan", "gxsocket", "virtual", "udp_multicast", "socketcand", "serial"}
"""Interfaces whose bit rate is set elsewhere, or that have none."""
WINDOWS_V: Final = {12: (10.0, 16.0), 24: (20.0, 32.0), 48: (40.0, 64.0)}
"""Charge voltages that make sense for a nominal voltage."""


class _Report:
    """Collects contradictions with the line of the key they are about, or of the nearest one above it. What is about a
    section that has a fault of its own follows from that fault, and is not said."""

    def __init__(self, checked: Checked, file: str, problems: list[Problem]) -> None:
        self._lines = checked.lines
        self._faulty = {_section(problem.key) for problem in checked.problems}
        self._file = file
        self._problems = problems

    def __call__(self, key: str, what: str, cure: str) -> None:
        if self.faulty(key):
            return
        place = key
        while place and place not in self._lines:
            place = re.sub(r"(?:^|\.)\w+$|\[\d+\]$", "", place)
        self._problems.append(Problem(self._file, self._lines.get(place, 0), key, what, cure))

    def faulty(self, key: str) -> bool:
        """Is something wrong in the section of this key?"""
        return _section(key) in self._faulty

    def stands(self, at: str, *names: str) -> bool:
        """Is one of the keys there, be its value right or wrong?"""
        return any(f"{at}.{name}" in self._lines for name in names)


def _section(key: str) -> str:
    return re.split(r"[.\[]", key)[0]


def build_config(checked: Checked, file: str, problems: list[Problem]) -> Config:
    values = checked.values
    report = _Report(checked, file, problems)
    dvcc, battery = values.get("dvcc", {}), values.get("battery", {})
    transmit, log = values.get("transmit", {}), values.get("log", {})
    can = _buses(values["can"], report) if "can" in values else Config().can
    plotter = values.get("plotters", {})
    _check_transmit(transmit, report)
    _check_link(values, report)
    _check_plotter(plotter, transmit, can, report)
    nominal = dvcc.get("nominal_voltage_v")
    terminals = _terminals(values.get("terminals", []), nominal, report)
    installation = _installation(values.get("installation", {}), nominal, terminals, report)
    return Config(
        can=can,
        dbus_address=values.get("dbus", {}).get("address", "system"),
        mode=dvcc.get("mode", "monitor"),
        options=replace(_options(dvcc, report), rules=_rules(values.get("rules", {}), nominal, report)),
        time_zone=values.get("rules", {}).get("time_zone"),
        user_settings=_user_settings(dvcc.get("settings", {})),
        instance=battery.get("instance", 220),
        custom_name=battery.get("custom_name", ""),
        known_batteries=_known(battery.get("known", []), can, report),
        banks=_banks(values.get("banks", []), can, nominal, report),
        publish=values.get("publish", "bms"),
        transmit=transmit.get("level", "off"),
        allow_mode=transmit.get("allow_mode", False),
        link_broadcast=values.get("link", {}).get("broadcast", False),
        plotter_bus=plotter.get("bus", ""),
        plotter_instance=plotter.get("instance", 0),
        plotter_alerts=plotter.get("alerts", "off"),
        log_level=log.get("level", "info"),
        log_modules=log.get("modules", {}),
        blackbox=BlackBox(**values.get("blackbox", {})),
        state=StateStore(**values.get("state", {})),
        notify=_notify(values.get("notify", {}), report),
        installation=installation,
        terminals=terminals,
        readout=_readout(values.get("readout", []), report, _Report(checked, file, checked.remarks)),
        deprecations=(
            *deprecations_of(checked, file),
            *(Deprecation(remark, finding="key-doubtful") for remark in checked.remarks),
        ),
    )


def _rules(values: Mapping[str, Any], nominal: int | None, report: _Report) -> RuleSet:
    if not values:
        return NO_RULES
    from gxbridge.config.build_rules import build_rules  # only where there are any, as the banks

    return build_rules(values, None if nominal is None else WINDOWS_V.get(nominal), report)


def _banks(
    entries: Sequence[dict[str, Any]], can: Sequence[CanSpec], nominal: float | None, report: _Report
) -> tuple[BankEntry, ...]:
    if not entries:
        return ()
    from gxbridge.config.banks import build_banks

    return build_banks(entries, [spec.name for spec in can], nominal, report)


def bus_name(channel: str) -> str:
    """A name for logs and D-Bus from a channel: `/dev/ttyUSB0@115200` gives `ttyUSB0`, `10.0.0.1` `_10_0_0_1`."""
    last = channel.partition("@")[0].rstrip("/").rpartition("/")[2] or "can"
    name = re.sub(r"[^A-Za-z0-9_]", "_", last)[:63]
    return name if not name[0].isdigit() else f"_{name}"[:63]


def _buses(entries: list[dict[str, Any]], report: _Report) -> tuple[CanSpec, ...]:
    specs: list[CanSpec] = []
    for index, entry in enumerate(entries):
        interface = entry.get("interface", "socketcan")
        channel = entry.get("channel", MULTICAST_GROUP if interface == MULTICAST else None)
        if channel is None:
            continue  # already a problem
        bitrate = entry.get("bitrate")
        if bitrate is not None and interface == "socketcan":
            report(
                f"can[{index}].bitrate",
                "cannot be set with interface: socketcan, where the system sets the bit rate",
                f"remove the line; `ip link set {channel} type can bitrate {bitrate}` sets it",
            )
        spec = bus(interface, channel, entry.get("name"), bitrate, entry.get("options", {}))
        serve, temperatures = entry.get("serve", "batteries"), entry.get("temperatures", False)
        if temperatures and serve != "all":
            cure = "write `serve: all` for this bus, or remove the line"
            report(f"can[{index}].temperatures", "needs `serve: all`", cure)
        specs.append(replace(spec, serve=serve, temperatures=temperatures))
        same = next((i for i, spec in enumerate(specs[:-1]) if spec.name == specs[-1].name), None)
        if same is not None:
            report(
                f"can[{index}]",
                f"has the same name as can[{same}]: {specs[-1].name}",
                "give each bus a `name:` of its own",
            )
    return tuple(specs)


def bus(interface: str, channel: str, name: str | None, bitrate: int | None, options: Mapping[str, object]) -> CanSpec:
    if bitrate is None and interface not in WITHOUT_BITRATE and not {"bitrate", "timing"} & options.keys():
        bitrate = VECAN_BITRATE
    return CanSpec(
        interface, channel, name or bus_name(MULTICAST if interface == MULTICAST else channel), bitrate, options
    )


def _notify(notify: Mapping[str, Any], report: _Report) -> Notify:
    hook = tuple(str(argument) for argument in notify.get("hook", ()))
    if notify.get("hook") is not None and not hook:
        report("notify.hook", "is an empty list", "write the program and its arguments, or remove the line")
    elif hook and not hook[0].startswith("/"):
        report("notify.hook", f"begins with {hook[0][:60]!r}", "write the whole path of the program first")
    unknown = [word for argument in hook for word in re.findall(r"\{(\w*)\}", argument) if word not in PLACES]
    if unknown:
        places = ", ".join(f"{{{place}}}" for place in PLACES)
        report("notify.hook", f"has {{{unknown[0]}}}, which stands for nothing", f"write any of {places}")
    return Notify(notify.get("level", "off"), hook)


def _options(dvcc: Mapping[str, Any], report: _Report) -> Options:
    fields = (
        "discharge_on_loss",
        "nominal_voltage_v",
        "max_charge_current_a",
        "max_discharge_current_a",
        "max_charge_voltage_v",
        "other_banks",
        "aggregates",
        "switch_alternators",
    )
    changes = {name: dvcc[name] for name in fields if name in dvcc}
    nominal, ceiling = dvcc.get("nominal_voltage_v"), dvcc.get("max_charge_voltage_v")
    if nominal is not None and nominal not in WINDOWS_V:
        report("dvcc.nominal_voltage_v", f"{nominal} V is not a supported nominal voltage", "write 12, 24 or 48")
    elif nominal is not None:
        low, high = WINDOWS_V[nominal]
        for key, value in (
            ("max_charge_voltage_v", ceiling),
            ("settings.max_charge_voltage_v", _at(dvcc, "settings", "max_charge_voltage_v")),
        ):
            if value is not None and not low <= value <= high:
                report(
                    f"dvcc.{key}",
                    f"{value} V contradicts nominal_voltage_v: {nominal}",
                    f"write a voltage from {low:g} to {high:g}, or the actual nominal voltage",
                )
    profile = dvcc.get("profile", "strict")
    switches = dvcc.get("switches", {})
    if (
        "discharge_on_loss" in dvcc
        and dvcc["discharge_on_loss"] == "stop"
        and not switches.get("loss_stops_first", profile == "strict")
    ):
        report(
            "dvcc.discharge_on_loss",
            "`stop` needs profile `strict` (loss_stops_first, docs/dvcc-profiles.md)",
            "write `vendor` here, or set dvcc.profile to strict",
        )
    return Options.of(
        profile, **changes, **{switch.name: switches[switch.name] for switch in SWITCHES if switch.name in switches}
    )


def _at(values: Mapping[str, Any], *names: str) -> Any:
    for name in names[:-1]:
        values = values.get(name, {})
    return values.get(names[-1])


def _check_transmit(transmit: Mapping[str, Any], report: _Report) -> None:
    if transmit.get("allow_mode") and transmit.get("level", "off") != "writes":
        report("transmit.allow_mode", "yes needs transmit.level: writes", "write no, or `level: writes`")


def _check_link(values: Mapping[str, Any], report: _Report) -> None:
    if values.get("link", {}).get("broadcast") and values.get("transmit", {}).get("level", "off") not in LINK_LEVELS:
        report("link.broadcast", "yes needs transmit.level: link or writes", "write no, or `level: link`")


def _check_plotter(
    plotter: Mapping[str, Any], transmit: Mapping[str, Any], can: Sequence[CanSpec], report: _Report
) -> None:
    bus = plotter.get("bus", "")
    if plotter.get("alerts", "off") != "off" and not bus:
        report("plotters.alerts", "needs plotters.bus", "name the bus of the plotters, or write `alerts: off`")
    if bus and transmit.get("level", "off") == "off":
        report("plotters.bus", "needs a transmit level", "write `transmit: requests`, or leave plotters out")
    if bus and bus not in [spec.name for spec in can]:
        names = ", ".join(spec.name for spec in can)
        report("plotters.bus", f"there is no bus called {bus}", f"write one of the buses under can: {names}")


USER_SETTINGS: Final[Mapping[str, str]] = {
    "dvcc": paths.SET_DVCC,
    "max_charge_current_a": paths.SET_MAX_CURRENT,
    "max_charge_voltage_v": paths.SET_MAX_VOLTAGE,
    "bms_instance": paths.SET_BMS_INSTANCE,
    "shared_voltage_sense": paths.SET_SVS,
    "shared_temperature_sense": paths.SET_STS,
    "shared_current_sense": paths.SET_SCS,
    "control_all_multis": paths.SET_ALL_MULTIS,
}
"""Key below dvcc.settings -> the GX's setting it stands for."""


def _user_settings(settings: Mapping[str, Any]) -> dict[str, Value]:
    return {
        USER_SETTINGS[name]: int(value) if isinstance(value, bool) else value
        for name, value in settings.items()
        if name in USER_SETTINGS
    }


def _known(entries: list[dict[str, Any]], can: tuple[CanSpec, ...], report: _Report) -> tuple[Configured, ...]:
    known: list[Configured] = []
    for index, entry in enumerate(entries):
        if not {"bus", "address", "unique_number", "product_id"} <= entry.keys():
            continue
        if entry["bus"] not in {spec.name for spec in can} and not report.faulty("can"):
            names = ", ".join(spec.name for spec in can) or "none is configured"
            report(
                f"battery.known[{index}].bus",
                f"there is no bus called {entry['bus']}",
                f"write one of the buses under can: {names}",
            )
        known.append(Configured(**entry))
    return tuple(known)


def _terminals(entries: list[dict[str, Any]], nominal: float | None, report: _Report) -> tuple[Terminals, ...]:
    found: list[Terminals] = []
    for index, entry in enumerate(entries):
        if "model" not in entry:
            continue
        at = f"terminals[{index}]"
        inputs = [name for name in ("allow_to_charge", "allow_to_discharge", "pre_alarm") if name in entry]
        if not report.stands(at, *PERMISSIONS):
            what = "wires only the pre-alarm, which neither allows nor stops anything" if inputs else "has no input"
            report(at, what, f"write at least one of {', '.join(PERMISSIONS)}; docs/wiring.md explains why")
        if entry.get("pre_alarm_level") and "pre_alarm" not in entry:
            what = "applies to a contact that is not wired"
            report(f"{at}.pre_alarm_level", what, "set pre_alarm, or remove the line")
        used = {value: name for name, value in ((n, entry[n]) for n in inputs)}
        if len(used) < len(inputs):
            report(at, "uses one digital input for two contacts", "wire each contact to an input of its own")
        for other in found:
            for service in {other.allow_to_charge, other.allow_to_discharge, other.pre_alarm} & used.keys():
                report(
                    f"{at}.{used[str(service)]}",
                    f"{service} is already an input of {other.name}",
                    "write the input it is wired to",
                )
        name = entry.get("name") or re.sub(r"\W+", "_", entry["model"]).strip("_").lower() or "bms"
        settings = {key: value for key, value in entry.items() if key not in ("model", "name")}
        if nominal is not None:
            settings.setdefault("nominal_voltage_v", int(nominal))
        terminals = Terminals(_called(entry["model"]), name, **settings)
        _check_model(terminals, inputs, at, report)
        if any(other.name == terminals.name for other in found):
            report(at, f"has the same name as another entry: {name}", "give each a `name:` of its own")
        found.append(terminals)
    return tuple(found)


PERMISSIONS: Final = ("allow_to_charge", "allow_to_discharge")
"""The contacts without which an entry is no BMS: `gxbridge wiring-test` refuses it too."""
CONTACTS: Final[Mapping[str, Terminal]] = {
    "allow_to_charge": "charge",
    "allow_to_discharge": "discharge",
    "pre_alarm": "pre-alarm",
}
"""Key of an entry below terminals -> the catalogue's name of that contact."""


def _called(model: str) -> str:
    """A model as the catalogue names it, however it is written; one that is not in it as it stands."""
    from gxbridge.models import catalogue

    found = catalogue().find(model)
    return model if found is None else found.name


def _check_model(terminals: Terminals, inputs: Sequence[str], at: str, report: _Report) -> None:
    """What the model of the catalogue really has."""
    from gxbridge.models import catalogue
    from gxbridge.models.installation import InstalledBms, check_installation

    wired = tuple(CONTACTS[name] for name in inputs)
    wanted = InstalledBms(terminals.model, terminals.nominal_voltage_v, terminals.batteries, terminals=wired)
    for problem in check_installation(wanted, catalogue()):
        key = problem.key if problem.key in ("model", "nominal_voltage_v", "batteries") else ""
        report(f"{at}.{key}" if key else at, problem.fact, problem.cure)


def _installation(
    entry: Mapping[str, Any], nominal: float | None, terminals: Sequence[Terminals], report: _Report
) -> InstalledBms | None:
    """What is installed, as far as it is said; the model's wired terminals count too."""
    if not entry:
        return None
    if "model" not in entry:
        report("installation", "has no model", "add `model:` with one of those that `gxbridge models` lists")
        return None
    from gxbridge.models import catalogue
    from gxbridge.models.installation import InstalledBms, check_installation

    volts = entry.get("nominal_voltage_v", None if nominal is None else int(nominal))
    same = [item for item in terminals if item.model == _called(entry["model"])]
    wired = {name for item in same for name in CONTACTS if getattr(item, name)}
    wanted = InstalledBms(
        *(entry["model"], volts, entry.get("batteries"), entry.get("dvcc", False), entry.get("alternator", "none")),
        terminals=tuple(CONTACTS[name] for name in CONTACTS if name in wired),
    )
    for problem in check_installation(wanted, catalogue()):
        if problem.key != "terminals":  # told where the terminals are
            key = {"control": "dvcc"}.get(problem.key, problem.key)
            report(f"installation.{key}", problem.fact, problem.cure)
    return wanted


def _readout(entries: list[dict[str, Any]], report: _Report, remark: _Report) -> tuple[Readout, ...]:
    found: list[Readout] = []
    for index, entry in enumerate(entries):
        if not {"address", "key"} <= entry.keys():
            continue
        address = entry["address"].upper()
        if any(other.address == address for other in found):
            report(f"readout[{index}].address", f"{address} is listed twice", "keep one of them")
        name = entry.get("name", address)
        if hide_keys(name) != name:  # it would stand in reasons, on D-Bus and in black boxes
            remark(f"readout[{index}].name", "looks like a key, and the address is shown instead", "write a name")
            name = address
        found.append(Readout(address, name, bytes.fromhex(entry["key"])))
    return tuple(found)
