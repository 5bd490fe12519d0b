"""The connection to DynamoDB: bounded in time and retries, and each call measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

from pynamodb.connection import Connection

from pyairtable_common.engines.aws import Credentials, Patience

_WRITES = frozenset({"TransactWriteItems", "UpdateItem", "DeleteItem"})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the service.

    ``units`` is what DynamoDB says it consumed; ``attempts`` counts the HTTP
    requests the call took; ``seconds`` is how long the caller waited.
    """

    operation: str
    read_units: float
    write_units: float
    attempts: int
    seconds: float


Observer: TypeAlias = Callable[[Call], None]
_Response: TypeAlias = dict[str, Any]


class MeasuredConnection(Connection):
    """PynamoDB's connection, which reports each call to ``observe``, a failed one without units."""

    def __init__(
        self,
        region: str,
        endpoint_url: str | None,
        credentials: Credentials | None,
        patience: Patience,
        observe: Observer | None,
    ) -> None:
        super().__init__(
            region=region,
            host=endpoint_url,
            connect_timeout_seconds=patience.connect,
            read_timeout_seconds=patience.read,
            retry_configuration={"total_max_attempts": patience.attempts, "mode": "standard"},
            max_pool_connections=32,
            aws_access_key_id=credentials.access_key_id if credentials else None,
            aws_secret_access_key=credentials.secret_access_key if credentials else None,
        )
        self._observe = observe

    def open(self) -> None:
        """Builds the client now, while Lambda's init phase pays for it."""
        _ = self.client

    def dispatch(self, operation_name: str, operation_kwargs: _Response) -> _Response:
        started = perf_counter()
        response: _Response = {}
        try:
            response = super().dispatch(operation_name, operation_kwargs)
        finally:
            if self._observe is not None:
                self._observe(_measure(operation_name, response, perf_counter() - started))
        return response


def _measure(operation: str, response: Mapping[str, Any], seconds: float) -> Call:
    consumed = response.get("ConsumedCapacity") or []
    tables = consumed if isinstance(consumed, list) else [consumed]
    units = sum(float(table.get("CapacityUnits") or 0) for table in tables)
    is_write = operation in _WRITES
    return Call(
        operation=operation,
        read_units=0.0 if is_write else units,
        write_units=units if is_write else 0.0,
        attempts=1 + int(response.get("ResponseMetadata", {}).get("RetryAttempts", 0)),
        seconds=seconds,
    )
