"""Each log in `logs/` is a fault on CAN, played through the whole core with its chargers: one file is one test.

The head of a file says what it is, where its frames are from, which warnings and alarms it must raise (all of them;
`info` ones only where they matter), and what the chargers together are told, change by change.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.core.model.findings_table import FINDINGS
from gxbridge.edge.logs.reader import open_log
from tests.core.boat import MULTI, SOLAR, Boat, multi, solar

LOGS = sorted((Path(__file__).parent / "logs").iterdir())
CHARGE = "/Link/ChargeCurrent"


def head(path: Path) -> dict[str, str]:
    """What a log says about itself: `findings`, `charge`, `origin`, and the sentence before them as ""."""
    remarks = [line[1:].strip() for line in path.read_text().splitlines() if line.startswith("#")]
    words = {name: text.strip() for name, colon, text in (line.partition(": ") for line in remarks) if colon}
    return {"": remarks[0], **words}


class Played:
    """A log on a boat in control, profile `strict`: a look each second, and at once where the bridge asks for it."""

    def __init__(self, path: Path) -> None:
        self.boat = Boat(buses=("can0", "can1"))
        self.boat.now = 0.0
        self.boat.add(SOLAR, solar())
        self.boat.add(MULTI, multi() | {"/Dc/0/Current": 0.0})
        self.found: set[str] = set()
        self.charge: list[str] = []
        with open_log(str(path), on_bad=self.refuse) as rows:
            for at, bus, can_id, data in rows:
                while self.boat.now + 1 <= at:
                    for instance, battery in enumerate(self.boat.bridge.registry.batteries(self.boat.now)):
                        self.boat.bridge.set_identity(battery.key, instance, "")  # as the GX's settings do
                    self.boat.tick(speaking=False)
                    self.look()
                if self.boat.bridge.hear(bus, [(at, can_id, data)]):
                    self.boat.react()
                    self.look()

    @staticmethod
    def refuse(number: int, problem: str) -> None:
        """The log itself must be sound."""
        raise AssertionError(f"line {number}: {problem}")

    def look(self) -> None:
        """Remember what is to be seen; what is unknown before the BMS has said everything is no fault."""
        told = self.boat.links.get((SOLAR, CHARGE))
        if self.charge:
            self.found |= {found.id for found in self.boat.bridge.finding_log.current}
        if told is not None and self.charge[-1:] != [f"{told:g}"]:
            self.charge.append(f"{told:g}")
            self.boat.bridge.service_changed(
                SOLAR, {"/Dc/0/Current": min(float(told), 10.0)}, self.boat.now
            )  # it obeys


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_log_raises_the_findings_that_its_head_names(path: Path) -> None:
    words, played = head(path), Played(path)
    named = set(words["findings"].split())
    assert words["origin"]
    assert named <= set(FINDINGS)
    raised = {found for found in played.found if found in named or FINDINGS[found].severity != "info"}
    assert raised == named, words[""]
    assert " ".join(played.charge) == words["charge"], words[""]
