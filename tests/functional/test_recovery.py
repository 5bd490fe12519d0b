"""Verified addresses, forgotten and changed passwords, over the real handlers (T7, T21)."""

import string
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyairtable_common.application.suspension import suspend
from pyairtable_common.domain.links import RESET_MS, VERIFICATION_MS, LinkToken, parse_link_token
from pyairtable_common.repositories import codec
from pyairtable_common.repositories.ports import Put
from received_mail import Letter, Mailbox
from recording import RecordingStore
from world import PASSWORD, Answer, Person, World

NEW = "umbrella orchard whistle 42"
OTHER = "lantern gravel coffee 1871"
CAROL = {"email": "carol@example.org", "password": PASSWORD, "name": "Carol"}


@pytest.fixture
def mailbox(world: World, tmp_path: Path) -> Mailbox:
    return Mailbox(world, tmp_path)


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


@pytest.fixture
def strict(world: World) -> World:
    """The same installation, with addresses to be verified."""
    world.services = replace(world.services, require_verification=True)
    return world


def login(world: World, email: str, password: str = PASSWORD) -> Answer:
    return world.call("POST", "/v1/auth/login", {"email": email, "password": password})


def signed_in(world: World, email: str, password: str = PASSWORD) -> dict[str, Any]:
    answer = login(world, email, password)
    assert answer.status == 200, answer
    return dict(answer.json)


def is_alive(world: World, token: str) -> bool:
    return world.call("GET", "/v1/auth/me", token=token).status == 200


def forgot(world: World, mailbox: Mailbox, email: str) -> Letter:
    world.expect(202, "POST", "/v1/auth/password/forgot", {"email": email})
    (letter,) = mailbox.deliver()
    return letter


def reset(world: World, token: str, password: str = NEW) -> Answer:
    return world.call("POST", "/v1/auth/password/reset", {"token": token, "password": password})


def change(person: Person, old: str, new: str, **how: Any) -> Answer:
    return person.call("POST", "/v1/auth/password/change", {"oldPassword": old, "password": new}, **how)


def verify(world: World, token: str) -> Answer:
    return world.call("POST", "/v1/auth/verify-email", {"token": token})


# Signing up where addresses are verified.


def test_a_sign_up_becomes_an_account_when_its_link_is_followed(strict: World, mailbox: Mailbox) -> None:
    answer = strict.expect(202, "POST", "/v1/auth/register", CAROL)
    assert set(answer) == {"message"}
    assert login(strict, CAROL["email"]).error_type == "INVALID_CREDENTIALS"
    (letter,) = mailbox.deliver()
    assert letter.to == CAROL["email"]
    assert verify(strict, letter.token).json == {"verified": True}
    me = strict.expect(200, "GET", "/v1/auth/me", token=signed_in(strict, CAROL["email"])["accessToken"])
    assert (me["email"], me["name"]) == (CAROL["email"], CAROL["name"])
    assert [workspace["role"] for workspace in me["workspaces"]] == ["owner"]


def test_following_the_link_again_changes_nothing(
    strict: World, mailbox: Mailbox, store: RecordingStore
) -> None:
    strict.expect(202, "POST", "/v1/auth/register", CAROL)
    (letter,) = mailbox.deliver()
    verify(strict, letter.token)
    before = len(store.written)
    assert verify(strict, letter.token).status == 200
    assert len(store.written) == before


def test_known_and_unknown_addresses_get_the_same_answer(strict: World, mailbox: Mailbox) -> None:
    strict.services = replace(strict.services, require_verification=False)
    ada = strict.sign_up("Ada")
    strict.services = replace(strict.services, require_verification=True)
    answers = [
        strict.call("POST", "/v1/auth/register", {**CAROL, "email": email})
        for email in (ada.email, "nobody@example.org")
    ]
    assert (answers[0].status, answers[0].json) == (answers[1].status, answers[1].json)
    letters = {letter.to: letter for letter in mailbox.deliver()}
    assert letters[ada.email].subject.startswith("You have an account already")
    assert "#token=" not in letters[ada.email].text
    assert letters["nobody@example.org"].token
    assert login(strict, ada.email).status == 200


def test_each_sign_up_of_an_address_has_a_link_of_its_own(strict: World, mailbox: Mailbox) -> None:
    strict.expect(202, "POST", "/v1/auth/register", CAROL)
    (own,) = mailbox.deliver()
    strict.expect(202, "POST", "/v1/auth/register", {**CAROL, "password": OTHER})
    (strangers,) = mailbox.deliver()
    assert verify(strict, own.token).status == 200
    assert login(strict, CAROL["email"], OTHER).status == 401
    assert login(strict, CAROL["email"]).status == 200
    assert verify(strict, strangers.token).error_type == "INVALID_LINK"


