"""A scoped store addresses only what was granted."""

import pytest

from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.ports import Absent, Check, Delete, Exists, Item, Key, Put, Table, Write
from pyairtable_common.repositories.scoped import Access, Grant, OutOfScope, ScopedStore

OWN, FOREIGN = "app" + "A" * 14, "app" + "B" * 14
WRITER = Grant(Table.BASES, OWN, Access.WRITE)
READER = Grant(Table.BASES, OWN, Access.READ)


def _put(key: Key) -> Put:
    return Put(Item(key, 1, b"x"), Absent())


@pytest.mark.parametrize("pk", [OWN, f"{OWN}#tbl" + "C" * 14, f"{OWN}#EV#00000000"])
def test_what_was_granted_is_reached(pk: str) -> None:
    store = ScopedStore(SqliteStore(":memory:"), [WRITER])
    key = Key(Table.BASES, pk, "a")
    store.transact([_put(key)], "1")
    assert key in store.get([key])
    assert len(store.query(Table.BASES, pk).items) == 1


@pytest.mark.parametrize(
    "key",
    [
        Key(Table.BASES, FOREIGN, "a"),
        Key(Table.BASES, f"{FOREIGN}#{OWN}", "a"),
        Key(Table.BASES, OWN + "x", "a"),
        Key(Table.BASES, OWN[:-1], "a"),
        Key(Table.BASES, OWN.lower(), "a"),
        Key(Table.BASES, "", "a"),
        Key(Table.BASES, f"#{OWN}", "a"),
        Key(Table.TENANCY, OWN, "a"),
        Key(Table.IDENTITY, OWN, "a"),
    ],
    ids=str,
)
def test_nothing_else_is_reached_in_any_way(key: Key) -> None:
    inner = SqliteStore(":memory:")
    store = ScopedStore(inner, [WRITER])
    own = Key(Table.BASES, OWN, "a")
    writes: list[Write] = [_put(key), Delete(key, Exists()), Check(key, Absent())]
    with pytest.raises(OutOfScope):
        store.get([own, key])
    with pytest.raises(OutOfScope):
        store.query(key.table, key.pk)
    for write in writes:
        with pytest.raises(OutOfScope):
            store.transact([_put(own), write], "1")
    with pytest.raises(OutOfScope):
        store.changes(Table.BASES, None)
    assert not inner.get([own])


def test_a_reader_cannot_write_but_may_check() -> None:
    store = ScopedStore(SqliteStore(":memory:"), [READER])
    key = Key(Table.BASES, OWN, "a")
    store.transact([Check(key, Absent())], "1")
    with pytest.raises(OutOfScope):
        store.transact([_put(key)], "2")
    with pytest.raises(OutOfScope):
        store.transact([Delete(key, Exists())], "3")
