"""What every field type can do.

A field is a value: its name and options together with how its cells are written,
read and compared. A stored cell is JSON; an empty one is ``None`` and has no
entry in its record.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from pyairtable_common.domain.errors import ComputedFieldWrite
from pyairtable_common.domain.fields.options import Options
from pyairtable_common.domain.ids import Ids
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue

SortKey = int | float | str


@dataclass(frozen=True, slots=True)
class Label:
    """What fields of all types have."""

    id: str
    name: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Field(ABC):
    """One column of a table."""

    label: Label

    type: ClassVar[str]
    """The type's name on the wire (Airtable Web API, "Field types and cell values")."""

    computed: ClassVar[bool] = False
    """True if its cells cannot be written."""

    may_be_primary: ClassVar[bool] = True

    @property
    def id(self) -> str:
        return self.label.id

    @property
    def name(self) -> str:
        return self.label.name

    @property
    def description(self) -> str | None:
        return self.label.description

    @classmethod
    @abstractmethod
    def parse(cls, label: Label, options: Options, ids: Ids) -> Self:
        """The field with these options as they came over the wire, or as ``options_json`` gave them.

        Raises ``InvalidFieldOptions``.
        """

    def options_json(self) -> JSONObject | None:
        """The ``options`` of the wire; ``None`` for a type without any."""
        return None

    def write(self, value: JSONValue) -> JSONValue:
        """The cell to store for a value written without ``typecast``; ``None`` clears it.

        Raises ``InvalidCellValue`` and its kin.
        """
        if self.computed:
            raise ComputedFieldWrite(self.name)
        return None if value is None or value == "" else self.accept(value)

    @abstractmethod
    def accept(self, value: JSONValue) -> JSONValue:
        """The cell for a value that is neither ``None`` nor ``""``."""

    def read(self, cell: JSONValue) -> JSONValue:
        """The wire's value of a non-empty cell; ``None`` if it shows as empty."""
        return cell

    @abstractmethod
    def sort_key(self, cell: JSONValue) -> SortKey:
        """Orders non-empty cells of this field, ascending."""
