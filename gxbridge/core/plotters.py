"""What chart plotters are told: the BMS in control, and what is found about batteries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from gxbridge.core.dvcc.read.plotted import plotted_battery
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.sending.transmitter import Transmitter


def plot_battery(
    transmitter: Transmitter,
    setup: Setup,
    decision: Decision,
    known: Callable[[], Mapping[str, Items]],
    batteries: Iterable[Battery],
    now: float,
) -> Iterator[Finding]:
    """Show the plotters of a bus the BMS in control; what keeps us from it. `known`: every service there is."""
    bus, plotter, alerts = setup.plotter_bus, transmitter.plotter, transmitter.alerts
    if plotter is None:
        return
    shown = known().get(decision.bms_service) if decision.bms_state == "live" else None
    plotter.show(None if shown is None else plotted_battery(shown), addresses_on(bus, batteries), now)
    rival = plotter.rival(now)
    if rival is not None:
        yield finding("plotter-rival", bus, now, bus=bus, address=str(rival), instance=plotter.instance)
    other = None if alerts is None else alerts.rival(now)
    if other is not None:
        yield finding("alerts-elsewhere", bus, now, bus=bus, address=str(other))


def plot_alerts(
    transmitter: Transmitter, setup: Setup, findings: Iterable[Finding], batteries: Iterable[Battery], now: float
) -> None:
    """Show them the findings that hold, while nobody else tells them the battery."""
    plotter, alerts = transmitter.plotter, transmitter.alerts
    if plotter is not None and alerts is not None:
        alerts.show(findings, addresses_on(setup.plotter_bus, batteries), now, elsewhere=plotter.rival(now) is not None)


def addresses_on(bus: str, batteries: Iterable[Battery]) -> Set[int]:
    """Where batteries of ours speak themselves on a bus."""
    return {battery.address for battery in batteries if battery.bus == bus and battery.address is not None}
