"""Roles, leaving, ownership and slugs, over the real handlers."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pyairtable_common.domain.permissions import Role
from world import Person, World

LAST_OWNER = (409, "LAST_OWNER")
HIDDEN = (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
DENIED = (403, "INVALID_PERMISSIONS")


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


@pytest.fixture
def bob(world: World) -> Person:
    return world.sign_up("Bob")


def _workspace(person: Person) -> str:
    return f"/v1/workspaces/{person.workspace_id}"


def _member(owner: Person, member: Person) -> str:
    return f"{_workspace(owner)}/members/{member.user_id}"


def _roles(owner: Person, asker: Person | None = None) -> dict[str, str]:
    members = (asker or owner).expect(200, "GET", f"{_workspace(owner)}/members")["members"]
    return {member["userId"]: member["role"] for member in members}


def _refusal(person: Person, method: str, path: str, body: object = None) -> tuple[int, str]:
    answer = person.call(method, path, body)
    return answer.status, answer.error_type


def test_an_owner_gives_every_role_and_it_holds_at_the_next_request(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "read")
    base = ada.create_base()
    for role in Role:
        answer = ada.expect(200, "PATCH", _member(ada, bob), {"role": role.word})
        assert answer == {"userId": bob.user_id, "role": role.word}
        assert _roles(ada)[bob.user_id] == role.word
        expected = 200 if role >= Role.EDITOR else 403
        assert bob.call("POST", base.path, {"fields": {}}).status == expected


def test_who_was_put_out_sees_nothing_at_the_next_request(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "creator")
    base = ada.create_base()
    token = bob.personal_token("data.records:read")
    assert bob.world.call("GET", base.path, token=token).status == 200
    assert ada.expect(200, "DELETE", _member(ada, bob)) == {"userId": bob.user_id, "deleted": True}
    assert _refusal(bob, "GET", base.path) == HIDDEN
    assert bob.world.call("GET", base.path, token=token).status == 403
    assert _refusal(bob, "GET", _workspace(ada)) == HIDDEN
    assert [one["id"] for one in bob.expect(200, "GET", "/v1/workspaces")["workspaces"]] == [bob.workspace_id]
    ada.share_workspace(bob, "read")
    assert bob.call("GET", base.path).status == 200


def test_anybody_may_leave(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "read")
    bob.expect(200, "DELETE", _member(ada, bob))
    assert _roles(ada) == {ada.user_id: "owner"}


def test_the_last_owner_can_neither_leave_nor_step_down_nor_be_put_out(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "creator")
    assert _refusal(ada, "DELETE", _member(ada, ada)) == LAST_OWNER
    assert _refusal(ada, "PATCH", _member(ada, ada), {"role": "creator"}) == LAST_OWNER
    assert _refusal(bob, "DELETE", _member(ada, ada)) == DENIED
    assert _refusal(bob, "PATCH", _member(ada, ada), {"role": "read"}) == DENIED
    ada.expect(200, "PATCH", _member(ada, bob), {"role": "owner"})
    ada.expect(200, "DELETE", _member(ada, ada))
    assert _refusal(bob, "DELETE", _member(ada, bob)) == LAST_OWNER


def test_nobody_grants_more_than_they_have(world: World, ada: Person, bob: Person) -> None:
    eve = world.sign_up("Eve")
    ada.share_workspace(bob, "creator")
    ada.share_workspace(eve, "read")
    bob.expect(200, "PATCH", _member(ada, eve), {"role": "creator"})
    assert _refusal(bob, "PATCH", _member(ada, eve), {"role": "owner"}) == DENIED
    assert _refusal(bob, "PATCH", _member(ada, bob), {"role": "owner"}) == DENIED
    bob.expect(200, "DELETE", _member(ada, eve))


@pytest.mark.parametrize("role", ["read", "commenter", "editor"])
def test_lesser_roles_manage_nobody(world: World, ada: Person, bob: Person, role: str) -> None:
    eve = world.sign_up("Eve")
    ada.share_workspace(bob, role)
    ada.share_workspace(eve, "read")
    assert _refusal(bob, "PATCH", _member(ada, eve), {"role": "read"}) == HIDDEN
    assert _refusal(bob, "DELETE", _member(ada, eve)) == HIDDEN
    assert _roles(ada)[eve.user_id] == "read"


def test_somebody_who_is_no_member_is_told_as_missing(ada: Person, bob: Person) -> None:
    assert _refusal(ada, "PATCH", _member(ada, bob), {"role": "read"}) == HIDDEN
    assert _refusal(ada, "DELETE", _member(ada, bob)) == HIDDEN
    assert _refusal(ada, "DELETE", f"{_workspace(ada)}/members/nobody") == HIDDEN
    assert _refusal(bob, "DELETE", _member(ada, bob)) == HIDDEN


def test_ownership_is_handed_over_in_one_step(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "editor")
    path = f"{_workspace(ada)}/transfer-ownership"
    assert _refusal(bob, "POST", path, {"userId": bob.user_id}) == HIDDEN
    assert _refusal(ada, "POST", path, {"userId": ada.user_id}) == DENIED
    assert ada.expect(200, "POST", path, {"userId": bob.user_id}) == {"userId": bob.user_id, "role": "owner"}
    assert _roles(ada, bob) == {ada.user_id: "creator", bob.user_id: "owner"}
    assert _refusal(ada, "POST", path, {"userId": ada.user_id}) == HIDDEN


def test_a_repeated_change_answers_the_same_and_is_told_once(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "read")
    key = {"Idempotency-Key": "once"}
    first = ada.expect(200, "PATCH", _member(ada, bob), {"role": "editor"}, headers=key)
    ada.expect(200, "PATCH", _member(ada, bob), {"role": "read"})
    assert ada.expect(200, "PATCH", _member(ada, bob), {"role": "editor"}, headers=key) == first
    assert _roles(ada)[bob.user_id] == "read"


def test_owners_who_all_leave_at_once_leave_one_behind(world: World, ada: Person) -> None:
    owners = [ada]
    for number in range(7):
        person = world.sign_up(f"Owner{number}")
        ada.share_workspace(person, "owner")
        owners.append(person)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda one: one.call("DELETE", _member(ada, one)).status, owners))
    assert sorted(answers) == [200] * 7 + [409]
    (left,) = [person for person, status in zip(owners, answers, strict=True) if status == 409]
    assert _roles(ada, left) == {left.user_id: "owner"}


# Names, icons and slugs


def test_an_owner_renames_the_workspace_and_gives_it_a_slug_and_an_icon(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "creator")
    change = {"name": " Ünïts ", "slug": "units-4-all", "icon": "\U0001f4d0"}
    after = ada.expect(200, "PATCH", _workspace(ada), change)
    assert (after["name"], after["slug"], after["icon"]) == ("Ünïts", "units-4-all", "\U0001f4d0")
    assert ada.expect(200, "GET", _workspace(ada)) == after
    assert _refusal(bob, "PATCH", _workspace(ada), {"name": "x"}) == HIDDEN
    assert ada.expect(200, "PATCH", _workspace(ada), {"name": "Ünïts"}) == after


def test_no_two_workspaces_share_a_slug_and_a_slug_given_up_is_free(ada: Person, bob: Person) -> None:
    free = [("slug", "units")]
    assert bob.expect(200, "GET", "/v1/workspaces/slug-available", query=free)["available"] is True
    ada.expect(200, "PATCH", _workspace(ada), {"slug": "units"})
    assert bob.expect(200, "GET", "/v1/workspaces/slug-available", query=free)["available"] is False
    assert _refusal(bob, "PATCH", _workspace(bob), {"slug": "units"}) == (409, "SLUG_TAKEN")
    ada.expect(200, "PATCH", _workspace(ada), {"slug": "other"})
    bob.expect(200, "PATCH", _workspace(bob), {"slug": "units"})


def test_of_many_who_want_one_slug_at_once_one_gets_it(world: World) -> None:
    people = [world.sign_up(f"P{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda one: one.call("PATCH", _workspace(one), {"slug": "gold"}).status, people)
        )
    assert sorted(answers) == [200] + [409] * 7


@pytest.mark.parametrize(
    "slug", ["", "ab", "-ab", "ab-", "a--b", "Abc", "a b", "a_b", "x" * 64, "äbc", "abc\n"]
)
def test_what_is_no_slug_is_refused(ada: Person, slug: str) -> None:
    assert _refusal(ada, "PATCH", _workspace(ada), {"slug": slug}) == (422, "INVALID_REQUEST")
    answer = ada.call("GET", "/v1/workspaces/slug-available", query=[("slug", slug)])
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "body", [{}, {"owner": "x"}, {"name": 1}, {"icon": " "}, {"icon": "x" * 33}, {"slug": None}]
)
def test_a_bad_change_is_refused(ada: Person, body: object) -> None:
    assert _refusal(ada, "PATCH", _workspace(ada), body) == (422, "INVALID_REQUEST")