def test_a_letter_that_did_not_come_is_sent_again(strict: World, mailbox: Mailbox) -> None:
    strict.expect(202, "POST", "/v1/auth/register", CAROL)
    (first,) = mailbox.deliver()
    strict.expect(202, "POST", "/v1/auth/verify-email/resend", {"email": CAROL["email"]})
    (second,) = mailbox.deliver()
    assert verify(strict, first.token).error_type == "INVALID_LINK"
    assert verify(strict, second.token).status == 200
    strict.expect(202, "POST", "/v1/auth/verify-email/resend", {"email": CAROL["email"]})
    assert mailbox.deliver() == []


def test_a_sign_up_nobody_confirmed_expires(strict: World, mailbox: Mailbox) -> None:
    strict.expect(202, "POST", "/v1/auth/register", CAROL)
    (letter,) = mailbox.deliver()
    strict.clock.sleep(VERIFICATION_MS / 1000)
    assert verify(strict, letter.token).error_type == "INVALID_LINK"
    assert login(strict, CAROL["email"]).status == 401


def test_of_sixteen_who_follow_a_link_at_once_one_makes_the_account(strict: World, mailbox: Mailbox) -> None:
    strict.expect(202, "POST", "/v1/auth/register", CAROL)
    (letter,) = mailbox.deliver()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: verify(strict, letter.token).status, range(16)))
    assert answers == [200] * 16
    token = signed_in(strict, CAROL["email"])["accessToken"]
    assert len(strict.expect(200, "GET", "/v1/workspaces", token=token)["workspaces"]) == 1


def test_an_account_without_verification_can_be_verified_later(
    world: World, mailbox: Mailbox, ada: Person
) -> None:
    world.expect(202, "POST", "/v1/auth/verify-email/resend", {"email": ada.email})
    (letter,) = mailbox.deliver()
    assert verify(world, letter.token).status == verify(world, letter.token).status == 200
    world.expect(202, "POST", "/v1/auth/verify-email/resend", {"email": ada.email})
    assert mailbox.deliver() == []


# A forgotten password.


def test_a_forgotten_password_is_replaced_and_every_session_ends(
    world: World, mailbox: Mailbox, ada: Person
) -> None:
    tokens = signed_in(world, ada.email)
    letter = forgot(world, mailbox, ada.email)
    assert reset(world, letter.token).json == {"changed": True}
    assert not is_alive(world, ada.token)
    assert not is_alive(world, tokens["accessToken"])
    body = {"refreshToken": tokens["refreshToken"]}
    assert world.call("POST", "/v1/auth/refresh", body).status == 401
    assert login(world, ada.email).status == 401
    assert login(world, ada.email, NEW).status == 200
    (told,) = mailbox.deliver()
    assert (told.to, told.subject) == (ada.email, "Your password was changed · PyAirtable")


def test_known_and_unknown_addresses_are_answered_alike_and_cost_the_same(
    world: World, mailbox: Mailbox, ada: Person, store: RecordingStore
) -> None:
    before = len(store.written)
    for path in ("/v1/auth/password/forgot", "/v1/auth/verify-email/resend"):
        answers = [world.call("POST", path, {"email": email}) for email in (ada.email, "nobody@example.org")]
        assert (answers[0].status, answers[0].json) == (answers[1].status, answers[1].json)
        assert answers[0].status == 202
    assert len(store.written) == before
    assert {letter.to for letter in mailbox.deliver()} == {ada.email}


def test_a_reset_link_works_once(world: World, mailbox: Mailbox, ada: Person) -> None:
    letter = forgot(world, mailbox, ada.email)
    assert reset(world, letter.token).status == 200
    assert reset(world, letter.token, OTHER).error_type == "INVALID_LINK"
    assert login(world, ada.email, NEW).status == 200


def test_the_same_reset_again_changes_nothing(
    world: World, mailbox: Mailbox, ada: Person, store: RecordingStore
) -> None:
    letter = forgot(world, mailbox, ada.email)
    assert reset(world, letter.token).status == 200
    token = signed_in(world, ada.email, NEW)["accessToken"]
    before = len(store.written)
    assert reset(world, letter.token).status == 200
    assert len(store.written) == before
    assert is_alive(world, token)


def test_a_reset_link_expires(world: World, mailbox: Mailbox, ada: Person) -> None:
    letter = forgot(world, mailbox, ada.email)
    world.clock.sleep(RESET_MS / 1000)
    assert reset(world, letter.token).error_type == "INVALID_LINK"
    assert login(world, ada.email).status == 200


def test_only_the_newest_reset_link_works(world: World, mailbox: Mailbox, ada: Person) -> None:
    first, second = (forgot(world, mailbox, ada.email) for _ in range(2))
    assert reset(world, first.token).error_type == "INVALID_LINK"
    assert reset(world, second.token).status == 200


