"""What an open call costs must not tell whether an address is known (T22): the work it does, and the time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from metered import MeteredStore
from pyairtable_common.application.accounts import AccountDraft, request_account
from pyairtable_common.application.recovery import request_reset, request_verification
from pyairtable_common.application.sessions import login
from pyairtable_common.domain.errors import InvalidCredentials
from pyairtable_common.engines.security.passwords import Argon2Passwords
from pyairtable_common.engines.sqlite.queue import SqliteQueue
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.ports import Job
from world import PASSWORD, World

Ask = Callable[[World, str], None]
UNKNOWN = "bob-000000000000@example.org"


class CountingPasswords:
    """Argon2id that counts how often it works."""

    def __init__(self) -> None:
        self.hashes = 0
        self._passwords = Argon2Passwords()

    def hash(self, password: str) -> str:
        self.hashes += 1
        return self._passwords.hash(password)

    def verify(self, hashed: str | None, password: str) -> bool:
        self.hashes += 1
        return self._passwords.verify(hashed, password)


class CountingQueue:
    """A queue that counts what it is sent."""

    def __init__(self, queue: SqliteQueue) -> None:
        self.sent = 0
        self._queue = queue

    def send(self, queue: str, body: bytes, delay_seconds: int = 0) -> None:
        self.sent += 1
        self._queue.send(queue, body, delay_seconds)

    def receive(self, queue: str, limit: int = 10, visibility_seconds: int = 30) -> Sequence[Job]:
        return self._queue.receive(queue, limit, visibility_seconds)

    def acknowledge(self, queue: str, receipt: str) -> None:
        self._queue.acknowledge(queue, receipt)


@dataclass(frozen=True, slots=True)
class Work:
    """What a call did: round trips and units at the store, hashes, jobs."""

    round_trips: int
    read_units: int
    write_units: int
    hashes: int
    jobs: int


def fail_to_log_in(world: World, email: str) -> None:
    with pytest.raises(InvalidCredentials):
        login(world.services, email, "a wrong password, long enough")


def sign_up(world: World, email: str) -> None:
    request_account(world.services, AccountDraft(email, PASSWORD, "Somebody"))


CALLS: dict[str, tuple[Ask, Work]] = {
    "login": (fail_to_log_in, Work(2, 3, 0, 1, 0)),
    "register": (sign_up, Work(1, 0, 2, 1, 1)),
    "forgot": (lambda world, email: request_reset(world.services, email), Work(0, 0, 0, 0, 1)),
    "resend": (lambda world, email: request_verification(world.services, email), Work(0, 0, 0, 0, 1)),
}


@pytest.mark.parametrize("name", CALLS)
def test_known_and_unknown_addresses_take_the_same_work(tmp_path: Path, name: str) -> None:
    ask, expected = CALLS[name]
    store, passwords = MeteredStore(SqliteStore(":memory:")), CountingPasswords()
    world = World(tmp_path, store=store)
    queue = CountingQueue(SqliteQueue(":memory:", lambda: world.clock.now_ms() / 1000))
    world.services = replace(world.services, passwords=passwords, queue=queue)
    known = world.sign_up("Ada").email
    for email in (known, UNKNOWN):
        store.bill.clear()
        passwords.hashes = queue.sent = 0
        ask(world, email)
        bill = store.bill
        did = Work(bill.round_trips, bill.read_units, bill.write_units, passwords.hashes, queue.sent)
        assert did == expected, email


@pytest.mark.nightly
@pytest.mark.parametrize("name", CALLS)
def test_known_and_unknown_addresses_take_the_same_time(tmp_path: Path, name: str) -> None:
    ask, _ = CALLS[name]
    world = World(tmp_path)
    known = world.sign_up("Ada").email
    turns = count()

    def seconds(email: str) -> float:
        started = perf_counter()
        ask(world, email)
        return perf_counter() - started

    def pair() -> tuple[float, float]:
        """Known, unknown; who goes first changes each time."""
        if next(turns) % 2:
            return seconds(known), seconds(UNKNOWN)
        unknown = seconds(UNKNOWN)
        return seconds(known), unknown

    pairs = [pair() for _ in range(500 if CALLS[name][1].hashes else 5000)]
    known_time, unknown_time = (median(times) for times in zip(*pairs, strict=True))
    assert abs(known_time - unknown_time) / known_time < 0.05
