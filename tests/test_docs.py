"""The generated pages are current."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from gxbridge.core.battery_paths import specs

ROOT = Path(__file__).parent.parent


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
    assert [path for path in specs("bms", ng=True) if f"| `{path}` |" not in page] == []
