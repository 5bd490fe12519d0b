"""Numbers: IEEE 754 doubles; the precision is for display only."""

from dataclasses import dataclass
from typing import ClassVar, Self

from pyairtable_common.domain.errors import InvalidCellValue
from pyairtable_common.domain.fields.base import Field, Label, SortKey
from pyairtable_common.domain.fields.options import Options
from pyairtable_common.domain.ids import Ids
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_number

_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Number(Field):
    """A number shown with ``precision`` decimals, 0 to 8."""

    type: ClassVar[str] = "number"

    precision: int

    @classmethod
    def parse(cls, label: Label, options: Options, ids: Ids) -> Self:
        options.allow("precision")
        return cls(label, options.integer("precision", 0, 8))

    def options_json(self) -> JSONObject:
        return {"precision": self.precision}

    def accept(self, value: JSONValue) -> JSONValue:
        if not is_number(value):
            raise InvalidCellValue(self.name)
        return as_double(value)

    def sort_key(self, cell: JSONValue) -> SortKey:
        if not is_number(cell):
            raise TypeError(f"a number's cell holds {type(cell).__name__}")
        return cell


def as_double(value: int | float) -> int | float:
    """The number as JavaScript would hold and print it: ``3.0`` is ``3``, ``2**60`` a double."""
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else float(value)
    return int(value) if value.is_integer() and abs(value) <= _EXACT else value
