"""Install, boot, update, remove: gxbridge's life on a GX, supervised by daemontools. Run by `make check-slow`."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from gxbridge import __version__
from gxbridge.edge.can.gxsocket import SocketDirBus
from tests.boat.conftest import ROOT
from tests.boat.gx_services import gx_services
from tests.boat.venus import OLD_PYTHON, Python, Venus, python
from tests.core.boat import LYNX_SERVICE, RUNNING, claim, status, vreg
from tests.runtime.service import OWN, Reader, wait_for

APPS = "/data/apps/gxbridge"
CONFIG = "can:\n  - interface: gxsocket\n    channel: /data/wire\n    name: can0\nlog: {level: info}\n"
SOLAR = "com.victronenergy.solarcharger.ttyO2"
SETTINGS = "com.victronenergy.settings"


@pytest.fixture
def gx(unpacked: Path) -> Iterator[Venus]:
    """A running GX with the unpacked bundle in root's home, and a wire for CAN frames."""
    with Venus() as venus:
        shutil.copytree(unpacked, venus.data / "home" / "gxbridge", ignore=shutil.ignore_patterns("__pycache__"))
        (venus.data / "wire").mkdir()
        venus.boot()
        yield venus


@pytest.fixture(scope="session")
def installed_data(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/data after an installation: install.sh takes its time, and most tests begin after it."""
    kept = tmp_path_factory.mktemp("installed") / "data"
    with Venus() as venus:
        shutil.copytree(unpacked, venus.data / "home" / "gxbridge", ignore=shutil.ignore_patterns("__pycache__"))
        (venus.data / "wire").mkdir()
        (venus.data / "conf").mkdir()
        (venus.data / "conf/gxbridge.yaml").write_text(CONFIG)
        venus.boot()
        venus.done("sh /data/home/gxbridge/install.sh")
        venus.halt()
        shutil.rmtree(venus.data / "log")
        shutil.rmtree(venus.data / "wire")
        (venus.data / "wire").mkdir()
        shutil.copytree(venus.data, kept, symlinks=True)
    return kept


@pytest.fixture
def installed(installed_data: Path) -> Iterator[Venus]:
    """A running GX with gxbridge installed and listening to the wire; the bundle is still in root's home."""
    with Venus(data=installed_data) as venus:
        venus.boot()
        yield venus


def other_version(venus: Venus, version: str) -> str:
    """The bundle with another version number; returns its folder on the GX."""
    folder = venus.data / "home" / f"gxbridge-{version}"
    shutil.copytree(venus.data / "home" / "gxbridge", folder)
    for name, text in (("version", f"v{version}\n"), ("lib/gxbridge/__init__.py", f'__version__ = "{version}"\n')):
        (folder / name).write_text(text)
    sign(folder)
    return f"/data/home/{folder.name}"


def sign(folder: Path) -> None:
    """SHA256SUMS of a folder that was changed."""
    names = [line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    rows = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(rows))


def pid(venus: Venus) -> int:
    """The supervised process, 0 while there is none."""
    words = venus.sh("svstat /service/gxbridge").stdout.split()
    return int(words[words.index("(pid") + 1].rstrip(")")) if "(pid" in words else 0


def until_up(venus: Venus, version: str = __version__) -> None:
    Reader(venus.address).until(OWN, "/Mgmt/ProcessVersion", version, within_s=40)


def processes(venus: Venus) -> str:
    """All that run; what is dead and waits for svscan's next look is not among them."""
    return "\n".join(line for line in venus.done("ps").splitlines() if "[" not in line)


# --- install ---------------------------------------------------------------------------------------------------------


def test_it_installs_starts_and_logs(gx: Venus) -> None:
    said = gx.done("sh /data/home/gxbridge/install.sh")
    assert "a first configuration was written" in said
    assert ": up (pid " in said
    until_up(gx)
    assert ": up (pid " in gx.done("svstat /service/gxbridge/log")
    assert "*** starting gxbridge ***" in gx.log()
    assert "vecan0" in gx.log(), "the port that does not exist here is reported"
    assert gx.done(f"{APPS}/gxbridge --version") == f"gxbridge {__version__}\n"
    run_as = gx.done("ps | grep 'lib run' | grep -v grep")
    assert "--config /data/conf/gxbridge.yaml" in run_as
    page = "gui-v2/GxBridge.json"  # where Qt's tools were there when the bundle was made
    made = (gx.data / "home/gxbridge/service" / page).is_file()
    assert (gx.data / "apps/enabled/GxBridge" / page).is_file() == made
    # Byte code was made for this Python, so that a start writes nothing.
    assert list((gx.data / "apps/gxbridge/current/lib/gxbridge/runtime/__pycache__").glob("app.cpython-*.pyc"))
    assert not (gx.data / "home/gxbridge/lib/gxbridge/__pycache__").exists()


def test_the_commands_of_the_page_install_it_and_the_bundle_may_go(bundle: Path) -> None:
    """As docs/install.md has them, with the GX's own tar."""
    page = (ROOT / "docs" / "install.md").read_text()
    commands = [line.strip() for line in page.splitlines() if re.match(r" +(cd /data|rm -r) ", line)]
    assert len(commands) == 2
    with Venus() as gx:
        shutil.copyfile(bundle, gx.data / bundle.name)
        gx.boot()
        said = gx.done("\n".join(commands))
        assert "is installed" in said
        assert sorted(path.name for path in gx.data.iterdir()) == ["apps", "conf", "log", "rc.local"]
        until_up(gx)
        gx.reboot()
        until_up(gx)


def test_frames_become_a_battery_and_limits_hold(installed: Venus) -> None:
    reader = Reader(installed.address)
    until_up(installed)
    wire = SocketDirBus(str(installed.data / "wire"))
    try:

        def spoken() -> list[str]:
            for can_id, data in (claim(), status(), *(vreg(register, raw) for register, raw in RUNNING.items())):
                wire.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))
            return reader.names()

        wait_for(spoken, lambda names: LYNX_SERVICE in names, "names")
        reader.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", 200.0)
    finally:
        wire.shutdown()
    # What takes more memory than usual: a black box is written, by a thread.
    installed.done("svc -a /service/gxbridge")
    wait_for(lambda: list((installed.data / "log/gxbridge-blackbox").glob("*.gz")), bool, "a black box")
    limits = installed.done(f"cat /proc/{pid(installed)}/limits")
    for line in ("Max data size             100000000", "Max stack size            1000000"):
        assert line in limits
    assert "Max address space         100000000" in limits
    memory = dict(
        line.split(":") for line in installed.done(f"grep -E '^Vm' /proc/{pid(installed)}/status").splitlines()
    )
    used_kb = {name: int(text.split()[0]) for name, text in memory.items()}
    print(f"memory under the ceiling of 100 MB: {used_kb}")
    assert used_kb["VmPeak"] < 90_000, "room below the ceiling"
    assert used_kb["VmRSS"] < 42_000


