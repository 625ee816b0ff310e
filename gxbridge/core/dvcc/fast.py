"""Making a named tuple at half the cost, for the few places that make one for every charger in every round.

The class's own `__new__` is Python code around this call. Fields must be given in order, all of them.
"""

from __future__ import annotations

make = tuple.__new__
