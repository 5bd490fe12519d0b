"""Text: single line, long, e-mail and URL. None of them is validated hard, as in Airtable."""

from dataclasses import dataclass
from typing import ClassVar, Self

from pyairtable_common.domain.errors import InvalidCellValue
from pyairtable_common.domain.fields.base import Field, Label, SortKey
from pyairtable_common.domain.fields.options import Options
from pyairtable_common.domain.ids import Ids
from pyairtable_common.domain.jsonvalue import JSONValue

MAX_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class TextField(Field):
    """A string of up to 100,000 characters."""

    @classmethod
    def parse(cls, label: Label, options: Options, ids: Ids) -> Self:
        options.allow()
        return cls(label)

    def accept(self, value: JSONValue) -> JSONValue:
        if not isinstance(value, str) or len(value) > MAX_CHARACTERS:
            raise InvalidCellValue(self.name)
        return value

    def sort_key(self, cell: JSONValue) -> SortKey:
        return str(cell).casefold()


@dataclass(frozen=True, slots=True)
class SingleLineText(TextField):
    type: ClassVar[str] = "singleLineText"


@dataclass(frozen=True, slots=True)
class MultilineText(TextField):
    type: ClassVar[str] = "multilineText"


@dataclass(frozen=True, slots=True)
class Email(TextField):
    type: ClassVar[str] = "email"


@dataclass(frozen=True, slots=True)
class Url(TextField):
    type: ClassVar[str] = "url"
