"""Schedules of faults for writes to a base, and an installation on which each of them is played.

The client does what clients do: after a crash or a 503 it repeats the request
under the same Idempotency-Key, and the repeat may go wrong too. A crash takes
along everything that the process remembered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from faulty import Crash, Fault, FaultyStore
from log_replay import Contents, require_true_log
from pyairtable_common.application.replica import Replicas
from pyairtable_common.application.services import Recent
from pyairtable_common.application.turns import Turns
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import (
    Absent,
    ConditionFailed,
    Item,
    Key,
    Put,
    Store,
    Table,
    Unavailable,
    Write,
)
from world import Answer, BaseOf, World

Planned = tuple[Fault, int]
KEY = {"idempotency-key": "once"}
_EXTRA_CALLS = 2
_WRITES_AT_ONCE = 90


@dataclass(frozen=True, slots=True)
class Stage:
    """An installation whose store can be told to fail, with one base of ten records."""

    world: World
    store: FaultyStore
    base: BaseOf
    record_ids: Sequence[str]

    def call(self, method: str, path: str, body: object = None, **how: Any) -> Answer:
        """One request under the one Idempotency-Key."""
        return self.base.owner.call(method, path, body, headers=KEY, **how)

    def until_answered(self, faults: Sequence[Planned], call: Callable[[], Answer]) -> Answer:
        """The answer that the client gets in the end, its first attempts meeting these faults."""
        for fault in faults:
            self.store.plan(*fault)
            try:
                answer = call()
            except Crash:
                self.restart()
                continue
            if answer.status != 503:
                self.store.plan(None)
                return answer
            require_retriable(answer)
        self.store.plan(None)
        return call()

    def restart(self) -> None:
        """Another process from here on: it remembers nothing."""
        self.world.services = replace(
            self.world.services,
            schemas=Recent(100),
            homes=Recent(100),
            turns=Turns(),
            replicas=Replicas(),
        )

    def warm_up(self) -> None:
        """Lets the process remember what it can."""
        self.records()

    def records(self) -> Mapping[str, Mapping[str, Any]]:
        """The first table's records, by id, as a client sees them."""
        listed = self.base.owner.expect(200, "GET", self.base.path)["records"]
        return {record["id"]: record["fields"] for record in listed}

    def tables(self) -> Sequence[Mapping[str, Any]]:
        answer = self.base.owner.expect(200, "GET", f"/v0/meta/bases/{self.base.id}/tables")
        tables: Sequence[Mapping[str, Any]] = answer["tables"]
        return tables

    def contents(self) -> Contents:
        return require_true_log(self.store, self.base.id)

    def count_events(self) -> int:
        """Of the base and of its workspace."""
        owners = ((Table.BASES, self.base.id), (Table.TENANCY, self.base.owner.workspace_id))
        return sum(len(list(read_events(self.store, table, owner, 0))) for table, owner in owners)


class Template:
    """The installation that every schedule starts from."""

    def __init__(self, folder: Path) -> None:
        engine = SqliteStore(":memory:")
        self._world = World(folder, store=engine)
        self._base = self._world.sign_up().create_base()
        made = self._base.create(*({"Name": f"person {n}", "Age": n, "Team": "Red"} for n in range(10)))
        self._record_ids = [record["id"] for record in made]
        self._items = list(items_of(engine).values())
        engine.close()

    @contextmanager
    def staged(self, store_of: Callable[[Store], FaultyStore] = FaultyStore) -> Iterator[Stage]:
        """The same state each time, in a store of its own."""
        engine = SqliteStore(":memory:")
        for start in range(0, len(self._items), _WRITES_AT_ONCE):
            chunk = self._items[start : start + _WRITES_AT_ONCE]
            engine.transact([Put(item, Absent()) for item in chunk], str(start))
        store = store_of(engine)
        self._world.services = replace(self._world.services, store=store)
        stage = Stage(self._world, store, self._base, self._record_ids)
        stage.restart()
        try:
            yield stage
        finally:
            engine.close()


