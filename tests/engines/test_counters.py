"""What the counters' port promises, on every engine, and what they cost on DynamoDB."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from pyairtable_common.domain.rate_limits import Limit, Taken, Window, take_from
from pyairtable_common.engines.dynamodb.calls import Call, MeasuredConnection
from pyairtable_common.engines.dynamodb.counters import DynamoCounters
from pyairtable_common.engines.dynamodb.store import DynamoStore
from pyairtable_common.repositories.ports import Counters, Unavailable

NOW = 1_780_000_000_000
FIVE = Limit(5, 1000)
FIVE_LOCKED = Limit(5, 1000, lock_ms=30_000)


def test_a_window_grants_its_limit_and_no_more(counters: Counters) -> None:
    granted = [counters.take("a", 1, FIVE, NOW + n).granted for n in range(7)]
    assert granted == [1, 1, 1, 1, 1, 0, 0]


def test_a_window_opens_with_the_first_permit_and_ends_when_it_is_over(counters: Counters) -> None:
    assert counters.take("a", 5, FIVE, NOW) == Taken(5, NOW + 1000)
    assert counters.take("a", 1, FIVE, NOW + 999) == Taken(0, NOW + 1000)
    assert counters.take("a", 1, FIVE, NOW + 1000) == Taken(1, NOW + 2000)


def test_the_last_lease_is_what_is_left(counters: Counters) -> None:
    assert [counters.take("a", 3, FIVE, NOW).granted for _ in range(3)] == [3, 2, 0]
    assert counters.take("b", 9, FIVE, NOW).granted == 5


def test_the_first_refusal_locks_and_later_ones_do_not_prolong_it(counters: Counters) -> None:
    counters.take("a", 5, FIVE_LOCKED, NOW)
    until = NOW + 400 + 30_000
    assert counters.take("a", 1, FIVE_LOCKED, NOW + 400) == Taken(0, until)
    for later in (NOW + 401, NOW + 1000, NOW + 20_000, until - 999, until - 1):
        assert counters.take("a", 1, FIVE_LOCKED, later) == Taken(0, until)
    assert counters.take("a", 1, FIVE_LOCKED, until) == Taken(1, until + 1000)


def test_each_name_counts_for_itself(counters: Counters) -> None:
    counters.take("a", 5, FIVE_LOCKED, NOW)
    counters.take("a", 1, FIVE_LOCKED, NOW)
    assert counters.take("ab", 5, FIVE_LOCKED, NOW).granted == 5


def test_what_is_cleared_is_forgotten_and_may_be_cleared_twice(counters: Counters) -> None:
    counters.take("a", 5, FIVE, NOW)
    counters.clear("a")
    counters.clear("a")
    assert counters.take("a", 5, FIVE, NOW).granted == 5


def test_an_engine_answers_as_the_rule_says_whatever_comes(counters: Counters) -> None:
    dice = random.Random(12)
    limits = [FIVE, FIVE_LOCKED, Limit(40, 5000), Limit(1, 100, lock_ms=700)]
    windows: dict[str, Window] = {}
    now = NOW
    for _ in range(150):
        now += dice.choice([0, 1, 90, 300, 1000, 8000])
        number = dice.randrange(len(limits))
        name, amount = f"n{number}", dice.randrange(1, 7)
        windows[name], expected = take_from(windows.get(name), amount, limits[number], now)
        assert counters.take(name, amount, limits[number], now) == expected


@pytest.mark.parametrize("amount", [1, 3])
def test_many_callers_at_once_get_the_limit_and_not_one_more(whole_counters: Counters, amount: int) -> None:
    limit = Limit(50, 60_000, lock_ms=1000)
    with ThreadPoolExecutor(32) as threads:
        taken = list(threads.map(lambda _: whole_counters.take("a", amount, limit, NOW), range(96)))
    assert sum(each.granted for each in taken) == 50


def test_a_take_is_one_call_where_a_window_opens_and_two_where_one_is_open(
    dynamo: tuple[DynamoStore, list[Call]], dynamo_counters: DynamoCounters
) -> None:
    _, calls = dynamo
    spent = []
    for now in (NOW, NOW, NOW + 60_000):
        calls.clear()
        dynamo_counters.take("a", 5, Limit(10, 60_000), now)
        spent.append([call.operation for call in calls])
    assert spent == [["UpdateItem"], ["UpdateItem"] * 2, ["UpdateItem"]]


class Stammering:
    """A connection that sends some calls twice, as a client does whose answer was lost, and drops some."""

    def __init__(self, connection: MeasuredConnection, dice: random.Random) -> None:
        self._connection = connection
        self._dice = dice

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        fate = self._dice.randrange(4)
        if fate == 0:
            raise ConnectTimeoutError(endpoint_url="lost on the way")
        answer = self._connection.dispatch(operation_name, operation_kwargs)
        if fate == 1:
            raise ReadTimeoutError(endpoint_url="carried out, the answer lost")
        return self._connection.dispatch(operation_name, operation_kwargs) if fate == 2 else answer


def test_whatever_is_lost_or_sent_twice_no_window_grants_more_than_its_limit(
    dynamo: tuple[DynamoStore, list[Call]],
) -> None:
    store, _ = dynamo
    counters = DynamoCounters(store.prefix, Stammering(store.connection, random.Random(4)))
    limit = Limit(20, 1000, lock_ms=5000)
    granted: Counter[int] = Counter()
    for n in range(300):
        with suppress(Unavailable):
            taken = counters.take("a", 1 + n % 3, limit, NOW + n * 40)
            granted[taken.ends_ms] += taken.granted
    assert len([ends for ends, permits in granted.items() if permits]) >= 2
    assert max(granted.values()) <= 20
