"""Limits over the whole installation: every route, every kind of caller, by a clock that stands still."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from string import hexdigits

import pytest

from counting import CountingCounters
from metered import MeteredStore
from pyairtable_common.domain.credentials import compose_personal_token
from pyairtable_common.domain.permissions import Scope
from pyairtable_common.domain.rate_limits import PROFILES, Limit, Profile
from pyairtable_common.engines.sqlite.counters import SqliteCounters
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.web.policy import POLICIES, Gate
from world import ROUTERS, UNLIMITED, Answer, BaseOf, FakeClock, Person, World

AIRTABLE = PROFILES["airtable"]
ALL_SCOPES = [scope.value for scope in Scope]
ROUTES = sorted({(route.method, route.path) for router in ROUTERS.values() for route in router})
ONE = Limit(1, 1000)


class Installation:
    """Containers over one store, one set of counters and one clock."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.clock = FakeClock()
        embedded = SqliteStore(":memory:")
        stack.callback(embedded.close)
        counters = SqliteCounters(":memory:", self.clock.now_ms)
        stack.callback(counters.close)
        self.store, self.counters = MeteredStore(embedded), CountingCounters(counters)
        self._folder = folder
        self._seeds = iter(range(1, 1000))

    def container(self, limits: Profile = UNLIMITED) -> World:
        return World(
            self._folder,
            store=self.store,
            clock=self.clock,
            seed=next(self._seeds),
            counters=self.counters,
            limits=limits,
        )


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with ExitStack() as stack:
        yield Installation(tmp_path, stack)


@pytest.fixture
def ada(installation: Installation) -> Person:
    return installation.container().sign_up("Ada")


@pytest.fixture
def base(ada: Person) -> BaseOf:
    return ada.create_base()


def read(world: World, base: BaseOf, token: str) -> Answer:
    return world.call("GET", base.path, token=token)


def test_airtables_own_limits_hold_end_to_end(installation: Installation, ada: Person, base: BaseOf) -> None:
    world = installation.container(AIRTABLE)
    assert [read(world, base, ada.token).status for _ in range(6)] == [200] * 5 + [429]
    refused = read(world, base, ada.token)
    assert refused.json == {
        "error": {
            "type": "RATE_LIMIT_REACHED",
            "message": "Rate limit exceeded. Please try again later",
        }
    }
    assert refused.headers["retry-after"] == "30"
    assert refused.headers["access-control-allow-origin"] == "*"
    installation.clock.sleep(29.9)
    assert read(world, base, ada.token).status == 429
    assert read(installation.container(AIRTABLE), base, ada.token).status == 429
    installation.clock.sleep(0.1)
    assert [read(world, base, ada.token).status for _ in range(6)] == [200] * 5 + [429]


def test_fifty_a_second_over_all_tokens_of_a_user(installation: Installation, ada: Person) -> None:
    tokens = [ada.token, *(ada.personal_token(*ALL_SCOPES) for _ in range(4))]
    world = installation.container(AIRTABLE)
    answers = [world.call("GET", "/v0/meta/whoami", token=tokens[n % 5]).status for n in range(60)]
    assert answers == [200] * 50 + [429] * 10
    answer = world.call("GET", "/v1/users/me", token=ada.token)
    assert (answer.status, answer.error_type, answer.headers["retry-after"]) == (
        429,
        "RATE_LIMIT_REACHED",
        "30",
    )


def test_thirty_two_callers_at_once_in_several_containers_get_five(
    installation: Installation, ada: Person, base: BaseOf
) -> None:
    worlds = [installation.container(AIRTABLE) for _ in range(4)]
    tokens = [ada.personal_token(*ALL_SCOPES) for _ in range(8)]
    with ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(lambda n: read(worlds[n % 4], base, tokens[n % 8]).status, range(64)))
    assert sorted(answers) == [200] * 5 + [429] * 59


def test_what_one_uses_up_no_other_base_token_user_or_tenant_lacks(
    installation: Installation, ada: Person, base: BaseOf
) -> None:
    bob = installation.container().sign_up("Bob")
    other, bobs, token = ada.create_base(), bob.create_base(), ada.personal_token(*ALL_SCOPES)
    limits = Profile(
        token=Limit(8, 1000), user=Limit(50, 1000), base=Limit(5, 1000), address=None, guesses=None
    )
    world = installation.container(limits)
    assert [read(world, base, ada.token).status for _ in range(9)] == [200] * 5 + [429] * 4
    assert read(world, other, token).status == 200
    assert [read(world, bobs, bob.token).status for _ in range(6)] == [200] * 5 + [429]


def test_a_stranger_cannot_use_up_a_bases_limit(
    installation: Installation, ada: Person, base: BaseOf
) -> None:
    eve = installation.container().sign_up("Eve")
    world = installation.container(AIRTABLE)
    assert [read(world, base, eve.token).status for _ in range(40)] == [403] * 40
    assert [read(world, base, ada.token).status for _ in range(6)] == [200] * 5 + [429]
    assert read(world, base, eve.token).status == 403


