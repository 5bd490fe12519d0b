"""``Store`` on DynamoDB."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from pyairtable_common.engines.aws import Credentials, Patience
from pyairtable_common.engines.dynamodb.calls import MeasuredConnection, Observer
from pyairtable_common.engines.dynamodb.failures import to_store_error, to_transaction_error
from pyairtable_common.engines.dynamodb.models import (
    StoredItem,
    bind_models,
    to_item,
    to_key_attributes,
    to_model,
)
from pyairtable_common.engines.dynamodb.ranges import SortRange, plan_range
from pyairtable_common.engines.dynamodb.streams import StreamReader
from pyairtable_common.repositories.ports import (
    MAX_GET_KEYS,
    Absent,
    Change,
    Check,
    Delete,
    Expectation,
    Item,
    Key,
    Page,
    Put,
    Table,
    Unavailable,
    VersionIs,
    Write,
    check_limits,
    is_storable,
)

_EMPTY_ANSWERS = 4
_FIRST_WAIT_SECONDS = 0.05
# PynamoDB sends a transaction grouped by kind, whatever the order it was written in.
_ORDER_SENT = {Check: 0, Delete: 1, Put: 2}


class DynamoStore:
    """The three tables whose names begin with ``prefix``.

    ``endpoint_url`` and ``credentials`` are for local engines. ``observe`` is told of
    each call, with the capacity it consumed. ``sleep`` and ``jitter`` (0 to 1) pace the
    retries of a batch that DynamoDB answered in part.
    """

    def __init__(
        self,
        prefix: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        credentials: Credentials | None = None,
        patience: Patience | None = None,
        observe: Observer | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.prefix = prefix
        self._connection = MeasuredConnection(
            region, endpoint_url, credentials, patience or Patience(), observe
        )
        self._connection.open()
        self._models = bind_models(prefix, region)
        self._tables = {model.Meta.table_name: table for table, model in self._models.items()}
        self._streams = StreamReader(self._connection)
        self._sleep = sleep
        self._jitter = jitter

    @property
    def connection(self) -> MeasuredConnection:
        """For what else lies in these tables."""
        return self._connection

    def close(self) -> None:
        self._connection.client.close()
        self._streams.close()

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        if len(keys) > MAX_GET_KEYS:
            raise ValueError(f"at most {MAX_GET_KEYS} keys a get, not {len(keys)}")
        found: dict[Key, Item] = {}
        wanted: dict[str, Any] | None = self._to_request(keys)
        empty_answers = 0
        while wanted:
            response = self._call("BatchGetItem", {"RequestItems": wanted})
            before = len(found)
            found.update((item.key, item) for item in self._to_items(response["Responses"]))
            wanted = response.get("UnprocessedKeys")
            if wanted and len(found) == before:
                empty_answers += 1
                self._wait(empty_answers)
        return found

    def query(
        self,
        table: Table,
        pk: str,
        *,
        first: str = "",
        after: str | None = None,
        prefix: str = "",
        limit: int | None = None,
        descending: bool = False,
    ) -> Page:
        bounds = plan_range(first, after, prefix, descending=descending)
        if bounds is None:
            return Page((), more=False)
        response = self._call("Query", self._to_query(table, pk, bounds, limit, descending=descending))
        return Page(
            [to_item(table, attributes) for attributes in response["Items"]],
            more="LastEvaluatedKey" in response,
        )

    def transact(self, writes: Sequence[Write], token: str) -> None:
        check_limits(writes)
        keys = [write.key for write in sorted(writes, key=lambda write: _ORDER_SENT[type(write)])]
        try:
            with TransactWrite(connection=self._connection, client_request_token=token) as transaction:
                for write in writes:
                    self._add(transaction, write)
        except TransactWriteError as error:
            raise to_transaction_error(error, keys) from error

    def changes(self, table: Table, after: str | None, limit: int = 100) -> Sequence[Change]:
        """As the port says, for the tables that keep a stream; shards are read one after another."""
        try:
            return self._streams.read(table, self._models[table].Meta.table_name, after, limit)
        except (BotoCoreError, ClientError) as error:
            raise to_store_error(error) from error

    def _call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._connection.dispatch(operation, arguments)
        except (BotoCoreError, ClientError) as error:
            raise to_store_error(error) from error

    def _wait(self, empty_answers: int) -> None:
        if empty_answers == _EMPTY_ANSWERS:
            raise Unavailable("DynamoDB processed none of the keys")
        self._sleep(_FIRST_WAIT_SECONDS * 2**empty_answers * self._jitter())

    def _to_request(self, keys: Sequence[Key]) -> dict[str, Any]:
        request: dict[str, Any] = {}
        # DynamoDB refuses a batch with a key that can't be, where the port says it is just not there.
        for key in filter(is_storable, dict.fromkeys(keys)):
            name = self._models[key.table].Meta.table_name
            request.setdefault(name, {"Keys": [], "ConsistentRead": True})["Keys"].append(
                to_key_attributes(key)
            )
        return request

    def _to_items(self, responses: Mapping[str, Sequence[Mapping[str, Any]]]) -> Sequence[Item]:
        return [to_item(self._tables[name], each) for name, found in responses.items() for each in found]

    def _to_query(
        self, table: Table, pk: str, bounds: SortRange, limit: int | None, *, descending: bool
    ) -> dict[str, Any]:
        model = self._models[table]
        condition = model.pk == pk
        narrowed = _to_condition(model, bounds)
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        expression = (condition if narrowed is None else condition & narrowed).serialize(names, values)
        query: dict[str, Any] = {
            "TableName": model.Meta.table_name,
            "ConsistentRead": True,
            "ScanIndexForward": not descending,
            "KeyConditionExpression": expression,
            "ExpressionAttributeNames": {alias: name for name, alias in names.items()},
            "ExpressionAttributeValues": values,
        }
        if bounds.start is not None:
            query["ExclusiveStartKey"] = to_key_attributes(Key(table, pk, bounds.start))
        if limit is not None:
            query["Limit"] = limit
        return query

    def _add(self, transaction: TransactWrite, write: Write) -> None:
        model = self._models[write.key.table]
        condition = _to_expectation(model, write.expect)
        if isinstance(write, Put):
            transaction.save(to_model(model, write.item), condition)
        elif isinstance(write, Delete):
            transaction.delete(model(write.key.pk, write.key.sk), condition)
        else:
            transaction.condition_check(model, write.key.pk, write.key.sk, condition)


def _to_condition(model: type[StoredItem], bounds: SortRange) -> Condition | None:
    if bounds.low == bounds.prefix:
        return model.sk.startswith(bounds.prefix) if bounds.prefix else None
    if bounds.high is None:
        return model.sk >= bounds.low
    return model.sk.between(bounds.low, bounds.high)


def _to_expectation(model: type[StoredItem], expect: Expectation) -> Condition:
    if isinstance(expect, Absent):
        return model.pk.does_not_exist()
    if isinstance(expect, VersionIs):
        return model.v == expect.version
    return model.pk.exists()
