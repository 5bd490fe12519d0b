"""Every write of auth, users and workspaces, every store call going wrong in every way, then repeated (T14).

The client does what clients do: after a crash or a 503 it repeats the request
under the same Idempotency-Key, and the repeat may go wrong too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from faulty import Crash, Fault, FaultyStore
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import Item, Key, Table
from quick_passwords import QuickPasswords
from world import PASSWORD, Answer, World

MOST_CALLS = 5
FAULTS = list(product(Fault, range(MOST_CALLS)))
Planned = tuple[Fault, int]
ENDS_THE_PROCESS = {Fault.CRASH_BEFORE, Fault.CRASH_AFTER}


@dataclass(frozen=True, slots=True)
class Stage:
    """An installation whose store can be told to fail, and two people in it."""

    world: World
    store: FaultyStore
    ada_id: str
    ada: str
    bob_id: str
    workspace_id: str

    def until_answered(self, faults: Sequence[Planned], call: Callable[[], Answer]) -> Answer:
        """The answer that the client gets in the end, its first attempts meeting these faults."""
        for fault in faults:
            self.store.plan(*fault)
            try:
                answer = call()
            except Crash:
                continue
            if answer.status != 503:
                self.store.plan(None)
                return answer
        self.store.plan(None)
        return call()

    def items(self) -> Mapping[Key, Item]:
        """Everything there is now, by replaying the change streams."""
        found: dict[Key, Item] = {}
        for table in Table:
            for change in self.store.changes(table, None, 10_000):
                if change.item is None:
                    found.pop(change.key, None)
                else:
                    found[change.key] = change.item
        return found

    def require_whole(self) -> None:
        """Nothing is half there: accounts, memberships both ways round, dense logs up to their heads."""
        items = self.items()
        for key, item in items.items():
            if key.sk == "USER" and key.pk.startswith("usr"):
                assert keys.credentials(key.pk) in items
            if key.sk == "HEAD":
                sequences = [event.sequence for event in read_events(self.store, key.table, key.pk, 0)]
                assert sequences == list(range(1, item.version + 1))
            if key.sk.startswith(keys.MEMBERS):
                other = keys.user_workspace(key.sk.removeprefix(keys.MEMBERS), key.pk)
                assert items[other].data == item.data
            if key.sk.startswith(keys.USER_WORKSPACES):
                assert keys.member(key.sk.removeprefix(keys.USER_WORKSPACES), key.pk) in items

    def count(self, sk: str, pk: str = "") -> int:
        """How many items begin with this sort key, in partitions that begin with this."""
        return sum(key.sk.startswith(sk) and key.pk.startswith(pk) for key in self.items())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    engine = SqliteStore(":memory:")
    store = FaultyStore(engine)
    world = World(folder, store=store)
    world.services = replace(world.services, passwords=QuickPasswords())
    ada, bob = world.sign_up("Ada"), world.sign_up("Bob")
    try:
        yield Stage(world, store, ada.user_id, ada.token, bob.user_id, ada.workspace_id)
    finally:
        engine.close()


def run(
    folder: Path, act: Callable[[Stage], Answer], check: Callable[[Stage, Any], None], status: int
) -> None:
    """Every fault at every call, then, in the client's repeat, again every fault at every call."""
    for first, second in product(_faults_of(folder, act), repeat=2):
        with staged(folder) as stage:
            answer = stage.until_answered([first, second], partial(act, stage))
            assert answer.status == status, (first, second, answer)
            stage.require_whole()
            check(stage, answer.json)


def _faults_of(folder: Path, act: Callable[[Stage], Answer]) -> Sequence[Planned]:
    """Every fault at each call that ``act`` makes, and at two that it makes when it has to try again."""
    with staged(folder) as stage:
        stage.store.plan(None)
        act(stage)
        return list(product(Fault, range(stage.store.calls + 2)))


KEY = {"idempotency-key": "once"}
CAROL = {"email": "carol@example.org", "password": PASSWORD, "name": "Carol"}


