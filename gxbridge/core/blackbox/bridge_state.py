"""The whole state of a bridge as plain data, and a bridge made from it that decides what the first would have decided.

Left out are what is only remembered to be quicker, what is said on CAN (nothing decides by it), and every secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gxbridge.core.blackbox.codec import Codec, CodecError, Plain
from gxbridge.core.bridge import Bridge
from gxbridge.core.setup import Setup

APART: Final = frozenset({"setup", "transmitter", "link", "registry", "channels"})
"""Attributes of the bridge that are made anew and then given what they held."""

REGISTRY: Final = ("_networks",)
APIECE: Final = 6
"""Levels above what one device has said: group, name, buses, bus, devices, device."""
CHANNELS: Final = ("_terminals", "_watch", "_disputes", "_stopped")


def names_of(bridge: Bridge) -> tuple[str, ...]:
    """The attributes that are copied as they are: every one of `Bridge`, whoever adds it, but not a subclass's."""
    return tuple(name for name in vars(Bridge(bridge.setup)) if name not in APART)


def capture(bridge: Bridge, names: tuple[str, ...], codec: Codec) -> Iterator[str]:
    """Everything `bridge` holds that a decision can depend on, as JSON in pieces. Raises CodecError on the way."""
    state = {name: getattr(bridge, name) for name in names}
    return codec.pieces(
        {
            "bridge": state,
            "registry": {name: getattr(bridge.registry, name) for name in REGISTRY},
            "channels": {name: getattr(bridge.channels, name) for name in CHANNELS},
            "heard": bridge.channels.receiver._heard,
        },
        APIECE,
    )


def restore(setup: Setup, plain: Plain, fields: Mapping[str, list[str]], codec: Codec) -> Bridge:
    """A bridge in the state of `plain`. Raises CodecError when this version cannot have been in that state."""
    state = codec.decode(plain, fields)
    bridge = Bridge(setup)
    try:
        groups = ((bridge, state["bridge"]), (bridge.registry, state["registry"]), (bridge.channels, state["channels"]))
        wanted = set(names_of(bridge)) | {*REGISTRY, *CHANNELS}
        if wanted != {name for _, group in groups for name in group}:
            raise CodecError("the state is that of another version of gxbridge")
        for owner, group in groups:
            for name, value in group.items():
                setattr(owner, name, value)
        bridge.channels.receiver._heard = state["heard"]
    except (KeyError, TypeError, AttributeError) as error:
        raise CodecError(f"the state is incomplete: {error}") from error
    return bridge
