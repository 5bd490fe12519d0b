"""The records service's wire shapes (Web API, "Records"): see ``records_api.wire``."""

from openapi.shapes import (
    FLAG,
    MOMENT,
    TEXT,
    Errors,
    Operation,
    Operations,
    Properties,
    Schema,
    Service,
    array,
    closed,
    deleted,
    identifier,
    nullable,
    opened,
    ref,
    words,
)
from pyairtable_common.domain import errors

_TABLE = "/v0/{base}/{table}"
_RECORD = "/v0/{base}/{table}/{record}"

_CELLS: Schema = {"type": "object", "description": "Values by the name or the id of their field."}
_BY_ID: Properties = {"returnFieldsByFieldId": FLAG}
_PAGE_SIZE: Schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 100}
_MAX_RECORDS: Schema = {"type": "integer", "minimum": 1, "maximum": 2**53}
_DIRECTION = words("asc", "desc")
_LISTING_ERRORS: Errors = [
    errors.InvalidRequest,
    errors.InvalidPageSize,
    errors.InvalidMaxRecords,
    errors.InvalidOffset,
    errors.IteratorNotAvailable,
    errors.InvalidSort,
    errors.ViewNotFound,
    errors.UnknownFieldName,
]
_VALUE_ERRORS: Errors = [
    errors.MissingBodyField,
    errors.InvalidRecords,
    errors.UnknownFieldName,
    errors.InvalidCellValue,
    errors.UnknownChoice,
    errors.RecordTooLarge,
]
_PAGE = closed({"records": array(ref("Record"))}, {"offset": TEXT})
_WRITTEN: Schema = {"anyOf": [ref("Record"), closed({"records": array(ref("Record"), minItems=1)})]}
_NEW_ROWS = array(opened({"fields": _CELLS}), minItems=1, maxItems=10)
_CREATION: Schema = {
    "anyOf": [
        opened({"records": _NEW_ROWS}, _BY_ID),
        {**opened({"fields": _CELLS}, _BY_ID), "not": {"required": ["records"]}},
    ]
}
_BATCH = opened(
    {"records": array(opened({"id": TEXT, "fields": _CELLS}), minItems=1, maxItems=10)},
    _BY_ID,
)
_ONE = opened({"fields": _CELLS}, _BY_ID)

_SCHEMAS: Properties = {
    "Record": closed({"id": identifier("rec"), "createdTime": MOMENT, "fields": {"type": "object"}})
}


def _batch_change(summary: str) -> Operation:
    return Operation(
        summary,
        {200: closed({"records": array(ref("Record"), minItems=1)})},
        body=_BATCH,
        query=_BY_ID,
        errors=[*_VALUE_ERRORS, errors.RecordDoesNotExist],
        idempotent=True,
    )


def _change(summary: str) -> Operation:
    return Operation(
        summary, {200: ref("Record")}, body=_ONE, query=_BY_ID, errors=_VALUE_ERRORS, idempotent=True
    )


_OPERATIONS: Operations = {
    ("GET", _TABLE): Operation(
        "List records",
        {200: _PAGE},
        query={
            "pageSize": _PAGE_SIZE,
            "maxRecords": _MAX_RECORDS,
            "offset": TEXT,
            "view": TEXT,
            "fields[]": array(TEXT),
            "sort[0][field]": TEXT,
            "sort[0][direction]": _DIRECTION,
            **_BY_ID,
        },
        errors=_LISTING_ERRORS,
    ),
    ("POST", f"{_TABLE}/listRecords"): Operation(
        "List records, the parameters in the body",
        {200: _PAGE},
        body=opened(
            {},
            {
                "pageSize": nullable(_PAGE_SIZE),
                "maxRecords": nullable(_MAX_RECORDS),
                "offset": nullable(TEXT),
                "view": nullable(TEXT),
                "fields": nullable(array(TEXT)),
                "sort": nullable(array(opened({"field": TEXT}, {"direction": _DIRECTION}))),
                **_BY_ID,
            },
        ),
        errors=_LISTING_ERRORS,
    ),
    ("GET", _RECORD): Operation(
        "One record", {200: ref("Record")}, query=_BY_ID, errors=[errors.InvalidRequest]
    ),
    ("POST", _TABLE): Operation(
        "Make a record, or up to ten",
        {200: _WRITTEN},
        body=_CREATION,
        query=_BY_ID,
        errors=_VALUE_ERRORS,
        idempotent=True,
    ),
    ("PATCH", _TABLE): _batch_change("Write cells of up to ten records"),
    ("PUT", _TABLE): _batch_change("Write cells of up to ten records and clear all others"),
    ("PATCH", _RECORD): _change("Write cells of a record"),
    ("PUT", _RECORD): _change("Write cells of a record and clear all others"),
    ("DELETE", _TABLE): Operation(
        "Delete up to ten records",
        {200: closed({"records": array(deleted("rec"), minItems=1)})},
        query={"records[]": array(TEXT, minItems=1, maxItems=10, uniqueItems=True)},
        required_query=["records[]"],
        errors=[errors.InvalidRecords, errors.RecordsNotFound],
        idempotent=True,
    ),
    ("DELETE", _RECORD): Operation("Delete a record", {200: deleted("rec")}, idempotent=True),
}

SERVICE = Service(_OPERATIONS, _SCHEMAS)
