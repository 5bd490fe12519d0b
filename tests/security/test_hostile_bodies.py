"""Hostile requests on every write route: no 5xx, always Airtable's envelope, no trace after a refusal."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hostile_requests import BODIES, HEADERS, QUERIES, SEGMENTS, variants
from local.events import Answer, Request
from log_replay import require_true_log
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories.ports import Table
from pyairtable_common.web import json_codec
from pyairtable_common.web.policy import POLICIES
from quick_passwords import QuickPasswords
from world import PASSWORD, PEOPLE_FIELDS, BaseOf, World

LEAST_BODIES_AND_PATHS = 60
FIELD = {"name": "Colour", "type": "singleSelect", "options": {"choices": [{"name": "Red"}]}}
TABLE = {"name": "Things", "description": "All", "fields": [PEOPLE_FIELDS[0], PEOPLE_FIELDS[2], FIELD]}
SMALL_TABLE = {"name": "Things", "fields": [PEOPLE_FIELDS[0]]}
ROW = {"Name": "x", "Age": 1, "Member": True, "Team": "Red", "Born": "2020-01-01", "Mail": "a@b.c"}
_TYPE = re.compile(r"[A-Z][A-Z_]*")


@dataclass(frozen=True, slots=True)
class Target:
    """An installation to attack, with one base in it."""

    world: World
    store: SqliteStore
    base: BaseOf
    record_ids: Sequence[str]
    names: Mapping[str, str]
    last_state: list[bytes]
    """Its digest after the last write that succeeded."""

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request as its owner would send it, its path and query raw."""
        sent = {
            "content-type": "application/json",
            "host": "pyairtable.test",
            "authorization": f"Bearer {self.base.owner.token}",
            **(headers or {}),
        }
        request = Request(method, path, query, tuple(sent.items()), body, "203.0.113.7")
        return self.world._gateway.respond(request)

    def fill(self, path: str) -> str:
        """A route's path with parameters that are there."""
        return re.sub(r"\{(\w+)\}", lambda match: self.names[match[1]], path)

    def state(self) -> bytes:
        """A digest of every item of every table."""
        digest = hashlib.sha256()
        with self.store._connections.reading() as connection:
            for table in Table:
                statement = f"SELECT * FROM {table.value} ORDER BY pk, sk"  # noqa: S608
                for row in connection.execute(statement):
                    digest.update(repr(row).encode())
        return digest.digest()


@dataclass(frozen=True, slots=True)
class WriteRoute:
    """A route, and a body that it takes when all is well."""

    method: str
    path: str
    body: Callable[[Target], dict[str, Any] | None] = lambda _: None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def rows(target: Target) -> dict[str, Any]:
    return {"records": [{"id": one, "fields": ROW} for one in target.record_ids[:2]]}


BASE_TABLES = "/v0/meta/bases/{base}/tables"
BASE_TABLE = f"{BASE_TABLES}/{{table}}"
RECORDS, RECORD = "/v0/{base}/{table}", "/v0/{base}/{table}/{record}"
ROUTES = [
    WriteRoute("POST", RECORDS, lambda _: {"fields": ROW, "returnFieldsByFieldId": False}),
    WriteRoute("PATCH", RECORDS, rows),
    WriteRoute("PUT", RECORDS, rows),
    WriteRoute("DELETE", RECORDS),
    WriteRoute("PATCH", RECORD, lambda _: {"fields": ROW}),
    WriteRoute("PUT", RECORD, lambda _: {"fields": ROW}),
    WriteRoute("DELETE", RECORD),
    WriteRoute(
        "POST",
        f"{RECORDS}/listRecords",
        lambda _: {"pageSize": 5, "maxRecords": 5, "fields": ["Name"], "sort": [{"field": "Name"}]},
    ),
    WriteRoute(
        "POST",
        "/v0/meta/bases",
        lambda target: {"name": "B", "workspaceId": target.names["workspace"], "tables": [SMALL_TABLE]},
    ),
    WriteRoute("POST", BASE_TABLES, lambda _: TABLE),
    WriteRoute("PATCH", BASE_TABLE, lambda _: {"name": "Persons", "description": "x"}),
    WriteRoute("POST", f"{BASE_TABLE}/fields", lambda _: FIELD),
    WriteRoute(
        "PATCH",
        f"{BASE_TABLE}/fields/{{field}}",
        lambda _: {"name": "T", "description": "x", "options": FIELD["options"]},
    ),
    WriteRoute(
        "POST",
        "/v1/auth/register",
        lambda _: {"email": "eve@example.org", "password": PASSWORD, "name": "Eve"},
    ),
    WriteRoute(
        "POST", "/v1/auth/login", lambda target: {"email": target.base.owner.email, "password": PASSWORD}
    ),
    WriteRoute(
        "POST",
        "/v1/auth/tokens",
        lambda target: {"name": "t", "scopes": ["data.records:read"], "resources": [target.base.id]},
    ),
    WriteRoute("DELETE", "/v1/auth/tokens/{token}"),
    WriteRoute("PATCH", "/v1/users/me", lambda _: {"name": "Ada"}),
    WriteRoute("POST", "/v1/workspaces", lambda _: {"name": "W"}),
    WriteRoute(
        "POST",
        "/v1/workspaces/{workspace}/members",
        lambda target: {"userId": target.names["guest"], "role": "read"},
    ),
]
every_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    with installed(tmp_path) as attacked:
        yield attacked
        require_readable(attacked)


