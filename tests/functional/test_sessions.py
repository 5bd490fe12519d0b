"""Refresh, logout and the list of sessions, over the real handlers (T7, T8)."""

import string
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metered import MeteredStore
from pyairtable_common.application.sessions import MOST_SESSIONS
from pyairtable_common.application.suspension import lift_suspension, suspend
from pyairtable_common.domain.credentials import IDLE_MS, SESSION_MS, PersonalToken, Session
from pyairtable_common.domain.errors import NotPermittedOrNotFound
from pyairtable_common.domain.refresh_tokens import (
    GRACE_MS,
    MOST_ROTATIONS,
    RefreshToken,
    parse_refresh_token,
    successor,
)
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import personal_token_item, session_item, session_of
from pyairtable_common.repositories.ports import Absent, Put, Table, VersionIs, Write
from recording import RecordingStore
from world import PASSWORD, Answer, Person, World

Tokens = dict[str, Any]
MUTANTS = string.ascii_letters + string.digits + "._-"


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


@pytest.fixture
def tokens(world: World, ada: Person) -> Tokens:
    """A sign-in of Ada's."""
    return sign_in(world, ada)


def sign_in(world: World, person: Person, **how: Any) -> Tokens:
    body = {"email": person.email, "password": PASSWORD}
    tokens: Tokens = world.expect(200, "POST", "/v1/auth/login", body, **how)
    return tokens


def refresh(world: World, tokens: Tokens) -> Answer:
    return world.call("POST", "/v1/auth/refresh", {"refreshToken": tokens["refreshToken"]})


def refreshed(world: World, tokens: Tokens) -> Tokens:
    answer = refresh(world, tokens)
    assert answer.status == 200, answer
    return dict(answer.json)


def is_alive(world: World, tokens: Tokens) -> bool:
    status = world.call("GET", "/v1/auth/me", token=tokens["accessToken"]).status
    assert status in (200, 401)
    return status == 200


def wait(world: World, milliseconds: int) -> None:
    world.clock.sleep(milliseconds / 1000)


def parsed(tokens: Tokens) -> RefreshToken:
    token = parse_refresh_token(tokens["refreshToken"])
    assert token is not None
    return token


def stored(world: World, tokens: Tokens) -> Session:
    token = parsed(tokens)
    key = keys.session(token.user_id, token.session_id)
    return session_of(world.services.store.get([key])[key])


def test_signing_up_and_signing_in_give_a_refresh_token(world: World) -> None:
    account = {"email": "grace@example.org", "password": PASSWORD, "name": "Grace"}
    registered = world.expect(201, "POST", "/v1/auth/register", account)
    for tokens in (
        registered,
        world.expect(200, "POST", "/v1/auth/login", {k: account[k] for k in ("email", "password")}),
    ):
        assert set(refreshed(world, tokens)) == {"accessToken", "refreshToken", "tokenType", "expiresIn"}


def test_a_refresh_gives_tokens_that_hold_and_ends_no_session(world: World, tokens: Tokens) -> None:
    for _ in range(5):
        wait(world, 10 * 60 * 1000)
        successor_tokens = refreshed(world, tokens)
        assert successor_tokens["refreshToken"] != tokens["refreshToken"]
        tokens = successor_tokens
        assert is_alive(world, tokens)
    assert parsed(tokens).counter == 5


def test_a_lost_answer_is_given_again(world: World, tokens: Tokens) -> None:
    first = refreshed(world, tokens)
    wait(world, GRACE_MS)
    again = refreshed(world, tokens)
    assert again["refreshToken"] == first["refreshToken"]
    assert is_alive(world, again)
    assert is_alive(world, refreshed(world, again))


@pytest.mark.parametrize("rotations", [1, 2, 7])
def test_a_token_used_before_ends_the_session(world: World, tokens: Tokens, rotations: int) -> None:
    newest = tokens
    for _ in range(rotations):
        newest = refreshed(world, newest)
    wait(world, GRACE_MS + 1 if rotations == 1 else 0)
    answer = refresh(world, tokens)
    assert (answer.status, answer.error_type) == (401, "INVALID_REFRESH_TOKEN")
    assert not is_alive(world, newest)
    assert refresh(world, newest).status == 401


