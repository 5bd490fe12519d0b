"""A store that remembers what was written through it, whatever the engine."""

from collections.abc import Mapping, Sequence

from pyairtable_common.repositories.ports import Change, Check, Item, Key, Page, Put, Store, Table, Write


class RecordingStore:
    """Passes every call on to ``store``; ``written`` are the puts and deletes that were carried out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.written: list[Write] = []

    @property
    def bytes_written(self) -> bytes:
        """The text of all keys and the data of all items ever put."""
        return b"\n".join(
            part
            for write in self.written
            for part in (
                f"{write.key.pk} {write.key.sk}".encode(),
                write.item.data if isinstance(write, Put) else b"",
            )
        )

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
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
        return self._store.query(
            table, pk, first=first, after=after, prefix=prefix, limit=limit, descending=descending
        )

    def transact(self, writes: Sequence[Write], token: str) -> None:
        self._store.transact(writes, token)
        self.written += [write for write in writes if not isinstance(write, Check)]

    def changes(self, table: Table, after: str | None, limit: int = 100) -> Sequence[Change]:
        return self._store.changes(table, after, limit)
