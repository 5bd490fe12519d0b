"""Bases in the store: heads, schemas, and the writes that change them."""

from collections.abc import Sequence
from dataclasses import replace

from pyairtable_common.domain.bases import Base
from pyairtable_common.domain.events import Event
from pyairtable_common.domain.tables import BaseSchema, TableSchema
from pyairtable_common.repositories import codec, event_log, keys
from pyairtable_common.repositories.documents import integer, text
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import Absent, Item, Put, Store, Table, VersionIs, Write
from pyairtable_common.repositories.schemas import table_document, table_of_document


def load_base(store: Store, base_id: str) -> Base | None:
    item = store.get([keys.base(base_id)]).get(keys.base(base_id))
    return None if item is None else base_of(item)


def base_of(item: Item) -> Base:
    raw = codec.decode(item.data)
    return Base(
        id=item.key.owner,
        workspace_id=text(raw, "workspace"),
        name=text(raw, "name"),
        sequence=item.version,
        schema_version=integer(raw, "schema"),
        created_ms=integer(raw, "created"),
    )


def load_schema(store: Store, base: Base) -> BaseSchema:
    """All tables of a base, as new as ``base`` or newer."""
    items = all_items(store, Table.BASES, base.id, prefix=keys.TABLE_SCHEMAS)
    tables = [table_of_document(codec.decode(item.data)) for item in items]
    tables.sort(key=lambda table: table.position)
    return BaseSchema(base.schema_version, tuple(tables))


def creation_writes(base: Base, tables: Sequence[TableSchema], event: Event) -> list[Write]:
    """A new base, its first event and its tables."""
    return [
        Put(_head(base), Absent()),
        *event_log.puts_of(Table.BASES, base.id, event),
        *(Put(table_item(base.id, table, event.sequence), Absent()) for table in tables),
    ]


def advance_writes(base: Base, event: Event, *, changes_schema: bool) -> list[Write]:
    """The base's next event, and its head moved on to it; fails if another writer was first."""
    moved = replace(
        base,
        sequence=event.sequence,
        schema_version=event.sequence if changes_schema else base.schema_version,
    )
    return [
        Put(_head(moved), VersionIs(base.sequence)),
        *event_log.puts_of(Table.BASES, base.id, event),
    ]


def table_item(base_id: str, table: TableSchema, version: int) -> Item:
    return Item(keys.table_schema(base_id, table.id), version, codec.encode(table_document(table)))


def _head(base: Base) -> Item:
    data = codec.encode(
        {
            "workspace": base.workspace_id,
            "name": base.name,
            "schema": base.schema_version,
            "created": base.created_ms,
        }
    )
    return Item(keys.base(base.id), base.sequence, data)
