"""Turning a second factor on and off, and signing in with it, over the real handlers."""

import base64
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from pyairtable_common.domain.second_factors import totp
from pyairtable_common.engines.sqlite.store import SqliteStore
from recording import RecordingStore
from world import PASSWORD, Answer, Person, World

START, CONFIRM, CODES = "/v1/auth/mfa/totp", "/v1/auth/mfa/totp/confirm", "/v1/auth/mfa/recovery-codes"


@dataclass(frozen=True, slots=True)
class Authenticator:
    """What a person has on their telephone."""

    world: World
    secret: bytes

    def code(self, steps_ahead: int = 0) -> str:
        return totp(self.secret, self.world.clock.now_ms() // 30_000 + steps_ahead)

    def next(self) -> str:
        """A code that was not shown before."""
        self.world.clock.sleep(60)
        return self.code()

    def wrong(self) -> str:
        right = {self.code(-1), self.code(), self.code(1)}
        return next(code for code in (f"{number:06}" for number in range(10)) if code not in right)


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore(SqliteStore(":memory:"))


@pytest.fixture
def world(tmp_path: Path, store: RecordingStore) -> World:
    return World(tmp_path, store=store)


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


def authenticator_of(secret: str, world: World) -> Authenticator:
    return Authenticator(world, base64.b32decode(secret))


def turn_on(person: Person) -> tuple[Authenticator, Sequence[str]]:
    started = person.expect(201, "POST", START, {"password": PASSWORD})
    authenticator = authenticator_of(started["secret"], person.world)
    confirmed = person.expect(200, "POST", CONFIRM, {"code": authenticator.code()})
    return authenticator, confirmed["recoveryCodes"]


def login(person: Person, code: str | None = None, password: str = PASSWORD) -> Answer:
    body = {"email": person.email, "password": password}
    return person.world.call("POST", "/v1/auth/login", body if code is None else {**body, "code": code})


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.error_type


def test_a_second_factor_is_asked_for_once_it_is_confirmed(ada: Person) -> None:
    started = ada.expect(201, "POST", START, {"password": PASSWORD})
    assert login(ada).status == 200
    authenticator = authenticator_of(started["secret"], ada.world)
    assert started["uri"].startswith("otpauth://totp/PyAirtable")
    codes = ada.expect(200, "POST", CONFIRM, {"code": authenticator.code()})["recoveryCodes"]
    assert len(set(codes)) == 10
    assert refused(login(ada)) == (401, "MFA_REQUIRED")
    assert login(ada, authenticator.next()).status == 200


def test_nobody_learns_of_a_second_factor_without_the_password(ada: Person) -> None:
    before = login(ada, password="a wrong password")
    authenticator, codes = turn_on(ada)
    for code in (None, authenticator.next(), codes[0]):
        answer = login(ada, code, "a wrong password")
        assert refused(answer) == (401, "INVALID_CREDENTIALS")
        assert answer.json == before.json
    assert login(ada, codes[0]).status == 200


def test_a_code_is_of_no_use_to_whom_has_none_turned_on(ada: Person) -> None:
    assert login(ada, "123456").status == 200


def test_a_code_is_taken_once(ada: Person) -> None:
    authenticator, _ = turn_on(ada)
    assert refused(login(ada, authenticator.code())) == (401, "INVALID_CODE")
    code = authenticator.next()
    assert login(ada, code).status == 200
    assert refused(login(ada, code)) == (401, "INVALID_CODE")


def test_of_sixteen_logins_with_one_code_at_once_one_succeeds(ada: Person) -> None:
    authenticator, codes = turn_on(ada)
    for code in (authenticator.next(), codes[0]):
        with ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _, code=code: login(ada, code).status, range(16)))
        assert statuses.count(200) == 1
        assert set(statuses) <= {200, 401, 429, 503}
        ada.world.clock.sleep(900)


def test_a_recovery_code_is_taken_once_however_it_is_written(ada: Person) -> None:
    _, codes = turn_on(ada)
    assert login(ada, codes[0].upper().replace("-", " ")).status == 200
    assert refused(login(ada, codes[0])) == (401, "INVALID_CODE")
    assert login(ada, codes[9]).status == 200