def test_of_sixteen_resets_by_one_link_one_password_holds(
    world: World, mailbox: Mailbox, ada: Person
) -> None:
    letter = forgot(world, mailbox, ada.email)
    passwords = [f"umbrella orchard whistle {number}" for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda password: reset(world, letter.token, password), passwords))
    chosen = [password for password, answer in zip(passwords, answers, strict=True) if answer.status == 200]
    assert len(chosen) == 1
    assert {answer.error_type for answer in answers if answer.status != 200} == {"INVALID_LINK"}
    assert login(world, ada.email, chosen[0]).status == 200


@pytest.mark.parametrize("password", ["short", "passwordpassword", "ada-ada-ada-ada", "x" * 1001])
def test_a_bad_new_password_is_refused_and_the_link_stays_good(
    world: World, mailbox: Mailbox, ada: Person, password: str
) -> None:
    letter = forgot(world, mailbox, ada.email)
    answer = reset(world, letter.token, password)
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
    assert "password: " in answer.json["error"]["message"]
    assert reset(world, letter.token).status == 200


def test_every_mistyped_link_is_refused_without_a_read(world: World, mailbox: Mailbox, ada: Person) -> None:
    text = forgot(world, mailbox, ada.email).token
    mutants = [
        text[:place] + other + text[place + 1 :]
        for place in range(len(text))
        for other in string.ascii_letters + string.digits + ".:"
        if other != text[place]
    ]
    assert len(mutants) > 5_000
    assert [mutant for mutant in mutants if parse_link_token(mutant) is not None] == []
    for mutant in (*mutants[::200], "", "x", text.upper(), f"{text}\n"):
        assert reset(world, mutant).error_type == "INVALID_LINK"


def test_a_link_opens_only_what_it_was_made_for(world: World, mailbox: Mailbox, ada: Person) -> None:
    bob = world.sign_up("Bob")
    token = parse_link_token(forgot(world, mailbox, ada.email).token)
    assert token is not None
    bobs = LinkToken(bob.user_id, token.name, token.secret)
    as_verification = LinkToken(token.owner, "verify", token.secret)
    forgot(world, mailbox, bob.email)
    assert reset(world, bobs.text).error_type == "INVALID_LINK"
    assert verify(world, token.text).error_type == "INVALID_LINK"
    assert verify(world, as_verification.text).error_type == "INVALID_LINK"
    assert reset(world, as_verification.text).error_type == "INVALID_LINK"
    assert reset(world, token.text).status == 200


def test_a_suspended_person_gets_no_link_and_an_earlier_one_is_dead(
    world: World, mailbox: Mailbox, ada: Person
) -> None:
    letter = forgot(world, mailbox, ada.email)
    suspend(world.services, ada.user_id)
    assert reset(world, letter.token).error_type == "INVALID_LINK"
    world.expect(202, "POST", "/v1/auth/password/forgot", {"email": ada.email})
    assert mailbox.deliver() == []


# A changed password.


def test_a_changed_password_ends_the_other_sessions_and_outstanding_resets(
    world: World, mailbox: Mailbox, ada: Person
) -> None:
    other = signed_in(world, ada.email)
    letter = forgot(world, mailbox, ada.email)
    assert change(ada, PASSWORD, NEW).json == {"changed": True}
    assert is_alive(world, ada.token)
    assert not is_alive(world, other["accessToken"])
    assert world.call("POST", "/v1/auth/refresh", {"refreshToken": other["refreshToken"]}).status == 401
    assert reset(world, letter.token, OTHER).error_type == "INVALID_LINK"
    assert login(world, ada.email).status == 401
    assert login(world, ada.email, NEW).status == 200
    assert [told.to for told in mailbox.deliver()] == [ada.email]


def test_a_password_is_changed_only_by_who_knows_the_old_one(
    world: World, mailbox: Mailbox, ada: Person
) -> None:
    answer = change(ada, OTHER, NEW)
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
    assert login(world, ada.email).status == 200
    assert mailbox.deliver() == []


def test_a_change_repeated_under_its_key_happens_once(world: World, ada: Person) -> None:
    key = {"idempotency-key": "once"}
    assert change(ada, PASSWORD, NEW, headers=key).status == 200
    tokens = signed_in(world, ada.email, NEW)
    assert change(ada, PASSWORD, NEW, headers=key).status == 200
    assert is_alive(world, tokens["accessToken"])
    assert change(ada, PASSWORD, OTHER, headers=key).error_type == "IDEMPOTENCY_KEY_REUSED"
    assert login(world, ada.email, NEW).status == 200


