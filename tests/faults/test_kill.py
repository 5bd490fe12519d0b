"""``kill -9`` of the server while it takes writes: what it acknowledged is there, nothing is half there."""

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from demo_data import write_reduced_ourairports
from local.demo.client import Client
from local.demo.state import read_state
from local.demo.tables import KEY, TABLES
from local.server import bind
from local_server import RunningServer, running_server

KILLS = 20
BATCH = 10
WRITERS = 2
ROUND_SECONDS = 20


@dataclass(slots=True)
class Load:
    """Batches are numbered over all rounds; every record says to which it belongs."""

    base_id: str
    token: str
    numbers: "count[int]" = field(default_factory=count)
    sent: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)

    def write_until_the_server_dies(self, url: str) -> None:
        """One client: a batch after the other, none of them repeated."""
        with httpx.Client(base_url=url, timeout=ROUND_SECONDS, trust_env=False) as http:
            while True:
                batch = next(self.numbers)
                self.sent.add(batch)
                try:
                    answer = self.write(http, batch)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                self.acknowledged.add(batch)

    def write(self, http: httpx.Client, batch: int) -> httpx.Response:
        rows = [{"fields": {"batch": batch, "row": row, "text": "x" * 100}} for row in range(BATCH)]
        headers = {"Authorization": f"Bearer {self.token}"}
        return http.post(f"/v0/{self.base_id}/Load", json={"records": rows}, headers=headers)

    def found(self, url: str) -> Counter[tuple[int, int]]:
        """How often each row of each batch is in the table."""
        with Client(url, self.token) as client:
            return Counter(_place(record) for record in client.records(self.base_id, "Load"))


def test_twenty_kills_lose_no_acknowledged_batch_and_leave_none_half_written(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        load = _begin(server)
    for number in range(KILLS):
        with running_server(tmp_path) as server:
            _kill_while_writing(server, load, batches=1 + number % 6, delay=(number * 7 % 20) / 1000)

    with running_server(tmp_path) as server:
        found = load.found(server.url)
        whole = {batch for batch in load.sent if _rows(found, batch) == [1] * BATCH}
        absent = {batch for batch in load.sent if _rows(found, batch) == [0] * BATCH}
        with httpx.Client(base_url=server.url, trust_env=False) as http:
            repeated = [load.write(http, batch).status_code for batch in sorted(absent)]
        complete = load.found(server.url)

    assert whole | absent == load.sent
    assert load.acknowledged <= whole
    assert len(load.acknowledged) >= KILLS
    assert len(load.sent - load.acknowledged) >= KILLS
    assert set(repeated) <= {200}
    assert complete == {(batch, row): 1 for batch in load.sent for row in range(BATCH)}


def test_a_demo_load_is_completed_after_kills_though_a_loader_may_outlive_its_server(tmp_path: Path) -> None:
    data = write_reduced_ourairports(tmp_path / "ourairports", regions=3987)
    state_path = tmp_path / "data" / "demo-sqlite.json"
    with bind("127.0.0.1", 0) as free:
        port = str(free.getsockname()[1])
    arguments = ("--port", port, "--demo-data", str(data))
    with ExitStack() as servers:
        server = servers.enter_context(running_server(tmp_path / "data", *arguments, demo=True))
        _await_line(server, "Countries: 249 records")
        for delay in (0.02, 0.3, 0.5):
            time.sleep(delay)
            server.kill()
            state = read_state(state_path)
            assert state is not None
            assert not state.complete
            server = servers.enter_context(running_server(tmp_path / "data", *arguments, demo=True))
        _await_line(server, "Ctrl-C stops the server.")
        state = read_state(state_path)
        assert state is not None
        with Client(server.url, state.token) as client:
            loaded = {
                table.name: Counter(
                    _fields(record)[KEY] for record in client.records(state.base_id, table.name)
                )
                for table in TABLES
            }

    assert loaded == {table.name: Counter(row[KEY] for row in table.rows(data)) for table in TABLES}


def _await_line(server: RunningServer, line: str) -> None:
    while server.lines.get(timeout=ROUND_SECONDS).strip() != line:
        pass


def _begin(server: RunningServer) -> Load:
    person = {"email": "load@example.com", "password": "a long enough password", "name": "Load"}
    with Client(server.url) as client:
        registered: Mapping[str, Any] = client.post("/v1/auth/register", person)
    with Client(server.url, registered["accessToken"]) as client:
        scopes = ["data.records:read", "data.records:write", "schema.bases:read", "schema.bases:write"]
        token: Mapping[str, Any] = client.post("/v1/auth/tokens", {"name": "load", "scopes": scopes})
    fields: list[dict[str, object]] = [
        {"name": "text", "type": "singleLineText"},
        {"name": "batch", "type": "number", "options": {"precision": 0}},
        {"name": "row", "type": "number", "options": {"precision": 0}},
    ]
    with Client(server.url, token["token"]) as client:
        tables = [{"name": "Load", "fields": fields}]
        body = {"name": "Load", "workspaceId": registered["workspace"]["id"], "tables": tables}
        base: Mapping[str, Any] = client.post("/v0/meta/bases", body)
    return Load(base["id"], token["token"])


def _kill_while_writing(server: RunningServer, load: Load, *, batches: int, delay: float) -> None:
    """Kills once ``batches`` more are acknowledged and ``delay`` seconds have passed."""
    enough = len(load.acknowledged) + batches
    writers = [Thread(target=load.write_until_the_server_dies, args=(server.url,)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + ROUND_SECONDS
    while len(load.acknowledged) < enough and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(delay)
    server.kill()
    for writer in writers:
        writer.join(ROUND_SECONDS)


def _place(record: Mapping[str, object]) -> tuple[int, int]:
    fields = _fields(record)
    return int(str(fields["batch"])), int(str(fields["row"]))


def _fields(record: Mapping[str, object]) -> Mapping[str, object]:
    fields = record["fields"]
    assert isinstance(fields, dict)
    return fields


def _rows(found: Counter[tuple[int, int]], batch: int) -> list[int]:
    return [found[batch, row] for row in range(BATCH)]