def test_run_again_it_changes_nothing(installed: Venus) -> None:
    until_up(installed)
    before, first = installed.tree(), pid(installed)
    said = installed.done("sh /data/home/gxbridge/install.sh")
    assert "your configuration stays as it is" in said
    assert installed.tree() == before
    assert pid(installed) == first, "it was not even restarted"
    assert (installed.data / "rc.local").read_text().count("# gxbridge") == 1


def test_it_is_back_after_a_reboot_and_after_a_firmware_update(installed: Venus) -> None:
    until_up(installed)
    installed.halt()
    installed.boot("supervisor-first")
    until_up(installed)
    assert ": up (pid " in installed.done("svstat /service/gxbridge/log")
    before = installed.tree()
    installed.halt()
    installed.update("v3.72", python())  # also with another Python
    installed.boot()
    until_up(installed)
    assert {name: what for name, what in installed.tree().items() if "__pycache__" not in name} == {
        name: what for name, what in before.items() if "__pycache__" not in name
    }


def test_the_first_check_finds_all_well_and_then_what_is_not(installed: Venus) -> None:
    """`gxbridge doctor` as root on the GX, as the page on installing says."""
    until_up(installed)
    doctor = f"{APPS}/gxbridge doctor --seconds 0.1"
    with gx_services(installed.address, {SETTINGS: {"/Settings/Canbus/can1/Profile": 3}}):
        said = installed.sh(doctor)
        assert said.returncode == 0, said.stdout
        for line in (
            f"ok       gxbridge {__version__}, Python ",
            "Venus OS v3.66, einstein",
            "ok       /data/conf/gxbridge.yaml: gxsocket:/data/wire, mode monitor",
            f"ok       gxbridge {__version__} runs: monitor, profile strict",
            "ok       bus can0: ",
            "ok       can1: profile 3, CAN-bus BMS LV, 500 kbit/s: no VE.Can",
        ):
            assert line in said.stdout
        assert "packages-present" in installed.done(f"{doctor} --json --bundle /data/help.tar.gz 2>/dev/null")
        assert "gxbridge-doctor/log.txt" in installed.done("tar tzf /data/help.tar.gz")
        installed.done("rm /data/help.tar.gz; svc -d /service/gxbridge; sleep 2")
        said = installed.sh(doctor)
        assert said.returncode == 2
        assert "PROBLEM  /service/gxbridge is switched off" in said.stdout
        assert "svc -u /service/gxbridge starts it" in said.stdout
        (installed.data / "conf/gxbridge.yaml").write_text("dvcc: {mode: of}\n")
        installed.done("svc -u /service/gxbridge")
        said = installed.sh(doctor)
        assert said.returncode == 2
        assert "gxbridge.yaml:1:dvcc.mode" in said.stdout


