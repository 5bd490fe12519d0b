"""Records in the store, and as events tell of them."""

from collections.abc import Mapping, Sequence

from pyairtable_common.domain.errors import RecordTooLarge
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.records import Record, RecordChange, merged
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, mapping, require_object
from pyairtable_common.repositories.ports import (
    MAX_ITEM_BYTES,
    Absent,
    Delete,
    Item,
    Key,
    Put,
    VersionIs,
    Write,
    item_size,
)

MAX_RECORD_BYTES = 500_000
"""Ten of them, the largest batch, still fit the 6 MB that a function may answer."""


def record_of(item: Item) -> Record:
    raw = codec.decode(item.data)
    return Record(item.key.sk, integer(raw, "t"), item.version, mapping(raw, "c"))


def record_item(base_id: str, table_id: str, record: Record) -> Item:
    """Raises ``RecordTooLarge`` if the record is over 500,000 bytes of JSON, or 400 KB compressed."""
    if codec.plain_size(record.cells) > MAX_RECORD_BYTES:
        raise RecordTooLarge
    data = codec.encode({"t": record.created_ms, "c": record.cells})
    item = Item(keys.record(base_id, table_id, record.id), record.version, data)
    if item_size(item) > MAX_ITEM_BYTES:
        raise RecordTooLarge
    return item


def writes_of(base_id: str, table_id: str, changes: Sequence[RecordChange]) -> list[Write]:
    """The writes that make these changes, if nobody made others since."""
    return [_write_of(base_id, table_id, change) for change in changes]


def event_data(table_id: str, changes: Sequence[RecordChange]) -> JSONObject:
    """What an event tells: by record id, only the cells that changed, before and after."""
    return {"table": table_id, "records": {change.id: _change_json(change) for change in changes}}


def changes_of(data: JSONObject) -> Mapping[str, JSONObject]:
    """By record id, the changes that ``event_data`` wrote."""
    return {record_id: require_object(raw) for record_id, raw in mapping(data, "records").items()}


def replayed(record: Record | None, record_id: str, change: JSONObject, sequence: int) -> Record | None:
    """The record after one more of its changes, as ``changes_of`` gives them."""
    after = change.get("after")
    if after is None:
        return None
    if record is None:
        record = Record(record_id, integer(change, "created"), sequence, {})
    return merged(record, require_object(after), sequence)


def _write_of(base_id: str, table_id: str, change: RecordChange) -> Write:
    expect = Absent() if change.before is None else VersionIs(change.before.version)
    if change.after is None:
        key: Key = keys.record(base_id, table_id, change.id)
        return Delete(key, expect)
    return Put(record_item(base_id, table_id, change.after), expect)


def _change_json(change: RecordChange) -> JSONObject:
    fields = sorted(change.changed_fields)
    told: dict[str, JSONObject | int | None] = {
        "before": _told(change.before, fields),
        "after": _told(change.after, fields),
    }
    whole = change.before or change.after
    if whole is not None and None in (change.before, change.after):
        told["created"] = whole.created_ms
    return told


def _told(record: Record | None, fields: Sequence[str]) -> JSONObject | None:
    return None if record is None else {field_id: record.cells.get(field_id) for field_id in fields}
