"""A bus with chargers as LINK meets them: frames in and out, on a clock of the test's own.

The frames are made from the register tables (ve_regs.h of gui-v2@3b94597; Victron, VE.Can registers public, v20: a
write that is taken is answered with a broadcast of the new value, one that is refused with register 0x0002), not by
what is tested.
"""

from __future__ import annotations

from collections.abc import Iterable

from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.encode import Frame
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.link.link_bus import LinkBus
from gxbridge.core.vecan.link.link_out import LinkAnswer, LinkOut, LinkTarget
from gxbridge.core.vecan.network import Network
from gxbridge.core.vecan.sending.claim import PREFERRED_ADDRESS, own_name
from gxbridge.core.vecan.sending.transmit import BusTransmitter, TransmitLevel
from gxbridge.core.vecan.sending.transmit import LinkSource as Source

US = PREFERRED_ADDRESS
BUS = "can0"
VECAN = "com.victronenergy.vecan.can0"
MPPT, MPPT_2 = 0x24, 0x25
CURRENT, MODE, VOLTAGE = "/Link/ChargeCurrent", "/Link/NetworkMode", "/Link/ChargeVoltage"
DISCHARGE, SENSE, TEMPERATURE = "/Link/DischargeCurrent", "/Link/VoltageSense", "/Link/TemperatureSense"
SHUNT = "/Link/BatteryCurrent"
ALL_CONFIRMED = {
    f"{register:04X} {way}": "another test"
    for register in (0x2001, 0x2003, 0x200A, 0x200E, 0x2015, 0x2017)
    for way in ("addressed", "broadcast")
}

OF_SOMEBODY: Frame = (0x19F21430, bytes.fromhex("005A0A64007D74FF"))
"""127508 by a device that concerns nobody."""


OF_THE_CHARGER: Frame = (0x19F21424, OF_SOMEBODY[1])
"""The same by the charger."""


def charger_name(unique: int = 855, **parts: int) -> Name:
    """NAME of a charger: class 35, function 160."""
    given = {"function": 160, "device_class": 35, **parts}
    return Name.make(unique, given.pop("manufacturer", 358), **given)


def service_of(name: Name) -> str:
    return f"com.victronenergy.solarcharger.socketcan_can0_vi0_uc{name.unique_number}"


def register_frame(source: int, register: int, data: str, to: int = 0xFF) -> Frame:
    """A register frame by hand: header 66 99, register, value, zeros."""
    value = bytes.fromhex(data).ljust(4, b"\0")
    return 0x1CEF0000 | to << 8 | source, b"\x66\x99" + register.to_bytes(2, "little") + value


def claim_frame(source: int, name: Name) -> Frame:
    return 0x18EEFF00 | source, name.raw.to_bytes(8, "little")


class Wire:
    """Time is 2.0 when it begins: our address is claimed, and one charger (at `MPPT`) is there."""

    def __init__(
        self,
        level: TransmitLevel = "link",
        confirmed: Iterable[str] = tuple(ALL_CONFIRMED),
        *,
        broadcast: bool = False,
        gate_lets: bool = True,
        source: Source | None = None,
    ) -> None:
        self.network = Network(BUS)
        before = dict.fromkeys(confirmed, "before")
        self.out = LinkOut(
            lambda _: self.network, lambda *_: gate_lets, before, {}, judge_anew=self.judge_anew, broadcast=broadcast
        )
        self.transmitter = BusTransmitter(level, own_name(77), 0.0, link=source or self.out.bus(BUS))
        self.asked_anew = 0
        """How often the gate was asked to look at a word that had changed: here it does so at the next look."""
        self.decoder, self.now = Decoder(), 0.0
        self.sent: list[tuple[float, int, bytes]] = []
        self.names: dict[int, Name] = {}
        self.transmitter.frames(0.0)
        self.join(MPPT, charger_name())
        for self.now in (1.25, 1.5, 2.0):
            self.transmitter.frames(self.now)

    def judge_anew(self, _now: float) -> None:
        self.asked_anew += 1

    @property
    def bus(self) -> LinkBus:
        return self.out.bus(BUS)

    def hear(self, *frames: Frame) -> None:
        for can_id, data in frames:
            message = self.decoder.feed(can_id, data, self.now)
            assert message is not None
            self.network.hear(message, self.now)
            self.transmitter.hear(message, self.now)

    def join(self, address: int, name: Name) -> Name:
        self.names[address] = name
        self.hear(claim_frame(address, name))
        return name

    def target(self, address: int | None) -> LinkTarget:
        if address is None:
            return LinkTarget(BUS, None, VECAN)
        return LinkTarget(BUS, self.names[address], service_of(self.names[address]))

    def write(self, address: int | None, path: str, value: Value) -> LinkAnswer:
        """A client writes, and the gate lets it pass as it is."""
        answer = self.out.write(self.target(address), path, value, self.now)
        self.look()
        return answer

    def look(self, **passed: Value) -> None:
        """The gate lets everything pass; `passed`: but for these paths without `/Link/`."""
        verdicts = {(service, path): value for service, path, value in self.out.words(self.now)}
        for key in verdicts:
            name = key[1].removeprefix("/Link/")
            if name in passed:
                verdicts[key] = passed[name]
        self.out.judge(verdicts, self.now)
        self.out.look(self.now)

    def frames(self) -> list[str]:
        """What leaves now, as `receiver register value`."""
        frames = self.transmitter.frames(self.now)
        self.sent += [(self.now, can_id, data) for can_id, data in frames]
        return [text_of(*frame) for frame in frames if frame[0] >> 16 & 0xFF == 0xEF]

    def run(
        self, seconds: float, *, writes: Iterable[tuple[int | None, str, Value]] = (), looks: bool = True
    ) -> list[str]:
        """Let time go by in steps of 0.1 s, with a look and a frame of somebody each second, and these words every
        third; what leaves."""
        found: list[str] = []
        for step in range(round(seconds * 10)):
            if step % 30 == 0:
                for address, path, value in writes:
                    self.out.write(self.target(address), path, value, self.now)
            if looks and step % 10 == 0:
                self.look()
            if step % 10 == 0:
                self.hear(OF_SOMEBODY)
            found += self.frames()
            self.now = round(self.now + 0.1, 3)
        return found

    def ids(self) -> list[str]:
        """The findings of now."""
        self.look()
        return [found.id for found in self.out.findings]


def text_of(can_id: int, data: bytes) -> str:
    """`24 2015 F401`, to everybody `FF ...`; a request `24 ?2015`."""
    to, register = can_id >> 8 & 0xFF, int.from_bytes(data[2:4], "little")
    if register == 1:
        return f"{to:02X} ?{int.from_bytes(data[4:6], 'little'):04X}"
    return f"{to:02X} {register:04X} {data[4:].hex().upper()}"
