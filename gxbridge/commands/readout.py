"""`gxbridge readout`: decode one Bluetooth Instant Readout advertisement, or listen for them with `--scan`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gxbridge.commands.arguments import UsageError

if TYPE_CHECKING:
    from gxbridge.core.channels.readout.advertisement import AdvertisedValues, DeviceKey, Refusal


NOT_OPENED = 1
USAGE = 2
LONGEST_S = 3600.0
KEYLIKE = re.compile(r"(?:[0-9A-Fa-f][ :-]?){16,}")
"""Sixteen hexadecimal digits or more: an advertisement, a key, or half a key."""
ADDRESS = re.compile(r"(?:[0-9A-F]{2}[:-]){5}[0-9A-F]{2}|[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}", re.IGNORECASE)
"""A Bluetooth address, or what stands for one on macOS."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Decode one Instant Readout advertisement: the manufacturer data in hexadecimal, with or without the company "
        "id E1 02. With --scan, listen over Bluetooth instead (needs the extra 'ble'). The key is shown by "
        "VictronConnect under product info; it is never printed. Prefer --key-file: other users of this computer can "
        "read the command line."
    )
    parser.add_argument("data", nargs="?", metavar="HEX", help="the advertisement, e.g. 1002e5a30a34...")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key", help="the device's key, 32 hexadecimal digits")
    keys.add_argument("--key-file", metavar="FILE", help="a file that holds the key ('-' for standard input)")
    parser.add_argument("--json", action="store_true", help="one JSON object (with --scan: one a line)")
    parser.add_argument("--scan", action="store_true", help="listen over Bluetooth; without a key only list devices")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long to listen (default 15)")
    parser.add_argument("--address", help="with --scan: the one device to which the key belongs")
    complain = parser.error
    parser.error = lambda message: complain(_without_keys(message))  # type: ignore[method-assign]


def _without_keys(message: str) -> str:
    """What is wrong with the command line, without anything in it that may be a key at the wrong place."""
    return KEYLIKE.sub("(hidden)", message)


def run(args: argparse.Namespace) -> int:
    from gxbridge.core.channels.readout.advertisement import KeyProblem, Refusal, open_advertisement

    try:
        if args.scan == (args.data is not None):
            raise UsageError("give either one advertisement as HEX, or --scan")
        _check_scan(args)
        key = _key(args)
        if args.scan:
            return _scan(args, key)
        data = _bytes(args.data)
        if key is None:
            raise UsageError("the content is encrypted: give its --key or --key-file")
    except (UsageError, KeyProblem) as error:
        print(f"gxbridge readout: {error}", file=sys.stderr)
        return USAGE
    result = open_advertisement(data, key)
    if isinstance(result, Refusal):
        _refuse(result, args.json)
        return NOT_OPENED
    print(json.dumps(as_json(result), ensure_ascii=False, indent=2) if args.json else "\n".join(reading_page(result)))
    return 0


def _check_scan(args: argparse.Namespace) -> None:
    if args.address is not None and not args.scan:
        raise UsageError("--address belongs to --scan; a single advertisement needs no address")
    if args.address is not None and not ADDRESS.fullmatch(args.address):
        raise UsageError("--address must be a Bluetooth address, such as C0:FF:EE:12:34:56")
    if not 0 < args.seconds <= LONGEST_S:
        raise UsageError(f"--seconds must be more than 0 and at most {LONGEST_S:.0f}")


