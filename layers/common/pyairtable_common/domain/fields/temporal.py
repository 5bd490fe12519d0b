"""Dates: a day without a time or zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Self

from pyairtable_common.domain.errors import InvalidCellValue
from pyairtable_common.domain.fields.base import Field, Label, SortKey
from pyairtable_common.domain.fields.options import Options
from pyairtable_common.domain.ids import Ids
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue

DATE_FORMATS = {
    "local": "l",
    "friendly": "LL",
    "us": "M/D/YYYY",
    "european": "D/M/YYYY",
    "iso": "YYYY-MM-DD",
}
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Date(Field):
    """A calendar day; cells hold ``YYYY-MM-DD``."""

    type: ClassVar[str] = "date"

    date_format: str

    @classmethod
    def parse(cls, label: Label, options: Options, ids: Ids) -> Self:
        options.allow("dateFormat")
        return cls(label, parse_date_format(options))

    def options_json(self) -> JSONObject:
        return {"dateFormat": {"name": self.date_format, "format": DATE_FORMATS[self.date_format]}}

    def accept(self, value: JSONValue) -> JSONValue:
        day = parse_day(value) if isinstance(value, str) else None
        if day is None:
            raise InvalidCellValue(self.name)
        return day.isoformat()

    def sort_key(self, cell: JSONValue) -> SortKey:
        return str(cell)


def parse_date_format(options: Options) -> str:
    """The name of a ``dateFormat`` object, whose ``format`` is optional but must fit."""
    raw = options.object("dateFormat")
    name = raw.get("name")
    if not isinstance(name, str) or name not in DATE_FORMATS:
        raise options.invalid(f"dateFormat.name must be one of {', '.join(DATE_FORMATS)}")
    if raw.get("format", DATE_FORMATS[name]) != DATE_FORMATS[name]:
        raise options.invalid(f"dateFormat.format must be {DATE_FORMATS[name]} for {name}")
    return name


def parse_day(text: str) -> date | None:
    """The day of an ISO 8601 date or date-time, as written in it; ``None`` if it is neither."""
    if _ISO.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        return None
