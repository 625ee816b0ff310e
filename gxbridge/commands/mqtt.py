"""`gxbridge mqtt`: limits, reasons, permissions and findings at an MQTT broker, with discovery for Home Assistant."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import logging
import re
import sys
from typing import Final

TOPIC: Final = r"[A-Za-z0-9_-]{1,64}"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="localhost", help="the broker (default: localhost)")
    parser.add_argument("--port", type=int, help="default: 1883, with TLS 8883")
    parser.add_argument("--tls", action="store_true", help="encrypt, and check the broker's certificate")
    parser.add_argument("--ca", metavar="FILE", help="certificates to trust in place of the system's; means --tls")
    parser.add_argument("--login", metavar="FILE", help="name and password, a line each; nobody else may read it")
    parser.add_argument(
        "--clear-text", action="store_true", help="send the password to another machine even without TLS"
    )
    parser.add_argument("--ha", action="store_true", help="publish Home Assistant's discovery too")
    parser.add_argument("--ha-prefix", metavar="TOPIC", default="homeassistant", help="default: homeassistant")
    parser.add_argument("--topic", default="gxbridge", help="first part of all topics (default: gxbridge)")
    parser.add_argument("--dbus", default="system", metavar="ADDRESS", help="default: system")
    parser.epilog = (
        "It reads D-Bus, writes nothing there, and takes nothing from the broker. docs/mqtt.md lists topics."
    )


def run(args: argparse.Namespace) -> int:
    """0 when stopped; 1 when there is no bus; 2 when something is missing or wrong."""
    if importlib.util.find_spec("aiomqtt") is None:
        print(
            "gxbridge mqtt: it needs the Python package aiomqtt (pip install 'aiomqtt>=2.3', "
            "or the extra gxbridge[mqtt])",
            file=sys.stderr,
        )
        return 2
    for option, value in (("--topic", args.topic), ("--ha-prefix", args.ha_prefix)):
        if not re.fullmatch(TOPIC, value):
            print(f"gxbridge mqtt: {option} takes letters, digits, _ and - only", file=sys.stderr)
            return 2
    from gxbridge.mqtt.login import LoginError, broker

    try:
        to = broker(args.host, args.port, tls=args.tls, ca=args.ca, login=args.login, clear_text=args.clear_text)
    except LoginError as error:
        print(f"gxbridge mqtt: {error}", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    async def publish() -> int:
        from gxbridge.edge.dbus.bus import BusUnreachable
        from gxbridge.history.services import SeenServices
        from gxbridge.live.session import ends_by_signal
        from gxbridge.mqtt.publisher import MqttPublisher

        services, stop = SeenServices(args.dbus), asyncio.Event()
        with ends_by_signal(stop):
            try:
                await services.start()
                await MqttPublisher(services, to, args.topic, args.ha_prefix if args.ha else "").run(stop)
            except BusUnreachable as error:
                print(f"gxbridge mqtt: {error}", file=sys.stderr)
                return 1
            finally:
                await services.close()
        return 0

    return asyncio.run(publish())
