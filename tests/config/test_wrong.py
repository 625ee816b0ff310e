"""What is wrong with a configuration is said with file, line, key and cure: all of it, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge import cli
from gxbridge.config import ConfigError, Overrides, load
from gxbridge.config.read_file import read_config
from gxbridge.config.schema import MAX_BYTES
from gxbridge.runtime.edge_findings import deprecation_findings
from tests.config.configs import loaded, problems

A, B = "com.victronenergy.digitalinput.input_1", "com.victronenergy.digitalinput.input_2"
WRONG = [
    ("publsh: bms", "c.yaml:1:publsh: unknown key; did you mean publish?"),
    ("mode: off", "c.yaml:1:mode: unknown key; did you mean dvcc.mode?"),
    ("xyzzy: 1", "c.yaml:1:xyzzy: unknown key; the keys of the file are can, dbus, dvcc, battery, banks, publish"),
    ("can:\n  - chanel: vecan0", "c.yaml:2:can[0].chanel: unknown key; did you mean channel?"),
    ("can:\n  - interface: virtual", "c.yaml:2:can[0].channel: is missing; add for example `channel: vecan0`"),
    ("can:\n  - vecan0", "c.yaml:2:can[0]: is text; write its keys: interface, channel, name, bitrate, options"),
    ("can: vecan0", "c.yaml:1:can: is text; write a list, each entry beginning with `- interface: ...`"),
    ("can: [{channel: 0}]", 'c.yaml:1:can[0].channel: 0 is a number; write it in quotes: "0"'),
    ("can: [{channel: }]", "c.yaml:1:can[0].channel: has no value; write text such as vecan0, or remove the line"),
    ("can: [{channel: [a]}]", "c.yaml:1:can[0].channel: is a list; write text such as vecan0"),
    ("can: [{channel: can0, name: 'can 0'}]", "c.yaml:1:can[0].name: 'can 0' is not a name of letters, digits and _"),
    ("can: [{channel: a, interface: socket}]", "'socket' is not a valid value; did you mean gxsocket? write one of"),
    ("can: [{channel: a, options: 5}]", "c.yaml:1:can[0].options: is a number; write `name: value` lines below it"),
    ("can: [{channel: a, options: {d: 2024-01-01}}]", "can[0].options: '2024-01-01' is a date; write text"),
    ("can: [{channel: a, options: {[1]: 2}}]", "can[0].options: a name is a list or a mapping"),
    ("can: [{channel: a, options: !!python/name:os.system {}}]", None),
    (
        "can: [{channel: a, options: {x: !!python/name:os.system ''}}]",
        "is tagged; write text",
    ),
    ("dvcc: {mode: of}", "c.yaml:1:dvcc.mode: 'of' is not a valid value; did you mean off? write one of off, monitor"),
    ("dvcc: {mode: false}", "c.yaml:1:dvcc.mode: 'false' is not a valid value"),
    ("dvcc: monitor", "c.yaml:1:dvcc: is text; write its keys indented below it: mode, profile"),
    (
        "dvcc: {max_charge_current_a: -5}",
        "dvcc.max_charge_current_a: -5 is out of range; write a number from 0 to 2000 A",
    ),
    ("dvcc: {max_charge_current_a: .nan}", "dvcc.max_charge_current_a: .nan is out of range"),
    ("dvcc: {max_charge_current_a: .inf}", "dvcc.max_charge_current_a: .inf is out of range"),
    (
        "dvcc: {max_charge_current_a: 60 A}",
        "dvcc.max_charge_current_a: '60 A' is text; write a number from 0 to 2000 A",
    ),
    ("dvcc: {max_charge_current_a: yes}", "dvcc.max_charge_current_a: 'yes' is yes or no"),
    ("battery: {instance: 1.5}", "battery.instance: 1.5 is not a whole number; write a whole number from 0 to 65535"),
    ("battery: {instance: 65536}", "battery.instance: 65536 is out of range; write a whole number from 0 to 65535"),
    ("battery: {custom_name: ''}", "battery.custom_name: is empty or has control characters"),
    ('battery: {custom_name: "a\\nb"}', "battery.custom_name: is empty or has control characters"),
    ("dvcc: {write_settings: maybe}", "c.yaml:1:dvcc.write_settings: 'maybe' is text; write yes or no"),
    (
        "dvcc: {switches: {voltage_windows: yes}}",
        "dvcc.switches.voltage_windows: unknown key; did you mean voltage_window?",
    ),
    ("dbus: system", "c.yaml:1:dbus: is text; write its keys indented below it: address"),
    ("dbus: {address: systm}", "dbus.address: 'systm' is not a D-Bus address; write for example system"),
    ("publish: none\npublish: bms", "c.yaml:2:publish: is set twice, first in line 1; keep one of them"),
    ("log: {modules: [can]}", "log.modules: is a list; write `name: level` lines below it; levels are debug, info"),
    (
        "log:\n  modules:\n",
        "c.yaml:2:log.modules: has no value; write `name: level` lines below it, or remove the line",
    ),
    ("log: {modules: {can: loud}}", "log.modules: can has the level 'loud'; write one of debug, info, warning, error"),
    ("log: {modules: {can: [debug]}}", "log.modules: can has the level a list; write one of debug, info"),
    ("log: {modules: {[can]: debug}}", "log.modules: a list is not the name of a part"),
    ("log: {modules: {'a b': info}}", "log.modules: 'a b' is not the name of a part"),
    ("? [a]\n: 1", "c.yaml:1:?: unknown key"),
    ("<<: {publish: none}", "c.yaml:1:<<: unknown key"),
    ("- a", "c.yaml:1: the file is a list; write `key: value` lines, such as `publish: bms`"),
    ("hello", "c.yaml:1: the file is text; write `key: value` lines"),
    ("readout: [{address: x, key: 00}]", "readout[0].address: 'x' is not a Bluetooth address; write for example C0:FF"),
    (
        "terminals: [{model: Small BMS, pre_alarm: input 1}]",
        "pre_alarm: 'input 1' is not the D-Bus service of a digital input",
    ),
    # what PyYAML's own constructors fall over
    ("battery: {instance: !!int ''}", "battery.instance: '' cannot be read as a number; write text (in quotes)"),
    ("battery: {instance: !!int x}", "battery.instance: 'x' cannot be read as a number"),
    ("battery: {instance: !!int '0b'}", "battery.instance: '0b' cannot be read as a number"),
    ("publish: bms\ntransmit: {allow_mode: !!bool x}", "c.yaml:2:transmit.allow_mode: 'x' cannot be read as yes or no"),
    ("dvcc: {max_charge_current_a: !!float x}", "dvcc.max_charge_current_a: 'x' cannot be read as a number"),
    ("dvcc: {max_charge_current_a: !!float ''}", "dvcc.max_charge_current_a: '' cannot be read as a number"),
    (f"dvcc: {{max_charge_current_a: {':'.join(['1'] * 300)}.0}}", "dvcc.max_charge_current_a: '1:1:1"),
    (
        f"dvcc: {{max_charge_current_a: 0x{'f' * 300}}}",
        "dvcc.max_charge_current_a: 0xffff... is too",
    ),
    (f"battery: {{instance: {'9' * 5000}}}", "battery.instance: '(hidden)' cannot be read as a number"),
    (f"battery: {{instance: {'9' * 500}}}", "battery.instance: 999999... is too large a number"),
    (f"dvcc: {{max_charge_current_a: {'12345678' * 4}}}", "dvcc.max_charge_current_a: 123456... is too large a number"),
    ('publish: "\\UFFFFFFFF"', "c.yaml:1: this is not valid YAML: an escape such as \\U or a version is out of range"),
    (f"%YAML 1.{'9' * 5000}\n---\n", "c.yaml:1: this is not valid YAML: an escape such as \\U or a version"),
    ("battery: {custom_name: !secret x}", "battery.custom_name: 'x' is tagged; write text"),
    ("battery: {instance: 1e400}", "battery.instance: '1e400' is text"),
    ("dvcc: {max_charge_current_a: -.inf}", "dvcc.max_charge_current_a: -.inf is out of range"),
    ("battery: {custom_name: !!timestamp x}", "battery.custom_name: 'x' is a date"),
    ("battery: {custom_name: !!binary '='}", "'=' is tagged; write text"),
    ("can: [{channel: a, options: {x: !!int ''}}]", "can[0].options: '' cannot be read as a number"),
    (f"can: [{{channel: a, options: {{x: 0x{'f' * 300}}}}}]", "can[0].options: 0xffff... is too large"),
    # not YAML, or not even text
    (
        "dvcc:\n\tmode: off",
        "c.yaml:2: this is not valid YAML: found character '\\t' that cannot start any token; indent with spaces",
    ),
    ("can: [", "c.yaml:1: this is not valid YAML: expected the node content"),
    ("a: 'b", "this is not valid YAML: found unexpected end of stream; check the indentation"),
    ("a: 1\n---\nb: 2", "c.yaml:2: this is not valid YAML: but found another document"),
    ("a: *b", "c.yaml:1: the alias (`*name`) has no anchor; write its anchor"),
    (b"a: \x00", "c.yaml:1: this is not valid YAML: special characters are not allowed"),
    (b"publish: bms\nbattery: {custom_name: caf\xe9}", "c.yaml:2: byte 0xE9 is not UTF-8; save the file as UTF-8"),
    ("[" * 1000, "c.yaml:1: lists or mappings are nested too deeply"),
    ("#" * (MAX_BYTES + 1), f"c.yaml:1: the file has {MAX_BYTES + 1} bytes; at most {MAX_BYTES} are read"),
    # contradictions
    ("notify: loud", "c.yaml:1:notify.level: 'loud' is not a valid value; write one of off, alarms, warnings"),
    ("notify: {hook: []}", "c.yaml:1:notify.hook: is an empty list; write the program and its arguments"),
    ("notify: {hook: [tell, x]}", "notify.hook: begins with 'tell'; write the whole path of the program first"),
    (
        'notify: {hook: [/bin/tell, "{message}"]}',
        "notify.hook: has {message}, which stands for nothing; write any of {state}, {id}, {severity}, {title}, {text}",
    ),
    ("notify: {hook: [/bin/tell, {text}]}", "notify.hook: has an entry that is a mapping"),
    (
        "can: [{channel: can0, bitrate: 250000}]",
        "can[0].bitrate: cannot be set with interface: socketcan, where",
    ),
    (
        "can: [{channel: can0}, {channel: /x/can0}]",
        "c.yaml:1:can[1]: has the same name as can[0]: can0; give each bus a",
    ),
    (
        "dvcc: {nominal_voltage_v: 36}",
        "dvcc.nominal_voltage_v: 36 V is not a supported nominal voltage; write 12, 24",
    ),
    (
        "dvcc: {nominal_voltage_v: 12, max_charge_voltage_v: 28}",
        "28 V contradicts nominal_voltage_v: 12; write a voltage from 10 to 16",
    ),
    (
        "dvcc: {nominal_voltage_v: 48, settings: {max_charge_voltage_v: 28}}",
        "dvcc.settings.max_charge_voltage_v: 28 V contradicts",
    ),
    (
        "dvcc: {profile: vendor, discharge_on_loss: stop}",
        "dvcc.discharge_on_loss: `stop` needs profile `strict`",
    ),
    ("dvcc: {other_banks: 2}", "is a number; write a list such as [2, HQ21302VUDQ]"),
    ("dvcc: {aggregates: [[1]]}", "has an entry that is a list; write a list such as [1]"),
    ("dvcc: {discharge_on_loss: stop, switches: {loss_stops_first: no}}", "`stop` needs profile `strict`"),
    (
        "transmit: {level: requests}\nlink: {broadcast: yes}",
        "link.broadcast: yes needs transmit.level: link or writes",
    ),
    (
        "transmit: {level: requests, allow_mode: yes}",
        "transmit.allow_mode: yes needs transmit.level: writes",
    ),
    (
        "plotters: {bus: vecan0}",
        "plotters.bus: needs a transmit level; write `transmit: requests`, or leave plotters out",
    ),
    (
        "plotters: {alerts: alarms}",
        "plotters.alerts: needs plotters.bus; name the bus of the plotters, or write `alerts: off`",
    ),
    (
        "transmit: requests\nplotters: {bus: can7}",
        "plotters.bus: there is no bus called can7; write one of the buses under can: vecan0",
    ),
    (
        "battery: {known: [{bus: can7, address: 1, unique_number: 1, product_id: 0xA3E5}]}",
        "there is no bus called can7; write one of the buses under can: vecan0",
    ),
    (
        "can: []\nbattery: {known: [{bus: can7, address: 1, unique_number: 1, product_id: 0xA3E5}]}",
        "none is configured",
    ),
    (
        "terminals: [{model: Small BMS}]",
        "terminals[0]: has no input; write at least one of allow_to_charge, allow_to_d",
    ),
    (
        f"terminals: [{{model: Small BMS, pre_alarm: {A}}}]",
        "terminals[0]: wires only the pre-alarm, which neither allows nor stops anything; write at least one",
    ),
    (
        "terminals: [{model: Small BMS, allow_to_charge: com.victronenergy.battery.x}]",
        "allow_to_charge: 'com.victronenergy.battery.x' is not the D-Bus service of a digital input; write for example",
    ),
    (
        f"terminals: [{{model: Small BMS, allow_to_charge: {A}, pre_alarm: {B}, pre_alarm_level: 2}}]",
        "terminals[0].pre_alarm_level: 2",
    ),
    (
        f"terminals: [{{model: Small BMS, allow_to_charge: {A}, pre_alarm_level: 1}}]",
        "terminals[0].pre_alarm_level: applies to a contact that is not wired; set pre_alarm",
    ),
    (
        f"terminals: [{{model: Small BMS, pre_alarm: {A}, allow_to_charge: {A}}}]",
        "terminals[0]: uses one digital input for two contacts",
    ),
    (
        f"terminals: [{{model: Small BMS, pre_alarm: {B}, allow_to_charge: {A}}}, "
        f"{{model: VE.Bus BMS, name: x, allow_to_charge: {A}}}]",
        f"terminals[1].allow_to_charge: {A} is already an input of small_bms",
    ),
    (
        f"terminals: [{{model: Small BMS, allow_to_charge: {A}}}, {{model: Small BMS, allow_to_charge: {B}}}]",
        "terminals[1]: has the same name as another entry: small_bms",
    ),
    (
        f"terminals: [{{model: Tiny BMS, allow_to_charge: {A}}}]",
        "terminals[0].model: 'Tiny BMS' is not a BMS model that gxbridge knows",
    ),
    (
        f"dvcc: {{nominal_voltage_v: 48}}\nterminals: [{{model: Smart BMS CL 12/100, allow_to_charge: {A}}}]",
        "terminals[0].nominal_voltage_v: the Smart BMS CL 12/100",
    ),
    (
        f"terminals: [{{model: BMS 12/200, allow_to_charge: {A}}}]",
        "terminals[0]: the BMS 12/200 has no charge terminal",
    ),
    (
        "installation: {model: Smart BMS CL 12/100, nominal_voltage_v: 48}",
        "installation.nominal_voltage_v: the Smart BMS CL 12/100 connects to a 12 V system, not to 48 V",
    ),
    ("installation: {model: Lynx Smart BMS, batteries: 21}", "installation.batteries: at most 20 batteries"),
    (
        "installation: {model: Smart BMS 12/200, dvcc: yes}",
        "installation.dvcc: the Smart BMS 12/200 cannot be controlled through a GX device (DVCC)",
    ),
    (
        "installation: {model: VE.Bus BMS V2, alternator: port}",
        "installation.alternator: the VE.Bus BMS V2 does not have an alternator port, nor any other provision",
    ),
    ("installation: {batteries: 2}", "installation: has no model"),
    ("installation: {model: Tiny BMS}", "installation.model: 'Tiny BMS' is not a BMS model"),
    (
        "readout:\n  - &r {address: 'C0:FF:EE:12:34:56', key: 0123456789abcdef0123456789abcdef}\n  - *r",
        "readout[1].address: C0:FF:EE:12:34:56 is listed twice",
    ),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[str(text)[:40] for text, _ in WRONG])
def test_what_is_wrong_is_said_with_line_key_and_cure(tmp_path: Path, text: str | bytes, said: str | None) -> None:
    if said is None:  # a mapping stays a mapping, whatever tag it has: nothing is ever constructed from a tag
        assert loaded(tmp_path, text).can[0].options == {}
        return
    found = problems(tmp_path, text)
    assert any(said in line for line in found), found
    assert all(line.startswith("c.yaml:") and "; " in line for line in found)


def test_all_problems_are_listed_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "publsh: x\ndvcc:\n  mode: of\n  max_charge_current_a: -1\ntransmit: {allow_mode: yes}\nlog: 5\n"
    found = problems(tmp_path, text, Overrides(dbus="x"))
    assert [line.partition(" ")[0] for line in found] == [
        "c.yaml:1:publsh:",
        "c.yaml:3:dvcc.mode:",
        "c.yaml:4:dvcc.max_charge_current_a:",
        "c.yaml:5:transmit.allow_mode:",
        "c.yaml:6:log:",
        "command",
    ]


def test_a_bare_off_is_the_word_off_though_yaml_takes_it_for_no(tmp_path: Path) -> None:
    config = loaded(tmp_path, "dvcc: {mode: off}\ntransmit:\n  level: off\n")
    assert (config.mode, config.transmit) == ("off", "off")


def test_a_key_is_never_shown_in_a_problem(tmp_path: Path) -> None:
    found = problems(tmp_path, "readout: [{address: 'C0:FF:EE:12:34:56', key: 5ec3e75ec3e7}]")
    assert "5ec3e7" not in "".join(found)
    assert "the value is not a key of 32 hexadecimal digits" in found[0]


def test_an_unreadable_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory; check the path"):
        load(str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(str(tmp_path))
    with pytest.raises(ConfigError, match="cannot be read"):
        load("a\0b")


BOMB = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{p: *a{i - 1}, q: *a{i - 1}, r: *a{i - 1}}}\n" for i in range(1, 30))


def test_a_bomb_of_aliases_is_refused_in_no_time(tmp_path: Path) -> None:
    inside = "can:\n  - channel: x\n    options:\n" + "".join(f"      {line}\n" for line in BOMB.splitlines())
    assert any("nested too deeply or repeats itself" in line for line in problems(tmp_path, inside))
    many = "can:\n  - &c {channel: x, name: y}\n" + "  - *c\n" * 6000
    assert any("more than 5000 entries" in line for line in problems(tmp_path, many))


def test_a_mapping_that_contains_itself_is_refused(tmp_path: Path) -> None:
    text = "can:\n  - channel: x\n    options: &o {again: *o}\n"
    assert any("nested too deeply or repeats itself" in line for line in problems(tmp_path, text))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (Overrides(can=("vcan0",)), "--can: 'vcan0' is not INTERFACE:CHANNEL; write for example socketcan:vcan0"),
        (Overrides(can=("socketcan:",)), "--can: 'socketcan:' is not INTERFACE:CHANNEL"),
        (Overrides(can=("foo:1",)), "--can: unknown interface 'foo'; write one of socketcan"),
        (Overrides(can=("socketcan:a", "virtual:a")), "--can: two buses are called a"),
        (Overrides(replay="none.log"), "--replay: none.log cannot be read: No such file or directory"),
        (Overrides(replay="none.log@x"), "--replay: 'x' is not a speed; write LOG, LOG@2 (twice as fast) or LOG@max"),
        (
            Overrides(replay=__file__, can=("virtual:a",)),
            "--replay: cannot be combined with --can; give a log or buses, not both",
        ),
        (Overrides(dbus="here"), "--dbus: 'here' is not a D-Bus address; write system, session or an address"),
    ],
)
def test_a_wrong_command_line_is_said_so(overrides: Overrides, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, overrides)
    assert said in str(caught.value)
    assert str(caught.value).startswith("command line:")


@given(st.binary(max_size=200))
def test_whatever_is_in_the_file_the_check_does_not_raise(raw: bytes) -> None:
    read_config(raw, "c.yaml")


PIECES = """can: - channel : { } [ ] &a *a dvcc mode off ' !!int << ? | > % @ 1 0x1 1e9 ~ , options log modules # \""""
YAMLISH = st.lists(st.sampled_from([*PIECES.split(), "  ", "\n", "- "]), max_size=30)


