"""Schema requests and answers as Airtable shapes them (Web API, "Bases")."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyairtable_common.application.bases import BaseDraft, ReachableBase
from pyairtable_common.application.tables import Change, FieldDraft, TableDraft
from pyairtable_common.domain.errors import InvalidRequest
from pyairtable_common.domain.fields.base import Field
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.permissions import Principal, Scope
from pyairtable_common.domain.tables import TableSchema, View
from pyairtable_common.web.decoding import many, optional_text, require_objects, require_text
from pyairtable_common.web.messages import Request

_VISIBLE_FIELDS = "visibleFieldIds"


@dataclass(frozen=True, slots=True)
class BaseRequest:
    """A base to be made, and the workspace for it."""

    workspace_id: str
    draft: BaseDraft


def base_request(request: Request) -> BaseRequest:
    body = request.json()
    tables = [_table_draft(table) for table in require_objects(body, "tables")]
    draft = BaseDraft(require_text(body, "name"), tables)
    return BaseRequest(require_text(body, "workspaceId"), draft)


def table_draft(request: Request) -> TableDraft:
    return _table_draft(request.json())


def field_draft(request: Request) -> FieldDraft:
    return _field_draft(request.json())


def table_change(request: Request) -> Change:
    body = request.json()
    return _not_empty(Change(optional_text(body, "name"), optional_text(body, "description")))


def field_change(request: Request) -> Change:
    body = request.json()
    name, description = optional_text(body, "name"), optional_text(body, "description")
    return _not_empty(Change(name, description, body.get("options")))


def wants_visible_fields(request: Request) -> bool:
    """``include[]=visibleFieldIds``, with or without brackets. Raises ``InvalidRequest`` for others."""
    included = many(request.query, "include")
    if any(name != _VISIBLE_FIELDS for name in included):
        raise InvalidRequest
    return bool(included)


def whoami_json(principal: Principal, email: str) -> JSONObject:
    """``scopes`` is left out for personal access tokens, as Airtable leaves it."""
    return {"id": principal.user_id, **({"email": email} if principal.has(Scope.EMAIL_READ) else {})}


def bases_json(bases: Sequence[ReachableBase]) -> JSONObject:
    return {"bases": [_base_json(base) for base in bases]}


def new_base_json(base_id: str, tables: Sequence[TableSchema]) -> JSONObject:
    return {"id": base_id, "tables": [table_json(table) for table in tables]}


def tables_json(tables: Sequence[TableSchema], *, visible_fields: bool) -> JSONObject:
    return {"tables": [table_json(table, visible_fields=visible_fields) for table in tables]}


def table_json(table: TableSchema, *, visible_fields: bool = False) -> JSONObject:
    body: dict[str, JSONValue] = {"id": table.id, "name": table.name}
    if table.description is not None:
        body["description"] = table.description
    body["primaryFieldId"] = table.primary_field_id
    body["fields"] = [field_json(field) for field in table.fields]
    body["views"] = [_view_json(view, table, visible_fields=visible_fields) for view in table.views]
    return body


def field_json(field: Field) -> JSONObject:
    body: dict[str, JSONValue] = {"id": field.id, "name": field.name, "type": field.type}
    if field.description is not None:
        body["description"] = field.description
    options = field.options_json()
    if options is not None:
        body["options"] = options
    return body


def _view_json(view: View, table: TableSchema, *, visible_fields: bool) -> JSONObject:
    body: dict[str, JSONValue] = {"id": view.id, "name": view.name, "type": view.type}
    if visible_fields and view.type == "grid":
        body[_VISIBLE_FIELDS] = [field.id for field in table.fields]
    return body


def _base_json(base: ReachableBase) -> JSONObject:
    return {
        "id": base.id,
        "name": base.name,
        "permissionLevel": base.role.permission_level,
        "workspaceId": base.workspace_id,
    }


def _table_draft(raw: JSONObject) -> TableDraft:
    fields = [_field_draft(field) for field in require_objects(raw, "fields")]
    return TableDraft(require_text(raw, "name"), optional_text(raw, "description"), fields)


def _field_draft(raw: JSONObject) -> FieldDraft:
    return FieldDraft(
        require_text(raw, "name"),
        require_text(raw, "type"),
        optional_text(raw, "description"),
        raw.get("options"),
    )


def _not_empty(change: Change) -> Change:
    if change == Change():
        raise InvalidRequest
    return change
