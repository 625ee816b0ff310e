"""A port that is served wholly, with devices as they speak on the bus: frames made by hand for tests.

Values, texts and names are those of recordings: a Multi RS, an alternator and tanks of venus-docker@d0d5cb6 simulations
(v/multirs, bct/integrel0, p/tank1-3), a solar charger of a user's survey.
"""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.cycle import ServiceView
from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.encode import encode, frames, vreg_frames
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.nmea2000.vreg import payload
from tests.core.boat import Boat

Sent = tuple[int, bytes]

MPPT, MULTI_RS, INTEGREL, TANKS = 0x24, 0x40, 0x33, 0x50
"""Addresses; 36 and 64 are those of real ones."""

SOLAR_SERVICE = "com.victronenergy.solarcharger.socketcan_can0_vi0_uc283819"
MULTI_SERVICE = "com.victronenergy.multi.socketcan_can0_vi0_uc162268"
ALTERNATOR_SERVICE = "com.victronenergy.alternator.socketcan_can0_vi0_uc430313"
TANK_SERVICE = "com.victronenergy.tank.socketcan_can0_vi{}_uc855_di{}"
VECAN_SERVICE = "com.victronenergy.vecan.can0"


def named(
    source: int, unique: int, function: int = 160, device_class: int = 35, maker: int = 358, instance: int = 0
) -> Sent:
    """An address claim."""
    name = Name.make(unique, maker, function=function, device_class=device_class, device_instance=instance)
    return 0x18EEFF00 | source, name.payload


def says(source: int, register: int, data: str) -> Sent:
    """A register in one frame; `data` as it stands on the wire."""
    return 0x1CEFFF00 | source, bytes.fromhex("6699") + register.to_bytes(2, "little") + bytes.fromhex(data)


def long(source: int, register: int, data: bytes) -> tuple[Sent, ...]:
    """A register of more than four bytes."""
    return vreg_frames(payload(register, data), source)


def pgn(sender: int, number: int, /, **values: float | str | None) -> tuple[Sent, ...]:
    """A message of NMEA 2000."""
    layout = database().pgns[number]
    return frames(layout, encode(layout, values, 0xFF), sender)


def product(source: int, code: int, model: str, serial: str, software: str = "", version: str = "") -> tuple[Sent, ...]:
    """PGN 126996."""
    texts = {"model_id": model, "serial_code": serial, "software_version": software, "model_version": version}
    rest = {"nmea2000_version": 2.1, "certification_level": 1, "load_equivalency": 1}
    return pgn(source, 126996, product_code=code, **rest, **texts)


def tank(instance: int, kind: int, level: float | None, capacity_l: float, source: int = TANKS) -> tuple[Sent, ...]:
    return pgn(source, 127505, instance=instance, type=kind, level=level, capacity=capacity_l)


def mppt(source: int = MPPT, unique: int = 283819) -> tuple[Sent, ...]:
    """A SmartSolar MPPT VE.Can 150/70 rev2 in the evening."""
    return (
        named(source, unique),
        *product(source, 0xA10C, "SmartSolar MPPT 150/70 rev2", f"{unique:07d} HQ2240A4CPV"),
        says(source, 0x0100, "00 0C A1 00"),
        says(source, 0x0102, "00 FF 16 03"),
        says(source, 0x0104, "0A 00 00 00"),
        says(source, 0x0200, "01 00 00 00"),
        says(source, 0x0201, "00 00 00 00"),
        says(source, 0x0207, "01 00 00 00"),
        says(source, 0x0244, "01 00 00 00"),
        says(source, 0xEDF0, "BC 02 00 00"),
        says(source, 0xEDBB, "15 00 00 00"),
        says(source, 0xEDB3, "00 00 00 00"),
        says(source, 0xEDDC, "05 C7 08 00"),
        says(source, 0x2015, "BC 02 00 00"),
        *pgn(source, 127508, instance=0, voltage=52.54, current=0.0, temperature=None, sid=1),
        *pgn(source, 127508, instance=1, voltage=0.21, current=0.0, temperature=None, sid=1),
    )


