"""The walls of the house: the core touches nothing outside, and imports point downward only, in every room."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from gxbridge.strict_yaml.document import UnreadableError, load_tables

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gxbridge"

OUTSIDE = {
    "asyncio",
    "logging",
    "socket",
    "selectors",
    "select",
    "os",
    "pathlib",
    "time",
    "datetime",
    "subprocess",
    "threading",
}
OUTSIDE |= {"multiprocessing", "signal", "random", "secrets", "tempfile", "shutil", "io", "sys", "urllib", "http"}
"""Standard-library modules that bring in a clock, a file, a socket, a thread or chance."""


def imports(path: Path) -> list[str]:
    """Full dotted names of everything a file imports, wherever in the file."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a thing comes from"
            names += [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def files(folder: str) -> list[Path]:
    return sorted((PACKAGE / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files("core"), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_core_imports_only_itself_and_harmless_standard_library(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        if top == "gxbridge":
            assert name == "gxbridge" or name.startswith(("gxbridge.core", "gxbridge._candb")), (
                f"{path} reaches up to {name}"
            )
        else:
            assert top in sys.stdlib_module_names, f"{path} imports the package {name}"
            assert top not in OUTSIDE, f"{path} imports {name}, which touches the outside"


ROOMS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("commands",),
    ("demo",),
    ("demo/sim",),
    ("mqtt", "web"),
    ("history",),
    ("fleet", "live", "plotting"),
    ("doctor", "runtime"),
    ("config",),
    ("candb", "decodelog"),
    ("models",),
    ("state", "strict_yaml"),
    ("edge",),
    ("core/blackbox",),
    ("core/history",),
    ("core",),
    ("core/port",),
    ("core/publish",),
    ("core/bank",),
    ("core/dvcc/run",),
    ("core/dvcc/explain",),
    ("core/dvcc/tell",),
    ("core/dvcc/limit",),
    ("core/dvcc/read",),
    ("core/dvcc/rules",),
    ("core/channels",),
    ("core/vecan",),
    ("core/capture", "core/learn"),
    ("core/nmea2000",),
    ("core/model",),
)
"""From top to bottom: a module may import its own room and those further down, not what is beside it or above it."""

WINGS = {
    "core/channels/readout": "core/channels",
    "core/channels/terminals": "core/channels",
    "core/channels/vebus": "core/channels",
    "core/dvcc/read/believed": "core/dvcc/read",
    "core/dvcc/read/devices": "core/dvcc/read",
    "core/dvcc/run/masters": "core/dvcc/run",
    "core/dvcc/run/watching": "core/dvcc/run",
    "core/gate": "core",
    "core/vecan/lynx": "core/vecan",
    "core/vecan/link": "core/vecan",
    "core/vecan/sending": "core/vecan",
    "doctor/checks": "doctor",
    "fleet/columns": "fleet",
    "fleet/report": "fleet",
    "fleet/rows": "fleet",
    "edge/can": "edge",
    "edge/dbus": "edge",
    "edge/history": "edge",
    "edge/logs": "edge",
    "edge/logs/readers": "edge",
    "edge/logs/readers/can_tools": "edge",
    "edge/logs/readers/marine": "edge",
    "edge/logs/readers/binary": "edge",
    "_candb": "core/nmea2000",
}
"""Folders that belong to a room, and the compiled database."""
FACES = {"": "the version, for everybody", "core/dvcc": "holds rooms, no modules"}

LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}


def modules() -> dict[str, Path]:
    """Path below the package, without suffix -> file; a room's `__init__` has the name of the room."""
    found = {path.relative_to(PACKAGE).with_suffix("").as_posix(): path for path in PACKAGE.rglob("*.py")}
    return {name.removesuffix("__init__").rstrip("/"): path for name, path in found.items()}


MODULES = modules()


def room_of(module: str) -> str:
    """The room of a module. Raises KeyError for a folder that is not in the table."""
    at_home = module.rpartition("/")[0] if MODULES.get(module, PACKAGE).name != "__init__.py" else module
    place = at_home or module
    place = WINGS.get(place, place)
    if place not in LEVEL and place not in FACES:
        raise KeyError(f"{place}/: a new folder needs a place in ROOMS of {Path(__file__).name}")
    return place


def imported(module: str) -> set[str]:
    """The modules of the package that a module imports, wherever in the file."""
    found = set()
    for name in imports(MODULES[module]):
        top, _, rest = name.partition(".")
        place = rest.replace(".", "/")
        if top == "gxbridge" and place in MODULES and place != module:
            found.add(place)
    return {place for place in found if not any(other.startswith(f"{place}/") for other in found)}


def reaches_up(room: str, other: str) -> bool:
    """Whether an import of `other` in `room` points anywhere but down."""
    return room != other and not (other in FACES or room in FACES) and LEVEL[other] <= LEVEL[room]


def circles(graph: Mapping[str, Iterable[str]]) -> set[frozenset[str]]:
    """What reaches itself, together with what it does so by (strongly connected, by Tarjan)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = set()

    def visit(node: str) -> None:
        number[node] = lowest[node] = len(number)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in number:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], number[other])
        if lowest[node] == number[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.add(frozenset(stack[at:]))
            del stack[at:]

    for node in graph:
        if node not in number:
            visit(node)
    return found


def test_every_folder_has_a_place_in_the_table() -> None:
    for module in MODULES:
        room_of(module)


def test_imports_point_downward() -> None:
    upward = {
        (module, other)
        for module in MODULES
        for other in imported(module)
        if reaches_up(room_of(module), room_of(other))
    }
    assert upward == set()


def test_no_modules_import_each_other() -> None:
    assert circles({module: imported(module) for module in MODULES}) == set()


def test_a_wall_would_hold() -> None:
    assert reaches_up("core/model", "edge")
    assert reaches_up("doctor", "runtime")
    assert not reaches_up("edge", "core/model")
    assert circles({"a": "b", "b": "c", "c": "a", "d": "a"}) == {frozenset("abc")}
    with pytest.raises(KeyError, match="attic"):
        room_of("attic/trunk")


@pytest.mark.parametrize("path", files("demo/sim"), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_simulated_devices_know_nothing_of_gxbridge(path: Path) -> None:
    allowed = ("gxbridge.demo.sim", "gxbridge.edge.can.gxsocket")
    for name in imports(path):
        if name.startswith("gxbridge."):
            assert name.startswith(allowed), f"{path} imports {name}"


ENTRIES = {"main", "configure", "run", "as_json", "as_text", "read", "load"}
"""Functions that every module of its kind has."""

WORDS = {"said", "told", "heard", "grants", "chronicle", "scene", "plant", "family", "loud", "census", "twin"}
NICKNAMES = {"loud", "census", "twin", "twins", "chronicle", "grants"}
COMPOUNDS = ("lookaround", "boxkeeper")
"""What no type and no module is called: everyday words that have stood for several things each; and what no function is
called either."""


def is_alias(node: ast.stmt) -> str | None:
    """The name that a statement gives to a type, None for another statement."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id if ast.unparse(node.annotation).endswith("TypeAlias") else None
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp):
        name = ast.unparse(node.targets[0])
        return name if re.fullmatch(r"_?[A-Z][a-z]\w*", name) else None
    return None


def defined(module: str) -> tuple[list[str], list[str]]:
    """Types and functions at the top of a module."""
    body = ast.parse(MODULES[module].read_text(encoding="utf-8")).body
    types = [node.name if isinstance(node, ast.ClassDef) else is_alias(node) for node in body]
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [name for name in types if name is not None], functions


OURS = [module for module in MODULES if module != "_candb"]


def twice(names: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """(place, name) of what stands in a place more than once and in public; an underscore before it changes nothing."""
    count = Counter((place, name.lstrip("_")) for place, name in names)
    return {(place, name) for place, name in names if count[place, name] > 1}


def test_a_public_type_stands_once_in_the_package() -> None:
    names = [("", name.lstrip("_")) for module in OURS for name in defined(module)[0]]
    assert twice(names) == set()


def test_a_public_function_stands_once_in_its_room() -> None:
    names = [(room_of(module), name) for module in OURS for name in defined(module)[1]]
    assert {found for found in twice(names) if found[1] not in ENTRIES} == set()


def words_of(name: str) -> set[str]:
    """`{"bms", "limits"}` of BmsLimits and of bms_limits."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}


def forbidden(name: str) -> bool:
    """Whether a type or module is called by a word that says too many things."""
    return bool(words_of(name) & WORDS) or any(word in name.replace("_", "").lower() for word in COMPOUNDS)


def test_types_and_modules_are_called_by_nouns_of_the_field() -> None:
    names = [name for module in OURS for name in (module.rpartition("/")[2], *defined(module)[0])]
    assert {name for name in names if forbidden(name)} == set()


def test_functions_have_no_nicknames() -> None:
    functions = {name for module in OURS for name in defined(module)[1]}
    assert {name for name in functions if words_of(name) & NICKNAMES or name.replace("_", "") in COMPOUNDS} == set()


def test_a_name_that_breaks_a_rule_would_be_seen() -> None:
    assert forbidden("BmsSaid")
    assert forbidden("box_keeper")
    assert not forbidden("BmsLimits")
    assert twice([("a", "X"), ("a", "_X"), ("b", "X"), ("b", "_Y"), ("c", "_Y"), ("c", "_Y")]) == {("a", "X")}


def names_dbus_library(path: Path) -> bool:
    """Whether a file imports the library, or names a module of it to import it later."""
    libraries = ("dbus_next", "dbus_fast")
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value
    ]
    names = imports(path)
    return any(name.startswith(libraries) for name in (names + texts if "importlib" in names else names))


def test_only_one_module_imports_the_dbus_library() -> None:
    """The demo's simulated devices are programs of their own and have their own."""
    importers = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if names_dbus_library(path)}
    assert {name for name in importers if not name.startswith("demo/")} == {"edge/dbus/bus.py"}


PATH_ROOMS = {
    "core/dvcc/read": "the door of the decision",
    "core/channels": "the doors of VE.Bus BMSes, terminals and Bluetooth",
    "core/capture": "replaces values before they leave the boat",
    "core/publish": "writes the items of our own services",
    "core/port": "writes those of the devices of a port",
    "core/gate": "reads the raw words itself, so that it shares no rule with the decision",
    "core/vecan/link/registers": "the door of LINK: which path becomes which register",
    "core/history/series": "the door of the history: what our own service and the devices show",
    "core/bridge_report": "says what our own service shows",
    "core/learn": "compares registers with what services show, path by path",
}
"""Where in the core the path of a D-Bus item may stand: a value that it names is parsed there, or written."""
BELOW_THE_DOOR = ("core/dvcc/limit", "core/dvcc/tell", "core/dvcc/explain", "core/dvcc/run")
PLAYS_THE_BUS = {"core/dvcc/run/scenario"}
"""It is the D-Bus of a scenario: services come in as the file has them."""
DBUS_PATH = re.compile(r"/[A-Z][A-Za-z0-9]*(/[A-Za-z0-9]+)*/?")
SERVICES = re.compile(r"(Mapping|dict)\[str, (Mapping|dict)\[str, Value\]\]")
HAVE_ITEMS = {"snapshot", "device", "charger", "multi", "battery"}


def within(module: str, rooms: Iterable[str]) -> bool:
    return any(module == room or module.startswith(f"{room}/") for room in rooms)


def paths_in(text: str) -> list[str]:
    """The D-Bus paths that stand in a source as texts of their own."""
    constants = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    return [node.value for node in constants if isinstance(node.value, str) and DBUS_PATH.fullmatch(node.value)]


def raw_words_in(text: str) -> list[str]:
    """Where a source takes, or looks into, the items of a service."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            if node.module == "gxbridge.core.dvcc.read.numbers":
                found += sorted(names & {"number", "text"})
            if node.module == "gxbridge.core.model.items":
                found += sorted(names & {"Items", "plain_items"})
        elif isinstance(node, ast.Attribute) and node.attr in ("items", "services"):
            found += [name for name in (ast.unparse(node),) if name.partition(".")[0] in HAVE_ITEMS]
        elif isinstance(node, ast.Subscript) and SERVICES.fullmatch(ast.unparse(node)):
            found.append(ast.unparse(node))
    return found


CORE = [module for module in OURS if within(module, ["core"])]


@pytest.mark.parametrize("module", [module for module in CORE if not within(module, PATH_ROOMS)])
def test_dbus_paths_stand_at_the_doors_and_where_something_is_written(module: str) -> None:
    assert paths_in(MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "module", [module for module in CORE if within(module, BELOW_THE_DOOR) and module not in PLAYS_THE_BUS]
)
def test_the_decision_never_sees_a_dictionary_of_paths(module: str) -> None:
    assert raw_words_in(MODULES[module].read_text(encoding="utf-8")) == []


def test_a_raw_word_would_be_seen() -> None:
    assert paths_in("x = items.get('/Info/MaxChargeCurrent')") == ["/Info/MaxChargeCurrent"]
    assert paths_in("x = 'see /Info/MaxChargeCurrent'") == []
    assert raw_words_in("from gxbridge.core.dvcc.read.numbers import least, number") == ["number"]
    assert raw_words_in("from gxbridge.core.model.items import Items, Value") == ["Items"]
    assert raw_words_in("def f(services: Mapping[str, Mapping[str, Value]]) -> None: ...")
    assert raw_words_in("volts = number(charger.items, path)") == ["charger.items"]
    assert raw_words_in("for name in snapshot.services: ...") == ["snapshot.services"]
    assert all(within(module, PATH_ROOMS) is False for module in ("core/dvcc/run/decide", "core/gateway"))


EXECUTES = {"eval", "exec", "__import__"}
SHELLS = {("os", "system"), ("os", "popen"), ("subprocess", "getoutput"), ("subprocess", "getstatusoutput")}
YAML_LOADERS = {"load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all"}
YAML_LOADERS |= {"safe_load", "safe_load_all"}
UNPICKLES = {"pickle", "shelve", "marshal", "dill"}


def dangers(text: str) -> list[str]:
    """What in a source evaluates text, runs a shell, or makes objects of what it reads."""
    found = []
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found += [name for name in names if name.split(".")[0] in UNPICKLES]
        if not isinstance(node, ast.Call):
            continue
        call = node.func
        if isinstance(call, ast.Name) and call.id in EXECUTES:
            found.append(call.id)
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name):
            pair = (call.value.id, call.attr)
            if pair in SHELLS or (pair[0] == "yaml" and pair[1] in YAML_LOADERS):
                found.append(".".join(pair))
        if any(word.arg == "shell" for word in node.keywords) or getattr(call, "attr", "") == "create_subprocess_shell":
            found.append("a shell")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "eval(text)",
        "exec(text)",
        "import pickle",
        "from shelve import open",
        "import yaml\nyaml.load(text)",
        "yaml.full_load(text)",
        "import os\nos.system(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
        "asyncio.create_subprocess_shell(text)",
    ],
)
def test_a_danger_would_be_seen(text: str) -> None:
    assert dangers(text)


SHIPPED = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "service").rglob("*.py"), *(ROOT / "packaging").rglob("*.py")])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_evaluates_text_runs_a_shell_or_unpickles(path: Path) -> None:
    assert dangers(path.read_text(encoding="utf-8")) == []


def test_the_one_reader_of_yaml_makes_plain_data_only() -> None:
    """It goes along the nodes and never has PyYAML construct an object of a tag."""
    for text in (b"!!python/object/apply:os.getcwd []", b"a: !!python/name:os.getcwd ''", b"!!set {a}"):
        with pytest.raises(UnreadableError, match="tag"):
            load_tables(text, "x.yaml")
