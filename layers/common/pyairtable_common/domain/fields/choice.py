"""Selects: cells hold choice ids, so that renaming a choice renames it everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from pyairtable_common.domain.errors import InvalidCellValue, UnknownChoice
from pyairtable_common.domain.fields.base import Field, Label, SortKey
from pyairtable_common.domain.fields.options import Options
from pyairtable_common.domain.ids import CHOICE, Ids, is_id
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue

_HUES = ("blue", "cyan", "teal", "green", "yellow", "orange", "red", "pink", "purple", "gray")
COLORS = tuple(f"{hue}{shade}" for shade in ("Light2", "Light1", "Bright", "Dark1") for hue in _HUES)


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    name: str
    color: str

    def to_json(self) -> JSONObject:
        return {"id": self.id, "name": self.name, "color": self.color}


@dataclass(frozen=True, slots=True)
class SingleSelect(Field):
    type: ClassVar[str] = "singleSelect"

    choices: tuple[Choice, ...]

    @classmethod
    def parse(cls, label: Label, options: Options, ids: Ids) -> Self:
        options.allow("choices")
        return cls(label, parse_choices(options, ids))

    def options_json(self) -> JSONObject:
        return {"choices": [choice.to_json() for choice in self.choices]}

    def accept(self, value: JSONValue) -> JSONValue:
        if not isinstance(value, str):
            raise InvalidCellValue(self.name)
        return choice_named(self.choices, value).id

    def read(self, cell: JSONValue) -> JSONValue:
        return next((choice.name for choice in self.choices if choice.id == cell), None)

    def sort_key(self, cell: JSONValue) -> SortKey:
        return next((place for place, choice in enumerate(self.choices) if choice.id == cell), -1)


def choice_named(choices: Sequence[Choice], name: str) -> Choice:
    for choice in choices:
        if choice.name == name:
            return choice
    raise UnknownChoice(name)


def parse_choices(options: Options, ids: Ids) -> tuple[Choice, ...]:
    """The choices as written: those without an id are new, those without a colour get one in turn."""
    choices = tuple(
        _parse_choice(options, raw, COLORS[place % len(_HUES)], ids)
        for place, raw in enumerate(options.objects("choices"))
    )
    for kind, values in (("name", [c.name for c in choices]), ("id", [c.id for c in choices])):
        if len(set(values)) != len(values):
            raise options.invalid(f"two choices have the same {kind}")
    return choices


def _parse_choice(options: Options, raw: JSONObject, next_color: str, ids: Ids) -> Choice:
    name, color, choice_id = raw.get("name"), raw.get("color"), raw.get("id")
    color = next_color if color is None else color
    choice_id = ids.new(CHOICE) if choice_id is None else choice_id
    if not isinstance(name, str) or not name.strip():
        raise options.invalid("a choice needs a name")
    if not isinstance(color, str) or color not in COLORS:
        raise options.invalid(f"unknown choice color {color!r}")
    if not isinstance(choice_id, str) or not is_id(choice_id, CHOICE):
        raise options.invalid("a choice's id begins with sel")
    return Choice(choice_id, name.strip(), color)