@dataclass(frozen=True, slots=True)
class WriteCase:
    """One write: ``act`` sends it, ``check`` sees that it happened as answered, and nothing else did."""

    name: str
    act: Callable[[Stage], Answer]
    check: Callable[[Stage, Any], None]


def schedules_of(template: Template, case: WriteCase) -> Sequence[tuple[bool, Sequence[Planned]]]:
    """Whether the process is warm, and what goes wrong in the first attempt and, warm, in its repeat."""
    warm, cold = (_faults_of(template, case, warm=warm) for warm in (True, False))
    return [
        *((True, faults) for faults in product(warm, repeat=2)),
        *((False, (fault,)) for fault in cold),
    ]


def play(template: Template, case: WriteCase) -> int:
    """Every schedule of a write; gives their number."""
    schedules = schedules_of(template, case)
    for warm, faults in schedules:
        with template.staged() as stage:
            if warm:
                stage.warm_up()
            events = stage.count_events()
            answer = stage.until_answered(faults, lambda stage=stage: case.act(stage))  # type: ignore[misc]
            assert answer.status == 200, (case.name, warm, faults, answer)
            require_done_once(stage, case, answer, events)
    return len(schedules)


def require_done_once(stage: Stage, case: WriteCase, answer: Answer, events_before: int) -> None:
    """The write happened as answered, and a repeat gets the same answer and does nothing."""
    told = stage.count_events()
    assert told == events_before + 1
    before = stage.contents()
    case.check(stage, answer.json)
    again = case.act(stage)
    assert (again.status, again.json) == (200, answer.json)
    assert stage.count_events() == told
    assert stage.contents() == before


def require_retriable(answer: Answer) -> None:
    """What a client that may try again is told."""
    assert answer.status == 503, answer
    assert answer.error_type == "RETRIABLE_ERROR"
    assert int(answer.headers["retry-after"]) > 0


def items_of(store: Store) -> Mapping[Key, Item]:
    """Everything there is now, by replaying the change streams."""
    found: dict[Key, Item] = {}
    for table in Table:
        for change in store.changes(table, None, 100_000):
            if change.item is None:
                found.pop(change.key, None)
            else:
                found[change.key] = change.item
    return found


class ThrottledStore(FaultyStore):
    """Refuses ``times`` calls in a row, from the call of number ``at`` on."""

    def throttle(self, at: int, times: int) -> None:
        self.plan(None)
        self._refused = range(at, at + times)

    _refused = range(0)

    def _through(self, call: Callable[[], Any]) -> Any:
        if self.calls in self._refused:
            self.calls += 1
            raise Unavailable("throttled")
        return super()._through(call)


class LateStore(FaultyStore):
    """The first transaction seems lost, but reaches the engine when ``delay`` further calls were made."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._engine = store
        self._late: tuple[Sequence[Write], str] | None = None
        self._delay: int | None = None
        self.landed = False

    def delay(self, calls: int) -> None:
        self._delay = calls

    def transact(self, writes: Sequence[Write], token: str) -> None:
        if self._delay is not None and self._late is None:
            self._late = (writes, token)
            raise Unavailable("timeout")
        super().transact(writes, token)

    def _through(self, call: Callable[[], Any]) -> Any:
        if self._late is not None and self._delay is not None:
            self._delay -= 1
            if self._delay < 0:
                self._delay = None
                self._land(*self._late)
        return super()._through(call)

    def _land(self, writes: Sequence[Write], token: str) -> None:
        try:
            self._engine.transact(writes, token)
        except ConditionFailed:
            return
        self.landed = True


def _faults_of(template: Template, case: WriteCase, *, warm: bool) -> Sequence[Planned]:
    """Every fault at each call that the write makes, and at two that it makes when it has to try again."""
    with template.staged() as stage:
        if warm:
            stage.warm_up()
        stage.store.plan(None)
        assert case.act(stage).status == 200
        return list(product(Fault, range(stage.store.calls + _EXTRA_CALLS)))
