"""Personal access tokens from making to deleting, what they may at each moment, and introspection (T8)."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faulty import Fault, FaultyStore
from pyairtable_common.application.token_uses import PERIOD_MS
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.permissions import Scope
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import keys
from recording import RecordingStore
from world import PASSWORD, Person, World

TOKENS = "/v1/auth/tokens"
ALL_SCOPES = [scope.value for scope in Scope]
BODY = {"name": "CI", "scopes": ["data.records:read"]}
KEY = {"idempotency-key": "once"}


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore(SqliteStore(":memory:"))


@pytest.fixture
def world(tmp_path: Path, store: RecordingStore) -> World:
    return World(tmp_path, store=store)


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


def holds(world: World, token: str) -> bool:
    return world.call("GET", "/v1/auth/me", token=token).status == 200


def test_a_repeat_under_its_key_gives_the_same_token_and_makes_no_second(world: World, ada: Person) -> None:
    first = ada.expect(201, "POST", TOKENS, BODY, headers=KEY)
    second = ada.expect(201, "POST", TOKENS, BODY, headers=KEY)
    assert first == second
    assert holds(world, second["token"])
    assert len(ada.expect(200, "GET", TOKENS)["tokens"]) == 1
    other = ada.call("POST", TOKENS, {**BODY, "name": "other"}, headers=KEY)
    assert (other.status, other.error_type) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_sixteen_repeats_at_once_give_one_token(ada: Person) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(
            pool.map(lambda _: ada.expect(201, "POST", TOKENS, BODY, headers=KEY)["token"], range(16))
        )
    assert len(set(made)) == 1
    assert len(ada.expect(200, "GET", TOKENS)["tokens"]) == 1


def test_a_key_brings_no_deleted_or_regenerated_text_back(world: World, ada: Person) -> None:
    made = ada.expect(201, "POST", TOKENS, BODY, headers=KEY)
    path = f"{TOKENS}/{made['id']}"
    ada.expect(200, "POST", f"{path}/regenerate")
    assert ada.call("POST", TOKENS, BODY, headers=KEY).status == 409
    ada.expect(200, "DELETE", path)
    assert ada.call("POST", TOKENS, BODY, headers=KEY).status == 409
    world.services.clock.sleep(24 * 3600)
    ada_again = world.expect(200, "POST", "/v1/auth/login", {"email": ada.email, "password": PASSWORD})
    again = world.expect(201, "POST", TOKENS, BODY, headers=KEY, token=ada_again["accessToken"])
    assert again["token"] != made["token"]
    assert not holds(world, made["token"])


def test_a_regenerated_token_has_one_text_that_holds(world: World, ada: Person) -> None:
    made = ada.expect(201, "POST", TOKENS, BODY)
    path = f"{TOKENS}/{made['id']}/regenerate"
    renewed = ada.expect(200, "POST", path, headers=KEY)
    assert ada.expect(200, "POST", path, headers=KEY) == renewed
    assert {**renewed, "token": ""} == {**made, "token": ""}
    assert not holds(world, made["token"])
    assert holds(world, renewed["token"])


def test_a_token_expires_to_the_millisecond(world: World, ada: Person) -> None:
    ends = world.clock.now_ms() + 5000
    made = ada.expect(201, "POST", TOKENS, {**BODY, "expiresTime": iso_from_ms(ends)})
    assert made["expiresTime"] == iso_from_ms(ends)
    world.clock.sleep(4.999)
    assert holds(world, made["token"])
    world.clock.sleep(0.001)
    assert not holds(world, made["token"])
    path = f"{TOKENS}/{made['id']}"
    assert ada.expect(200, "PATCH", path, {"expiresTime": None})["expiresTime"] is None
    assert holds(world, made["token"])


@pytest.mark.parametrize(
    "wrong", ["2020-01-01T00:00:00Z", "2099-01-01", "2099-01-01T00:00:00", "soon", "", 1, {}, "9999999-01-01"]
)
def test_an_expiry_is_a_moment_to_come(ada: Person, store: RecordingStore, wrong: object) -> None:
    before = len(store.written)
    answer = ada.call("POST", TOKENS, {**BODY, "expiresTime": wrong})
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
    assert answer.json["error"]["message"].startswith("expiresTime")
    assert len(store.written) == before


def test_a_token_is_changed_from_the_next_request_on(world: World, ada: Person) -> None:
    base = ada.create_base()
    made = ada.expect(201, "POST", TOKENS, {"name": "x", "scopes": ALL_SCOPES})
    path, listed = f"{TOKENS}/{made['id']}", base.path

    def status() -> int:
        return world.call("GET", listed, token=made["token"]).status

    assert status() == 200
    assert ada.expect(200, "PATCH", path, {"scopes": ["user.email:read"]})["scopes"] == ["user.email:read"]
    assert status() == 403
    ada.expect(200, "PATCH", path, {"scopes": ALL_SCOPES, "name": "y", "resources": [base.id]})
    assert status() == 200
    other = ada.create_base(name="Other")
    ada.expect(200, "PATCH", path, {"resources": [other.id]})
    assert status() == 403
    shown = ada.expect(200, "GET", path)
    assert (shown["name"], shown["resources"]) == ("y", [other.id])
    assert "token" not in shown


def test_a_change_is_read_strictly_and_writes_nothing_when_wrong(ada: Person, store: RecordingStore) -> None:
    made = ada.expect(201, "POST", TOKENS, BODY)
    before = len(store.written)
    wrong: list[Mapping[str, object]] = [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"resources": []},
        {"resources": ["appAAAAAAAAAAAAAA"]},
        {"name": ""},
        {"expiresTime": "2020-01-01T00:00:00Z"},
        {"userId": "usrAAAAAAAAAAAAAA"},
        {"digest": "0" * 64},
        {"lastUsedTime": None},
    ]
    for body in wrong:
        assert ada.call("PATCH", f"{TOKENS}/{made['id']}", body).status == 422
    ada.expect(200, "PATCH", f"{TOKENS}/{made['id']}", {})
    assert len(store.written) == before


def test_tokens_are_listed_in_pages(ada: Person) -> None:
    made = {ada.expect(201, "POST", TOKENS, {**BODY, "name": str(number)})["id"] for number in range(7)}
    found: list[str] = []
    query: list[tuple[str, str]] = [("pageSize", "3")]
    for _ in range(4):
        page = ada.expect(200, "GET", TOKENS, query=query)
        assert len(page["tokens"]) <= 3
        found += [token["id"] for token in page["tokens"]]
        if "cursor" not in page:
            break
        query = [("pageSize", "3"), ("cursor", page["cursor"])]
    assert found == sorted(made)
    for bad in ([("cursor", "x")], [("cursor", "\u00e9")], [("pageSize", "0")], [("pageSize", "101")]):
        assert ada.call("GET", TOKENS, query=bad).status == 422


@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/regenerate")]
)
def test_anothers_token_and_a_missing_one_look_the_same(
    world: World, ada: Person, store: RecordingStore, method: str, tail: str
) -> None:
    made = ada.expect(201, "POST", TOKENS, BODY)
    bob = world.sign_up("Bob")
    ada.share_workspace(bob, "owner")
    before = len(store.written)
    body = {"name": "Eve"} if method == "PATCH" else None
    answers = [
        bob.call(method, f"{TOKENS}/{one}{tail}", body)
        for one in (made["id"], "patAAAAAAAAAAAAAA", "x", "%2e%2e")
    ]
    assert {answer.status for answer in answers} == {403}
    assert len({str(answer.json) for answer in answers}) == 1
    assert len(store.written) == before
    assert world.call(method, f"{TOKENS}/{made['id']}{tail}", body, token=made["token"]).status == 403
    assert holds(world, made["token"])


def test_last_use_is_written_once_in_ten_minutes(world: World, ada: Person, store: RecordingStore) -> None:
    base = ada.create_base()
    made = ada.expect(201, "POST", TOKENS, {"name": "x", "scopes": ALL_SCOPES})
    assert made["lastUsedTime"] is None
    first = world.clock.now_ms()

    def used() -> object:
        return ada.expect(200, "GET", f"{TOKENS}/{made['id']}")["lastUsedTime"]

    before = len(store.written)
    for _ in range(5):
        world.expect(200, "GET", base.path, token=made["token"])
        world.clock.sleep(60)
    assert len(store.written) == before + 1
    assert used() == iso_from_ms(first)
    world.clock.sleep(PERIOD_MS / 1000 - 300)
    world.expect(200, "GET", base.path, token=made["token"])
    assert used() == iso_from_ms(first + PERIOD_MS)
    assert len(store.written) == before + 2


def test_a_use_that_cannot_be_written_down_harms_nobody(tmp_path: Path) -> None:
    store = FaultyStore(SqliteStore(":memory:"))
    world = World(tmp_path, store=store)
    token = world.sign_up("Ada").personal_token("user.email:read")
    store.plan(None)
    assert holds(world, token)
    calls = store.calls
    for fault in (Fault.REFUSED, Fault.LOST_ANSWER):
        for number in range(calls):
            world.clock.sleep(PERIOD_MS / 1000)
            store.plan(fault, number)
            status = world.call("GET", "/v1/auth/me", token=token).status
            assert status in (200, 503)
            store.plan(None)
    world.clock.sleep(PERIOD_MS / 1000)
    store.plan(Fault.REFUSED, 1)
    assert holds(world, token)


def test_a_deleted_token_leaves_nothing_behind(world: World, ada: Person, store: RecordingStore) -> None:
    made = ada.expect(201, "POST", TOKENS, BODY)
    assert holds(world, made["token"])
    ada.expect(200, "DELETE", f"{TOKENS}/{made['id']}")
    wanted = [keys.personal_token(ada.user_id, made["id"]), keys.token_use(ada.user_id, made["id"])]
    assert store.get(wanted) == {}


@dataclass(frozen=True, slots=True)
class Row:
    """How a token, or the right behind it, is taken away, and the status from then on."""

    name: str
    act: Callable[[Person, Person, Mapping[str, Any]], object]
    status: int


REVOCATIONS = [
    Row("deleted", lambda _, bob, made: bob.expect(200, "DELETE", f"{TOKENS}/{made['id']}"), 401),
    Row(
        "regenerated", lambda _, bob, made: bob.expect(200, "POST", f"{TOKENS}/{made['id']}/regenerate"), 401
    ),
    Row(
        "scope taken",
        lambda _, bob, made: bob.expect(
            200, "PATCH", f"{TOKENS}/{made['id']}", {"scopes": ["user.email:read"]}
        ),
        403,
    ),
    Row(
        "resources narrowed",
        lambda _, bob, made: bob.expect(200, "PATCH", _path(made), {"resources": [bob.workspace_id]}),
        403,
    ),
    Row(
        "role lowered",
        lambda ada, bob, _: ada.expect(
            200, "PATCH", f"/v1/workspaces/{ada.workspace_id}/members/{bob.user_id}", {"role": "read"}
        ),
        403,
    ),
    Row(
        "member removed",
        lambda ada, bob, _: ada.expect(
            200, "DELETE", f"/v1/workspaces/{ada.workspace_id}/members/{bob.user_id}"
        ),
        403,
    ),
]


@pytest.mark.parametrize("row", REVOCATIONS, ids=lambda row: row.name)
def test_a_token_does_no_more_than_its_owner_may_at_this_moment(world: World, ada: Person, row: Row) -> None:
    bob = world.sign_up("Bob")
    base = ada.create_base()
    ada.share_workspace(bob, "editor")
    made = bob.expect(201, "POST", TOKENS, {"name": "x", "scopes": ALL_SCOPES})
    body = {"records": [{"fields": {"Name": "x"}}]}
    assert world.call("POST", base.path, body, token=made["token"]).status == 200
    row.act(ada, bob, made)
    assert world.call("POST", base.path, body, token=made["token"]).status == row.status


def test_a_token_tells_its_session_and_itself_what_it_is_worth(world: World, ada: Person) -> None:
    ends = world.clock.now_ms() + 60_000
    body = {"name": "x", "scopes": ["user.email:read", "data.records:read"], "expiresTime": iso_from_ms(ends)}
    made = ada.expect(201, "POST", TOKENS, body)
    told = {
        "active": True,
        "scope": "data.records:read user.email:read",
        "client_id": made["id"],
        "token_type": "Bearer",
        "sub": ada.user_id,
        "iat": world.clock.now_ms() // 1000,
        "exp": ends // 1000,
        "jti": made["id"],
    }
    for asking in (ada.token, made["token"]):
        assert introspected(world, asking, made["token"]) == told
    session = introspected(world, ada.token, ada.token)
    assert (session["active"], session["sub"], session["exp"]) == (True, ada.user_id, session["iat"] + 900)
    assert session["scope"].split() == sorted(ALL_SCOPES)
    world.clock.sleep(60)
    assert introspected(world, ada.token, made["token"]) == {"active": False}


def test_introspection_tells_nothing_to_anybody_else(world: World, ada: Person) -> None:
    bob = world.sign_up("Bob")
    mine, sister = ada.personal_token("user.email:read"), ada.personal_token(*ALL_SCOPES)
    ended = world.expect(200, "POST", "/v1/auth/login", {"email": ada.email, "password": PASSWORD})
    world.expect(200, "POST", "/v1/auth/logout", token=ended["accessToken"])
    asked = [
        (bob.token, mine),
        (bob.token, ada.token),
        (bob.personal_token(*ALL_SCOPES), mine),
        (sister, mine),
        (sister, ada.token),
        (ada.token, ended["accessToken"]),
        (ada.token, ended["refreshToken"]),
        (ada.token, mine[:-1]),
        (ada.token, ""),
        (ada.token, "\ud83e\udd8a"),
        (ada.token, "x" * 50_000),
    ]
    for asking, token in asked:
        assert introspected(world, asking, token) == {"active": False}
    assert world.call("POST", "/v1/auth/introspect", {"token": mine}).status == 401
    assert ada.call("POST", "/v1/auth/introspect", {}).status == 422


def test_introspection_is_no_use(world: World, ada: Person) -> None:
    made = ada.expect(201, "POST", TOKENS, BODY)
    introspected(world, ada.token, made["token"])
    assert ada.expect(200, "GET", f"{TOKENS}/{made['id']}")["lastUsedTime"] is None


def test_no_token_text_is_kept_or_logged(
    world: World, ada: Person, store: RecordingStore, capfd: pytest.CaptureFixture[str]
) -> None:
    made = ada.expect(201, "POST", TOKENS, BODY, headers=KEY)
    renewed = ada.expect(200, "POST", f"{TOKENS}/{made['id']}/regenerate")
    introspected(world, ada.token, renewed["token"])
    assert holds(world, renewed["token"])
    assert not holds(world, made["token"])
    world.call("GET", f"{TOKENS}/{renewed['token']}", token=ada.token)
    logged = "".join(capfd.readouterr())
    for text in (made["token"], renewed["token"]):
        secret = text.partition(".")[2]
        assert secret.encode() not in store.bytes_written
        assert secret[21:] not in logged
        assert secret[21:].encode() not in store.bytes_written


def introspected(world: World, asking: str, token: str) -> Any:
    return world.expect(200, "POST", "/v1/auth/introspect", {"token": token}, token=asking)


def _path(made: Mapping[str, Any]) -> str:
    return f"{TOKENS}/{made['id']}"
