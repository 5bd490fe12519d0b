"""A store that can address only what its request was granted, whatever the code above does wrong."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from pyairtable_common.repositories.ports import Change, Check, Item, Key, Page, Store, Table, Write


class Access(Enum):
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Grant:
    """Everything that one owner has in one table, to read or to write."""

    table: Table
    owner: str
    access: Access


class OutOfScope(RuntimeError):
    """Code tried to reach what its request was not granted: a defect, never an answer."""


class ScopedStore:
    """``Store`` within grants; reading a table's change stream is in no request's scope."""

    def __init__(self, store: Store, grants: Iterable[Grant]) -> None:
        self._store = store
        self._grants = frozenset(grants)

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        for key in keys:
            self._require(key.table, key.owner, Access.READ)
        return self._store.get(keys)

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
        self._require(table, Key(table, pk, "").owner, Access.READ)
        return self._store.query(
            table, pk, first=first, after=after, prefix=prefix, limit=limit, descending=descending
        )

    def transact(self, writes: Sequence[Write], token: str) -> None:
        for write in writes:
            access = Access.READ if isinstance(write, Check) else Access.WRITE
            self._require(write.key.table, write.key.owner, access)
        self._store.transact(writes, token)

    def changes(self, table: Table, after: str | None, limit: int = 100) -> Sequence[Change]:
        raise OutOfScope(f"the change stream of {table.value}")

    def _require(self, table: Table, owner: str, access: Access) -> None:
        granted = Grant(table, owner, Access.WRITE) in self._grants
        if not granted and access is Access.READ:
            granted = Grant(table, owner, Access.READ) in self._grants
        if not granted:
            raise OutOfScope(f"{access.value} of {owner} in {table.value}")
