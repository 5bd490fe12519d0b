"""Every write of tokens and second factors, every store call going wrong in every way, then repeated (T14).

The client does what clients do: after a crash or a 503 it repeats the request, under
the same Idempotency-Key, and the repeat may go wrong too. What has no key is repeated
with the next one-time password.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from fault_stage import items_of
from faulty import Crash, Fault, FaultyStore
from pyairtable_common.domain.second_factors import totp
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.ports import Item, Key
from pyairtable_common.repositories.second_factors import second_factor_of
from quick_passwords import QuickPasswords
from schedules import pairs
from world import PASSWORD, Answer, Person, World

Planned = tuple[Fault, int]
KEY = {"idempotency-key": "once"}
TOKENS, TOTP = "/v1/auth/tokens", "/v1/auth/mfa/totp"
BODY = {"name": "x", "scopes": ["data.records:read"]}
FEWEST_SCHEDULES = 40


@dataclass(frozen=True, slots=True)
class Stage:
    """An installation whose store can be told to fail, a person with a token, and their authenticator."""

    world: World
    store: FaultyStore
    ada: Person
    token: Mapping[str, Any]
    secret: bytes
    codes: Sequence[str]
    sent: list[str] = field(default_factory=list)

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

    def holds(self, token: str) -> bool:
        return self.world.call("GET", "/v1/auth/me", token=token).status == 200

    def code(self) -> str:
        """The one-time password of a moment later than the last one was asked for."""
        self.world.clock.sleep(60)
        return totp(self.secret, self.world.clock.now_ms() // 30_000)

    def login(self, code: str) -> Answer:
        body = {"email": self.ada.email, "password": PASSWORD, "code": code}
        return self.world.call("POST", "/v1/auth/login", body)

    def items(self) -> Mapping[Key, Item]:
        return items_of(self.store)

    def count(self, sk: str) -> int:
        return sum(key.sk.startswith(sk) for key in self.items())


Act = Callable[[Stage], Answer]
Check = Callable[[Stage, Answer], None]


@contextmanager
def staged(folder: Path, *, on: bool) -> Iterator[Stage]:
    engine = SqliteStore(":memory:")
    store = FaultyStore(engine)
    world = World(folder, store=store)
    world.services = replace(world.services, passwords=QuickPasswords())
    ada = world.sign_up("Ada")
    token = ada.expect(201, "POST", TOKENS, BODY)
    started = ada.expect(201, "POST", TOTP, {"password": PASSWORD})
    stage = Stage(world, store, ada, token, base64.b32decode(started["secret"]), ())
    try:
        if on:
            confirmed = ada.expect(200, "POST", f"{TOTP}/confirm", {"code": stage.code()})
            stage = replace(stage, codes=confirmed["recoveryCodes"])
        yield stage
    finally:
        engine.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


def run(folder: Path, act: Act, check: Check, *statuses: int, on: bool = True) -> None:
    """Every fault at every call, then, in the client's repeat, again every fault at every call."""
    with staged(folder, on=on) as stage:
        stage.store.plan(None)
        act(stage)
        faults = list(product(Fault, range(stage.store.calls + 1)))
    schedules = pairs(faults)
    assert len(schedules) >= FEWEST_SCHEDULES
    for schedule in schedules:
        with staged(folder, on=on) as stage:
            answer = stage.until_answered(schedule, partial(act, stage))
            assert answer.status in statuses, (schedule, answer)
            check(stage, answer)


def test_a_token_is_made_once(folder: Path) -> None:
    def act(stage: Stage) -> Answer:
        return stage.ada.call("POST", TOKENS, BODY, headers=KEY)

    def check(stage: Stage, answer: Answer) -> None:
        assert stage.holds(answer.json["token"])
        assert stage.count(keys.PERSONAL_TOKENS) == 2
        assert stage.ada.expect(201, "POST", TOKENS, BODY, headers=KEY) == answer.json
        uses = [key for key in stage.items() if key.pk.endswith("#USE")]
        assert len(uses) == 2

    run(folder, act, check, 201, on=False)


