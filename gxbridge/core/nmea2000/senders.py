"""Which product stands behind a source address: some registers mean different things on different products.

The product is told by register 0x0100, else by the product code of PGN 126996 if that is a known product. It belongs
to the NAME, so it moves along when the device changes its address and is forgotten when another device claims it.
"""

from __future__ import annotations

NAMES_KEPT = 512
"""NAMEs whose product is remembered; a bus has at most 253 addresses, so this is room for all and as many gone ones."""


class Senders:
    """Products by source address on one bus."""

    __slots__ = ("_by_name", "_certain", "_names", "_products")

    def __init__(self) -> None:
        self._products: dict[int, int] = {}
        self._certain: set[int] = set()
        self._names: dict[int, bytes] = {}
        self._by_name: dict[bytes, int] = {}

    def product(self, source: int) -> int | None:
        """Product id of the device at `source`, or None."""
        return self._products.get(source)

    def tell(self, source: int, product_id: int, certain: bool = True) -> None:
        """The device at `source` is this product. A guess (not `certain`) never replaces what is certain."""
        if not certain and source in self._certain:
            return
        self._products[source] = product_id
        if not certain:
            return
        self._certain.add(source)
        name = self._names.get(source)
        if name is not None:
            self._by_name.pop(name, None)
            if len(self._by_name) >= NAMES_KEPT:
                del self._by_name[next(iter(self._by_name))]
            self._by_name[name] = product_id

    def claim(self, source: int, name: bytes) -> None:
        """The device with this NAME has claimed `source`."""
        known = self._names.get(source)
        if known == name:
            return
        self._names[source] = name
        if known is None and source in self._certain and name not in self._by_name:
            # The first claim heard of a device whose product came earlier.
            self.tell(source, self._products[source])
            return
        self._products.pop(source, None)
        self._certain.discard(source)
        if name in self._by_name:
            self.tell(source, self._by_name[name])
