"""What the local server costs with the whole demo base in it, in figures; and that the base is whole."""

import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from statistics import median

import httpx
import pytest

from demo_data import OURAIRPORTS
from local.demo.client import Client
from local.demo.loader import DemoBase, load_demo
from local.demo.tables import KEY, TABLES
from local_server import running_server

CALLS = 200


@pytest.mark.nightly
@pytest.mark.bench
def test_the_whole_demo_base_loads_and_a_second_start_takes_under_five_seconds(tmp_path: Path) -> None:
    state = tmp_path / "demo.json"
    rows = {table.name: table.rows(OURAIRPORTS) for table in TABLES}
    began = time.perf_counter()
    with running_server(tmp_path / "data") as server:
        ready = time.perf_counter()
        demo = load_demo(server.url, OURAIRPORTS, state, lambda _table, _done, _total: None)
        loaded = time.perf_counter()
        with Client(server.url, demo.token) as client:
            for name, expected in rows.items():
                records = [fields_of(record) for record in client.records(demo.base_id, name)]
                assert len(records) == len(expected)
                assert {row[KEY]: row for row in records} == {row[KEY]: row for row in expected}
    again = time.perf_counter()
    with running_server(tmp_path / "data") as server:
        assert load_demo(server.url, OURAIRPORTS, state, lambda _table, _done, _total: None) == demo
        second = time.perf_counter() - again
        figures = time_calls(server.url, demo)

    total = sum(len(each) for each in rows.values())
    figures |= {
        "first start to the URL, s": ready - began,
        "first start to the whole demo, s": loaded - began,
        "records loaded a second": total / (loaded - ready),
        "second start, demo checked, s": second,
    }
    for name, figure in figures.items():
        print(f"\n{name}: {figure:.2f}", end="")  # noqa: T201 (figures are what it is for)
    assert second < 5


def time_calls(url: str, demo: DemoBase) -> dict[str, float]:
    """The median of each call in milliseconds, by one client on one connection."""
    number = count(10_000_000)
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {demo.token}"}, trust_env=False
    ) as http:
        path = f"/v0/{demo.base_id}/Navaids"
        record = http.get(path, params={"pageSize": "1"}).json()["records"][0]["id"]
        calls: Mapping[str, Callable[[], httpx.Response]] = {
            "get": lambda: http.get(f"{path}/{record}"),
            "list 100": lambda: http.get(path),
            "list 10": lambda: http.get(path, params={"pageSize": "10"}),
            "create 1": lambda: http.post(path, json={"fields": {"name": "new", KEY: next(number)}}),
            "update 1": lambda: http.patch(
                f"{path}/{record}", json={"fields": {"elevation_ft": next(number)}}
            ),
        }
        return {
            f"{name}, p50 ms": median(milliseconds(call) for _ in range(CALLS))
            for name, call in calls.items()
        }


def milliseconds(call: Callable[[], httpx.Response]) -> float:
    began = time.perf_counter()
    assert call().status_code == 200
    return (time.perf_counter() - began) * 1000


def fields_of(record: Mapping[str, object]) -> Mapping[str, object]:
    fields = record["fields"]
    assert isinstance(fields, dict)
    return fields
