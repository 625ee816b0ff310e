"""The fault matrix: each row is a scenario on the real service with a real dbus-daemon, and a row of docs/faults.md."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Played
from tests.faults.matrix import FAULTS
from tests.faults.records import GROUPS, PAGE, dump, promise, rows_of_page


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, played: Played) -> None:
    record = played[name].result()
    print(name, dump(record))


def test_the_page_has_every_row_with_the_promises_that_the_tests_hold() -> None:
    rows = rows_of_page(PAGE.read_text(encoding="utf-8"))
    assert list(rows) == [row.name for group in GROUPS for row in FAULTS.values() if row.group == group]
    for row in FAULTS.values():
        what, seen, safe, safe_after, again_after = rows[row.name]
        assert what == f"`{row.name}`: {row.what}"
        assert safe == row.safe
        assert seen, f"{row.name}: nothing is seen"
        assert safe_after.endswith(f"({promise(row.safe_within_s)})")
        assert again_after.endswith(f"({promise(row.recovers_within_s)})")
