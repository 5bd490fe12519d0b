"""The demo base, loaded over HTTP into the real services by the loader that ships."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from demo_data import write_reduced_ourairports
from local.demo.client import Client
from local.demo.loader import DemoBase, load_demo
from local.demo.tables import KEY, TABLES, Cells, DemoTable
from local_server import PROJECT, RunningServer, running_server, server_environment


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reduced_ourairports(tmp_path_factory.mktemp("ourairports"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def demo(server: RunningServer, data: Path) -> DemoBase:
    return load_demo(server.url, data, server.data_dir / "demo.json", ignore_progress)


def ignore_progress(_table: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def records(server: RunningServer, base: DemoBase, table: DemoTable) -> list[Mapping[str, object]]:
    with Client(server.url, base.token) as client:
        return [fields_of(record) for record in client.records(base.base_id, table.name)]


def fields_of(record: Mapping[str, object]) -> Mapping[str, object]:
    fields = record["fields"]
    assert isinstance(fields, dict)
    return fields


def by_key(rows: list[Mapping[str, object]]) -> dict[object, Mapping[str, object]]:
    found = {row[KEY]: row for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_row_is_there_once_and_equal_cell_by_cell(
    server: RunningServer, demo: DemoBase, data: Path, table: DemoTable
) -> None:
    expected: dict[object, Cells] = {row[KEY]: row for row in table.rows(data)}

    assert by_key(records(server, demo, table)) == expected


def test_scripts_quotes_and_leading_zeros_come_back_as_they_are(
    server: RunningServer, demo: DemoBase
) -> None:
    countries, regions, _ = (records(server, demo, table) for table in TABLES)
    keywords = {str(row["code"]): row.get("keywords") for row in countries}

    assert keywords["AE"] == "UAE,مطارات في الإمارات العربية المتحدة"
    assert {"Côte d'Ivoire", "São Tomé and Principe"} <= {row["name"] for row in countries}
    assert any(str(row["local_code"]).startswith("0") for row in regions)


def test_a_second_load_changes_nothing_and_gives_the_same_base_and_token(
    server: RunningServer, demo: DemoBase, data: Path
) -> None:
    again = load_demo(server.url, data, server.data_dir / "demo.json", ignore_progress)

    assert again == demo
    assert [len(records(server, demo, table)) for table in TABLES] == [
        len(table.rows(data)) for table in TABLES
    ]


def test_a_load_that_was_cut_short_is_completed_without_duplicates(
    server: RunningServer, data: Path, tmp_path: Path
) -> None:
    state = tmp_path / "demo.json"
    calls = 0

    class CutShort(Exception):
        pass

    def cut_short(_table: str, _done: int, _total: int) -> None:
        nonlocal calls
        calls += 1
        if calls % 7 == 0:
            raise CutShort

    cuts = 0
    for _ in range(200):
        try:
            base = load_demo(server.url, data, state, cut_short)
            break
        except CutShort:
            cuts += 1

    assert cuts > 0
    for table in TABLES:
        assert by_key(records(server, base, table)).keys() == {row[KEY] for row in table.rows(data)}


def test_a_lost_token_is_replaced_and_the_base_stays(
    server: RunningServer, demo: DemoBase, data: Path, tmp_path: Path
) -> None:
    kept = json.loads((server.data_dir / "demo.json").read_text(encoding="utf-8"))
    state = tmp_path / "demo.json"
    state.write_text(json.dumps({**kept, "token": "", "base_id": ""}), encoding="utf-8")

    again = load_demo(server.url, data, state, ignore_progress)

    assert again.base_id == demo.base_id
    assert again.token != demo.token
    assert [len(records(server, again, table)) for table in TABLES] == [
        len(table.rows(data)) for table in TABLES
    ]


def test_the_printed_snippet_runs_as_it_stands(server: RunningServer, data: Path, demo: DemoBase) -> None:
    state = server.data_dir / "demo.json"
    printed = run_python(
        "-m", "local.demo", "--url", server.url, "--data", str(data), "--state", str(state)
    ).stdout
    snippet = printed[printed.index("from pyairtable") : printed.index("Ctrl-C")]

    assert demo.token in printed
    assert demo.base_id in printed
    assert len(snippet.strip().splitlines()) == 5
    names = [line.partition(" ")[2] for line in run_python("-c", snippet).stdout.splitlines()]
    assert len(names) == 5
    assert names[0] == "Afghanistan"
    assert set(names) <= {row["name"] for row in TABLES[0].rows(data)}


def test_what_the_demo_keeps_is_readable_by_its_owner_alone(server: RunningServer, demo: DemoBase) -> None:
    state = server.data_dir / "demo.json"

    assert demo.token in state.read_text(encoding="utf-8")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600


def test_a_second_start_keeps_the_data_and_the_token(data: Path, tmp_path: Path) -> None:
    state = tmp_path / "demo.json"
    with running_server(tmp_path / "data") as first:
        base = load_demo(first.url, data, state, ignore_progress)
    with running_server(tmp_path / "data") as second:
        again = load_demo(second.url, data, state, ignore_progress)
        kept = [len(records(second, again, table)) for table in TABLES]

    assert again == base
    assert kept == [len(table.rows(data)) for table in TABLES]


def test_without_a_server_the_loader_says_so_in_one_sentence(data: Path, tmp_path: Path) -> None:
    command = ["-m", "local.demo", "--url", "http://127.0.0.1:9", "--data", str(data)]
    outcome = run_python(*command, "--state", str(tmp_path / "demo.json"), check=False)

    assert outcome.returncode == 1
    assert outcome.stderr == "The demo base is not whole yet; the next start completes it.\n"


def run_python(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=server_environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=check,
    )