def test_guessing_is_stopped_but_neither_for_ever_nor_for_recovery_codes(ada: Person) -> None:
    authenticator, codes = turn_on(ada)
    for _ in range(5):
        assert refused(ada.call("DELETE", START, {"code": authenticator.wrong()})) == (401, "INVALID_CODE")
    blocked = ada.call("DELETE", START, {"code": authenticator.next()})
    assert blocked.status == 429
    assert int(blocked.headers["retry-after"]) > 600
    assert login(ada, codes[0]).status == 200
    ada.world.clock.sleep(900)
    assert login(ada, authenticator.next()).status == 200


def test_starting_needs_the_password_and_confirming_the_code(ada: Person) -> None:
    wrong = ada.call("POST", START, {"password": "a wrong password"})
    assert refused(wrong) == (401, "INVALID_CREDENTIALS")
    assert refused(ada.call("POST", CONFIRM, {"code": "123456"})) == (409, "CONFLICT")
    first = ada.expect(201, "POST", START, {"password": PASSWORD})
    second = ada.expect(201, "POST", START, {"password": PASSWORD})
    assert first["secret"] != second["secret"]
    old = authenticator_of(first["secret"], ada.world)
    new = authenticator_of(second["secret"], ada.world)
    assert refused(ada.call("POST", CONFIRM, {"code": old.code()})) == (401, "INVALID_CODE")
    assert login(ada).status == 200
    assert ada.call("POST", CONFIRM, {"code": new.code()}).status == 200
    assert refused(ada.call("POST", START, {"password": PASSWORD})) == (409, "CONFLICT")
    assert refused(ada.call("POST", CONFIRM, {"code": new.next()})) == (409, "CONFLICT")


@pytest.mark.parametrize("by", ["password", "code", "recovery code"])
def test_a_second_factor_is_turned_off_with_password_or_code(ada: Person, by: str) -> None:
    authenticator, codes = turn_on(ada)
    proof = {
        "password": {"password": PASSWORD},
        "code": {"code": authenticator.next()},
        "recovery code": {"code": codes[3]},
    }[by]
    assert ada.expect(200, "DELETE", START, proof) == {"deleted": True}
    assert login(ada).status == 200
    assert refused(ada.call("DELETE", START, {"password": PASSWORD})) == (409, "CONFLICT")


def test_new_recovery_codes_end_the_old_ones(ada: Person) -> None:
    authenticator, old = turn_on(ada)
    new = ada.expect(200, "POST", CODES, {"password": PASSWORD})["recoveryCodes"]
    assert not set(new) & set(old)
    assert refused(login(ada, old[0])) == (401, "INVALID_CODE")
    assert login(ada, new[0]).status == 200
    newest = ada.expect(200, "POST", CODES, {"code": authenticator.next()})["recoveryCodes"]
    assert login(ada, newest[0]).status == 200


def test_a_repeat_under_its_key_gives_the_same_codes(ada: Person) -> None:
    key = {"idempotency-key": "once"}
    started = ada.expect(201, "POST", START, {"password": PASSWORD})
    body = {"code": authenticator_of(started["secret"], ada.world).code()}
    first = ada.expect(200, "POST", CONFIRM, body, headers=key)
    assert ada.expect(200, "POST", CONFIRM, body, headers=key) == first
    ada.expect(200, "POST", CODES, {"password": PASSWORD})
    assert refused(ada.call("POST", CONFIRM, body, headers=key)) == (409, "CONFLICT")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", START), ("POST", CONFIRM), ("DELETE", START), ("POST", CODES)]
)
def test_only_a_session_may_and_the_body_is_read_strictly(ada: Person, method: str, path: str) -> None:
    token = ada.personal_token("user.email:read")
    assert ada.world.call(method, path, {"password": PASSWORD}, token=token).status == 403
    assert ada.world.call(method, path, {"password": PASSWORD}).status == 401
    for body in ({}, {"password": 1}, {"code": None}, {"password": PASSWORD, "code": "1", "x": 1}):
        assert refused(ada.call(method, path, body)) == (422, "INVALID_REQUEST")


def test_secrets_and_codes_are_kept_nowhere(
    ada: Person, store: RecordingStore, capfd: pytest.CaptureFixture[str]
) -> None:
    authenticator, codes = turn_on(ada)
    code = authenticator.next()
    assert login(ada, code).status == 200
    assert login(ada, codes[0]).status == 200
    secret = base64.b32encode(authenticator.secret).decode()
    canaries = [secret, authenticator.secret.hex(), *codes, *(one.replace("-", "") for one in codes)]
    logged = "".join(capfd.readouterr())
    for canary in canaries:
        assert canary.encode() not in store.bytes_written
        assert canary not in logged
    assert authenticator.secret not in store.bytes_written
    assert code not in logged
