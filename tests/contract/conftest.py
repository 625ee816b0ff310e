"""Scenes for the tests of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.lynx import LYNX_NG, STATUS, Lynx
from tests.contract.scene import LYNX_SERVICE, NG_SERVICE, Backdrop, Scene, backdrop, scene


@pytest.fixture(scope="session")
def shared() -> Iterator[Backdrop]:
    """A bus for all tests that leave it as it is."""
    with backdrop() as found:
        yield found


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two Lynxes that always say the same (a 500 and an NG), the default configuration. Leave it as it is."""
    first = Lynx()
    first.said[0x010C] = (b"House battery 1\0").hex()
    second = Lynx(478868, "HQ2437XXP7K", LYNX_NG, 0x2A, STATUS)
    with backdrop() as behind, scene(tmp_path_factory.mktemp("quiet"), behind, first) as found:
        found.start()
        # Instances are given in the order in which the settings service answers: one after the other.
        found.consumer.until_there(LYNX_SERVICE)
        found.wire.lynxes.append(second)
        found.consumer.until_there(NG_SERVICE)
        for service in (LYNX_SERVICE, NG_SERVICE):
            found.consumer.until(service, "/CustomName", lambda name, service=service: name or service == NG_SERVICE)
            found.consumer.until_complete(service)
        yield found


@pytest.fixture
def stage(tmp_path: Path, shared: Backdrop) -> Iterator[Scene]:
    """One Lynx 500; the test starts the service, with the configuration it wants."""
    with scene(tmp_path, shared, Lynx()) as found:
        yield found


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Scene]:
    """As `stage`, on a bus that the test may stop and pause."""
    with backdrop() as behind, scene(tmp_path, behind, Lynx()) as found:
        yield found
