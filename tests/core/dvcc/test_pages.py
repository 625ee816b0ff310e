"""The pages about DVCC say what the program does: their tables are the program's own."""

from __future__ import annotations

import re

import pytest

from tests.core.dvcc.pages import PAGES, TABLES, filled
from tests.core.dvcc.test_parity import SCENARIOS

TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_the_table_as_it_is_now(name: str) -> None:
    assert f"<!-- {name} -->" in TEXT
    assert TABLES[name]() in TEXT, "run python -m tests.core.dvcc.pages"


def test_making_the_tables_anew_changes_nothing() -> None:
    for page in PAGES:
        assert filled(page.read_text(encoding="utf-8")) == page.read_text(encoding="utf-8")


def test_every_scenario_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`([a-z0-9_]+-\d\d)`", TEXT))
    assert named
    assert named <= {scenario["name"] for scenario in SCENARIOS}
