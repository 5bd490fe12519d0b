"""The demo base's tables: which CSV file, which field types, which column tells rows apart."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Cell: TypeAlias = str | int | float
Cells: TypeAlias = Mapping[str, Cell]

BASE_NAME = "OurAirports"
KEY = "id"
"""OurAirports' own number of a row, unique within each file."""


@dataclass(frozen=True, slots=True)
class DemoField:
    """A column and the field type that it becomes; a name is the CSV file's header."""

    name: str
    type: str
    options: Mapping[str, object] = field(default_factory=dict)

    def cell(self, text: str) -> Cell:
        """The cell value for a CSV text that is not empty; text stays as it is, leading zeros too."""
        if self.type != "number":
            return text
        return float(text) if "." in text or "e" in text.lower() else int(text)

    def definition(self) -> dict[str, object]:
        """The field as the Web API's create-base call takes it."""
        plain: dict[str, object] = {"name": self.name, "type": self.type}
        return plain | {"options": dict(self.options)} if self.options else plain


@dataclass(frozen=True, slots=True)
class DemoTable:
    """A table and its CSV file; the first field is the primary one."""

    name: str
    file: str
    fields: tuple[DemoField, ...]

    def definition(self) -> dict[str, object]:
        return {"name": self.name, "fields": [one.definition() for one in self.fields]}

    def rows(self, folder: Path) -> Sequence[Cells]:
        """The file's rows in order, as cells; an empty CSV cell is no cell."""
        with (folder / self.file).open(encoding="utf-8", newline="") as lines:
            return [self._cells(row) for row in csv.DictReader(lines)]

    def _cells(self, row: Mapping[str, str]) -> Cells:
        return {one.name: one.cell(row[one.name]) for one in self.fields if row[one.name]}


def _text(name: str) -> DemoField:
    return DemoField(name, "singleLineText")


def _number(name: str, precision: int = 0) -> DemoField:
    """``precision`` is how many decimals a page shows; the API keeps the whole number."""
    return DemoField(name, "number", {"precision": precision})


def _choice(name: str, *choices: str) -> DemoField:
    return DemoField(name, "singleSelect", {"choices": [{"name": choice} for choice in choices]})


_NAME = _text("name")
_ID = _number(KEY)
_CONTINENT = _choice("continent", "AF", "AN", "AS", "EU", "NA", "OC", "SA")
_WIKIPEDIA = DemoField("wikipedia_link", "url")
_KEYWORDS = DemoField("keywords", "multilineText")

COUNTRIES = DemoTable(
    "Countries", "countries.csv", (_NAME, _text("code"), _CONTINENT, _WIKIPEDIA, _KEYWORDS, _ID)
)
REGIONS = DemoTable(
    "Regions",
    "regions.csv",
    (
        _NAME,
        _text("code"),
        _text("local_code"),
        _CONTINENT,
        _text("iso_country"),
        _WIKIPEDIA,
        _KEYWORDS,
        _ID,
    ),
)
NAVAIDS = DemoTable(
    "Navaids",
    "navaids.csv",
    (
        _NAME,
        _text("ident"),
        _choice("type", "DME", "NDB", "NDB-DME", "TACAN", "VOR", "VOR-DME", "VORTAC"),
        _number("frequency_khz"),
        _number("latitude_deg", 6),
        _number("longitude_deg", 6),
        _number("elevation_ft"),
        _text("iso_country"),
        _number("dme_frequency_khz"),
        _text("dme_channel"),
        _number("dme_latitude_deg", 6),
        _number("dme_longitude_deg", 6),
        _number("dme_elevation_ft"),
        _number("slaved_variation_deg", 3),
        _number("magnetic_variation_deg", 3),
        _choice("usageType", "BOTH", "HI", "LO", "RNAV", "TERMINAL"),
        _choice("power", "HIGH", "LOW", "MEDIUM", "UNKNOWN"),
        _text("associated_airport"),
        _text("filename"),
        _ID,
    ),
)
TABLES = (COUNTRIES, REGIONS, NAVAIDS)
