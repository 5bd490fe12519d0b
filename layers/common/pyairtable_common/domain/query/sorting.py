"""The order of records: by any number of fields, blanks first when ascending, then by id."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pyairtable_common.domain.fields.base import Field, SortKey
from pyairtable_common.domain.records import Record

_BLANK = (0, 0)


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of an order."""

    field: Field
    descending: bool = False


@dataclass(frozen=True, slots=True, order=False)
class Descending:
    """A value that comes after every greater one."""

    value: tuple[int, SortKey]

    def __lt__(self, other: "Descending") -> bool:
        return other.value < self.value


Place: TypeAlias = tuple[object, ...]
"""Where a record stands; places of one order compare, and no two are equal."""


def place_of(record: Record, sorts: Sequence[Sort]) -> Place:
    return place_at(sort_values(record, sorts), record.id, sorts)


def sort_values(record: Record, sorts: Sequence[Sort]) -> list[SortKey | None]:
    """The record's value for each key; ``None`` is blank."""
    values: list[SortKey | None] = []
    for sort in sorts:
        cell = record.cells.get(sort.field.id)
        values.append(None if cell is None else sort.field.sort_key(cell))
    return values


def place_at(values: Sequence[SortKey | None], record_id: str, sorts: Sequence[Sort]) -> Place:
    """The place of a record that has, or had, these values."""
    keys: list[object] = []
    for value, sort in zip(values, sorts, strict=True):
        key = _BLANK if value is None else (1, value)
        keys.append(Descending(key) if sort.descending else key)
    return (*keys, record_id)
