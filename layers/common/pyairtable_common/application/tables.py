"""Tables and fields: create and change. Each is one write to the base."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, TypeVar

from pyairtable_common.application.base_access import BaseAccess
from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.domain.errors import InvalidFieldOptions, InvalidRequest
from pyairtable_common.domain.events import Kind, Operation
from pyairtable_common.domain.fields.base import Field, Label
from pyairtable_common.domain.fields.registry import parse_field
from pyairtable_common.domain.ids import FIELD, TABLE, VIEW, Ids, derived_id
from pyairtable_common.domain.jsonvalue import JSONValue
from pyairtable_common.domain.tables import (
    TableSchema,
    View,
    clean_description,
    clean_name,
    unique_fields,
)
from pyairtable_common.repositories.bases import table_item
from pyairtable_common.repositories.ports import Absent, Exists, Put
from pyairtable_common.repositories.schemas import (
    field_document,
    field_of_document,
    table_document,
    table_of_document,
)

R = TypeVar("R")

FIRST_VIEW = ("Grid view", "grid")


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """A field to be made."""

    name: str
    type: str
    description: str | None = None
    options: JSONValue = None


@dataclass(frozen=True, slots=True)
class TableDraft:
    """A table to be made; its first field is the primary one."""

    name: str
    description: str | None
    fields: Sequence[FieldDraft]


@dataclass(frozen=True, slots=True)
class Change:
    """A new name, description and options; ``None`` leaves what was."""

    name: str | None = None
    description: str | None = None
    options: JSONValue = None


def create_table(access: BaseAccess, operation: Operation, draft: TableDraft) -> TableSchema:
    """Raises ``DuplicateTableName`` and what ``new_table`` raises."""
    made = new_table(access.services.ids, draft, 0)

    def decide(view: BaseAccess, sequence: int) -> Plan[TableSchema]:
        view.schema.require_free_name(made.name)
        table = replace(made, position=view.schema.next_position)
        return _plan(view, sequence, None, table, table)

    return write_log(access, operation, decide, _TABLE)


def change_table(access: BaseAccess, operation: Operation, table_ref: str, change: Change) -> TableSchema:
    """Renames or describes. Raises ``DuplicateTableName``."""

    def decide(view: BaseAccess, sequence: int) -> Plan[TableSchema]:
        table = view.schema.table(table_ref)
        changed = table
        if change.name is not None:
            changed = replace(changed, name=clean_name(change.name))
            view.schema.require_free_name(changed.name, except_id=table.id)
        if change.description is not None:
            changed = replace(changed, description=clean_description(change.description))
        return _plan(view, sequence, table, changed, changed)

    return write_log(access, operation, decide, _TABLE)


def create_field(access: BaseAccess, operation: Operation, table_ref: str, draft: FieldDraft) -> Field:
    """Raises ``DuplicateOrEmptyFieldName``, ``UnsupportedFieldType`` or ``InvalidFieldOptions``."""
    made = new_field(access.services.ids, draft)

    def decide(view: BaseAccess, sequence: int) -> Plan[Field]:
        table = view.schema.table(table_ref)
        return _plan(view, sequence, table, table.with_field(made), made)

    return write_log(access, operation, decide, _FIELD)


def change_field(
    access: BaseAccess, operation: Operation, table_ref: str, field_ref: str, change: Change
) -> Field:
    """Renames, describes or changes options; the type stays."""
    seed = access.services.ids.new(FIELD)

    def decide(view: BaseAccess, sequence: int) -> Plan[Field]:
        table = view.schema.table(table_ref)
        changed = _changed(_SeededIds(seed), table.field(field_ref), change)
        return _plan(view, sequence, table, table.with_changed(changed), changed)

    return write_log(access, operation, decide, _FIELD)


def new_table(ids: Ids, draft: TableDraft, position: int) -> TableSchema:
    """A table with fresh ids and a grid view. Raises as ``new_field`` does."""
    if not draft.fields:
        raise InvalidRequest("A table has at least one field")
    fields = unique_fields([new_field(ids, field) for field in draft.fields])
    if not fields[0].may_be_primary:
        raise InvalidFieldOptions(fields[0].type, "this type cannot be the primary field")
    name, view_type = FIRST_VIEW
    return TableSchema(
        id=ids.new(TABLE),
        name=clean_name(draft.name),
        description=None if draft.description is None else clean_description(draft.description),
        primary_field_id=fields[0].id,
        fields=fields,
        views=(View(ids.new(VIEW), name, view_type),),
        position=position,
    )


def new_field(ids: Ids, draft: FieldDraft) -> Field:
    """A field with a fresh id. Raises ``UnsupportedFieldType`` or ``InvalidFieldOptions``."""
    description = None if draft.description is None else clean_description(draft.description)
    label = Label(ids.new(FIELD), clean_name(draft.name), description)
    return parse_field(draft.type, label, draft.options, ids)


def _changed(ids: Ids, field: Field, change: Change) -> Field:
    name = field.name if change.name is None else clean_name(change.name)
    description = field.description if change.description is None else clean_description(change.description)
    options = field.options_json() if change.options is None else change.options
    return parse_field(field.type, Label(field.id, name, description), options, ids)


def _plan(
    view: BaseAccess, sequence: int, before: TableSchema | None, after: TableSchema, result: R
) -> Plan[R]:
    item = table_item(view.base.id, after, sequence)
    told = None if before is None else table_document(before)
    return Plan(
        Kind.TABLES_CHANGED,
        {"tables": {after.id: {"before": told, "after": table_document(after)}}},
        [Put(item, Absent() if before is None else Exists())],
        result,
        changes_schema=True,
    )


class _SeededIds:
    """Ids for the parts of a field: the same ones in every attempt to change it."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._given = 0

    def new(self, kind: str) -> str:
        self._given += 1
        return derived_id(kind, f"{self._seed}:{self._given}")

    def record(self) -> NoReturn:
        raise TypeError("a field has no records")


_TABLE = ResultCodec(table_document, table_of_document)
_FIELD = ResultCodec(field_document, field_of_document)
