"""Work of several steps that ends whole or not at all, whatever crashes in between.

A saga is data: a name and its steps. Its state is kept: how far it is, in which
direction, and when to go on with it. Before a step begins, the state says so; after a
crash whoever sweeps the agenda repeats that step. So a step must be idempotent, and so
must its undoing, which also has to undo a step that was done in part.

A step that finds its work impossible raises ``Blocked``: everything is undone, in
reverse, and the saga tries again after ``retry_ms`` (or is forgotten, without). A step
that cannot be undone is followed only by steps that do not raise it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import TryAgain
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.ports import ConditionFailed, Key, Store, Table, Unavailable, Write
from pyairtable_common.repositories.sagas import (
    SagaState,
    agenda_entry,
    begin_writes,
    end_writes,
    move_writes,
    saga_of,
)

LEASE_MS = 60_000
"""How long others leave a saga to whoever took it up."""

C = TypeVar("C")


class Blocked(Exception):
    """The saga cannot be carried out as things are; the text says why."""


@dataclass(frozen=True, slots=True)
class Step(Generic[C]):
    """``do`` gets what is about the saga, and its state; what it returns joins the state's memory."""

    name: str
    do: Callable[[C, SagaState], JSONObject]
    undo: Callable[[C, SagaState], None] | None = None


@dataclass(frozen=True, slots=True)
class Saga(Generic[C]):
    """Where it lies, its steps, and who it is about: ``context`` builds that from the state."""

    name: str
    table: Table
    steps: Sequence[Step[C]]
    context: Callable[[Services, SagaState], C]
    retry_ms: int | None = None


def begin_saga(store: Store, services: Services, state: SagaState) -> SagaState:
    """Keeps the intent; one for a key. Returns the state that is kept: this one, or one from before.

    ``store`` must be allowed to write the state and its agenda.
    """
    for _ in attempts(services):
        try:
            item = store.get([state.key]).get(state.key)
            if item is not None:
                return saga_of(item)
            store.transact(begin_writes(state), fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return state
    raise TryAgain


def cancel_saga(store: Store, services: Services, key: Key) -> bool:
    """Forgets a saga that has not begun; true if there is none (any more)."""
    for _ in attempts(services):
        try:
            item = store.get([key]).get(key)
            if item is None:
                return True
            state = saga_of(item)
            if state.begun:
                return False
            store.transact(end_writes(state), fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return True
    raise TryAgain


def sweep(services: Services, saga: Saga[C], most: int = 25) -> int:
    """Goes on with up to ``most`` sagas whose time has come; how many it took up.

    One that fails for want of the engine stays on the agenda, and the next sweep takes it up.
    """
    taken = 0
    for key in _due(services, saga, most):
        try:
            run_saga(services, saga, key)
        except (TryAgain, Unavailable):
            continue
        finally:
            taken += 1
    return taken


def run_saga(services: Services, saga: Saga[C], key: Key) -> None:
    """To its end, forwards or backwards. Nothing happens if another has it, or its time has not come."""
    state = _take_up(services, key)
    while state is not None:
        state = _advance(services, saga, state)


def _due(services: Services, saga: Saga[C], most: int) -> Iterator[Key]:
    page = services.store.query(saga.table, keys.agenda(saga.name), limit=most)
    now = services.clock.now_ms()
    for item in page.items:
        when, key = agenda_entry(item)
        if when > now:
            return
        yield key


def _take_up(services: Services, key: Key) -> SagaState | None:
    """The state, ours for ``LEASE_MS``."""
    item = services.store.get([key]).get(key)
    now = services.clock.now_ms()
    if item is None or saga_of(item).wake_ms > now:
        return None
    before = saga_of(item)
    return _move(services, before, replace(before, wake_ms=now + LEASE_MS, begun=True))


def _advance(services: Services, saga: Saga[C], state: SagaState) -> SagaState | None:
    if state.undoing:
        return _undo(services, saga, state)
    if state.position == len(saga.steps):
        _end(services, state)
        return None
    step = saga.steps[state.position]
    try:
        told = step.do(saga.context(services, state), state)
    except Blocked as reason:
        return _move(services, state, replace(state, undoing=True, reason=str(reason)))
    memory = {**state.memory, **told}
    return _move(services, state, replace(state, position=state.position + 1, memory=memory))


def _undo(services: Services, saga: Saga[C], state: SagaState) -> SagaState | None:
    step = saga.steps[state.position]
    if step.undo is not None:
        step.undo(saga.context(services, state), state)
    if state.position > 0:
        return _move(services, state, replace(state, position=state.position - 1))
    if saga.retry_ms is None:
        _end(services, state)
    else:
        later = services.clock.now_ms() + saga.retry_ms
        _move(services, state, replace(state, undoing=False, begun=False, wake_ms=later))
    return None


def _end(services: Services, state: SagaState) -> None:
    _write(services, state, end_writes(state))


def _move(services: Services, before: SagaState, after: SagaState) -> SagaState | None:
    """The state as it is kept now; ``None`` if another moved it: then it is theirs."""
    moved = replace(after, version=before.version + 1)
    return moved if _write(services, before, move_writes(before, after), moved) else None


def _write(
    services: Services, before: SagaState, writes: Sequence[Write], moved: SagaState | None = None
) -> bool:
    for _ in attempts(services):
        try:
            services.store.transact(writes, fresh_token(services))
        except ConditionFailed:
            item = services.store.get([before.key]).get(before.key)
            return moved is None if item is None else saga_of(item) == moved
        except Unavailable:
            continue
        return True
    raise TryAgain
