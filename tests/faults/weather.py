"""What happens to the boat of `week.py`: every kind of fault of the matrix, as the core meets it."""

from __future__ import annotations

import struct

from gxbridge.core.publish.own_items import CanView
from tests.core.boat import CCL, IO, MULTI, NAME, NO_CHARGE, SOLAR, claim, multi, solar, vreg
from tests.faults.week import LYNX, SECOND, Fault, Week

OTHER_NAME = bytes.fromhex("D18CC22C00AA46C0")
"""Unique number 167121: the greater NAME, which loses an address."""
SILENT_S = 10
SYSTEM = "com.victronenergy.system"
SETTINGS = "com.victronenergy.settings"


def silence(week: Week) -> None:
    """The BMS says nothing: from 10 s on nobody is granted anything."""
    week.speaking, week.no_grant_from = False, week.now + SILENT_S
    week.watch(week.chance.choice((5, 15, 30, 75, 150)))


def bus_off(week: Week) -> None:
    """Nobody says anything: the bus has left after too many errors."""
    week.can = CanView("bus-off", "too many errors", errors=300)
    silence(week)


def refusal(week: Week) -> None:
    """The BMS withdraws its permission or its limit a few times: obeyed in the same look."""
    register, raw = week.chance.choice(((CCL, 0), (IO, NO_CHARGE)))
    for _ in range(week.chance.randrange(1, 6)):
        before, week.said[register] = week.said[register], raw
        week.no_grant_from = week.now
        week.hear([(week.now, *vreg(register, raw, week.address))])
        week.watch(week.chance.randrange(1, 20))
        week.said[register], week.no_grant_from = before, None
        week.watch(week.chance.randrange(1, 8))


def reboot(week: Week) -> None:
    """The BMS is silent, then says who it is and what it measures, but no limits for a while: old ones are not used."""
    week.speaking, week.no_grant_from = False, week.now + SILENT_S
    week.watch(week.chance.randrange(12, 40))
    week.speaking, week.limits = True, False
    week.watch(week.chance.randrange(3, 20))


def move(week: Week) -> None:
    """The BMS changes its address: nothing happens."""
    week.address = LYNX if week.address != LYNX else 0x2A + week.chance.randrange(8)
    week.watch(10)


def contest(week: Week) -> None:
    """Another BMS claims the address and allows what ours refuses: after 2 s nobody there is believed."""
    week.said[CCL] = 0
    begin = week.now
    for _ in range(week.chance.randrange(5, 30)):
        week.hear([(week.now, *frame) for frame in (claim(week.address, OTHER_NAME), claim(week.address))])
        week.no_grant_from = begin + 3
        week.step(1)
        week.hear([(week.now, *vreg(CCL, 6000, week.address))])
    week.send(claim(0xFE, OTHER_NAME))


def newcomers(week: Week) -> None:
    """Devices that claim addresses, some the one of the BMS; there are thirty of them in all."""
    for _ in range(20):
        raw = struct.unpack("<Q", NAME)[0] & ~0x1FFFFF | week.chance.randrange(1000, 1030)
        name = struct.pack("<Q", raw)
        week.send(claim(week.chance.choice((week.address, 0x80 + week.chance.randrange(64))), name))
        week.send(claim(week.address))
        week.send(claim(0x80 + week.chance.randrange(64), name))
        week.frames += 3
    week.watch(10)


def garbage(week: Week) -> None:
    """Random identifiers and bytes; what looks like a claim is another fault."""
    for _ in range(10):
        batch = []
        for _ in range(200):
            source = week.chance.choice((week.address, 0x40, 0x41, 0x42, 0x43))  # a boat has few devices
            can_id = week.chance.getrandbits(21) << 8 | source
            if can_id >> 16 & 0xFF != 0xEE:
                batch.append((week.now, can_id, week.chance.randbytes(week.chance.randrange(9))))
        week.hear(batch)
        week.step(1)


