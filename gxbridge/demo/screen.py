"""The live screen: battery, permissions, limits with reasons, what each charger is told and does, findings, events.

Everything on it is read from D-Bus. It is drawn by the demo's own loop, without a thread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import count

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gxbridge.demo import roles
from gxbridge.demo.acts import ActPlayer
from gxbridge.demo.roles import BATTERY, CHARGER_STATES, CHARGERS, GXBRIDGE, MULTI, MULTI_STATES, value_text
from gxbridge.demo.simulation import SeenValue

REFRESH_S = 0.25
KEPT_LINES = 200
LIMITS = (("Cvl", "CVL", "V"), ("Ccl", "CCL", "A"), ("Dcl", "DCL", "A"))
STYLES = {"==": "bold", "->": "cyan", "ok": "green", "!!": "bold red"}
PERMISSIONS = {"0": Text("no", "bold red"), "1": Text("yes", "green")}
REPEATED = ("CVL ", "CCL ", "DCL ", "Charge current ", "Multi ")
ROOMY = 34
"""From this many rows on there are findings, the address for other programs, and room for long reasons."""
_text = partial(value_text, none="–")


def _short(reason: object) -> str:
    """A reason without the limit and the number that stand beside it."""
    text = _text(reason)
    return text.partition(": ")[2] if text.startswith(REPEATED) and ": " in text else text


class Screen(Live):
    """Draws the installations on a terminal; the first one is the boat, others appear while they play."""

    def __init__(self, console: Console | None = None) -> None:
        self._players: list[ActPlayer] = []
        self._lines: deque[tuple[float, str, str, str]] = deque(maxlen=KEPT_LINES)
        super().__init__(console=console, screen=True, auto_refresh=False, get_renderable=self.picture)

    def start(self, refresh: bool = False) -> None:
        """Draw from now on, again and again."""
        super().start(refresh)
        self._draw()

    def _draw(self) -> None:
        if self.is_started:
            self.refresh()
            asyncio.get_running_loop().call_later(REFRESH_S, self._draw)

    def line(self, at_s: float, name: str, mark: str, text: str) -> None:
        """Something happened in this installation, so long after the start."""
        self._lines.append((at_s, name, mark, text))

    def started(self, player: ActPlayer) -> None:
        """An installation runs: draw it from now on."""
        self._players.append(player)

    def picture(self) -> RenderableType:
        """The whole screen as it is now."""
        if not self._players:
            return Panel("starting a private D-Bus, the simulated devices and the service ...", title="gxbridge demo")
        boat = self._players[0]
        playing = [player for player in self._players if player is boat or not player.over]
        roomy = self.console.height >= ROOMY
        upper = Layout()
        upper.split_row(Layout(_battery(boat), size=29), Layout(_limits(playing, roomy)))
        devices = sum(len(_shown_roles(player)) for player in playing)
        parts: list[tuple[RenderableType, int]] = [
            (_act(boat, roomy), 3 + roomy),
            (upper, 9 + 3 * roomy * (len(playing) - 1)),
            (_chargers(playing), devices + 3),
        ]
        if roomy:
            parts.append((_findings(playing), 5))
        left = max(self.console.height - sum(rows for _, rows in parts), 3)
        whole = Layout()
        whole.split_column(*(Layout(part, size=rows) for part, rows in (*parts, (self._events(left - 2), left))))
        return whole

    def _events(self, rows: int) -> RenderableType:
        text = Text(no_wrap=True, overflow="ellipsis")
        for at_s, name, mark, words in list(self._lines)[-rows:]:
            text.append(f"{at_s:6.1f} s {name:5} {mark:2} {words}\n", STYLES.get(mark, ""))
        return Panel(text, title="what happens", padding=(0, 1))


def _act(boat: ActPlayer, roomy: bool) -> RenderableType:
    act = boat.acts[boat.number - 1] if boat.number else None
    text = Text(f"{act.title}. {act.text}" if act is not None else "", "bold", no_wrap=True, overflow="ellipsis")
    watch = Text(f"dbus-spy: DBUS_SYSTEM_BUS_ADDRESS={boat.installation.address}", "dim")
    title = f"gxbridge demo: act {boat.number} of {len(boat.acts)}"
    return Panel(Group(text, watch) if roomy else text, title=title, padding=(0, 1))


def _battery(boat: ActPlayer) -> RenderableType:
    value = partial(boat.installation.value, BATTERY)
    table = Table.grid(padding=(0, 1))
    table.add_row("voltage", _text(value(roles.VOLTAGE), "V"))
    table.add_row("current", _text(value(roles.CURRENT), "A"))
    table.add_row("charge", _text(value("/Soc"), "%"))
    cells = [_text(value(f"/System/{which}CellVoltage"), "V") for which in ("Min", "Max")]
    table.add_row("cells", f"{cells[0].removesuffix(' V')}-{cells[1]}")
    table.add_row("temp.", _text(value(roles.TEMPERATURE), "°C"))
    for name, path in (("may charge", roles.ALLOW_CHARGE), ("may discharge", roles.ALLOW_DISCHARGE)):
        table.add_row(name, PERMISSIONS.get(_text(value(path)), Text("unknown", "bold yellow")))
    state = _text(boat.installation.value(GXBRIDGE, "/Bms/State"))
    return Panel(table, title=f"battery ({state})", padding=(0, 1))


def _limits(playing: list[ActPlayer], roomy: bool) -> RenderableType:
    table = Table.grid(padding=(0, 1), expand=True)
    for width in (6, 4, 9):
        table.add_column(width=width)
    table.add_column(ratio=1, no_wrap=not roomy, overflow="ellipsis")
    for player in playing:
        for path, name, unit in LIMITS:
            value = player.installation.value(GXBRIDGE, f"/Limits/{path}/Value")
            reason = player.installation.value(GXBRIDGE, f"/Limits/{path}/Reason")
            if player is playing[0] or (isinstance(reason, str) and reason):
                name_and_limit = Text(player.installation.name, "dim"), Text(name, "bold")
                table.add_row(*name_and_limit, _text(value, unit), _short(reason))
    return Panel(table, title="limits, and why", padding=(0, 1))


def _shown_roles(player: ActPlayer) -> list[str]:
    return [
        role for role in (MULTI, *CHARGERS) if isinstance(player.installation.value(role, roles.CURRENT), int | float)
    ]


def _chargers(playing: list[ActPlayer]) -> RenderableType:
    table = Table(box=None, padding=(0, 1), expand=True, pad_edge=False)
    for title, width in (("", 5), ("", 11), ("told", 17), ("does", 25), ("why", None)):
        ratio = 1 if width is None else None
        table.add_column(title, no_wrap=True, overflow="ellipsis", width=width, ratio=ratio)
    for player in playing:
        reasons = dict(_listed(player, "Limits/Charger", "Service", "Reason"))
        reasons[player.installation.service(MULTI)] = player.installation.value(GXBRIDGE, "/Limits/Multi/Reason")
        for role in _shown_roles(player):
            reason = _short(reasons.get(player.installation.service(role)))
            table.add_row(Text(player.installation.name, "dim"), role, *_told_and_does(player, role), reason)
    return Panel(table, title="chargers", padding=(0, 1))


def _told_and_does(player: ActPlayer, role: str) -> tuple[str, Text]:
    value = player.installation.value

    def told(unit: str, *places: tuple[str, str]) -> str:
        known = [seen for place in places if isinstance(seen := value(*place), int | float)]
        return _text(known[0] if known else None, unit)

    if role == MULTI:
        charge = told("A", (role, roles.BOL_CHARGE), (role, roles.MULTI_CHARGE))
        order = f"{charge}, out {told('A', (role, roles.BOL_DISCHARGE))}"
    else:
        volts = told("V", (role, roles.LINK_VOLTAGE), (roles.VECAN, roles.LINK_VOLTAGE))
        order = f"{told('A', (role, roles.LINK_CURRENT))} at {volts}"
    current, error = _text(value(role, roles.CURRENT), "A"), value(role, roles.ERROR)
    if isinstance(error, int) and error != 0:
        return order, Text(f"{current}, ERROR {error}", "bold red")
    return order, Text(
        f"{current}, {_text(value(role, roles.STATE), '', MULTI_STATES if role == MULTI else CHARGER_STATES)}"
    )


def _findings(playing: list[ActPlayer]) -> RenderableType:
    found = [
        f"{player.installation.name}: {_text(text)}"
        for player in playing
        for _, text in _listed(player, "Findings", "Id", "Text")
    ]
    return Panel(Text("\n".join(found) or "none"), title="findings", padding=(0, 1))


def _listed(player: ActPlayer, group: str, key: str, item: str) -> Iterator[tuple[str, SeenValue]]:
    """/GROUP/n/KEY and /GROUP/n/ITEM of the service, for n = 0, 1 ... as long as the key is there."""
    for n in count():
        name = player.installation.value(GXBRIDGE, f"/{group}/{n}/{key}")
        if not isinstance(name, str) or not name:
            return
        yield name, player.installation.value(GXBRIDGE, f"/{group}/{n}/{item}")
