"""Every class the state of the service is made of. One that is missing is found by the tests, not by a boat."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from gxbridge.core import bus_services, control, own_batteries
from gxbridge.core.bank import entry
from gxbridge.core.blackbox.codec import Codec, CodecClass, Plain, Reference
from gxbridge.core.channels import other_channels, second_opinion
from gxbridge.core.channels.readout import receiver
from gxbridge.core.channels.terminals import terminal_bms
from gxbridge.core.channels.vebus import vebus_bms, vebus_watch
from gxbridge.core.dvcc.explain import master_watch
from gxbridge.core.dvcc.limit import cap
from gxbridge.core.dvcc.read import measurements, options
from gxbridge.core.dvcc.read.believed import (
    bus_life,
    can_word,
    counting,
    doubted,
    held,
    held_currents,
    user_limits,
)
from gxbridge.core.dvcc.read.devices import bank, bms, trouble
from gxbridge.core.dvcc.rules import curve, rule, rule_set, storage
from gxbridge.core.dvcc.run import decision, memory
from gxbridge.core.dvcc.run.masters import bus_names, masters, read_back
from gxbridge.core.dvcc.run.orders_of_a_day import OrdersOfADay
from gxbridge.core.dvcc.run.watching import audit, clocks, obedience, shared
from gxbridge.core.dvcc.tell import flags, write
from gxbridge.core.gate import bounds, gate, raw_words
from gxbridge.core.model import battery, finding, finding_log, permission, remembered
from gxbridge.core.nmea2000 import fast_packet, name, senders
from gxbridge.core.nmea2000.database import FAST_PGN, Layout, database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.publish import own_items, situations
from gxbridge.core.setup import Setup
from gxbridge.core.vecan import network, node
from gxbridge.core.vecan.device_state import DeviceState, QuantityTable
from gxbridge.core.vecan.devices import KINDS, table_of
from gxbridge.core.vecan.error_counters import ErrorCounters
from gxbridge.core.vecan.identity import Identity
from gxbridge.core.vecan.readings import Reading, Readings

_DECODER_LEFT_OUT: Final = (
    "_db",
    "_keep_unknown",
    "_kept",
    "_registers",
    "_repeats",
    "_routes",
    "_services",
    "unknown_kinds",
)
"""The database, and what is only remembered to be quicker."""


def _fresh(attribute: str) -> Any:
    return lambda: getattr(Decoder(), attribute)


VALUES: Final = tuple(
    CodecClass(cls)
    for cls in (
        entry.BankEntry,
        *(battery.Known, battery.Configured, finding.Finding, name.Name, own_items.CanView),
        *(audit.Audit, audit.Track, clocks.Clock, flags.Flags, options.Options),
        *(write.Write, cap.Cap, cap.Limit, decision.Decision, bms.Bms, trouble.Trouble, bank.BatteryBank, bank.LeftOut),
        *(memory.Timer, memory.Stored, decision.Controller, memory.Granted, memory.Memory, measurements.Measurements),
        *(master_watch.Ours, master_watch.MasterWatch, can_word.CanWords, held.Held, held.CountingServices),
        *(counting.Believed, held_currents.HeldCurrents, user_limits.UserLimits),
        *(bus_names.BusNames, read_back.Written, masters.Standing),
        *(bus_life.BusLife, bus_life.Life, bus_life.Flow),
        *(obedience.Deviation, obedience.Obedience, shared.SharedValue),
        *(doubted.Doubted, doubted.Disagreement, doubted.VoltageRecord, doubted.Doubts),
        *(gate.GateMemory, bounds.Watched, raw_words.RawBms),
        *(
            other_channels.OtherChannelsView,
            permission.Stop,
            permission.Permit,
            second_opinion.Dispute,
            second_opinion.Disputes,
        ),
        *(
            terminal_bms.Wiring,
            terminal_bms.Signal,
            terminal_bms.TerminalBms,
            vebus_bms.VebusBms,
            vebus_watch.WatchedVebus,
        ),
        receiver.LastAdvertised,
        *(curve.Curve, rule.Rule, rule.RuleState, rule.MeasuredInput, rule.RuleVerdict, rule_set.RuleSet),
        rule_set.RulesState,
        *(storage.StorageProfile, storage.FullCharge, storage.StorageState, decision.ShownRules),
        *(remembered.RememberedIdentity, remembered.RememberedLimit, remembered.Latch, remembered.BankMember),
        remembered.Remembered,
    )
)

SETUP: Final = CodecClass(Setup, skip={"readout_keys": dict})
"""The keys stay out: they are secret, and what was opened with them is in the state already."""

OBJECTS: Final = (
    CodecClass(node.Node, shared=True, skip={"wanted": frozenset}),
    CodecClass(ErrorCounters, shared=True),
    CodecClass(Identity, shared=True),
    CodecClass(Reading, shared=True),
    CodecClass(Readings, shared=True, skip={"version": int}),
    CodecClass(DeviceState, shared=True, skip={"_shown": lambda: None}),
    CodecClass(network.Network, shared=True, skip={"_known_products": lambda: database().products}),
    CodecClass(network.Conflict, shared=True),
    CodecClass(finding_log.FindingLog, shared=True),
    CodecClass(bus_services.BusServices, shared=True),
    CodecClass(own_batteries.OwnBatteries, shared=True, skip={"_made": dict}),
    CodecClass(control.Control, shared=True, skip={"orders": OrdersOfADay}),  # nothing is decided by them
    CodecClass(situations.LimitsSince, shared=True),
    CodecClass(situations.ServiceNames, shared=True),
    CodecClass(fast_packet.FastPackets, shared=True),
    CodecClass(senders.Senders, shared=True),
    CodecClass(Decoder, shared=True, skip={attribute: _fresh(attribute) for attribute in _DECODER_LEFT_OUT}),
    CodecClass(own_items.OwnItems, shared=True, skip={"_limits": dict}),
)


@lru_cache(maxsize=8192)
def _layout_key(layout: Layout) -> tuple[Plain, ...]:
    return (layout.pgn, layout.register, layout.name, layout.families[0] if layout.families else "")


def _find_layout(key: list[Plain]) -> Layout:
    pgn, register, name, wanted = key
    db = database()
    if register is None:
        layout: Layout | None = db.pgns[pgn]
    else:
        product = next((id for id, info in db.products.items() if info.family == wanted), None) if wanted else None
        layout = db.layout(register, product, FAST_PGN if pgn == FAST_PGN else pgn)
    if layout is None or layout.name != name:
        raise KeyError(f"the message {name} is not in this version's database")
    return layout


def _table_names() -> Mapping[int, str]:
    names = {id(table_of("")): ""}
    for kind, (_, table) in sorted(KINDS.items()):
        names.setdefault(id(table), kind)
    return names


def _table_named(key: list[Any]) -> QuantityTable:
    """A table by the kind of a product family; older boxes have a family."""
    return KINDS[key[0]][1] if key[0] in KINDS else table_of(key[0])


TABLE_NAMES: Final = _table_names()

REFERENCES: Final = (
    Reference(Layout, "layout", lambda layout: list(_layout_key(layout)), _find_layout),
    Reference(QuantityTable, "table", lambda table: [TABLE_NAMES[id(table)]], _table_named),
)


def bank_classes() -> tuple[CodecClass, ...]:
    """Those of banks, imported where there are any."""
    from gxbridge.core import bank_services
    from gxbridge.core.bank import banks, membership, shares

    values = (membership.MemberMemory, membership.BankMemory, shares.MeasuredDivision)
    return (
        *map(CodecClass, values),
        CodecClass(bank_services.BankServices, shared=True),
        CodecClass(banks.Banks, shared=True, skip={"views": tuple, "findings": tuple}),
    )


def port_classes() -> tuple[CodecClass, ...]:
    """Those of ports that are served wholly: what is shown is made anew from what was heard."""
    from gxbridge.core.port_services import PortServices

    made_anew = {"views": tuple, "findings": tuple, "_devices": dict, "_nodes": dict, "_targets": dict}
    return (CodecClass(PortServices, shared=True, skip=made_anew),)


def readout_classes() -> tuple[tuple[CodecClass, ...], tuple[Reference, ...]]:
    """Those of what is said by Bluetooth."""
    from gxbridge.core.channels.readout.advertisement import AdvertisedValues
    from gxbridge.core.channels.readout.record_fields import Record
    from gxbridge.core.channels.readout.records import RECORDS

    record = Reference(Record, "record", lambda record: [record.number], lambda key: RECORDS[key[0]])
    return (CodecClass(AdvertisedValues, name="Advertised"),), (record,)


def codec(*, with_banks: bool = True, with_ports: bool = True, with_readout: bool = True) -> Codec:
    """A codec for the whole state; without `with_banks`, `with_ports` or `with_readout` for one that has none."""
    more = (*(bank_classes() if with_banks else ()), *(port_classes() if with_ports else ()))
    heard, records = readout_classes() if with_readout else ((), ())
    return Codec((*VALUES, SETUP, *OBJECTS, *more, *heard), (*REFERENCES, *records))
