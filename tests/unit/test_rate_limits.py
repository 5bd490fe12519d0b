"""Admitting by leases: exact over containers and threads, by a clock that stands still."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from counting import CountingCounters
from pyairtable_common.application.rate_limits import Budget, RateLimiter
from pyairtable_common.config import MissingSetting, read_config
from pyairtable_common.domain.errors import RateLimited
from pyairtable_common.domain.rate_limits import PROFILES, Limit
from pyairtable_common.engines.sqlite.counters import SqliteCounters
from world import UNLIMITED, FakeClock

FIVE = Budget("base:app1", Limit(5, 1000, lock_ms=30_000))
THOUSAND = Budget("user:usr1", Limit(1000, 60_000))


class Installation:
    """Containers that share counters and a clock."""

    def __init__(self, containers: int = 1) -> None:
        self.clock = FakeClock()
        self.counters = CountingCounters(SqliteCounters(":memory:", self.clock.now_ms))
        self.outages = 0
        self.containers = [
            RateLimiter(self.counters, self.clock, UNLIMITED, self._note) for _ in range(containers)
        ]

    def _note(self) -> None:
        self.outages += 1

    def admits(self, *budgets: Budget, container: int = 0) -> bool:
        try:
            self.containers[container].admit(budgets)
        except RateLimited:
            return False
        return True


def admitted(answers: Sequence[bool]) -> int:
    return sum(answers)


def test_the_sixth_in_the_second_is_refused_for_thirty_seconds_and_not_longer() -> None:
    one = Installation()
    assert [one.admits(FIVE) for _ in range(6)] == [True] * 5 + [False]
    for _ in range(299):
        one.clock.sleep(0.1)
        assert not one.admits(FIVE)
    one.clock.sleep(0.1)
    assert [one.admits(FIVE) for _ in range(6)] == [True] * 5 + [False]


def test_five_in_every_second_go_on_for_ever() -> None:
    one = Installation()
    for _ in range(50):
        assert [one.admits(FIVE) for _ in range(5)] == [True] * 5
        one.clock.sleep(1)


def test_a_refusal_says_when_to_come_back() -> None:
    one = Installation()
    for _ in range(5):
        one.admits(FIVE)
    one.clock.sleep(0.4)
    with pytest.raises(RateLimited) as refused:
        one.containers[0].admit([FIVE])
    assert refused.value.retry_seconds == 30
    one.clock.sleep(29.5)
    with pytest.raises(RateLimited) as refused:
        one.containers[0].admit([FIVE])
    assert refused.value.retry_seconds == 1


@pytest.mark.parametrize("budget", [FIVE, THOUSAND, Budget("x", Limit(33, 60_000))])
@pytest.mark.parametrize("containers", [1, 4, 32])
def test_callers_at_once_in_several_containers_never_get_more_than_the_limit(
    budget: Budget, containers: int
) -> None:
    one = Installation(containers)
    permits = budget.limit.permits
    with ThreadPoolExecutor(32) as threads:
        calls = range(permits * 2 + 64)
        answers = list(threads.map(lambda n: one.admits(budget, container=n % containers), calls))
    unspent = (budget.limit.lease - 1) * containers
    assert permits - unspent <= admitted(answers) <= permits


def test_one_container_uses_a_limit_up_to_the_last_permit() -> None:
    one = Installation()
    assert admitted([one.admits(THOUSAND) for _ in range(1100)]) == 1000


def test_a_large_limit_asks_the_counters_once_for_every_lease() -> None:
    one = Installation()
    for _ in range(1000):
        assert one.admits(THOUSAND)
    assert len(one.counters.asked) == 1000 // THOUSAND.limit.lease == 20


def test_a_lease_ends_with_its_window() -> None:
    one = Installation(2)
    assert one.admits(THOUSAND)
    one.clock.sleep(60)
    answers = [one.admits(THOUSAND, container=n % 2) for n in range(2000)]
    assert admitted(answers) == 1000


def test_a_container_remembers_a_refusal_and_asks_nobody() -> None:
    one = Installation()
    for _ in range(6):
        one.admits(FIVE)
    one.counters.asked.clear()
    assert admitted([one.admits(FIVE) for _ in range(100)]) == 0
    assert one.counters.asked == []


def test_another_container_learns_of_a_lock_when_it_asks() -> None:
    one = Installation(2)
    for _ in range(6):
        one.admits(FIVE)
    one.clock.sleep(29)
    assert not one.admits(FIVE, container=1)


def test_a_known_refusal_of_one_budget_spends_no_other() -> None:
    one = Installation()
    small = Budget("small", Limit(1, 1000, lock_ms=60_000))
    for _ in range(20):
        one.admits(FIVE, small)
        one.clock.sleep(0.01)
    assert [one.admits(FIVE) for _ in range(4)] == [True, True, True, False]


def test_without_shared_counters_each_container_keeps_the_limit_and_tells() -> None:
    one = Installation(2)
    one.counters.away = True
    for container in range(2):
        assert admitted([one.admits(FIVE, container=container) for _ in range(20)]) == 5
    assert one.outages == 12
    one.counters.away = False
    one.clock.sleep(31)
    assert admitted([one.admits(FIVE, container=n % 2) for n in range(20)]) == 5


def test_what_is_reserved_is_exact_and_what_is_cleared_is_given_back() -> None:
    one = Installation()
    (limiter,) = one.containers
    for _ in range(5):
        limiter.reserve(FIVE)
    with pytest.raises(RateLimited):
        limiter.reserve(FIVE)
    limiter.clear(FIVE.name)
    limiter.reserve(FIVE)


def test_the_profile_is_a_setting_and_must_be_one_there_is() -> None:
    settings = {
        "PYAIRTABLE_ENGINE": "sqlite",
        "PYAIRTABLE_PUBLIC_URL": "http://127.0.0.1",
        "PYAIRTABLE_DATA_DIR": "data",
    }
    assert read_config(settings).rate_limits == "generous"
    for name in PROFILES:
        assert read_config({**settings, "PYAIRTABLE_RATE_LIMITS": name}).rate_limits == name
    with pytest.raises(MissingSetting, match="generous, airtable, off"):
        read_config({**settings, "PYAIRTABLE_RATE_LIMITS": "none"})
