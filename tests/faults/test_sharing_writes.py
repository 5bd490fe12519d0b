"""Every write of invites and collaborators, every store call going wrong in every way, and again (T14)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from fault_stage import items_of
from faulty import Crash, Fault, FaultyStore
from pyairtable_common.domain.invites import State
from pyairtable_common.domain.permissions import Role
from pyairtable_common.engines.sqlite.queue import SqliteQueue
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.invites import invite_of
from pyairtable_common.repositories.ports import Absent, Item, Put, Table
from pyairtable_common.repositories.tenancy import role_of
from quick_passwords import QuickPasswords
from received_mail import Mailbox
from schedules import pairs
from world import PASSWORD, Answer, BaseOf, FakeClock, Person, World

Planned = tuple[Fault, int]
KEY = {"idempotency-key": "once"}
NEWCOMER = "carol@example.org"
_EXTRA_CALLS = 2
_WRITES_AT_ONCE = 90


@dataclass(frozen=True, slots=True)
class Stage:
    """An installation whose store can be told to fail; Ada invited Bob, and somebody without an account.

    Eve has a role in Ada's base.
    """

    world: World
    store: FaultyStore
    ada: Person
    bob: Person
    eve: Person
    base: BaseOf
    links: dict[str, str]

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

    def path(self) -> str:
        return f"/v1/workspaces/{self.ada.workspace_id}/invites"

    def states(self) -> dict[str, State]:
        """What became of the invites, by address."""
        items = items_of(self.store)
        invites = [invite_of(item) for key, item in items.items() if key.sk.startswith(keys.INVITES)]
        return {invite.email: invite.state for invite in invites}

    def collaborators(self) -> dict[str, Role]:
        """The roles in Ada's base, by user id; each lies both ways round or not at all."""
        items = items_of(self.store)
        prefix = keys.collaborators(self.base.id)
        found = {
            key.sk.removeprefix(prefix): item for key, item in items.items() if key.sk.startswith(prefix)
        }
        reverse = {
            key.owner: item for key, item in items.items() if key.sk == f"{keys.USER_BASES}{self.base.id}"
        }
        assert {user: item.data for user, item in found.items()} == {
            user: item.data for user, item in reverse.items()
        }
        return {user: role_of(item) for user, item in found.items()}

    def members(self) -> int:
        """Of Ada's workspace; a membership lies both ways round or not at all."""
        items = items_of(self.store)
        memberships = [key for key in items if key.sk.startswith(keys.MEMBERS)]
        for key in memberships:
            other = keys.user_workspace(key.sk.removeprefix(keys.MEMBERS), key.pk)
            assert items[other].data == items[key].data
        assert len(memberships) == sum(key.sk.startswith(keys.USER_WORKSPACES) for key in items)
        return sum(key.pk == self.ada.workspace_id for key in memberships)

    def count_events(self) -> int:
        """In Ada's workspace, whose log is dense up to its head."""
        head = keys.workspace(self.ada.workspace_id)
        events = read_events(self.store, Table.TENANCY, self.ada.workspace_id, 0)
        sequences = [event.sequence for event in events]
        assert sequences == list(range(1, items_of(self.store)[head].version + 1))
        return len(sequences)


class Template:
    """The installation that every schedule starts from."""

    def __init__(self, folder: Path) -> None:
        engine = SqliteStore(":memory:")
        self._clock = FakeClock()
        self.world = World(folder, store=engine, clock=self._clock)
        self.folder = folder
        self.world.services = replace(self.world.services, passwords=QuickPasswords())
        self.ada, self.bob, self.eve = map(self.world.sign_up, ("Ada", "Bob", "Eve"))
        self.base = self.ada.create_base()
        body = {"userId": self.eve.user_id, "role": "editor"}
        self.ada.expect(201, "POST", _collaborators(self.base), body)
        path = f"/v1/workspaces/{self.ada.workspace_id}/invites"
        for email in (self.bob.email, NEWCOMER):
            self.ada.expect(201, "POST", path, {"email": email, "role": "editor"})
        self.links = {letter.to: letter.token for letter in Mailbox(self.world, folder).deliver()}
        self._now_ms = self._clock.milliseconds
        self._items: list[Item] = list(items_of(engine).values())
        engine.close()

    @contextmanager
    def staged(self) -> Iterator[Stage]:
        engine = SqliteStore(":memory:")
        for start in range(0, len(self._items), _WRITES_AT_ONCE):
            chunk = self._items[start : start + _WRITES_AT_ONCE]
            engine.transact([Put(item, Absent()) for item in chunk], str(start))
        store = FaultyStore(engine)
        queue = SqliteQueue(":memory:", lambda: self._clock.now_ms() / 1000)
        self.world.services = replace(self.world.services, store=store, queue=queue)
        self._clock.milliseconds = self._now_ms
        try:
            yield Stage(self.world, store, self.ada, self.bob, self.eve, self.base, self.links)
        finally:
            queue.close()
            engine.close()


