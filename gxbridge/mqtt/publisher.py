"""Keeps a broker current: everything when connected, then what has changed, once a second; the newest value only."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import aiomqtt

from gxbridge import __version__
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.history.services import SeenServices
from gxbridge.mqtt.home_assistant import OFFLINE, ONLINE, PROGRAM, SERVICE, discovery
from gxbridge.mqtt.login import Broker
from gxbridge.mqtt.messages import DEVICES, Messages, messages

log = logging.getLogger("gxbridge.mqtt")

EVERY_S: Final = 1.0
RETRY_S: Final = (1.0, 2.0, 5.0, 15.0, 30.0)
"""Waits between attempts to connect; the last repeats."""
ANSWER_S: Final = 10.0
KEEP_ALIVE_S: Final = 30
"""A broker that hears nothing for half as long again says that we are offline."""


class MqttPublisher:
    """`base` is the first part of every topic; `prefix` that of Home Assistant's discovery, "" for none."""

    def __init__(self, services: SeenServices, broker: Broker, base: str, prefix: str) -> None:
        self._services = services
        self._broker = broker
        self._base = base
        self._prefix = prefix
        self._devices: Messages = {}
        self._wire = logging.getLogger("gxbridge.mqtt.wire")
        self._wire.setLevel(logging.CRITICAL)  # the library tells each time what is told here once

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; a broker that is away is looked for again and again."""
        attempts = 0
        while not stop.is_set():
            try:
                async with self._client() as client:
                    log.info("connected to %s:%d", self._broker.host, self._broker.port)
                    attempts = 0
                    await self._keep_current(client, stop)
            except aiomqtt.MqttError as error:
                if attempts == 0:
                    log.warning("%s:%d: %s; trying again", self._broker.host, self._broker.port, error)
                wait_s = RETRY_S[min(attempts, len(RETRY_S) - 1)]
                attempts += 1
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), wait_s)

    def _client(self) -> aiomqtt.Client:
        will = aiomqtt.Will(f"{self._base}/{PROGRAM}", OFFLINE, qos=1, retain=True)
        to = self._broker
        return aiomqtt.Client(
            to.host, to.port, username=to.username, password=to.password, tls_context=to.tls, will=will,
            keepalive=KEEP_ALIVE_S, timeout=ANSWER_S,
            logger=self._wire,
        )  # fmt: skip

    async def _keep_current(self, client: aiomqtt.Client, stop: asyncio.Event) -> None:
        sent: dict[str, str] = {}
        while not stop.is_set():
            for topic, payload in self.payloads().items():
                if sent.get(topic) != payload:
                    await client.publish(topic, payload, qos=1, retain=True)
                    sent[topic] = payload
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)
        await client.publish(f"{self._base}/{PROGRAM}", OFFLINE, qos=1, retain=True)

    def payloads(self) -> dict[str, str]:
        """Topic -> payload, in the order in which they are to be sent: what a value means before the value.

        A broker keeps what it was told. So what is told to a device that has left is taken back, and what another run
        may have said of one is removed (an empty payload).
        """
        services = self._services.items
        said = messages(services)
        if said:
            self._devices |= {topic: said[topic] for topic in DEVICES if topic in said}
            said |= {topic: gone(last) for topic, last in self._devices.items() if topic not in said}
        found = {f"{self._base}/{topic}": "" for topic in DEVICES if said and topic not in said}
        if self._prefix and said:
            for entity, config in discovery(said, self._base, __version__).items():
                component, _, id = entity.partition("/")
                found[f"{self._prefix}/{component}/{self._base}/{id}/config"] = text_of(config)
        found |= {f"{self._base}/{topic}": text_of(value) for topic, value in said.items()}
        found[f"{self._base}/{SERVICE}"] = ONLINE if OWN_NAME in services else OFFLINE
        found[f"{self._base}/{PROGRAM}"] = ONLINE
        return found


def gone(last: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a device that is not told anything any more: its name, and that nothing is known."""
    return {**dict.fromkeys(last), "name": last["name"], "unlimited": False}


def text_of(value: Mapping[str, Any]) -> str:
    """JSON in one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
