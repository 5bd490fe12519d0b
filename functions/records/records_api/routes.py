"""The records service's routes: decode, one use case, encode."""

from collections.abc import Callable, Sequence

from pyairtable_common.application.records import (
    create_records,
    delete_records,
    get_record,
    list_records,
    record_keys,
    replace_records,
    update_records,
)
from pyairtable_common.domain.errors import DomainError, NotPermittedOrNotFound
from pyairtable_common.domain.tables import BaseSchema
from pyairtable_common.repositories.ports import Key
from pyairtable_common.web.auth import open_base_to_read, open_base_to_write
from pyairtable_common.web.messages import Response
from pyairtable_common.web.routing import Call, Router
from records_api import wire

router = Router()

TABLE = "/v0/{base}/{table}"
RECORD = "/v0/{base}/{table}/{record}"


@router.route("GET", TABLE)
def list_by_query(call: Call) -> Response:
    return _list(call, lambda: wire.list_request_of_query(call.request.query))


@router.route("POST", f"{TABLE}/listRecords")
def list_by_body(call: Call) -> Response:
    return _list(call, lambda: wire.list_request_of_body(call.request.json()))


@router.route("GET", RECORD)
def get(call: Call) -> Response:
    record_id = _record_id(call)
    access, by_id = open_base_to_read(
        call,
        lambda: wire.by_id_of_query(call.request.query),
        lambda _, schema: _record_keys(call, schema, [record_id]),
    )
    table, record = get_record(access, access.schema.table(_table(call)), record_id)
    return Response(wire.record_json(record, wire.Shape(table.fields, by_id)))


@router.route("POST", TABLE)
def create(call: Call) -> Response:
    access, operation, request = open_base_to_write(call, lambda: wire.create_request(call.request))
    records = create_records(access, operation, _table(call), request.rows)
    table = access.schema.table(_table(call))
    return Response(wire.written_json(records, wire.Shape(table.fields, request.by_id), request))


@router.route("PATCH", TABLE)
def update_batch(call: Call) -> Response:
    return _change(call, lambda: wire.batch_change(call.request), update_records)


@router.route("PUT", TABLE)
def replace_batch(call: Call) -> Response:
    return _change(call, lambda: wire.batch_change(call.request), replace_records)


@router.route("PATCH", RECORD)
def update(call: Call) -> Response:
    return _change(call, lambda: wire.single_change(call.request, _record_id(call)), update_records)


@router.route("PUT", RECORD)
def replace(call: Call) -> Response:
    return _change(call, lambda: wire.single_change(call.request, _record_id(call)), replace_records)


@router.route("DELETE", TABLE)
def delete_batch(call: Call) -> Response:
    access, operation, ids = open_base_to_write(
        call,
        lambda: wire.ids_to_delete(call.request.query),
        lambda ids, schema: _record_keys(call, schema, ids),
    )
    deleted = delete_records(access, operation, _table(call), ids)
    return Response({"records": [wire.deleted_json(record_id) for record_id in deleted]})


@router.route("DELETE", RECORD)
def delete(call: Call) -> Response:
    access, operation, record_id = open_base_to_write(
        call,
        lambda: _record_id(call),
        lambda record_id, schema: _record_keys(call, schema, [record_id]),
    )
    delete_records(access, operation, _table(call), [record_id], missing=_missing_model)
    return Response(wire.deleted_json(record_id))


def _list(call: Call, decode: Callable[[], wire.ListRequest]) -> Response:
    access, request = open_base_to_read(call, decode)
    table = access.schema.table(_table(call))
    shape = request.shape(table)
    return Response(wire.page_json(list_records(access, table, request.listing(table)), shape))


def _change(call: Call, decode: Callable[[], wire.ChangeRequest], change: wire.Change) -> Response:
    access, operation, request = open_base_to_write(
        call, decode, lambda request, schema: _record_keys(call, schema, request.record_ids)
    )
    if request.is_batch:
        records = change(access, operation, _table(call), request.drafts)
    else:
        records = change(access, operation, _table(call), request.drafts, _missing_model)
    table = access.schema.table(_table(call))
    return Response(wire.written_json(records, wire.Shape(table.fields, request.by_id), request))


def _missing_model(_: str) -> DomainError:
    """For a record named in the path: see the decision on missing records."""
    return NotPermittedOrNotFound()


def _table(call: Call) -> str:
    return call.request.path_parameters["table"]


def _record_id(call: Call) -> str:
    return call.request.path_parameters["record"]


def _record_keys(call: Call, schema: BaseSchema, record_ids: Sequence[str]) -> Sequence[Key]:
    return record_keys(call.request.path_parameters["base"], schema.table(_table(call)), record_ids)
