"""The one way to write to a base or a workspace: decide on a snapshot, commit it whole, or decide again.

A commit is one transaction of head, event, items and, where the client named the
operation, a receipt. Head and event are the lock: the transaction fails if
anybody wrote through the same log since the snapshot. After any failure the log tells
whether it happened after all, since the event at that number carries the
operation's id: a lost answer neither loses nor repeats a write.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from pyairtable_common.application.attempts import attempts
from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import DomainError, RecordTooLarge, TryAgain
from pyairtable_common.domain.events import Event, Kind, Operation
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.repositories import event_log
from pyairtable_common.repositories.ports import (
    ConditionFailed,
    Item,
    Key,
    Store,
    Table,
    TooLarge,
    Unavailable,
    Write,
)
from pyairtable_common.repositories.receipts import receipt_keys, receipt_puts, result_before

_TURN_SECONDS = 8.0

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Plan(Generic[R]):
    """What a use case decided: the event to tell, the items to write, the answer to give.

    Without writes nothing happened: no event is told.
    """

    kind: Kind
    data: JSONObject
    writes: Sequence[Write]
    result: R
    changes_schema: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.writes


@dataclass(frozen=True, slots=True)
class ResultCodec(Generic[R]):
    """A use case's answer to JSON and back, for receipts."""

    encode: Callable[[R], JSONObject]
    decode: Callable[[JSONObject], R]


class LogAccess(Protocol):
    """A base or a workspace as one request sees it; its log's last event is ``sequence``."""

    @property
    def services(self) -> Services: ...

    @property
    def store(self) -> Store: ...

    @property
    def table(self) -> Table:
        """Where its log lies."""
        ...

    @property
    def owner_id(self) -> str: ...

    @property
    def sequence(self) -> int: ...

    def read(self, wanted: Iterable[Key]) -> Mapping[Key, Item | None]:
        """The items at these keys; ``None`` for those that are not there."""
        ...

    def refreshed(self, also: Sequence[Key] = ()) -> Self:
        """The same as of now; reads ``also`` in the same round trip."""
        ...

    def advance(self, event: Event, plan: Plan[R]) -> Sequence[Write]:
        """The head moved on to this event, and the event; fails if another writer was first."""
        ...


A = TypeVar("A", bound=LogAccess)


def write_log(
    access: A,
    operation: Operation,
    decide: Callable[[A, int], Plan[R]],
    results: ResultCodec[R],
) -> R:
    """Carries out ``decide(snapshot, sequence to write)`` exactly once.

    ``decide`` may run several times, on ever newer snapshots, and must depend on
    nothing else. Its errors are the caller's; nothing was written then. Raises
    ``TryAgain`` when others' writes kept coming first, or the engine stayed away.

    Writers of one process that met line up: whoever finds a line joins it, since
    its snapshot is old already. Writers of other processes are only ever met.
    """
    writer, turns = _Writer(operation, decide, results), access.services.turns
    answer = None if turns.are_taken(access.owner_id) else writer.attempt(access)
    if answer is None:
        with turns.of(access.owner_id, _TURN_SECONDS) as is_mine:
            answer = _try_until_done(writer, access) if is_mine else None
    if answer is None:
        raise TryAgain
    return answer.value


def _try_until_done(writer: "_Writer[A, R]", access: A) -> "_Answer[R] | None":
    for _ in attempts(access.services):
        answer = writer.attempt_again(access)
        if answer is not None:
            return answer
    return None


@dataclass(frozen=True, slots=True)
class _Answer(Generic[R]):
    value: R


class _Writer(Generic[A, R]):
    """One operation, tried until it is known to have happened."""

    def __init__(
        self,
        operation: Operation,
        decide: Callable[[A, int], Plan[R]],
        results: ResultCodec[R],
    ) -> None:
        self._operation = operation
        self._decide = decide
        self._results = results
        self._unsure: dict[int, R] = {}

    def attempt(self, access: A) -> _Answer[R] | None:
        """The answer, or ``None`` if it failed or may have."""
        given = self._answer_given(access)
        if given is not None:
            return given
        sequence = access.sequence + 1
        try:
            plan = self._decide(access, sequence)
        except DomainError:
            answer = self._done_meanwhile(access)
            if answer is None:
                raise
            return answer
        if plan.is_empty:
            return _Answer(plan.result)
        try:
            access.store.transact(self._writes(access, plan, sequence), self._token(sequence))
        except (ConditionFailed, Unavailable):
            self._unsure[sequence] = plan.result
            return None
        except TooLarge as error:
            raise RecordTooLarge from error
        return _Answer(plan.result)

    def attempt_again(self, access: A) -> _Answer[R] | None:
        """Looks whether an earlier attempt happened after all; if not, makes another."""
        try:
            fresh = access.refreshed(self._receipt_keys(access))
            return self._happened(fresh) or self.attempt(fresh)
        except Unavailable:
            return None

    def _done_meanwhile(self, access: A) -> _Answer[R] | None:
        """The answer, if an earlier attempt came through while this snapshot was read.

        A snapshot is several reads: what ``decide`` takes exception to may be our own doing.
        """
        if not self._unsure and not self._operation.fingerprint:
            return None
        fresh = access.refreshed(self._receipt_keys(access))
        return self._answer_given(fresh) or self._happened(fresh)

    def _happened(self, access: A) -> _Answer[R] | None:
        for sequence, result in self._unsure.items():
            if sequence <= access.sequence:
                event = event_log.read_event(access.store, access.table, access.owner_id, sequence)
                if event is not None and event.operation_id == self._operation.id:
                    return _Answer(result)
        self._unsure = {number: r for number, r in self._unsure.items() if number > access.sequence}
        return None

    def _writes(self, access: A, plan: Plan[R], sequence: int) -> Sequence[Write]:
        operation = self._operation
        event = operation.event(sequence, plan.kind, plan.data)
        return [*access.advance(event, plan), *plan.writes, *self._receipt(access, plan.result, sequence)]

    def _token(self, sequence: int) -> str:
        return f"{self._operation.id[:24]}-{sequence:x}"

    def _receipt_keys(self, access: A) -> Sequence[Key]:
        return receipt_keys(access.table, access.owner_id, self._operation)

    def _receipt(self, access: A, result: R, sequence: int) -> Sequence[Write]:
        return [
            put
            for key, old in access.read(self._receipt_keys(access)).items()
            for put in receipt_puts(key, old, self._operation, self._results.encode(result), sequence)
        ]

    def _answer_given(self, access: A) -> _Answer[R] | None:
        """The answer that this operation got before, if its receipt is there."""
        for item in access.read(self._receipt_keys(access)).values():
            result = result_before(item, self._operation, access.read)
            if result is not None:
                return _Answer(self._results.decode(result))
        return None