# --- supervision -----------------------------------------------------------------------------------------------------


def test_svc_d_ends_it_within_two_seconds_and_svc_u_starts_it(installed: Venus) -> None:
    until_up(installed)
    script = "svc -d /service/gxbridge; sleep 2; svstat /service/gxbridge"
    assert ": down " in installed.done(script)
    assert OWN not in Reader(installed.address).names()
    installed.done("svc -u /service/gxbridge")
    until_up(installed)
    assert "Traceback" not in installed.log()


def test_it_is_started_again_after_kill_9(installed: Venus) -> None:
    until_up(installed)
    for _ in range(2):
        old = pid(installed)
        installed.done(f"kill -9 {old}")
        wait_for(lambda: pid(installed), lambda new, old=old: new not in (0, old), "pid")
        until_up(installed)


def test_a_crash_loop_pauses_and_ends_when_the_cause_does(installed: Venus) -> None:
    until_up(installed)
    config = installed.data / "conf/gxbridge.yaml"
    config.write_text("dvcc: {mode: of}\n")
    installed.done("rm -f /service/gxbridge/starts; svc -t /service/gxbridge")
    wait_for(installed.log, lambda log: "has ended 5 times" in log, "the log", within_s=60)
    assert "did you mean off?" in installed.log()
    starts = installed.log().count("*** starting")
    assert "sleep 30" in processes(installed)
    time.sleep(3)
    assert installed.log().count("*** starting") == starts
    config.write_text(CONFIG)
    installed.done("svc -t /service/gxbridge")
    until_up(installed)
    script = "svc -d /service/gxbridge; sleep 2; svstat /service/gxbridge"
    assert ": down " in installed.done(script)
    assert "sleep 30" not in processes(installed)


def test_the_log_stays_small(installed: Venus) -> None:
    """The logger gets far more than gxbridge ever says."""
    until_up(installed)
    installed.done(
        "svc -d /service/gxbridge/log; sleep 1; for i in $(seq 4000); do echo 'a line of a log on level debug'; done"
        " | sh /data/apps/gxbridge/current/service/log/run"
    )
    assert int(installed.done("du -sk /data/log/gxbridge").split()[0]) < 200


# --- other versions --------------------------------------------------------------------------------------------------


