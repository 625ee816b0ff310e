"""What of the installation can be looked at without a GX: the scripts, the pins, the questions that they ask."""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from gxbridge.config import load
from gxbridge.doctor.bundle import LOG
from gxbridge.doctor.gather import USUAL_CONFIG
from gxbridge.runtime.assembly import GX_BOXES, GX_STATE
from gxbridge.state.state_file import FILE
from tests.boat.conftest import ROOT
from tests.boat.gx_services import gx_services
from tests.runtime.service import Reader

VENUS = ROOT / "service" / "venus"
PINS = (ROOT / "service" / "requirements-venus.txt").read_text()
SCRIPTS = [
    *sorted(path for path in VENUS.rglob("*.sh")),
    *(ROOT / "service" / name for name in ("run", "log/run")),
    *(
        VENUS / name
        for name in ("gxbridge", "setuphelper/services/gxbridge/run", "setuphelper/services/gxbridge/log/run")
    ),
]
SOLAR = "com.victronenergy.solarcharger.ttyO2"
SETTINGS = "com.victronenergy.settings"
Items = dict[str, int | float | str | None]


def helper(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A module of service/venus/gxbridge_venus, as the scripts run it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(VENUS), str(ROOT)))}
    command = [sys.executable, "-m", f"gxbridge_venus.{module}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


# --- scripts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_is_plain_sh(script: Path) -> None:
    text = script.read_text()
    subprocess.run(["sh", "-n", script], check=True)
    found = re.search(r"\[\[ |^\s*(?:local|function|declare) |<<<|&>|pipefail", text, re.MULTILINE)
    assert not found, f"{script} has {found and found[0]!r}, which is not POSIX"
    if script.name != "common.sh":
        assert text.startswith("#!/bin/sh\n")
        assert script.stat().st_mode & 0o111, f"{script} is not executable"


def test_scripts_and_doctor_mean_the_same_files() -> None:
    common = (VENUS / "common.sh").read_text()
    assert re.search(rf"^config={re.escape(str(USUAL_CONFIG))}$", common, re.MULTILINE)
    assert re.search(rf"^logs={re.escape(str(LOG.parent))}$", common, re.MULTILINE)
    assert re.search(rf"^boxes={re.escape(GX_BOXES)}( #|$)", common, re.MULTILINE)
    assert re.search(rf"^state={re.escape(f'{GX_STATE}/{Path(FILE).stem}')}( +#|$)", common, re.MULTILINE)
    assert str(USUAL_CONFIG) in (ROOT / "service" / "run").read_text()
    assert str(LOG.parent) in (ROOT / "service" / "log" / "run").read_text()


def test_the_ceiling_is_the_vendors() -> None:
    assert "softlimit -d 100000000 -s 1000000 -a 100000000" in (ROOT / "service" / "run").read_text()


def test_only_byte_code_is_made_without_ranges() -> None:
    """Asked for at run time as well, Python looks for them in every function that it loads."""
    assert re.search(
        r"^ *PYTHONNODEBUGRANGES=1 python3 -m compileall ", (VENUS / "install.sh").read_text(), re.MULTILINE
    )
    for script in ("run", "web/run"):
        assert not re.search(r"^[^#]*PYTHONNODEBUGRANGES", (ROOT / "service" / script).read_text(), re.MULTILINE)


# --- the page of the GX's screen -------------------------------------------------------------------------------------


def page_of(tmp_path: Path, call: str, *arguments: Path) -> list[str]:
    """What lies below /data/apps after a call of common.sh, links with where they lead."""
    apps = tmp_path / "apps"
    places = f"page={apps}/available/GxBridge; page_enabled={apps}/enabled/GxBridge"
    assert common(call, *arguments, also=places).returncode == 0
    found = [path for path in sorted(apps.rglob("*")) if path.is_symlink() or not path.is_dir()]
    names = (f"{path.relative_to(apps)}{f' -> {path.readlink()}' if path.is_symlink() else ''}" for path in found)
    return [name for name in names if not name.startswith("enabled/GxBridge/")]


def test_the_page_is_shown_once_and_stays_away_where_it_was_disabled(folder: Path, tmp_path: Path) -> None:
    assert page_of(tmp_path, "show_page", folder) == [], "a bundle without it"
    (folder / "service/gui-v2").mkdir(parents=True)
    (folder / "service/gui-v2/GxBridge.json").write_text("{}\n")
    file, link = "available/GxBridge/gui-v2/GxBridge.json", "enabled/GxBridge -> ../available/GxBridge"
    assert page_of(tmp_path, "show_page", folder) == [file, link]
    assert (tmp_path / "apps/enabled/GxBridge/gui-v2/GxBridge.json").read_text() == "{}\n"
    (tmp_path / "apps/enabled/GxBridge").unlink()
    (folder / "service/gui-v2/GxBridge.json").write_text("[]\n")
    assert page_of(tmp_path, "show_page", folder) == [file], "somebody disabled it"
    assert (tmp_path / "apps" / file).read_text() == "[]\n", "and has the new one when they enable it"
    (folder / "service/gui-v2/GxBridge.json").unlink()
    assert page_of(tmp_path, "show_page", folder) == [], "the next bundle has none"


def test_removing_the_page_leaves_other_pages_alone(folder: Path, tmp_path: Path) -> None:
    (folder / "service/gui-v2").mkdir(parents=True)
    (folder / "service/gui-v2/GxBridge.json").write_text("{}\n")
    other = tmp_path / "apps/available/Other/gui-v2/Other.json"
    other.parent.mkdir(parents=True)
    other.touch()
    assert len(page_of(tmp_path, "show_page", folder)) == 3
    assert page_of(tmp_path, "hide_page") == ["available/Other/gui-v2/Other.json"]
    other.unlink()
    other.parent.rmdir()
    other.parent.parent.rmdir()
    page_of(tmp_path, "hide_page")
    assert list((tmp_path / "apps").iterdir()) == []


# --- where a bundle comes from ---------------------------------------------------------------------------------------


def common(
    call: str, *arguments: Path, signer: Path | str = "/nowhere", path: str = "", also: str = ":"
) -> subprocess.CompletedProcess[str]:
    """A function of common.sh."""
    script = f'. {VENUS}/common.sh; signer={signer}; {also}; {call} "$@"'
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    return subprocess.run(["/bin/sh", "-c", script, "sh", *arguments], capture_output=True, text=True, env=environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle, unpacked."""
    made = tmp_path / "bundle"
    (made / "lib").mkdir(parents=True)
    for name in ("install.sh", "lib/__main__.py", "version"):
        (made / name).write_text(f"echo {name}\n")
    checksums(made)
    return made


def checksums(folder: Path) -> None:
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    rows = (f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (folder / "SHA256SUMS").write_text("".join(rows))


def signed(folder: Path, key: Path) -> None:
    """Sign it with this key, made when it is not there."""
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    for name in ("SHA256SUMS", "SHA256SUMS.sig"):
        (folder / name).unlink(missing_ok=True)
    (folder / "signer").write_bytes(bundle_maker().signer(str(key)))
    checksums(folder)
    sums = (folder / "SHA256SUMS").read_bytes()
    (folder / "SHA256SUMS.sig").write_bytes(bundle_maker().signature(str(key), sums))


def bundle_maker() -> Any:
    """packaging/bundle.py, which is no package's."""
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        return importlib.import_module("bundle")
    finally:
        sys.path.pop(0)


def test_a_bundle_is_exactly_the_files_it_lists(folder: Path) -> None:
    assert common("intact", folder).returncode == 0
    cache = folder / "lib" / "__pycache__"
    cache.mkdir()
    (cache / "x.pyc").touch()
    assert common("intact", folder).returncode == 0, "byte code is made here, and removed from what comes"


def extra_file(folder: Path) -> None:
    (folder / "lib" / "sitecustomize.py").write_text("raise SystemExit('as root')\n")


def unlisted_change(folder: Path) -> None:
    (folder / "install.sh").write_text("echo evil\n")
    rows = (folder / "SHA256SUMS").read_text().splitlines(keepends=True)
    (folder / "SHA256SUMS").write_text("".join(row for row in rows if "install.sh" not in row))


def malformed_line(folder: Path) -> None:
    extra_file(folder)
    with (folder / "SHA256SUMS").open("a") as sums:
        sums.write("not a checksum  lib/sitecustomize.py\n")


def link(folder: Path) -> None:
    (folder / "version").rename(folder.parent / "version")
    (folder / "version").symlink_to(folder.parent / "version")


def linked_folder(folder: Path) -> None:
    (folder / "lib").rename(folder.parent / "lib")
    (folder / "lib").symlink_to(folder.parent / "lib")


def missing_file(folder: Path) -> None:
    (folder / "version").unlink()


@pytest.mark.parametrize(
    "change",
    [extra_file, unlisted_change, malformed_line, link, linked_folder, missing_file],
    ids=lambda item: item.__name__,
)
def test_whatever_else_is_in_it_is_refused(folder: Path, change: Callable[[Path], None]) -> None:
    change(folder)
    assert common("intact", folder).returncode != 0


def test_who_signed_the_first_one_signs_the_next(folder: Path, tmp_path: Path) -> None:
    first = common("doubt", folder)
    assert (first.stdout, "not signed: nothing proves" in first.stderr) == ("", True)
    signed(folder, tmp_path / "key")
    assert common("intact", folder).returncode == 0
    assert common("doubt", folder).stdout == ""
    signer = tmp_path / "known"
    signer.write_bytes((folder / "signer").read_bytes())
    assert common("doubt", folder, signer=signer).stdout == ""
    signed(folder, tmp_path / "another key")
    assert "not signed with the key of the bundles" in common("doubt", folder, signer=signer).stdout
    (folder / "SHA256SUMS.sig").unlink()
    assert "is not signed, and signed bundles are installed" in common("doubt", folder, signer=signer).stdout


def test_a_signature_of_something_else_is_wrong(folder: Path, tmp_path: Path) -> None:
    signed(folder, tmp_path / "key")
    extra_file(folder)
    checksums_with_signature(folder)
    assert common("doubt", folder).stdout == "the signature of this bundle is wrong\n"


def checksums_with_signature(folder: Path) -> None:
    """Checksums that fit again beside the old signature."""
    signature = (folder / "SHA256SUMS.sig").read_bytes()
    for name in ("SHA256SUMS", "SHA256SUMS.sig"):
        (folder / name).unlink()
    checksums(folder)
    (folder / "SHA256SUMS.sig").write_bytes(signature)


def test_without_ssh_keygen_a_signed_bundle_is_in_doubt(folder: Path, tmp_path: Path) -> None:
    signed(folder, tmp_path / "key")
    (tmp_path / "bin").mkdir()
    assert "ssh-keygen is missing" in common("doubt", folder, path=str(tmp_path / "bin")).stdout


# --- an upgrade that does not run ------------------------------------------------------------------------------------


@pytest.fixture
def apps(tmp_path: Path) -> Path:
    """Two versions, of which the new one always ends at once."""
    for version, code in (
        ("old", "import os; print('old runs', os.environ.get('GXBRIDGE_UNDONE'))"),
        ("new", "raise SystemExit(1)"),
    ):
        (tmp_path / "versions" / version / "service").mkdir(parents=True)
        (tmp_path / "versions" / version / "lib").mkdir()
        (tmp_path / "versions" / version / "lib" / "__main__.py").write_text(code + "\n")
        (tmp_path / "versions" / version / "version").write_text(f"v-{version}\n")
        shutil.copy(ROOT / "service" / "run", tmp_path / "versions" / version / "service" / "run")
    (tmp_path / "current").symlink_to("versions/new")
    (tmp_path / "previous").symlink_to("versions/old")
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "run").symlink_to(tmp_path / "current" / "service" / "run")
    return tmp_path


def supervised(apps: Path) -> str:
    """One start, as supervise makes it."""
    folder = apps / "service"
    done = subprocess.run(
        [folder / "run"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PATH": f"{apps}/bin:{os.environ['PATH']}"},
    )
    return done.stdout


def test_five_quick_ends_after_an_upgrade_go_back_and_say_so(apps: Path) -> None:
    (apps / "upgraded").touch()
    for _ in range(5):
        assert os.readlink(apps / "current") == "versions/new"
        supervised(apps)
    said = supervised(apps)
    assert "back to the version before" in said
    assert "old runs v-new" in said
    assert (os.readlink(apps / "current"), os.readlink(apps / "previous")) == ("versions/old", "versions/new")
    assert not (apps / "upgraded").exists()
    assert "old runs v-new" in supervised(apps), "and it says so until the next installation"


def test_a_version_that_has_run_well_is_never_undone(apps: Path) -> None:
    (apps / "upgraded").touch()
    (apps / "service" / "starts").write_text("-100 0 0\n")
    (apps / "bin").mkdir()
    (apps / "bin" / "sleep").write_text("#!/bin/sh\n")
    (apps / "bin" / "sleep").chmod(0o755)
    for _ in range(8):
        supervised(apps)
    assert os.readlink(apps / "current") == "versions/new"
    assert not (apps / "upgraded").exists()


def test_without_an_upgrade_quick_ends_only_pause(apps: Path) -> None:
    (apps / "bin").mkdir()
    (apps / "bin" / "sleep").write_text("#!/bin/sh\n")
    (apps / "bin" / "sleep").chmod(0o755)
    said = [supervised(apps) for _ in range(6)]
    assert "next try in 30 s" in said[-1]
    assert os.readlink(apps / "current") == "versions/new"


# --- pins ------------------------------------------------------------------------------------------------------------


def test_the_pins_are_what_the_project_asks_for() -> None:
    pinned = dict(re.findall(r"^(\S+)==(\S+) \\$", PINS, re.MULTILINE))
    lowered = {name.lower().replace("_", "-"): version for name, version in pinned.items()}
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(lowered[wanted.name.lower()]), f"{line} and {pinned}: run packaging/pins.py"


def test_every_pin_has_a_hash_and_no_index_is_named() -> None:
    lines = [line for line in PINS.splitlines() if not line.startswith("#")]
    assert len(lines) % 2 == 0
    for pin, digest in zip(lines[::2], lines[1::2], strict=True):
        assert re.fullmatch(r"[\w.-]+==[\w.]+ \\", pin)
        assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", digest)
    assert "://" not in PINS


# --- the first configuration -----------------------------------------------------------------------------------------

EXAMPLE = ROOT / "service" / "gxbridge.example.yaml"


@pytest.mark.parametrize(
    ("ports", "channels"),
    [
        ({}, ["vecan0"]),
        ({"can0": 1}, ["can0"]),
        ({"can0": 2, "can1": 3, "vecan1": 5, "vecan0": 0}, ["can0", "vecan1"]),
        ({"can0": 3, "can1": 7}, ["vecan0"]),
    ],
)
def test_it_listens_on_the_ports_with_ve_can(
    bus: str, tmp_path: Path, ports: dict[str, int], channels: list[str]
) -> None:
    stored: Items = {f"/Settings/Canbus/{name}/Profile": profile for name, profile in ports.items()}
    with gx_services(bus, {SETTINGS: stored}):
        made = helper("first_config", str(EXAMPLE), bus)
    assert made.returncode == 0
    path = tmp_path / "gxbridge.yaml"
    path.write_text(made.stdout)
    assert [spec.channel for spec in load(str(path)).can] == channels
    if channels == ["vecan0"]:
        assert made.stdout == EXAMPLE.read_text()


def test_without_d_bus_it_is_the_example(tmp_path: Path) -> None:
    made = helper("first_config", str(EXAMPLE), f"unix:path={tmp_path}/nobody")
    assert made.returncode == 0
    assert made.stdout == EXAMPLE.read_text()
    assert "could not be asked" in made.stderr


# --- removing --------------------------------------------------------------------------------------------------------


def test_chargers_that_have_seen_a_bms_are_named_with_the_cure(bus: str) -> None:
    services: dict[str, Items] = {
        SOLAR: {"/ProductName": "SmartSolar", "/CustomName": "Roof", "/DeviceInstance": 279, "/Settings/BmsPresent": 1},
        "com.victronenergy.solarcharger.ttyO3": {"/ProductName": "Another", "/Settings/BmsPresent": 0},
        "com.victronenergy.solarcharger.ttyO5": {"/ProductName": "Unknown", "/Settings/BmsPresent": None},
        "com.victronenergy.alternator.ttyO4": {"/ProductName": "Orion XS", "/Settings/BmsPresent": 1},
        "com.victronenergy.battery.gxbridge_can0_uc1": {"/Settings/BmsPresent": 1},
    }
    with gx_services(bus, services):
        said = helper("chargers_with_bms", bus)
    assert said.returncode == 0
    assert re.findall(r"\* (.*)", said.stdout) == [
        "Orion XS (com.victronenergy.alternator.ttyO4)",
        "Roof (com.victronenergy.solarcharger.ttyO2, instance 279)",
    ]
    assert "BMS controlled, Reset" in said.stdout


@pytest.mark.parametrize(("active", "said"), [("com.victronenergy.battery.socketcan_can0", True), ("", False)])
def test_a_bms_that_stays_is_said(bus: str, active: str, said: bool) -> None:
    services: dict[str, Items] = {
        SOLAR: {"/ProductName": "SmartSolar", "/Settings/BmsPresent": 1},
        "com.victronenergy.system": {"/ActiveBmsService": active},
    }
    with gx_services(bus, services):
        assert ("goes on to tell them" in helper("chargers_with_bms", bus).stdout) is said


def test_where_no_charger_remembers_nothing_is_said(bus: str) -> None:
    with gx_services(bus, {SOLAR: {"/ProductName": "SmartSolar", "/Settings/BmsPresent": 0}}):
        said = helper("chargers_with_bms", bus)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_only_settings_of_ours_are_removed(bus: str) -> None:
    ours, other = "/Settings/Devices/gxbridge_uc1/ClassAndVrmInstance", "/Settings/Devices/x/ClassAndVrmInstance"
    with gx_services(bus, {SETTINGS: {ours: "battery:100", other: "battery:1"}}):
        assert "1 settings" in helper("forget_settings", bus).stdout
        assert helper("forget_settings", bus).stdout == ""
        assert Reader(bus).ask(SETTINGS, ours) == "absent"
        assert Reader(bus).ask(SETTINGS, other) == "battery:1"


def test_without_a_settings_service_there_is_nothing_to_remove(bus: str) -> None:
    said = helper("forget_settings", bus)
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize("module", ["chargers_with_bms", "forget_settings"])
def test_without_d_bus_it_says_so_and_fails(module: str, tmp_path: Path) -> None:
    said = helper(module, f"unix:path={tmp_path}/nobody")
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert "nobody" in said.stderr


def test_black_boxes_are_removed_where_the_configuration_has_them_and_nothing_else(tmp_path: Path) -> None:
    config, folder = tmp_path / "gxbridge.yaml", tmp_path / "boxes"
    folder.mkdir()
    for name in ("gxbox-000001-alarm.jsonl.gz", "gxbox-000002-bms-lost.jsonl.gz", "gxbox-000003-command.part", "mine"):
        (folder / name).touch()
    config.write_text(f"blackbox:\n  folder: {folder}\n")
    assert "3 black boxes were removed" in helper("forget_boxes", str(config)).stdout
    assert [path.name for path in folder.iterdir()] == ["mine"]
    (folder / "mine").unlink()
    assert helper("forget_boxes", str(config)).stdout == ""
    assert not folder.exists()
    said = helper("forget_boxes", str(config))
    assert (said.returncode, said.stdout) == (0, ""), "no folder, nothing to do"


@pytest.mark.parametrize("text", ["", "dvcc:\n  mode: monitor\n", None])
def test_without_a_folder_in_the_configuration_there_is_no_box_to_look_for(tmp_path: Path, text: str | None) -> None:
    config = tmp_path / "gxbridge.yaml"
    if text is not None:
        config.write_text(text)
    said = helper("forget_boxes", str(config))
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_a_configuration_with_a_fault_does_not_say_where_boxes_are(tmp_path: Path) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text("blackbox: {folder: /b, keep: much}\n")
    said = helper("forget_boxes", str(config))
    assert said.returncode == 1
    assert "gxbridge.yaml:1:blackbox.keep" in said.stderr
    assert "Traceback" not in said.stderr


def test_nothing_of_ours_lies_where_setuphelper_puts_its_package() -> None:
    """The package manager deletes and replaces /data/<package> as a whole."""
    own = [*VENUS.glob("*.sh"), ROOT / "service" / "run", ROOT / "service" / "gxbridge.example.yaml"]
    for path in (*own, ROOT / "gxbridge" / "runtime" / "assembly.py"):
        assert "/data/gxbridge" not in path.read_text(), path


def test_the_self_test_passes_here() -> None:
    assert helper("self_test").returncode == 0
