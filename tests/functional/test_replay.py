"""Replaying the log of a base gives what is stored and what clients are shown, whatever was written."""

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fault_stage import items_of
from log_replay import Contents, apply, require_true_log, stored_contents
from pyairtable_common.application.replica import Replicas
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.bases import load_base
from pyairtable_common.repositories.event_log import MissingEvent, read_events
from pyairtable_common.repositories.ports import Delete, Item, Key, Put, Table, VersionIs
from world import BaseOf, World

STEPS = 150
SEEDS = range(4)


class Writer:
    """Writes whatever comes to its mind to a base, by seed; some of it is refused."""

    def __init__(self, base: BaseOf, seed: int) -> None:
        self._base = base
        self._random = random.Random(seed)
        self._names = ["Name", "Age", "Member", "Team", "Notes", "Born"]
        self._record_ids: list[str] = []

    def step(self, number: int) -> None:
        acts = [self._create, self._change, self._change, self._delete, self._add_field, self._alter_field]
        act = self._random.choices(acts, [6, 6, 6, 3, 1, 1])[0]
        act(number)

    def _create(self, number: int) -> None:
        rows = [{"fields": self._row(number)} for _ in range(self._random.randint(1, 10))]
        answer = self._base.owner.expect(200, "POST", self._base.path, {"records": rows})
        self._record_ids += [record["id"] for record in answer["records"]]

    def _change(self, number: int) -> None:
        chosen = self._chosen()
        records = [{"id": one, "fields": self._row(number)} for one in chosen]
        method = self._random.choice(["PATCH", "PUT"])
        wanted = 200 if chosen else 422
        self._base.owner.expect(wanted, method, self._base.path, {"records": records})

    def _delete(self, _number: int) -> None:
        chosen = self._chosen()
        query = [("records[]", one) for one in chosen]
        self._base.owner.expect(200 if chosen else 422, "DELETE", self._base.path, query=query)
        self._record_ids = [one for one in self._record_ids if one not in chosen]

    def _add_field(self, number: int) -> None:
        body = {"name": f"Field {number}", "type": "singleLineText"}
        self._base.owner.expect(200, "POST", f"{self._schema_path}/fields", body)
        self._names.append(f"Field {number}")

    def _alter_field(self, number: int) -> None:
        place = self._random.randrange(5, len(self._names))
        body = {"name": f"Renamed {number}"}
        self._base.owner.expect(200, "PATCH", f"{self._schema_path}/fields/{self._names[place]}", body)
        self._names[place] = f"Renamed {number}"

    @property
    def _schema_path(self) -> str:
        return f"/v0/meta/bases/{self._base.id}/tables/{self._base.tables[0]['id']}"

    def _chosen(self) -> list[str]:
        return self._random.sample(self._record_ids, min(len(self._record_ids), self._random.randint(1, 10)))

    def _row(self, number: int) -> Mapping[str, Any]:
        values: dict[str, Any] = {
            "Name": f"row {number}",
            "Age": self._random.choice([None, 0, 1.5, number]),
            "Member": self._random.choice([True, False, None]),
            "Team": self._random.choice(["Red", "Blue", ""]),
            "Notes": "\n".join(["line"] * self._random.randint(0, 3)),
        }
        names = self._random.sample(sorted(values), self._random.randint(0, len(values)))
        return {name: values[name] for name in names}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_log_tells_what_is_stored_after_any_writes(tmp_path: Path, seed: int) -> None:
    store = SqliteStore(":memory:")
    world = World(tmp_path, store=store, seed=seed)
    base = world.sign_up().create_base()
    writer = Writer(base, seed)
    for number in range(STEPS):
        writer.step(number)
        if number % 10 == 0:
            require_true_log(store, base.id)
    contents = require_true_log(store, base.id)
    assert len(contents.records[base.tables[0]["id"]]) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_replica_kept_by_the_log_lists_what_one_that_is_built_anew_lists(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed=seed)
    base = world.sign_up().create_base()
    writer = Writer(base, seed)
    query = [("sort[0][field]", "Age"), ("sort[0][direction]", "desc"), ("sort[1][field]", "Name")]
    kept = world.services.replicas
    for number in range(STEPS):
        writer.step(number)
        if number % 5 == 0:
            listed = base.owner.expect(200, "GET", base.path, query=query)
            natural = base.owner.expect(200, "GET", base.path)
            _swap_replicas(world, Replicas())
            assert base.owner.expect(200, "GET", base.path, query=query)["records"] == listed["records"]
            assert "offset" in natural or ids(natural) == sorted(ids(listed))
            _swap_replicas(world, kept)


def test_what_was_there_at_any_number_can_be_told_from_the_log(tmp_path: Path) -> None:
    """Time travel: the log up to a number gives what was stored when the base was there."""
    store = SqliteStore(":memory:")
    base = World(tmp_path, store=store).sign_up().create_base()
    writer = Writer(base, 7)
    stored: dict[int, Contents] = {}
    for number in range(40):
        writer.step(number)
        head = load_base(store, base.id)
        assert head is not None
        stored[head.sequence] = stored_contents(store, base.id)
    told = Contents()
    compared = 0
    for event in read_events(store, Table.BASES, base.id, 0):
        apply(told, event)
        if event.sequence in stored:
            assert told == stored[event.sequence]
            compared += 1
    assert compared == len(stored)


def test_a_stored_record_that_the_log_does_not_tell_is_found(tmp_path: Path) -> None:
    """The comparison that every other test relies on can fail."""
    store, base = _base_with_ten_records(tmp_path)
    record = next(iter(_items_under(store, keys.records(base.id, base.tables[0]["id"])).values()))
    store.transact([Delete(record.key, VersionIs(record.version))], "1")
    with pytest.raises(AssertionError):
        require_true_log(store, base.id)


def test_a_gap_in_the_log_is_found(tmp_path: Path) -> None:
    store, base = _base_with_ten_records(tmp_path)
    base.create({"Name": "later"})
    store.transact([Delete(keys.event(Table.BASES, base.id, 2), VersionIs(2))], "1")
    with pytest.raises(MissingEvent):
        require_true_log(store, base.id)


def test_an_event_that_tells_of_another_value_is_found(tmp_path: Path) -> None:
    store, base = _base_with_ten_records(tmp_path)
    path = f"{base.path}/{base.owner.expect(200, 'GET', base.path)['records'][0]['id']}"
    for name in ("first", "second", "third"):
        base.owner.expect(200, "PATCH", path, {"fields": {"Name": name}})
    second, third = (keys.event(Table.BASES, base.id, number) for number in (4, 5))
    items = store.get([second, third])
    swapped = Item(third, items[third].version, items[second].data)
    store.transact([Put(swapped, VersionIs(items[third].version))], "1")
    with pytest.raises(AssertionError):
        require_true_log(store, base.id)


def ids(answer: Mapping[str, Any]) -> list[str]:
    return [record["id"] for record in answer["records"]]


def _base_with_ten_records(folder: Path) -> tuple[SqliteStore, BaseOf]:
    store = SqliteStore(":memory:")
    base = World(folder, store=store).sign_up().create_base()
    base.create(*({"Name": str(number)} for number in range(10)))
    return store, base


def _items_under(store: SqliteStore, pk: str) -> Mapping[Key, Item]:
    return {key: item for key, item in items_of(store).items() if key.pk == pk}


def _swap_replicas(world: World, replicas: Replicas) -> None:
    world.services = replace(world.services, replicas=replicas)
