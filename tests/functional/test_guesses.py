"""Guessing at passwords: bounded for whoever guesses, and never a way to lock somebody out."""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from pyairtable_common.application.mailings import deliver_letters
from pyairtable_common.domain.rate_limits import PROFILES
from world import PASSWORD, Answer, Person, World

HOME, AWAY = "198.51.100.1", "203.0.113.200"
WRONG = "a wrong password, long enough"
DAY = 86_400


@pytest.fixture
def world(tmp_path: Path) -> World:
    """No limits but those on guesses."""
    return World(tmp_path, limits=PROFILES["off"])


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


def log_in(world: World, email: str, password: str, address: str) -> Answer:
    return world.call("POST", "/v1/auth/login", {"email": email, "password": password}, address=address)


def guess(world: World, email: str, addresses: Iterable[str]) -> Sequence[int]:
    return [log_in(world, email, WRONG, address).status for address in addresses]


def strangers(count: int, first: int = 0) -> Sequence[str]:
    return [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(first, first + count)]


def test_the_sixth_guess_from_a_network_is_not_tried_and_says_when_to_come_back(
    world: World, ada: Person
) -> None:
    assert guess(world, ada.email, [AWAY] * 6) == [401] * 5 + [429]
    refused = log_in(world, ada.email, PASSWORD, AWAY)
    assert (refused.status, refused.error_type, refused.headers["retry-after"]) == (
        429,
        "RATE_LIMIT_REACHED",
        "300",
    )
    world.clock.sleep(300)
    assert log_in(world, ada.email, PASSWORD, AWAY).status == 200


def test_known_and_unknown_addresses_answer_alike_all_along(world: World, ada: Person) -> None:
    told = []
    for email in (ada.email, "nobody@example.org"):
        answers = [log_in(world, email, WRONG, address) for address in [AWAY] * 7 + list(strangers(8))]
        told.append([(each.status, each.json, each.headers.get("retry-after")) for each in answers])
    assert told[0] == told[1]
    assert [status for status, _, _ in told[0]] == [401] * 5 + [429] * 2 + [401] * 5 + [429] * 3


def test_guesses_from_everywhere_do_not_lock_out_whoever_signed_in_from_home_before(
    world: World, ada: Person
) -> None:
    assert log_in(world, ada.email, PASSWORD, HOME).status == 200
    assert 429 in guess(world, ada.email, strangers(200))
    assert log_in(world, ada.email, PASSWORD, HOME).status == 200
    assert log_in(world, ada.email, PASSWORD, AWAY).status == 429


def test_a_familiar_network_is_forgotten_after_ninety_days_without_a_visit(world: World, ada: Person) -> None:
    log_in(world, ada.email, PASSWORD, HOME)
    for days in (60, 60):
        world.clock.sleep(days * DAY)
        guess(world, ada.email, strangers(20))
        assert log_in(world, ada.email, PASSWORD, HOME).status == 200
    world.clock.sleep(91 * DAY)
    guess(world, ada.email, strangers(20))
    assert log_in(world, ada.email, PASSWORD, HOME).status == 429


def test_a_new_password_by_mail_lets_its_owner_in_whatever_strangers_do(
    world: World, ada: Person, tmp_path: Path
) -> None:
    guess(world, ada.email, strangers(200))
    assert log_in(world, ada.email, PASSWORD, AWAY).status == 429
    world.expect(202, "POST", "/v1/auth/password/forgot", {"email": ada.email}, address=AWAY)
    new = {"token": mailed_token(world, tmp_path), "password": "an entirely new and long password"}
    world.expect(200, "POST", "/v1/auth/password/reset", new, address=AWAY)
    assert log_in(world, ada.email, str(new["password"]), AWAY).status == 200


def test_in_a_month_no_more_than_a_hundred_guesses_at_an_account_are_tried(world: World, ada: Person) -> None:
    log_in(world, ada.email, PASSWORD, HOME)
    tried = 0
    for visit in range(4 * 28):
        tried += guess(world, ada.email, strangers(11, first=11 * visit)).count(401)
        tried += guess(world, ada.email, [HOME] * 6).count(401)
        world.clock.sleep(6 * 3600)
    assert tried == 100


def test_guesses_at_once_get_no_further_than_one_after_another(world: World, ada: Person) -> None:
    with ThreadPoolExecutor(32) as threads:
        statuses = list(threads.map(lambda _: log_in(world, ada.email, WRONG, AWAY).status, range(32)))
    assert sorted(statuses) == [401] * 5 + [429] * 27


def test_whoever_knows_the_password_may_sign_in_as_often_as_they_like(world: World, ada: Person) -> None:
    for _ in range(12):
        assert guess(world, ada.email, [HOME] * 2) == [401] * 2
        assert log_in(world, ada.email, PASSWORD, HOME).status == 200


def test_one_network_guessing_at_many_accounts_is_stopped_and_its_neighbour_is_not(world: World) -> None:
    statuses = [log_in(world, f"nobody{n}@example.org", WRONG, AWAY).status for n in range(105)]
    assert statuses == [401] * 100 + [429] * 5
    assert log_in(world, "nobody104@example.org", WRONG, HOME).status == 401


def test_addresses_of_one_ipv6_network_are_one(world: World, ada: Person) -> None:
    assert guess(world, ada.email, [f"2001:db8:1:2::{n:x}" for n in range(1, 7)]) == [401] * 5 + [429]


def test_a_forwarded_address_that_the_client_wrote_does_not_help(world: World, ada: Person) -> None:
    body = {"email": ada.email, "password": WRONG}
    statuses = [
        world.call(
            "POST",
            "/v1/auth/login",
            body,
            address=AWAY,
            headers={"x-forwarded-for": f"192.0.2.{n}, 192.0.2.{n}", "x-pyairtable-edge": ""},
        ).status
        for n in range(6)
    ]
    assert statuses == [401] * 5 + [429]


def test_a_stolen_session_cannot_guess_at_the_old_password_for_long(ada: Person) -> None:
    body = {"oldPassword": WRONG, "password": "an entirely new and long password"}
    statuses = [ada.call("POST", "/v1/auth/password/change", body).status for _ in range(6)]
    assert statuses == [422] * 5 + [429]


@pytest.mark.parametrize("path", ["/v1/auth/password/forgot", "/v1/auth/verify-email/resend"])
def test_nobodys_mailbox_is_flooded_and_the_answer_tells_nothing(
    world: World, ada: Person, path: str
) -> None:
    for email in (ada.email, "nobody@example.org"):
        statuses = [
            world.call("POST", path, {"email": email}, address=address).status for address in strangers(7)
        ]
        assert statuses == [202] * 5 + [429] * 2


def mailed_token(world: World, folder: Path) -> str:
    """The token in the newest letter's link."""
    deliver_letters(world.services)
    newest = max((folder / "mail").glob("*.eml"))
    letter = message_from_bytes(newest.read_bytes(), policy=default)
    plain = letter.get_body(("plain",))
    assert plain is not None
    found = re.search(r"token=(\S+)", plain.get_content())
    assert found is not None
    return found[1]
