"""Following a workspace's events, by every role, over the real handlers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from faulty import FaultyStore
from pyairtable_common.application.workspace_events import SEEN_FROM
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.events import Kind
from pyairtable_common.domain.permissions import Role
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.ports import Item, Put, Table, VersionIs
from recording import RecordingStore
from world import Person, World

WITHHELD = {"kind": "withheld"}


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


def _path(owner: Person) -> str:
    return f"/v1/workspaces/{owner.workspace_id}/events"


def _page(person: Person, owner: Person, **query: object) -> Mapping[str, Any]:
    asked = [(name, str(value)) for name, value in query.items()]
    page: Mapping[str, Any] = person.expect(200, "GET", _path(owner), query=asked)
    return page


def _rename(person: Person, *names: str) -> None:
    for name in names:
        person.expect(200, "PATCH", f"/v1/workspaces/{person.workspace_id}", {"name": name})


def _numbers(events: Sequence[Mapping[str, Any]]) -> list[int]:
    return [event["sequence"] for event in events]


def test_events_come_oldest_first_and_say_who_what_and_which_way(ada: Person, world: World) -> None:
    bob = world.sign_up("Bob")
    ada.share_workspace(bob, "editor")
    base = ada.create_base(name="Plans")
    page = _page(ada, ada)
    assert _numbers(page["events"]) == [1, 2, 3]
    assert not page["mightHaveMore"]
    assert page["events"][1] == {
        "sequence": 2,
        "kind": "workspace.members.changed",
        "time": iso_from_ms(ada.world.clock.now_ms()),
        "actorId": ada.user_id,
        "source": "client",
        "changes": {"members": {bob.user_id: {"before": None, "after": {"role": "editor"}}}},
    }
    assert page["events"][2]["changes"] == {"bases": {base.id: {"before": None, "after": {"name": "Plans"}}}}


def test_whoever_follows_the_cursor_misses_nothing_and_gets_nothing_twice(ada: Person) -> None:
    _rename(ada, *(f"Name {number}" for number in range(24)))
    cursor, seen = "", []
    for _ in range(10):
        page = _page(ada, ada, limit=7, **({"cursor": cursor} if cursor else {}))
        assert len(page["events"]) <= 7
        seen += _numbers(page["events"])
        cursor = page["cursor"]
        if not page["mightHaveMore"]:
            break
    assert seen == list(range(1, 26))
    assert _page(ada, ada, cursor=cursor) == {"events": [], "cursor": cursor, "mightHaveMore": False}
    _rename(ada, "Once more")
    assert _numbers(_page(ada, ada, cursor=cursor)["events"]) == [26]


def test_a_page_costs_two_round_trips_however_long_the_log_is(tmp_path: Path) -> None:
    store = FaultyStore(SqliteStore(":memory:"))
    ada = World(tmp_path, store=store).sign_up("Ada")
    _rename(ada, *(f"Name {number}" for number in range(30)))
    for query in ({}, {"cursor": _page(ada, ada, limit=5)["cursor"]}):
        store.plan(None)
        _page(ada, ada, limit=5, **query)
        assert store.calls == 2


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_people_bases_and_names(ada: Person, world: World, role: Role) -> None:
    member = world.sign_up("Bob")
    ada.share_workspace(member, role.word)
    _rename(ada, "Works")
    ada.create_base()
    assert _page(member, ada)["events"] == _page(ada, ada)["events"]


def test_every_kind_of_a_workspaces_events_has_a_least_role() -> None:
    assert {kind for kind in Kind if kind.value.startswith("workspace.")} == SEEN_FROM.keys()


def test_what_a_role_may_not_see_keeps_its_number_and_tells_nothing(ada: Person, world: World) -> None:
    reader, creator = world.sign_up("Bob"), world.sign_up("Eve")
    ada.share_workspace(reader, "read")
    ada.share_workspace(creator, "creator")
    invite = {"email": "grace@example.org", "role": "editor"}
    ada.expect(201, "POST", f"/v1/workspaces/{ada.workspace_id}/invites", invite)
    _rename(ada, "Works")
    told = _page(reader, ada)["events"]
    assert told[3] == {"sequence": 4, **WITHHELD}
    assert _numbers(told) == [1, 2, 3, 4, 5]
    assert _page(creator, ada)["events"][3]["kind"] == Kind.INVITES_CHANGED.value


def test_addresses_and_credentials_are_for_the_audit_trail_only(ada: Person) -> None:
    _rename(ada, "Works")
    assert "203.0.113.7" not in str(_page(ada, ada))
    assert all(not {"address", "credentialId"} & event.keys() for event in _page(ada, ada)["events"])


def test_strangers_learn_nothing(ada: Person, world: World) -> None:
    eve = world.sign_up("Eve")
    missing = eve.call("GET", "/v1/workspaces/wspAAAAAAAAAAAAAA/events")
    foreign = eve.call("GET", _path(ada))
    assert (foreign.status, foreign.json) == (missing.status, missing.json)
    assert foreign.status == 403
    assert world.call("GET", _path(ada)).status == 401
    narrow = ada.personal_token("data.records:read")
    assert world.call("GET", _path(ada), token=narrow).status == 403


@pytest.mark.parametrize(
    "query",
    [
        ("cursor", "evt1"), ("cursor", ""), ("cursor", "evt00000000000x"), ("cursor", "evt-00000000001"),
        ("limit", "0"), ("limit", "101"), ("limit", "ten"), ("limit", "²"), ("after", "1"),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused(ada: Person, query: tuple[str, str]) -> None:
    answer = ada.call("GET", _path(ada), query=[query])
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")


def test_a_cursor_beyond_the_end_waits_there(ada: Person) -> None:
    assert _page(ada, ada, cursor="evt999999999999") == {
        "events": [], "cursor": "evt999999999999", "mightHaveMore": False,
    }  # fmt: skip


def test_events_of_before_callers_were_noted_are_read_with_the_others(
    ada: Person, store: RecordingStore
) -> None:
    _rename(ada, "Works", "More")
    key = keys.event(Table.TENANCY, ada.workspace_id, 2)
    item = store.get([key])[key]
    document = {name: value for name, value in codec.decode(item.data).items() if name != "from"}
    store.transact([Put(Item(key, 2, codec.encode({**document, "v": 1})), VersionIs(item.version))], "old")
    events = _page(ada, ada)["events"]
    assert [event["source"] for event in events] == ["client", "unknown", "client"]
    assert events[1]["changes"]["after"]["name"] == "Works"