def test_reuse_is_told_to_the_log_and_not_to_the_caller(
    world: World, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    refreshed(world, refreshed(world, tokens))
    caplog.clear()
    reused = refresh(world, tokens)
    assert [getattr(record, "outcome", "") for record in caplog.records] == ["RefreshTokenReused"]
    never_given = refresh(world, tokens)
    assert (reused.status, reused.json) == (never_given.status, never_given.json)


def test_of_sixteen_refreshes_at_once_one_successor_lives(world: World, tokens: Tokens) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: refresh(world, tokens), range(16)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["refreshToken"] for answer in answers}) == 1
    assert stored(world, tokens).counter == 1
    assert is_alive(world, refreshed(world, answers[0].json))


def test_of_two_who_have_the_same_token_one_at_most_goes_on(world: World, tokens: Tokens) -> None:
    thief = owner = tokens
    thief = refreshed(world, refreshed(world, thief))
    assert refresh(world, owner).status == 401
    assert refresh(world, thief).status == 401
    assert not is_alive(world, thief)


def test_a_stolen_used_token_does_not_give_its_successor_without_the_key(
    world: World, tokens: Tokens
) -> None:
    newest = refreshed(world, tokens)
    guess = successor("00" * 32, parsed(tokens))
    assert guess.text != newest["refreshToken"]
    assert refresh(world, {"refreshToken": guess.text}).status == 401
    assert is_alive(world, newest)


def test_the_database_holds_nothing_to_make_a_token_of(world: World, tokens: Tokens) -> None:
    newest = refreshed(world, tokens)
    session = stored(world, newest)
    for secret in (session.key, session.digest, "0" * 64):
        made = RefreshToken(session.user_id, session.id, session.counter, secret)
        for token in (made, successor(session.key, made)):
            assert refresh(world, {"refreshToken": token.text}).status == 401
    assert is_alive(world, newest)


def test_a_made_up_older_token_does_not_end_somebodys_session(world: World, tokens: Tokens) -> None:
    newest = refreshed(world, refreshed(world, tokens))
    token = parsed(tokens)
    forged = RefreshToken(token.user_id, token.session_id, 0, "ab" * 32)
    assert refresh(world, {"refreshToken": forged.text}).status == 401
    assert is_alive(world, newest)


def test_a_mistyped_refresh_token_is_refused_without_a_read(tmp_path: Path) -> None:
    store = MeteredStore(SqliteStore(":memory:"))
    world = World(tmp_path, store=store)
    text = sign_in(world, world.sign_up("Ada"))["refreshToken"]
    mutants = [
        text[:place] + other + text[place + 1 :]
        for place in range(len(text))
        for other in MUTANTS
        if other != text[place]
    ]
    mutants += [text[:-1], text + "0", text.upper(), f" {text}", f"{text}\n", "", "ref", "\u0663" * 40]
    assert len(mutants) > 5_000
    assert [mutant for mutant in mutants if parse_refresh_token(mutant) is not None] == []
    store.bill.clear()
    assert {refresh(world, {"refreshToken": mutant}).status for mutant in mutants[::50]} == {401}
    assert store.bill.round_trips == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"refreshToken": 1},
        {"refreshToken": None},
        {"refreshToken": ["x"]},
        {"refreshToken": "x", "userId": "usrAAAAAAAAAAAAAA"},
    ],
)
def test_a_refresh_takes_one_text(world: World, body: dict[str, object]) -> None:
    answer = world.call("POST", "/v1/auth/refresh", body)
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(world: World, tokens: Tokens) -> None:
    assert refresh(world, {"refreshToken": tokens["accessToken"]}).status == 401
    assert world.call("GET", "/v1/auth/me", token=tokens["refreshToken"]).status == 401


