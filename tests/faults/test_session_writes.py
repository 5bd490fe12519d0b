"""Every write of sessions, passwords and links, every store call going wrong, then repeated (T7, T14).

The client does what clients do: after a crash or a 503 it repeats the request,
under the same Idempotency-Key, and the repeat may go wrong too.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest

from fault_stage import items_of
from faulty import Crash, Fault, FaultyStore
from pyairtable_common.application.mailings import deliver_letters
from pyairtable_common.application.sessions import MOST_SESSIONS, new_session
from pyairtable_common.application.suspension import suspend
from pyairtable_common.domain.credentials import Origin
from pyairtable_common.domain.errors import TryAgain
from pyairtable_common.domain.refresh_tokens import parse_refresh_token
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import credentials_of, session_item, session_of
from pyairtable_common.repositories.ports import Absent, Item, Put, Store, Table, Unavailable
from quick_passwords import QuickPasswords
from received_mail import Mailbox
from schedules import pairs
from world import PASSWORD, Answer, Person, World

Planned = tuple[Fault, int]
NEW = "umbrella orchard whistle 42"
KEY = {"idempotency-key": "once"}
CAROL = {"email": "carol@example.org", "password": PASSWORD, "name": "Carol"}
FEWEST_SCHEDULES = 40


@dataclass(frozen=True, slots=True)
class Stage:
    """An installation whose store can be told to fail, one person in it, signed in twice, and their mail."""

    world: World
    engine: Store
    store: FaultyStore
    mailbox: Mailbox
    ada: Person
    other: dict[str, Any]
    link: str
    sign_up_link: str

    def until_answered(self, faults: Sequence[Planned], act: Callable[[], Answer]) -> Answer:
        """The answer that the client gets in the end, its first attempts meeting these faults."""
        for fault in faults:
            self.store.plan(*fault)
            try:
                answer = act()
            except Crash:
                continue
            if answer.status != 503:
                self.store.plan(None)
                return answer
        self.store.plan(None)
        return act()

    def sessions(self) -> Sequence[Item]:
        return self.engine.query(Table.IDENTITY, self.ada.user_id, prefix=keys.SESSIONS).items

    def is_alive(self, token: str) -> bool:
        return self.world.call("GET", "/v1/auth/me", token=token).status == 200

    def login(self, password: str, email: str = "") -> Answer:
        body = {"email": email or self.ada.email, "password": password}
        return self.world.call("POST", "/v1/auth/login", body)

    def refresh(self, token: str) -> Answer:
        return self.world.call("POST", "/v1/auth/refresh", {"refreshToken": token})


Act = Callable[[Stage], Answer]
Check = Callable[[Stage, Answer], None]


class Template:
    """The installation that every schedule starts from, made once."""

    def __init__(self, folder: Path) -> None:
        engine = SqliteStore(":memory:")
        world, mailbox = _world(folder, engine, seed=1)
        self._folder = folder
        self._ada = world.sign_up("Ada")
        self._other = world.expect(
            200, "POST", "/v1/auth/login", {"email": self._ada.email, "password": PASSWORD}
        )
        world.expect(202, "POST", "/v1/auth/password/forgot", {"email": self._ada.email})
        self._link = mailbox.deliver()[-1].token
        world.services = replace(world.services, require_verification=True)
        world.expect(202, "POST", "/v1/auth/register", CAROL)
        self._sign_up_link = mailbox.deliver()[-1].token
        self._items = list(items_of(engine).values())
        self._now = world.clock.now_ms()
        self._stages = count(2)
        engine.close()

    @contextmanager
    def staged(self) -> Iterator[Stage]:
        """The same state each time, in a store of its own."""
        number = next(self._stages)
        engine = SqliteStore(":memory:")
        engine.transact([Put(item, Absent()) for item in self._items], "template")
        store = FaultyStore(engine)
        world, mailbox = _world(self._folder / str(number), store, seed=number)
        world.services = replace(world.services, require_verification=True)
        world.clock.sleep(self._now / 1000 - world.clock.now_ms() / 1000)
        ada = replace(self._ada, world=world)
        try:
            yield Stage(world, engine, store, mailbox, ada, self._other, self._link, self._sign_up_link)
        finally:
            engine.close()


def _world(folder: Path, store: Store, seed: int) -> tuple[World, Mailbox]:
    world = World(folder, store=store, seed=seed)
    world.services = replace(world.services, passwords=QuickPasswords())
    return world, Mailbox(world, folder)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("faults"))


def run(
    template: Template,
    act: Act,
    check: Check,
    statuses: Sequence[int],
    prepare: Callable[[Stage], None] | None = None,
) -> None:
    """Every fault at every call, then, in the client's repeat, again every fault at every call."""
    schedules = 0
    for first, second in pairs(_faults_of(template, act, prepare)):
        with template.staged() as stage:
            if prepare is not None:
                prepare(stage)
            answer = stage.until_answered([first, second], partial(act, stage))
            assert answer.status in statuses, (first, second, answer)
            check(stage, answer)
            schedules += 1
    assert schedules >= FEWEST_SCHEDULES