def test_upgrade_and_downgrade_keep_the_configuration(installed: Venus) -> None:
    until_up(installed)
    config = (installed.data / "conf/gxbridge.yaml").read_bytes()
    newer, newest = other_version(installed, "8.0.0"), other_version(installed, "9.0.0")
    for folder, version in ((newer, "8.0.0"), (newest, "9.0.0"), ("/data/home/gxbridge", __version__)):
        installed.done(f"sh {folder}/install.sh")
        until_up(installed, version)
        kept = installed.done(f"ls {APPS}/versions").split()
        assert len(kept) == 2, "this one and the one before"
    assert (installed.data / "conf/gxbridge.yaml").read_bytes() == config
    # Back to what ran before, without its bundle.
    installed.done(f"sh {APPS}/previous/install.sh")
    until_up(installed, "9.0.0")
    installed.reboot()
    until_up(installed, "9.0.0")


def test_a_configuration_that_the_new_version_refuses_stops_the_upgrade(installed: Venus) -> None:
    until_up(installed)
    newer = other_version(installed, "9.0.0")
    (installed.data / "conf/gxbridge.yaml").write_text("dvcc: {mode: of}\n")
    result = installed.sh(f"sh {newer}/install.sh")
    assert result.returncode == 1
    assert "gxbridge.yaml:1:dvcc.mode" in result.stdout
    assert "9.0.0" not in installed.done(f"ls {APPS}/versions")
    until_up(installed)


def test_a_refused_downgrade_keeps_the_version_before(installed: Venus) -> None:
    until_up(installed)
    installed.done(f"sh {other_version(installed, '9.0.0')}/install.sh")
    until_up(installed, "9.0.0")
    (installed.data / "conf/gxbridge.yaml").write_text("dvcc: {mode: of}\n")
    before = installed.tree()
    assert installed.sh(f"sh {APPS}/previous/install.sh").returncode == 1
    assert installed.tree() == before


@pytest.mark.parametrize("after_s", [0.3, 1.5, 3.0])
def test_a_power_cut_during_an_upgrade_leaves_a_version_that_runs(installed: Venus, after_s: float) -> None:
    until_up(installed)
    newer = other_version(installed, "9.0.0")
    installed.done(f"sh {newer}/install.sh >/data/log/upgrade 2>&1 &")
    time.sleep(after_s)
    installed.reboot()
    reader = Reader(installed.address)
    reader.until(OWN, "/Mgmt/ProcessVersion", lambda version: version in (__version__, "9.0.0"), within_s=40)
    installed.done(f"sh {newer}/install.sh")
    until_up(installed, "9.0.0")
    assert ".new" not in installed.done(f"ls -A {APPS} {APPS}/versions /data/conf /data")


def test_a_damaged_copy_is_replaced(installed: Venus) -> None:
    until_up(installed)
    module = installed.data / "apps/gxbridge/current/lib/gxbridge/runtime/app.py"
    module.write_text("raise SystemExit\n")
    assert "damaged" in installed.done("sh /data/home/gxbridge/install.sh")
    assert module.stat().st_size > 1000


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "python", "reason"),
    [
        ("v3.55", None, "v3.60 or newer"),
        ("nonsense", None, "v3.60 or newer"),
        ("", None, "this is not Venus OS"),
        ("v3.66", OLD_PYTHON, "needs Python 3.11 or newer, this is Python 3.8.13"),
    ],
)
def test_an_unsupported_system_is_refused_with_a_reason(
    unpacked: Path, version: str, python: Python | None, reason: str
) -> None:
    with Venus(version, python) as gx:
        if not version:
            (gx.root / "opt/victronenergy/version").unlink()
        shutil.copytree(unpacked, gx.data / "home", ignore=shutil.ignore_patterns("__pycache__"))
        gx.boot()
        before = gx.tree()
        result = gx.sh("sh /data/home/install.sh")
        assert result.returncode == 1
        assert reason in result.stdout
        assert gx.tree() == before
        assert processes(gx).count("supervise") == 1
        if python is None:
            assert "continuing because of --force" in gx.done("sh /data/home/install.sh --force")
            assert pid(gx)