def multi_rs(source: int = MULTI_RS) -> tuple[Sent, ...]:
    """A Multi RS Solar 48/6000/100 with one tracker, at night."""
    day = bytes.fromhex("01 04000000 00000000 1915 1715 00 00000000 A301 0000 0000 00000000 0900 7800 A900")
    return (
        named(source, 162268),
        *product(source, 0xA442, "Multi RS Solar 48V/6000VA/100A", "0162268 HQ2108RHQJZ"),
        says(source, 0x0100, "00 42 A4 00"),
        says(source, 0x0102, "00 05 10 01"),
        *long(source, 0x010C, b"RS 48/6000/100 HQ2108RHQJZ\0"),
        says(source, 0x0200, "03 00 00 00"),
        says(source, 0x0201, "FC 00 00 00"),
        says(source, 0x0207, "00 04 00 00"),
        says(source, 0x0210, "64 00 00 00"),
        says(source, 0x020B, "01 00 00 00"),
        says(source, 0x0242, "01 00 00 00"),
        says(source, 0x0243, "01 00 00 00"),
        says(source, 0x0244, "01 00 00 00"),
        says(source, 0x0FFF, "10 27 00 00"),
        says(source, 0x031C, "02 00 00 00"),
        says(source, 0x031E, "01 00 00 00"),
        says(source, 0x0333, "AA AA AA 02"),
        says(source, 0x2250, "7C 56 00 00"),
        says(source, 0x2251, "0A 00 00 00"),
        says(source, 0x2252, "19 00 00 00"),
        says(source, 0x2254, "88 13 00 00"),
        says(source, 0x2215, "FA FF FF FF"),
        says(source, 0xD5C0, "EA 53 00 00"),
        says(source, 0xED8B, "14 00 00 00"),
        says(source, 0xEDBB, "73 00 00 00"),
        says(source, 0xEDBC, "00 00 00 00"),
        says(source, 0xEDDD, "B5 1C 00 00"),
        says(source, 0xEDF0, "E8 03 00 00"),
        says(source, 0x2017, "70 17 00 00"),
        *long(source, 0x1050, day),
        *pgn(source, 127508, instance=0, voltage=54.01, current=0.3, temperature=None, sid=1),
    )


def integrel(source: int = INTEGREL) -> tuple[Sent, ...]:
    """An alternator of another maker."""
    return (
        named(source, 430313, 141, 35, 1320),
        *product(source, 0xB092, "Integrel E-Power", "90E9", "1.158", "4.150"),
        *pgn(source, 127508, instance=0, voltage=52.42, current=0.0, temperature=322.0, sid=1),
        *pgn(source, 127507, instance=0, battery_instance=0, operating_state=1, charge_mode=0, enabled=1),
    )


def tanks(source: int = TANKS) -> tuple[Sent, ...]:
    """Three tanks behind one NAME, as recorded."""
    return (
        named(source, 855, 190, 80, 137),
        *product(source, 0x0C55, "VE.Can Resistive Tank Sender", "", "v3.0.2V", "VE.Can Resistive Tnk Sndr Adpter"),
        *tank(0, 0, 50.0, 100.0, source),
        *tank(1, 1, 68.0, 200.0, source),
        *tank(2, 2, 17.184, 113.5, source),
    )


class PortBoat(Boat):
    """A boat without a Lynx on a port that is served wholly."""

    def __init__(self, **setup: object) -> None:
        super().__init__(**{"mode": "monitor", "serve": ("can0",)} | setup)
        self.views: Mapping[str, ServiceView] = {}

    def look(self, *speaking: tuple[Sent, ...], seconds: int = 1) -> Mapping[str, ServiceView]:
        """Let devices speak and seconds pass; the services of the port, by name."""
        for _ in range(seconds):
            self.now += 1.0
            for sent in speaking:
                self.send(*sent)
            cycle = self.bridge.tick(self.now, self.epoch)
            self._take(cycle)
        self.views = {view.name: view for view in cycle.batteries if view.kind}
        return self.views

    def settle(self) -> None:
        """The GX's settings give every device its instance: the first free one of its class."""
        given: dict[str, int] = {}
        for view in self.views.values():
            if view.kind != "vecan":
                self.bridge.set_identity(view.key, given.setdefault(view.kind, 0), "")
                given[view.kind] += 1

    def values(self, service: str) -> dict[str, Value]:
        return dict(self.views[service].items)

    def texts(self, service: str) -> dict[str, str]:
        view = self.views[service]
        return {path: view.specs[path].text_of(value) for path, value in view.items.items()}
