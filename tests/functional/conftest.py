"""The whole installation in memory, on the embedded engine and on DynamoDB as MiniStack plays it."""

import itertools
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.provision import Engine, provision
from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, Patience
from pyairtable_common.engines.dynamodb.store import DynamoStore
from pyairtable_common.engines.sqlite.store import SqliteStore
from recording import RecordingStore
from world import FakeClock, World

REGION = "us-east-1"
LATER_MS = 4_000_000_000_000
"""In the year 2096."""
_installations = itertools.count()


@pytest.fixture(params=["sqlite", pytest.param("ministack", marks=pytest.mark.ministack)])
def store(request: pytest.FixtureRequest) -> Iterator[RecordingStore]:
    """An empty store that remembers what was written, on each engine."""
    if request.param == "sqlite":
        embedded = SqliteStore(":memory:")
        yield RecordingStore(embedded)
        embedded.close()
        return
    endpoint: str = request.getfixturevalue("ministack_endpoint")
    prefix = f"functional{next(_installations)}"
    made = provision(Engine(endpoint, REGION), prefix=prefix, stage="test", services={"dynamodb"})
    dynamo = DynamoStore(
        made.name_prefix,
        region=REGION,
        endpoint_url=endpoint,
        credentials=LOCAL_CREDENTIALS,
        patience=Patience(connect=2.0, read=20.0, attempts=3),
    )
    yield RecordingStore(dynamo)
    dynamo.close()


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, store: RecordingStore) -> World:
    """Seeded by the test's name: a server that outlives the test never sees a transaction token twice.

    Its clock is ahead of the machine's: servers drop by the latter what has expired.
    """
    seed = zlib.crc32(f"{request.node.nodeid}{os.getpid()}".encode())
    return World(tmp_path, store=store, clock=FakeClock(LATER_MS), seed=seed)
