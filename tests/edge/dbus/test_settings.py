"""Device instances and names in com.victronenergy.settings: there, not there, appearing, going, refusing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gxbridge.edge.dbus import monitor as monitor_module
from gxbridge.edge.dbus import settings as settings_module
from gxbridge.edge.dbus.bus import library
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.settings import (
    SERVICE,
    DeviceSettings,
    Setting,
    SettingsClient,
    SettingsError,
    instance_of,
)
from tests.edge.aio import run, until
from tests.edge.dbus_fakes import Answer, Fake, fake, value

pytestmark = pytest.mark.usefixtures("each_library")

ID = "gxbridge_can0_uc478868"
INSTANCE = f"/Settings/Devices/{ID}/ClassAndVrmInstance"
NAME = f"/Settings/Devices/{ID}/CustomName"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_module, "RETRY_S", (0.02,))
    monkeypatch.setattr(settings_module, "FIRST_AGAIN_S", 0.02)
    monkeypatch.setattr(settings_module, "ANSWER_S", 20.0)
    library().encode("u", [1])  # loads it now, and not while somebody waits for an answer


class Store:
    """A settings service like the vendor's: stored values win, instances are unique within a class."""

    def __init__(self, stored: dict[str, Any] | None = None, error: int = 0) -> None:
        self.stored = dict(stored or {})
        self.error = error
        self.code = 0
        """The answer to a write; what is refused is not stored."""
        self.rows: list[dict[str, Any]] = []

    def __call__(self, path: str, member: str, body: list[Any]) -> Answer:
        if member == "GetItems":
            return "UnknownMethod"
        if (path, member) == ("/", "GetValue"):
            return "v", [("a{sv}", {path[1:]: ("s", text) for path, text in self.stored.items()})]
        if (path, member) == ("/", "AddSettings"):
            return "aa{sv}", [[self.add(row) for row in body[0]]]
        if member == "SetValue" and path in self.stored:
            if not self.code:
                self.stored[path] = body[0]
            return "i", [self.code]
        return "UnknownObject"

    def add(self, row: dict[str, Any]) -> dict[str, Any]:
        self.rows.append(row)
        path = row["path"]
        if self.error:
            return {"path": ("s", path), "error": ("i", self.error)}
        if path not in self.stored:
            default = row["default"]
            while path.endswith("ClassAndVrmInstance") and default in self.stored.values():
                kind, _, number = default.partition(":")
                default = f"{kind}:{int(number) + 1}"
            self.stored[path] = default
        kept = self.stored[path]
        kind = "s" if isinstance(kept, str) else "d" if isinstance(kept, float) else "x"
        return {"path": ("s", path), "error": ("i", 0), "value": (kind, kept)}


class Desk:
    """A settings client with its monitor, as the app joins them, and what it told."""

    def __init__(self, bus: str) -> None:
        self.told: list[tuple[str, DeviceSettings]] = []
        self.monitor = Monitor(bus, self.added, self.changed, self.removed)
        self.settings = SettingsClient(self.monitor, lambda device, found: self.told.append((device, found)))

    def added(self, name: str, items: dict[str, Any]) -> None:
        self.settings.added(name)

    def changed(self, name: str, changes: dict[str, Any]) -> None:
        self.settings.changed(name, changes)

    def removed(self, name: str) -> None:
        self.settings.removed(name)


@asynccontextmanager
async def desk(bus: str) -> AsyncIterator[Desk]:
    found = Desk(bus)
    await found.monitor.start()
    try:
        yield found
    finally:
        await found.settings.close()
        await found.monitor.close()


@asynccontextmanager
async def store(bus: str, answers: Store) -> AsyncIterator[Fake]:
    async with fake(bus, SERVICE, answers) as service:
        yield service


def test_the_next_free_instance_is_read_back(bus: str) -> None:
    taken = {"/Settings/Devices/other/ClassAndVrmInstance": "battery:100"}

    async def main() -> None:
        async with store(bus, Store(taken)) as service, desk(bus) as found:
            settings = await found.settings.device(ID, "battery", 100, "House")
            assert settings == DeviceSettings(101, "House", "settings")
            assert found.told == []
            path, member, _ = next(call for call in service.calls if call[1] == "AddSettings")
            assert (path, member) == ("/", "AddSettings")

    run(main)


def test_what_is_stored_wins_over_what_is_configured(bus: str) -> None:
    async def main() -> None:
        async with store(bus, Store({INSTANCE: "battery:7", NAME: "Bank B"})), desk(bus) as found:
            assert await found.settings.device(ID, "battery", 100, "House") == DeviceSettings(7, "Bank B", "settings")

    run(main)


