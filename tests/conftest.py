"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.edge.dbus_daemon import DBusDaemon

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # a slow machine, or one that is busy, is no finding


@pytest.fixture(scope="session")
def shared_daemon() -> Iterator[DBusDaemon]:
    """One dbus-daemon for all tests that leave it as it is."""
    with DBusDaemon() as daemon:
        yield daemon


@pytest.fixture
def bus(shared_daemon: DBusDaemon) -> str:
    """The D-Bus address of a private daemon; take away what you publish."""
    return shared_daemon.address


@pytest.fixture
def own_daemon() -> Iterator[DBusDaemon]:
    """A dbus-daemon that the test may stop, pause and start again."""
    with DBusDaemon() as daemon:
        yield daemon
