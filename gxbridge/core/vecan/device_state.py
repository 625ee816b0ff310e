"""What is believed of one device now: its quantities, kept up to date message by message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gxbridge.core.model.battery import Known
from gxbridge.core.model.fast import make
from gxbridge.core.vecan.quantities import LASTING, Quantity, judge
from gxbridge.core.vecan.readings import MessageKind, ReadingKey, Readings, said


class QuantityTable:
    """The quantities of one family of devices, and which of them each message touches."""

    def __init__(self, quantities: Iterable[Quantity]) -> None:
        self.quantities = tuple(quantities)
        self.by_name: Mapping[str, Quantity] = {quantity.name: quantity for quantity in self.quantities}
        touched: dict[MessageKind, dict[str, Quantity]] = {}
        labels: dict[MessageKind, dict[str, str]] = {}
        for quantity in self.quantities:
            for source in quantity.sources:
                what = (source.pgn, source.register)
                touched.setdefault(what, {})[quantity.name] = quantity
                labels.setdefault(what, {})[quantity.name] = source.label
        self.touched: Mapping[MessageKind, tuple[Quantity, ...]] = {
            key: tuple(names.values()) for key, names in touched.items()
        }
        self.labels: Mapping[MessageKind, tuple[str, ...]] = {
            key: tuple(names.values()) for key, names in labels.items()
        }
        """What each touched quantity calls its source that this message is; several of them have one label."""
        self.derived = tuple(quantity for quantity in self.quantities if quantity.derived is not None)

    def uses(self, key: ReadingKey) -> bool:
        """Whether a message touches any of them."""
        return said(key) in self.touched

    def lasting(self, key: ReadingKey) -> bool:
        """Whether a message outlives the silence of its device: all it says is identity, setting or history."""
        quantities = self.touched.get(said(key), ())
        return bool(quantities) and all(quantity.kind in LASTING for quantity in quantities)


class DeviceState:
    """The quantities that a device's messages make. Bounded by the table."""

    def __init__(
        self, table: QuantityTable, readings: Readings, now: float, gave: Mapping[str, set[str]] | None = None
    ) -> None:
        """`gave`: what `gave` of the state before this one was, if the device is the same."""
        self.table = table
        self.gave = {name: set(labels) for name, labels in (gave or {}).items()}
        """Quantity -> the sources that have given it since the device appeared."""
        self._readings = readings
        self._known: dict[str, Known] = {}
        self._shown: Mapping[str, Known] | None = None
        self._until: dict[str, float] = {}
        self._disagree: dict[str, tuple[str, float]] = {}
        self._pending: dict[MessageKind, bool] = {}  # in order, so that the same messages always give the same
        self._judge(table.quantities, now)

    def heard(self, what: MessageKind, *, new: bool = True) -> None:
        """A message of this kind was filed: what it touches is judged anew when somebody looks. `new`: it says
        something else than the one before."""
        self._pending[what] = new or self._pending.get(what, False)

    def refresh(self, now: float) -> set[str]:
        """Judge what messages and time have touched; the names of quantities whose value became another one."""
        due = {name: self.table.by_name[name] for name, until in self._until.items() if until <= now}
        if not due and not self._pending:
            return set()
        pending, self._pending = self._pending, {}
        repeated: list[MessageKind] = []
        for what, new in pending.items():
            if new:
                due.update((quantity.name, quantity) for quantity in self.table.touched.get(what, ()))
            else:
                repeated.append(what)
        for what in repeated:
            self._repeat(what, due)
        return self._judge(due.values(), now)

    def _repeat(self, what: MessageKind, due: dict[str, Quantity]) -> None:
        """Note that a message said the same again; `due` gets the quantities for `judge`, who can tell what counts.

        A source that counts and says the same later counts still: whatever outdates it is older than before.
        """
        quantities = self.table.touched.get(what, ())
        readings = self._readings.of(what) if quantities else ()
        if len(readings) != 1:
            due.update((quantity.name, quantity) for quantity in quantities)
            return
        at, until = readings[0].at, readings[0].until
        for quantity, label in zip(quantities, self.table.labels[what], strict=True):
            name = quantity.name
            known = self._known.get(name)
            if known is None or known.source != label:
                due[name] = quantity
                continue
            self._known[name] = make(Known, (known.value, at, label))
            if until is not None and name in self._until:
                self._until[name] = until
            self._shown = None

    def values(self, now: float) -> Mapping[str, Known]:
        """What is known now. The mapping never changes; after a change there is another one."""
        self.refresh(now)
        if self._shown is None:
            self._shown = dict(self._known)
        return self._shown

    def next_deadline(self, now: float) -> float | None:
        """When the next value goes stale by itself."""
        self.refresh(now)
        return min(self._until.values(), default=None)

    def contradictions(self) -> Mapping[str, tuple[str, float]]:
        """Quantity -> what its sources say against each other, and since when."""
        return self._disagree

    def forget(self, now: float) -> None:
        """The device fell silent: keep only identity, settings and history."""
        self._readings.forget(self.table.lasting, self.table.uses)
        self.gave.clear()
        self._judge(self.table.quantities, now)

    def _judge(self, quantities: Iterable[Quantity], now: float) -> set[str]:
        changed = {quantity.name for quantity in quantities if self._judge_one(quantity, now)}
        return changed | {quantity.name for quantity in self.table.derived if self._judge_one(quantity, now)}

    def _judge_one(self, quantity: Quantity, now: float) -> bool:
        name = quantity.name
        gave = self.gave.get(name) or set()
        verdict = judge(quantity, self._readings, self._known, now, gave)
        if gave:  # hundreds of devices have a hundred quantities each that nobody ever gives
            self.gave[name] = gave
        before = self._known.pop(name, None)
        if verdict.known is not None:
            self._known[name] = verdict.known
        if verdict.until is None:
            self._until.pop(name, None)
        else:
            self._until[name] = verdict.until
        if verdict.contradiction is None:
            self._disagree.pop(name, None)
        else:
            self._disagree[name] = (verdict.contradiction, self._disagree.get(name, ("", now))[1])
        if before != verdict.known:
            self._shown = None
        return (before and before.value) != (verdict.known and verdict.known.value)
