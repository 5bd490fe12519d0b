"""Field types: what they accept, keep, show and refuse."""

import random
from dataclasses import dataclass, field

import pytest

from pyairtable_common.domain.errors import (
    InvalidCellValue,
    InvalidFieldOptions,
    UnknownChoice,
    UnsupportedFieldType,
)
from pyairtable_common.domain.fields.base import Field, Label
from pyairtable_common.domain.fields.registry import FIELD_TYPES, parse_field
from pyairtable_common.domain.ids import RandomIds, is_id
from pyairtable_common.domain.jsonvalue import JSONValue
from pyairtable_common.domain.tables import TableSchema, View
from pyairtable_common.repositories.documents import objects
from pyairtable_common.repositories.schemas import table_document, table_of_document

IDS = RandomIds(lambda: 1_780_000_000_000, random.Random(1).randrange)
TEAM: JSONValue = {
    "choices": [{"name": "Red", "id": "sel" + "R" * 14}, {"name": "Blau-grün", "color": "tealDark1"}]
}
LONGEST = "x" * 100_000


@dataclass(frozen=True)
class Cases:
    """One type: good options, (written, read) pairs in ascending order of sorting, refusals."""

    options: JSONValue
    accepted: list[tuple[JSONValue, JSONValue]]
    refused: list[JSONValue]
    bad_options: list[JSONValue] = field(default_factory=list)


_TEXT = Cases(
    None,
    [(" ", " "), ('"quoted", <b>', '"quoted", <b>'), ("a", "a"), ("Été 東京 🎉", "Été 東京 🎉")],
    [1, 1.5, True, [], {}, ["a"], LONGEST + "x"],
    [{"precision": 1}, [], "x", 1],
)
CASES = {
    "singleLineText": _TEXT,
    "multilineText": Cases(None, [("a\nb\r\n", "a\nb\r\n"), (LONGEST, LONGEST)], _TEXT.refused),
    "email": Cases(None, [("a@example.org", "a@example.org"), ("not an address", "not an address")], [5, {}]),
    "url": Cases(
        None, [("example.org", "example.org"), ("https://x.org/?a=b", "https://x.org/?a=b")], [5, []]
    ),
    "number": Cases(
        {"precision": 2},
        [
            (-(2**53), -(2**53)),
            (-1.5, -1.5),
            (0, 0),
            (0.1, 0.1),
            (3.0, 3),
            (2**60, float(2**60)),
            (1e308, 1e308),
        ],
        ["1", True, False, [], {}, "x"],
        [
            None,
            {},
            {"precision": 9},
            {"precision": -1},
            {"precision": "1"},
            {"precision": True},
            {"precision": 1.0},
        ],
    ),
    "checkbox": Cases(
        {"icon": "check", "color": "greenBright"},
        [(True, True)],
        ["true", 1, 0, [], {}],
        [
            None,
            {"icon": "check"},
            {"icon": "tick", "color": "greenBright"},
            {"icon": "check", "color": "green"},
        ],
    ),
    "singleSelect": Cases(
        TEAM,
        [("Red", "Red"), ("Blau-grün", "Blau-grün")],
        ["red", "Green", 1, True, ["Red"], {"name": "Red"}, "sel" + "R" * 14],
        [
            None,
            {"choices": "Red"},
            {"choices": ["Red"]},
            {"choices": [{}]},
            {"choices": [{"name": " "}]},
            {"choices": [{"name": "A"}, {"name": "A"}]},
            {"choices": [{"name": "A", "color": "mauve"}]},
            {"choices": [{"name": "A", "color": ""}]},
            {"choices": [{"name": "A", "color": False}]},
            {"choices": [{"name": "A", "id": ""}]},
            {"choices": [{"name": "A", "id": "rec" + "A" * 14}]},
            {"choices": [], "prefix": 1},
        ],
    ),
    "date": Cases(
        {"dateFormat": {"name": "iso"}},
        [
            ("0001-01-01", "0001-01-01"),
            ("2024-02-29", "2024-02-29"),
            ("2024-03-01T23:30:00.000Z", "2024-03-01"),
            ("9999-12-31", "9999-12-31"),
        ],
        [
            "2023-02-29",
            "1/2/2024",
            "today",
            "2024-1-2",
            "20240102",
            "2024-W01-1",
            5,
            True,
            [],
            {},
            "2024-01-01x",
        ],
        [
            None,
            {},
            {"dateFormat": "iso"},
            {"dateFormat": {"name": "ISO"}},
            {"dateFormat": {"name": "iso", "format": "l"}},
            {"dateFormat": {"name": "iso"}, "timeZone": "utc"},
        ],
    ),
}