def test_without_a_settings_service_the_configuration_holds(bus: str) -> None:
    async def main() -> None:
        async with desk(bus) as found:
            settings = await found.settings.device(ID, "battery", 100, "House")
            assert (settings.instance, settings.custom_name, settings.source) == (100, "House", "config")
            assert "ServiceUnknown" in settings.trouble
            assert not await found.settings.set_custom_name(ID, "Other")

    run(main)


def test_a_settings_service_that_appears_later_is_asked_then(bus: str) -> None:
    async def main() -> None:
        async with desk(bus) as found:
            await found.settings.device(ID, "battery", 100, "House")
            await found.settings.device("forgotten", "battery", 5)
            found.settings.forget("forgotten")
            async with store(bus, Store({INSTANCE: "battery:3"})):
                await until(lambda: found.told)
                assert found.told == [(ID, DeviceSettings(3, "House", "settings"))]
                assert found.settings.present
            await until(lambda: not found.settings.present)
            async with store(bus, Store()):  # it restarts empty: our instance stays what it is
                await until(lambda: found.settings.present)
            assert len(found.told) == 1

    run(main)


def test_a_change_in_the_gui_is_told(bus: str) -> None:
    async def main() -> None:
        async with store(bus, Store()) as service, desk(bus) as found:
            assert (await found.settings.device(ID, "battery", 100)).instance == 100
            await until(lambda: found.settings.present)
            service.signal(INSTANCE, "PropertiesChanged", "a{sv}", value("s", "battery:2"))
            await until(lambda: found.told)
            service.signal(NAME, "PropertiesChanged", "a{sv}", value("s", "Starboard"))
            await until(lambda: len(found.told) == 2)
            assert found.told[1] == (ID, DeviceSettings(2, "Starboard", "settings"))
            service.signal(INSTANCE, "PropertiesChanged", "a{sv}", value("s", "tank:9"))
            service.signal(NAME, "PropertiesChanged", "a{sv}", value("s", "Starboard"))
            service.signal(NAME, "PropertiesChanged", "a{sv}", value("s", "Port"))
            await until(lambda: len(found.told) == 3)
            assert found.told[2] == (ID, DeviceSettings(2, "Port", "settings"))

    run(main)


def test_a_name_is_stored(bus: str) -> None:
    async def main() -> None:
        answers = Store()
        async with store(bus, answers), desk(bus) as found:
            await found.settings.device(ID, "battery", 100, "House")
            assert await found.settings.set_custom_name(ID, "Bow")
            assert answers.stored[NAME] == "Bow"

    run(main)


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        (Store(error=-3), r"refuses /Settings/Devices/.*: unknown type \(-3\)"),
        (Store(error=-99), r"\(-99\)"),
        (Store({INSTANCE: "tank:1"}), "is stored as 'tank:1'"),
        (Store({INSTANCE: "rubbish"}), "is stored as 'rubbish'"),
        (lambda path, member, body: "UnknownMethod", "does not add settings"),
        (lambda path, member, body: ("s", ["what?"]), "is stored as None"),
        (lambda path, member, body: ("", []), "does not add settings"),
    ],
)
def test_a_settings_service_that_refuses_leaves_the_configuration(bus: str, answers: Any, trouble: str) -> None:
    async def main() -> None:
        async with store(bus, answers), desk(bus) as found:
            settings = await found.settings.device(ID, "battery", 100, "House")
            assert (settings.instance, settings.custom_name, settings.source) == (100, "House", "config")
            with pytest.raises(SettingsError, match=trouble):
                raise SettingsError(settings.trouble)

    run(main)


def test_a_settings_service_that_refuses_is_asked_until_it_takes_it(bus: str) -> None:
    async def main() -> None:
        answers = Store(error=-5)
        async with store(bus, answers), desk(bus) as found:
            await until(lambda: found.settings.present)
            assert (await found.settings.device(ID, "battery", 100, "House")).source == "config"
            assert "another type is stored (-5)" in found.settings.refused[ID]
            await until(lambda: len(answers.rows) >= 4)  # asked again, nothing has changed
            assert found.told == []
            answers.error, answers.stored[INSTANCE] = 0, "battery:3"
            await until(lambda: found.told)
            assert found.told == [(ID, DeviceSettings(3, "House", "settings"))]
            assert found.settings.refused == {}
            asked = len(answers.rows)
            await asyncio.sleep(0.1)
            assert len(answers.rows) == asked, "it is asked no more"

    run(main)