def test_a_token_is_regenerated_once(folder: Path) -> None:
    def act(stage: Stage) -> Answer:
        return stage.ada.call("POST", f"{TOKENS}/{stage.token['id']}/regenerate", headers=KEY)

    def check(stage: Stage, answer: Answer) -> None:
        assert stage.holds(answer.json["token"])
        assert not stage.holds(stage.token["token"])
        assert act(stage).json == answer.json
        assert stage.items()[keys.personal_token(stage.ada.user_id, answer.json["id"])].version == 2

    run(folder, act, check, 200, on=False)


def test_a_token_is_changed_once(folder: Path) -> None:
    def act(stage: Stage) -> Answer:
        return stage.ada.call("PATCH", f"{TOKENS}/{stage.token['id']}", {"name": "y"})

    def check(stage: Stage, answer: Answer) -> None:
        assert answer.json["name"] == "y"
        assert stage.holds(stage.token["token"])
        assert stage.items()[keys.personal_token(stage.ada.user_id, answer.json["id"])].version == 2

    run(folder, act, check, 200, on=False)


def test_a_deleted_token_is_gone_with_all_that_belongs_to_it(folder: Path) -> None:
    """A repeat after a crash may find it gone already."""

    def act(stage: Stage) -> Answer:
        return stage.ada.call("DELETE", f"{TOKENS}/{stage.token['id']}")

    def check(stage: Stage, _: Answer) -> None:
        assert not stage.holds(stage.token["token"])
        assert not [key for key in stage.items() if stage.token["id"] in key.sk]

    run(folder, act, check, 200, 403, on=False)


def test_a_second_factor_is_started_with_the_secret_that_is_shown(folder: Path) -> None:
    def act(stage: Stage) -> Answer:
        return stage.ada.call("POST", TOTP, {"password": PASSWORD})

    def check(stage: Stage, answer: Answer) -> None:
        shown = replace(stage, secret=base64.b32decode(answer.json["secret"]))
        stage.ada.expect(200, "POST", f"{TOTP}/confirm", {"code": shown.code()})

    run(folder, act, check, 201, on=False)


def test_a_second_factor_is_turned_on_once_with_the_codes_that_are_shown(folder: Path) -> None:

    def act(stage: Stage) -> Answer:
        if not stage.sent:
            stage.sent.append(stage.code())
        return stage.ada.call("POST", f"{TOTP}/confirm", {"code": stage.sent[0]}, headers=KEY)

    def check(stage: Stage, answer: Answer) -> None:
        assert act(stage).json == answer.json
        assert stage.login(answer.json["recoveryCodes"][0]).status == 200
        assert stage.login(stage.code()).status == 200

    run(folder, act, check, 200, on=False)


def test_recovery_codes_are_renewed_once(folder: Path) -> None:
    def act(stage: Stage) -> Answer:
        return stage.ada.call("POST", "/v1/auth/mfa/recovery-codes", {"password": PASSWORD}, headers=KEY)

    def check(stage: Stage, answer: Answer) -> None:
        assert act(stage).json == answer.json
        assert stage.login(answer.json["recoveryCodes"][0]).status == 200
        assert stage.login(stage.codes[0]).error_type == "INVALID_CODE"

    run(folder, act, check, 200)


def test_a_second_factor_is_turned_off(folder: Path) -> None:
    """A repeat after a crash may find it off already."""

    def act(stage: Stage) -> Answer:
        return stage.ada.call("DELETE", TOTP, {"code": stage.code()})

    def check(stage: Stage, _: Answer) -> None:
        assert keys.second_factor(stage.ada.user_id) not in stage.items()
        body = {"email": stage.ada.email, "password": PASSWORD}
        assert stage.world.call("POST", "/v1/auth/login", body).status == 200

    run(folder, act, check, 200, 409)


def test_a_login_with_a_code_spends_it_and_answers_with_a_session_that_holds(folder: Path) -> None:

    def act(stage: Stage) -> Answer:
        stage.sent.append(stage.code())
        return stage.login(stage.sent[-1])

    def check(stage: Stage, answer: Answer) -> None:
        assert stage.holds(answer.json["accessToken"])
        assert stage.login(stage.sent[-1]).error_type == "INVALID_CODE"
        factor = second_factor_of(stage.items()[keys.second_factor(stage.ada.user_id)])
        assert len(factor.recovery) == len(stage.codes)

    run(folder, act, check, 200)