def test_a_registration_happens_once(folder: Path) -> None:
    def check(stage: Stage, answer: Any) -> None:
        me = stage.world.expect(200, "GET", "/v1/auth/me", token=answer["accessToken"])
        assert me["workspaces"] == [{**answer["workspace"], "role": "owner"}]
        assert (
            stage.count("USER", "usr")
            == stage.count("CREDENTIALS", "usr")
            == stage.count("USER", "email:")
            == 3
        )
        assert stage.count("HEAD", "wsp") == 3

    run(folder, lambda stage: stage.world.call("POST", "/v1/auth/register", CAROL, headers=KEY), check, 201)


def test_a_workspace_is_made_once(folder: Path) -> None:
    def act(stage: Stage) -> Answer:
        return stage.world.call("POST", "/v1/workspaces", {"name": "X"}, token=stage.ada, headers=KEY)

    def check(stage: Stage, answer: Any) -> None:
        assert stage.count("HEAD", "wsp") == 3
        assert stage.world.expect(200, "GET", f"/v1/workspaces/{answer['id']}", token=stage.ada) == answer

    run(folder, act, check, 201)


def test_a_member_is_added_once(folder: Path) -> None:
    def act(stage: Stage) -> Answer:
        path, body = (
            f"/v1/workspaces/{stage.workspace_id}/members",
            {"userId": stage.bob_id, "role": "editor"},
        )
        return stage.world.call("POST", path, body, token=stage.ada, headers=KEY)

    def check(stage: Stage, answer: Any) -> None:
        assert (answer["userId"], answer["role"]) == (stage.bob_id, "editor")
        assert stage.count(keys.MEMBERS, stage.workspace_id) == 2
        assert len(list(read_events(stage.store, Table.TENANCY, stage.workspace_id, 0))) == 2

    run(folder, act, check, 201)


def test_a_renaming_happens(folder: Path) -> None:
    def act(stage: Stage) -> Answer:
        return stage.world.call("PATCH", "/v1/users/me", {"name": "Ada L."}, token=stage.ada)

    def check(stage: Stage, answer: Any) -> None:
        assert answer["name"] == "Ada L."
        assert stage.items()[keys.user(stage.ada_id)].version == 2

    run(folder, act, check, 200)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault[0] not in ENDS_THE_PROCESS])
def test_a_token_is_made_once_however_often_the_engine_fails(folder: Path, fault: Planned) -> None:
    body = {"name": "x", "scopes": ["data.records:read"]}
    with staged(folder) as stage:
        answer = stage.until_answered(
            [fault], lambda: stage.world.call("POST", "/v1/auth/tokens", body, token=stage.ada)
        )
        assert answer.status == 201
        assert stage.count(keys.PERSONAL_TOKENS) == 1
        assert stage.world.call("GET", "/v1/auth/me", token=answer.json["token"]).status == 200


@pytest.mark.parametrize("fault", FAULTS)
def test_a_deleted_token_is_gone(folder: Path, fault: Planned) -> None:
    body = {"name": "x", "scopes": ["data.records:read"]}
    with staged(folder) as stage:
        made = stage.world.expect(201, "POST", "/v1/auth/tokens", body, token=stage.ada)
        path = f"/v1/auth/tokens/{made['id']}"
        answer = stage.until_answered([fault], lambda: stage.world.call("DELETE", path, token=stage.ada))
        gone_already = fault[0] is Fault.CRASH_AFTER and answer.status == 403
        assert answer.status == 200 or gone_already
        assert stage.world.call("GET", "/v1/auth/me", token=made["token"]).status == 401


@pytest.mark.parametrize("fault", FAULTS)
def test_a_login_answers_with_a_session_that_holds(folder: Path, fault: Planned) -> None:
    with staged(folder) as stage:
        world = stage.world
        world.expect(201, "POST", "/v1/auth/register", CAROL)
        body = {"email": CAROL["email"], "password": PASSWORD}
        answer = stage.until_answered([fault], lambda: world.call("POST", "/v1/auth/login", body))
        assert answer.status == 200
        assert world.call("GET", "/v1/auth/me", token=answer.json["accessToken"]).status == 200
