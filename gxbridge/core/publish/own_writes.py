"""What happens when somebody writes to our own service: one item takes a value, and that only lowers or returns."""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc.rules.clock import LocalClock
from gxbridge.core.dvcc.rules.storage import StorageProfile
from gxbridge.core.model.items import Value
from gxbridge.core.publish.battery_writes import ACCEPTED, REFUSED, WRONG, Answer, one_of

STORAGE: Final = "/Rules/Storage"


def judge_own_write(path: str, value: Value, profile: StorageProfile | None, clock: LocalClock, mode: str) -> Answer:
    """Whether a client may switch the storage profile so; `local` is 1 or 0. Never raises."""
    if path != STORAGE:
        return Answer(WRONG, f"{path} cannot be written")
    if profile is None or mode == "off":
        why = "the configuration has no rules.storage" if profile is None else "dvcc.mode is off"
        return Answer(WRONG, f"{path} cannot be written: {why}")
    taken = one_of(0, 1)(value)
    if taken is None:
        return Answer(REFUSED, f"{path} takes 0 or 1, not {value!r}")
    if taken and profile.is_over(clock):
        return Answer(REFUSED, f"{path} stays 0: rules.storage.until is past; write another day into the configuration")
    if not taken and profile.on and not profile.is_over(clock):
        return Answer(REFUSED, f"{path} stays 1: the configuration says rules.storage.on: yes")
    return Answer(ACCEPTED, f"the storage profile is switched {'on' if taken else 'off'}", taken)