def test_a_damaged_bundle_a_checkout_and_a_full_disk_are_refused(gx: Venus) -> None:
    before = gx.tree()
    changed = gx.data / "home/gxbridge/lib/can/bus.py"
    text = changed.read_bytes()
    changed.write_bytes(text + b"# changed on the way\n")
    result = gx.sh("sh /data/home/gxbridge/install.sh")
    assert result.returncode == 1
    assert "damaged" in result.stdout
    changed.write_bytes(text)
    sums = gx.data / "home/gxbridge/SHA256SUMS"
    sums.rename(sums.with_name("elsewhere"))
    assert "make bundle" in gx.sh("sh /data/home/gxbridge/install.sh").stdout
    sums.with_name("elsewhere").rename(sums)
    gx.done("cp -R /data/home /tmp/home && mount -t tmpfs -o size=4m tmpfs /data")
    result = gx.sh("sh /tmp/home/gxbridge/install.sh")
    assert result.returncode == 1
    assert "kB free" in result.stdout
    assert gx.tree() == before


def test_a_python_with_a_part_missing_is_refused_by_name(gx: Venus) -> None:
    gx.done(
        """mkdir /tmp/broken && echo "raise ModuleNotFoundError('no', name='_sqlite3')" > /tmp/broken/__init__.py"""
        """ && mount --bind /tmp/broken "$(python3 -c 'import sqlite3; print(sqlite3.__path__[0])')" """
    )
    result = gx.sh("sh /data/home/gxbridge/install.sh")
    assert result.returncode == 1
    assert "opkg install python3-sqlite3" in result.stdout
    assert not (gx.data / "apps").exists()
    assert not (gx.data / "rc.local").exists()


def test_two_installers_do_not_meet(gx: Venus) -> None:
    gx.done("mkdir /run/gxbridge-install")
    result = gx.sh("sh /data/home/gxbridge/install.sh")
    assert result.returncode == 1
    assert "another install.sh" in result.stdout
    gx.done("rmdir /run/gxbridge-install")
    gx.done("sh /data/home/gxbridge/install.sh")
    assert gx.sh("[ -e /run/gxbridge-install ]").returncode == 1


def test_firmware_with_an_old_python_is_said_and_not_started(installed: Venus) -> None:
    until_up(installed)
    installed.halt()
    installed.update("v3.55", OLD_PYTHON)
    installed.boot()
    assert "needs Python 3.11" in (installed.data / "log/rc.local").read_text()
    assert "needs Python 3.11" in (installed.data / "log/gxbridge/refused").read_text()
    assert "gxbridge" not in installed.done("ls -A /service")
    installed.halt()
    installed.update("v3.66")
    installed.boot()
    until_up(installed)
    assert not (installed.data / "log/gxbridge/refused").exists()


# --- rc.local --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    ["#!/bin/sh\ntouch /tmp/mine\nexit 0\n", "#!/bin/sh -e\nfalse || true\ntouch /tmp/mine", "touch /tmp/mine\n"],
)
def test_what_was_in_rc_local_runs_and_comes_back(gx: Venus, before: str) -> None:
    hook = gx.data / "rc.local"
    hook.write_text(before)
    hook.chmod(0o755)
    gx.done("sh /data/home/gxbridge/install.sh")
    gx.reboot()
    until_up(gx)
    gx.done("[ -e /tmp/mine ]")
    gx.done(f"sh {APPS}/uninstall.sh")
    assert hook.read_text().removeprefix("#!/bin/sh\n") == before.removeprefix("#!/bin/sh\n")
    assert stat.S_IMODE(hook.stat().st_mode) == 0o755


