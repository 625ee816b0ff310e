"""The values of our own service, made from the situation; the paths and types are in `own_paths.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.limit.reasons import reason_text
from gxbridge.core.dvcc.read.paths import NUMBER_OF_BMSES
from gxbridge.core.dvcc.run.decision import NO_RULES_SHOWN, ShownRules
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record
from gxbridge.core.publish.explanation import Epoch, Situation, as_json
from gxbridge.core.publish.own_paths import OWN_PRODUCT_ID
from gxbridge.core.publish.own_writes import STORAGE
from gxbridge.core.vecan.devices import DeviceView

SLOW_S = 10
"""Counters and moments of the last frame are refreshed only this often: a value that changes every second costs every
reader every second."""

MOST_DEVICES = 64
MOST_FINDINGS = 32
MOST_CHARGERS = 64
"""What is listed on D-Bus is bounded; the count tells when there is more."""

_HEALTH = {"info": 0, "warning": 1, "alarm": 2}


@record
class CanView:
    """Statistics of one CAN bus; `last_frame_at` in monotonic seconds, `load` in percent of 250 kbit/s."""

    state: str
    reason: str = ""
    frames: int = 0
    lost: int = 0
    errors: int = 0
    load: float | None = None
    last_frame_at: float | None = None


CLOCK_PATHS = {"pre-alarm": "/Bms/DischargeMayEndAt", "alternator": "/Bms/ContactorMayOpenAt"}
"""Clock -> where its end is shown. The ends of the links have paths of their own."""


class OwnItems:
    """Renders the items; remembers which number a charger was given, so that numbers do not jump."""

    def __init__(self, version: str, buses: Iterable[str]) -> None:
        self._version = version
        self._buses = tuple(buses)
        self._chargers: dict[str, int] = {}
        self._paths: set[str] = set()
        self._devices: Mapping[str, Value] = {}
        self._devices_at = self._looked_at = float("-inf")
        self._limits: dict[str, tuple[object, Mapping[str, Value]]] = {}
        """Where a limit is shown -> what its items were made of, and the items."""

    def render(
        self,
        situation: Situation,
        devices: Callable[[], Iterable[DeviceView]],
        can: Mapping[str, CanView],
        now: float,
        epoch_offset: float,
    ) -> dict[str, Value]:
        """Every path that there is or ever was, so that what is gone becomes invalid instead of staying."""

        def epoch(at: float | None) -> int | None:
            return None if at is None else round(at + epoch_offset)

        items: dict[str, Value] = {
            "/Mgmt/ProcessName": "gxbridge",
            "/Mgmt/ProcessVersion": self._version,
            "/Mgmt/Connection": f"VE.Can {', '.join(self._buses)}" if self._buses else "D-Bus",
            "/DeviceInstance": 0,
            "/ProductId": OWN_PRODUCT_ID,
            "/ProductName": "gxbridge",
            "/FirmwareVersion": self._version,
            "/HardwareVersion": None,
            "/Connected": 1,
            "/Dvcc/Mode": situation.mode,
            "/Dvcc/Effective": situation.effective,
            "/Dvcc/Profile": situation.profile,
            "/Dvcc/Master": situation.master,
            "/Dvcc/MasterReason": situation.master_reason,
        }
        decision = situation.decision
        items |= {
            "/Bms/Service": decision.bms_service,
            "/Bms/Name": situation.names.get(decision.bms_service, ""),
            "/Bms/State": decision.bms_state,
            "/Bms/Since": epoch(decision.bms_since),
            "/Bms/ChargeLinkEndsAt": epoch(decision.charge_link_ends_at),
            "/Bms/MultiStopsAt": epoch(decision.multi_stops_at),
        }
        ends = {clock.name: epoch(clock.ends_at) for clock in decision.clocks}
        items |= {path: ends.get(name) for name, path in CLOCK_PATHS.items()}
        self._number_chargers(limit.subject for limit in decision.limits if limit.name == "charger")
        for limit in decision.limits:
            if limit.name == "charger" and limit.subject not in self._chargers:
                continue
            items |= self._limit(limit, situation, epoch(situation.since.get((limit.name, limit.subject))))
        if decision.rules != NO_RULES_SHOWN:
            items |= _rules(decision.rules)
        for n, note in enumerate(situation.batteries):
            items |= {
                f"/Batteries/{n}/Service": note.service,
                f"/Batteries/{n}/Name": note.battery.description or note.battery.product_name,
                f"/Batteries/{n}/State": note.battery.state,
                f"/Batteries/{n}/Since": epoch(note.battery.since),
                f"/Batteries/{n}/Published": note.published,
                f"/Batteries/{n}/PublishedReason": note.reason,
                f"/Batteries/{n}/Unseen": ", ".join(note.battery.unseen),
                f"/Batteries/{n}/FellSilent": ", ".join(text for text, _ in note.battery.fell_silent),
            }
        for n, bank in enumerate(situation.banks):
            from gxbridge.core.bank.words import members_text

            items |= {
                f"/Banks/{n}/Name": bank.entry.called,
                f"/Banks/{n}/Service": bank.entry.service if bank.stands else "",
                f"/Banks/{n}/Members": bank.figures[NUMBER_OF_BMSES].value,
                f"/Banks/{n}/Text": members_text(bank),
                f"/Banks/{n}/Reason": bank.why,
            }
        for bus, view in can.items():
            items |= {
                f"/Can/{bus}/State": view.state,
                f"/Can/{bus}/Reason": view.reason,
                f"/Can/{bus}/Frames": view.frames,
                f"/Can/{bus}/Lost": view.lost,
                f"/Can/{bus}/Errors": view.errors,
                f"/Can/{bus}/Load": view.load,
                f"/Can/{bus}/LastFrameAt": epoch(view.last_frame_at),
            }
        if now - self._looked_at >= 1.0:
            self._looked_at = now
            listed = _devices(devices(), epoch)
            if now - self._devices_at >= SLOW_S or _without_moments(listed) != _without_moments(self._devices):
                self._devices_at = now
                self._devices = listed
        items |= self._devices
        items |= _findings(situation, epoch)
        gone = self._paths - items.keys()
        self._paths |= items.keys()
        return items | dict.fromkeys(gone)

    def _number_chargers(self, subjects: Iterable[str]) -> None:
        """Each charger keeps its number; only when all are given is that of one that has gone given again."""
        present = dict.fromkeys(subjects)
        for subject in present:
            if subject in self._chargers:
                continue
            number = len(self._chargers)
            if number >= MOST_CHARGERS:
                gone = next((name for name in self._chargers if name not in present), None)
                if gone is None:
                    return
                number = self._chargers.pop(gone)
            self._chargers[subject] = number

    def _limit(self, limit: Limit, situation: Situation, since: int | None) -> Mapping[str, Value]:
        """The same items as before while the limit and its words are the same."""
        if limit.name == "charger":
            base = f"/Limits/Charger/{self._chargers[limit.subject]}"
        else:
            base = f"/Limits/{limit.name.capitalize()}"
        name = situation.names.get(limit.subject, limit.subject)
        of = (limit, since, name, situation.instances.get(limit.subject))
        made = self._limits.get(base)
        if made is None or made[0] != of:
            made = self._limits[base] = (of, limit_items(base, *of))
        return made[1]


def limit_items(base: str, limit: Limit, since: int | None, name: str, instance: int | None) -> dict[str, Value]:
    """What is shown of a limit below `base`; `name` and `instance`: of the charger or Multi whose limit it is."""
    items: dict[str, Value] = {
        f"{base}/Value": limit.value,
        f"{base}/Reason": limit.sentence,
        f"{base}/Since": since,
        f"{base}/ReasonId": limit.caps[0].name,
        f"{base}/ReasonArguments": as_json(limit.caps[0].arguments),
    }
    if limit.name in ("charger", "multi"):
        items |= {f"{base}/Service": limit.subject, f"{base}/Name": name, f"{base}/DeviceInstance": instance}
    return items


def _rules(rules: ShownRules) -> dict[str, Value]:
    items: dict[str, Value] = {
        STORAGE: None if rules.storing is None else int(rules.storing),
        "/Rules/ChargingFull": int(rules.charging_full),
        "/Rules/Act": int(rules.act),
    }
    for n, verdict in enumerate(rules.verdicts):
        items |= {
            f"/Rules/{n}/Name": verdict.name,
            f"/Rules/{n}/Limit": verdict.limits,
            f"/Rules/{n}/Value": verdict.value,
            f"/Rules/{n}/Reason": reason_text(verdict.reason, **verdict.words),
        }
    return items


def _devices(devices: Iterable[DeviceView], epoch: Epoch) -> dict[str, Value]:
    items: dict[str, Value] = {}
    listed = sorted(devices, key=lambda item: (item.bus, 256 if item.address is None else item.address, item.key))
    for n, device in enumerate(listed[:MOST_DEVICES]):
        items |= {
            f"/Devices/{n}/Bus": device.bus,
            f"/Devices/{n}/Address": device.address,
            f"/Devices/{n}/Kind": device.kind,
            f"/Devices/{n}/Product": device.product_name,
            f"/Devices/{n}/Serial": device.serial,
            f"/Devices/{n}/Firmware": device.firmware_text,
            f"/Devices/{n}/UniqueNumber": device.unique_number,
            f"/Devices/{n}/State": device.state,
            f"/Devices/{n}/LastHeardAt": epoch(device.last_heard),
            f"/Devices/{n}/Wiring": device.wiring.word,
            f"/Devices/{n}/WiringReason": device.wiring.text,
        }
    return items


def _without_moments(items: Mapping[str, Value]) -> dict[str, Value]:
    return {path: value for path, value in items.items() if not path.endswith("/LastHeardAt")}


def _findings(situation: Situation, epoch: Epoch) -> dict[str, Value]:
    findings = situation.findings
    worst = max(findings, key=lambda item: _HEALTH[item.severity], default=None)
    items: dict[str, Value] = {
        "/Findings/Count": len(findings),
        "/Health/State": 0 if worst is None else _HEALTH[worst.severity],
        "/Health/Text": "" if worst is None or worst.severity == "info" else worst.text,
    }
    for n, finding in enumerate(findings[:MOST_FINDINGS]):
        items |= {
            f"/Findings/{n}/Id": finding.id,
            f"/Findings/{n}/Severity": finding.severity,
            f"/Findings/{n}/Subject": finding.subject,
            f"/Findings/{n}/Text": finding.text,
            f"/Findings/{n}/Advice": finding.advice,
            f"/Findings/{n}/Arguments": as_json(finding.arguments),
            f"/Findings/{n}/First": epoch(finding.first),
            f"/Findings/{n}/Count": finding.count,
        }
    return items