def _faults_of(template: Template, act: Act, prepare: Callable[[Stage], None] | None) -> Sequence[Planned]:
    """Every fault at each call that ``act`` makes, and at two that it makes when it has to try again."""
    with template.staged() as stage:
        if prepare is not None:
            prepare(stage)
        stage.store.plan(None)
        act(stage)
        return list(product(Fault, range(stage.store.calls + 2)))


def test_a_refresh_has_one_successor_whatever_happens(template: Template) -> None:
    def check(stage: Stage, answer: Answer) -> None:
        token = parse_refresh_token(answer.json["refreshToken"])
        assert token is not None
        key = keys.session(token.user_id, token.session_id)
        assert session_of(stage.engine.get([key])[key]).counter == token.counter == 1
        assert stage.is_alive(answer.json["accessToken"])
        assert stage.refresh(token.text).status == 200

    run(template, lambda stage: stage.refresh(stage.other["refreshToken"]), check, [200])


def test_reuse_ends_a_session_whatever_happens(template: Template) -> None:
    def use(stage: Stage) -> None:
        child = stage.refresh(stage.other["refreshToken"]).json["refreshToken"]
        assert stage.refresh(child).status == 200

    def check(stage: Stage, answer: Answer) -> None:
        assert answer.error_type == "INVALID_REFRESH_TOKEN"
        assert not stage.is_alive(stage.other["accessToken"])
        assert stage.is_alive(stage.ada.token)

    run(template, lambda stage: stage.refresh(stage.other["refreshToken"]), check, [401], prepare=use)


def test_a_reset_happens_once(template: Template) -> None:
    def act(stage: Stage) -> Answer:
        body = {"token": stage.link, "password": NEW}
        return stage.world.call("POST", "/v1/auth/password/reset", body)

    def check(stage: Stage, _: Answer) -> None:
        assert stage.sessions() == []
        key = keys.credentials(stage.ada.user_id)
        assert credentials_of(stage.engine.get([key])[key]).password_hash == QuickPasswords().hash(NEW)
        assert stage.login(NEW).status == 200
        assert stage.login(PASSWORD).status == 401
        assert {letter.to for letter in stage.mailbox.deliver()} == {stage.ada.email}

    run(template, act, check, [200])


def test_a_change_happens_once(template: Template) -> None:
    def act(stage: Stage) -> Answer:
        body = {"oldPassword": PASSWORD, "password": NEW}
        return stage.ada.call("POST", "/v1/auth/password/change", body, headers=KEY)

    def check(stage: Stage, _: Answer) -> None:
        assert len(stage.sessions()) == 1
        assert stage.is_alive(stage.ada.token)
        assert stage.login(NEW).status == 200
        assert stage.login(PASSWORD).status == 401
        assert {letter.to for letter in stage.mailbox.deliver()} == {stage.ada.email}

    run(template, act, check, [200])


def test_a_sign_up_that_was_answered_becomes_one_account(template: Template) -> None:
    dora = {**CAROL, "email": "dora@example.org"}

    def check(stage: Stage, _: Answer) -> None:
        letter = stage.mailbox.deliver()[-1]
        assert letter.to == dora["email"]
        stage.world.expect(200, "POST", "/v1/auth/verify-email", {"token": letter.token})
        assert stage.login(PASSWORD, dora["email"]).status == 200

    run(template, lambda stage: stage.world.call("POST", "/v1/auth/register", dora), check, [202])


