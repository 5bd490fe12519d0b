"""Receipts of a person's own operations: for writes that have no event log of their own."""

from collections.abc import Mapping, Sequence

from pyairtable_common.domain.events import Operation
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.repositories import receipts
from pyairtable_common.repositories.ports import Item, Key, Put, Table


def own_receipt_keys(operation: Operation) -> Sequence[Key]:
    """Where the receipt lies, if the client named the operation."""
    return receipts.receipt_keys(Table.IDENTITY, operation.actor_id, operation)


def result_before(found: Mapping[Key, Item], operation: Operation) -> JSONObject | None:
    """What the operation came to before. Raises ``IdempotencyMismatch`` for another request's key."""
    for key in own_receipt_keys(operation):
        return receipts.result_before(found.get(key), operation, _no_parts)
    return None


def receipt_puts(found: Mapping[Key, Item], operation: Operation, result: JSONObject) -> Sequence[Put]:
    """The receipt's write; ``found`` was read beforehand and tells of an expired one in its place."""
    puts: list[Put] = []
    for key in own_receipt_keys(operation):
        old = found.get(key)
        version = 1 if old is None else old.version + 1
        puts += receipts.receipt_puts(key, old, operation, result, version)
    return puts


def _no_parts(keys: Sequence[Key]) -> Mapping[Key, Item | None]:
    """A person's own answers are small: none lies in parts."""
    return dict.fromkeys(keys)
