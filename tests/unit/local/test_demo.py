import csv
import stat
from pathlib import Path

import pytest

from local.demo.state import DemoState, new_state, read_state, write_state
from local.demo.tables import KEY, TABLES, DemoField, DemoTable

OURAIRPORTS = Path(__file__).resolve().parents[3] / "infra" / "local" / "demo" / "ourairports"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_of_a_file_is_a_field_and_every_row_has_a_key_of_its_own(table: DemoTable) -> None:
    rows = table.rows(OURAIRPORTS)
    with (OURAIRPORTS / table.file).open(encoding="utf-8", newline="") as lines:
        header = next(csv.reader(lines))

    assert sorted(field.name for field in table.fields) == sorted(header)
    assert len({row[KEY] for row in rows}) == len(rows) > 200


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_cells_say_exactly_what_the_file_says(table: DemoTable) -> None:
    with (OURAIRPORTS / table.file).open(encoding="utf-8", newline="") as lines:
        texts = list(csv.DictReader(lines))

    for text, cells in zip(texts, table.rows(OURAIRPORTS), strict=True):
        assert cells.keys() == {name for name, value in text.items() if value}
        for name, cell in cells.items():
            assert cell == (text[name] if isinstance(cell, str) else float(text[name]))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_value_of_a_choice_field_is_one_of_its_choices(table: DemoTable) -> None:
    used: dict[str, set[object]] = {}
    for row in table.rows(OURAIRPORTS):
        for name, cell in row.items():
            used.setdefault(name, set()).add(cell)

    for field in table.fields:
        if field.type == "singleSelect":
            choices = field.options["choices"]
            assert isinstance(choices, list)
            assert {choice["name"] for choice in choices} == used[field.name]


def test_a_leading_zero_of_a_text_stays_and_a_number_is_a_number() -> None:
    assert DemoField("local_code", "singleLineText").cell("02") == "02"
    assert DemoField("id", "number").cell("302811") == 302811
    assert DemoField("latitude_deg", "number").cell("52.55889892578125") == 52.55889892578125


def test_the_state_survives_a_restart_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    state = DemoState("a@example.com", "secret", token="pat", base_id="app", complete=True)
    write_state(path, new_state())
    write_state(path, state)

    assert read_state(path) == state
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"email": "a"}', '{"unknown": 1}'])
def test_a_state_that_cannot_be_read_is_no_state(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "demo.json"
    if content is not None:
        path.write_text(content)

    assert read_state(path) is None


def test_every_demo_user_has_an_address_and_a_password_of_its_own() -> None:
    one, other = new_state(), new_state()

    assert one.email != other.email
    assert one.password != other.password
    assert len(one.password) >= 32
