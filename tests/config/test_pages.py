"""The example file, the documentation page and `config show`: all made from the one table of keys."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gxbridge.config import Config, Problem, Readout, Terminals, load
from gxbridge.config.build_config import build_config
from gxbridge.config.effective import Notify
from gxbridge.config.keys import KEYS, children
from gxbridge.config.pages import EXAMPLE, PAGE, example, markdown, show
from gxbridge.config.read_file import read_config
from gxbridge.core.dvcc.read import paths
from gxbridge.core.dvcc.read.options import SWITCHES, Options
from gxbridge.core.model.battery import Configured
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.models.installation import InstalledBms
from gxbridge.strict_yaml.problem import HIDDEN

ROOT = Path(__file__).parents[2]


def test_the_example_file_and_the_page_are_what_the_table_says() -> None:
    """`python -m gxbridge.config.pages` writes both anew."""
    assert (ROOT / EXAMPLE).read_text(encoding="utf-8") == example()
    assert (ROOT / PAGE).read_text(encoding="utf-8") == markdown()


def test_the_example_file_is_the_defaults() -> None:
    path = str(ROOT / EXAMPLE)
    assert load(path) == Config(file=path)


def test_every_key_stands_in_the_example_file_and_on_the_page() -> None:
    for key in KEYS:
        assert (f" {key.name}:" in f" {example()}".replace("#", " ").replace("\n", " ")) is not key.retired
        assert (key.doc in markdown()) is not key.retired
        assert key.doc.endswith((".", "fast"))


SETTING = re.compile(r"^( *)#?( *)(- )?#?([a-z_]+)(:(?: .*)?)$")


def test_every_key_of_the_example_file_can_be_switched_on_by_taking_its_mark_away() -> None:
    names = {key.name for key in KEYS if not key.retired}
    found = [SETTING.match(line) for line in example().splitlines()]
    text = "\n".join("".join(part or "" for part in line.groups()) for line in found if line and line[4] in names)
    checked = read_config(text.encode(), "example")
    assert checked.problems == []
    assert {path.replace("[0]", "[]") for path in checked.lines} >= {key.path for key in KEYS if not key.retired}
    contradictions: list[Problem] = []
    build_config(checked, "example", contradictions)
    # With socketcan the system sets it, and for plotters a transmit level is to be chosen besides.
    assert [problem.key for problem in contradictions] == ["can[0].bitrate", "plotters.bus"]


def test_every_default_and_example_of_the_table_passes_its_own_check() -> None:
    for key in KEYS:
        if key.kind in ("section", "items"):
            path = key.path if key.kind == "section" else f"{key.path}[]"
            assert children(path, key.retired), key.path
        else:
            assert key.wanted, key.path
            assert key.default is not None or (key.example is not None and (key.unset or key.required)), key.path


def test_every_difference_between_the_profiles_is_still_read() -> None:
    assert set(children("dvcc.switches", retired=True)) == {switch.name for switch in SWITCHES if switch.had_key}


BUSES = st.builds(
    CanSpec,
    st.sampled_from(["socketcan", "virtual", "gxsocket"]),
    st.text("ab/0.@:# '\"", min_size=1).filter(str.strip),
    st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True),
    st.none(),
    st.dictionaries(st.text("abc", min_size=1), st.integers(-(2**63), 2**63) | st.booleans() | st.text("xyz0 ")),
)
OPTIONS = st.builds(
    Options.of,
    st.sampled_from(["strict", "vendor"]),
    voltage_window=st.booleans(),
    clean_limits=st.booleans(),
    max_charge_current_a=st.none() | st.floats(0, 2000),
    max_discharge_current_a=st.none() | st.integers(0, 2000),
)
PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"])).filter(str.isprintable)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    can = tuple(draw(st.lists(BUSES, max_size=3, unique_by=lambda spec: spec.name)))
    return Config(
        can=can,
        mode=draw(st.sampled_from(["off", "monitor", "control"])),
        options=draw(OPTIONS),
        user_settings=draw(
            st.dictionaries(st.sampled_from([paths.SET_MAX_CURRENT, paths.SET_MAX_VOLTAGE]), st.integers(8, 60))
        ),
        instance=draw(st.integers(0, 65_535)),
        custom_name=draw(PRINTABLE),
        known_batteries=tuple(Configured(bus.name, 7, 1, 0xA3E5, 3) for bus in can),
        publish=draw(st.sampled_from(["bms", "none"])),
        transmit=draw(st.sampled_from(["off", "writes"])),
        notify=draw(st.sampled_from([Notify(), Notify("alarms"), Notify("warnings", ("/bin/tell", "{text}"))])),
        log_modules={"can": "debug"},
        installation=draw(st.none() | st.just(InstalledBms("VE.Bus BMS NG", 24, 30, control=True))),
        terminals=(Terminals("VE.Bus BMS", "x", None, 3, "com.victronenergy.digitalinput.input_1"),),
    )


@settings(max_examples=40, deadline=None)
@given(configs())
def test_what_is_shown_can_be_loaded_and_is_the_same(config: Config) -> None:
    assume(HIDDEN not in show(config))  # what looks like a key
    checked = read_config(show(config).encode(), "c.yaml")
    found: list[Problem] = list(checked.problems)
    again = build_config(checked, "c.yaml", found)
    assert found == []
    assert replace(again, file=None, deprecations=()) == config


def test_a_secret_is_hidden_when_shown_and_in_no_repr() -> None:
    config = Config(readout=(Readout("C0:FF:EE:12:34:56", "x", bytes.fromhex("5ec3e7" * 5 + "00")),))
    assert "5ec3e7" not in show(config) + repr(config)
    assert "(hidden)" in show(config)
