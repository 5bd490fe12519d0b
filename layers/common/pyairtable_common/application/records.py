"""Records: list, get, create, update, replace, delete. Each write is all or nothing."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from pyairtable_common.application.base_access import BaseAccess
from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.domain.errors import (
    DomainError,
    InvalidOffset,
    NotPermittedOrNotFound,
    RecordDoesNotExist,
    RecordsNotFound,
)
from pyairtable_common.domain.events import Kind, Operation
from pyairtable_common.domain.ids import RECORD, is_id
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.query.cursor import Cursor, decode_cursor, encode_cursor
from pyairtable_common.domain.query.sorting import Sort, place_at, sort_values
from pyairtable_common.domain.records import Cells, Record, RecordChange, merged, replaced
from pyairtable_common.domain.tables import TableSchema
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, mapping, objects, text
from pyairtable_common.repositories.ports import Key, Table
from pyairtable_common.repositories.records import event_data, record_of, writes_of

MAX_PAGE_BYTES = 4_000_000
"""A page ends early rather than pass what a function may answer (6 MB, names and escapes included)."""

Values = Mapping[str, JSONValue]
"""What a caller wants to write: values by field name or id."""

Missing = Callable[[str], DomainError]
"""The error for a record id that is not there."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which records, in which order, and how many at a time. ``offset`` continues an earlier page."""

    page_size: int = 100
    max_records: int | None = None
    sorts: tuple[Sort, ...] = ()
    offset: str | None = None


@dataclass(frozen=True, slots=True)
class RecordPage:
    """``offset`` is ``None`` on the last page."""

    records: Sequence[Record]
    offset: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """One record of a batch to be changed."""

    record_id: str
    values: Values


def list_records(access: BaseAccess, table: TableSchema, listing: Listing) -> RecordPage:
    """One page. Raises ``InvalidOffset`` or ``IteratorNotAvailable``."""
    identity = _identity(access, table, listing)
    cursor = decode_cursor(listing.offset, identity, len(listing.sorts)) if listing.offset else None
    given = cursor.given if cursor else 0
    wanted = _page_length(listing, given)
    if wanted == 0:
        return RecordPage([], None)
    if listing.sorts:
        found = _sorted_after(access, table, listing.sorts, cursor, wanted + 1)
    else:
        found = _natural_after(access, table, cursor, wanted + 1)
    records = found.records[: _fitting(found.records[:wanted])]
    given += len(records)
    is_last = not found.cut_short and len(records) == len(found.records)
    if is_last or given == listing.max_records:
        return RecordPage(records, None)
    last = records[-1]
    following = Cursor(last.id, given, tuple(sort_values(last, listing.sorts)))
    return RecordPage(records, encode_cursor(following, identity))


def get_record(access: BaseAccess, table: TableSchema, record_id: str) -> tuple[TableSchema, Record]:
    """The record and the table it is in: this one, or another of the base.

    Raises ``NotPermittedOrNotFound``.
    """
    if not is_id(record_id, RECORD):
        raise NotPermittedOrNotFound
    others = [other for other in access.schema if other.id != table.id]
    for tables in ([table], others):
        places = {keys.record(access.base.id, one.id, record_id): one for one in tables}
        for key, item in access.read(places).items():
            if item is not None:
                return places[key], record_of(item)
    raise NotPermittedOrNotFound


def create_records(
    access: BaseAccess, operation: Operation, table_ref: str, rows: Sequence[Values]
) -> Sequence[Record]:
    """The records made, in the order of ``rows``; all of them or, on any error, none."""
    record_ids = [access.services.ids.record() for _ in rows]

    def decide(view: BaseAccess, sequence: int) -> Plan[Sequence[Record]]:
        table = view.schema.table(table_ref)
        changes = [
            RecordChange(None, Record(record_id, operation.at_ms, sequence, _written(table, row)))
            for record_id, row in zip(record_ids, rows, strict=True)
        ]
        return _plan(view, table, changes)

    return write_log(access, operation, decide, _RECORDS)


def update_records(
    access: BaseAccess,
    operation: Operation,
    table_ref: str,
    drafts: Sequence[Draft],
    missing: Missing = RecordDoesNotExist,
) -> Sequence[Record]:
    """Writes the named cells and leaves the others. Raises ``missing`` of an id that is not there."""
    return _change(access, operation, table_ref, drafts, missing, merged)


def replace_records(
    access: BaseAccess,
    operation: Operation,
    table_ref: str,
    drafts: Sequence[Draft],
    missing: Missing = RecordDoesNotExist,
) -> Sequence[Record]:
    """Writes the named cells and clears all others. Raises ``missing`` of an id that is not there."""
    return _change(access, operation, table_ref, drafts, missing, replaced)


def delete_records(
    access: BaseAccess,
    operation: Operation,
    table_ref: str,
    record_ids: Sequence[str],
    missing: Missing = RecordsNotFound,
) -> Sequence[str]:
    """The ids, in their order. Raises ``missing`` of an id that is not there."""

    def decide(view: BaseAccess, _sequence: int) -> Plan[Sequence[str]]:
        table = view.schema.table(table_ref)
        current = _current(view, table, record_ids, missing)
        changes = [RecordChange(record, None) for record in current.values()]
        return Plan(
            Kind.RECORDS_CHANGED,
            event_data(table.id, changes),
            writes_of(view.base.id, table.id, changes),
            record_ids,
        )

    return write_log(access, operation, decide, _IDS)


