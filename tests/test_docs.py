"""The generated pages are current, and links lead somewhere."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from gxbridge.cli import COMMANDS
from gxbridge.core.publish.battery_paths import specs
from gxbridge.strict_yaml.document import load_tables

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_writer", ROOT / "packaging" / "docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", sorted(writer().PAGES))
def test_a_generated_page_is_what_the_tables_say(page: str) -> None:
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == writer().PAGES[page](), "run `make docs`"


def test_every_path_of_the_battery_service_is_on_the_page() -> None:
    page = (ROOT / "docs" / "dbus-paths.md").read_text(encoding="utf-8")
    assert [path for path in specs("bms", balances=True) if f"| `{path}` |" not in page] == []


def test_every_room_is_on_the_map() -> None:
    folders = {path.parent.relative_to(ROOT / "gxbridge").as_posix() for path in ROOT.glob("gxbridge/*/**/__init__.py")}
    assert folders <= set(writer().ROOMS)


def test_every_file_that_the_pages_name_is_there() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES if page.name != "CHANGELOG.md")
    named = set(re.findall(r"`((?:gxbridge|can_db|tests|packaging|service)/[\w./-]*)`", pages))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


TERMS = (
    "CVL CCL DCL ATC ATD SVS STS SCS VREG PGN NAME DVCC BMS link",
    "limit cap reason finding cycle",
)


def test_the_glossary_has_the_terms_of_the_field_and_our_own() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = [word for line in TERMS for word in line.split()]
    assert [term for term in terms if f"\n| {term} | " not in page] == []


def anchors(page: Path) -> set[str]:
    """What headings may be linked by, as the forges make it of their words."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        file = page if not target else (page.parent / target).resolve()
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), f"{target}#{anchor}"


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in ROOT.glob("docs/*.md") if f"(docs/{page.name})" not in readme] == []


def test_the_readme_names_every_command_and_every_folder() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    use = readme.partition("\n## Use\n")[2].partition("\n## ")[0]
    assert [name for name in COMMANDS if not re.search(rf"(?<![\w-]){name}(?![\w-])", use)] == []
    tree = readme.partition("\n## The tree in ten minutes\n")[2].partition("\n## ")[0]
    folders = [path.parent.name for path in ROOT.glob("gxbridge/*/__init__.py")]
    folders += [path.parent.name for path in ROOT.glob("gxbridge/core/*/__init__.py")]
    assert [name for name in folders if f"{name}/`" not in tree] == []


def options(parser: argparse.ArgumentParser) -> set[str]:
    """Every option of a command, those of its actions with it."""
    found = set()
    for action in parser._actions:  # argparse has no public way to ask
        found.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            found.update(*(options(below) for below in action.choices.values()))
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_command_line_on_a_page_can_be_typed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lines = re.findall(r"`(gxbridge [^`\n]+)`", text)
    lines += re.findall(r"^ {4,}(?:\$ )?(?:\S*/)?(gxbridge [^:\n]+)$", text, re.MULTILINE)
    wrong = []
    for line in lines:
        name, *words = re.split(r"  +|[|#>]", line)[0].split()[1:]
        if name in COMMANDS:
            parser = argparse.ArgumentParser()
            importlib.import_module(f"gxbridge.commands.{name.replace('-', '_')}").configure(parser)
            known = options(parser)
            wrong += [f"{line}: {word}" for word in words if word.startswith("--") and word.split("=")[0] not in known]
        elif name not in ("--help", "--version", "COMMAND"):
            wrong.append(line)
    assert wrong == []


def test_the_pages_that_users_read_are_not_long() -> None:
    site = load_tables((ROOT / "mkdocs.yml").read_bytes(), "mkdocs.yml")
    sections = {name: pages for section in site["nav"] for name, pages in section.items()}
    read = [page for name, pages in sections.items() if name not in ("Reference", "Developers") for page in pages]
    words = {page: len((ROOT / "docs" / page).read_text(encoding="utf-8").split()) for page in read}
    assert len(words) > 25
    assert {page: count for page, count in words.items() if count >= 1500} == {}


def test_the_page_about_installing_names_every_extra_that_a_user_may_want() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    table = (
        (ROOT / "docs" / "install.md").read_text(encoding="utf-8").partition("| extra | for |")[2].partition("\n\n")[0]
    )
    named = set(re.findall(r"`(\w+)`", re.sub(r"(?m)\|[^|]*\|$", "", table)))
    assert named == set(extras) - {"docs", "screens", "test", "transport"}
