"""CSV that no spreadsheet takes for formulas."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyairtable_common.web.spreadsheet_text import csv_text, safe_cell

FORMULAS = [
    '=HYPERLINK("http://example.org","x")', "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
    " =1", "\u00a0=1", "\u3000@x", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ada", "a=b", "2026-01-01", "{}", "'=1", "x\n=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@given(st.lists(st.lists(st.text(), min_size=3, max_size=3), max_size=5))
def test_every_cell_comes_back_whole_and_none_begins_a_formula(rows: list[list[str]]) -> None:
    text = csv_text(["=a", "b", "c"], rows)
    header, *read = csv.reader(io.StringIO(text, newline=""))
    assert header == ["'=a", "b", "c"]
    assert read == [[safe_cell(cell) for cell in row] for row in rows]
    assert all(cell.strip()[:1] not in set("=+-@") for row in read for cell in row)


def test_lines_end_as_the_standard_says() -> None:
    assert csv_text(["a"], [["x,y"], ['"']]) == '"a"\r\n"x,y"\r\n""""\r\n'
