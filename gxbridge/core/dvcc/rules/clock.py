"""The local time as a value: who decides never looks at a clock.

A machine without a battery for its clock starts in 1970, or when its system was built, until the network sets it. What
is before `EARLIEST` was certainly never set.
"""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc.rules.curve import DAY_MIN
from gxbridge.core.model.named_tuple import NamedTuple

EARLIEST: Final = 1_704_067_200.0
"""2024-01-01 00:00 UTC in seconds since 1970: before the first release of gxbridge."""
DAY_S: Final = 86_400.0
FARTHEST_S: Final = 14 * 3600
"""No zone is farther from UTC (+14 h in Kiribati)."""


class LocalClock(NamedTuple):
    """`epoch`: seconds since 1970 (UTC), None: the clock is not set. `zone_s`: local time minus UTC in seconds, None:
    the time zone is not known."""

    epoch: float | None = None
    zone_s: float | None = None

    @property
    def minutes(self) -> float | None:
        """Minutes after midnight, local time."""
        local = self._local
        return None if local is None else local % DAY_S // 60 % DAY_MIN

    @property
    def day(self) -> int | None:
        """Days since 1970-01-01, local time."""
        local = self._local
        return None if local is None else int(local // DAY_S)

    @property
    def _local(self) -> float | None:
        return None if self.epoch is None or self.zone_s is None else self.epoch + self.zone_s


NO_CLOCK: Final = LocalClock()


def local_clock(epoch: float, zone_s: float | None) -> LocalClock:
    """The time as it counts: a clock that cannot be right, or a zone that there is not, is none."""
    known = zone_s if zone_s is not None and abs(zone_s) <= FARTHEST_S else None
    return LocalClock(epoch if EARLIEST <= epoch < float("inf") else None, known)
