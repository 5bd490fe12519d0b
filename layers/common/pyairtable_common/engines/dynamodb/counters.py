"""``Counters`` on DynamoDB: items of the identity table, each changed by single conditional updates.

An update that is sent again after its answer was lost may count twice; a condition never
lets a window grant more than its limit.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from pyairtable_common.domain.rate_limits import Limit, Taken, Window, locked
from pyairtable_common.engines.dynamodb.failures import to_store_error
from pyairtable_common.repositories.keys import COUNTERS
from pyairtable_common.repositories.ports import Table

_ROUNDS = 8
_SORT_KEY = "WINDOW"


class Connection(Protocol):
    """What sends a call to DynamoDB and raises botocore's errors: the store's connection."""

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]: ...


class DynamoCounters:
    """Counters by name, in the identity table of the deployment whose tables' names begin with ``prefix``.

    DynamoDB removes a counter some time after it is over.
    """

    def __init__(self, prefix: str, connection: Connection) -> None:
        self._table = prefix + Table.IDENTITY.value
        self._connection = connection

    def take(self, name: str, amount: int, limit: Limit, now_ms: int) -> Taken:
        """One call where a window opens, two where one is open or a refusal begins a lock."""
        fresh = Window(now_ms, min(amount, limit.permits))
        is_over = {":by": now_ms - limit.window_ms}
        for _ in range(_ROUNDS):
            done, window = self._set(name, fresh, limit, "attribute_not_exists(v) OR opened <= :by", is_over)
            if done:
                return Taken(fresh.taken, now_ms + limit.window_ms)
            if window is None:
                continue
            granted = min(amount, limit.permits - window.taken)
            if granted <= 0:
                return Taken(0, self._refuse(name, window, limit, now_ms))
            if self._add(name, window, granted, limit):
                return Taken(granted, window.opened_ms + limit.window_ms)
        return Taken(0, now_ms)

    def clear(self, name: str) -> None:
        self._call("DeleteItem", {"Key": _key(name)})

    def _add(self, name: str, window: Window, granted: int, limit: Limit) -> bool:
        values = {":granted": granted, ":opened": window.opened_ms, ":room": limit.permits - granted}
        condition = "opened = :opened AND v <= :room"
        return self._update(name, "SET v = v + :granted", condition, values)[0]

    def _refuse(self, name: str, window: Window, limit: Limit, now_ms: int) -> int:
        """When the refusal ends; the first refusal of a limit with a lock begins it."""
        if limit.lock_ms and window.taken <= limit.permits:
            condition = "opened = :seen AND v <= :permits"
            values = {":seen": window.opened_ms, ":permits": limit.permits}
            done, other = self._set(name, locked(limit, now_ms), limit, condition, values)
            window = locked(limit, now_ms) if done or other is None else other
        return window.opened_ms + limit.window_ms

    def _set(
        self, name: str, window: Window, limit: Limit, condition: str, values: Mapping[str, int]
    ) -> tuple[bool, Window | None]:
        """Puts the window in place if the condition holds; otherwise the one that is there."""
        ends = (window.opened_ms + limit.window_ms) // 1000 + 1
        whole = {**values, ":set_opened": window.opened_ms, ":set_taken": window.taken, ":set_ttl": ends}
        update = "SET opened = :set_opened, v = :set_taken, #ttl = :set_ttl"
        return self._update(name, update, condition, whole)

    def _update(
        self, name: str, update: str, condition: str, values: Mapping[str, int]
    ) -> tuple[bool, Window | None]:
        names = {"ExpressionAttributeNames": {"#ttl": "ttl"}} if "#ttl" in update else {}
        request = {
            "Key": _key(name),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {name: {"N": str(value)} for name, value in values.items()},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **names,
        }
        try:
            self._call("UpdateItem", request)
        except _Refused as refused:
            return False, refused.window
        return True, None

    def _call(self, operation: str, arguments: Mapping[str, Any]) -> None:
        try:
            self._connection.dispatch(operation, {"TableName": self._table, **arguments})
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and _code(error) == "ConditionalCheckFailedException":
                raise _Refused(_window(error)) from error
            raise to_store_error(error) from error


class _Refused(Exception):
    """The condition does not hold for the window that is there."""

    def __init__(self, window: Window | None) -> None:
        super().__init__()
        self.window = window


def _key(name: str) -> Mapping[str, Mapping[str, str]]:
    return {"pk": {"S": COUNTERS + name}, "sk": {"S": _SORT_KEY}}


def _code(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))


def _window(error: ClientError) -> Window | None:
    """PynamoDB's error leaves the item out; botocore's, its cause, has it."""
    for each in (error, error.__cause__):
        item = each.response.get("Item") if isinstance(each, ClientError) else None
        if item:
            return Window(int(item["opened"]["N"]), int(item["v"]["N"]))
    return None
