"""The page docs/models.md, written by `make docs`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gxbridge.models.bms_model import CHANNELS, BmsModel, Catalogue, Proof
from gxbridge.models.catalogue_file import catalogue

PROVEN: dict[Proof, str] = {
    "real": "real data of the device",
    "vendor": "a recording or test of the vendor",
    "constructed": "data constructed from the documented layout",
}

_INTRODUCTION = """\
# The BMS models: what each offers, and what gxbridge does with it

This page is generated from `gxbridge/models/models.yaml`; a test keeps it current. `gxbridge models` shows the same,
`gxbridge models MODEL` one model, `gxbridge advise` which one fits. The values are those of the comparison table in the
vendor's overview of its BMSes. What a configuration says below `installation` and `terminals` is checked against them
([configuration](configuration.md))."""


def models_page() -> str:
    """docs/models.md."""
    return "\n".join(_page(catalogue())) + "\n"


def _page(whole: Catalogue) -> Iterator[str]:
    yield _INTRODUCTION
    yield from ("", "## What works, by channel, and how it is proven", "")
    yield from _table(["model", "what", "channel", "proven with", "test"], _status_rows(whole.models))
    yield from ("", "## What is not known", "")
    yield from (f"- {model.name}: {unknown}." for model in whole.models for unknown in model.unknown)
    yield from ("", "## What reaches a GX device", "")
    yield from _table(["model", *CHANNELS, "gxbridge publishes"], _channel_rows(whole.models))
    yield from ("", "## Comparison", "")
    rows = ([row, *(model.features[row] for model in whole.models)] for row in whole.feature_rows)
    yield from _table(["", *whole.names()], rows)
    yield ""
    yield f"At most {whole.max_batteries} batteries connect to one BMS, unless a variant says otherwise."
    yield ""
    yield "Where the lists of the overview contradict its table, the table holds:"
    yield ""
    yield from (f"- the lists say: {says}; the table says: {table}." for says, table in whole.contradictions)
    yield from ("", "## Variants", "")
    for model in whole.models:
        for variant in model.variants:
            ids = ", ".join(f"0x{number:04X}" for number in variant.product_ids) or "no product id known"
            most = ", ".join(f"{count} at {volts} V" for volts, count in variant.max_batteries.items())
            yield f"- {variant.name} ({ids}): {variant.note}.{f' At most {most} batteries.' if most else ''}"


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _status_rows(models: Iterable[BmsModel]) -> Iterator[list[str]]:
    for model in models:
        for status in model.status:
            yield [model.name, status.what, status.channel, PROVEN[status.proven], f"`{status.by}`"]


def _channel_rows(models: Iterable[BmsModel]) -> Iterator[list[str]]:
    for model in models:
        yield [model.name, *(model.channels[channel] for channel in CHANNELS), model.publishes]
