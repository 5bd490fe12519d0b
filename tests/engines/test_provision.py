"""What the local servers get from the data template, and that they are reached from this machine only."""

import itertools
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.provision import DATA_TEMPLATE, Engine, load_template, provision
from pyairtable_common.engines.aws import LOCAL_CREDENTIALS
from pyairtable_common.engines.dynamodb.store import DynamoStore
from pyairtable_common.engines.sqs.queue import SqsQueue
from pyairtable_common.repositories.ports import Absent, Item, Key, Put, Table

SERVERS = [
    pytest.param("ministack_endpoint", marks=pytest.mark.ministack),
    pytest.param("dynamodb_local_endpoint", marks=pytest.mark.dynamodb_local),
]
RESOURCES = load_template(DATA_TEMPLATE)["Resources"]
_prefixes = (f"p{number}" for number in itertools.count())


@pytest.fixture(params=SERVERS)
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(request.getfixturevalue(request.param))


def test_tables_are_as_the_template_says(engine: Engine) -> None:
    made = provision(engine, prefix=next(_prefixes), stage="test", services={"dynamodb"})
    client = engine.client("dynamodb")
    for table in Table:
        declared = RESOURCES[f"{table.value.capitalize()}Table"]["Properties"]
        described = client.describe_table(TableName=made.name_prefix + table.value)["Table"]
        assert described["KeySchema"] == declared["KeySchema"]
        assert sorted_by_name(described["AttributeDefinitions"]) == sorted_by_name(
            declared["AttributeDefinitions"]
        )
        streamed = described.get("StreamSpecification", {}).get("StreamViewType")
        assert streamed == declared.get("StreamSpecification", {}).get("StreamViewType")
        kept = client.describe_time_to_live(TableName=made.name_prefix + table.value)["TimeToLiveDescription"]
        assert (kept["TimeToLiveStatus"], kept["AttributeName"]) == ("ENABLED", "ttl")
    client.close()


def test_provisioning_again_keeps_the_data(engine: Engine) -> None:
    prefix = next(_prefixes)
    made = provision(engine, prefix=prefix, stage="test", services={"dynamodb"})
    store = DynamoStore(
        made.name_prefix,
        region=engine.region,
        endpoint_url=engine.endpoint_url,
        credentials=LOCAL_CREDENTIALS,
    )
    item = Item(Key(Table.BASES, "app1", "HEAD"), 1, b"kept")
    store.transact([Put(item, Absent())], "token")
    assert provision(engine, prefix=prefix, stage="test", services={"dynamodb"}) == made
    assert store.get([item.key]) == {item.key: item}
    store.close()


@pytest.mark.ministack
def test_a_job_that_fails_again_and_again_ends_among_the_dead_letters(ministack_endpoint: str) -> None:
    engine = Engine(ministack_endpoint)
    made = provision(engine, prefix=next(_prefixes), stage="test", services={"sqs"})
    client = engine.client("sqs")
    queue = SqsQueue(client, made.name_prefix)
    queue.send("jobs", b"poison")
    attempts = [job.attempts for _ in range(10) for job in queue.receive("jobs", visibility_seconds=0)]
    assert attempts == [1, 2, 3, 4, 5]
    assert [job.body for job in receive_soon(queue, "jobs-dead")] == [b"poison"]
    client.close()


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_listens_on_this_machine_only(request: pytest.FixtureRequest, server: str) -> None:
    port = urlsplit(request.getfixturevalue(server)).port
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    # A server bound to all interfaces would answer on the other loopback addresses too.
    with pytest.raises(OSError):  # noqa: PT011 (refused here, unreachable where there is one loopback address)
        socket.create_connection(("127.0.0.2", port), timeout=5)


def receive_soon(queue: SqsQueue, name: str) -> list[Any]:
    for _ in range(50):
        jobs = list(queue.receive(name))
        if jobs:
            return jobs
        time.sleep(0.05)
    return []


def sorted_by_name(definitions: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(definitions, key=lambda definition: definition["AttributeName"])
