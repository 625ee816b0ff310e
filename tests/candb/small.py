"""A small database that keeps every rule, for tests to break one thing at a time."""

from __future__ import annotations

from pathlib import Path

from gxbridge.candb.load import inspect
from gxbridge.candb.model import DatabaseModel
from gxbridge.strict_yaml.problem import Problem

SMALL = """\
- {source: paper, title: A paper}
- {unit: V, title: volt}
- {family: big-box, title: Big box}
- {family: small-box, title: Small box}
- {type: u<N>, title: unsigned, kind: unsigned, missing: top}
- {type: s<N>, title: signed, kind: signed, missing: top}
- {type: flag, title: one bit, base: u1, enum: mode}
- {type: text, title: text, kind: string}
- {product: 0x1234, name: Box, family: big-box, source: paper, confidence: SINGLE}

- enumeration: mode
  values: {0: idle, 1: busy}
  source: paper
  confidence: CONFIRMED

- vreg: 0x2001
  name: VE_REG_LINK_VSET
  title: Charge voltage
  access: R
  value: {type: u16, scale: 0.01, unit: V}
  source: paper
  confidence: CONFIRMED
  samples:
    - {frame: 1CEFFF29#66990120180B0000, says: {link_vset: 28.40}, origin: constructed}

- vreg: 0x2002
  name: VE_REG_TWO_THINGS
  title: Two things
  access: W
  fields:
    - {name: first, type: u8, enum: mode}
    - {reserved: 4}
    - {name: second, type: s12}
  source: [paper]
  confidence: SINGLE
  samples:
    - {frame: 1CEF29E1#6699022001F0FF00, says: {first: 1, second: -1}, origin: real, source: paper}

- vreg: 0x2003
  name: VE_REG_LABEL
  title: Label
  access: RW
  value: {type: text}
  source: paper
  confidence: INFERRED
  samples:
    - frames:
        - 1DEFFF29#400A669903205765
        - 1DEFFF29#41636B6572FFFFFF
      says: {label: Wecker}
      origin: vendor
      source: paper

- path_group: who
  source: paper
  confidence: CONFIRMED
  paths:
    - {path: /ProductId, type: q, fact: product_id}
    - {path: /State, type: u, value: 7}

- service: box
  title: Box on D-Bus
  families: [big-box]
  with: [who]
  lacks: [/Lid]
  source: paper
  confidence: SINGLE
  paths:
    - {path: /Dc/0/Voltage, type: d?, unit: V, feed: [0x2001, "127508#0.state_1|flag"]}
    - {path: "/Box/{n}/State", count: 2, type: y, feed: "0x2002+0n.first", when: "/State>{n}"}
    - {path: "/Box/{n}/Load", first: 1, count: 2, type: d, unit: W, decimals: 1, feed: "127508.state_{n}"}
    - {path: /Mode, type: y, feed: 0x2001, write: 0x2001, allow: [1, 4]}
    - {path: /State, type: u, text: "{}", feed: 0x2002.second, confidence: INFERRED}

- pgn: 127508
  name: battery_status
  title: Battery
  transport: single
  interval_ms: 1500
  fields:
    - {name: instance, type: u8}
    - {name: state, type: flag, repeat: 2}
  source: paper
  confidence: CORROBORATED
  samples:
    - {frame: 19F21429#0001, says: {instance: 0, state_1: 1}, origin: constructed}
"""


def write(folder: Path, text: str = SMALL) -> Path:
    """The text as the only file of a database folder `can_db`."""
    can_db = folder / "can_db"
    can_db.mkdir(exist_ok=True)
    (can_db / "small.yaml").write_text(text, encoding="utf-8")
    return can_db


def judged(folder: Path, text: str = SMALL) -> tuple[DatabaseModel | None, list[Problem]]:
    """The model of that text and what is wrong with it."""
    return inspect(write(folder, text))
