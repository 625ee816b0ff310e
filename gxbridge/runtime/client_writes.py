"""What happens when a D-Bus client writes to one of our services: sent, kept here, or refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import ServiceView
from gxbridge.core.dvcc.read.paths import CHARGER, LINK, VECAN
from gxbridge.core.gate.allowed import CHARGERS
from gxbridge.core.gate.gate import LINK_S
from gxbridge.core.model.items import Value
from gxbridge.core.publish.battery_writes import REFUSED, WRONG, Answer, judge_write
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.core.setup import Setup
from gxbridge.runtime.edge_findings import RefusedWrite
from gxbridge.runtime.identities import Identities, unique_id

log = logging.getLogger("gxbridge")

Show = Callable[[str, Mapping[str, Value]], None]
"""Shows items of a service at once, before the next cycle."""


class LinkWrite(NamedTuple):
    """The last write to a path of `/Link`: its answer, since when the answer is of this kind, when it came."""

    answer: Answer
    since: float
    at: float


class ClientWrites:
    """Answers writes. `views` are the battery services as they are published now."""

    def __init__(
        self, setup: Setup, bridge: Bridge, identities: Identities, show: Show, speak: Callable[[], None]
    ) -> None:
        self._setup = setup
        self._bridge = bridge
        self._identities = identities
        self._show = show
        self._speak = speak
        self.views: Mapping[str, ServiceView] = {}
        self._answered: dict[tuple[str, str], LinkWrite] = {}
        """By service and path of `/Link`. Bounded: services of a port, writable paths."""
        self._unsaid: set[tuple[str, str]] = set()
        """Paths of `/Link` of which the log is to say what was sent. Bounded in the same way."""

    def say_what_is_told(self, now: float) -> None:
        """In the log, after a look: what the devices are told of what was taken."""
        link = self._bridge.link
        if link is None:
            return
        for service, path in sorted(self._unsaid):
            text = link.told(service, path)
            if text:
                log.info("D-Bus client writes to %s: %s", service, text)
            if text or now - self._answered[service, path].at >= LINK_S:
                self._unsaid.discard((service, path))

    @property
    def untold(self) -> dict[tuple[str, str], str]:
        """By service and path of `/Link`: why what was written there last is not sent."""
        return {
            key: last.answer.text for key, last in self._answered.items() if last.answer.code and key[0] in self.views
        }

    def refused(self, now: float) -> Iterator[RefusedWrite]:
        """What a controller goes on writing to `/Link` while the configuration lets nobody be told: it believes that
        these devices are. Where they may be, the findings of LINK say what is not sent; a controller of a GX writes to
        a port without chargers, too."""
        if self._bridge.link is None:
            for service, path in self.untold:
                last = self._answered[service, path]
                if now - last.at < LINK_S and self._has_chargers(self.views[service]):
                    yield RefusedWrite(service, path, last.answer.text, last.since)

    def _has_chargers(self, view: ServiceView) -> bool:
        """Whether a service is a charger, or of a port with one."""
        if view.kind != VECAN:
            return True
        mark = f".socketcan_{view.name.rpartition('.')[2]}_"
        return any(one.kind in {*CHARGERS, CHARGER} and mark in one.name for one in self.views.values())

    def write(self, service: str, path: str, value: Value) -> int:
        """A client writes; 0, 1 or 2, as velib answers."""
        if service == OWN_NAME:
            return self._write_own(path, value)
        view = self.views.get(service)
        if view is None:
            return WRONG
        answer = self._judge(view, path, value)
        if answer.local is not None:
            self._keep(view, path, answer.local)
        if answer.register is not None or answer.instance is not None:
            answer = self._send(view, path, answer)
            self._speak()
        self._say(service, path, answer)
        return answer.code

    def _say(self, service: str, path: str, answer: Answer) -> None:
        """In the log. A controller writes to the chargers every few seconds: there only another answer is news."""
        if path.startswith(LINK):
            now, before = time.monotonic(), self._answered.get((service, path))
            same = before is not None and before.answer.code == answer.code
            lasts = before is not None and same and now - before.at < LINK_S
            self._answered[service, path] = LinkWrite(answer, before.since if before and lasts else now, now)
            if same:
                return
            self._unsaid.discard((service, path))
            link = self._bridge.link
            if link is not None and not answer.code and link.out.stands(service, path):
                self._unsaid.add((service, path))  # what is sent of it is not known yet
                return
        log.info("D-Bus client writes to %s: %s", service, answer.text)

    def _judge(self, view: ServiceView, path: str, value: Value) -> Answer:
        writes, mode = self._setup.transmit == "writes", self._setup.allow_mode
        writes &= bool(view.kind) or view.battery is not None  # a bank is no device
        if not view.kind:
            return judge_write(path, value, transmit_writes=writes, mode_switch=mode)
        from gxbridge.core.port.port_writes import judge_port_write

        def take_link(path: str, value: Value) -> tuple[int, str]:
            return self._bridge.orders.write_port_link(view.name, path, value, time.monotonic())

        return judge_port_write(view.kind, path, value, take_link, transmit_writes=writes, mode_switch=mode)

    def _send(self, view: ServiceView, path: str, answer: Answer) -> Answer:
        """Have what it is about sent; the answer where that cannot be is another."""
        reason = self._ordered(view, path, answer)
        if reason and answer.local is not None:
            return replace(answer, text=f"{path} = {answer.local!r} is kept, and not sent: {reason}")
        if reason:
            return Answer(REFUSED, f"{path} is not sent: {reason}")
        if answer.local is None:  # what the device says counts, and so far it has said nothing else
            self._show(view.name, {path: view.items[path]})
        return answer

    def _ordered(self, view: ServiceView, path: str, answer: Answer) -> str:
        """Order it; else why not."""
        now, orders, register = time.monotonic(), self._bridge.orders, answer.register or 0
        if answer.instance is not None:
            return orders.set_instance(view.name, path, answer.instance, now)
        if view.battery is None:
            return orders.set_register(view.name, path, register, answer.data, now)
        return orders.write_register(view.battery, register, answer.data, now)

    def _write_own(self, path: str, value: Value) -> int:
        """A client writes to our own service."""
        answer = self._bridge.judge_own_write(path, value, time.time())
        log.info("D-Bus client writes to %s: %s", OWN_NAME, answer.text)
        if answer.local is not None:
            self._bridge.switch_storage(answer.local == 1)
        return answer.code

    def _keep(self, view: ServiceView, path: str, value: Value) -> None:
        """A value that is ours to keep, whether or not it can be sent as well."""
        if path == "/CustomName":
            self._identities.rename(unique_id(view), str(value))
            self._bridge.set_identity(view.key, view.instance, str(value))
        if value:
            self._show(view.name, {path: value})