@dataclass(frozen=True, slots=True)
class Case:
    """One write: ``act`` sends it, ``check`` sees that it happened as answered."""

    name: str
    status: int
    act: Callable[[Stage], Answer]
    check: Callable[[Stage, Any], None]


def _create(stage: Stage) -> Answer:
    body = {"email": "dave@example.org", "role": "read"}
    return stage.ada.call("POST", stage.path(), body, headers=KEY)


def _created(stage: Stage, answer: Any) -> None:
    assert answer["email"] == "dave@example.org"
    assert stage.states()["dave@example.org"] is State.PENDING
    assert stage.members() == 1


def _accept(stage: Stage, headers: dict[str, str] | None = None) -> Answer:
    return stage.bob.call("POST", f"/v1/invites/{stage.links[stage.bob.email]}/accept", headers=headers)


def _accepted(stage: Stage, answer: Any) -> None:
    assert (answer["userId"], answer["role"]) == (stage.bob.user_id, "editor")
    assert stage.states() == {stage.bob.email: State.ACCEPTED, NEWCOMER: State.PENDING}
    assert stage.members() == 2


def _decline(stage: Stage) -> Answer:
    return stage.world.call("POST", f"/v1/invites/{stage.links[NEWCOMER]}/decline")


def _declined(stage: Stage, _: Any) -> None:
    assert stage.states() == {stage.bob.email: State.PENDING, NEWCOMER: State.DECLINED}
    assert stage.members() == 1


def _revoke(stage: Stage) -> Answer:
    return stage.ada.call("DELETE", f"{stage.path()}/{_id_of(stage, NEWCOMER)}", headers=KEY)


def _revoked(stage: Stage, _: Any) -> None:
    assert stage.states() == {stage.bob.email: State.PENDING}


def _resend(stage: Stage) -> Answer:
    return stage.ada.call("POST", f"{stage.path()}/{_id_of(stage, NEWCOMER)}/resend", headers=KEY)


def _resent(stage: Stage, _: Any) -> None:
    link = stage.links[NEWCOMER]
    assert stage.world.call("POST", f"/v1/invites/{link}/decline").status == 422
    assert stage.states() == {stage.bob.email: State.PENDING, NEWCOMER: State.PENDING}


def _sign_up(stage: Stage) -> Answer:
    body = {"email": NEWCOMER, "password": PASSWORD, "name": "Carol", "inviteToken": stage.links[NEWCOMER]}
    return stage.world.call("POST", "/v1/auth/register", body, headers=KEY)


def _signed_up(stage: Stage, answer: Any) -> None:
    assert answer["joined"] == {"workspaceId": stage.ada.workspace_id, "role": "editor"}
    assert stage.states() == {stage.bob.email: State.PENDING, NEWCOMER: State.ACCEPTED}
    assert stage.members() == 2
    assert sum(key.sk == "CREDENTIALS" for key in items_of(stage.store)) == 4


def _id_of(stage: Stage, email: str) -> str:
    """By the token of its link, without a call to the store."""
    return stage.links[email].split(".")[1]


def _collaborators(base: BaseOf, person: Person | None = None) -> str:
    path = f"/v1/workspaces/{base.owner.workspace_id}/bases/{base.id}/collaborators"
    return path if person is None else f"{path}/{person.user_id}"


def _add(stage: Stage) -> Answer:
    body = {"userId": stage.bob.user_id, "role": "read"}
    return stage.ada.call("POST", _collaborators(stage.base), body, headers=KEY)


