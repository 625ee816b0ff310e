"""What is known of devices before they say it themselves: by the configuration, and by the state of the last run."""

from __future__ import annotations

from collections.abc import Iterable, Set

from gxbridge.core.model.battery import Configured
from gxbridge.core.model.remembered import RememberedIdentity
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.node import Node


class KnownIdentities:
    """`believe`: whose NAME is heard again is taken for what it was, until it says itself what it is; otherwise what is
    remembered is only compared with what is heard."""

    def __init__(
        self, configured: Iterable[Configured], remembered: Iterable[RememberedIdentity], *, believe: bool
    ) -> None:
        self._configured = tuple(configured)
        self._remembered = {identity.name: identity for identity in remembered}
        self._believe = believe

    def configured(self, node: Node) -> Configured | None:
        """What the installer said about this device: by its NAME, else by the address where no NAME was heard."""
        for item in self._configured:
            if item.bus == node.bus:
                if node.name is None and item.address == node.address:
                    return item
                if node.name is not None and item.unique_number == node.name.unique_number:
                    return item
        return None

    def remembered(self, node: Node) -> RememberedIdentity | None:
        """What is remembered of a device by its NAME; an address identifies nobody."""
        return None if node.name is None else self._remembered.get(node.name.identity)

    def expected(self, node: Node) -> bool:
        """It was configured or known before: nobody invented it."""
        return self.configured(node) is not None or self.remembered(node) is not None

    def product(self, node: Node) -> int | None:
        """The product of a device that has not said it."""
        item, known = self.configured(node), self.remembered(node) if self._believe else None
        if item is not None:
            return item.product_id
        return None if known is None else known.product_id

    def serial(self, node: Node) -> str | None:
        """The serial it says, else the remembered one while the product is the same."""
        known = self.remembered(node) if self._believe else None
        if known is None or known.product_id != node.product_id:
            return node.identity.serial
        return node.identity.serial or known.serial

    def unheard(self, heard: Set[str], other_banks: Iterable[str]) -> bool:
        """Is one remembered that is not among the NAMEs that were heard? `other_banks`: serials and unique numbers
        (`uc167120`) of those that nobody waits for."""
        return any(
            name not in heard
            and {f"uc{Name(int(name, 16)).unique_number}", *(known.serial or "").split()}.isdisjoint(other_banks)
            for name, known in self._remembered.items()
        )
