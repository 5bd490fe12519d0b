"""Many writers at once on one base: one record that all update, and records that each creates.

As a program, one process of writers: it takes its orders as JSON on the command
line and prints, as JSON, what was acknowledged.
"""

import json
import logging
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from log_replay import require_true_log
from pyairtable_common.domain.clock import SystemClock
from pyairtable_common.domain.events import Kind
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import Store, Table
from pyairtable_common.repositories.records import changes_of
from world import World

_JOIN_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where to write, and as whom."""

    token: str
    base_id: str
    table_id: str
    record_id: str
    field_id: str


@dataclass(frozen=True, slots=True)
class Load:
    """``first`` numbers the writers, so that no two write the same value."""

    writers: int
    updates: int
    creates: int
    first: int = 0

    @property
    def commits(self) -> int:
        return self.writers * (self.updates + self.creates)


@dataclass(slots=True)
class Acknowledged:
    """What writers were told: values written, ids made, and every other answer's status."""

    values: list[int]
    record_ids: list[str]
    refused: list[int]
    seconds: float = 0.0
    longest: float = 0.0


def prepare(world: World) -> Target:
    """A base with the one record that all will update."""
    person = world.sign_up()
    base = person.create_base()
    (made,) = base.create({"Name": "shared", "Age": -1})
    ages = [field["id"] for field in base.tables[0]["fields"] if field["name"] == "Age"]
    token = person.personal_token("data.records:read", "data.records:write")
    return Target(token, base.id, base.tables[0]["id"], made["id"], ages[0])


def write_at_once(world: World, target: Target, load: Load) -> Acknowledged:
    """Runs the writers, each in a thread of its own, begun together."""
    done = Acknowledged([], [], [])
    barrier = threading.Barrier(load.writers + 1)
    numbers = range(load.first, load.first + load.writers)
    threads = [
        threading.Thread(target=_write, args=(world, target, load, number, done, barrier), daemon=True)
        for number in numbers
    ]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join(_JOIN_SECONDS)
    done.seconds = time.perf_counter() - started
    return done


def require_nothing_lost(store: Store, target: Target, done: Acknowledged) -> None:
    """Each acknowledged write has exactly one event, in a dense log that tells what is stored."""
    contents = require_true_log(store, target.base_id)
    events = list(read_events(store, Table.BASES, target.base_id, 0))
    told: list[object] = []
    for event in events:
        if event.kind is Kind.RECORDS_CHANGED:
            after = changes_of(event.data).get(target.record_id, {}).get("after")
            told += [after[target.field_id]] if isinstance(after, dict) else []
    assert Counter(told[1:]) == Counter(done.values)
    records = contents.records[target.table_id]
    assert records[target.record_id].cells[target.field_id] == told[-1]
    assert len(set(done.record_ids)) == len(done.record_ids)
    assert records.keys() == {target.record_id, *done.record_ids}
    written = len(done.values) + len(done.record_ids)
    assert len(events) == written + 2
    assert len({event.operation_id for event in events}) == len(events)


def _write(
    world: World, target: Target, load: Load, number: int, done: Acknowledged, barrier: threading.Barrier
) -> None:
    table = f"/v0/{target.base_id}/{target.table_id}"
    barrier.wait()
    for turn in range(max(load.updates, load.creates)):
        if turn < load.updates:
            value = number * 10_000 + turn
            body = {"fields": {"Age": value}}
            _send(world, target, done, ("PATCH", f"{table}/{target.record_id}", body), value)
        if turn < load.creates:
            _send(world, target, done, ("POST", table, {"fields": {"Name": f"{number}-{turn}"}}), None)


def _send(
    world: World, target: Target, done: Acknowledged, request: tuple[str, str, object], value: int | None
) -> None:
    started = time.perf_counter()
    answer = world.call(*request, token=target.token)
    done.longest = max(done.longest, time.perf_counter() - started)
    if answer.status != 200:
        done.refused.append(answer.status)
    elif value is None:
        done.record_ids.append(answer.json["id"])
    else:
        assert answer.json["fields"]["Age"] == value
        done.values.append(value)


def _main(arguments: Sequence[str]) -> None:
    orders = json.loads(arguments[0])
    logging.disable(logging.CRITICAL)
    printed, sys.stdout = sys.stdout, sys.stderr
    with tempfile.TemporaryDirectory() as folder:
        world = World(
            Path(folder), store=SqliteStore(orders["file"]), clock=SystemClock(), seed=orders["seed"]
        )
        done = write_at_once(world, Target(**orders["target"]), Load(**orders["load"]))
    print(json.dumps(asdict(done)), file=printed)


if __name__ == "__main__":
    _main(sys.argv[1:])
