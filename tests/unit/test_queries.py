"""Sorting and cursors."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyairtable_common.domain.errors import InvalidOffset, IteratorNotAvailable
from pyairtable_common.domain.fields.base import Label
from pyairtable_common.domain.fields.registry import parse_field
from pyairtable_common.domain.ids import RandomIds
from pyairtable_common.domain.query.cursor import Cursor, decode_cursor, encode_cursor
from pyairtable_common.domain.query.sorting import Sort, place_at, place_of, sort_values
from pyairtable_common.domain.records import Cells, Record

IDS = RandomIds(lambda: 1_780_000_000_000, random.Random(1).randrange)
TEXT = parse_field("singleLineText", Label("fld" + "T" * 14, "Text"), None, IDS)
NUMBER = parse_field("number", Label("fld" + "N" * 14, "Number"), {"precision": 0}, IDS)
LISTING = ["app", "tbl"]

cells: st.SearchStrategy[Cells] = st.fixed_dictionaries(
    {}, optional={TEXT.id: st.text(min_size=1, max_size=3), NUMBER.id: st.integers(-5, 5)}
)
records = st.lists(cells, max_size=20).map(
    lambda rows: [Record(f"rec{place:014d}", 0, 1, row) for place, row in enumerate(rows)]
)
orders = st.lists(
    st.sampled_from([Sort(TEXT), Sort(TEXT, True), Sort(NUMBER), Sort(NUMBER, True)]), min_size=1, max_size=3
)


def test_blanks_come_first_when_ascending_and_last_when_descending() -> None:
    rows = [Record(f"rec{n:014d}", 0, 1, row) for n, row in enumerate([{}, {NUMBER.id: 2}, {NUMBER.id: -1}])]
    ascending = sorted(rows, key=lambda row: place_of(row, [Sort(NUMBER)]))
    descending = sorted(rows, key=lambda row: place_of(row, [Sort(NUMBER, True)]))
    assert [row.cells.get(NUMBER.id) for row in ascending] == [None, -1, 2]
    assert [row.cells.get(NUMBER.id) for row in descending] == [2, -1, None]


@given(records, orders)
def test_each_key_orders_what_the_keys_before_it_leave_equal(rows: list[Record], order: list[Sort]) -> None:
    expected = sorted(rows, key=lambda row: row.id)
    for sort in reversed(order):
        expected.sort(key=lambda row: _single(row, sort), reverse=sort.descending)
    # A stable reverse sort keeps ties in order of id, as places do.
    assert sorted(rows, key=lambda row: place_of(row, order)) == expected


@given(records, orders)
def test_a_cursor_finds_its_place_again(rows: list[Record], order: list[Sort]) -> None:
    for row in rows:
        text = encode_cursor(Cursor(row.id, 3, tuple(sort_values(row, order))), LISTING)
        cursor = decode_cursor(text, LISTING, len(order))
        assert cursor.given == 3
        assert place_at(cursor.values, cursor.record_id, order) == place_of(row, order)


def test_a_cursor_reads_like_airtables() -> None:
    text = encode_cursor(Cursor("rec" + "A" * 14, 100), LISTING)
    iterator, record = text.split("/")
    assert iterator.startswith("itr")
    assert len(iterator) == 17
    assert record.startswith("rec" + "A" * 14)


def test_another_listings_cursor_is_not_available() -> None:
    text = encode_cursor(Cursor("rec" + "A" * 14, 100), LISTING)
    with pytest.raises(IteratorNotAvailable):
        decode_cursor(text, ["app", "another"], 0)


def test_a_mutilated_cursor_is_refused() -> None:
    text = encode_cursor(Cursor("rec" + "A" * 14, 100, (1,)), LISTING)
    iterator = text.split("/")[0]
    hostile = [
        "x",
        "itr/rec",
        iterator,
        text.replace("rec", "tbl"),
        text[:-1] + "!",
        text + "A",
        f"{iterator}/rec{'A' * 14}.",
        f"{iterator}/rec{'A' * 14}.e30",
        f"{iterator}/rec{'A' * 14}.W3RydWUsMV0",  # [true,1]
        f"{iterator}/rec{'A' * 14}.Wy0xLDFd",  # [-1,1]
        f"{iterator}/rec{'A' * 14}.WzEse31d",  # [1,{}]
        f"{iterator}/rec{'A' * 14}.WzEsTmFOXQ",  # [1,NaN]
    ]
    for one in hostile:
        with pytest.raises(InvalidOffset):
            decode_cursor(one, LISTING, 1)


def _single(row: Record, sort: Sort) -> tuple[int, object]:
    (value,) = sort_values(row, [sort])
    return (0, 0) if value is None else (1, value)
