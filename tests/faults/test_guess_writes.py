"""Signing in under the guard, with every store call going wrong in every way, and then again."""

from pathlib import Path

import pytest

from counting import CountingCounters
from faulty import Crash, Fault, FaultyStore
from pyairtable_common.domain.credentials import digest
from pyairtable_common.domain.rate_limits import PROFILES
from pyairtable_common.domain.users import email_digest
from pyairtable_common.engines.sqlite.counters import SqliteCounters
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import keys
from world import PASSWORD, FakeClock, Person, World

HOME = "198.51.100.1"


class Guarded:
    """A guarded installation on a faulty store."""

    def __init__(self, folder: Path) -> None:
        clock = FakeClock()
        self.store = FaultyStore(SqliteStore(":memory:"))
        self.counters = CountingCounters(SqliteCounters(":memory:", clock.now_ms))
        self.world = World(
            folder, store=self.store, clock=clock, counters=self.counters, limits=PROFILES["off"]
        )
        self.ada: Person = self.world.sign_up("Ada")

    def log_in(self) -> int:
        body = {"email": self.ada.email, "password": PASSWORD}
        return self.world.call("POST", "/v1/auth/login", body, address=HOME).status

    @property
    def is_home_familiar(self) -> bool:
        key = keys.familiar_network(email_digest(self.ada.email), digest(HOME))
        return key in self.store.get([key])


def count_calls(folder: Path) -> int:
    guarded = Guarded(folder)
    guarded.store.plan(None)
    assert guarded.log_in() == 200
    return guarded.store.calls


@pytest.mark.parametrize("fault", Fault)
def test_a_sign_in_that_goes_wrong_anywhere_works_when_it_is_tried_again(
    tmp_path: Path, fault: Fault
) -> None:
    calls = count_calls(tmp_path)
    assert calls >= 5
    for at in range(calls):
        guarded = Guarded(tmp_path)
        guarded.store.plan(fault, at)
        try:
            status = guarded.log_in()
        except Crash:
            status = 0
        guarded.store.plan(None)
        assert status in (0, 200, 503), (fault, at)
        assert guarded.log_in() == 200
        assert guarded.is_home_familiar


def test_a_sign_in_goes_on_while_the_counters_are_away_but_no_guess_more_than_the_limit(
    tmp_path: Path,
) -> None:
    guarded = Guarded(tmp_path)
    guarded.counters.away = True
    assert guarded.log_in() == 200
    wrong = {"email": guarded.ada.email, "password": "a wrong password, long enough"}
    statuses = [guarded.world.call("POST", "/v1/auth/login", wrong, address=HOME).status for _ in range(8)]
    assert set(statuses[:4]) == {401}
    assert set(statuses[5:]) == {429}
