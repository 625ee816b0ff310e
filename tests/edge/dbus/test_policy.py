"""The policy files for ordinary Linux system buses, on a bus that denies as such a bus does."""

from __future__ import annotations

import grp
import os
import pwd
import re
from pathlib import Path

import pytest

from gxbridge.core.dvcc.read.devices.services import CHARGERS
from gxbridge.core.dvcc.read.paths import VEBUS, VECAN
from gxbridge.core.model.items import ItemSpec
from gxbridge.edge.dbus import client as ask
from gxbridge.edge.dbus.bus import BusError, opened
from gxbridge.edge.dbus.introspect import BUS_ITEM
from gxbridge.edge.dbus.service import PublishedService
from tests.edge.aio import run
from tests.edge.dbus_daemon import DBusDaemon
from tests.edge.dbus_fakes import Answer, fake, value

POLICIES = Path(__file__).parents[3] / "service" / "dbus-policy"
ME = pwd.getpwuid(os.getuid()).pw_name
MY_GROUP = grp.getgrgid(os.getgid()).gr_name

OURS = "com.victronenergy.gxbridge"
BATTERY = "com.victronenergy.battery.gxbridge_can0_uc478868"
CHARGER = "com.victronenergy.solarcharger.ttyS1"
SETTINGS = "com.victronenergy.settings"

# What dbus-daemon's own system.conf denies and allows before any service's file.
SYSTEM = """<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
"""


def bus_with(*files: str, user: str = "nobody", group: str = "nogroup", may_own: str = "") -> DBusDaemon:
    """A bus with our files, in which `user` and `group` stand for gxbridge's; `may_own` lets the test play others."""
    policies = ""
    for file in files:
        found = re.search(r"<busconfig>(.*)</busconfig>", (POLICIES / file).read_text(), re.DOTALL)
        assert found is not None
        policies += (
            found[1].replace('user="gxbridge"', f'user="{user}"').replace('group="gxbridge"', f'group="{group}"')
        )
    for name in filter(None, may_own.split()):
        policies += f'<policy user="{ME}"><allow own="{name}"/></policy>'
    return DBusDaemon(f"{SYSTEM}{policies}</busconfig>")


def service(bus: str, name: str) -> PublishedService:
    return PublishedService(bus, name, {"/CustomName": ItemSpec("s", writable=True)}, {"/CustomName": "House"})


def answer(path: str, member: str, body: list[object]) -> Answer:
    if member == "GetItems":
        return "a{sa{sv}}", [{"/A": value("i", 1)}]
    return ("i", [0]) if member == "SetValue" else ("aa{sv}", [[]])


def test_gxbridge_may_own_its_names_and_no_others() -> None:
    async def main() -> None:
        for name in (OURS, BATTERY):
            published = service(daemon.address, name)
            await published.start()
            await published.close()
        for name in (CHARGER, SETTINGS, "com.victronenergy.system", "org.example"):
            with pytest.raises(BusError, match=r"Access\s?[dD]enied|not allowed to own"):
                await service(daemon.address, name).start()

    with bus_with("gxbridge.conf", user=ME) as daemon:
        run(main)


@pytest.mark.parametrize("name", [OURS, BATTERY])
def test_everybody_may_look_but_not_write(name: str) -> None:
    async def main() -> None:
        published = service(daemon.address, name)
        await published.start()
        async with opened(daemon.address) as connection:
            assert await ask.items(connection, name) == {"/CustomName": "House"}
            assert await ask.fetch(connection, name, "/CustomName") == "House"
            assert connection.body(await connection.call(name, "/CustomName", BUS_ITEM, "GetText")) == ["House"]
            await connection.call(name, "/", "org.freedesktop.DBus.Introspectable", "Introspect")
            with pytest.raises(BusError, match="AccessDenied"):
                await ask.write(connection, name, "/CustomName", "Other")
        await published.close()

    with bus_with("gxbridge.conf", may_own=f"{OURS} {BATTERY}") as daemon:
        run(main)


@pytest.mark.parametrize("name", [OURS, BATTERY])
def test_the_group_may_write(name: str) -> None:
    async def main() -> None:
        published = service(daemon.address, name)
        await published.start()
        async with opened(daemon.address) as connection:
            assert await ask.write(connection, name, "/CustomName", "Other") == 0
        await published.close()

    with bus_with("gxbridge.conf", group=MY_GROUP, may_own=f"{OURS} {BATTERY}") as daemon:
        run(main)


@pytest.mark.parametrize(
    ("files", "may_write"), [(["gxbridge.conf"], False), (["gxbridge.conf", "gxbridge-control.conf"], True)]
)
def test_only_the_second_file_lets_gxbridge_write_to_chargers(files: list[str], may_write: bool) -> None:
    async def main() -> None:
        async with fake(daemon.address, CHARGER, answer), opened(daemon.address) as connection:
            for target in (CHARGER, await ask.owner(connection, CHARGER)):
                assert await ask.items(connection, target) == {"/A": 1}
            if may_write:
                assert await ask.write(connection, CHARGER, "/A", 5) == 0
            else:
                with pytest.raises(BusError, match="AccessDenied"):
                    await ask.write(connection, CHARGER, "/A", 5)

    with bus_with(*files, user=ME, may_own=CHARGER) as daemon:
        run(main)


def test_the_second_file_names_what_the_core_writes_to() -> None:
    text = (POLICIES / "gxbridge-control.conf").read_text()
    named = set(re.findall(r'send_destination_prefix="com\.victronenergy\.(\w+)"', text))
    assert named == CHARGERS | {VEBUS, VECAN}
    assert text.count('send_member="SetValue"') == len(named)


def test_gxbridge_may_use_the_settings_service() -> None:
    async def main() -> None:
        async with fake(daemon.address, SETTINGS, answer), opened(daemon.address) as connection:
            body = connection.encode("aa{sv}", [[]])
            await connection.call(SETTINGS, "/", "com.victronenergy.Settings", "AddSettings", "aa{sv}", body)
            assert await ask.write(connection, SETTINGS, "/Settings/A", 5) == 0

    with bus_with("gxbridge.conf", user=ME, may_own=SETTINGS) as daemon:
        run(main)