def _added(stage: Stage, answer: Any) -> None:
    assert answer["userId"] == stage.bob.user_id
    assert stage.collaborators() == {stage.eve.user_id: Role.EDITOR, stage.bob.user_id: Role.READ}


def _add_in_airtables_words(stage: Stage) -> Answer:
    people = [{"user": {"id": stage.bob.user_id}, "permissionLevel": "read"}]
    path = f"/v0/meta/bases/{stage.base.id}/collaborators"
    return stage.ada.call("POST", path, {"collaborators": people}, headers=KEY)


def _added_in_airtables_words(stage: Stage, answer: Any) -> None:
    _added(stage, {**answer, "userId": stage.bob.user_id})


def _change(stage: Stage) -> Answer:
    path = _collaborators(stage.base, stage.eve)
    return stage.ada.call("PATCH", path, {"role": "creator"}, headers=KEY)


def _changed(stage: Stage, _: Any) -> None:
    assert stage.collaborators() == {stage.eve.user_id: Role.CREATOR}


def _remove(stage: Stage) -> Answer:
    return stage.ada.call("DELETE", _collaborators(stage.base, stage.eve), headers=KEY)


def _removed(stage: Stage, _: Any) -> None:
    assert stage.collaborators() == {}


CASES = [
    Case("create", 201, _create, _created),
    Case("accept", 200, _accept, _accepted),
    Case("accept under a key", 200, lambda stage: _accept(stage, KEY), _accepted),
    Case("decline", 200, _decline, _declined),
    Case("revoke", 200, _revoke, _revoked),
    Case("resend", 200, _resend, _resent),
    Case("sign up", 201, _sign_up, _signed_up),
    Case("add collaborator", 201, _add, _added),
    Case("add collaborator to a base", 200, _add_in_airtables_words, _added_in_airtables_words),
    Case("change collaborator", 200, _change, _changed),
    Case("remove collaborator", 200, _remove, _removed),
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("invites"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_write_happens_exactly_once(template: Template, case: Case) -> None:
    schedules = pairs(_faults_of(template, case))
    assert len(schedules) >= 80, len(schedules)
    for schedule in schedules:
        with template.staged() as stage:
            events = stage.count_events()
            answer = stage.until_answered(schedule, lambda stage=stage: case.act(stage))  # type: ignore[misc]
            assert answer.status == case.status, (schedule, answer)
            assert stage.count_events() == events + 1, schedule
            again = case.act(stage)
            assert again.status == case.status, (schedule, again)
            assert stage.count_events() == events + 1, schedule
            case.check(stage, answer.json)


def _faults_of(template: Template, case: Case) -> Sequence[Planned]:
    """Every fault at each call that the write makes, and at two that it makes when it has to try again."""
    with template.staged() as stage:
        stage.store.plan(None)
        assert case.act(stage).status == case.status
        return list(product(Fault, range(stage.store.calls + _EXTRA_CALLS)))


def test_a_letter_that_went_wrong_comes_and_the_link_in_the_last_one_opens(template: Template) -> None:
    schedules = list(product(product(Fault, range(3)), repeat=2))
    for schedule in schedules:
        with template.staged() as stage:
            mailbox = Mailbox(stage.world, template.folder)
            body = {"email": stage.bob.email, "role": "read"}
            assert stage.ada.call("POST", stage.path(), body).status == 201
            before = {letter.token for letter in mailbox.received()}
            _deliver_in_spite_of(stage, mailbox, schedule)
            links = [one.token for one in mailbox.received() if one.token not in before]
            assert links, schedule
            bob = {"email": stage.bob.email, "password": PASSWORD}
            token = stage.world.expect(200, "POST", "/v1/auth/login", bob)["accessToken"]
            answers = [
                stage.world.call("POST", f"/v1/invites/{link}/accept", token=token).status for link in links
            ]
            assert answers == [422] * (len(links) - 1) + [200], schedule
    assert len(schedules) == 144


def _deliver_in_spite_of(stage: Stage, mailbox: Mailbox, faults: Sequence[Planned]) -> None:
    """A worker that meets its end leaves its job, which another takes up later."""
    for fault in faults:
        stage.store.plan(*fault)
        try:
            mailbox.deliver()
        except Crash:
            stage.world.clock.sleep(3600)
    stage.store.plan(None)
    mailbox.deliver()
