"""Makes `dist/gxbridge-VERSION-venus.tar.gz`: one file that a GX device runs with nothing but its own Python.

    python packaging/bundle.py [--into DIST]

SIGNING_KEY=FILE in the environment names an SSH key (`ssh-keygen -t ed25519`), or the .pub of one that an agent holds:
its checksums are signed with it. Without it the bundle is not signed, and says so.

Everything in it is text: the packages that gxbridge needs are unpacked from hash-pinned wheels without their compiled
parts. The same input gives the same bytes: names sorted, one time for all files, no owner.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from pins import COMPILED, PINS, ROOT, WEB_PINS, pip, target

FIRST_VENUS = "v3.60"
"""Venus OS with Python 3.12 (meta-victronenergy, scarthgap)."""

SCRIPTS = ("gxbridge", "install.sh", "uninstall.sh")
"""From service/venus/ to the top: what a person starts."""
SERVICE = ("run", "log/run", "web/run", "web/log/run", "gxbridge.example.yaml")
PAGES = ("LICENSE", "CHANGELOG.md")
SAMPLE_BOX = "docs/examples/boat-box.jsonl.gz"
"""The one file that is no text: `gxbridge sample` gives a box as it is written on a boat."""
NO_QT = 3
"""Exit code of gui.py where Qt's tools are not here."""

NO_CODE = (".so", ".pyd", ".dll", ".pyc", ".pyi", ".gz")
LICENCE_WORDS = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")
HOMES = ("homepage", "home", "source", "source code", "repository", "documentation")
DEFAULT_TIME = 1_700_000_000
"""For a tree without git; only a date shown by `ls`."""

Files = dict[str, bytes]
"""Path in the bundle -> content."""


