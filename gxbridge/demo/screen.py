"""The live screen: battery, permissions, limits with reasons, what each charger is told and does, findings, events.

Everything on it is read from D-Bus. It is drawn by the demo's own loop, without a thread.
"""

from __future__ import annotations

import asyncio
from collections import deque

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gxbridge.demo import roles
from gxbridge.demo.acts import ActPlayer
from gxbridge.demo.checks import SeenValue
from gxbridge.demo.roles import BATTERY, CHARGER_STATES, CHARGERS, GXBRIDGE, MULTI, MULTI_STATES, NO_LIMIT_A

REFRESH_S = 0.25
KEPT_LINES = 200
LIMITS = (("Cvl", "CVL", "V"), ("Ccl", "CCL", "A"), ("Dcl", "DCL", "A"))
STYLES = {"==": "bold", "->": "cyan", "ok": "green", "!!": "bold red"}
REPEATED = ("CVL ", "CCL ", "DCL ", "Charge current ", "Multi ")
ROOMY = 34
"""From this many rows on there are findings, the address for other programs, and room for long reasons."""


def value_with_unit(value: SeenValue, unit: str = "", form: str = "{:g}") -> str:
    """A value with its unit; an unknown one is a dash."""
    if isinstance(value, int | float):
        if unit == "A" and value >= NO_LIMIT_A:
            return "no limit"
        return f"{form.format(round(value, 2))} {unit}".rstrip()
    return value if isinstance(value, str) and value else "–"


def short_reason(reason: SeenValue) -> str:
    """A reason without the limit and the number that stand beside it."""
    text = value_with_unit(reason)
    return text.partition(": ")[2] if text.startswith(REPEATED) and ": " in text else text


def permission_text(value: SeenValue) -> Text:
    """A permission in words and colour; unknown is not yes."""
    if value == 1:
        return Text("yes", "green")
    return Text("no", "bold red") if value == 0 else Text("unknown", "bold yellow")


class Screen:
    """Draws the installations on a terminal; the first one is the boat, others appear while they play."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._players: list[ActPlayer] = []
        self._lines: deque[tuple[float, str, str, str]] = deque(maxlen=KEPT_LINES)
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._drawing: asyncio.Task[None] | None = None

    def __enter__(self) -> Screen:
        self._live.__enter__()
        self._drawing = asyncio.ensure_future(self._draw())
        return self

    def __exit__(self, *exc: object) -> None:
        if self._drawing is not None:
            self._drawing.cancel()
        self._live.stop()

    def line(self, at_s: float, name: str, mark: str, text: str) -> None:
        """Something happened in this installation, so long after the start."""
        self._lines.append((at_s, name, mark, text))

    def started(self, player: ActPlayer) -> None:
        """An installation runs: draw it from now on."""
        self._players.append(player)

    async def _draw(self) -> None:
        while True:
            self._live.update(self.picture(), refresh=True)
            await asyncio.sleep(REFRESH_S)

    def picture(self) -> RenderableType:
        """The whole screen as it is now."""
        if not self._players:
            return Panel("starting a private D-Bus, the simulated devices and the service ...", title="gxbridge demo")
        boat = self._players[0]
        playing = [player for player in self._players if player is boat or not player.over]
        roomy = self._console.height >= ROOMY
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
        left = max(self._console.height - sum(rows for _, rows in parts), 3)
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
    def value(path: str, unit: str = "", form: str = "{:.1f}") -> str:
        return value_with_unit(boat.installation.value(BATTERY, path), unit, form)

    def permission(path: str) -> Text:
        return permission_text(boat.installation.value(BATTERY, path))

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_row("voltage", value(roles.VOLTAGE, "V", "{:.2f}"))
    table.add_row("current", value(roles.CURRENT, "A"))
    table.add_row("charge", value("/Soc", "%"))
    low, high = value("/System/MinCellVoltage", "", "{:.2f}"), value("/System/MaxCellVoltage", "V", "{:.2f}")
    table.add_row("cells", f"{low}-{high}")
    table.add_row("temp.", value(roles.TEMPERATURE, "°C"))
    table.add_row("may charge", permission(roles.ALLOW_CHARGE))
    table.add_row("may discharge", permission(roles.ALLOW_DISCHARGE))
    state = value_with_unit(boat.installation.value(GXBRIDGE, "/Bms/State"))
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
                table.add_row(*name_and_limit, value_with_unit(value, unit), short_reason(reason))
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
        reasons = {
            player.installation.value(GXBRIDGE, f"/Limits/Charger/{n}/Service"): player.installation.value(
                GXBRIDGE, f"/Limits/Charger/{n}/Reason"
            )
            for n in _numbers(player, "Limits/Charger", "Service")
        }
        for role in _shown_roles(player):
            if role == MULTI:
                reason = player.installation.value(GXBRIDGE, "/Limits/Multi/Reason")
            else:
                reason = reasons.get(player.installation.service(role))
            name = Text(player.installation.name, "dim")
            table.add_row(name, role, _told(player, role), _does(player, role), short_reason(reason))
    return Panel(table, title="chargers", padding=(0, 1))


def _told(player: ActPlayer, role: str) -> str:
    def first(unit: str, *places: tuple[str, str]) -> str:
        values = [player.installation.value(*place) for place in places]
        known = [value for value in values if isinstance(value, int | float)]
        return value_with_unit(known[0] if known else None, unit)

    if role == MULTI:
        charge = first("A", (role, roles.BOL_CHARGE), (role, roles.MULTI_CHARGE))
        return f"{charge}, out {first('A', (role, roles.BOL_DISCHARGE))}"
    volts = first("V", (role, roles.LINK_VOLTAGE), (roles.VECAN, roles.LINK_VOLTAGE))
    return f"{first('A', (role, roles.LINK_CURRENT))} at {volts}"


def _does(player: ActPlayer, role: str) -> Text:
    state, error = player.installation.value(role, roles.STATE), player.installation.value(role, roles.ERROR)
    names = MULTI_STATES if role == MULTI else CHARGER_STATES
    word = names.get(state, f"state {state}") if isinstance(state, int) else "–"
    current = value_with_unit(player.installation.value(role, roles.CURRENT), "A", "{:.1f}")
    if isinstance(error, int) and error != 0:
        return Text(f"{current}, ERROR {error}", "bold red")
    return Text(f"{current}, {word}")


def _findings(playing: list[ActPlayer]) -> RenderableType:
    found = [
        f"{player.installation.name}: {value_with_unit(player.installation.value(GXBRIDGE, f'/Findings/{n}/Text'))}"
        for player in playing
        for n in _numbers(player, "Findings", "Id")
    ]
    return Panel(Text("\n".join(found) or "none"), title="findings", padding=(0, 1))


def _numbers(player: ActPlayer, group: str, key: str) -> list[int]:
    """The numbers n for which the service has a /GROUP/n/KEY that is not empty."""
    found: list[int] = []
    while isinstance(name := player.installation.value(GXBRIDGE, f"/{group}/{len(found)}/{key}"), str) and name:
        found.append(len(found))
    return found
