"""The tables of the pages about DVCC, from the program's own: `python -m tests.core.dvcc.pages` writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from gxbridge.core.dvcc.limit.reasons import REASONS, TERM_NAMES
from gxbridge.core.dvcc.read.devices.quirks import QUIRKS, quirk_of
from gxbridge.core.dvcc.read.options import SWITCHES
from gxbridge.core.dvcc.run.watching.clocks import CLOCKS
from gxbridge.core.nmea2000.database import database

DOCS = Path(__file__).parents[3] / "docs"
PAGES = (DOCS / "dvcc.md", *sorted(DOCS.glob("dvcc-*.md")))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    lines.insert(1, tuple("---" for _ in lines[0]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def switches() -> str:
    return table(
        ("difference", "`strict`", "`vendor`"),
        ((f"`{switch.name}`", switch.on, switch.off) for switch in SWITCHES),
    )


def reasons() -> str:
    return table(
        ("name", "kind", "what is said", "source, value, default"),
        (
            (f"`{name}`", "term" if name in TERM_NAMES else reason.kind, reason.text, reason.doc)
            for name, reason in REASONS.items()
        ),
    )


def clocks() -> str:
    return table(
        ("clock", "runs", "then"), ((f"`{name}`", f"{row.duration_s:.0f} s", row.text) for name, row in CLOCKS.items())
    )


def first_line(adjust: object | None) -> str:
    """What a quirk does, from its function's own words."""
    return "nothing" if adjust is None else (adjust.__doc__ or "").splitlines()[0]


def quirks() -> str:
    on_vecan = {number: quirk_of(number) for number, info in database().products.items() if info.quirks}
    products: dict[str, list[int]] = {}
    for product, quirk in {**on_vecan, **QUIRKS}.items():
        products.setdefault(quirk.name, []).append(product)
    by_name = {quirk.name: quirk for quirk in (*on_vecan.values(), *QUIRKS.values())}
    return table(
        ("product", "ids", "0 A stops all", "voltage at once", "gives permissions", "changes"),
        (
            (
                name,
                ", ".join(f"0x{product:04X}" for product in sorted(ids)),
                "yes" if by_name[name].stop_on_zero else "no",
                "yes" if by_name[name].quick else "no",
                "yes" if by_name[name].gives_permissions else "no",
                first_line(by_name[name].adjust),
            )
            for name, ids in products.items()
        ),
    )


TABLES: dict[str, Callable[[], str]] = {
    "switches": switches,
    "reasons": reasons,
    "clocks": clocks,
    "quirks": quirks,
}


def filled(page: str) -> str:
    """A page with every table between `<!-- name -->` and `<!-- end -->` made anew."""
    for name, make in TABLES.items():
        if f"<!-- {name} -->" not in page:
            continue
        before, marker, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        page = f"{before}{marker}{make()}\n{end}{after}"
    return page


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
