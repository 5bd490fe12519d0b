"""The tables service's wire shapes (Web API, "Bases" and "Field types"): see ``tables_api.wire``."""

from openapi.shapes import (
    TEXT,
    TITLE,
    Operation,
    Operations,
    Properties,
    Schema,
    Service,
    array,
    closed,
    identifier,
    nullable,
    opened,
    ref,
    words,
)
from pyairtable_common.domain import errors
from pyairtable_common.domain.fields import boolean, choice
from pyairtable_common.domain.fields.registry import FIELD_TYPES
from pyairtable_common.domain.fields.temporal import DATE_FORMATS
from pyairtable_common.domain.permissions import Role
from pyairtable_common.domain.tables import MAX_DESCRIPTION

_COLLABORATORS = "/v0/meta/bases/{base}/collaborators"
_LEVEL = words("read", "comment", "edit", "create")
_TABLES = "/v0/meta/bases/{base}/tables"
_TABLE = f"{_TABLES}/{{table}}"

_DESCRIPTION: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_DESCRIPTION}
_CHOICE_NAME: Schema = {"type": "string", "pattern": r"\S"}
_CHOICE_COLOR = words(*choice.COLORS)
_CHOICE_ID = identifier("sel")
_DATE_FORMAT: Schema = {
    "anyOf": [
        opened({"name": {"const": name}}, {"format": {"const": text}}) for name, text in DATE_FORMATS.items()
    ]
}
_PRECISION = closed({"precision": {"type": "integer", "minimum": 0, "maximum": 8}})
_ICON_AND_COLOR = closed({"icon": words(*boolean.ICONS), "color": words(*boolean.COLORS)})
_NEW_OPTIONS: Properties = {
    "number": _PRECISION,
    "checkbox": _ICON_AND_COLOR,
    "singleSelect": closed(
        {
            "choices": array(
                opened({"name": _CHOICE_NAME}, {"id": nullable(_CHOICE_ID), "color": nullable(_CHOICE_COLOR)})
            )
        }
    ),
    "date": closed({"dateFormat": _DATE_FORMAT}),
}
_OPTIONS: Properties = {
    "number": _PRECISION,
    "checkbox": _ICON_AND_COLOR,
    "singleSelect": closed(
        {"choices": array(closed({"id": _CHOICE_ID, "name": TEXT, "color": _CHOICE_COLOR}))}
    ),
    "date": closed({"dateFormat": closed({"name": words(*DATE_FORMATS), "format": TEXT})}),
}
_NO_OPTIONS: Schema = {"type": ["object", "null"], "additionalProperties": False}
_PLAIN_TYPES = [name for name in FIELD_TYPES if name not in _OPTIONS]
_LABEL: Properties = {"id": identifier("fld"), "name": TEXT, "type": TEXT}


def _new_field(type_: Schema, required: Properties, optional: Properties) -> Schema:
    return opened({"name": TITLE, "type": type_, **required}, {"description": _DESCRIPTION, **optional})


def _field(type_: Schema, options: Properties) -> Schema:
    return closed({**_LABEL, "type": type_, **options}, {"description": TEXT})


_SCHEMAS: Properties = {
    "NewField": {
        "anyOf": [
            _new_field(words(*_PLAIN_TYPES), {}, {"options": _NO_OPTIONS}),
            *(_new_field({"const": name}, {"options": shape}, {}) for name, shape in _NEW_OPTIONS.items()),
        ]
    },
    "NewTable": opened(
        {"name": TITLE, "fields": array(ref("NewField"), minItems=1)}, {"description": _DESCRIPTION}
    ),
    "Field": {
        "anyOf": [
            _field(words(*_PLAIN_TYPES), {}),
            *(_field({"const": name}, {"options": shape}) for name, shape in _OPTIONS.items()),
        ]
    },
    "View": closed(
        {"id": identifier("viw"), "name": TEXT, "type": TEXT},
        {"visibleFieldIds": array(identifier("fld"))},
    ),
    "Table": closed(
        {
            "id": identifier("tbl"),
            "name": TEXT,
            "primaryFieldId": identifier("fld"),
            "fields": array(ref("Field"), minItems=1),
            "views": array(ref("View")),
        },
        {"description": TEXT},
    ),
}

