"""Roles in single bases, over the real handlers."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from faulty import FaultyStore
from pyairtable_common.domain.permissions import Role
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import Table
from recording import RecordingStore
from world import BaseOf, Person, World

HIDDEN = (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
DENIED = (403, "INVALID_PERMISSIONS")


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


@pytest.fixture
def bob(world: World) -> Person:
    return world.sign_up("Bob")


@pytest.fixture
def base(ada: Person) -> BaseOf:
    return ada.create_base()


def _collaborators(base: BaseOf, person: Person | None = None) -> str:
    path = f"/v1/workspaces/{base.owner.workspace_id}/bases/{base.id}/collaborators"
    return path if person is None else f"{path}/{person.user_id}"


def _add(base: BaseOf, person: Person, role: str, by: Person | None = None) -> Mapping[str, Any]:
    body = {"userId": person.user_id, "role": role}
    added: Mapping[str, Any] = (by or base.owner).expect(201, "POST", _collaborators(base), body)
    return added


def _roles(base: BaseOf) -> dict[str, str]:
    found = base.owner.expect(200, "GET", _collaborators(base))["collaborators"]
    return {one["userId"]: one["role"] for one in found}


def _bases(person: Person) -> dict[str, str]:
    listed = person.expect(200, "GET", "/v0/meta/bases")["bases"]
    return {one["id"]: one["permissionLevel"] for one in listed}


def _refusal(person: Person, method: str, path: str, body: object = None) -> tuple[int, str]:
    answer = person.call(method, path, body)
    return answer.status, answer.error_type


def test_a_collaborator_sees_the_base_and_nothing_else_of_the_workspace(
    ada: Person, bob: Person, base: BaseOf
) -> None:
    other = ada.create_base(name="Other")
    added = _add(base, bob, "editor")
    assert added == {"userId": bob.user_id, "email": bob.email, "name": "Bob", "role": "editor"}
    assert _roles(base) == {bob.user_id: "editor"}
    assert _bases(bob) == {base.id: "edit"}
    bob.expect(200, "POST", base.path, {"fields": {"Name": "x"}})
    assert _refusal(bob, "GET", other.path) == HIDDEN
    workspace = f"/v1/workspaces/{ada.workspace_id}"
    for path in (workspace, f"{workspace}/members", _collaborators(base)):
        assert _refusal(bob, "GET", path) == HIDDEN
    own = bob.expect(200, "GET", "/v1/workspaces")["workspaces"]
    assert ada.workspace_id not in {one["id"] for one in own}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_in_the_base_what_it_may_in_a_workspace(bob: Person, base: BaseOf, role: Role) -> None:
    _add(base, bob, role.word)
    assert _bases(bob) == {base.id: role.permission_level}
    assert bob.call("GET", base.path).status == 200
    assert bob.call("POST", base.path, {"fields": {}}).status == (200 if role >= Role.EDITOR else 403)
    table = {"name": "More", "fields": [{"name": "Name", "type": "singleLineText"}]}
    made = bob.call("POST", f"/v0/meta/bases/{base.id}/tables", table).status
    assert made == (200 if role >= Role.CREATOR else 403)


@pytest.mark.parametrize(("in_workspace", "in_base"), [("read", "editor"), ("editor", "read")])
def test_the_higher_of_both_roles_counts(
    ada: Person, bob: Person, base: BaseOf, in_workspace: str, in_base: str
) -> None:
    other = ada.create_base(name="Other")
    ada.share_workspace(bob, in_workspace)
    _add(base, bob, in_base)
    assert bob.call("POST", base.path, {"fields": {}}).status == 200
    assert _bases(bob) == {base.id: "edit", other.id: "edit" if in_workspace == "editor" else "read"}


def test_a_change_or_an_end_holds_at_the_next_request(world: World, bob: Person, base: BaseOf) -> None:
    _add(base, bob, "editor")
    token = bob.personal_token("data.records:read", "data.records:write")
    assert world.call("POST", base.path, {"fields": {}}, token=token).status == 200
    ada = base.owner
    changed = ada.expect(200, "PATCH", _collaborators(base, bob), {"role": "read"})
    assert changed == {"userId": bob.user_id, "role": "read"}
    assert world.call("POST", base.path, {"fields": {}}, token=token).status == 403
    assert world.call("GET", base.path, token=token).status == 200
    ended = ada.expect(200, "DELETE", _collaborators(base, bob))
    assert ended == {"userId": bob.user_id, "deleted": True}
    assert world.call("GET", base.path, token=token).status == 403
    assert _bases(bob) == {}
    assert _roles(base) == {}
    for method, body in (("PATCH", {"role": "read"}), ("DELETE", None)):
        assert _refusal(ada, method, _collaborators(base, bob), body) == HIDDEN


def test_a_token_limited_to_another_base_does_not_reach_it(
    world: World, ada: Person, bob: Person, base: BaseOf
) -> None:
    other = ada.create_base(name="Other")
    _add(base, bob, "read")
    _add(other, bob, "read")
    token = bob.personal_token("data.records:read", "schema.bases:read", resources=[other.id])
    listed = world.expect(200, "GET", "/v0/meta/bases", token=token)["bases"]
    assert [one["id"] for one in listed] == [other.id]
    assert world.call("GET", other.path, token=token).status == 200
    assert world.call("GET", base.path, token=token).status == 403


def test_nobody_grants_more_than_they_have_or_touches_those_above_them(
    world: World, ada: Person, bob: Person, base: BaseOf
) -> None:
    eve = world.sign_up("Eve")
    ada.share_workspace(bob, "creator")
    _add(base, eve, "creator", by=bob)
    assert _refusal(bob, "PATCH", _collaborators(base, eve), {"role": "owner"}) == DENIED
    ada.expect(200, "PATCH", _collaborators(base, eve), {"role": "owner"})
    assert _refusal(bob, "PATCH", _collaborators(base, eve), {"role": "read"}) == DENIED
    assert _refusal(bob, "DELETE", _collaborators(base, eve)) == DENIED
    assert _roles(base) == {eve.user_id: "owner"}


@pytest.mark.parametrize("role", ["read", "commenter", "editor"])
def test_lesser_roles_manage_nobody(world: World, ada: Person, bob: Person, base: BaseOf, role: str) -> None:
    eve = world.sign_up("Eve")
    ada.share_workspace(bob, role)
    _add(base, eve, "read")
    body = {"userId": bob.user_id, "role": "read"}
    assert _refusal(bob, "POST", _collaborators(base), body) == HIDDEN
    assert _refusal(bob, "PATCH", _collaborators(base, eve), {"role": "read"}) == HIDDEN
    assert _refusal(bob, "DELETE", _collaborators(base, eve)) == HIDDEN
    assert bob.call("GET", _collaborators(base)).status == 200


def test_a_foreign_base_in_ones_own_workspace_is_told_as_missing(
    store: RecordingStore, bob: Person, base: BaseOf
) -> None:
    before = len(store.written)
    path = f"/v1/workspaces/{bob.workspace_id}/bases"
    for one in (base.id, "appAAAAAAAAAAAAAA", "app"):
        theirs = f"{path}/{one}/collaborators"
        assert _refusal(bob, "GET", theirs) == HIDDEN
        body = {"userId": bob.user_id, "role": "owner"}
        assert _refusal(bob, "POST", theirs, body) == HIDDEN
        assert _refusal(bob, "PATCH", f"{theirs}/{bob.user_id}", {"role": "owner"}) == HIDDEN
        assert _refusal(bob, "DELETE", f"{theirs}/{bob.user_id}") == HIDDEN
    assert len(store.written) == before


@pytest.mark.parametrize("body", [{}, {"userId": "x"}, {"role": "read"}, {"email": "a@b.c", "role": "read"}])
def test_a_bad_collaborator_is_refused(ada: Person, base: BaseOf, body: object) -> None:
    assert _refusal(ada, "POST", _collaborators(base), body) == (422, "INVALID_REQUEST")


def test_people_who_do_not_exist_cannot_be_added(ada: Person, base: BaseOf) -> None:
    for user_id in ("usrAAAAAAAAAAAAAA", "usr", base.id):
        body = {"userId": user_id, "role": "read"}
        assert _refusal(ada, "POST", _collaborators(base), body) == HIDDEN


def test_of_many_who_add_one_person_at_once_one_does(ada: Person, bob: Person, base: BaseOf) -> None:
    def add(number: int) -> int:
        body = {"userId": bob.user_id, "role": ("read", "editor")[number % 2]}
        return ada.call("POST", _collaborators(base), body).status

    with ThreadPoolExecutor(16) as threads:
        assert sorted(threads.map(add, range(32))) == [201] + [409] * 31
    assert len(_roles(base)) == 1


def test_a_change_is_told_once_with_what_was_before(
    world: World, ada: Person, bob: Person, base: BaseOf
) -> None:
    key = {"idempotency-key": "once"}
    body = {"userId": bob.user_id, "role": "read"}
    first = ada.expect(201, "POST", _collaborators(base), body, headers=key)
    assert ada.expect(201, "POST", _collaborators(base), body, headers=key) == first
    ada.expect(200, "PATCH", _collaborators(base, bob), {"role": "read"})
    ada.expect(200, "DELETE", _collaborators(base, bob))
    events = read_events(world.services.store, Table.TENANCY, ada.workspace_id, 2)
    read = {"role": "read"}
    assert [(event.kind.value, event.data) for event in events] == [
        ("workspace.collaborators.changed", {"collaborators": {base.id: {bob.user_id: change}}})
        for change in ({"before": None, "after": read}, {"before": read, "after": None})
    ]


def test_whoever_comes_by_the_base_alone_comes_in_one_round_trip_like_everybody(tmp_path: Path) -> None:
    store = FaultyStore(SqliteStore(":memory:"))
    world = World(tmp_path, store=store)
    base, bob, eve = world.sign_up("Ada").create_base(), world.sign_up("Bob"), world.sign_up("Eve")
    base.owner.share_workspace(eve, "read")
    (record,) = base.create({"Name": "x"})
    path = f"{base.path}/{record['id']}"
    for person in (bob, eve):
        _add(base, person, "editor")
        person.expect(200, "PATCH", path, {"fields": {"Name": "y"}})
        store.plan(None)
        person.expect(200, "GET", path)
        assert store.calls == 1
    base.owner.expect(200, "DELETE", _collaborators(base, bob))
    assert _refusal(bob, "GET", path) == HIDDEN


# As Airtable's clients do it


def _meta(base: BaseOf, person: Person | None = None) -> str:
    path = f"/v0/meta/bases/{base.id}/collaborators"
    return path if person is None else f"{path}/{person.user_id}"


def _listed(*people: tuple[Person, str]) -> Mapping[str, Any]:
    return {
        "collaborators": [{"user": {"id": one.user_id}, "permissionLevel": level} for one, level in people]
    }


def test_several_people_are_added_changed_and_removed_by_their_permission_level(
    world: World, ada: Person, bob: Person, base: BaseOf
) -> None:
    eve = world.sign_up("Eve")
    assert ada.expect(200, "POST", _meta(base), _listed((bob, "comment"), (eve, "create"))) == {}
    assert _roles(base) == {bob.user_id: "commenter", eve.user_id: "creator"}
    assert ada.expect(200, "PATCH", _meta(base, bob), {"permissionLevel": "edit"}) == {}
    assert (_bases(bob), _bases(eve)) == ({base.id: "edit"}, {base.id: "create"})
    assert ada.expect(200, "DELETE", _meta(base, eve)) == {}
    assert _roles(base) == {bob.user_id: "editor"}
    events = read_events(world.services.store, Table.TENANCY, ada.workspace_id, 2)
    assert len(list(events)) == 3


def test_a_creator_of_the_base_alone_manages_it_but_not_its_owner(
    world: World, bob: Person, base: BaseOf
) -> None:
    eve = world.sign_up("Eve")
    _add(base, bob, "creator")
    bob.expect(200, "POST", _meta(base), _listed((eve, "read")))
    bob.expect(200, "PATCH", _meta(base, eve), {"permissionLevel": "create"})
    bob.expect(200, "DELETE", _meta(base, eve))
    _add(base, eve, "owner")
    assert _refusal(bob, "PATCH", _meta(base, eve), {"permissionLevel": "read"}) == DENIED
    assert _refusal(bob, "DELETE", _meta(base, eve)) == DENIED
    bob.expect(200, "DELETE", _meta(base, bob))
    assert _refusal(bob, "DELETE", _meta(base, eve)) == HIDDEN


@pytest.mark.parametrize("level", ["read", "comment", "edit"])
def test_lesser_levels_and_strangers_manage_nobody(
    store: RecordingStore, world: World, ada: Person, bob: Person, base: BaseOf, level: str
) -> None:
    eve = world.sign_up("Eve")
    ada.expect(200, "POST", _meta(base), _listed((bob, level)))
    before = len(store.written)
    for person in (bob, eve):
        assert _refusal(person, "POST", _meta(base), _listed((eve, "read"))) == HIDDEN
        assert _refusal(person, "PATCH", _meta(base, bob), {"permissionLevel": "create"}) == HIDDEN
        assert _refusal(person, "DELETE", _meta(base, bob)) == HIDDEN
    assert len(store.written) == before


def test_all_are_added_or_none(store: RecordingStore, ada: Person, bob: Person, base: BaseOf) -> None:
    nobody = {"user": {"id": "usrAAAAAAAAAAAAAA"}, "permissionLevel": "read"}
    bodies: Mapping[str, object] = {
        "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND": {
            "collaborators": [*_listed((bob, "read"))["collaborators"], nobody]
        },
        "INVALID_REQUEST_UNKNOWN": _listed((bob, "read"), (bob, "edit")),
        "INVALID_REQUEST": {"collaborators": []},
        "INVALID_REQUEST_MISSING_FIELDS": {"collaborators": [{"permissionLevel": "read"}]},
    }
    before = len(store.written)
    for error, body in bodies.items():
        assert ada.call("POST", _meta(base), body).error_type == error
    group = {"group": {"id": "ugpAAAAAAAAAAAAAA"}, "permissionLevel": "read"}
    assert ada.call("POST", _meta(base), {"collaborators": [group]}).status == 422
    assert ada.call("POST", _meta(base), _listed((bob, "owner"))).status == 422
    assert len(store.written) == before
    ada.expect(200, "POST", _meta(base), _listed((bob, "read")))
    assert _refusal(ada, "POST", _meta(base), _listed((bob, "edit"))) == (409, "ALREADY_COLLABORATOR")
