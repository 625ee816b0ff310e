"""The whole show: which scenes play where, and the promise that nothing is left of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gxbridge.demo import boat, cabin
from gxbridge.demo.cast import LYNX_SCENE
from gxbridge.demo.installation import Installation, Offstage
from gxbridge.demo.keeper import Keeper
from gxbridge.demo.lines import Lines
from gxbridge.demo.story import Act, Finish, Outcome, Player


@dataclass(frozen=True, slots=True)
class Wishes:
    """The command line: see `gxbridge demo --help`."""

    plain: bool = False
    full: bool = False
    keep: bool = False
    dbus_daemon: str | None = None
    can: str | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What it is made with: a folder of its own, the dbus-daemon program, (interface, channel) of the Lynx's bus."""

    folder: Path
    dbus_daemon: str
    can: tuple[str, str]


@dataclass(slots=True)
class Scene:
    """One installation and the player of its acts; `act` is the one that plays now."""

    name: str
    stage: Installation
    player: Player
    story: Sequence[Act]
    act: Act | None = None
    over: bool = False


class Show:
    """Plays every scene. `on_scene` hears of each one when its bus is there."""

    def __init__(
        self, wishes: Wishes, means: Means, lines: Lines, dwell_s: float, on_scene: Callable[[Scene], None]
    ) -> None:
        self.scenes: dict[str, Scene] = {}
        self._wishes = wishes
        self._means = means
        self._lines = lines
        self._dwell_s = dwell_s
        self._on_scene = on_scene
        self._keeper = Keeper()
        self._began = time.monotonic()

    async def play(self) -> bool:
        """The whole story; True if every act ended as it must. Raises DemoError when it cannot be played."""
        story = boat.acts(self._wishes.full)
        if self._wishes.keep:
            story = [act for act in story if not any(isinstance(step, Finish) for step in act.steps)]
        return await self._scene(LYNX_SCENE, self._means.can, story, self._beside)

    async def _beside(self, name: str) -> bool:
        return await self._scene(name, None, cabin.ACTS, None)

    async def _scene(
        self, name: str, can: tuple[str, str] | None, story: Sequence[Act], beside: Offstage | None
    ) -> bool:
        stage = Installation(name, self._keeper, self._means.folder / name, can, self._lines, beside)
        player = Player(stage, self._dwell_s)
        scene = self.scenes[name] = Scene(name, stage, player, story)

        def on_act(act: Act) -> None:
            scene.act = act

        player.on_act = on_act
        await stage.open(self._means.dbus_daemon)
        self._on_scene(scene)
        good = await player.play(story)
        scene.over = True
        return good

    def close(self) -> None:
        """End every process. Does not raise."""
        for scene in self.scenes.values():
            scene.stage.close()
        self._keeper.stop_all()

    @property
    def age_s(self) -> float:
        """Seconds since the show began."""
        return time.monotonic() - self._began

    @property
    def outcomes(self) -> list[tuple[str, Outcome]]:
        """Every act that was played, with its scene."""
        return [(scene.name, outcome) for scene in self.scenes.values() for outcome in scene.player.outcomes]

    @property
    def service_logs(self) -> list[tuple[str, list[str]]]:
        """The end of each service's own messages, by scene. Only while the demo's folder exists."""
        return [(scene.name, scene.stage.service_log()) for scene in self.scenes.values()]