def test_a_settings_service_that_is_too_slow_is_asked_again(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "ANSWER_S", 0.05)
    answers, hangs = Store({INSTANCE: "battery:3"}), [True]

    def answer(path: str, member: str, body: list[Any]) -> Answer:
        return None if member == "AddSettings" and hangs[0] else answers(path, member, body)

    async def main() -> None:
        async with fake(bus, SERVICE, answer), desk(bus) as found:
            await until(lambda: found.settings.present)
            assert (await found.settings.device(ID, "battery", 100)).instance == 100
            assert "did not answer" in found.settings.refused[ID]
            monkeypatch.setattr(settings_module, "ANSWER_S", 20.0)
            hangs[0] = False
            await until(lambda: found.told)
            assert found.told[0][1].instance == 3
            assert found.settings.refused == {}

    run(main)


def test_what_goes_is_asked_for_no_more_and_refuses_nothing(bus: str) -> None:
    async def main() -> None:
        answers = Store(error=-1)
        async with desk(bus) as found:
            async with store(bus, answers):
                await until(lambda: found.settings.present)
                await found.settings.device(ID, "battery", 100)
                await found.settings.device("other", "battery", 101)
                found.settings.forget("other")
                assert found.settings.refused.keys() == {ID}
            await until(lambda: not found.settings.present)
            assert found.settings.refused == {}
            async with store(bus, Store({INSTANCE: "battery:3"})):
                await until(lambda: found.told)

    run(main)


def test_a_name_that_is_not_stored_is_told_until_one_is(bus: str) -> None:
    async def main() -> None:
        answers = Store({INSTANCE: "battery:3", NAME: "House"})
        async with store(bus, answers), desk(bus) as found:
            await until(lambda: found.settings.present)
            await found.settings.device(ID, "battery", 100)
            del answers.stored[NAME]
            assert not await found.settings.set_custom_name(ID, "Bow")
            assert "'Bow' is not stored" in found.settings.refused[ID]
            answers.code = -1
            answers.stored[NAME] = ""
            assert not await found.settings.set_custom_name(ID, "Stern")
            assert "refused (-1)" in found.settings.refused[ID]
            answers.code = 0
            assert await found.settings.set_custom_name(ID, "Stern")
            assert found.settings.refused == {}

    run(main)


def test_settings_are_added_in_the_types_that_the_service_knows(bus: str) -> None:
    async def main() -> None:
        answers = Store()
        async with store(bus, answers), desk(bus) as found:
            stored = await found.settings.add(
                [
                    Setting("/Settings/A", "text"),
                    Setting("/Settings/B", 5, 0, 10),
                    Setting("/Settings/C", 1.5),
                    Setting("/Settings/D", 1 << 40),
                ]
            )
            assert stored == {"/Settings/A": "text", "/Settings/B": 5, "/Settings/C": 1.5, "/Settings/D": 1 << 40}
            assert answers.rows[1] == {"path": "/Settings/B", "default": 5, "min": 0, "max": 10}
            assert "min" not in answers.rows[0]

    run(main)


def test_settings_are_asked_for_without_the_library(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a megabyte, and on a GX a tenth of a second before the first battery is published."""

    async def main() -> None:
        async with store(bus, Store()), desk(bus) as found:
            needed: list[str] = []
            monkeypatch.setattr(found.monitor.connection(), "_codec", Needed(needed))
            assert (await found.settings.device(ID, "battery", 100, "House")).source == "settings"
            assert needed == []

    class Needed:
        def __init__(self, calls: list[str]) -> None:
            self._calls = calls

        def __getattr__(self, name: str) -> object:
            self._calls.append(name)
            raise AttributeError(name)

    run(main)


def test_an_answer_with_a_list_in_it_is_read_by_the_library(bus: str) -> None:
    class Lists(Store):
        def add(self, row: dict[str, Any]) -> dict[str, Any]:
            return {"path": ("s", row["path"]), "error": ("i", 0), "value": ("ai", [1, 2])}

    async def main() -> None:
        async with store(bus, Lists()), desk(bus) as found:
            assert await found.settings.add([Setting("/Settings/A", 5)]) == {"/Settings/A": [1, 2]}

    run(main)


def test_an_answer_of_another_type_is_read_by_the_library_and_refused(bus: str) -> None:
    def answers(path: str, member: str, _body: list[Any]) -> Answer:
        return ("s", ["well"]) if (path, member) == ("/", "AddSettings") else "UnknownObject"

    async def main() -> None:
        async with store(bus, answers), desk(bus) as found:
            assert await found.settings.add([Setting("/Settings/A", 5)]) == {}

    run(main)


def test_instances_are_read_strictly() -> None:
    assert instance_of("battery:5", "battery") == 5
    for wrong in ("battery:", "battery:-1", "battery:5 ", "tank:5", "5", 5, None, ["battery:5"], "battery:9999999999"):
        assert instance_of(wrong, "battery") is None  # type: ignore[arg-type]
