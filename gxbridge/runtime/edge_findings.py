"""What is found outside the core, as findings for the user: refused writes, closed buses, settings, retired keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gxbridge.config import Deprecation
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.record import record
from gxbridge.core.publish.own_items import CanView

PATIENCE_S = 5.0
"""A device that restarts, or a bus that is opened again at once, is no trouble yet."""


@record
class RefusedWrite:
    """A write that failed, and since when (monotonic seconds) every write to this path has."""

    service: str
    path: str
    problem: str
    since: float


def write_findings(refusals: Iterable[RefusedWrite], now: float) -> tuple[Finding, ...]:
    """One finding for each device that has not taken what it was told for a while."""
    by_service: dict[str, RefusedWrite] = {}
    for refusal in refusals:
        oldest = by_service.setdefault(refusal.service, refusal)
        if refusal.since < oldest.since:
            by_service[refusal.service] = refusal
    return tuple(
        Finding(
            "write-failed",
            "alarm",
            service,
            f"{service} does not take what it is told ({refusal.path}: {refusal.problem}); its own settings hold.",
            "Look whether the device is well and may be controlled; update its firmware; limit it by its own settings.",
            refusal.since,
            refusal.since,
        )
        for service, refusal in by_service.items()
        if now - refusal.since >= PATIENCE_S
    )


class CanTroubles:
    """Since when each bus is not open."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def findings(self, views: Mapping[str, CanView], now: float) -> tuple[Finding, ...]:
        """One finding for each bus that has not been open for a while."""
        found = []
        for bus, view in views.items():
            if view.state in ("open", "ended", "closed"):  # a log that is over is no trouble
                self._since.pop(bus, None)
                continue
            since = self._since.setdefault(bus, now)
            if now - since >= PATIENCE_S:
                found.append(
                    Finding(
                        "can-not-open",
                        "alarm",
                        bus,
                        f"The CAN bus {bus} is not in use ({view.state}): {view.reason or 'it was never opened'}.",
                        "It is tried again by itself; see to the interface.",
                        since,
                        since,
                    )
                )
        return tuple(found)


class SettingsTroubles:
    """Since when the GX's settings do not keep what they are told of a battery."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def findings(self, refused: Mapping[str, str], now: float) -> tuple[Finding, ...]:
        """One finding for each battery whose instance or name has not been kept for a while."""
        self._since = {battery: self._since.get(battery, now) for battery in refused}
        return tuple(
            Finding(
                "settings-refused",
                "warning",
                f"/Settings/Devices/{battery}",
                f"The GX's settings do not keep instance and name of {battery} ({refused[battery]}); "
                "those that gxbridge has hold.",
                "They are offered again by themselves. Look at this path in com.victronenergy.settings (dbus-spy): "
                "an entry that is wrong must go; or give the battery an instance of its own in the configuration.",
                since,
                since,
            )
            for battery, since in self._since.items()
            if now - since >= PATIENCE_S
        )


def deprecation_findings(deprecations: Iterable[Deprecation], now: float) -> tuple[Finding, ...]:
    """One finding for each key of the configuration that a later release no longer reads."""
    return tuple(
        Finding(
            "key-retired",
            "alarm" if deprecation.obeyed else "warning",
            deprecation.problem.key,
            f"{deprecation.problem.where}: {deprecation.problem.key}: {deprecation.problem.what}.",
            f"{deprecation.problem.cure[0].upper()}{deprecation.problem.cure[1:]}.",
            now,
            now,
        )
        for deprecation in deprecations
    )
