"""`gxbridge models [MODEL] [--json]`: the comparison of the BMS models, and what of each reaches a GX device."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from gxbridge.models.bms_model import CHANNELS, BmsModel, Catalogue, FoundModel

WIDTH = 100
"""Columns of the prose; the comparison keeps to one line for each model and so to narrow terminals."""

PROOF_WORDS = {"real": "real data", "vendor": "vendor recording or test", "constructed": "constructed data"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", nargs="?", metavar="MODEL", help="one model, by name or product id, with all it offers"
    )
    parser.add_argument("--json", action="store_true", help="a JSON list of models (of one model: the object alone)")


def run(args: argparse.Namespace) -> int:
    from gxbridge.models import catalogue

    whole = catalogue()
    if args.model is None:
        if args.json:
            _print_json([as_json(model, whole) for model in whole.models])
        else:
            print("\n".join(comparison(whole)))
        return 0
    found = whole.find(args.model)
    if found is None:
        names = ", ".join(whole.names())
        print(f"gxbridge models: unknown model {args.model!r}; the models are: {names}", file=sys.stderr)
        return 2
    if args.json:
        _print_json(as_json(found.model, whole) | {"variant": found.variant.name if found.variant else None})
    else:
        print("\n".join(model_page(found, whole)))
    return 0


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def as_json(model: BmsModel, catalogue: Catalogue) -> dict[str, Any]:
    """One model with the overview's name, every row of the comparison as written there, and the program's facts."""
    facts = model.facts
    return {
        "name": model.name,
        "names": list(model.all_names),
        "end_of_life": model.end_of_life,
        "successor": model.successor,
        "max_batteries": catalogue.max_batteries,
        "product_ids": [f"0x{number:04X}" for number in model.product_ids],
        "features": dict(model.features),
        "facts": {
            "voltages_v": list(facts.voltages_v),
            "connection_a": facts.connection_a,
            "alternator": facts.alternator,
            "alternator_a": facts.alternator_a,
            "terminals": list(facts.terminals),
            "bluetooth": facts.bluetooth,
            "battery_monitor": facts.battery_monitor,
            "dvcc": facts.dvcc,
            "contactor": facts.contactor,
        },
        "channels": dict(model.channels),
        "publishes": model.publishes,
        "recommended": model.advice.because if model.advice else None,
        "variants": [
            {
                "name": variant.name,
                "product_ids": [f"0x{number:04X}" for number in variant.product_ids],
                "note": variant.note,
                "max_batteries": {str(volts): most for volts, most in variant.max_batteries.items()},
            }
            for variant in model.variants
        ],
        "status": [{"what": s.what, "channel": s.channel, "proven": s.proven, "by": s.by} for s in model.status],
        "unknown": list(model.unknown),
    }


def comparison(catalogue: Catalogue) -> Iterator[str]:
    """Every row of the overview's table with one line for each model, so that it fits a narrow terminal."""
    width = max(len(name) for name in catalogue.names())
    for row in catalogue.feature_rows:
        yield row
        for model in catalogue.models:
            yield f"  {model.name:{width}}  {model.features[row]}"
    yield ""
    yield "What reaches a GX device through gxbridge"
    for model in catalogue.models:
        yield f"  {model.name:{width}}  {model.publishes}"
    yield ""
    yield f"At most {catalogue.max_batteries} batteries on one BMS (NG variants: see their page)."
    yield f"Source: {catalogue.source}."
    yield "Where the lists of the overview contradict its table, the table is used:"
    for says, table in catalogue.contradictions:
        yield from _wrapped(f"  the lists say: {says}; the table says: {table}", "    ")
    yield "gxbridge models MODEL shows one model with channels, variants and what is proven."


def model_page(found: FoundModel, catalogue: Catalogue) -> Iterator[str]:
    """All that is known of one model."""
    model = found.model
    also = f" (also: {', '.join(model.names)})" if model.names else ""
    yield f"{model.name}{also}"
    if model.successor is not None:
        yield f"END OF LIFE: use a {model.successor} instead"
    if found.variant is not None:
        yield from _wrapped(f"{found.variant.name}: {found.variant.note}")
    yield ""
    width = max(map(len, catalogue.feature_rows))
    for row, value in model.features.items():
        yield f"  {row:{width}}  {value}"
    yield f"  {'Batteries':{width}}  at most {found.max_batteries(None, catalogue.max_batteries)}"
    yield ""
    yield "Channels to a GX device"
    for channel in CHANNELS:
        yield from _wrapped(f"  {channel:16}{model.channels[channel]}", " " * 18)
    yield from _wrapped(f"  {'Published':16}{model.publishes}", " " * 18)
    if model.advice is not None:
        yield ""
        yield from _wrapped(f"Recommended because {model.advice.because}.")
    for variant in model.variants:
        numbers = ", ".join(f"0x{number:04X}" for number in variant.product_ids)
        yield from _wrapped(f"Variant {variant.name}{f' ({numbers})' if numbers else ''}: {variant.note}.", "  ")
    yield ""
    yield "What works, and how that is proven"
    for status in model.status:
        yield f"  {status.what}, by {status.channel}: {PROOF_WORDS[status.proven]}"
    for unknown in model.unknown:
        yield from _wrapped(f"  unknown: {unknown}", " " * 11)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