_OPERATIONS: Operations = {
    ("GET", "/v0/meta/whoami"): Operation(
        "Who is asking", {200: closed({"id": identifier("usr")}, {"email": TEXT})}
    ),
    ("GET", "/v0/meta/bases"): Operation(
        "List the bases that one can reach",
        {
            200: closed(
                {
                    "bases": array(
                        closed(
                            {
                                "id": identifier("app"),
                                "name": TEXT,
                                "permissionLevel": words(
                                    *dict.fromkeys(role.permission_level for role in Role)
                                ),
                                "workspaceId": identifier("wsp"),
                            }
                        )
                    )
                }
            )
        },
    ),
    ("POST", _COLLABORATORS): Operation(
        "Give people roles in a base",
        {200: closed({})},
        body=opened(
            {
                "collaborators": array(
                    opened({"user": opened({"id": TEXT}), "permissionLevel": _LEVEL}), minItems=1
                )
            }
        ),
        errors=[errors.NotPermitted, errors.AlreadyCollaborator, errors.InvalidRequest],
        idempotent=True,
    ),
    ("PATCH", f"{_COLLABORATORS}/{{user}}"): Operation(
        "Give somebody another role in a base",
        {200: closed({})},
        body=opened({"permissionLevel": _LEVEL}),
        errors=[errors.NotPermitted],
        idempotent=True,
    ),
    ("DELETE", f"{_COLLABORATORS}/{{user}}"): Operation(
        "Take somebody's role in a base away",
        {200: closed({})},
        errors=[errors.NotPermitted],
        idempotent=True,
    ),
    ("POST", "/v0/meta/bases"): Operation(
        "Make a base in a workspace",
        {200: closed({"id": identifier("app"), "tables": array(ref("Table"), minItems=1)})},
        body=opened(
            {"name": TITLE, "workspaceId": identifier("wsp"), "tables": array(ref("NewTable"), minItems=1)}
        ),
        errors=[
            errors.MissingBodyField,
            errors.DuplicateTableName,
            errors.DuplicateOrEmptyFieldName,
            errors.InvalidFieldOptions,
            errors.UnsupportedFieldType,
        ],
        idempotent=True,
    ),
    ("GET", _TABLES): Operation(
        "The tables of a base",
        {200: closed({"tables": array(ref("Table"))})},
        query={"include[]": array(words("visibleFieldIds"))},
        errors=[errors.InvalidRequest],
    ),
    ("POST", _TABLES): Operation(
        "Make a table",
        {200: ref("Table")},
        body=ref("NewTable"),
        errors=[
            errors.MissingBodyField,
            errors.DuplicateTableName,
            errors.DuplicateOrEmptyFieldName,
            errors.InvalidFieldOptions,
            errors.UnsupportedFieldType,
        ],
        idempotent=True,
    ),
    ("PATCH", _TABLE): Operation(
        "Rename or describe a table",
        {200: ref("Table")},
        body=opened(
            {},
            {"name": TITLE, "description": _DESCRIPTION},
            anyOf=[{"required": ["name"]}, {"required": ["description"]}],
        ),
        errors=[errors.DuplicateTableName],
        idempotent=True,
    ),
    ("POST", f"{_TABLE}/fields"): Operation(
        "Make a field",
        {200: ref("Field")},
        body=ref("NewField"),
        errors=[
            errors.MissingBodyField,
            errors.DuplicateOrEmptyFieldName,
            errors.InvalidFieldOptions,
            errors.UnsupportedFieldType,
        ],
        idempotent=True,
    ),
    ("PATCH", f"{_TABLE}/fields/{{field}}"): Operation(
        "Rename or describe a field, or change its options",
        {200: ref("Field")},
        body=opened(
            {},
            {"name": TITLE, "description": _DESCRIPTION, "options": {"type": ["object", "null"]}},
            anyOf=[{"required": ["name"]}, {"required": ["description"]}, {"required": ["options"]}],
        ),
        errors=[
            errors.UnknownFieldName,
            errors.DuplicateOrEmptyFieldName,
            errors.InvalidFieldOptions,
            errors.UnknownChoice,
        ],
        idempotent=True,
    ),
}

SERVICE = Service(_OPERATIONS, _SCHEMAS)
