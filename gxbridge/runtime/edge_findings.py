"""What is found outside the core, as findings for the user: refused writes, closed buses, settings, retired keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gxbridge.config import Deprecation
from gxbridge.core.model.finding import Finding, finding
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


def write_findings(
    refusals: Iterable[RefusedWrite], untold: Mapping[tuple[str, str], str], now: float
) -> tuple[Finding, ...]:
    """One finding for each device that has not taken what it was told for a while. `untold`: of the devices that
    we serve ourselves, why nothing was sent to them."""
    by_service: dict[str, RefusedWrite] = {}
    for refusal in refusals:
        oldest = by_service.setdefault(refusal.service, refusal)
        if refusal.since < oldest.since:
            by_service[refusal.service] = refusal
    return tuple(
        _write_finding(refusal, untold.get((service, refusal.path)))
        for service, refusal in by_service.items()
        if now - refusal.since >= PATIENCE_S
    )


def _write_finding(refusal: RefusedWrite, why: str | None) -> Finding:
    service, since = refusal.service, refusal.since
    if why is not None:
        return finding("write-not-sent", service, since, service=service, why=why)
    return finding("write-failed", service, since, service=service, path=refusal.path, problem=refusal.problem)


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
                reason = view.reason or "it was never opened"
                found.append(finding("can-not-open", bus, since, bus=bus, state=view.state, reason=reason))
        return tuple(found)


class SettingsTroubles:
    """Since when the GX's settings do not keep what they are told of a battery."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def findings(self, refused: Mapping[str, str], now: float) -> tuple[Finding, ...]:
        """One finding for each battery whose instance or name has not been kept for a while."""
        self._since = {battery: self._since.get(battery, now) for battery in refused}
        return tuple(
            finding(
                "settings-refused", f"/Settings/Devices/{battery}", since, battery=battery, problem=refused[battery]
            )
            for battery, since in self._since.items()
            if now - since >= PATIENCE_S
        )


def deprecation_findings(deprecations: Iterable[Deprecation], now: float) -> tuple[Finding, ...]:
    """One finding for each key of the configuration that a later release no longer reads, or that is doubtful."""
    return tuple(_of_key(deprecation, now) for deprecation in deprecations)


def _of_key(deprecation: Deprecation, now: float) -> Finding:
    problem = deprecation.problem
    cure = f"{problem.cure[0].upper()}{problem.cure[1:]}"
    found = finding(
        deprecation.finding, problem.key, now, where=problem.where, key=problem.key, what=problem.what, cure=cure
    )
    return found if deprecation.obeyed else replace(found, severity="warning")
