"""The live screen: battery, permissions, limits with reasons, what each charger was told and does, findings, story.

Everything on it is read from D-Bus. It is drawn by the demo's own loop, without a thread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gxbridge.demo import cast
from gxbridge.demo.cast import BATTERY, CHARGER_STATES, CHARGERS, GXBRIDGE, MULTI, MULTI_STATES
from gxbridge.demo.checks import Seen
from gxbridge.demo.lines import MARKS
from gxbridge.demo.show import Scene

REFRESH_S = 0.25
KEPT_LINES = 200
LIMITS = (("Cvl", "CVL", "V"), ("Ccl", "CCL", "A"), ("Dcl", "DCL", "A"))
STYLES = {MARKS["act"]: "bold", MARKS["story"]: "cyan", MARKS["ok"]: "green", MARKS["fail"]: "bold red"}
REPEATED = ("CVL ", "CCL ", "DCL ", "Charge current ", "Multi ")
ROOMY = 34
"""From this many rows on there is a panel for the findings."""


def shown(value: Seen, unit: str = "", form: str = "{:g}") -> str:
    """A value with its unit; an unknown one is a dash."""
    if isinstance(value, int | float):
        return f"{form.format(value)} {unit}".rstrip()
    return value if isinstance(value, str) and value else "–"


def because(reason: Seen) -> str:
    """A reason without the limit and the number that stand beside it."""
    text = shown(reason)
    return text.partition(": ")[2] if text.startswith(REPEATED) and ": " in text else text


def permission(value: Seen) -> Text:
    """A permission in words and colour; unknown is not yes."""
    if value == 1:
        return Text("yes", "green")
    return Text("no", "bold red") if value == 0 else Text("unknown", "bold yellow")


def numbers(scene: Scene, group: str) -> Iterable[int]:
    """The numbers n for which the service has /Limits/Charger/n/... or /Findings/n/..."""
    key, n = "Id" if group == "Findings" else "Service", 0
    while isinstance(name := scene.stage.value(GXBRIDGE, f"/{group}/{n}/{key}"), str) and name:
        yield n
        n += 1


class Screen:
    """An audience with a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._scenes: list[Scene] = []
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

    def line(self, at: float, scene: str, mark: str, text: str) -> None:
        """Another line for the story's panel."""
        self._lines.append((at, scene, mark, text))

    def enter(self, scene: Scene) -> None:
        """A scene's installation is there."""
        self._scenes.append(scene)

    async def _draw(self) -> None:
        while True:
            self._live.update(self.picture(), refresh=True)
            await asyncio.sleep(REFRESH_S)

    def picture(self) -> RenderableType:
        """The whole screen as it is now."""
        if not self._scenes:
            return Panel(
                Text("starting a private D-Bus, the simulated devices and the service ..."), title="gxbridge demo"
            )
        boat = self._scenes[0]
        playing = [scene for scene in self._scenes if scene is boat or not scene.over]
        roomy = self._console.height >= ROOMY
        whole, upper = Layout(), Layout(size=9 + 3 * (len(playing) - 1))
        upper.split_row(Layout(self._battery(boat), size=29), Layout(self._limits(playing)))
        chargers = sum(1 + len(self._roles(scene)) for scene in playing)
        parts = [
            Layout(self._head(boat), size=4),
            upper,
            Layout(self._chargers(playing), size=chargers + 3),
            Layout(self._story(roomy, chargers, len(playing))),
        ]
        if roomy:
            parts.insert(3, Layout(self._findings(playing), size=5))
        whole.split_column(*parts)
        return whole

    def _head(self, boat: Scene) -> RenderableType:
        act = boat.act
        place = [id(each) for each in boat.story].index(id(act)) + 1 if act is not None else 0
        title = f"gxbridge demo: act {place} of {len(boat.story)}"
        text = Text(f"{act.title}. {act.text}" if act is not None else "", "bold")
        watch = Text(f"dbus-spy: DBUS_SYSTEM_BUS_ADDRESS={boat.stage.address}", "dim")
        return Panel(Group(text, watch), title=title, padding=(0, 1))

    def _battery(self, boat: Scene) -> RenderableType:
        def value(path: str) -> Seen:
            return boat.stage.value(BATTERY, path)

        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_row("voltage", shown(value(cast.VOLTAGE), "V", "{:.2f}"))
        table.add_row("current", shown(value(cast.CURRENT), "A", "{:.1f}"))
        table.add_row("charge", shown(value("/Soc"), "%", "{:.1f}"))
        low, high = value("/System/MinCellVoltage"), value("/System/MaxCellVoltage")
        table.add_row("cells", f"{shown(low, '', '{:.2f}')}-{shown(high, 'V', '{:.2f}')}")
        table.add_row("temp.", shown(value(cast.TEMPERATURE), "°C", "{:.1f}"))
        table.add_row("may charge", permission(value(cast.ALLOW_CHARGE)))
        table.add_row("may discharge", permission(value(cast.ALLOW_DISCHARGE)))
        state = shown(boat.stage.value(GXBRIDGE, "/Bms/State"))
        return Panel(table, title=f"battery ({state})", padding=(0, 1))

    def _limits(self, playing: list[Scene]) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        for width in (6, 4, 9, None):
            table.add_column(width=width, ratio=1 if width is None else None)
        for scene in playing:
            for path, name, unit in LIMITS:
                value = scene.stage.value(GXBRIDGE, f"/Limits/{path}/Value")
                reason = scene.stage.value(GXBRIDGE, f"/Limits/{path}/Reason")
                if scene is playing[0] or reason:
                    table.add_row(Text(scene.name, "dim"), Text(name, "bold"), shown(value, unit), because(reason))
        return Panel(table, title="limits, and why", padding=(0, 1))

    @staticmethod
    def _roles(scene: Scene) -> list[str]:
        return [role for role in (MULTI, *CHARGERS) if isinstance(scene.stage.value(role, cast.CURRENT), int | float)]

    def _chargers(self, playing: list[Scene]) -> RenderableType:
        table = Table(box=None, padding=(0, 1), expand=True, pad_edge=False)
        for title, width in (("", 11), ("told", 17), ("does", 25), ("why", None)):
            ratio = 1 if width is None else None
            table.add_column(title, no_wrap=True, overflow="ellipsis", width=width, ratio=ratio)
        for scene in playing:
            reasons = {
                scene.stage.value(GXBRIDGE, f"/Limits/Charger/{n}/Service"): scene.stage.value(
                    GXBRIDGE, f"/Limits/Charger/{n}/Reason"
                )
                for n in numbers(scene, "Limits/Charger")
            }
            table.add_row(Text(scene.name, "dim"))
            for role in self._roles(scene):
                if role == MULTI:
                    reason = scene.stage.value(GXBRIDGE, "/Limits/Multi/Reason")
                else:
                    reason = reasons.get(scene.stage.service(role))
                table.add_row(role, self._told(scene, role), self._does(scene, role), because(reason))
        return Panel(table, title="chargers", padding=(0, 1))

    @staticmethod
    def _told(scene: Scene, role: str) -> str:
        stage = scene.stage
        if role != MULTI:
            volts = stage.value(role, cast.LINK_VOLTAGE)
            volts = volts if isinstance(volts, int | float) else stage.value(cast.VECAN, cast.LINK_VOLTAGE)
            return f"{shown(stage.value(role, cast.LINK_CURRENT), 'A')} at {shown(volts, 'V')}"
        charge = stage.value(role, cast.BOL_CHARGE)
        charge = charge if isinstance(charge, int | float) else stage.value(role, cast.MULTI_CHARGE)
        return f"{shown(charge, 'A')}, out {shown(stage.value(role, cast.BOL_DISCHARGE), 'A')}"

    @staticmethod
    def _does(scene: Scene, role: str) -> Text:
        state, error = scene.stage.value(role, cast.STATE), scene.stage.value(role, cast.ERROR)
        names = MULTI_STATES if role == MULTI else CHARGER_STATES
        word = names.get(state, f"state {state}") if isinstance(state, int) else "–"
        current = shown(scene.stage.value(role, cast.CURRENT), "A", "{:.1f}")
        if isinstance(error, int) and error != 0:
            return Text(f"{current}, ERROR {error}", "bold red")
        return Text(f"{current}, {word}")

    def _findings(self, playing: list[Scene]) -> RenderableType:
        found = [
            f"{scene.name}: {shown(scene.stage.value(GXBRIDGE, f'/Findings/{n}/Text'))}"
            for scene in playing
            for n in numbers(scene, "Findings")
        ]
        return Panel(Text("\n".join(found) or "none"), title="findings", padding=(0, 1))

    def _story(self, roomy: bool, chargers: int, scenes: int) -> RenderableType:
        used = 4 + 9 + 3 * (scenes - 1) + chargers + 3 + (5 if roomy else 0) + 2
        rows = max(self._console.height - used, 1)
        text = Text(no_wrap=True, overflow="ellipsis")
        for at, scene, mark, words in list(self._lines)[-rows:]:
            text.append(f"{at:6.1f} s {scene:5} {mark:2} {words}\n", STYLES.get(mark, ""))
        return Panel(text, title="what happens", padding=(0, 1))
