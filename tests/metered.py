"""A store that counts what its calls cost on DynamoDB by AWS's published rules, whatever the engine.

The local engines do not count alike: MiniStack reports no units for BatchGetItem and
one for any Query, DynamoDB Local two a table for any transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from pyairtable_common.repositories.ports import Change, Item, Key, Page, Put, Store, Table, Write, item_size

_READ_UNIT_BYTES = 4096
_WRITE_UNIT_BYTES = 1024


@dataclass(slots=True)
class Bill:
    """Round trips, read units and write units, added up until ``clear``."""

    round_trips: int = 0
    read_units: int = 0
    write_units: int = 0

    def clear(self) -> None:
        self.round_trips = self.read_units = self.write_units = 0


class MeteredStore:
    """Passes every call on to ``store`` and writes what it costs on ``bill``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.bill = Bill()

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        found = self._store.get(keys)
        self._read(sum(_read_units(_size(found.get(key))) for key in set(keys)), round_trips=1 if keys else 0)
        return found

    def query(
        self,
        table: Table,
        pk: str,
        *,
        first: str = "",
        after: str | None = None,
        prefix: str = "",
        limit: int | None = None,
        descending: bool = False,
    ) -> Page:
        page = self._store.query(
            table, pk, first=first, after=after, prefix=prefix, limit=limit, descending=descending
        )
        self._read(_read_units(sum(map(item_size, page.items))), round_trips=1)
        return page

    def transact(self, writes: Sequence[Write], token: str) -> None:
        """A write costs by the larger of the item before and after; a check costs like a write."""
        before: dict[Key, Item] = {}
        for start in range(0, len(writes), 100):
            before.update(self._store.get([write.key for write in writes[start : start + 100]]))
        self.bill.round_trips += 1
        self._store.transact(writes, token)
        self.bill.write_units += sum(2 * _write_units(before.get(write.key), write) for write in writes)

    def changes(self, table: Table, after: str | None, limit: int = 100) -> Sequence[Change]:
        return self._store.changes(table, after, limit)

    def _read(self, units: int, round_trips: int) -> None:
        self.bill.round_trips += round_trips
        self.bill.read_units += units


def _read_units(size: int) -> int:
    return max(1, ceil(size / _READ_UNIT_BYTES))


def _write_units(before: Item | None, write: Write) -> int:
    after = write.item if isinstance(write, Put) else None
    return max(1, ceil(max(_size(before), _size(after)) / _WRITE_UNIT_BYTES))


def _size(item: Item | None) -> int:
    return 0 if item is None else item_size(item)