def test_following_a_link_makes_one_account(template: Template) -> None:
    def act(stage: Stage) -> Answer:
        return stage.world.call("POST", "/v1/auth/verify-email", {"token": stage.sign_up_link})

    def check(stage: Stage, _: Answer) -> None:
        token = stage.login(PASSWORD, CAROL["email"]).json["accessToken"]
        assert len(stage.world.expect(200, "GET", "/v1/workspaces", token=token)["workspaces"]) == 1

    run(template, act, check, [200])


def test_logging_out_ends_the_session(template: Template) -> None:
    def act(stage: Stage) -> Answer:
        return stage.world.call("POST", "/v1/auth/logout", token=stage.other["accessToken"])

    def check(stage: Stage, _: Answer) -> None:
        assert len(stage.sessions()) == 1
        assert not stage.is_alive(stage.other["accessToken"])

    run(template, act, check, [200, 401])


def test_logging_out_everywhere_ends_all_sessions(template: Template) -> None:
    def check(stage: Stage, _: Answer) -> None:
        assert stage.sessions() == []

    run(template, lambda stage: stage.ada.call("POST", "/v1/auth/logout-all"), check, [200, 401])


def test_ending_a_session_from_another_ends_it(template: Template) -> None:
    def act(stage: Stage) -> Answer:
        token = parse_refresh_token(stage.other["refreshToken"])
        assert token is not None
        return stage.ada.call("DELETE", f"/v1/auth/sessions/{token.session_id}")

    def check(stage: Stage, _: Answer) -> None:
        assert not stage.is_alive(stage.other["accessToken"])
        assert stage.is_alive(stage.ada.token)

    run(template, act, check, [200, 403])


def test_a_sign_in_among_too_many_ends_no_more_than_it_must(template: Template) -> None:
    def act(stage: Stage) -> Answer:
        return stage.login(PASSWORD)

    def check(stage: Stage, answer: Answer) -> None:
        assert len(stage.sessions()) == MOST_SESSIONS
        assert stage.is_alive(answer.json["accessToken"])

    def fill(stage: Stage) -> None:
        stage.world.clock.sleep(60)
        fresh = [
            session_item(new_session(stage.world.services, stage.ada.user_id, Origin()).session)
            for _ in range(MOST_SESSIONS - len(stage.sessions()))
        ]
        stage.engine.transact([Put(item, Absent()) for item in fresh], "fill")

    run(template, act, check, [200], prepare=fill)


def test_a_suspension_is_complete_whatever_happens(template: Template) -> None:
    def act(stage: Stage) -> Answer:
        try:
            suspend(stage.world.services, stage.ada.user_id)
        except TryAgain:
            return Answer(503, None, {})
        return Answer(200, None, {})

    def check(stage: Stage, _: Answer) -> None:
        assert stage.sessions() == []
        assert not stage.is_alive(stage.ada.token)
        assert stage.login(PASSWORD).status == 401
        body = {"token": stage.link, "password": NEW}
        assert stage.world.call("POST", "/v1/auth/password/reset", body).error_type == "INVALID_LINK"

    run(template, act, check, [200])


def test_a_letter_that_was_promised_comes_and_its_link_works(template: Template) -> None:
    """The worker dies at every call, and again in the delivery after; the job comes back each time."""

    def ask(stage: Stage) -> None:
        stage.world.expect(202, "POST", "/v1/auth/password/forgot", {"email": stage.ada.email})

    def act(stage: Stage) -> Answer:
        stage.world.clock.sleep(60)
        try:
            deliver_letters(stage.world.services)
        except Unavailable:
            return Answer(503, None, {})
        return Answer(200, None, {})

    def check(stage: Stage, _: Answer) -> None:
        letter = stage.mailbox.received()[-1]
        body = {"token": letter.token, "password": NEW}
        assert stage.world.call("POST", "/v1/auth/password/reset", body).status == 200

    run(template, act, check, [200], prepare=ask)
