"""Objects as plain data and back: a closed list of classes, taken apart field by field. Nothing is ever executed.

None, True, 1, 1.5, "text"      themselves
["t", ...] ["l", ...]           tuple, list
["s", ...] ["f", ...]           set, frozenset (sorted, so that equal sets are equal text)
["d", key, value, ...]          dict, what a service shows; ["m", ...] the same as a read-only mapping
["b", "hex"]                    bytes
["o", "Class", field, ...]      an object; the names of the fields are in `Codec.fields`
["r", n]                        the n-th object that can change, again
["x", "kind", ...]              something that is not copied but found again (a layout, a table)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, is_dataclass
from dataclasses import fields as dataclass_fields
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from gxbridge.core.dvcc.read.devices.service_items import KeptItems
from gxbridge.core.model.record import record

Plain = Any
"""What JSON can hold."""

to_json: Final[Callable[[Plain], str]] = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
"""What is put into it is a tree: nothing is looked for that holds itself."""

LEAVES: Final = frozenset({type(None), bool, int, float, str})
DEEPEST: Final = 64
"""Levels of nesting that are read; the state of the service has about ten."""


class CodecError(ValueError):
    """Something that is not in the list, or data that cannot be read."""


@record
class CodecClass:
    """A class that may be taken apart. `skip`: fields left out, and how each is made anew."""

    cls: type
    shared: bool = False
    """It can change and may be held in two places: it is the same object again after reading."""
    skip: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    name: str = ""


@record
class Reference:
    """A class whose objects are found again by a key of leaves. `find` raises KeyError or LookupError."""

    cls: type
    name: str
    key: Callable[[Any], list[Plain]]
    find: Callable[[list[Plain]], Any]


class Codec:
    """Encodes and decodes values made of the classes it was given."""

    def __init__(self, kinds: Iterable[CodecClass], references: Iterable[Reference] = ()) -> None:
        self.fields: dict[str, tuple[str, ...]] = {}
        """Class -> names of its fields in order, as far as they were met."""
        self._kinds = {kind.name or kind.cls.__name__: kind for kind in kinds}
        self._names = {kind.cls: name for name, kind in self._kinds.items()}
        self._references = {reference.name: reference for reference in references}
        self._keys = {reference.cls: reference for reference in self._references.values()}
        self._getters: dict[type, Callable[[Any], tuple[Any, ...]]] = {}

    def encode(self, value: object) -> Plain:
        """`value` as plain data. Raises CodecError for a class that is not in the list."""
        return _Encoder(self).put(value)

    def pieces(self, value: object, depth: int) -> Iterator[str]:
        """The JSON of `encode(value)` in pieces: down to `depth`, the parts of dictionaries and of objects that can
        change are taken one after the other, so that never all of it is in memory. Raises CodecError on the way."""
        return _Encoder(self).pieces(value, depth)

    def decode(self, plain: Plain, fields: Mapping[str, Iterable[str]]) -> Any:
        """The value of plain data; `fields` as they were when it was made. Raises CodecError, and nothing else."""
        try:
            return _StateReader(self, fields).take(plain, 0)
        except CodecError:
            raise
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            raise CodecError(f"the state cannot be read: {type(error).__name__}: {error}") from error

    def getter(self, sample: object) -> Callable[[Any], tuple[Any, ...]]:
        """What takes the fields out of the objects of a class, made at first sight."""
        cls = type(sample)
        name = self._names.get(cls)
        if name is None:
            raise CodecError(f"objects of {cls.__module__}.{cls.__qualname__} are not in the list")
        names = tuple(item for item in field_names(sample) if item not in self._kinds[name].skip)
        self.fields[name] = names
        get: Callable[[Any], tuple[Any, ...]]
        if len(names) == 1:
            one = attrgetter(names[0])
            get = lambda item: (one(item),)  # noqa: E731 - as the other one
        else:
            get = attrgetter(*names) if names else lambda _: ()
        self._getters[cls] = get
        return get


def field_names(sample: Any) -> tuple[str, ...]:
    """The fields of an object, in a fixed order."""
    cls = type(sample)
    if is_dataclass(cls):
        return tuple(item.name for item in dataclass_fields(cls))
    if isinstance(sample, tuple):
        return tuple(sample._fields)  # type: ignore[attr-defined,unused-ignore]
    slots = getattr(cls, "__slots__", None)
    return tuple(slots) if slots is not None else tuple(vars(sample))


class _Encoder:
    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._seen: dict[int, int] = {}

    def put(self, value: Any) -> Plain:
        cls = type(value)
        if cls in LEAVES:
            return value
        put, codec = self.put, self._codec
        if cls is dict or cls is KeptItems:
            return self._mapping("d", value)
        if cls is tuple:
            return ["t", *map(put, value)]
        name = codec._names.get(cls)
        if name is not None:
            if codec._kinds[name].shared:
                number = self._seen.get(id(value))
                if number is not None:
                    return ["r", number]
                self._seen[id(value)] = len(self._seen)
            get = codec._getters.get(cls) or codec.getter(value)
            return ["o", name, *map(put, get(value))]
        reference = codec._keys.get(cls)
        if reference is not None:
            return ["x", reference.name, *reference.key(value)]
        if cls is bytes:
            return ["b", value.hex()]
        if cls is list:
            return ["l", *map(put, value)]
        if cls is set or cls is frozenset:
            return ["s" if cls is set else "f", *sorted(map(put, value), key=repr)]
        if cls is MappingProxyType:
            return self._mapping("m", value)
        raise CodecError(f"objects of {cls.__module__}.{cls.__qualname__} are not in the list")

    def pieces(self, value: Any, depth: int) -> Iterator[str]:
        head, parts = self._opened(value) if depth else ([], ())
        if not head:
            yield to_json(self.put(value))
            return
        run: list[Plain] = list(head)  # what needs no opening is one piece
        opening = "["
        for part in parts:
            if type(part) in LEAVES:
                run.append(part)
                continue
            yield opening + to_json(run)[1:-1] if run else ""
            yield ","
            yield from self.pieces(part, depth - 1)
            run, opening = [], ","
        yield opening + to_json(run)[1:] if run else "]"

    def _opened(self, value: Any) -> tuple[list[str], Iterable[Any]]:
        """The marks of a dictionary or an object that can change, and its parts; nothing for anything else."""
        cls, codec = type(value), self._codec
        if cls is dict or cls is KeptItems:
            return ["d"], chain.from_iterable(value.items())
        name = codec._names.get(cls)
        if name is None or not codec._kinds[name].shared or id(value) in self._seen:
            return [], ()
        self._seen[id(value)] = len(self._seen)
        return ["o", name], (codec._getters.get(cls) or codec.getter(value))(value)

    def _mapping(self, tag: str, value: Mapping[Any, Any]) -> Plain:
        plain: list[Plain] = [tag]
        put = self.put
        for key, item in value.items():
            plain.append(key if type(key) is str else put(key))
            plain.append(item if type(item) in LEAVES else put(item))
        return plain


class _StateReader:
    def __init__(self, codec: Codec, fields: Mapping[str, Iterable[str]]) -> None:
        self._codec = codec
        self._fields = {name: tuple(names) for name, names in fields.items()}
        self._objects: list[Any] = []

    def take(self, plain: Plain, depth: int) -> Any:
        if type(plain) in LEAVES:
            return plain
        if depth > DEEPEST:
            raise CodecError("the state is nested too deeply")
        if type(plain) is not list or not plain:
            raise CodecError("the state contains something that does not belong in a state")
        tag, rest = plain[0], plain[1:]
        if tag == "o":
            return self._object(rest, depth)
        if tag == "r":
            return self._objects[rest[0]]
        if tag == "b":
            return bytes.fromhex(rest[0])
        if tag == "x":
            reference = self._codec._references.get(rest[0])
            if reference is None:
                raise CodecError(f"the state refers to a {rest[0]!r}, which this version does not know")
            return reference.find(rest[1:])
        items = [self.take(item, depth + 1) for item in rest]
        if tag in ("d", "m"):
            made = dict(zip(items[::2], items[1::2], strict=True))
            return made if tag == "d" else MappingProxyType(made)
        make = {"t": tuple, "l": list, "s": set, "f": frozenset}.get(tag)
        if make is None:
            raise CodecError(f"the state holds an unknown mark {tag!r}")
        return make(items)

    def _object(self, rest: list[Plain], depth: int) -> Any:
        name, values = rest[0], rest[1:]
        kind, names = self._codec._kinds.get(name), self._fields.get(name)
        if kind is None or names is None:
            raise CodecError(f"the state holds a {name!r}, which this version does not know")
        if len(names) != len(values):
            raise CodecError(f"a {name} of the state has {len(values)} fields, not {len(names)}")
        cls = kind.cls
        if issubclass(cls, tuple):
            if names != cls._fields:  # type: ignore[attr-defined]
                raise CodecError(f"{name} has other fields in this version of gxbridge")
            return tuple.__new__(cls, [self.take(value, depth + 1) for value in values])
        made = object.__new__(cls)
        if kind.shared:
            self._objects.append(made)
        fixed = [item.name for item in dataclass_fields(cls)] if is_dataclass(cls) else getattr(cls, "__slots__", None)
        if fixed is not None and {*names, *kind.skip} != set(fixed):
            raise CodecError(f"{name} has other fields in this version of gxbridge")
        for item, value in zip(names, values, strict=True):
            object.__setattr__(made, item, self.take(value, depth + 1))
        for item, make in kind.skip.items():
            object.__setattr__(made, item, make())
        return made