def _field(field_type: str) -> Field:
    return parse_field(field_type, Label("fld" + "A" * 14, "Cell"), CASES[field_type].options, IDS)


def _pairs() -> list[tuple[str, JSONValue, JSONValue]]:
    return [(name, written, read) for name, cases in CASES.items() for written, read in cases.accepted]


def test_every_field_type_has_cases() -> None:
    assert CASES.keys() == FIELD_TYPES.keys()


@pytest.mark.parametrize(("name", "written", "read"), _pairs(), ids=lambda value: repr(value)[:30])
def test_what_is_written_is_read_back(name: str, written: JSONValue, read: JSONValue) -> None:
    column = _field(name)
    shown = column.read(column.write(written))
    assert shown == read
    assert type(shown) is type(read)


@pytest.mark.parametrize("name", CASES)
def test_null_and_the_empty_text_clear_a_cell(name: str) -> None:
    assert _field(name).write(None) is None
    assert _field(name).write("") is None


def test_an_unticked_checkbox_is_empty() -> None:
    assert _field("checkbox").write(False) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, cases in CASES.items() for value in cases.refused],
    ids=lambda value: repr(value)[:30],
)
def test_other_values_are_refused_by_name(name: str, value: JSONValue) -> None:
    with pytest.raises((InvalidCellValue, UnknownChoice)) as caught:
        _field(name).write(value)
    if isinstance(caught.value, InvalidCellValue):
        assert caught.value.text == 'Field "Cell" cannot accept the provided value'


def test_an_unknown_choice_is_named_twice_quoted() -> None:
    with pytest.raises(UnknownChoice) as caught:
        _field("singleSelect").write("Grün")
    assert caught.value.text == 'Insufficient permissions to create new select option "\\"Grün\\""'


@pytest.mark.parametrize("name", CASES)
def test_cells_sort_as_listed(name: str) -> None:
    column = _field(name)
    keys = [column.sort_key(column.write(written)) for written, _ in CASES[name].accepted]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("name", "options"),
    [(name, options) for name, cases in CASES.items() for options in cases.bad_options],
    ids=lambda value: repr(value)[:40],
)
def test_other_options_are_refused(name: str, options: JSONValue) -> None:
    with pytest.raises(InvalidFieldOptions) as caught:
        parse_field(name, Label("fld" + "A" * 14, "Cell"), options, IDS)
    assert name in caught.value.text


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(UnsupportedFieldType):
        parse_field("hologram", Label("fld" + "A" * 14, "Cell"), None, IDS)


def test_choices_get_an_id_and_a_colour_in_turn_and_keep_those_they_have() -> None:
    raw = _field("singleSelect").options_json()
    assert raw is not None
    red, blue = objects(raw, "choices")
    assert red == {"id": "sel" + "R" * 14, "name": "Red", "color": "blueLight2"}
    assert blue["color"] == "tealDark1"
    assert is_id(str(blue["id"]), "sel")


@pytest.mark.parametrize("name", CASES)
def test_a_stored_table_comes_back_as_it_was(name: str) -> None:
    column = _field(name)
    table = TableSchema(
        "tbl" + "A" * 14,
        "Täble/%2F",
        "why",
        column.id,
        (column,),
        (View("viw" + "A" * 14, "Grid", "grid"),),
        3,
    )
    assert table_of_document(table_document(table)) == table


@pytest.mark.parametrize("name", CASES)
def test_the_primary_field_may_not_be_a_checkbox(name: str) -> None:
    assert FIELD_TYPES[name].may_be_primary is (name != "checkbox")
