"""The audit trail: filters, paging, export and who may read it, over the real handlers."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from faulty import FaultyStore
from pyairtable_common.application.audit import EXAMINED
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.permissions import Role
from pyairtable_common.engines.sqlite.store import SqliteStore
from world import FakeClock, Person, World

HOME, OFFICE = "203.0.113.7", "2001:db8::5"


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


@pytest.fixture
def bob(world: World) -> Person:
    return world.sign_up("Bob")


def _workspace(person: Person) -> str:
    return f"/v1/workspaces/{person.workspace_id}"


def _audit(person: Person, *query: tuple[str, str]) -> Mapping[str, Any]:
    page: Mapping[str, Any] = person.expect(200, "GET", f"{_workspace(person)}/audit", query=query)
    return page


def _entries(person: Person, *query: tuple[str, str]) -> Sequence[Mapping[str, Any]]:
    entries: Sequence[Mapping[str, Any]] = _audit(person, *query)["entries"]
    return entries


def _numbers(entries: Sequence[Mapping[str, Any]]) -> list[int]:
    return [entry["sequence"] for entry in entries]


def _rename(person: Person, *names: str, **how: Any) -> None:
    for name in names:
        person.expect(200, "PATCH", _workspace(person), {"name": name}, **how)


def test_the_trail_says_who_did_what_to_what_and_from_where(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "creator")
    token = bob.personal_token("schema.bases:write")
    token_id = token.partition(".")[0]
    body = {"name": "Plans", "workspaceId": ada.workspace_id, "tables": [{"name": "T", "fields": [FIELD]}]}
    base = bob.world.expect(200, "POST", "/v0/meta/bases", body, token=token, address=OFFICE)
    newest, middle, oldest = _entries(ada)
    assert newest == {
        "sequence": 3,
        "time": iso_from_ms(ada.world.clock.now_ms()),
        "actorId": bob.user_id,
        "action": "workspace.bases.changed",
        "resources": [base["id"]],
        "source": "publicApi",
        "credentialId": token_id,
        "address": OFFICE,
        "changes": {"bases": {base["id"]: {"before": None, "after": {"name": "Plans"}}}},
    }
    assert (middle["actorId"], middle["resources"]) == (ada.user_id, [bob.user_id])
    assert (middle["source"], middle["address"]) == ("client", HOME)
    assert middle["credentialId"].startswith("ses")
    assert oldest["action"] == "workspace.created"
    assert oldest["resources"] == [ada.workspace_id, ada.user_id]
    assert oldest["address"] == HOME


FIELD = {"name": "Name", "type": "singleLineText"}


def test_no_secret_gets_into_the_log(ada: Person) -> None:
    token = ada.personal_token("workspacesAndBases:write", "workspacesAndBases:read")
    path = _workspace(ada)
    ada.world.expect(200, "PATCH", path, {"name": "Works"}, token=token)
    _rename(ada, "More")
    trail = str(_audit(ada))
    assert token.partition(".")[0] in trail
    assert token.partition(".")[2] not in trail
    assert ada.token not in trail
    assert ada.token.rpartition(".")[2] not in trail


def test_the_trail_is_filtered_by_actor_action_and_resource(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "owner")
    _rename(ada, "Works")
    bob.expect(200, "PATCH", _workspace(ada), {"name": "Mine"})
    base = ada.create_base()
    assert _numbers(_entries(ada)) == [5, 4, 3, 2, 1]
    assert _numbers(_entries(ada, ("actor", bob.user_id))) == [4]
    assert _numbers(_entries(ada, ("action", "workspace.changed"))) == [4, 3]
    assert _numbers(_entries(ada, ("resource", bob.user_id))) == [2]
    assert _numbers(_entries(ada, ("resource", base.id))) == [5]
    assert _numbers(_entries(ada, ("resource", ada.workspace_id))) == [4, 3, 1]
    both = (("actor", ada.user_id), ("action", "workspace.changed"))
    assert _numbers(_entries(ada, *both)) == [3]
    assert _entries(ada, ("actor", "usrAAAAAAAAAAAAAA")) == []


def test_the_trail_is_filtered_by_time(tmp_path: Path) -> None:
    clock = FakeClock()
    begin, day = clock.now_ms(), 24 * 3600 * 1000
    ada = World(tmp_path, clock=clock).sign_up("Ada")
    token = ada.personal_token("workspacesAndBases:write", "workspacesAndBases:read")
    path = _workspace(ada)
    for number in range(1, 6):
        clock.milliseconds = begin + number * day
        ada.world.expect(200, "PATCH", path, {"name": f"Day {number}"}, token=token)

    def found(*query: tuple[str, str]) -> list[int]:
        return _numbers(ada.world.expect(200, "GET", f"{path}/audit", query=query, token=token)["entries"])

    second, fourth = (iso_from_ms(begin + number * day) for number in (2, 4))
    assert found(("from", second), ("to", fourth)) == [4, 3]
    assert found(("from", fourth)) == [6, 5]
    assert found(("to", second)) == [2, 1]
    assert found(("from", fourth), ("to", second)) == []


def test_a_collaborators_change_is_about_the_base_and_the_person(ada: Person, bob: Person) -> None:
    base = ada.create_base()
    path = f"{_workspace(ada)}/bases/{base.id}/collaborators"
    ada.expect(201, "POST", path, {"userId": bob.user_id, "role": "editor"})
    assert _entries(ada)[0]["resources"] == [base.id, bob.user_id]
    assert _numbers(_entries(ada, ("resource", bob.user_id))) == [3]


def test_pages_join_up_whatever_is_filtered(ada: Person) -> None:
    for number in range(12):
        _rename(ada, f"Name {number}")
        ada.create_base(name=f"Base {number}")
    for query, wanted in (
        ((), list(range(25, 0, -1))),
        ((("action", "workspace.changed"),), list(range(24, 0, -2))),
        ((("actor", "usrAAAAAAAAAAAAAA"),), []),
    ):
        assert _all_pages(ada, ("limit", "5"), *query) == wanted


def _all_pages(person: Person, *query: tuple[str, str]) -> list[int]:
    seen: list[int] = []
    cursor: tuple[tuple[str, str], ...] = ()
    for _ in range(30):
        page = _audit(person, *query, *cursor)
        seen += _numbers(page["entries"])
        if page["cursor"] is None:
            return seen
        cursor = (("cursor", page["cursor"]),)
    raise AssertionError("the pages do not end")


def test_a_call_looks_at_a_bounded_part_of_the_log_and_the_next_goes_on(tmp_path: Path) -> None:
    store = FaultyStore(SqliteStore(":memory:"))
    ada = World(tmp_path, store=store).sign_up("Ada")
    _rename(ada, *(f"Name {number}" for number in range(EXAMINED + 200)))
    store.plan(None)
    first = _audit(ada, ("action", "workspace.created"))
    assert first["entries"] == []
    assert first["cursor"] is not None
    assert store.calls <= 1 + EXAMINED // 100 + 1
    assert _numbers(_entries(ada, ("action", "workspace.created"), ("cursor", first["cursor"]))) == [1]
    assert _all_pages(ada, ("limit", "1000")) == list(range(EXAMINED + 201, 0, -1))


def test_the_trail_as_csv_is_what_it_is_as_json(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "creator")
    _rename(ada, 'Ada "and" co; =1+1')
    answer = ada.call("GET", f"{_workspace(ada)}/audit", query=[("format", "csv")])
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="audit-{ada.workspace_id}.csv"'
    assert "link" not in answer.headers
    rows = list(csv.DictReader(io.StringIO(answer.json)))
    entries = _entries(ada)
    assert len(rows) == len(entries) == 3
    for row, entry in zip(rows, entries, strict=True):
        assert json.loads(row["changes"]) == entry["changes"]
        assert row["resources"].split() == entry["resources"]
        for name in ("time", "actorId", "action", "source", "address", "credentialId"):
            assert row[name] == (entry[name] or "")
    assert ";" not in answer.json


def test_the_trail_as_lines_goes_on_where_link_says(ada: Person) -> None:
    _rename(ada, "One", "Two", "Three")
    path, query = f"{_workspace(ada)}/audit", [("format", "jsonl"), ("limit", "3")]
    first = ada.call("GET", path, query=query)
    assert first.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    target, _, relation = first.headers["link"].partition(">")
    assert relation == '; rel="next"'
    next_path, _, text = target.removeprefix("<").partition("?")
    assert next_path == path
    second = ada.call("GET", next_path, query=[tuple(pair.split("=")) for pair in text.split("&")])
    assert "link" not in second.headers
    lines = (first.json + second.json).splitlines()
    assert [json.loads(line) for line in lines] == _entries(ada)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_only_owners_read_the_trail(ada: Person, bob: Person, role: Role) -> None:
    ada.share_workspace(bob, role.word)
    eve = ada.world.sign_up("Eve")
    for query in ([], [("format", "csv")]):
        member = bob.call("GET", f"{_workspace(ada)}/audit", query=query)
        stranger = eve.call("GET", f"{_workspace(ada)}/audit", query=query)
        assert (member.status, member.json) == (stranger.status, stranger.json)
        assert member.status == 403
    ada.share_workspace(eve, "owner")
    assert eve.call("GET", f"{_workspace(ada)}/audit").status == 200


@pytest.mark.parametrize(
    "query",
    [
        ("action", "workspace.exploded"), ("from", "yesterday"), ("to", "2026-01-01T00:00:00"),
        ("format", "xml"), ("limit", "0"), ("limit", "1001"), ("cursor", "evt"), ("actorId", "usr1"),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(ada: Person, query: tuple[str, str]) -> None:
    answer = ada.call("GET", f"{_workspace(ada)}/audit", query=[query])
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