def test_a_sign_in_with_the_old_password_does_not_outlive_its_change(world: World, ada: Person) -> None:
    """Sixteen sign-ins race a change: whoever got in before is out after."""
    with ThreadPoolExecutor(17) as pool:
        logins = [pool.submit(login, world, ada.email) for _ in range(8)]
        changed = pool.submit(change, ada, PASSWORD, NEW)
        logins += [pool.submit(login, world, ada.email) for _ in range(8)]
    assert changed.result().status == 200
    got_in = [answer.result().json["accessToken"] for answer in logins if answer.result().status == 200]
    assert [token for token in got_in if is_alive(world, token)] == []


def test_a_personal_access_token_changes_no_password(world: World, ada: Person) -> None:
    token = ada.personal_token("user.email:read")
    body = {"oldPassword": PASSWORD, "password": NEW}
    assert world.call("POST", "/v1/auth/password/change", body, token=token).status == 403
    assert world.call("POST", "/v1/auth/password/change", body).status == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/auth/verify-email", {}),
        ("/v1/auth/verify-email", {"token": 1}),
        ("/v1/auth/verify-email/resend", {"email": "no address"}),
        ("/v1/auth/password/forgot", {"email": ["x"]}),
        ("/v1/auth/password/forgot", {"email": "a@example.org", "url": "https://evil.example"}),
        ("/v1/auth/password/reset", {"token": "x"}),
        ("/v1/auth/password/reset", {"token": "x", "password": None}),
        ("/v1/auth/password/reset", {"token": "x", "password": NEW, "userId": "usrAAAAAAAAAAAAAA"}),
    ],
)
def test_a_bad_request_is_refused(world: World, path: str, body: dict[str, object]) -> None:
    answer = world.call("POST", path, body)
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")


# What may be read where.


def test_a_letters_links_come_from_the_configuration_alone(
    world: World, mailbox: Mailbox, ada: Person
) -> None:
    hostile = {"host": "evil.example", "x-forwarded-host": "evil.example", "origin": "https://evil.example"}
    world.expect(202, "POST", "/v1/auth/password/forgot", {"email": ada.email}, headers=hostile)
    (letter,) = mailbox.deliver()
    assert "evil.example" not in letter.text + letter.html
    assert letter.text.count("https://pyairtable.test/password/reset#token=") == 1
    assert letter.html.count("https://pyairtable.test/password/reset#token=") == 1


def test_a_stranger_puts_no_words_into_somebodys_mailbox(strict: World, mailbox: Mailbox) -> None:
    words = "Buy <b>now</b> at evil.example"
    strict.expect(202, "POST", "/v1/auth/register", {**CAROL, "name": words})
    (letter,) = mailbox.deliver()
    assert "evil.example" not in letter.text + letter.html + letter.subject


def test_no_secret_is_in_a_log_an_item_the_queue_or_an_error(
    strict: World, mailbox: Mailbox, store: RecordingStore, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Answer] = []
    queued: list[bytes] = []
    send = strict.services.queue.send

    class Listener:
        """The queue, overheard."""

        def send(self, queue: str, body: bytes, delay_seconds: int = 0) -> None:
            queued.append(body)
            send(queue, body, delay_seconds)

        receive = staticmethod(strict.services.queue.receive)
        acknowledge = staticmethod(strict.services.queue.acknowledge)

    strict.services = replace(strict.services, queue=Listener())
    strict.expect(202, "POST", "/v1/auth/register", CAROL)
    (verification,) = mailbox.deliver()
    answers.append(verify(strict, verification.token[:-1] + "x"))
    verify(strict, verification.token)
    tokens = signed_in(strict, CAROL["email"])
    refreshed = strict.expect(200, "POST", "/v1/auth/refresh", {"refreshToken": tokens["refreshToken"]})
    letter = forgot(strict, mailbox, CAROL["email"])
    answers.append(reset(strict, letter.token, "too short 77"))
    reset(strict, letter.token, NEW)
    answers += [reset(strict, letter.token, OTHER), login(strict, CAROL["email"])]
    answers.append(strict.call("POST", "/v1/auth/refresh", {"refreshToken": refreshed["refreshToken"]}))
    mailbox.deliver()

    links = [parse_link_token(each.token) for each in (verification, letter)]
    secrets = [PASSWORD, NEW, OTHER, "too short 77"]
    secrets += [link.secret for link in links if link is not None]
    secrets += [each["refreshToken"].split(".")[2][:64] for each in (tokens, refreshed)]
    secrets += [each["accessToken"].split(".")[2] for each in (tokens, refreshed)]
    stored = repr([codec.decode(write.item.data) for write in store.written if isinstance(write, Put)])
    sent = repr([codec.decode(body) for body in queued])
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    told = "\n".join(str(answer.json) for answer in answers)
    assert len(secrets) == 10
    assert logged
    assert queued
    for secret in secrets:
        assert secret not in logged
        assert secret not in told
        assert secret not in stored
        assert secret not in sent
    assert CAROL["name"] in stored
