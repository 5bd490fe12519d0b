"""How long a login takes must not tell whether an address is known (T22)."""

from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from metered import MeteredStore
from pyairtable_common.application.sessions import login
from pyairtable_common.domain.errors import InvalidCredentials
from pyairtable_common.engines.sqlite.store import SqliteStore
from world import Person, World

UNKNOWN = "nobody@example.org"


def failed_login(world: World, email: str) -> float:
    """How many seconds a login with a wrong password takes."""
    started = perf_counter()
    with pytest.raises(InvalidCredentials):
        login(world.services, email, "a wrong password, long enough")
    return perf_counter() - started


def test_known_and_unknown_addresses_cost_the_same_round_trips(tmp_path: Path) -> None:
    store = MeteredStore(SqliteStore(":memory:"))
    world = World(tmp_path, store=store)
    ada: Person = world.sign_up("Ada")
    trips = []
    for email in (ada.email, UNKNOWN):
        store.bill.clear()
        failed_login(world, email)
        trips.append(store.bill.round_trips)
    assert trips == [2, 2]


@pytest.mark.nightly
def test_known_and_unknown_addresses_take_the_same_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    ada = world.sign_up("Ada")
    pairs = [(failed_login(world, ada.email), failed_login(world, UNKNOWN)) for _ in range(500)]
    known, unknown = (median(times) for times in zip(*pairs, strict=True))
    assert abs(known - unknown) / known < 0.05
