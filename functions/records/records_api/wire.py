"""Record requests and answers as Airtable shapes them (Web API, "Records")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pyairtable_common.application.base_access import BaseAccess
from pyairtable_common.application.records import Draft, Listing, Missing, RecordPage, Values
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.errors import (
    InvalidMaxRecords,
    InvalidPageSize,
    InvalidRecords,
    InvalidRequest,
    InvalidSort,
    MissingBodyField,
    NotSupported,
)
from pyairtable_common.domain.events import Operation
from pyairtable_common.domain.fields.base import Field
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_array, is_object
from pyairtable_common.domain.query.sorting import Sort
from pyairtable_common.domain.records import Record
from pyairtable_common.domain.tables import TableSchema
from pyairtable_common.web.decoding import (
    Query,
    flag,
    many,
    many_objects,
    objects_of,
    one,
    optional_flag,
    require_object,
    texts_of,
)
from pyairtable_common.web.messages import Request

MAX_BATCH = 10
MAX_PAGE = 100
_MAX_COUNT = 2**53

_NOT_NEW_RECORDS = (
    f"You must provide an array of up to {MAX_BATCH} record objects, each with "
    'a "fields" object for cell values.'
)
_NOT_OLD_RECORDS = (
    f"You must provide an array of up to {MAX_BATCH} record objects, each with "
    'an "id" ID field and a "fields" object for cell values.'
)
_NOT_IDS = f"You must provide an array of up to {MAX_BATCH} record IDs."


@dataclass(frozen=True, slots=True)
class Shape:
    """How records are to be shown: which fields, under names or ids."""

    fields: Sequence[Field]
    by_id: bool


@dataclass(frozen=True, slots=True)
class ListRequest:
    """The parameters of a listing, from a query string or a body, not yet held against a schema."""

    page_size: int
    max_records: int | None
    offset: str | None
    fields: Sequence[str]
    sorts: Sequence[tuple[str, bool]]
    view: str | None
    by_id: bool

    def listing(self, table: TableSchema) -> Listing:
        """Raises ``UnknownFieldName`` and ``ViewNotFound``; a view shows the whole table."""
        if self.view is not None:
            table.view(self.view)
        sorts = tuple(Sort(table.field(name), descending) for name, descending in self.sorts)
        return Listing(self.page_size, self.max_records, sorts, self.offset)

    def shape(self, table: TableSchema) -> Shape:
        """Raises ``UnknownFieldName``."""
        wanted = [table.field(name) for name in self.fields]
        return Shape(wanted or table.fields, self.by_id)


def list_request_of_query(query: Query) -> ListRequest:
    """``limit`` is what airtable.js's ``table.list`` calls ``pageSize``; empty is the default."""
    _refuse_unsupported({name: one(query, name) for name in query}, "filterByFormula")
    return ListRequest(
        page_size=_page_size(_number(one(query, "pageSize") or one(query, "limit"))),
        max_records=_max_records(_number(one(query, "maxRecords"))),
        offset=one(query, "offset") or None,
        fields=many(query, "fields"),
        sorts=[_sort(sort) for sort in many_objects(query, "sort")],
        view=one(query, "view") or None,
        by_id=by_id_of_query(query),
    )


def list_request_of_body(body: JSONObject) -> ListRequest:
    _refuse_unsupported(body, "filterByFormula")
    return ListRequest(
        page_size=_page_size(body.get("pageSize")),
        max_records=_max_records(body.get("maxRecords")),
        offset=_text_or_none(body.get("offset")),
        fields=texts_of(_array_or_none(body.get("fields"))),
        sorts=[_sort(sort) for sort in objects_of(_array_or_none(body.get("sort")))],
        view=_text_or_none(body.get("view")),
        by_id=optional_flag(body, "returnFieldsByFieldId"),
    )


def by_id_of_query(query: Query) -> bool:
    return flag(one(query, "returnFieldsByFieldId"))


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """The rows to make; a batch is answered as one."""

    rows: Sequence[Values]
    is_batch: bool
    by_id: bool


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """The records to change; a batch is answered as one."""

    drafts: Sequence[Draft]
    is_batch: bool
    by_id: bool

    @property
    def record_ids(self) -> Sequence[str]:
        return [draft.record_id for draft in self.drafts]


class Change(Protocol):
    """``update_records`` or ``replace_records``."""

    def __call__(
        self,
        access: BaseAccess,
        operation: Operation,
        table_ref: str,
        drafts: Sequence[Draft],
        missing: Missing = ...,
    ) -> Sequence[Record]: ...


def create_request(request: Request) -> CreateRequest:
    """Raises ``InvalidRecords`` and ``MissingBodyField``."""
    body = _write_body(request)
    by_id = _by_id_of_write(request.query, body)
    if "records" not in body:
        return CreateRequest([require_object(body, "fields")], is_batch=False, by_id=by_id)
    rows = _batch(body["records"], _NOT_NEW_RECORDS)
    if len(rows) > MAX_BATCH:
        raise InvalidRecords(
            f"A maximum of {MAX_BATCH} records can be created per request but you have provided {len(rows)}."
        )
    return CreateRequest([_fields(row, _NOT_NEW_RECORDS) for row in rows], is_batch=True, by_id=by_id)


