"""Records without code made at run time.

The standard library's `dataclass` writes and compiles six functions for each class whenever its module is imported. The
80 classes of the running service take 36 ms that way and 3 ms this way, of a start of 0.2 s on a server (Python 3.11,
2026-11), where a start may take twice that of the vendor's own way and no more (docs/performance.md). Making one object
takes 2.2 us instead of 1.6; what is made most often is a named tuple. `record` and `state` make the same kinds of class
(with slots, equal by value, known to `dataclasses.replace` and `dataclasses.fields`, checked by mypy; a record is
frozen) from ordinary closures.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

_ABSENT: Any = dataclasses.MISSING


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def record(cls: type[T]) -> type[T]:
    """Class decorator: `@dataclass(frozen=True, slots=True)` for a class without record bases.

    Raises TypeError for a field without default behind one that has a default.
    """
    made = _made(cls)
    made.__setattr__ = _refuse
    made.__delattr__ = _refuse
    if made.__hash__ is None:
        values = _values(made)
        made.__hash__ = lambda self: hash(values(self))
    return made  # type: ignore[no-any-return]


@dataclass_transform(field_specifiers=(dataclasses.field,))
def state(cls: type[T]) -> type[T]:
    """Class decorator: `@dataclass(slots=True)`, for what changes. Otherwise as `record`."""
    return _made(cls)  # type: ignore[no-any-return]


def _made(cls: type) -> Any:
    """The class with slots, its fields, and what `dataclass` would have written for it; without a hash."""
    fields = {name: _field(cls, name, kind) for name, kind in cls.__annotations__.items()}
    body = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in fields and name not in ("__dict__", "__weakref__")
    }
    meta: Any = type(cls)
    made: Any = meta(cls.__name__, cls.__bases__, body | {"__slots__": tuple(fields)})
    made.__qualname__ = cls.__qualname__
    made.__dataclass_fields__ = fields
    setattr(made, "__match_args__", tuple(fields))  # noqa: B010 - mypy knows the name from its own dataclasses
    made.__init__ = _init(made, fields)
    if "__eq__" not in body:
        made.__eq__ = _eq(_values(made))
    if "__hash__" not in body:
        made.__hash__ = None
    if "__repr__" not in body:
        made.__repr__ = _repr(tuple(name for name, field in fields.items() if field.repr))
    return made


def _field(cls: type, name: str, kind: Any) -> dataclasses.Field[Any]:
    """The field of an annotation, as the standard library keeps it."""
    given = cls.__dict__.get(name, _ABSENT)
    field: Any = given if isinstance(given, dataclasses.Field) else dataclasses.field(default=given)
    field.name, field.type = name, kind
    field.kw_only = False
    field._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
    return field  # type: ignore[no-any-return]


def _values(made: Any) -> Callable[[Any], Any]:
    """The values that are compared, as something that is equal and hashed like them."""
    names = tuple(name for name, field in made.__dataclass_fields__.items() if field.compare)
    return attrgetter(*names) if names else lambda _record: ()


def _init(made: Any, fields: dict[str, dataclasses.Field[Any]]) -> Callable[..., None]:
    # The slots' own setters do not ask `__setattr__`, which refuses.
    setters = tuple(made.__dict__[name].__set__ for name in fields)
    defaults: tuple[tuple[str, Any, Any], ...] = tuple(
        (name, field.default, field.default_factory) for name, field in fields.items()
    )
    count, title = len(fields), made.__name__
    pairs = tuple(zip(setters, fields, strict=True))
    seen_default = False
    for name, default, factory in defaults:
        has_default = default is not _ABSENT or factory is not _ABSENT
        if seen_default and not has_default:
            raise TypeError(f"{title}: {name} has no default but stands behind a field that has one")
        seen_default = seen_default or has_default
    after = made.__dict__.get("__post_init__")

    def __init__(self: Any, *args: Any, **named: Any) -> None:
        given = len(args)
        if given > count:
            raise TypeError(f"{title} takes {count} values, not {given}")
        for setter, value in zip(setters, args, strict=False):
            setter(self, value)
        if named and given + len(named) == count:  # every value is given: the usual case
            try:
                for setter, name in pairs[given:]:
                    setter(self, named[name])
            except KeyError:  # a name that is no field, or a value given twice: told below
                pass
            else:
                if after is not None:
                    after(self)
                return
        for index in range(given, count):
            name, default, factory = defaults[index]
            if name in named:
                value = named.pop(name)
            elif default is not _ABSENT:
                value = default
            elif factory is not _ABSENT:
                value = factory()
            else:
                raise TypeError(f"{title} needs a value for {name}")
            setters[index](self, value)
        if named:
            raise TypeError(f"{title} has no further field {', '.join(named)}")
        if after is not None:
            after(self)

    return __init__


def _refuse(self: Any, name: str, *_value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"{type(self).__name__} is frozen: {name} cannot be changed")


def _eq(values: Callable[[Any], Any]) -> Callable[[Any, object], Any]:
    def __eq__(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    return __eq__


def _repr(names: tuple[str, ...]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__name__}({inside})"

    return __repr__
