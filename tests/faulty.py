"""A store in which one call goes wrong: the fault injector at the port."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TypeVar

from pyairtable_common.repositories.ports import Change, Item, Key, Page, Store, Table, Unavailable, Write

T = TypeVar("T")


class Crash(BaseException):
    """The process ends here; no handler of ours can stop it."""


class Fault(Enum):
    CRASH_BEFORE = "the process ends before the call"
    CRASH_AFTER = "the process ends after the call was carried out"
    REFUSED = "the engine refuses the call"
    LOST_ANSWER = "the call is carried out, its answer is lost"


class FaultyStore:
    """Passes calls on to ``store``; between ``plan`` and the fault, calls are counted from 0."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls = 0
        self._fault: Fault | None = None
        self._at = 0

    def plan(self, fault: Fault | None, at: int = 0) -> None:
        """The call of number ``at`` from now on goes wrong, once."""
        self._fault, self._at, self.calls = fault, at, 0

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        return self._through(lambda: self._store.get(keys))

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
        return self._through(
            lambda: self._store.query(
                table, pk, first=first, after=after, prefix=prefix, limit=limit, descending=descending
            )
        )

    def transact(self, writes: Sequence[Write], token: str) -> None:
        self._through(lambda: self._store.transact(writes, token))

    def changes(self, table: Table, after: str | None, limit: int = 100) -> Sequence[Change]:
        """Is never counted and never goes wrong: tests look at what happened through it."""
        return self._store.changes(table, after, limit)

    def _through(self, call: Callable[[], T]) -> T:
        number, self.calls = self.calls, self.calls + 1
        fault = self._fault if number == self._at else None
        if fault is None:
            return call()
        self._fault = None
        if fault is Fault.CRASH_BEFORE:
            raise Crash
        if fault is Fault.REFUSED:
            raise Unavailable("refused")
        answer = call()
        if fault is Fault.CRASH_AFTER:
            raise Crash
        del answer
        raise Unavailable("the answer was lost")
