"""Named tuples whose classes are made without compiling their fields.

The standard library's `NamedTuple` compiles every annotation and a constructor for each class whenever its module is
imported: 1.1 million instructions for six fields, and the running service has more than a hundred such classes
(Python 3.11). Here classes of as many fields share the code of one constructor of the library's, with their own names
in it; else it is the same class, and mypy takes it for the library's.
"""

from __future__ import annotations

from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from _collections import _tuplegetter as _field
    from collections import namedtuple

    @cache
    def _constructor(count: int) -> CodeType:
        """The code of a constructor with so many arguments, whose names do not matter yet."""
        return namedtuple("Pattern", [f"a{number}" for number in range(count)]).__new__.__code__

    @cache
    def _getter(place: int) -> Any:
        """Reads one place of a tuple; it belongs to no class."""
        return _field(place, f"Alias for field number {place}")

    def _make(cls: Any, values: Any) -> Any:
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self: Any, /, **changes: Any) -> Any:
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"Got unexpected field names: {list(changes)!r}")
        return made

    def _asdict(self: Any) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def _repr(self: Any) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({values})"

    def _values(self: Any) -> tuple[Any, ...]:
        return tuple(self)

    SHARED = {
        "__slots__": (),
        "_make": classmethod(_make),
        "_replace": _replace,
        "_asdict": _asdict,
        "__repr__": _repr,
        "__getnewargs__": _values,
    }

    class _Maker(type):
        """Makes the class when its body has been read; what it makes is a plain class of tuples."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            if fields[len(fields) - len(defaults) :] != tuple(defaults):
                raise TypeError(f"{name} has a field without default behind one that has a default")
            code = _constructor(len(fields)).replace(co_varnames=("_cls", *fields), co_name="__new__")
            scope = {"_tuple_new": tuple.__new__, "__builtins__": {}, "__name__": f"namedtuple_{name}"}
            made = FunctionType(code, scope, "__new__", tuple(defaults.values()))
            getters = {field: _getter(place) for place, field in enumerate(fields)}
            own = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields, "__new__": made}
            return type(name, (tuple,), {**SHARED, **own, **getters, **body})

    class NamedTuple(metaclass=_Maker):
        """Base of a class whose annotations are the fields of its tuples."""
