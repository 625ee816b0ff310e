"""Firmware versions as recorded, and the older forms."""

from __future__ import annotations

import pytest

from gxbridge.core.model import firmware


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (66303, "v1.02"),  # recorded by venus-docker: 0x0102FF
        (67327, "v1.06"),
        (70655, "v1.13"),
        (69889, "v1.11-beta-01"),
        (0x011300, "v1.13"),  # gui-v2 drops a last byte of 00, too
        (0x000302, "v3.02"),  # the old 16-bit form
        (0xA10203, "vA1.02.03"),  # a release candidate by its letter
        (0xFFFFFF, None),
        (0, None),
        (None, None),
        (0x1000000, None),
    ],
)
def test_a_version_reads_as_people_write_it(version: int | None, text: str | None) -> None:
    assert firmware.text(version) == text