def test_a_session_that_nobody_uses_ends(world: World, tokens: Tokens) -> None:
    wait(world, IDLE_MS - 1)
    tokens = refreshed(world, tokens)
    wait(world, IDLE_MS)
    assert refresh(world, tokens).status == 401


def test_a_session_ends_in_the_end_however_much_it_is_used(world: World, tokens: Tokens) -> None:
    day = 24 * 3600 * 1000
    for _ in range(SESSION_MS // day - 1):
        wait(world, day)
        tokens = refreshed(world, tokens)
    wait(world, day - 1)
    assert is_alive(world, refreshed(world, tokens))
    wait(world, 1)
    assert refresh(world, tokens).status == 401


def test_a_chain_has_an_end(world: World, tokens: Tokens) -> None:
    token = parsed(tokens)
    key = keys.session(token.user_id, token.session_id)
    item = world.services.store.get([key])[key]
    worn = session_item(replace(session_of(item), counter=MOST_ROTATIONS), item.version + 1)
    world.services.store.transact([Put(worn, VersionIs(item.version))], "worn")
    assert refresh(world, tokens).status == 401


def test_sessions_are_listed_with_device_address_and_times(world: World, ada: Person) -> None:
    wait(world, 60_000)
    tokens = sign_in(world, ada, headers={"user-agent": "Firefox/143 " + "x" * 500})
    wait(world, 60_000)
    tokens = refreshed(world, tokens)
    listed = world.expect(200, "GET", "/v1/auth/sessions", token=tokens["accessToken"])["sessions"]
    assert [each["current"] for each in listed] == [True, False]
    newest = listed[0]
    assert newest["id"] == parsed(tokens).session_id
    assert newest["device"] == ("Firefox/143 " + "x" * 500)[:255]
    assert newest["address"] == "203.0.113.7"
    assert newest["createdTime"] < newest["lastUsedTime"] < newest["expiresTime"]
    assert set(newest) == {
        "id", "device", "address", "createdTime", "lastUsedTime", "expiresTime", "current",
    }  # fmt: skip


def test_logging_out_ends_this_session_and_no_other(world: World, ada: Person, tokens: Tokens) -> None:
    answer = world.expect(200, "POST", "/v1/auth/logout", token=tokens["accessToken"])
    assert answer == {"id": parsed(tokens).session_id, "deleted": True}
    assert not is_alive(world, tokens)
    assert refresh(world, tokens).status == 401
    ada.expect(200, "GET", "/v1/auth/me")


def test_logging_out_everywhere_ends_every_session_of_this_person(
    world: World, ada: Person, tokens: Tokens
) -> None:
    bob = world.sign_up("Bob")
    world.expect(200, "POST", "/v1/auth/logout-all", token=tokens["accessToken"])
    for each in (tokens["accessToken"], ada.token):
        assert world.call("GET", "/v1/auth/me", token=each).status == 401
    bob.expect(200, "GET", "/v1/auth/me")


def test_a_session_is_ended_from_another(world: World, ada: Person, tokens: Tokens) -> None:
    session_id = parsed(tokens).session_id
    ada.expect(200, "DELETE", f"/v1/auth/sessions/{session_id}")
    assert not is_alive(world, tokens)
    assert ada.call("DELETE", f"/v1/auth/sessions/{session_id}").status == 403


def test_somebody_elses_session_and_none_look_the_same(world: World, tokens: Tokens) -> None:
    bob = world.sign_up("Bob")
    answers = [
        bob.call("DELETE", f"/v1/auth/sessions/{session_id}")
        for session_id in (parsed(tokens).session_id, "sesAAAAAAAAAAAAAA", "x", "ses%23", "SES%23..")
    ]
    assert {answer.status for answer in answers} == {403}
    assert len({str(answer.json) for answer in answers}) == 1
    assert is_alive(world, tokens)


def test_a_personal_access_token_neither_sees_nor_ends_sessions(
    world: World, ada: Person, tokens: Tokens
) -> None:
    token = ada.personal_token("user.email:read")
    session_id = parsed(tokens).session_id
    for method, path in (
        ("GET", "/v1/auth/sessions"),
        ("POST", "/v1/auth/logout"),
        ("POST", "/v1/auth/logout-all"),
        ("DELETE", f"/v1/auth/sessions/{session_id}"),
    ):
        assert world.call(method, path, token=token).status == 403
        assert world.call(method, path).status == 401
    assert is_alive(world, tokens)


def test_a_person_has_so_many_sessions_and_the_one_used_longest_ago_ends(world: World, ada: Person) -> None:
    sessions = []
    for _ in range(MOST_SESSIONS + 5):
        wait(world, 1000)
        sessions.append(sign_in(world, ada))
    listed = world.expect(200, "GET", "/v1/auth/sessions", token=sessions[-1]["accessToken"])["sessions"]
    assert [each["id"] for each in listed] == [
        parsed(each).session_id for each in reversed(sessions[-MOST_SESSIONS:])
    ]
    assert not is_alive(world, sessions[4])
    assert is_alive(world, sessions[5])


def test_sixteen_sign_ins_at_once_all_hold(world: World, ada: Person) -> None:
    with ThreadPoolExecutor(16) as pool:
        signed_in = list(pool.map(lambda _: sign_in(world, ada), range(16)))
    assert all(is_alive(world, tokens) for tokens in signed_in)


# A suspended account.


def test_a_suspended_persons_sessions_and_tokens_end_at_the_next_request(
    world: World, ada: Person, tokens: Tokens
) -> None:
    personal = ada.personal_token("user.email:read")
    suspend(world.services, ada.user_id)
    for token in (ada.token, tokens["accessToken"], personal):
        assert world.call("GET", "/v1/auth/me", token=token).status == 401
    assert refresh(world, tokens).status == 401


def test_a_suspended_person_does_not_get_in_and_learns_nothing(world: World, ada: Person) -> None:
    suspend(world.services, ada.user_id)
    right, wrong = (
        world.call("POST", "/v1/auth/login", {"email": ada.email, "password": password})
        for password in (PASSWORD, "another password, long enough")
    )
    assert (right.status, right.json) == (wrong.status, wrong.json)
    assert right.error_type == "INVALID_CREDENTIALS"
    lift_suspension(world.services, ada.user_id)
    sign_in(world, ada)


def test_a_token_that_is_being_made_does_not_slip_past_a_suspension(world: World, ada: Person) -> None:
    """The request has proved its session already when the account is suspended."""
    engine = world.services.store

    class Late(RecordingStore):
        """Suspends the account between the request's last read and its write."""

        def transact(self, writes: Sequence[Write], token: str) -> None:
            world.services = replace(world.services, store=engine)
            suspend(world.services, ada.user_id)
            super().transact(writes, token)

    world.services = replace(world.services, store=Late(engine))
    answer = ada.call("POST", "/v1/auth/tokens", {"name": "x", "scopes": ["user.email:read"]})
    assert answer.status == 401
    assert not engine.query(Table.IDENTITY, ada.user_id, prefix=keys.PERSONAL_TOKENS).items


def test_a_suspension_ends_more_tokens_than_one_transaction_holds(
    world: World, ada: Person, store: RecordingStore
) -> None:
    many = [
        PersonalToken(f"pat{number:014d}", ada.user_id, "x", "0" * 64, frozenset(), None, 0)
        for number in range(150)
    ]
    for start in range(0, 150, 50):
        puts = [Put(personal_token_item(token), Absent()) for token in many[start : start + 50]]
        store.transact(puts, f"tokens {start}")
    suspend(world.services, ada.user_id)
    for prefix in (keys.SESSIONS, keys.PERSONAL_TOKENS, keys.LINKS):
        assert not store.query(Table.IDENTITY, ada.user_id, prefix=prefix).items


@pytest.mark.parametrize("act", [suspend, lift_suspension])
def test_there_is_nobody_to_suspend_under_an_unknown_id(world: World, act: Callable[..., None]) -> None:
    with pytest.raises(NotPermittedOrNotFound):
        act(world.services, "usrAAAAAAAAAAAAAA")