def test_disabled_hooks_are_left_alone(gx: Venus) -> None:
    disabled = gx.data / "rc.local.disabled"
    disabled.write_text("#!/bin/sh\ntouch /tmp/mine\n")
    assert "rc.local.disabled is left as it is" in gx.done("sh /data/home/gxbridge/install.sh")
    gx.reboot()
    until_up(gx)
    assert gx.sh("[ -e /tmp/mine ]").returncode == 1
    assert disabled.read_text() == "#!/bin/sh\ntouch /tmp/mine\n"


# --- remove ----------------------------------------------------------------------------------------------------------


def test_removed_it_leaves_nothing(gx: Venus) -> None:
    before = gx.tree()
    around = processes(gx).count("\n")
    gx.done("sh /data/home/gxbridge/install.sh")
    until_up(gx)
    gx.done("svc -a /service/gxbridge")
    boxes = gx.data / "log/gxbridge-blackbox"
    wait_for(lambda: list(boxes.glob("gxbox-*.gz")), bool, "a black box")
    said = gx.done(f"sh {APPS}/uninstall.sh")
    assert "gxbridge is removed" in said
    assert gx.tree() == before
    assert not [path for path in (gx.data / "log").iterdir() if "gxbridge" in path.name]
    assert "gxbridge" not in gx.done("ls -A /service /run")
    assert processes(gx).count("\n") == around
    assert OWN not in Reader(gx.address).names()
    # Once more, from the bundle: nothing to do, and no complaint.
    assert "gxbridge is removed" in gx.done("sh /data/home/gxbridge/uninstall.sh")
    gx.done("sh /data/home/gxbridge/install.sh")
    until_up(gx)


def test_the_configuration_stays_when_wished(installed: Venus) -> None:
    until_up(installed)
    installed.done(f"sh {APPS}/uninstall.sh --keep-config")
    assert (installed.data / "conf/gxbridge.yaml").read_text() == CONFIG
    assert not (installed.data / "apps").exists()


def test_black_boxes_in_a_folder_of_ones_own_go_as_well(installed: Venus) -> None:
    until_up(installed)
    (installed.data / "conf/gxbridge.yaml").write_text(CONFIG + "blackbox: {folder: /data/usb/boxes}\n")
    old = pid(installed)
    installed.done("svc -t /service/gxbridge")
    wait_for(lambda: pid(installed), lambda new: new not in (0, old), "pid")
    until_up(installed)
    installed.done("svc -a /service/gxbridge")
    wait_for(lambda: list((installed.data / "usb/boxes").glob("gxbox-*.gz")), bool, "a black box")
    (installed.data / "usb/mine").touch()
    assert "black boxes were removed from /data/usb/boxes" in installed.done(f"sh {APPS}/uninstall.sh")
    assert [path.name for path in (installed.data / "usb").iterdir()] == ["mine"]


def test_a_service_that_is_gone_already_does_not_stop_the_removal(installed: Venus) -> None:
    until_up(installed)
    installed.done("svc -dx /service/gxbridge /service/gxbridge/log; rm -rf /service/gxbridge")
    installed.done(f"sh {APPS}/uninstall.sh")
    assert not (installed.data / "apps").exists()


def test_chargers_that_remember_a_bms_are_named_and_settings_removed(installed: Venus) -> None:
    until_up(installed)
    battery = "/Settings/Devices/gxbridge_uc167120/ClassAndVrmInstance"
    other = "/Settings/Devices/cgwacs_uc1/ClassAndVrmInstance"
    services: dict[str, dict[str, int | float | str | None]] = {
        SOLAR: {"/ProductName": "SmartSolar 150/35", "/DeviceInstance": 279, "/Settings/BmsPresent": 1},
        "com.victronenergy.solarcharger.ttyO3": {"/ProductName": "Another", "/Settings/BmsPresent": 0},
        "com.victronenergy.alternator.ttyO4": {"/CustomName": "Port engine", "/Settings/BmsPresent": 1},
        "com.victronenergy.tank.can0": {"/ProductName": "Tank"},
        SETTINGS: {battery: "battery:100", other: "battery:2"},
    }
    with gx_services(installed.address, services):
        said = installed.done(f"sh {APPS}/uninstall.sh")
        reader = Reader(installed.address)
        assert reader.ask(SETTINGS, battery) == "absent"
        assert reader.ask(SETTINGS, other) == "battery:2"
    assert "SmartSolar 150/35 (com.victronenergy.solarcharger.ttyO2, instance 279)" in said
    assert "Port engine (com.victronenergy.alternator.ttyO4)" in said
    assert "Another" not in said
    assert "BMS controlled, Reset" in said
    assert "1 settings of its batteries were removed" in said