def test_there_are_enough_of_them() -> None:
    assert len(BODIES) >= LEAST_BODIES_AND_PATHS
    assert len(SEGMENTS) + len(QUERIES) >= LEAST_BODIES_AND_PATHS
    assert {(route.method, route.path) for route in ROUTES} <= POLICIES.keys()


@every_route
def test_hostile_bodies_are_answered_and_leave_no_trace(target: Target, route: WriteRoute) -> None:
    path = target.fill(route.path)
    for name, body in BODIES.items():
        require_harmless(target, name, lambda body=body: target.send(route.method, path, body))  # type: ignore[misc]


@every_route
def test_a_valid_body_with_any_part_spoiled_is_answered_and_leaves_no_trace(
    target: Target, route: WriteRoute
) -> None:
    valid = route.body(target)
    if valid is None:
        return
    path = target.fill(route.path)
    for body in variants(valid):
        require_harmless(target, body[:300], lambda body=body: target.send(route.method, path, body))  # type: ignore[misc]


@every_route
def test_hostile_paths_are_answered_and_leave_no_trace(target: Target, route: WriteRoute) -> None:
    body = json_codec.encode(route.body(target)).encode()
    for spoiled in re.findall(r"\{\w+\}", route.path) or [""]:
        for segment in SEGMENTS:
            raw = route.path.replace(spoiled, segment) if spoiled else f"{route.path}/{segment}"
            path = target.fill(raw) if segment != "{table}" else raw
            require_harmless(target, path, lambda path=path: target.send(route.method, path, body))  # type: ignore[misc]


@every_route
def test_hostile_queries_are_answered_and_leave_no_trace(target: Target, route: WriteRoute) -> None:
    path = target.fill(route.path)
    for query in QUERIES:
        for method in (route.method, "GET"):
            require_harmless(target, query, lambda: target.send(method, path, b"{}", query))  # noqa: B023


@every_route
def test_hostile_headers_are_answered_and_leave_no_trace(target: Target, route: WriteRoute) -> None:
    path, body = target.fill(route.path), json_codec.encode(route.body(target)).encode()
    for headers in HEADERS:
        require_harmless(target, headers, lambda: target.send(route.method, path, body, "", headers))  # noqa: B023


def require_harmless(target: Target, what: object, send: Callable[[], Answer]) -> None:
    """Whatever comes back is no 5xx; a refusal is in an envelope of Airtable's and changed nothing."""
    answer = send()
    assert answer.status < 500, (what, answer)
    if answer.status < 400:
        target.last_state[:] = [target.state()]
        return
    body = json_codec.decode_object(answer.body)
    assert body.keys() == {"error"}, (what, answer)
    error = body["error"]
    if isinstance(error, dict):
        assert {"type"} <= error.keys() <= {"type", "message"}, (what, answer)
        assert isinstance(error.get("message", ""), str)
        error = error["type"]
    assert isinstance(error, str)
    assert _TYPE.fullmatch(error), (what, answer)
    assert len(answer.body) < 100_000, (what, len(answer.body))
    assert [target.state()] == target.last_state, (what, answer)


def require_readable(target: Target) -> None:
    """What the attack was allowed to write can be read, and is what the log tells."""
    owner = target.base.owner
    for path in (
        "/v0/meta/bases",
        f"/v0/meta/bases/{target.base.id}/tables",
        "/v1/auth/me",
        "/v1/auth/tokens",
    ):
        owner.expect(200, "GET", path)
    for table in owner.expect(200, "GET", f"/v0/meta/bases/{target.base.id}/tables")["tables"]:
        sort = [("sort[0][field]", table["primaryFieldId"])]
        owner.expect(200, "GET", target.base.path_of(table["id"]), query=sort)
    require_true_log(target.store, target.base.id)


@contextmanager
def installed(folder: Path) -> Iterator[Target]:
    store = SqliteStore(":memory:")
    world = World(folder, store=store)
    world.services = replace(world.services, passwords=QuickPasswords())
    owner, guest = world.sign_up(), world.sign_up("Bob")
    base = owner.create_base()
    record_ids = [record["id"] for record in base.create(*({"Name": str(n)} for n in range(3)))]
    made = owner.expect(201, "POST", "/v1/auth/tokens", {"name": "x", "scopes": ["data.records:read"]})
    team = next(field["id"] for field in base.tables[0]["fields"] if field["name"] == "Team")
    names = {
        "base": base.id,
        "table": base.tables[0]["id"],
        "record": record_ids[0],
        "field": team,
        "workspace": owner.workspace_id,
        "token": made["id"],
        "guest": guest.user_id,
    }
    attacked = Target(world, store, base, record_ids, names, [])
    attacked.last_state.append(attacked.state())
    yield attacked
    store.close()
