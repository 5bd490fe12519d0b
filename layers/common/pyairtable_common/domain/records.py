"""Records: cells by field id, and what changes them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pyairtable_common.domain.jsonvalue import JSONValue

Cells = Mapping[str, JSONValue]


@dataclass(frozen=True, slots=True)
class Record:
    """One record: stored cells by field id; an empty cell has no entry.

    ``version`` is the sequence of the base's event that last wrote it.
    """

    id: str
    created_ms: int
    version: int
    cells: Cells


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record before and after one event; ``None`` where it was not there."""

    before: Record | None
    after: Record | None

    @property
    def id(self) -> str:
        record = self.after or self.before
        if record is None:
            raise ValueError("a change is of something")
        return record.id

    @property
    def changed_fields(self) -> frozenset[str]:
        """The ids of the fields whose stored cell differs."""
        before = self.before.cells if self.before else {}
        after = self.after.cells if self.after else {}
        return frozenset(
            field_id
            for field_id in before.keys() | after.keys()
            if before.get(field_id) != after.get(field_id)
        )


def merged(record: Record, cells: Cells, version: int) -> Record:
    """The record with these cells written; ``None`` clears one."""
    return replaced(record, {**record.cells, **cells}, version)


def replaced(record: Record, cells: Cells, version: int) -> Record:
    """The record with these cells and no others."""
    kept = {field_id: value for field_id, value in cells.items() if value is not None}
    return replace(record, version=version, cells=kept)
