"""What the DynamoDB engine costs: calls, and the units that a server counts as DynamoDB does."""

import uuid
from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest

from metered import MeteredStore
from pyairtable_common.engines.dynamodb.calls import Call
from pyairtable_common.engines.dynamodb.store import DynamoStore
from pyairtable_common.repositories.ports import Absent, Check, Exists, Item, Key, Put, Store, Table, TooLarge

Load: TypeAlias = Callable[[Store, Sequence[Item]], None]
Engine: TypeAlias = tuple[DynamoStore, list[Call]]


def make_item(sk: str, data: bytes = b"x" * 900, table: Table = Table.BASES) -> Item:
    return Item(Key(table, "app1", sk), 1, data)


def put(store: Store, *items: Item) -> None:
    store.transact([Put(item, Absent()) for item in items], str(uuid.uuid4()))


def test_a_hundred_keys_of_three_tables_are_one_call(dynamo: Engine) -> None:
    store, calls = dynamo
    store.get([make_item(f"{n:03}", table=list(Table)[n % 3]).key for n in range(100)])
    assert [(call.operation, call.attempts) for call in calls] == [("BatchGetItem", 1)]


def test_a_get_of_nothing_and_a_range_that_cannot_be_are_no_call(dynamo: Engine) -> None:
    store, calls = dynamo
    store.get([])
    store.query(Table.BASES, "app1", prefix="a", first="b")
    store.query(Table.BASES, "app1", prefix="a", after="b")
    assert calls == []


@pytest.mark.parametrize(
    "dynamo", [pytest.param("dynamodb-local", marks=pytest.mark.dynamodb_local)], indirect=True
)
def test_a_page_from_the_middle_reads_no_more_than_the_page(dynamo: Engine, load: Load) -> None:
    store, calls = dynamo
    load(store, [make_item(f"{kind}{n:03}") for kind in "abc" for n in range(100)])
    calls.clear()
    metered = MeteredStore(store)
    pages = [
        metered.query(Table.BASES, "app1", limit=10, prefix="b", after="b049"),
        metered.query(Table.BASES, "app1", limit=10, prefix="b", after="b050", descending=True),
        metered.query(Table.BASES, "app1", limit=10, prefix="b", first="b050"),
    ]
    assert [len(page.items) for page in pages] == [10, 10, 10]
    # 10 items of 0.95 KB are 9.5 KB, and a unit of strongly consistent reading is 4 KB.
    assert [call.read_units for call in calls] == [3.0, 3.0, 3.0]
    assert (metered.bill.round_trips, metered.bill.read_units) == (3, 9)


@pytest.mark.parametrize(
    "dynamo", [pytest.param("dynamodb-local", marks=pytest.mark.dynamodb_local)], indirect=True
)
def test_a_get_reads_each_item_by_its_size(dynamo: Engine) -> None:
    store, calls = dynamo
    put(store, make_item("small"), make_item("large", b"x" * 10_000))
    calls.clear()
    metered = MeteredStore(store)
    metered.get([make_item("small").key, make_item("large").key])
    assert [call.read_units for call in calls] == [4.0]
    # AWS charges a unit for a key that is not there; DynamoDB Local does not.
    metered.get([make_item("none").key])
    assert (metered.bill.round_trips, metered.bill.read_units) == (2, 5)


@pytest.mark.parametrize("dynamo", [pytest.param("ministack", marks=pytest.mark.ministack)], indirect=True)
def test_a_transaction_is_one_call_that_writes_twice_what_it_holds(dynamo: Engine) -> None:
    store, calls = dynamo
    put(store, make_item("there"))
    metered = MeteredStore(store)
    calls.clear()
    metered.transact(
        [
            *(Put(make_item(f"{n}"), Absent()) for n in range(10)),
            Put(make_item("large", b"x" * 2500), Absent()),
            Check(make_item("there").key, Exists()),
        ],
        str(uuid.uuid4()),
    )
    writes = [call for call in calls if call.operation == "TransactWriteItems"]
    assert [(call.write_units, call.attempts) for call in writes] == [(28.0, 1)]
    assert (metered.bill.round_trips, metered.bill.write_units) == (1, 28)


def test_a_transaction_over_the_limits_is_no_call(dynamo: Engine) -> None:
    store, calls = dynamo
    with pytest.raises(TooLarge):
        put(store, make_item("a", b"x" * 410_000))
    assert calls == []


def test_a_token_makes_a_repeat_harmless(dynamo: Engine) -> None:
    store, _ = dynamo
    token = str(uuid.uuid4())
    for _ in range(2):
        store.transact([Put(make_item("a"), Absent())], token)
    assert len(store.changes(Table.BASES, None)) == 1


def test_a_table_without_a_stream_says_so(dynamo: Engine) -> None:
    store, _ = dynamo
    put(store, make_item("a", table=Table.IDENTITY))
    with pytest.raises(ValueError, match="identity keeps no stream"):
        store.changes(Table.IDENTITY, None)
