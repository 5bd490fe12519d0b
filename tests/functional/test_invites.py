"""Invites, over the real handlers and with the letters as they arrive."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyairtable_common.domain.invites import LIFETIME_MS, MOST_PENDING
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import Table
from received_mail import Mailbox
from recording import RecordingStore
from world import PASSWORD, Answer, Person, World

HIDDEN = (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
DENIED = (403, "INVALID_PERMISSIONS")
NO_LINK = (422, "INVALID_LINK")
NEWCOMER = "carol@example.org"


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


@pytest.fixture
def bob(world: World) -> Person:
    return world.sign_up("Bob")


@pytest.fixture
def mailbox(world: World, tmp_path: Path) -> Mailbox:
    return Mailbox(world, tmp_path)


def _invites(owner: Person) -> str:
    return f"/v1/workspaces/{owner.workspace_id}/invites"


def _invite(owner: Person, email: str, role: str = "editor", by: Person | None = None) -> Mapping[str, Any]:
    made: Mapping[str, Any] = (by or owner).expect(
        201, "POST", _invites(owner), {"email": email, "role": role}
    )
    return made


def _link(mailbox: Mailbox, email: str) -> str:
    """Of the one letter that came to this address."""
    (letter,) = [one for one in mailbox.deliver() if one.to == email]
    return letter.token


def _accept(person: Person, token: str) -> Answer:
    return person.call("POST", f"/v1/invites/{token}/accept")


def _refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.error_type


def _roles(owner: Person) -> dict[str, str]:
    members = owner.expect(200, "GET", f"/v1/workspaces/{owner.workspace_id}/members")["members"]
    return {member["userId"]: member["role"] for member in members}


def _told(world: World, owner: Person) -> list[tuple[str, Any]]:
    events = read_events(world.services.store, Table.TENANCY, owner.workspace_id, 1)
    return [(event.kind.value, event.data) for event in events]


def _signed_up_with(world: World, token: str, email: str = NEWCOMER, **how: Any) -> Answer:
    body = {"email": email, "password": PASSWORD, "name": "Carol", "inviteToken": token}
    return world.call("POST", "/v1/auth/register", body, **how)


def test_somebody_with_an_account_is_invited_and_joins(
    world: World, mailbox: Mailbox, ada: Person, bob: Person
) -> None:
    made = _invite(ada, f" {bob.email.upper()}")
    assert made["email"] == bob.email
    assert made["role"] == "editor"
    assert ada.expect(200, "GET", _invites(ada)) == {"invites": [made]}
    assert bob.user_id not in _roles(ada)
    token = _link(mailbox, bob.email)
    accepted = bob.expect(200, "POST", f"/v1/invites/{token}/accept")
    assert accepted == {"workspaceId": ada.workspace_id, "userId": bob.user_id, "role": "editor"}
    assert _roles(ada) == {ada.user_id: "owner", bob.user_id: "editor"}
    assert ada.expect(200, "GET", _invites(ada)) == {"invites": []}
    pending, accepted_told = ({"role": "editor", "state": state} for state in ("pending", "accepted"))
    assert _told(world, ada) == [
        ("workspace.invites.changed", {"invites": {made["id"]: {"before": None, "after": pending}}}),
        (
            "workspace.members.changed",
            {
                "members": {bob.user_id: {"before": None, "after": {"role": "editor"}}},
                "invites": {made["id"]: {"before": pending, "after": accepted_told}},
            },
        ),
    ]


def test_accepting_again_changes_nothing_and_says_the_same(
    store: RecordingStore, mailbox: Mailbox, ada: Person, bob: Person
) -> None:
    _invite(ada, bob.email)
    token = _link(mailbox, bob.email)
    first = _accept(bob, token)
    before = len(store.written)
    assert _accept(bob, token).json == first.json
    assert len(store.written) == before
    ada.expect(200, "DELETE", f"/v1/workspaces/{ada.workspace_id}/members/{bob.user_id}")
    assert _refusal(_accept(bob, token)) == NO_LINK


def test_only_the_account_of_the_invited_address_accepts(
    world: World, mailbox: Mailbox, ada: Person, bob: Person
) -> None:
    eve = world.sign_up("Eve")
    _invite(ada, bob.email)
    token = _link(mailbox, bob.email)
    assert _refusal(_accept(eve, token)) == NO_LINK
    personal = bob.personal_token("workspacesAndBases:write")
    assert _refusal(world.call("POST", f"/v1/invites/{token}/accept", token=personal)) == HIDDEN
    assert _refusal(world.call("POST", f"/v1/invites/{token}/accept")) == (401, "AUTHENTICATION_REQUIRED")
    assert set(_roles(ada)) == {ada.user_id}


def test_known_and_unknown_addresses_look_the_same_to_the_inviter(ada: Person, bob: Person) -> None:
    known, unknown = _invite(ada, bob.email), _invite(ada, NEWCOMER)
    assert known.keys() == unknown.keys()
    own = {"id", "email"}
    assert {k: v for k, v in known.items() if k not in own} == {
        k: v for k, v in unknown.items() if k not in own
    }


def test_a_mistyped_link_is_refused(mailbox: Mailbox, ada: Person, bob: Person) -> None:
    _invite(ada, bob.email)
    token = _link(mailbox, bob.email)
    swapped = token[:-9] + ("0" if token[-9] != "0" else "1") + token[-8:]
    for wrong in ("x", swapped, token[:-1], token + "0"):
        assert _refusal(_accept(bob, wrong)) == NO_LINK
        assert _refusal(bob.world.call("POST", f"/v1/invites/{wrong}/decline")) == NO_LINK
    assert _accept(bob, token).status == 200


def test_the_secret_lies_nowhere_in_the_store(
    store: RecordingStore, mailbox: Mailbox, ada: Person, bob: Person
) -> None:
    _invite(ada, bob.email)
    token = _link(mailbox, bob.email)
    _accept(bob, token)
    secret = token.split(".")[2][:64].encode()
    assert not [write for write in store.written if secret in repr(write).encode()]


def test_an_invite_expires(mailbox: Mailbox, world: World, ada: Person, bob: Person) -> None:
    _invite(ada, bob.email)
    token = _link(mailbox, bob.email)
    world.clock.sleep(LIFETIME_MS / 1000)
    bob = _signed_in_again(bob)
    assert _refusal(_accept(bob, token)) == NO_LINK
    assert _refusal(_signed_up_with(world, token, bob.email)) == NO_LINK
    assert _signed_in_again(ada).expect(200, "GET", _invites(ada)) == {"invites": []}


def test_an_invite_again_replaces_the_one_before(mailbox: Mailbox, ada: Person, bob: Person) -> None:
    first = _invite(ada, bob.email, "read")
    old = _link(mailbox, bob.email)
    second = _invite(ada, bob.email, "commenter")
    assert first["id"] == second["id"]
    assert ada.expect(200, "GET", _invites(ada))["invites"] == [second]
    assert _refusal(_accept(bob, old)) == NO_LINK
    assert _accept(bob, _link(mailbox, bob.email)).json["role"] == "commenter"


def test_a_resent_invite_has_another_link_and_another_week(
    mailbox: Mailbox, world: World, ada: Person, bob: Person
) -> None:
    made = _invite(ada, bob.email)
    old = _link(mailbox, bob.email)
    world.clock.sleep(LIFETIME_MS / 1000 - 600)
    ada, bob = _signed_in_again(ada), _signed_in_again(bob)
    again = ada.expect(200, "POST", f"{_invites(ada)}/{made['id']}/resend")
    assert again["expiresTime"] > made["expiresTime"]
    assert _refusal(_accept(bob, old)) == NO_LINK
    assert _accept(bob, _link(mailbox, bob.email)).status == 200
    assert _refusal(ada.call("POST", f"{_invites(ada)}/{made['id']}/resend")) == HIDDEN


def test_a_revoked_invite_opens_nothing_and_its_letter_is_not_sent(
    mailbox: Mailbox, ada: Person, bob: Person
) -> None:
    made = _invite(ada, bob.email)
    token = _link(mailbox, bob.email)
    path = f"{_invites(ada)}/{made['id']}"
    assert ada.expect(200, "DELETE", path) == {"id": made["id"], "deleted": True}
    assert _refusal(_accept(bob, token)) == NO_LINK
    assert _refusal(ada.call("DELETE", path)) == HIDDEN
    _invite(ada, bob.email)
    ada.expect(200, "DELETE", path)
    assert not mailbox.deliver()


def test_whoever_has_the_link_declines_with_or_without_an_account(
    mailbox: Mailbox, world: World, ada: Person, bob: Person
) -> None:
    _invite(ada, bob.email)
    token = _link(mailbox, bob.email)
    for _ in range(2):
        assert world.expect(200, "POST", f"/v1/invites/{token}/decline") == {"declined": True}
    assert ada.expect(200, "GET", _invites(ada)) == {"invites": []}
    assert _refusal(_accept(bob, token)) == NO_LINK
    _invite(ada, bob.email)
    assert _accept(bob, _link(mailbox, bob.email)).status == 200


def test_somebody_without_an_account_signs_up_into_the_workspace(
    mailbox: Mailbox, world: World, ada: Person
) -> None:
    _invite(ada, NEWCOMER, "creator")
    token = _link(mailbox, NEWCOMER)
    assert _refusal(_signed_up_with(world, token, "eve@example.org")) == NO_LINK
    made = _signed_up_with(world, token, headers={"idempotency-key": "once"})
    assert made.status == 201
    assert made.json["joined"] == {"workspaceId": ada.workspace_id, "role": "creator"}
    again = _signed_up_with(world, token, headers={"idempotency-key": "once"})
    assert (again.status, again.json["user"]) == (201, made.json["user"])
    assert _roles(ada) == {ada.user_id: "owner", made.json["user"]["id"]: "creator"}
    own = world.expect(200, "GET", "/v1/workspaces", token=made.json["accessToken"])
    assert {one["id"] for one in own["workspaces"]} == {ada.workspace_id, made.json["workspace"]["id"]}
    assert _refusal(_signed_up_with(world, token)) == (409, "EMAIL_TAKEN")


def test_the_letter_of_an_invite_verifies_the_address_of_whoever_signs_up_with_it(
    mailbox: Mailbox, world: World, ada: Person
) -> None:
    world.services = replace(world.services, require_verification=True)
    _invite(ada, NEWCOMER)
    made = _signed_up_with(world, _link(mailbox, NEWCOMER))
    assert made.status == 201
    assert not mailbox.deliver()
    body = {"email": NEWCOMER, "password": PASSWORD}
    assert world.call("POST", "/v1/auth/login", body).status == 200


def test_nobody_offers_more_than_they_have(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "creator")
    _invite(ada, NEWCOMER, "creator", by=bob)
    body = {"email": NEWCOMER, "role": "owner"}
    assert _refusal(bob.call("POST", _invites(ada), body)) == DENIED
    above = _invite(ada, NEWCOMER, "owner")
    assert _refusal(bob.call("DELETE", f"{_invites(ada)}/{above['id']}")) == DENIED
    assert _refusal(bob.call("POST", f"{_invites(ada)}/{above['id']}/resend")) == DENIED


@pytest.mark.parametrize("role", ["read", "commenter", "editor"])
def test_lesser_roles_neither_see_nor_make_invites(ada: Person, bob: Person, role: str) -> None:
    ada.share_workspace(bob, role)
    made = _invite(ada, NEWCOMER)
    one = f"{_invites(ada)}/{made['id']}"
    assert _refusal(bob.call("GET", _invites(ada))) == HIDDEN
    assert _refusal(bob.call("POST", _invites(ada), {"email": NEWCOMER, "role": "read"})) == HIDDEN
    assert _refusal(bob.call("POST", f"{one}/resend")) == HIDDEN
    assert _refusal(bob.call("DELETE", one)) == HIDDEN
    assert ada.expect(200, "GET", _invites(ada))["invites"] == [made]


def test_an_invite_is_worth_what_its_maker_may_still_offer(
    mailbox: Mailbox, world: World, ada: Person, bob: Person
) -> None:
    ada.share_workspace(bob, "creator")
    eve = world.sign_up("Eve")
    _invite(ada, eve.email, "creator", by=bob)
    token = _link(mailbox, eve.email)
    member = f"/v1/workspaces/{ada.workspace_id}/members/{bob.user_id}"
    ada.expect(200, "PATCH", member, {"role": "editor"})
    assert _refusal(_accept(eve, token)) == NO_LINK
    ada.expect(200, "PATCH", member, {"role": "creator"})
    assert _accept(eve, token).status == 200


def test_an_old_invite_raises_nobody(mailbox: Mailbox, ada: Person, bob: Person) -> None:
    _invite(ada, bob.email, "creator")
    token = _link(mailbox, bob.email)
    ada.share_workspace(bob, "read")
    assert _accept(bob, token).json["role"] == "read"
    assert _roles(ada)[bob.user_id] == "read"
    assert ada.expect(200, "GET", _invites(ada)) == {"invites": []}


def test_the_same_wish_twice_is_one_invite(world: World, ada: Person) -> None:
    key = {"idempotency-key": "once"}
    body = {"email": NEWCOMER, "role": "read"}
    first = ada.expect(201, "POST", _invites(ada), body, headers=key)
    world.clock.sleep(1)
    assert ada.expect(201, "POST", _invites(ada), body, headers=key) == first
    assert len(_told(world, ada)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": NEWCOMER},
        {"role": "read"},
        {"email": "nobody", "role": "read"},
        {"email": NEWCOMER, "role": "king"},
        {"email": NEWCOMER, "role": "read", "state": "accepted"},
        {"email": 1, "role": "read"},
        {"email": f"{'x' * 300}@example.org", "role": "read"},
    ],
)
def test_a_bad_invite_is_refused(store: RecordingStore, ada: Person, body: object) -> None:
    before = len(store.written)
    assert _refusal(ada.call("POST", _invites(ada), body)) == (422, "INVALID_REQUEST")
    assert len(store.written) == before


def test_a_foreign_workspaces_invite_is_told_as_missing(ada: Person, bob: Person) -> None:
    made = _invite(ada, NEWCOMER)
    for method, path in (("DELETE", f"{_invites(bob)}/{made['id']}"), ("DELETE", f"{_invites(bob)}/invx")):
        assert _refusal(bob.call(method, path)) == HIDDEN
    assert _refusal(bob.call("POST", f"{_invites(bob)}/{made['id']}/resend")) == HIDDEN
    assert _refusal(bob.call("GET", _invites(ada))) == HIDDEN
    assert ada.expect(200, "GET", _invites(ada))["invites"] == [made]


def test_a_workspace_has_so_many_open_invites_and_no_more(ada: Person) -> None:
    for number in range(MOST_PENDING):
        _invite(ada, f"guest{number}@example.org")
    body = {"email": NEWCOMER, "role": "read"}
    assert _refusal(ada.call("POST", _invites(ada), body)) == (409, "TOO_MANY_INVITES")
    _invite(ada, "guest0@example.org", "read")


def test_of_many_invites_of_one_address_at_once_one_is_left(
    mailbox: Mailbox, ada: Person, bob: Person
) -> None:
    def invite(number: int) -> int:
        body = {"email": bob.email, "role": ("read", "editor")[number % 2]}
        return ada.call("POST", _invites(ada), body).status

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(invite, range(32))) == [201] * 32
    assert len(ada.expect(200, "GET", _invites(ada))["invites"]) == 1
    links = [one.token for one in mailbox.deliver() if one.to == bob.email]
    assert sorted(_accept(bob, link).status for link in links) == [200] + [422] * (len(links) - 1)


def test_of_many_answers_at_once_one_counts(mailbox: Mailbox, world: World, ada: Person, bob: Person) -> None:
    _invite(ada, bob.email)
    token = _link(mailbox, bob.email)

    def answer(number: int) -> tuple[str, int]:
        what = ("accept", "decline")[number % 2]
        return what, bob.call("POST", f"/v1/invites/{token}/{what}").status

    with ThreadPoolExecutor(16) as threads:
        answers = set(threads.map(answer, range(32)))
    accepted, declined = ("accept", 200) in answers, ("decline", 200) in answers
    assert accepted != declined
    assert (bob.user_id in _roles(ada)) == accepted
    assert len(_told(world, ada)) == 2


def _signed_in_again(person: Person) -> Person:
    body = {"email": person.email, "password": PASSWORD}
    answer = person.world.expect(200, "POST", "/v1/auth/login", body)
    return replace(person, token=answer["accessToken"])