@given(YAMLISH)
def test_whatever_yaml_is_in_the_file_the_check_does_not_raise(pieces: list[str]) -> None:
    read_config("".join(pieces).encode(), "c.yaml")


def test_no_text_of_a_file_forges_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a\nb.yaml"
    path.write_text('"x\\nall is fine\\e[8m": 1\n')
    assert cli.main(["config", "check", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    path.write_text("publish: bms\n")
    for action in ("check", "show"):
        assert cli.main(["config", action, str(path)]) == 0
        assert "\nb.yaml" not in capsys.readouterr().out


def test_what_was_always_read_is_read_with_a_remark(tmp_path: Path) -> None:
    """Set twice below keys that are not ours: the last one counts, as in the releases before."""
    path = tmp_path / "c.yaml"
    path.write_text(
        "can:\n- channel: a\n  options: {x: 1, y: {z: 1, z: 2}, x: 2}\nlog:\n  modules: {can: info, can: debug}\n"
    )
    config = load(str(path))
    assert config.can[0].options == {"x": 2, "y": {"z": 2}}
    assert config.log_modules == {"can": "debug"}
    what = "is set twice; the last one counts; remove the others"
    said = [str(item.problem).removeprefix(f"{tmp_path}/") for item in config.deprecations]
    assert said == [
        f"c.yaml:3:can[0].options.y.z: {what}",
        f"c.yaml:3:can[0].options.x: {what}",
        f"c.yaml:5:log.modules.can: {what}",
    ]
    found = deprecation_findings(config.deprecations, 1.0)
    assert {(item.id, item.severity) for item in found} == {("key-doubtful", "warning")}
