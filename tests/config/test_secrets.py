"""A key of the readout section is nowhere to be seen: logs, `config show`, D-Bus, explanations, black boxes, errors."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gxbridge import cli
from gxbridge.config import ConfigError, load
from gxbridge.core.blackbox.box import lines
from gxbridge.core.bridge import Bridge
from gxbridge.core.channels.readout.advertisement import DeviceKey, KeyProblem
from gxbridge.runtime.assembly import setup_of
from tests.core.blackbox.test_play import BoxedBoat
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Reader, Service, wait_for
from tests.runtime.test_whole_service import write_log

KEY = "5ec2e75ec2e75ec2e75ec2e75ec2e7f0"
ADDRESS = "C0:FF:EE:12:34:56"
GOOD = f"readout:\n  - address: {ADDRESS}\n    key: {KEY}\n    name: Lynx\n"


def shows_the_key(text: str | bytes) -> bool:
    """Any eight digits of the key in a row, as hexadecimal, decimal bytes, Python bytes or base64, are too many."""
    seen = (text if isinstance(text, str) else text.decode("latin-1")).lower().replace(":", "").replace(" ", "")
    raw = bytes.fromhex(KEY)
    forms = [KEY[at : at + 8] for at in range(len(KEY) - 7)]
    forms += [str(list(raw))[1:-1].replace(" ", ""), repr(raw)[2:-1], repr(raw[1:9])[2:-1]]
    return any(form.lower() in seen for form in forms)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gxbridge.yaml"
    path.write_text(GOOD + f"blackbox:\n  folder: {tmp_path}/boxes\nlog:\n  level: debug\n")
    return path


def test_the_test_would_see_it() -> None:
    raw = bytes.fromhex(KEY)
    for text in (
        KEY.upper(),
        f"x{KEY[3:12]}y",
        ":".join(KEY[at : at + 2] for at in range(0, 32, 2)),
        repr(raw),
        raw.hex(),
    ):
        assert shows_the_key(text), text
    assert not shows_the_key("0123456789abcdef")


def test_nothing_made_from_the_configuration_shows_it_as_text(config: Path) -> None:
    loaded = load(str(config))
    setup = setup_of(loaded)
    bridge = Bridge(setup)
    for thing in (loaded, loaded.readout, setup, setup.readout_keys, vars(bridge), vars(bridge.channels)):
        assert not shows_the_key(f"{thing} {thing!r}")
    assert setup.readout_keys[ADDRESS].data.hex() == KEY, "it is there all the same"


@pytest.mark.parametrize("action", ["show", "check"])
def test_the_config_command_does_not_show_it(config: Path, action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["config", action, str(config)]) == 0
    said = capsys.readouterr()
    assert not shows_the_key(said.out + said.err)
    if action == "show":
        assert "(hidden)" in said.out


WRONG = {
    "too short": f"readout: [{{address: '{ADDRESS}', key: {KEY[:-1]}}}]",
    "too long": f"readout: [{{address: '{ADDRESS}', key: {KEY}00}}]",
    "not hexadecimal": f"readout: [{{address: '{ADDRESS}', key: {KEY[:-1]}g}}]",
    "a list": f"readout: [{{address: '{ADDRESS}', key: [{KEY}]}}]",
    "a mapping": f"readout: [{{address: '{ADDRESS}', key: {{{KEY}: 1}}}}]",
    "twice": f"readout: [{{address: '{ADDRESS}', key: {KEY}, key: {KEY}}}]",
    "the key as address": f"readout: [{{address: {KEY}, key: {KEY}}}]",
    "the key as a key": f"readout: [{{address: '{ADDRESS}', {KEY}: 1}}]",
    "the key as a section": f"{KEY}: 1",
    "the key as the section": f"readout: {KEY}",
    "the key in a list": f"readout: [{KEY}]",
    "the key as another value": f"dvcc: {{mode: {KEY}}}",
    "the key as a number": f"dvcc: {{max_charge_current_a: {KEY}}}",
    "open quotes": f"readout:\n  - address: '{ADDRESS}'\n    key: \"{KEY}\n",
    "open bracket": f"readout: [{{address: '{ADDRESS}', key: {KEY}",
    "a tab": f"readout:\n  - address: '{ADDRESS}'\n\tkey: {KEY}\n",
    "an alias": f"readout:\n  - address: '{ADDRESS}'\n    key: *{KEY}\n",
    "part of the key as an alias": f"readout:\n  - address: '{ADDRESS}'\n    key: *{KEY[:10]}\n",
    "part of the key as an anchor": f"a: &{KEY[:10]} 1\nb: &{KEY[:10]} 2\nc: [",
    "part of the key as a tag": f"a: !{KEY[:10]}! x",
    "part of the key as a tag of YAML": f"can: [{{channel: a, options: {{x: !!{KEY[:10]} y}}}}]",
    "wrong depth": f"readout:\n  - address: '{ADDRESS}'\n   key: {KEY}\n",
    "a colon too many": f"readout:\n  - address: '{ADDRESS}'\n    key: {KEY}: {KEY}\n",
}


@pytest.mark.parametrize("what", WRONG)
def test_no_error_about_a_configuration_shows_it(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG[what])
    with pytest.raises(ConfigError) as caught:
        load(str(path))
    assert not shows_the_key(f"{caught.value} {caught.value!r}")
    for command in (["config", "check"], ["config", "show"], ["run", "--config"]):
        assert cli.main([*command, str(path)]) == 2
        said = capsys.readouterr()
        assert not shows_the_key(said.out + said.err)


ELSEWHERE = {
    "readout name": f"readout: [{{address: '{ADDRESS}', key: {KEY}, name: {KEY}}}]",
    "with dashes": f"readout: [{{address: '{ADDRESS}', key: {KEY}, name: 'key {KEY[:8]}-{KEY[8:12]}-{KEY[12:]}'}}]",
    "battery name": f"battery: {{custom_name: {KEY}}}",
    "bus name": f"can: [{{channel: a, name: e{KEY[1:]}}}]",
    "option": f"can: [{{channel: a, options: {{{KEY}: [{KEY}]}}}}]",
    "terminals name": f"terminals: [{{model: Small BMS, name: e{KEY[1:]}, "
    "allow_to_charge: com.victronenergy.digitalinput.input_1}]",
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_key_pasted_where_a_name_belongs_is_not_shown(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pasted.yaml"
    path.write_text(ELSEWHERE[where])
    for action in ("check", "show"):
        assert cli.main(["config", action, str(path)]) == 0
        said = capsys.readouterr()
        assert not shows_the_key(said.out + said.err)
    if "readout" in ELSEWHERE[where]:
        assert "readout[0].name: looks like a key" in said.err
        assert list(setup_of(load(str(path))).readout_names.values()) == [ADDRESS]


@pytest.mark.parametrize("wrong", [KEY[:-1], KEY + "0", KEY[:-1] + "z"])
def test_no_error_about_a_key_shows_it(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyProblem) as caught:
        DeviceKey.from_text(wrong)
    assert not shows_the_key(f"{caught.value} {caught.value!r}")
    assert cli.main(["readout", "1002e5a30a34", "--key", wrong]) == 2
    said = capsys.readouterr()
    assert not shows_the_key(said.out + said.err)


def test_the_readout_command_does_not_show_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    for data in ("1002e5a30a34125e0011223344", "1002e5a30a3412005e11223344", "00"):
        cli.main(["readout", data, "--key-file", str(file)])
        said = capsys.readouterr()
        assert not shows_the_key(said.out + said.err)


def test_a_black_box_does_not_hold_it() -> None:
    boat = BoxedBoat(readout_keys={ADDRESS: DeviceKey.from_text(KEY)}, readout_names={ADDRESS: "Lynx"})
    boat.bridge.channels.hear(ADDRESS, bytes.fromhex("1002e5a30a34125e0011223344"), boat.now)
    boat.tick(120)
    frozen = boat.boxed.keep_now("command", "", boat.now)
    assert frozen is not None
    assert ADDRESS in repr(frozen.setup)
    assert not shows_the_key(b"\n".join(lines(frozen, "1", "d")))
    assert not shows_the_key(repr(frozen))


def test_the_running_service_shows_it_nowhere(config: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "boat.log", 60)
    with DBusDaemon() as bus:
        reader = Reader(bus.address)
        arguments = ("--config", str(config), "--replay", str(log), "--dbus", bus.address, "--verbose")
        with Service(tmp_path, *arguments) as service:
            reader.until(OWN, "/Limits/Ccl/Value", 200.0)
            service.process.send_signal(signal.SIGUSR1)
            boxes = tmp_path / "boxes"
            (box,) = wait_for(lambda: list(boxes.glob("*.gz")), lambda found: len(found) == 1, "boxes")
            for name in reader.names():
                assert not shows_the_key(json.dumps(reader.ask(name, "/"), default=str))
            explain = [sys.executable, "-m", "gxbridge", "explain", "--dbus", bus.address, "--json"]
            assert not shows_the_key(subprocess.run(explain, capture_output=True, check=True).stdout)
            command_line = Path(f"/proc/{service.process.pid}/cmdline").read_bytes()
            assert service.end() == 0
        assert not shows_the_key(service.log())
        assert not shows_the_key(gzip.decompress(box.read_bytes()))
        assert not shows_the_key(command_line)