def test_a_forged_token_spends_nobodys_budget(installation: Installation, ada: Person, base: BaseOf) -> None:
    token = ada.personal_token(*ALL_SCOPES)
    world = installation.container(AIRTABLE)
    forged = compose_personal_token(token.partition(".")[0], ada.user_id, lambda _: 7)
    mutated = [token[:-9] + digit + token[-8:] for digit in hexdigits[:16]]
    for text in [*mutated, *[forged] * 100]:
        if text != token:
            assert read(world, base, text).status == 401
    assert installation.counters.asked == []
    assert [read(world, base, token).status for _ in range(6)] == [200] * 5 + [429]
    assert read(world, base, forged).status == 401


def test_a_refusal_that_a_container_knows_of_costs_neither_a_read_nor_a_write(
    installation: Installation, ada: Person, base: BaseOf
) -> None:
    world = installation.container(AIRTABLE)
    for _ in range(6):
        read(world, base, ada.token)
    installation.store.bill.clear()
    installation.counters.asked.clear()
    assert [read(world, base, ada.token).status for _ in range(50)] == [429] * 50
    assert (installation.store.bill.round_trips, installation.counters.asked) == (0, [])


@pytest.mark.parametrize(
    ("profile", "first", "next_hundred"),
    [("off", 0, 0), ("generous", 3, 0), ("airtable", 2, 200)],
)
def test_what_a_read_costs_by_profile(
    installation: Installation, ada: Person, base: BaseOf, profile: str, first: int, next_hundred: int
) -> None:
    """Asked of the shared counters: one or two write units each (tests/engines), all of a request at once."""
    (record,) = base.create({"Name": "Ada"})
    world, path = installation.container(PROFILES[profile]), f"{base.path}/{record['id']}"
    world.expect(200, "GET", path, token=ada.token)
    installation.clock.sleep(120)
    installation.counters.asked.clear()
    world.expect(200, "GET", path, token=ada.token)
    assert len(installation.counters.asked) == first
    installation.counters.asked.clear()
    installation.store.bill.clear()
    for _ in range(100):
        installation.clock.sleep(0.25 if profile == "airtable" else 0)
        world.expect(200, "GET", path, token=ada.token)
    assert len(installation.counters.asked) == next_hundred
    assert installation.store.bill.round_trips == 100


def test_requests_go_on_while_the_counters_are_away_and_a_metric_tells(
    installation: Installation, ada: Person, base: BaseOf, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.counters.away = True
    world = installation.container(AIRTABLE)
    capsys.readouterr()
    assert [read(world, base, ada.token).status for _ in range(6)] == [200] * 5 + [429]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    # Two budgets a request; the metric says how many questions stayed open.
    assert [line["LimiterOutages"] for line in lines if "LimiterOutages" in line] == [[2.0]] * 6


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_escapes_the_limit_of_its_caller(
    installation: Installation, ada: Person, base: BaseOf, method: str, path: str
) -> None:
    gate = POLICIES[method, path].gate
    token = None if gate is Gate.OPEN else ada.personal_token(*ALL_SCOPES)
    limits = Profile(token=ONE, user=None, base=None, address=ONE, guesses=None)
    world = installation.container(limits)
    first, second = (call_any(world, ada, base, method, path, token) for _ in range(2))
    assert first.status not in (429, 500, 502, 503)
    assert (second.status, second.error_type) == (429, "RATE_LIMIT_REACHED")
    installation.clock.sleep(1)
    assert call_any(world, ada, base, method, path, token).status != 429


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if POLICIES[route].gate is Gate.BASE])
def test_every_route_of_a_base_counts_for_the_base(
    installation: Installation, ada: Person, base: BaseOf, method: str, path: str
) -> None:
    tokens = [ada.personal_token(*ALL_SCOPES) for _ in range(2)]
    world = installation.container(Profile(token=None, user=None, base=ONE, address=None, guesses=None))
    statuses = [call_any(world, ada, base, method, path, token).status for token in tokens]
    assert statuses[0] != 429
    assert statuses[1] == 429


def call_any(world: World, person: Person, base: BaseOf, method: str, path: str, token: str | None) -> Answer:
    """A request that says nothing sensible but where it goes."""
    filled = path.format_map(
        {"base": base.id, "table": base.tables[0]["id"], "workspace": person.workspace_id} | OTHERS
    )
    return world.call(method, filled, None if method == "GET" else {}, token=token)


OTHERS = {
    "record": "rec00000000000000",
    "field": "fld00000000000000",
    "token": "pat00000000000000",
    "session": "ses00000000000000",
    "user": "usr00000000000000",
    "invite": "inv00000000000000",
}