def flood(week: Week) -> None:
    """A full bus, or ten times that; the BMS's word is obeyed all the same."""
    times = week.chance.choice((1, 10))
    frames = (week.traffic[:1800]) * times
    for n in range(10 // times + 2):
        week.hear([(week.now, *frame) for frame in frames])
        if n == 1:
            week.said[CCL], week.no_grant_from = 0, week.now + 1
        week.step(1)


def nonsense_services(week: Week) -> None:
    """Chargers come and go under ever new names, and say nonsense."""
    for n in range(10):
        name = f"com.victronenergy.solarcharger.tty{week.chance.getrandbits(32)}"
        week.add(name, solar(**{"/DeviceInstance": week.chance.choice((None, -1, "x", 300 + n))}))
        week.bridge.service_changed(name, {"/Dc/0/Current": week.chance.choice((1e308, "x", None, -5))}, week.now)
        week.watch(2)
        week.leave(name)


def charger_restarts(week: Week) -> None:
    """A charger leaves, and comes back knowing nothing, while the BMS refuses or not."""
    if week.chance.random() < 0.5:
        week.said[CCL], week.no_grant_from = 0, week.now + 1
    for name, items in ((SECOND, solar()), (MULTI, multi())):
        week.leave(name)
        week.watch(week.chance.randrange(1, 5))
        week.add(name, items)
        week.watch(week.chance.randrange(1, 8))


def charger_refuses(week: Week) -> None:
    """A charger refuses every write; the others are told to stop all the same."""
    week.refusing.add(SECOND)
    week.watch(3)
    week.said[CCL], week.no_grant_from = 0, week.now + 1
    week.watch(week.chance.randrange(5, 20))


def daemon_restarts(week: Week) -> None:
    """D-Bus is gone for a while and so is everybody; the BMS refuses meanwhile, and that is the first word after it."""
    for name in (SOLAR, SECOND, MULTI):
        week.leave(name)
    week.said[CCL], week.no_grant_from = 0, week.now
    week.watch(week.chance.randrange(1, 30))
    week.arrive()
    week.watch(5)


def master(week: Week) -> None:
    """The vendor's DVCC appears and works: nothing is written beside it."""
    week.add(SYSTEM, {"/Control/Dvcc": 1})
    week.no_write_from = week.now
    week.watch(week.chance.randrange(5, 60))
    week.bridge.service_removed(SYSTEM, week.now)


def settings(week: Week) -> None:
    """The settings appear with a limit, with nonsense or nothing, and leave; a limit holds until they lift it."""
    limit = "/Settings/SystemSetup/MaxChargeCurrent"
    week.add(SETTINGS, {limit: week.chance.choice((-1.0, 60.0, "much", None))})
    week.watch(10)
    week.bridge.service_removed(SETTINGS, week.now)
    week.watch(10)
    week.add(SETTINGS, {limit: -1.0})
    week.watch(5)
    week.bridge.service_removed(SETTINGS, week.now)


def clock_set(week: Week) -> None:
    """The wall clock jumps."""
    week.offset += week.chance.choice((-3e7, 3600.0, 3e7))
    week.watch(5)


def suspended(week: Week) -> None:
    """Nobody looks for a while; what was received meanwhile is heard late, with its own moments, or lost."""
    begin, week.said[CCL] = week.now, 0
    away = week.chance.choice((5, 20, 90))
    late = [(begin + n, *frame) for n in range(away) for frame in week.own()]
    week.now += away
    if week.chance.random() < 0.5:
        week.no_grant_from = week.now
        week.hear(late)
    else:  # what is lost was not said: the BMS repeats it within the second
        week.no_grant_from = week.now + 1
    week.look()
    week.watch(5)


WEATHER: tuple[Fault, ...] = (
    silence,
    bus_off,
    refusal,
    reboot,
    move,
    contest,
    newcomers,
    garbage,
    flood,
    nonsense_services,
    charger_restarts,
    charger_refuses,
    daemon_restarts,
    master,
    settings,
    clock_set,
    suspended,
)
"""Every fault that reaches the core. Disks, logs, sockets and processes are outside it: see the matrix."""
