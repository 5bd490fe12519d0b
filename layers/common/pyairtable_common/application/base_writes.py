"""Writing to a base: ``write_log`` on the base's own log."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from pyairtable_common.application import log_writes
from pyairtable_common.application.base_access import BaseAccess
from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.domain.events import Operation
from pyairtable_common.repositories.ports import Key, Table

__all__ = ["Plan", "ResultCodec", "receipt_keys", "write_base"]

R = TypeVar("R")


def write_base(
    access: BaseAccess,
    operation: Operation,
    decide: Callable[[BaseAccess, int], Plan[R]],
    results: ResultCodec[R],
) -> R:
    """``write_log`` for a base: same contract."""
    return write_log(access, operation, decide, results)


def receipt_keys(base_id: str, operation: Operation) -> Sequence[Key]:
    """Where the operation's receipt lies, if it leaves one; worth a place in the first read."""
    return log_writes.receipt_keys(Table.BASES, base_id, operation)
