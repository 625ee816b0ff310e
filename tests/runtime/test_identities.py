"""Instances come from the settings where they are, never collide without them, and a given name is kept."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from gxbridge.edge.dbus.bus import BusError
from gxbridge.edge.dbus.settings import DeviceSettings
from gxbridge.runtime.identities import Identities


class Settings:
    """Stands in for the settings client: hands out what `stored` has, else the proposal."""

    def __init__(self, stored: dict[str, DeviceSettings] | None = None, broken: bool = False) -> None:
        self.stored = stored or {}
        self.broken = broken
        self.names: dict[str, str] = {}

    async def device(self, unique_id: str, device_class: str, instance: int, custom_name: str) -> DeviceSettings:
        await asyncio.sleep(0)
        if self.broken:
            raise BusError("no bus")
        return self.stored.get(unique_id, DeviceSettings(instance, custom_name))

    async def set_custom_name(self, unique_id: str, custom_name: str) -> bool:
        self.names[unique_id] = custom_name
        return True

    async def close(self) -> None: ...


def view(number: int) -> Any:
    return SimpleNamespace(key=f"uc{number}", title="", kind="")


async def settled(identities: Identities, *numbers: int) -> list[tuple[int, str] | None]:
    for _ in range(10):
        for number in numbers:
            identities.of(view(number))
        await asyncio.sleep(0)
    return [identities.of(view(number)) for number in numbers]


def make(settings: Settings) -> Identities:
    identities = Identities(None, 100, "House")  # type: ignore[arg-type]
    identities._settings = settings  # type: ignore[assignment]
    return identities


def test_nothing_is_guessed_while_the_settings_are_asked() -> None:
    async def story() -> None:
        identities = make(Settings({"gxbridge_uc7": DeviceSettings(3, "Bow", "settings")}))
        assert identities.of(view(7)) is None
        assert await settled(identities, 7) == [(3, "Bow")]
        await identities.close()

    asyncio.run(story())


def test_two_batteries_without_settings_get_two_instances() -> None:
    async def story() -> None:
        identities = make(Settings())
        (first,) = await settled(identities, 7)
        (second,) = await settled(identities, 8)
        assert (first, second) == ((100, "House"), (101, "House"))
        await identities.close()

    asyncio.run(story())


def test_settings_that_fail_leave_the_configured_instance() -> None:
    async def story() -> None:
        identities = make(Settings(broken=True))
        assert await settled(identities, 7) == [(100, "House")]
        await identities.close()

    asyncio.run(story())


def test_a_change_in_the_settings_is_taken() -> None:
    async def story() -> None:
        identities = make(Settings())
        await settled(identities, 7)
        identities._changed("gxbridge_uc7", DeviceSettings(5, "Stern", "settings"))
        assert identities.of(view(7)) == (5, "Stern")
        await identities.close()

    asyncio.run(story())


def test_a_name_given_over_dbus_holds_at_once_and_is_stored() -> None:
    async def story() -> None:
        settings = Settings()
        identities = make(settings)
        await settled(identities, 7)
        identities.rename("gxbridge_uc7", "Stern")
        assert identities.of(view(7)) == (100, "Stern")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert settings.names == {"gxbridge_uc7": "Stern"}
        await identities.close()

    asyncio.run(story())


def test_two_batteries_that_are_asked_for_together_get_two_instances() -> None:
    async def story() -> None:
        identities = make(Settings())
        assert await settled(identities, 7, 8) == [(100, "House"), (101, "House")]
        await identities.close()

    asyncio.run(story())