def version() -> str:
    scope: dict[str, str] = {}
    for line in (ROOT / "gxbridge" / "__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            scope["version"] = line.split('"')[1]
    return scope["version"]


def moment() -> int:
    """The time of all files: SOURCE_DATE_EPOCH, else of the newest commit, else a fixed one."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    try:
        command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return DEFAULT_TIME


def tree(folder: Path, under: str, *, skip: tuple[str, ...] = ()) -> Files:
    """Every file of a folder but byte code, hidden and temporary ones."""
    found: Files = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        unwanted = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not unwanted and path.suffix not in (*NO_CODE, ".tmp") and parts[0] not in skip:
            found[f"{under}/{PurePosixPath(*parts)}"] = path.read_bytes()
    return found


# --- gxbridge --------------------------------------------------------------------------------------------------------


def own_files() -> Files:
    """The package with its compiled database, the service, and what installs them."""
    package = tree(ROOT / "gxbridge", "lib/gxbridge")
    if "lib/gxbridge/_candb.py" not in package:
        raise SystemExit("gxbridge/_candb.py is missing: run `make build`")
    files = package | tree(ROOT / "docs", "docs", skip=("architecture.md", "modules.md"))  # the source tree
    venus = ROOT / "service" / "venus"
    files |= tree(venus, "service/venus", skip=(*SCRIPTS, "top", "gxbridge_venus", "setuphelper"))
    files |= tree(venus / "gxbridge_venus", "lib/gxbridge_venus")
    files |= {name: (venus / name).read_bytes() for name in SCRIPTS}
    files |= {path.name: path.read_bytes() for path in sorted((venus / "top").iterdir())}
    files |= {f"service/{name}": (ROOT / "service" / name).read_bytes() for name in SERVICE}
    files |= {name: (ROOT / name).read_bytes() for name in (*PAGES, SAMPLE_BOX)}
    files["lib/__main__.py"] = files.pop("service/venus/start.py")
    files |= tree(ROOT / "packaging" / "licenses", "licenses")
    files |= own_metadata()
    files |= gui_page()
    files |= setup_helper()
    return files


def gui_page() -> Files:
    """The page for the GX's screen; none where Qt's tools are not here, which is said."""
    with tempfile.TemporaryDirectory(prefix="gxgui") as folder:
        command = [sys.executable, str(ROOT / "packaging" / "gui.py"), folder]
        ours = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=ours)
        if done.returncode == NO_QT:
            print(f"without the page for the GX's screen: {done.stderr.strip()}")
            return {}
        if done.returncode:
            raise SystemExit(f"the page for the GX's screen cannot be made: {done.stderr.strip()}")
        return {f"service/gui-v2/{path.name}": path.read_bytes() for path in sorted(Path(folder).iterdir())}


def own_metadata() -> Files:
    """What importlib.metadata needs: the version, and the CAN interface of ours that python-can looks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = f"lib/gxbridge-{version()}.dist-info"
    lines = ["Metadata-Version: 2.1", "Name: gxbridge", f"Version: {version()}", f"Summary: {project['description']}"]
    points = []
    for group, entries in project["entry-points"].items():
        points += [f"[{group}]", *(f"{name} = {where}" for name, where in entries.items())]
    return {
        f"{folder}/METADATA": ("\n".join(lines) + "\n").encode(),
        f"{folder}/entry_points.txt": ("\n".join(points) + "\n").encode(),
    }


def setup_helper() -> Files:
    """The files by which kwindrem's SetupHelper takes the same folder for a package of its own.

    `setup` and `services/` lie in service/venus/; the repository it would fetch updates from is known only to who
    publishes one: GITHUB_INFO=user:branch.
    """
    files = {"version": f"v{version()}\n".encode(), "firstCompatibleVersion": f"{FIRST_VENUS}\n".encode()}
    where = os.environ.get("GITHUB_INFO")
    if where:
        files["gitHubInfo"] = f"{where}\n".encode()
    for path, content in tree(ROOT / "service" / "venus" / "setuphelper", "").items():
        files[path.lstrip("/")] = content
    return files


# --- the packages ----------------------------------------------------------------------------------------------------


def wheels(pins: Path, folder: Path) -> list[Path]:
    """The pinned wheels, from the package index that pip is set up with."""
    wanted = [f"--dest={folder}", f"--requirement={pins}", *target(COMPILED)]
    try:
        pip("download", "-qq", "--no-deps", "--require-hashes", *wanted)
    except subprocess.CalledProcessError:
        raise SystemExit(f"pip cannot fetch what {pins.relative_to(ROOT)} pins; its message is above") from None
    return sorted(folder.glob("*.whl"))


def unpack(wheel: Path, lib: str) -> tuple[Files, str]:
    """The files of a wheel below `lib` and licenses/, and a line about its licence."""
    files: Files = {}
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    metadata = next(content for name, content in contents.items() if name.endswith(".dist-info/METADATA"))
    about = HeaderParser().parsestr(metadata.decode("utf-8"))
    label = f"{about['Name']}-{about['Version']}"
    texts = 0
    for name, content in contents.items():
        folder, _, rest = name.partition("/")
        if folder.endswith(".dist-info"):
            base = rest.rpartition("/")[2]
            if base.upper().startswith(LICENCE_WORDS):
                files[f"licenses/{label}/{base}"] = content
                texts += 1
            if rest in ("METADATA", "entry_points.txt"):
                files[f"{lib}/{name}"] = content
        elif folder.endswith(".data"):
            raise SystemExit(f"{wheel.name} has {name}: the bundle would lose it")
        elif not name.endswith(NO_CODE):
            files[f"{lib}/{name}"] = content
    if not texts:
        raise SystemExit(f"{wheel.name} has no licence text: find it before you pass the package on")
    licence = about["License-Expression"] or about["License"] or "see its text"
    links = [link.partition(", ") for link in about.get_all("Project-URL", [])]
    home = about["Home-page"] or next((url for name, _, url in links if name.lower() in HOMES), "")
    return files, f"| {about['Name']} | {about['Version']} | {licence} | `licenses/{label}/` | {home} |"


def licence_page(rows: list[str]) -> bytes:
    return "\n".join(
        [
            "# Licences of what is in this bundle",
            "",
            "gxbridge itself: MIT, see `LICENSE`. The packages below are the unchanged Python source of wheels that",
            "pip fetched by hash; compiled parts were left out. Each lies in `lib/` (those of the web",
            "page in `lib-web/`) under its own name and may be replaced there by another version. The LGPL adds to the",
            "GPL, whose text is `licenses/GPL-3.0.txt`.",
            "",
            "| package | version | licence | its text | from |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    ).encode()


# --- the archive -----------------------------------------------------------------------------------------------------


def runs(path: str, content: bytes) -> bool:
    return content.startswith(b"#!") and not path.startswith(("lib/", "docs/"))


def checksums(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files)).encode()


def entries(files: Mapping[str, bytes], top: str, when: int) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Folders before their files, all in one order."""
    folders = {str(parent) for path in files for parent in PurePosixPath(top, path).parents if str(parent) != "."}
    names = dict.fromkeys(folders) | {f"{top}/{path}": content for path, content in files.items()}
    for name in sorted(names):
        content = names[name]
        entry = tarfile.TarInfo(name)
        entry.mtime = when
        entry.uname = entry.gname = "root"
        if content is None:
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        else:
            entry.size = len(content)
            entry.mode = 0o755 if runs(name.partition("/")[2], content) else 0o644
        yield entry, content or b""


def archive(files: Mapping[str, bytes], top: str, when: int) -> bytes:
    """A .tar.gz of these files in the folder `top`."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for entry, content in entries(files, top, when):
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)


def signer(key: str) -> bytes:
    """Who signs, as `ssh-keygen -Y verify` wants to be told."""
    if key.endswith(".pub"):
        words = Path(key).read_text(encoding="utf-8").split()
    else:
        words = subprocess.run(
            ["ssh-keygen", "-y", "-f", key], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.split()
    return f"gxbridge {words[0]} {words[1]}\n".encode()


def signature(key: str, content: bytes) -> bytes:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", "gxbridge-bundle"]
    return subprocess.run(command, check=True, input=content, stdout=subprocess.PIPE).stdout


def build(into: Path) -> Path:
    """Writes the bundle and its checksum; returns its path."""
    files = own_files()
    rows = []
    # What the web page needs lies in a folder that the service never imports from.
    for pins, lib in ((PINS, "lib"), (WEB_PINS, "lib-web")):
        folder = Path(tempfile.mkdtemp(prefix="gxbundle"))
        try:
            for wheel in wheels(pins, folder):
                unpacked, row = unpack(wheel, lib)
                files |= unpacked
                rows.append(row)
        finally:
            shutil.rmtree(folder)
    files["LICENSES.md"] = licence_page(sorted(rows, key=str.lower))
    key = os.environ.get("SIGNING_KEY")
    if key:
        files["signer"] = signer(key)
    files["SHA256SUMS"] = checksums(files)
    if key:
        files["SHA256SUMS.sig"] = signature(key, files["SHA256SUMS"])

    name = f"gxbridge-{version()}-venus"
    raw = archive(files, name, moment())
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"{name}.tar.gz"
    path.write_bytes(raw)
    path.with_name(f"{path.name}.sha256").write_text(f"{hashlib.sha256(raw).hexdigest()}  {path.name}\n")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the bundle for Venus OS.")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", metavar="DIST")
    path = build(parser.parse_args().into)
    signed = "signed" if os.environ.get("SIGNING_KEY") else "not signed (SIGNING_KEY=FILE names the key)"
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {signed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
