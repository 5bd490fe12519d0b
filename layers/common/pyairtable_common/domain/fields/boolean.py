"""Checkboxes: ticked or empty, never ``false``."""

from dataclasses import dataclass
from typing import ClassVar, Self

from pyairtable_common.domain.errors import InvalidCellValue
from pyairtable_common.domain.fields.base import Field, Label, SortKey
from pyairtable_common.domain.fields.options import Options
from pyairtable_common.domain.ids import Ids
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue

ICONS = ("check", "xCheckbox", "star", "heart", "thumbsUp", "flag", "dot")
COLORS = tuple(
    f"{color}Bright"
    for color in ("green", "teal", "cyan", "blue", "purple", "pink", "red", "orange", "yellow", "gray")
)


@dataclass(frozen=True, slots=True)
class Checkbox(Field):
    type: ClassVar[str] = "checkbox"
    may_be_primary: ClassVar[bool] = False

    icon: str
    color: str

    @classmethod
    def parse(cls, label: Label, options: Options, ids: Ids) -> Self:
        options.allow("icon", "color")
        return cls(label, options.word("icon", ICONS), options.word("color", COLORS))

    def options_json(self) -> JSONObject:
        return {"icon": self.icon, "color": self.color}

    def accept(self, value: JSONValue) -> JSONValue:
        if not isinstance(value, bool):
            raise InvalidCellValue(self.name)
        return True if value else None

    def sort_key(self, cell: JSONValue) -> SortKey:
        return 1 if cell else 0
