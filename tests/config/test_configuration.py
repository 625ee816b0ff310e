"""The configuration: defaults, then the file, then the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.config import Config, ConfigError, Overrides, Readout, Terminals, load
from gxbridge.config.build_config import bus_name
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.battery import Configured
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.edge.logs.replay import ReplaySpec
from gxbridge.models.installation import InstalledBms
from tests.config.configs import loaded


def test_without_a_file_there_is_one_can_port_the_system_bus_and_no_control() -> None:
    config = load()
    assert config == Config()
    assert config.can == (CanSpec("socketcan", "vecan0", "vecan0"),)
    assert (config.dbus_address, config.mode, config.publish, config.transmit) == ("system", "monitor", "bms", "off")
    assert config.options == Options.strict()


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "null\n", "dvcc:\n", "can:\n", "{}"])
def test_an_empty_file_or_section_means_the_defaults(tmp_path: Path, text: str) -> None:
    config = loaded(tmp_path, text)
    assert config == load().__class__(file=str(tmp_path / "c.yaml"))


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    assert loaded(tmp_path, b"\xef\xbb\xbfpublish: none\r\ndvcc:\r\n  mode: off\r\n").mode == "off"


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    text = "can: [{channel: can0}, {channel: can1}]\ndbus: {address: session}\nlog: {level: error}\n"
    assert [spec.name for spec in loaded(tmp_path, text).can] == ["can0", "can1"]
    overrides = Overrides(can=("virtual:x", "socketcan:vcan0"), dbus="unix:path=/run/bus", verbose=True)
    config = loaded(tmp_path, text, overrides)
    assert config.can == (CanSpec("virtual", "x", "x"), CanSpec("socketcan", "vcan0", "vcan0"))
    assert (config.dbus_address, config.log_level) == ("unix:path=/run/bus", "debug")


def test_a_replay_takes_the_place_of_the_buses(tmp_path: Path) -> None:
    (tmp_path / "boat.log").write_text("")
    config = load(None, Overrides(replay=f"{tmp_path}/boat.log@2"))
    assert (config.replay, config.can) == (ReplaySpec(f"{tmp_path}/boat.log", 2.0), ())


def test_everything_a_file_can_say_arrives(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """
can:
  - {interface: slcan, channel: /dev/ttyUSB0@115200, options: {listen_only: yes, tty_baudrate: 1000000}}
  - {channel: can0, name: vecan}
dvcc:
  mode: control
  profile: vendor
  nominal_voltage_v: 24
  max_charge_current_a: 120.5
  max_charge_voltage_v: 28
  settings: {dvcc: yes, max_charge_current_a: 60, shared_voltage_sense: no, bms_instance: -1}
battery:
  instance: 7
  custom_name: Häusle
  known: [{bus: vecan, address: 36, unique_number: 167120, product_id: 0xA3E5}]
publish: bms-neutral
transmit: {level: writes, allow_mode: true}
link: {broadcast: yes}
plotters: {bus: vecan, instance: 3, alerts: warnings}
log: {level: warning, modules: {can: debug}}
installation: {model: Small BMS, dvcc: yes, batteries: 2}
terminals:
  - {model: SmallBMS, allow_to_charge: com.victronenergy.digitalinput.input_1, batteries: 2}
readout: [{address: "c0:ff:ee:12:34:56", key: 0123456789abcdef0123456789ABCDEF}]
""",
    )
    assert config.can == (
        CanSpec("slcan", "/dev/ttyUSB0@115200", "ttyUSB0", 250_000, {"listen_only": True, "tty_baudrate": 1_000_000}),
        CanSpec("socketcan", "can0", "vecan"),
    )
    assert config.options == Options.vendor(nominal_voltage_v=24, max_charge_current_a=120.5, max_charge_voltage_v=28)
    assert (config.mode, config.publish) == ("control", "bms-neutral")
    assert config.user_settings == {
        "/Settings/Services/Bol": 1,
        "/Settings/SystemSetup/MaxChargeCurrent": 60,
        "/Settings/SystemSetup/SharedVoltageSense": 0,
        "/Settings/SystemSetup/BmsInstance": -1,
    }
    assert (config.instance, config.custom_name) == (7, "Häusle")
    assert config.known_batteries == (Configured("vecan", 36, 167120, 0xA3E5, 0),)
    assert (config.transmit, config.allow_mode, config.link_broadcast) == ("writes", True, True)
    assert (config.plotter_bus, config.plotter_instance, config.plotter_alerts) == ("vecan", 3, "warnings")
    assert (config.log_level, config.log_modules) == ("warning", {"can": "debug"})
    inputs = Terminals("Small BMS", "smallbms", 24, 2, "com.victronenergy.digitalinput.input_1")
    assert config.terminals == (inputs,)
    assert config.installation == InstalledBms("Small BMS", 24, 2, control=True, terminals=("charge",))
    key = bytes.fromhex("0123456789abcdef0123456789abcdef")
    assert config.readout == (Readout("C0:FF:EE:12:34:56", "C0:FF:EE:12:34:56", key),)


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("vecan0", "vecan0"),
        ("/dev/ttyUSB0", "ttyUSB0"),
        ("/dev/ttyUSB0@115200", "ttyUSB0"),
        ("239.74.163.2", "_239_74_163_2"),
        ("ff15:7079:7468:6f6e:6465:6d6f:6d63:6173", "ff15_7079_7468_6f6e_6465_6d6f_6d63_6173"),
        ("/tmp/demo/bus/", "bus"),
        ("/", "can"),
        ("é" * 100, "_" * 63),
    ],
)
def test_a_bus_gets_a_name_that_d_bus_accepts(channel: str, name: str) -> None:
    assert bus_name(channel) == name


def test_a_transmit_level_alone_is_short_for_its_section(tmp_path: Path) -> None:
    for text, level in (("requests", "requests"), ("off", "off"), ("{level: writes}", "writes")):
        path = tmp_path / "c.yaml"
        path.write_text(f"transmit: {text}\n")
        assert load(str(path)).transmit == level
    path.write_text("publish: bms\ntransmit: all\n")
    with pytest.raises(
        ConfigError, match=r"c.yaml:2:transmit.level: 'all' is not a valid value; write one of off, req"
    ):
        load(str(path))
