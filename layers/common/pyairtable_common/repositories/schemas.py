"""Tables and fields as stored documents: one form for items, events and receipts."""

from typing import NoReturn

from pyairtable_common.domain.fields.base import Field, Label
from pyairtable_common.domain.fields.registry import parse_field
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.tables import TableSchema, View
from pyairtable_common.repositories.codec import UnknownForm
from pyairtable_common.repositories.documents import integer, objects, optional_text, text


def table_document(table: TableSchema) -> JSONObject:
    return {
        "id": table.id,
        "name": table.name,
        "description": table.description,
        "primary": table.primary_field_id,
        "position": table.position,
        "fields": [field_document(field) for field in table.fields],
        "views": [{"id": view.id, "name": view.name, "type": view.type} for view in table.views],
    }


def table_of_document(raw: JSONObject) -> TableSchema:
    return TableSchema(
        id=text(raw, "id"),
        name=text(raw, "name"),
        description=optional_text(raw, "description"),
        primary_field_id=text(raw, "primary"),
        fields=tuple(field_of_document(field) for field in objects(raw, "fields")),
        views=tuple(
            View(text(view, "id"), text(view, "name"), text(view, "type")) for view in objects(raw, "views")
        ),
        position=integer(raw, "position"),
    )


def field_document(field: Field) -> JSONObject:
    return {
        "id": field.id,
        "name": field.name,
        "description": field.description,
        "type": field.type,
        "options": field.options_json(),
    }


def field_of_document(raw: JSONObject) -> Field:
    label = Label(text(raw, "id"), text(raw, "name"), optional_text(raw, "description"))
    return parse_field(text(raw, "type"), label, raw.get("options"), _NoNewIds())


class _NoNewIds:
    """Whatever is stored has its ids."""

    def new(self, kind: str) -> NoReturn:
        raise UnknownForm(f"a stored field lacks a {kind} id")

    def record(self) -> NoReturn:
        raise UnknownForm("a field has no records")
