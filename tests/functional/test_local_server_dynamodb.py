"""The same server, services and demo with ``ENGINE=dynamodb``, on tables made from the infra template."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_data import write_reduced_ourairports
from local.demo.client import Client
from local.demo.loader import DemoBase, load_demo
from local.demo.tables import KEY, TABLES
from local_server import RunningServer, running_server


@pytest.fixture(
    params=[
        pytest.param("ministack_endpoint", marks=pytest.mark.ministack),
        pytest.param("dynamodb_local_endpoint", marks=pytest.mark.dynamodb_local),
    ]
)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    environment = {"ENGINE": "dynamodb", "AWS_ENDPOINT_URL": request.getfixturevalue(request.param)}
    with running_server(tmp_path / "data", environment=environment) as running:
        yield running


def test_the_demo_base_is_whole_on_dynamodb(server: RunningServer, tmp_path: Path) -> None:
    data = write_reduced_ourairports(tmp_path / "ourairports")

    demo = load_demo(server.url, data, tmp_path / "demo.json", lambda _table, _done, _total: None)

    for table in TABLES:
        assert _rows(server, demo, table.name) == {row[KEY]: row for row in table.rows(data)}


def _rows(server: RunningServer, demo: DemoBase, table: str) -> dict[object, object]:
    with Client(server.url, demo.token) as client:
        records = list(client.records(demo.base_id, table))
    rows: dict[object, object] = {}
    for record in records:
        fields = record["fields"]
        assert isinstance(fields, dict)
        rows[fields[KEY]] = fields
    assert len(rows) == len(records)
    return rows
