"""Every engine behind one fixture for each port; a test that takes it runs once on each engine."""

import itertools
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from moto import mock_aws

from local.provision import Engine, provision
from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, Patience, make_client
from pyairtable_common.engines.dynamodb.calls import Call
from pyairtable_common.engines.dynamodb.counters import DynamoCounters
from pyairtable_common.engines.dynamodb.store import DynamoStore
from pyairtable_common.engines.files.blobs import FolderBlobs
from pyairtable_common.engines.s3.blobs import S3Blobs
from pyairtable_common.engines.sqlite.counters import SqliteCounters
from pyairtable_common.engines.sqlite.queue import SqliteQueue
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.engines.sqs.queue import SqsQueue
from pyairtable_common.repositories.ports import Absent, Blobs, Counters, Item, Put, Queue, Store

REGION = "us-east-1"
# The engines share two cores with everything else that runs: AWS answers sooner.
PATIENCE = Patience(connect=2.0, read=20.0, attempts=3)

_MINISTACK = pytest.param("ministack", marks=pytest.mark.ministack)
_DYNAMODB_LOCAL = pytest.param("dynamodb-local", marks=pytest.mark.dynamodb_local)
_WHOLE = ("sqlite-memory", "sqlite-file", _MINISTACK, _DYNAMODB_LOCAL)
_prefixes = itertools.count()


@pytest.fixture(params=["sqlite-memory", "sqlite-file", "moto", _MINISTACK, _DYNAMODB_LOCAL])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, on each engine."""
    with ExitStack() as stack:
        yield _open_store(request, tmp_path, stack)


@pytest.fixture(params=_WHOLE)
def whole_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, on each engine that has streams, true limits and threads (moto has none of them)."""
    with ExitStack() as stack:
        yield _open_store(request, tmp_path, stack)


@pytest.fixture(params=[_MINISTACK, _DYNAMODB_LOCAL])
def dynamo(request: pytest.FixtureRequest) -> Iterator[tuple[DynamoStore, list[Call]]]:
    """The DynamoDB engine on each server, and the calls that it made."""
    calls: list[Call] = []
    with ExitStack() as stack:
        yield _open_dynamo(_endpoint(request), stack, calls.append), calls


@pytest.fixture(params=["sqlite-memory", "sqlite-file", "moto", _MINISTACK, _DYNAMODB_LOCAL])
def counters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counters]:
    """Counters that nothing was taken of, on each engine."""
    with ExitStack() as stack:
        yield _open_counters(request, tmp_path, stack)


@pytest.fixture(params=_WHOLE)
def whole_counters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counters]:
    """The same on each engine that has threads."""
    with ExitStack() as stack:
        yield _open_counters(request, tmp_path, stack)


@pytest.fixture
def dynamo_counters(dynamo: tuple[DynamoStore, list[Call]]) -> DynamoCounters:
    """Counters beside the items of ``dynamo``."""
    store, _ = dynamo
    return DynamoCounters(store.prefix, store.connection)


@pytest.fixture(params=["folder", "moto", _MINISTACK])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """An empty place for files, on each engine."""
    if request.param == "folder":
        yield FolderBlobs(tmp_path)
        return
    with ExitStack() as stack:
        endpoint = _endpoint_or_moto(request, stack)
        made = provision(Engine(endpoint, REGION), prefix=_take_prefix(), stage="test", services={"s3"})
        client = make_client("s3", region=REGION, endpoint_url=endpoint, credentials=LOCAL_CREDENTIALS)
        stack.callback(client.close)
        yield S3Blobs(client, made.bucket)


@pytest.fixture(params=["sqlite-memory", "sqlite-file", "moto", _MINISTACK])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Queue]:
    """Empty queues named ``mail`` and ``jobs``, on each engine, by the real clock."""
    with ExitStack() as stack:
        if request.param.startswith("sqlite"):
            path = ":memory:" if request.param == "sqlite-memory" else tmp_path / "queue.sqlite"
            local = SqliteQueue(path, time.time)
            stack.callback(local.close)
            yield local
            return
        endpoint = _endpoint_or_moto(request, stack)
        made = provision(Engine(endpoint, REGION), prefix=_take_prefix(), stage="test", services={"sqs"})
        client = make_client("sqs", region=REGION, endpoint_url=endpoint, credentials=LOCAL_CREDENTIALS)
        stack.callback(client.close)
        yield SqsQueue(client, made.name_prefix)


@pytest.fixture
def load() -> Callable[[Store, Sequence[Item]], None]:
    """Puts many items that are not there yet, in transactions well within the limits."""

    def put_all(store: Store, items: Sequence[Item]) -> None:
        for start in range(0, len(items), 8):
            writes = [Put(item, Absent()) for item in items[start : start + 8]]
            store.transact(writes, str(uuid.uuid4()))

    return put_all


def _open_store(request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> Store:
    if request.param.startswith("sqlite"):
        local = SqliteStore(":memory:" if request.param == "sqlite-memory" else folder / "store.sqlite")
        stack.callback(local.close)
        return local
    return _open_dynamo(_endpoint_or_moto(request, stack), stack)


def _open_counters(request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> Counters:
    if request.param.startswith("sqlite"):
        path = ":memory:" if request.param == "sqlite-memory" else folder / "counters.sqlite"
        local = SqliteCounters(path, lambda: 0)
        stack.callback(local.close)
        return local
    store = _open_dynamo(_endpoint_or_moto(request, stack), stack)
    return DynamoCounters(store.prefix, store.connection)


def _open_dynamo(
    endpoint: str | None, stack: ExitStack, observe: Callable[[Call], None] | None = None
) -> DynamoStore:
    made = provision(Engine(endpoint, REGION), prefix=_take_prefix(), stage="test", services={"dynamodb"})
    store = DynamoStore(
        made.name_prefix,
        region=REGION,
        endpoint_url=endpoint,
        credentials=LOCAL_CREDENTIALS,
        patience=PATIENCE,
        observe=observe,
    )
    stack.callback(store.close)
    return store


def _endpoint_or_moto(request: pytest.FixtureRequest, stack: ExitStack) -> str | None:
    if request.param == "moto":
        stack.enter_context(mock_aws())
        return None
    return _endpoint(request)


def _endpoint(request: pytest.FixtureRequest) -> str:
    endpoint: str = request.getfixturevalue(f"{request.param.replace('-', '_')}_endpoint")
    return endpoint


def _take_prefix() -> str:
    return f"t{next(_prefixes)}"