def record_keys(base_id: str, table: TableSchema, record_ids: Sequence[str]) -> Sequence[Key]:
    """Where the records lie; ids that are none lie nowhere."""
    return [keys.record(base_id, table.id, record_id) for record_id in record_ids if is_id(record_id, RECORD)]


def _change(
    access: BaseAccess,
    operation: Operation,
    table_ref: str,
    drafts: Sequence[Draft],
    missing: Missing,
    apply: Callable[[Record, Cells, int], Record],
) -> Sequence[Record]:
    def decide(view: BaseAccess, sequence: int) -> Plan[Sequence[Record]]:
        table = view.schema.table(table_ref)
        current = _current(view, table, [draft.record_id for draft in drafts], missing)
        changes = []
        for draft in drafts:
            before = current[draft.record_id]
            after = apply(before, _written(table, draft.values, keep_blanks=True), sequence)
            changes.append(RecordChange(before, after))
        return _plan(view, table, changes)

    return write_log(access, operation, decide, _RECORDS)


def _plan(view: BaseAccess, table: TableSchema, changes: Sequence[RecordChange]) -> Plan[Sequence[Record]]:
    real = [change for change in changes if change.before is None or change.changed_fields]
    return Plan(
        Kind.RECORDS_CHANGED,
        event_data(table.id, real),
        writes_of(view.base.id, table.id, real),
        [_outcome(change) for change in changes],
    )


def _outcome(change: RecordChange) -> Record:
    record = change.after if change.changed_fields or change.before is None else change.before
    if record is None:
        raise ValueError("a deleted record has no outcome")
    return record


def _written(table: TableSchema, values: Values, *, keep_blanks: bool = False) -> Cells:
    cells: dict[str, JSONValue] = {}
    for name, value in values.items():
        field = table.field(name)
        cell = field.write(value)
        if cell is not None or keep_blanks:
            cells[field.id] = cell
    return cells


def _current(
    view: BaseAccess,
    table: TableSchema,
    record_ids: Sequence[str],
    missing: Missing,
) -> Mapping[str, Record]:
    items = view.read(record_keys(view.base.id, table, record_ids))
    found = {key.sk: record_of(item) for key, item in items.items() if item is not None}
    for record_id in record_ids:
        if record_id not in found:
            raise missing(record_id)
    return found


def _identity(access: BaseAccess, table: TableSchema, listing: Listing) -> Sequence[str]:
    sorts = [f"{sort.field.id}{'-' if sort.descending else '+'}" for sort in listing.sorts]
    return [access.base.id, table.id, str(listing.max_records), *sorts]


def _fitting(records: Sequence[Record]) -> int:
    """How many of the first records fit one answer; at least one."""
    size = 0
    for place, record in enumerate(records):
        size += codec.plain_size(record.cells)
        if size > MAX_PAGE_BYTES and place:
            return place
    return len(records)


def _page_length(listing: Listing, given: int) -> int:
    if listing.max_records is None:
        return listing.page_size
    return max(0, min(listing.page_size, listing.max_records - given))


@dataclass(frozen=True, slots=True)
class _Found:
    """The next records; ``cut_short`` if there are too many bytes of them to read on."""

    records: Sequence[Record]
    cut_short: bool = False


def _natural_after(access: BaseAccess, table: TableSchema, cursor: Cursor | None, count: int) -> _Found:
    found: list[Record] = []
    partition = keys.records(access.base.id, table.id)
    after, size, more = cursor.record_id if cursor else None, 0, True
    while more and len(found) < count and size < MAX_PAGE_BYTES:
        page = access.store.query(Table.BASES, partition, after=after, limit=count - len(found))
        found += map(record_of, page.items)
        size += sum(len(item.data) for item in page.items)
        more = page.more and bool(page.items)
        after = page.last_sk if page.items else after
    return _Found(found, cut_short=more and len(found) < count)


def _sorted_after(
    access: BaseAccess, table: TableSchema, sorts: tuple[Sort, ...], cursor: Cursor | None, count: int
) -> _Found:
    ordered = access.services.replicas.ordered(access.store, access.base, table.id, sorts)
    start = 0
    if cursor is not None:
        try:
            place = place_at(cursor.values, cursor.record_id, sorts)
            start = bisect_right(ordered, place, key=itemgetter(0))
        except TypeError as error:
            raise InvalidOffset from error
    return _Found([record for _, record in ordered[start : start + count]])


def _records_to_json(records: Sequence[Record]) -> JSONObject:
    return {
        "records": [
            {"id": record.id, "t": record.created_ms, "v": record.version, "c": record.cells}
            for record in records
        ]
    }


def _records_of_json(raw: JSONObject) -> Sequence[Record]:
    return [
        Record(text(one, "id"), integer(one, "t"), integer(one, "v"), mapping(one, "c"))
        for one in objects(raw, "records")
    ]


def _ids_of_json(raw: JSONObject) -> Sequence[str]:
    return [text(one, "id") for one in objects(raw, "ids")]


_RECORDS = ResultCodec(_records_to_json, _records_of_json)
_IDS: ResultCodec[Sequence[str]] = ResultCodec(
    lambda ids: {"ids": [{"id": one} for one in ids]},
    _ids_of_json,
)