def test_with_another_bms_nothing_needs_to_be_done(installed: Venus) -> None:
    services: dict[str, dict[str, int | float | str | None]] = {
        SOLAR: {"/ProductName": "SmartSolar 150/35", "/DeviceInstance": 279, "/Settings/BmsPresent": 1},
        "com.victronenergy.system": {"/ActiveBmsService": "com.victronenergy.battery.socketcan_can0"},
    }
    with gx_services(installed.address, services):
        said = installed.done(f"sh {APPS}/uninstall.sh --keep-config")
    assert "goes on to tell them about com.victronenergy.battery.socketcan_can0" in said


# --- the first configuration -----------------------------------------------------------------------------------------


def test_the_first_configuration_listens_where_ve_can_is(gx: Venus) -> None:
    ports: dict[str, int | float | str | None] = {
        "/Settings/Canbus/can0/Profile": 2,
        "/Settings/Canbus/can1/Profile": 3,
        "/Settings/Canbus/vecan1/Profile": 5,
    }
    with gx_services(gx.address, {SETTINGS: ports}):
        assert "VE.Can is on can0, vecan1" in gx.done("sh /data/home/gxbridge/install.sh")
    shown = gx.done(f"{APPS}/gxbridge config show /data/conf/gxbridge.yaml")
    assert "can0" in shown
    assert "vecan1" in shown
    assert "vecan0" not in shown
    until_up(gx)


# --- SetupHelper -----------------------------------------------------------------------------------------------------

HELPERS = """
# What gxbridge's setup uses of SetupHelper, in the way its PackageDevelopmentGuidelines describe it.
scriptAction=${1:-NONE}
scriptAction=$(echo "$scriptAction" | tr a-z A-Z)
scriptDir=/data/gxbridge
standardActionPrompt() { scriptAction=INSTALL; }
endScript() {
    if [ "$scriptAction" = INSTALL ]; then
        for each in "$scriptDir"/services/*; do cp -R "$each" /service/; done
    else
        svc -dx /service/gxbridge /service/gxbridge/log
        rm -rf /service/gxbridge
    fi
    exit 0
}
"""


def test_the_folder_is_a_setuphelper_package_too(gx: Venus) -> None:
    helpers = gx.data / "SetupHelper/HelperResources/IncludeHelpers"
    helpers.parent.mkdir(parents=True)
    helpers.write_text(HELPERS)
    gx.done("mv /data/home/gxbridge /data/gxbridge")
    package = gx.data / "gxbridge"
    assert (package / "version").read_text() == f"v{__version__}\n"
    assert (package / "firstCompatibleVersion").read_text() == "v3.60\n"
    assert (package / "setup").stat().st_mode & 0o111
    gx.done("/usr/bin/bash /data/gxbridge/setup install")
    assert (gx.data / "conf/gxbridge.yaml").exists()
    until_up(gx)
    assert ": up (pid " in gx.done("svstat /service/gxbridge/log")
    gx.done("/usr/bin/bash /data/gxbridge/setup uninstall")
    wait_for(lambda: OWN in Reader(gx.address).names(), False, "name on the bus")
    assert "gxbridge is removed" in gx.done("sh /data/gxbridge/uninstall.sh")
    assert not (gx.data / "conf/gxbridge.yaml").exists()
    assert not (gx.data / "log/gxbridge").exists()
    gx.done("/data/gxbridge/gxbridge --version")
    gx.done("mkdir -p /data/apps/gxbridge")
    assert gx.sh("/usr/bin/bash /data/gxbridge/setup install").returncode == 1
