"""Fixtures for the tests of the edges."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gxbridge.edge.dbus.bus import library


@pytest.fixture(params=["dbus_next", "dbus_fast"])
def each_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test runs twice: with each D-Bus library underneath, asked for as a user asks for it."""
    monkeypatch.setenv("GXBRIDGE_DBUS_LIBRARY", request.param)
    library.cache_clear()
    yield
    library.cache_clear()