def batch_change(request: Request) -> ChangeRequest:
    """Raises ``InvalidRecords`` and ``MissingBodyField``."""
    body = _write_body(request)
    if "records" not in body:
        raise MissingBodyField("records")
    rows = _batch(body["records"], _NOT_OLD_RECORDS)
    if len(rows) > MAX_BATCH:
        raise InvalidRecords(_NOT_OLD_RECORDS)
    drafts = [Draft(_id(row), _fields(row, _NOT_OLD_RECORDS)) for row in rows]
    if len({draft.record_id for draft in drafts}) < len(drafts):
        raise InvalidRecords("You cannot update the same record multiple times in a single request.")
    return ChangeRequest(drafts, is_batch=True, by_id=_by_id_of_write(request.query, body))


def single_change(request: Request, record_id: str) -> ChangeRequest:
    """Raises ``MissingBodyField``."""
    body = _write_body(request)
    draft = Draft(record_id, require_object(body, "fields"))
    return ChangeRequest([draft], is_batch=False, by_id=_by_id_of_write(request.query, body))


def ids_to_delete(query: Query) -> Sequence[str]:
    """The ids of a batch delete. Raises ``InvalidRecords``."""
    ids = many(query, "records")
    if not 0 < len(ids) <= MAX_BATCH or len(set(ids)) < len(ids):
        raise InvalidRecords(_NOT_IDS)
    return ids


def record_json(record: Record, shape: Shape) -> JSONObject:
    return {"id": record.id, "createdTime": iso_from_ms(record.created_ms), "fields": _shown(record, shape)}


def written_json(
    records: Sequence[Record], shape: Shape, request: CreateRequest | ChangeRequest
) -> JSONObject:
    """The records as written: one as itself, a batch in an array."""
    return _records_json(records, shape) if request.is_batch else record_json(records[0], shape)


def page_json(page: RecordPage, shape: Shape) -> JSONObject:
    """``offset`` is left out on the last page."""
    body = _records_json(page.records, shape)
    return body if page.offset is None else {**body, "offset": page.offset}


def deleted_json(record_id: str) -> JSONObject:
    return {"id": record_id, "deleted": True}


def _records_json(records: Sequence[Record], shape: Shape) -> JSONObject:
    return {"records": [record_json(record, shape) for record in records]}


def _by_id_of_write(query: Query, body: JSONObject) -> bool:
    return optional_flag(body, "returnFieldsByFieldId") or by_id_of_query(query)


def _shown(record: Record, shape: Shape) -> JSONObject:
    shown: dict[str, JSONValue] = {}
    for field in shape.fields:
        cell = record.cells.get(field.id)
        value = None if cell is None else field.read(cell)
        if value is not None:
            shown[field.id if shape.by_id else field.name] = value
    return shown


def _write_body(request: Request) -> JSONObject:
    body = request.json()
    _refuse_unsupported(body, "performUpsert", "typecast")
    return body


def _refuse_unsupported(parameters: Mapping[str, JSONValue], *names: str) -> None:
    """Raises ``NotSupported`` for what would change the answer if it were not ignored."""
    for name in names:
        if parameters.get(name) not in (None, "", False):
            raise NotSupported(name)
    if parameters.get("cellFormat") not in (None, "", "json"):
        raise NotSupported("cellFormat")


def _text_or_none(value: JSONValue) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidRequest
    return value or None


def _array_or_none(value: JSONValue) -> JSONValue:
    """``null`` is no array; everything else is for the caller to judge."""
    return [] if value is None else value


def _batch(value: JSONValue, refusal: str) -> Sequence[JSONObject]:
    if not is_array(value) or not value:
        raise InvalidRecords(refusal)
    rows = [row for row in value if is_object(row)]
    if len(rows) < len(value):
        raise InvalidRecords(refusal)
    return rows


def _fields(row: JSONObject, refusal: str) -> Values:
    fields = row.get("fields")
    if not is_object(fields):
        raise InvalidRecords(refusal)
    return fields


def _id(row: JSONObject) -> str:
    record_id = row.get("id")
    if not isinstance(record_id, str):
        raise InvalidRecords(_NOT_OLD_RECORDS)
    return record_id


def _number(text: str | None) -> JSONValue:
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(_MAX_COUNT)) else text


def _page_size(value: JSONValue) -> int:
    if value is None:
        return MAX_PAGE
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_PAGE:
        raise InvalidPageSize
    return value


def _max_records(value: JSONValue) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_COUNT:
        raise InvalidMaxRecords
    return value


def _sort(raw: Mapping[str, JSONValue]) -> tuple[str, bool]:
    field, direction = raw.get("field"), raw.get("direction", "asc")
    if not isinstance(field, str) or direction not in ("asc", "desc"):
        raise InvalidSort
    return field, direction == "desc"
