"""Event logs."""

import random

import pytest

from pyairtable_common.domain.events import Event, Kind
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import event_log, keys
from pyairtable_common.repositories.ports import MAX_ITEM_BYTES, Table, item_size

OWNER = "app" + "A" * 14


def test_an_event_comes_back_as_it_was_appended() -> None:
    store = SqliteStore(":memory:")
    event = _event(1, "x")
    store.transact(event_log.puts_of(Table.BASES, OWNER, event), "1")
    assert event_log.read_event(store, Table.BASES, OWNER, 1) == event


def test_an_event_too_large_for_an_item_lies_in_parts() -> None:
    store = SqliteStore(":memory:")
    event = _event(7, random.Random(1).randbytes(600_000).hex())
    puts = event_log.puts_of(Table.BASES, OWNER, event)
    assert len(puts) > 1
    assert all(item_size(put.item) <= MAX_ITEM_BYTES for put in puts)
    store.transact(puts, "1")
    assert event_log.read_event(store, Table.BASES, OWNER, 7) == event
    assert event_log.read_event(store, Table.BASES, OWNER, 6) is None
    assert event_log.read_event(store, Table.BASES, OWNER, 8) is None


def test_events_are_read_in_order_across_partitions() -> None:
    store = SqliteStore(":memory:")
    border = keys.EVENTS_PER_PARTITION
    for sequence in range(border - 3, border + 4):
        store.transact(event_log.puts_of(Table.BASES, OWNER, _event(sequence, "x")), str(sequence))
    read = event_log.read_events(store, Table.BASES, OWNER, border - 4)
    assert [event.sequence for event in read] == list(range(border - 3, border + 4))
    bounded = event_log.read_events(store, Table.BASES, OWNER, border - 2, border + 1)
    assert [event.sequence for event in bounded] == [border - 1, border, border + 1]


def test_a_gap_is_never_passed_over() -> None:
    store = SqliteStore(":memory:")
    for sequence in (2, 3, 5):
        store.transact(event_log.puts_of(Table.BASES, OWNER, _event(sequence, "x")), str(sequence))
    with pytest.raises(event_log.MissingEvent, match="event 1 "):
        list(event_log.read_events(store, Table.BASES, OWNER, 0))
    read = event_log.read_events(store, Table.BASES, OWNER, 1)
    assert next(read).sequence == 2
    with pytest.raises(event_log.MissingEvent, match="event 4 "):
        list(event_log.read_events(store, Table.BASES, OWNER, 3))


def test_an_owner_without_events_has_none() -> None:
    assert list(event_log.read_events(SqliteStore(":memory:"), Table.BASES, OWNER, 0)) == []


def _event(sequence: int, text: str) -> Event:
    return Event(sequence, Kind.RECORDS_CHANGED, "usr" + "B" * 14, f"op{sequence}", 1000, {"text": text})
