"""DynamoDB Streams read by polling: for workers beside a local engine; in AWS a stream invokes Lambdas."""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from pynamodb.connection import Connection

from pyairtable_common.engines.dynamodb.models import KEEPS_STREAM, to_item
from pyairtable_common.repositories.ports import Change, Key, Table

_MAX_RECORDS = 1000
# A closed shard is read to its end; an open one gives an empty answer when there is no more for now.
_ANSWERS_A_SHARD = 100


class StreamReader:
    """Reads the stream of a table, shard by shard, oldest first.

    A position is ``shard:sequence``, several joined by commas: how far each shard was read.
    Order is kept within a partition; across shards that are open at once there is none.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._arns: dict[str, str] = {}
        self._opening = Lock()
        self._opened: Any = None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def read(self, table: Table, table_name: str, after: str | None, limit: int) -> Sequence[Change]:
        if table not in KEEPS_STREAM:
            raise ValueError(f"{table.value} keeps no stream")
        arn = self._find_stream(table_name)
        shards = self._list_shards(arn)
        positions = {shard: at for shard, at in _parse_position(after).items() if shard in shards}
        changes: list[Change] = []
        for shard in shards:
            for record in self._read_shard(arn, shard, positions.get(shard), limit - len(changes)):
                positions[shard] = record["SequenceNumber"]
                changes.append(_to_change(table, record, _format_position(positions)))
            if len(changes) >= limit:
                break
        return changes

    @property
    def _client(self) -> Any:  # noqa: ANN401 (botocore makes its clients at run time)
        with self._opening:
            if self._opened is None:
                self._opened = self._connection.session.create_client(
                    "dynamodbstreams",
                    self._connection.region,
                    endpoint_url=self._connection.host,
                    config=self._connection.client.meta.config,
                )
        return self._opened

    def _find_stream(self, table_name: str) -> str:
        if table_name not in self._arns:
            described = self._connection.dispatch("DescribeTable", {"TableName": table_name})
            self._arns[table_name] = described["Table"]["LatestStreamArn"]
        return self._arns[table_name]

    def _list_shards(self, arn: str) -> Sequence[str]:
        shards: list[Mapping[str, Any]] = []
        start: dict[str, str] = {}
        while True:
            described = self._client.describe_stream(StreamArn=arn, **start)["StreamDescription"]
            shards.extend(described["Shards"])
            if "LastEvaluatedShardId" not in described:
                break
            start = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}
        shards.sort(key=lambda shard: int(shard["SequenceNumberRange"].get("StartingSequenceNumber", 0)))
        return [shard["ShardId"] for shard in shards]

    def _read_shard(
        self, arn: str, shard: str, sequence: str | None, limit: int
    ) -> Iterator[Mapping[str, Any]]:
        iterator = self._start(arn, shard, sequence)
        for _ in range(_ANSWERS_A_SHARD):
            if iterator is None or limit <= 0:
                return
            answer = self._client.get_records(ShardIterator=iterator, Limit=min(limit, _MAX_RECORDS))
            records = [record["dynamodb"] for record in answer["Records"]]
            yield from records
            limit -= len(records)
            iterator = answer.get("NextShardIterator") if records else None

    def _start(self, arn: str, shard: str, sequence: str | None) -> str | None:
        where = (
            {"ShardIteratorType": "TRIM_HORIZON"}
            if sequence is None
            else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": sequence}
        )
        answer = self._client.get_shard_iterator(StreamArn=arn, ShardId=shard, **where)
        iterator: str | None = answer.get("ShardIterator")
        return iterator


def _parse_position(position: str | None) -> dict[str, str]:
    parts = [part.rpartition(":") for part in position.split(",")] if position else []
    return {shard: sequence for shard, _, sequence in parts}


def _format_position(positions: Mapping[str, str]) -> str:
    return ",".join(f"{shard}:{sequence}" for shard, sequence in positions.items())


def _to_change(table: Table, record: Mapping[str, Any], position: str) -> Change:
    key = Key(table, record["Keys"]["pk"]["S"], record["Keys"]["sk"]["S"])
    image = record.get("NewImage")
    return Change(position, key, None if image is None else to_item(table, image))
