"""A base as its event log tells it, and as it is stored: the two must be equal at any time, on any engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyairtable_common.domain.events import Event, Kind
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.records import Record
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.bases import load_base
from pyairtable_common.repositories.documents import mapping, require_object, text
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import Store, Table
from pyairtable_common.repositories.records import changes_of, record_of, replayed


@dataclass(frozen=True, slots=True)
class Contents:
    """A base's tables by id, and their records by table and record id."""

    tables: dict[str, JSONObject] = field(default_factory=dict)
    records: dict[str, dict[str, Record]] = field(default_factory=dict)


def require_true_log(store: Store, base_id: str) -> Contents:
    """What is stored, after making sure that the log is dense up to the head and tells exactly that."""
    base = load_base(store, base_id)
    assert base is not None
    events = list(read_events(store, Table.BASES, base_id, 0))
    assert [event.sequence for event in events] == list(range(1, base.sequence + 1))
    told, stored = Contents(), stored_contents(store, base_id)
    for event in events:
        apply(told, event)
    assert told == stored
    return stored


def stored_contents(store: Store, base_id: str) -> Contents:
    contents = Contents()
    for item in all_items(store, Table.BASES, base_id, prefix=keys.TABLE_SCHEMAS):
        table_id = item.key.sk.removeprefix(keys.TABLE_SCHEMAS)
        contents.tables[table_id] = codec.decode(item.data)
        found = all_items(store, Table.BASES, keys.records(base_id, table_id))
        contents.records[table_id] = {one.key.sk: record_of(one) for one in found}
    return contents


def apply(contents: Contents, event: Event) -> None:
    """One more event; what it says was there before must be there."""
    if event.kind is Kind.RECORDS_CHANGED:
        records = contents.records[text(event.data, "table")]
        for record_id, change in changes_of(event.data).items():
            before = records.pop(record_id, None)
            _require_known(before, change)
            after = replayed(before, record_id, change, event.sequence)
            if after is not None:
                records[record_id] = after
        return
    assert event.kind in (Kind.BASE_CREATED, Kind.TABLES_CHANGED)
    for table_id, change in _table_changes(event).items():
        assert contents.tables.get(table_id) == change.get("before")
        contents.tables[table_id] = mapping(change, "after")
        contents.records.setdefault(table_id, {})


def _require_known(before: Record | None, change: JSONObject) -> None:
    told = change.get("before")
    if before is None or told is None:
        assert before is None
        assert told is None
        return
    for field_id, value in require_object(told).items():
        assert before.cells.get(field_id) == value


def _table_changes(event: Event) -> Mapping[str, JSONObject]:
    return {table_id: require_object(change) for table_id, change in mapping(event.data, "tables").items()}
