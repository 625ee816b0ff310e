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
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

_ABSENT: Any = dataclasses.MISSING


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def record(cls: type[T]) -> type[T]:
    """Class decorator: `@dataclass(frozen=True, slots=True)` for a class without record bases.

    Raises TypeError for a field without default behind one that has a default.
    """
    return _made(cls, frozen=True)  # type: ignore[no-any-return]


@dataclass_transform(field_specifiers=(dataclasses.field,))
def state(cls: type[T]) -> type[T]:
    """Class decorator: `@dataclass(slots=True)`, for what changes. Otherwise as `record`."""
    return _made(cls, frozen=False)  # type: ignore[no-any-return]


def _made(cls: type, *, frozen: bool) -> Any:
    """The class with slots, its fields, and what `dataclass` would have written for it. Everything is there when the
    class is made: what is put into it later costs it a look at all it inherits."""
    fields = {name: _field(cls, name, kind) for name, kind in cls.__annotations__.items()}
    compared = tuple(name for name, field in fields.items() if field.compare)
    values: Callable[[Any], Any] = attrgetter(*compared) if compared else lambda _record: ()
    setters: list[Callable[[Any, Any], None]] = []
    body = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in fields and name not in ("__dict__", "__weakref__")
    }
    body.setdefault("__eq__", _eq(values))
    body.setdefault("__repr__", _repr(tuple(name for name, field in fields.items() if field.repr)))
    if frozen:
        body["__setattr__"] = body["__delattr__"] = _refuse
    if body.get("__hash__") is None:  # Python puts None beside an `__eq__`
        body["__hash__"] = (lambda self: hash(values(self))) if frozen else None
    body |= {
        "__slots__": tuple(fields),
        "__match_args__": tuple(fields),
        "__dataclass_fields__": fields,
        "__init__": _init(cls.__name__, fields, setters, body.get("__post_init__")),
    }
    meta: Any = type(cls)
    made: Any = meta(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    # The slots' own setters do not ask `__setattr__`, which refuses.
    setters += [made.__dict__[name].__set__ for name in fields]
    return made


def _field(cls: type, name: str, kind: Any) -> dataclasses.Field[Any]:
    """The field of an annotation, as the standard library keeps it."""
    given = cls.__dict__.get(name, _ABSENT)
    field: Any = given if isinstance(given, dataclasses.Field) else dataclasses.field(default=given)
    field.name, field.type = name, kind
    field.kw_only = False
    field._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
    return field  # type: ignore[no-any-return]


def _init(
    title: str,
    fields: dict[str, dataclasses.Field[Any]],
    setters: Sequence[Callable[[Any, Any], None]],
    after: Callable[[Any], None] | None,
) -> Callable[..., None]:
    """The constructor; `setters` are filled in when there is a class."""
    defaults: tuple[tuple[str, Any, Any], ...] = tuple(
        (name, field.default, field.default_factory) for name, field in fields.items()
    )
    count, names = len(fields), tuple(fields)
    seen_default = False
    for name, default, factory in defaults:
        has_default = default is not _ABSENT or factory is not _ABSENT
        if seen_default and not has_default:
            raise TypeError(f"{title}: {name} has no default but stands behind a field that has one")
        seen_default = seen_default or has_default

    def __init__(self: Any, *args: Any, **named: Any) -> None:
        given = len(args)
        if given > count:
            raise TypeError(f"{title} takes {count} values, not {given}")
        for setter, value in zip(setters, args, strict=False):
            setter(self, value)
        if named and given + len(named) == count:  # every value is given: the usual case
            try:
                for index in range(given, count):
                    setters[index](self, named[names[index]])
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
