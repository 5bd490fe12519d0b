"""Tables: fields in order, the primary one, and views; a base's schema is all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pyairtable_common.domain.errors import (
    DuplicateOrEmptyFieldName,
    DuplicateTableName,
    InvalidRequest,
    NotPermittedOrNotFound,
    UnknownFieldName,
    ViewNotFound,
)
from pyairtable_common.domain.fields.base import Field

MAX_NAME = 255
MAX_DESCRIPTION = 20_000


@dataclass(frozen=True, slots=True)
class View:
    """A way of looking at a table; ``type`` as on the wire (``grid``, ...)."""

    id: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table. ``position`` orders the tables of a base."""

    id: str
    name: str
    description: str | None
    primary_field_id: str
    fields: tuple[Field, ...]
    views: tuple[View, ...]
    position: int

    def field(self, name_or_id: str) -> Field:
        """The field of this id, else of this name. Raises ``UnknownFieldName``."""
        for field in self.fields:
            if field.id == name_or_id:
                return field
        for field in self.fields:
            if field.name == name_or_id:
                return field
        raise UnknownFieldName(name_or_id)

    def view(self, name_or_id: str) -> View:
        """The view of this id, else of this name. Raises ``ViewNotFound``."""
        for view in self.views:
            if name_or_id in (view.id, view.name):
                return view
        raise ViewNotFound(name_or_id)

    def with_field(self, added: Field) -> "TableSchema":
        """This table and one more field. Raises ``DuplicateOrEmptyFieldName``."""
        self._require_free(added)
        return replace(self, fields=(*self.fields, added))

    def with_changed(self, changed: Field) -> "TableSchema":
        """This table, the field of that id changed. Raises ``DuplicateOrEmptyFieldName``."""
        self._require_free(changed)
        return replace(
            self, fields=tuple(changed if field.id == changed.id else field for field in self.fields)
        )

    def _require_free(self, wanted: Field) -> None:
        taken = {field.name.casefold() for field in self.fields if field.id != wanted.id}
        if wanted.name.casefold() in taken:
            raise DuplicateOrEmptyFieldName(wanted.name)


@dataclass(frozen=True, slots=True)
class BaseSchema:
    """All tables of a base, in order, as of one ``version``."""

    version: int
    tables: tuple[TableSchema, ...]

    def __iter__(self) -> Iterator[TableSchema]:
        return iter(self.tables)

    def table(self, name_or_id: str) -> TableSchema:
        """The table of this id, else of exactly this name, else of this name in another case.

        Raises ``NotPermittedOrNotFound``.
        """
        for matches in (_has_id, _has_name, _has_name_in_any_case):
            for table in self.tables:
                if matches(table, name_or_id):
                    return table
        raise NotPermittedOrNotFound

    def require_free_name(self, name: str, except_id: str | None = None) -> None:
        """Raises ``DuplicateTableName`` if another table has this name, in any case."""
        for table in self.tables:
            if table.id != except_id and _has_name_in_any_case(table, name):
                raise DuplicateTableName(name)

    @property
    def next_position(self) -> int:
        return max((table.position for table in self.tables), default=-1) + 1


def unique_fields(fields: Sequence[Field]) -> tuple[Field, ...]:
    """The fields of a new table. Raises ``DuplicateOrEmptyFieldName``."""
    seen: set[str] = set()
    for field in fields:
        if field.name.casefold() in seen:
            raise DuplicateOrEmptyFieldName(field.name)
        seen.add(field.name.casefold())
    return tuple(fields)


def clean_name(name: str) -> str:
    """A table's or field's name as it is kept: trimmed, 1 to 255 characters."""
    trimmed = name.strip()
    if not trimmed or len(trimmed) > MAX_NAME:
        raise InvalidRequest(f"A name has 1 to {MAX_NAME} characters")
    return trimmed


def clean_description(description: str) -> str:
    """A description as it is kept: not empty, at most 20,000 characters."""
    if not description or len(description) > MAX_DESCRIPTION:
        raise InvalidRequest(f"A description has 1 to {MAX_DESCRIPTION} characters")
    return description


def _has_id(table: TableSchema, wanted: str) -> bool:
    return table.id == wanted


def _has_name(table: TableSchema, wanted: str) -> bool:
    return table.name == wanted


def _has_name_in_any_case(table: TableSchema, wanted: str) -> bool:
    return table.name.casefold() == wanted.casefold()
