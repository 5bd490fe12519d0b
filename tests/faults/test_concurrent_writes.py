"""Concurrent writers: nothing lost, nothing twice, a dense log that tells what is stored."""

import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from concurrent_writers import Acknowledged, Load, Target, prepare, require_nothing_lost, write_at_once
from local.provision import Engine, provision
from log_replay import require_true_log
from pyairtable_common.application.turns import Turns
from pyairtable_common.domain.clock import SystemClock
from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, Patience
from pyairtable_common.engines.dynamodb.store import DynamoStore
from pyairtable_common.engines.sqlite.store import SqliteStore
from world import World

REGION = "us-east-1"
FULL = Load(writers=32, updates=50, creates=50)
PROCESSES = 4
PROCESS_SECONDS = 120
TESTS = Path(__file__).resolve().parents[1]
_prefixes = itertools.count()


class NoTurns(Turns):
    """Nobody waits for anybody."""

    def are_taken(self, key: str) -> bool:
        return False

    @contextmanager
    def of(self, key: str, seconds: float) -> Iterator[bool]:
        yield True


@pytest.fixture
def dynamo_store(ministack_endpoint: str) -> Iterator[DynamoStore]:
    made = provision(
        Engine(ministack_endpoint, REGION),
        prefix=f"writers{next(_prefixes)}",
        stage="test",
        services={"dynamodb"},
    )
    store = DynamoStore(
        made.name_prefix,
        region=REGION,
        endpoint_url=ministack_endpoint,
        credentials=LOCAL_CREDENTIALS,
        patience=Patience(connect=5.0, read=30.0, attempts=3),
    )
    yield store
    store.close()


def test_32_writers_lose_and_double_nothing_on_sqlite(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    world = World(tmp_path, store=store, clock=SystemClock(), seed=101)
    target = prepare(world)
    done = write_at_once(world, target, FULL)
    store_is_whole(store, target, done, FULL)
    store.close()


@pytest.mark.ministack
def test_32_writers_lose_and_double_nothing_on_dynamodb(tmp_path: Path, dynamo_store: DynamoStore) -> None:
    load = Load(writers=32, updates=3, creates=3)
    world = World(tmp_path, store=dynamo_store, clock=SystemClock(), seed=102)
    target = prepare(world)
    done = write_at_once(world, target, load)
    store_is_whole(dynamo_store, target, done, load)


@pytest.mark.ministack
@pytest.mark.nightly
def test_32_writers_of_50_updates_and_creates_lose_and_double_nothing_on_dynamodb(
    tmp_path: Path, dynamo_store: DynamoStore
) -> None:
    world = World(tmp_path, store=dynamo_store, clock=SystemClock(), seed=103)
    target = prepare(world)
    done = write_at_once(world, target, FULL)
    store_is_whole(dynamo_store, target, done, FULL)


@pytest.mark.ministack
def test_writers_without_a_common_line_lose_and_double_nothing_on_dynamodb(
    tmp_path: Path, dynamo_store: DynamoStore
) -> None:
    """As in the cloud, where each container knows nothing of the others."""
    load = Load(writers=8, updates=5, creates=5)
    world = World(tmp_path, store=dynamo_store, clock=SystemClock(), seed=104)
    world.services = replace(world.services, turns=NoTurns())
    target = prepare(world)
    done = write_at_once(world, target, load)
    store_is_whole(dynamo_store, target, done, load)


def test_four_processes_on_one_sqlite_file_lose_and_double_nothing(tmp_path: Path) -> None:
    file = tmp_path / "store.sqlite"
    store = SqliteStore(file)
    target = prepare(World(tmp_path, store=store, clock=SystemClock(), seed=105))
    loads = [Load(writers=4, updates=10, creates=10, first=4 * number) for number in range(PROCESSES)]
    processes = [start_writers(file, target, load, seed=200 + n) for n, load in enumerate(loads)]
    whole = Acknowledged([], [], [])
    for process in processes:
        output, errors = process.communicate(timeout=PROCESS_SECONDS)
        assert process.returncode == 0, errors
        done = Acknowledged(**json.loads(output))
        whole.values += done.values
        whole.record_ids += done.record_ids
        whole.refused += done.refused
    assert set(whole.refused) <= {503}
    assert len(whole.refused) <= sum(load.commits for load in loads) // 100
    require_nothing_lost(store, target, whole)
    store.close()


def test_processes_that_open_a_new_sqlite_file_at_once_all_get_it(tmp_path: Path) -> None:
    program = (
        "import sys; from pyairtable_common.engines.sqlite.store import SqliteStore; SqliteStore(sys.argv[1])"
    )
    for attempt in range(3):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(tmp_path / f"{attempt}.sqlite")],
                env=environment(),
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        for process in processes:
            _, errors = process.communicate(timeout=PROCESS_SECONDS)
            assert process.returncode == 0, errors


def test_a_full_disk_refuses_writes_and_nothing_else(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    world = World(tmp_path, store=store, seed=106)
    base = world.sign_up().create_base()
    base.create({"Name": "before"})
    limit_pages(store, 1)
    for _ in range(3):
        text = random.Random(1).randbytes(30_000).hex()
        answer = base.owner.call("POST", base.path, {"fields": {"Name": text}})
        assert (answer.status, answer.error_type) == (503, "RETRIABLE_ERROR")
        assert len(base.owner.expect(200, "GET", base.path)["records"]) == 1
    limit_pages(store, 1_000_000)
    base.create({"Name": "after"})
    assert len(require_true_log(store, base.id).records[base.tables[0]["id"]]) == 2
    store.close()


def test_a_read_that_sqlite_breaks_off_may_be_tried_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    base = World(tmp_path, store=store, seed=107).sign_up().create_base()
    with store._connections.reading() as connection:
        connection.set_progress_handler(lambda: 1, 1)
        answer = base.owner.call("GET", base.path)
        assert (answer.status, answer.error_type) == (503, "RETRIABLE_ERROR")
        connection.set_progress_handler(None, 0)
    base.owner.expect(200, "GET", base.path)
    store.close()


def limit_pages(store: SqliteStore, pages: int) -> None:
    """SQLite keeps at least what there is."""
    store._connections._writer.execute(f"PRAGMA max_page_count = {pages}")


def store_is_whole(store: SqliteStore | DynamoStore, target: Target, done: Acknowledged, load: Load) -> None:
    assert done.refused == []
    assert len(done.values) == load.writers * load.updates
    assert len(done.record_ids) == load.writers * load.creates
    require_nothing_lost(store, target, done)
    print(f"{load.commits} commits, {load.commits / done.seconds:.0f}/s, longest {done.longest:.2f} s")  # noqa: T201


def start_writers(file: Path, target: Target, load: Load, seed: int) -> subprocess.Popen[str]:
    orders = {"file": str(file), "target": asdict(target), "load": asdict(load), "seed": seed}
    return subprocess.Popen(
        [sys.executable, str(TESTS / "concurrent_writers.py"), json.dumps(orders)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