def _key(args: argparse.Namespace) -> DeviceKey | None:
    from gxbridge.core.channels.readout.advertisement import DeviceKey, KeyProblem

    if args.key is not None:
        return DeviceKey.from_text(args.key)
    if args.key_file is None:
        return None
    try:
        text = sys.stdin.read() if args.key_file == "-" else Path(args.key_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise UsageError(f"the key file {args.key_file} cannot be read: {reason}") from None
    try:
        return DeviceKey.from_text(text)
    except KeyProblem as problem:
        raise UsageError(f"{args.key_file}: {problem}") from None


def _bytes(text: str) -> bytes:
    digits = re.sub(r"[\s:\-]", "", text).lower().removeprefix("0x")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise UsageError(
            f"the advertisement must be pairs of hexadecimal digits; this has {len(digits)} characters"
            + ("" if re.fullmatch("[0-9a-f]*", digits) else ", not all of them hexadecimal")
        ) from None


def _refuse(refusal: Refusal, as_object: bool) -> None:
    if as_object:
        print(json.dumps({"error": refusal.reason, "text": refusal.text}))
    print(f"gxbridge readout: {refusal.text}", file=sys.stderr)


def as_json(reading: AdvertisedValues) -> dict[str, Any]:
    """One reading: its record, every value (null = not available), and the deciphered bytes."""
    return {
        "record": f"0x{reading.record.number:02X}",
        "title": reading.record.title,
        "experimental": reading.record.experimental,
        "product_id": f"0x{reading.product_id:04X}",
        "product": product_name(reading.product_id),
        "nonce": reading.nonce,
        "values": dict(reading.values),
        "raw": reading.plain.hex(),
    }


def reading_page(reading: AdvertisedValues) -> list[str]:
    """One reading for people, a line for each value."""
    product = product_name(reading.product_id)
    named = f"{product} (0x{reading.product_id:04X})" if product else f"product 0x{reading.product_id:04X}"
    lines = [f"{reading.record.title}, record 0x{reading.record.number:02X}, from {named}, nonce {reading.nonce}"]
    if reading.record.experimental:
        lines.append("Experimental: only these voltages are proven, and not which is which; the rest stays raw.")
    width = max(map(len, reading.values))
    lines += [f"  {name:{width}}  {_shown(value, name)}" for name, value in reading.values.items()]
    lines.append(f"  {'raw':{width}}  {reading.plain.hex()}")
    return lines


ALARM_WORDS = {0: "ok", 1: "warning", 2: "ALARM"}


def _shown(value: object, name: str = "") -> str:
    if value is None:
        return "---"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.endswith("_alarm"):
        return ALARM_WORDS.get(value, str(value))
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value)) or "none"
    return str(value)


def product_name(product_id: int) -> str | None:
    """The product's name from the catalogue of BMS models, else from the message database, else None."""
    from gxbridge.models import catalogue

    found = catalogue().find(hex(product_id))
    if found is not None:
        return found.name
    from gxbridge.core.nmea2000.database import DatabaseError, database

    try:
        return database().products[product_id].name
    except (DatabaseError, KeyError):
        return None


def _scan(args: argparse.Namespace, key: DeviceKey | None) -> int:
    import asyncio

    from gxbridge.edge.bluetooth import BluetoothUnavailable, scan

    if key is not None and args.address is None:
        raise UsageError("a key belongs to one device: name it with --address")

    seen: dict[str, bytes] = {}

    def show(address: str, data: bytes, signal_dbm: int) -> None:
        # A list of devices needs each once; readings of one device are shown as often as they change.
        if seen.get(address) != data and (key is not None or address not in seen):
            print(_heard(address, data, signal_dbm, key, args.json), flush=True)
        seen[address] = data

    try:
        heard = asyncio.run(scan(show, args.seconds, args.address.upper() if args.address else None))
    except BluetoothUnavailable as error:
        print(f"gxbridge readout: {error}", file=sys.stderr)
        return NOT_OPENED
    if not heard:
        print("gxbridge readout: no Instant Readout advertisement was heard", file=sys.stderr)
    return 0 if heard else NOT_OPENED


def _heard(address: str, data: bytes, signal_dbm: int, key: DeviceKey | None, as_object: bool) -> str:
    """One advertisement that came by Bluetooth: opened where there is a key, else what its container says."""
    from gxbridge.core.channels.readout.advertisement import (
        AdvertisedValues,
        Advertisement,
        Refusal,
        open_sealed,
        parse,
    )

    result: Advertisement | AdvertisedValues | Refusal = parse(data)
    if key is not None and isinstance(result, Advertisement):
        result = open_sealed(result, key)
    if isinstance(result, AdvertisedValues):
        if as_object:
            return json.dumps({"address": address, "signal_dbm": signal_dbm, **as_json(result)}, ensure_ascii=False)
        return "\n".join([f"{address} ({signal_dbm} dBm)", *reading_page(result)])
    shown: dict[str, Any] = {"address": address, "signal_dbm": signal_dbm}
    if isinstance(result, Refusal):
        shown |= {"error": result.reason, "text": result.text}
    else:
        shown |= {
            "product_id": f"0x{result.product_id:04X}",
            "product": product_name(result.product_id),
            "record": f"0x{result.record:02X}",
        }
    return json.dumps(shown, ensure_ascii=False) if as_object else ", ".join(str(v) for v in shown.values() if v)
