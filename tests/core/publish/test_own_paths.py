"""The table of our own service is complete, and real paths find their row."""

from __future__ import annotations

import pytest

from gxbridge.core.publish.battery_paths import PATHS, distributor_rows
from gxbridge.core.publish.own_paths import OWN_PATHS, own_spec, pattern_of
from gxbridge.core.vecan.lynx.distributors import LETTERS


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/Dvcc/Mode", "/Dvcc/Mode"),
        ("/Can/can0/Frames", "/Can/<bus>/Frames"),
        ("/Can/7/Frames", "/Can/<bus>/Frames"),
        ("/Findings/31/Text", "/Findings/<n>/Text"),
        ("/Limits/Charger/2/Value", "/Limits/Charger/<n>/Value"),
    ],
)
def test_a_real_path_finds_its_row(path: str, pattern: str) -> None:
    assert pattern_of(path) == pattern
    assert own_spec(path).signature in {"s", "u", "d", "q"}


def test_a_path_that_the_table_does_not_have_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        own_spec("/Dvcc/Nonsense")


def test_one_item_is_writable_and_everything_is_documented() -> None:
    assert [row.path for row in OWN_PATHS if row.spec.writable] == ["/Rules/Storage"]
    assert [row.path for row in OWN_PATHS if not row.doc] == []
    assert len({row.path for row in OWN_PATHS}) == len(OWN_PATHS)


def test_the_text_of_a_limit_carries_its_unit() -> None:
    assert own_spec("/Limits/Ccl/Value").text_of(12.5) == "12.5A"
    assert own_spec("/Limits/Cvl/Value").text_of(28.4) == "28.40V"
    assert own_spec("/Limits/Cvl/Value").text_of(None) == ""


def test_no_item_of_ours_has_children() -> None:
    """The vendor's Qt programs hide the value of a path that has paths below it: dbus-spy would not show the limit."""
    every = [row.path for row in OWN_PATHS] + [row.path for row in PATHS]
    every += [row.path for letter in LETTERS for row in distributor_rows(letter)]
    parents = {path for path in every if any(other.startswith(path + "/") for other in every)}
    assert parents == set()
    assert any(path.startswith("/Info/MaxChargeVoltage") and path != "/Info/MaxChargeVoltage" for path in every)
