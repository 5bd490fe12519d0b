"""Workspaces and their members, over the real handlers."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyairtable_common.domain.permissions import Role
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import Table
from recording import RecordingStore
from world import Person, World

ROLES = [role.word for role in Role]
FORBIDDEN = (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


@pytest.fixture
def bob(world: World) -> Person:
    return world.sign_up("Bob")


def events(world: World, workspace_id: str) -> list[tuple[int, str]]:
    log = read_events(world.services.store, Table.TENANCY, workspace_id, 0)
    return [(event.sequence, event.kind.value) for event in log]


def roles(person: Person, workspace_id: str) -> Mapping[str, str]:
    members = person.expect(200, "GET", f"/v1/workspaces/{workspace_id}/members")["members"]
    return {member["userId"]: member["role"] for member in members}


def test_whoever_makes_a_workspace_owns_it(ada: Person) -> None:
    made = ada.expect(201, "POST", "/v1/workspaces", {"name": " Analytical Engines "})
    assert (made["name"], made["role"]) == ("Analytical Engines", "owner")
    assert ada.expect(200, "GET", f"/v1/workspaces/{made['id']}") == made
    assert roles(ada, made["id"]) == {ada.user_id: "owner"}


def test_ones_workspaces_are_listed_with_ones_roles(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "commenter")
    listed = bob.expect(200, "GET", "/v1/workspaces")["workspaces"]
    assert {one["id"]: one["role"] for one in listed} == {
        ada.workspace_id: "commenter",
        bob.workspace_id: "owner",
    }
    mine = bob.expect(200, "GET", "/v1/auth/me")["workspaces"]
    assert [(one["id"], one["role"]) for one in mine] == [(one["id"], one["role"]) for one in listed]


def test_a_workspace_made_again_under_its_key_is_the_same(store: RecordingStore, ada: Person) -> None:
    key = {"idempotency-key": "w-1"}
    first = ada.expect(201, "POST", "/v1/workspaces", {"name": "Engines"}, headers=key)
    before = len(store.written)
    assert ada.expect(201, "POST", "/v1/workspaces", {"name": "Engines"}, headers=key) == first
    other = ada.call("POST", "/v1/workspaces", {"name": "Looms"}, headers=key)
    assert (other.status, other.error_type) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(store.written) == before


def test_the_same_key_of_another_person_makes_another_workspace(ada: Person, bob: Person) -> None:
    key = {"idempotency-key": "w-1"}
    made = [person.expect(201, "POST", "/v1/workspaces", {"name": "X"}, headers=key) for person in (ada, bob)]
    assert made[0]["id"] != made[1]["id"]


def test_sixteen_repeats_at_once_make_one_workspace(ada: Person) -> None:
    def make(_: int) -> str:
        made = ada.expect(201, "POST", "/v1/workspaces", {"name": "X"}, headers={"idempotency-key": "w"})
        return str(made["id"])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(make, range(16)))) == 1
    assert len(ada.expect(200, "GET", "/v1/workspaces")["workspaces"]) == 2


@pytest.mark.parametrize("role", ROLES)
def test_a_member_is_added_by_id(world: World, ada: Person, bob: Person, role: str) -> None:
    path = f"/v1/workspaces/{ada.workspace_id}/members"
    added = ada.expect(201, "POST", path, {"userId": bob.user_id, "role": role})
    assert added == {"userId": bob.user_id, "email": bob.email, "name": "Bob", "role": role}
    assert roles(ada, ada.workspace_id) == {ada.user_id: "owner", bob.user_id: role}
    assert events(world, ada.workspace_id) == [(1, "workspace.created"), (2, "workspace.members.changed")]


def test_a_member_is_added_once(store: RecordingStore, ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "read")
    before = len(store.written)
    body = {"userId": bob.user_id, "role": "owner"}
    answer = ada.call("POST", f"/v1/workspaces/{ada.workspace_id}/members", body)
    assert (answer.status, answer.error_type) == (409, "ALREADY_MEMBER")
    assert len(store.written) == before


def test_a_member_added_again_under_the_same_key_is_the_same_answer(ada: Person, bob: Person) -> None:
    path, body = f"/v1/workspaces/{ada.workspace_id}/members", {"userId": bob.user_id, "role": "editor"}
    key = {"idempotency-key": "m-1"}
    assert ada.expect(201, "POST", path, body, headers=key) == ada.expect(
        201, "POST", path, body, headers=key
    )
    other = ada.call("POST", path, {**body, "role": "read"}, headers=key)
    assert (other.status, other.error_type) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_members_added_at_once_are_all_there_in_a_log_without_gaps(world: World, ada: Person) -> None:
    guests = [world.sign_up(f"Guest{number}") for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda guest: ada.share_workspace(guest, "editor"), guests))
    assert set(roles(ada, ada.workspace_id)) == {ada.user_id, *(guest.user_id for guest in guests)}
    assert [number for number, _ in events(world, ada.workspace_id)] == list(range(1, 14))


@pytest.mark.parametrize("role", [role for role in ROLES if role != "owner"])
def test_only_an_owner_adds_members(
    world: World, store: RecordingStore, ada: Person, bob: Person, role: str
) -> None:
    ada.share_workspace(bob, role)
    carol = world.sign_up("Carol")
    before = len(store.written)
    path = f"/v1/workspaces/{ada.workspace_id}/members"
    for guest in (carol, bob):
        answer = bob.call("POST", path, {"userId": guest.user_id, "role": "owner"})
        assert (answer.status, answer.error_type) == FORBIDDEN
    assert len(store.written) == before
    assert roles(bob, ada.workspace_id) == {ada.user_id: "owner", bob.user_id: role}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/workspaces/{}"),
        ("GET", "/v1/workspaces/{}/members"),
        ("POST", "/v1/workspaces/{}/members"),
    ],
)
def test_foreign_and_missing_workspaces_look_the_same(
    store: RecordingStore, ada: Person, bob: Person, method: str, path: str
) -> None:
    before = len(store.written)
    body = {"userId": bob.user_id, "role": "owner"} if method == "POST" else None
    ids = [ada.workspace_id, "wspAAAAAAAAAAAAAA", "wsp", ada.user_id, f"{bob.workspace_id}%23x", "%2e%2e"]
    answers = [bob.call(method, path.format(one), body) for one in ids]
    assert {(answer.status, answer.error_type) for answer in answers} == {FORBIDDEN}
    assert len({str(answer.json) for answer in answers}) == 1
    assert len(store.written) == before


def test_accounts_that_do_not_exist_cannot_be_added(store: RecordingStore, ada: Person) -> None:
    before = len(store.written)
    path = f"/v1/workspaces/{ada.workspace_id}/members"
    for who in ({"userId": "usrAAAAAAAAAAAAAA"}, {"userId": "x"}):
        answer = ada.call("POST", path, {**who, "role": "read"})
        assert (answer.status, answer.error_type) == FORBIDDEN
    assert len(store.written) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"role": "admin"},
        {"role": "OWNER"},
        {"role": 5},
        {"role": None},
        {"email": "ada@example.org"},
        {"userId": None},
        {"userId": 1},
        {"workspaceId": "wspAAAAAAAAAAAAAA"},
    ],
)
def test_a_bad_invitation_is_refused(
    store: RecordingStore, ada: Person, bob: Person, changed: Mapping[str, object]
) -> None:
    before = len(store.written)
    body = {"userId": bob.user_id, "role": "read", **changed}
    answer = ada.call("POST", f"/v1/workspaces/{ada.workspace_id}/members", body)
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
    assert len(store.written) == before


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 1}, {"name": "x", "ownerId": "usrAAAAAAAAAAAAAA"}]
)
def test_a_bad_workspace_is_refused(store: RecordingStore, ada: Person, body: Mapping[str, object]) -> None:
    before = len(store.written)
    answer = ada.call("POST", "/v1/workspaces", body)
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
    assert len(store.written) == before


def test_a_token_needs_the_scope_of_what_it_does(world: World, ada: Person) -> None:
    reading, writing = (
        ada.personal_token("workspacesAndBases:read"),
        ada.personal_token("workspacesAndBases:write"),
    )
    path = f"/v1/workspaces/{ada.workspace_id}"
    assert world.call("GET", path, token=reading).status == 200
    assert world.call("GET", path, token=writing).status == 403
    assert world.call("GET", "/v1/workspaces", token=writing).status == 403
    assert world.call("POST", "/v1/workspaces", {"name": "X"}, token=reading).status == 403
    assert world.call("POST", "/v1/workspaces", {"name": "X"}, token=writing).status == 201


def test_a_limited_token_sees_only_its_workspaces_and_makes_none(world: World, ada: Person) -> None:
    other = ada.expect(201, "POST", "/v1/workspaces", {"name": "Other"})["id"]
    scopes = ("workspacesAndBases:read", "workspacesAndBases:write")
    token = ada.personal_token(*scopes, resources=[other])
    listed = world.expect(200, "GET", "/v1/workspaces", token=token)["workspaces"]
    assert [one["id"] for one in listed] == [other]
    assert world.call("GET", f"/v1/workspaces/{other}", token=token).status == 200
    assert world.call("GET", f"/v1/workspaces/{ada.workspace_id}", token=token).status == 403
    assert world.call("POST", "/v1/workspaces", {"name": "X"}, token=token).status == 403
    me = world.expect(200, "GET", "/v1/auth/me", token=token)
    assert [one["id"] for one in me["workspaces"]] == [other]
