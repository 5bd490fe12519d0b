"""Registration, login, personal access tokens and profiles, over the real handlers."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyairtable_common.domain.credentials import AccessClaims
from pyairtable_common.domain.permissions import Scope
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import Table
from recording import RecordingStore
from world import PASSWORD, Person, World

EMAIL = "ada@example.org"
ACCOUNT = {"email": EMAIL, "password": PASSWORD, "name": "Ada Lovelace"}
ALL_SCOPES = [scope.value for scope in Scope]


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


def test_registration_answers_with_the_account_its_workspace_and_a_token(world: World) -> None:
    answer = world.expect(201, "POST", "/v1/auth/register", ACCOUNT)
    assert answer["user"]["email"] == EMAIL
    assert answer["user"]["name"] == "Ada Lovelace"
    assert (answer["tokenType"], answer["expiresIn"]) == ("Bearer", 900)
    me = world.expect(200, "GET", "/v1/auth/me", token=answer["accessToken"])
    assert me == {**answer["user"], "workspaces": [{**answer["workspace"], "role": "owner"}]}


def test_the_first_workspace_has_a_log_that_begins_with_its_creation(world: World, ada: Person) -> None:
    events = list(read_events(world.services.store, Table.TENANCY, ada.workspace_id, 0))
    assert [(event.sequence, event.kind.value, event.actor_id) for event in events] == [
        (1, "workspace.created", ada.user_id)
    ]


def test_an_address_has_one_account_however_it_is_spelled(world: World, store: RecordingStore) -> None:
    world.expect(201, "POST", "/v1/auth/register", ACCOUNT)
    before = len(store.written)
    for email in (EMAIL, "ADA@Example.ORG", "  ada@example.org\t"):
        answer = world.call("POST", "/v1/auth/register", {**ACCOUNT, "email": email})
        assert (answer.status, answer.error_type) == (409, "EMAIL_TAKEN")
    assert len(store.written) == before


def test_a_registration_repeated_under_its_key_gives_the_same_account(world: World) -> None:
    key = {"idempotency-key": "sign-up-1"}
    first = world.expect(201, "POST", "/v1/auth/register", ACCOUNT, headers=key)
    second = world.expect(201, "POST", "/v1/auth/register", ACCOUNT, headers=key)
    assert (first["user"], first["workspace"]) == (second["user"], second["workspace"])
    world.expect(200, "GET", "/v1/auth/me", token=second["accessToken"])


def test_a_key_opens_no_account_without_its_password(world: World) -> None:
    key = {"idempotency-key": "sign-up-1"}
    world.expect(201, "POST", "/v1/auth/register", ACCOUNT, headers=key)
    other = {**ACCOUNT, "password": "another password, long enough"}
    answer = world.call("POST", "/v1/auth/register", other, headers=key)
    assert (answer.status, answer.error_type) == (409, "EMAIL_TAKEN")


def test_of_sixteen_registrations_of_one_address_at_once_one_succeeds(world: World) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: world.call("POST", "/v1/auth/register", ACCOUNT).status, range(16)))
    assert sorted(answers) == [201] + [409] * 15


def test_sixteen_repeats_of_one_registration_at_once_make_one_account(world: World) -> None:
    def sign_up(_: int) -> str:
        answer = world.expect(201, "POST", "/v1/auth/register", ACCOUNT, headers={"idempotency-key": "once"})
        return str(answer["user"]["id"] + answer["workspace"]["id"])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(sign_up, range(16)))) == 1


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"email": "ada"}, "email"),
        ({"email": "ada@localhost"}, "email"),
        ({"email": "a b@example.org"}, "email"),
        ({"email": "ada@@example.org"}, "email"),
        ({"email": f"{'a' * 250}@example.org"}, "email"),
        ({"email": f"ada@example.org{' ' * 2000}x"}, "email"),
        ({"email": "ada\u0000@example.org"}, "email"),
        ({"email": None}, "email"),
        ({"email": 1}, "email"),
        ({"email": [EMAIL]}, "email"),
        ({"password": "fourteen chars"}, "password"),
        ({"password": "passwordpassword"}, "password"),
        ({"password": "x1 " * 400}, "password"),
        ({"password": 123456789012345}, "password"),
        ({"password": {"$ne": None}}, "password"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "Ada\nLovelace"}, "name"),
        ({"name": False}, "name"),
        ({"role": "owner"}, "role"),
        ({"id": "usrAAAAAAAAAAAAAA"}, "id"),
        ({"__proto__": {}}, "__proto__"),
        ({"x" * 65_536: 1}, "x" * 60),
    ],
)
def test_a_bad_registration_is_refused_by_the_name_of_what_is_wrong(
    world: World, store: RecordingStore, changed: Mapping[str, object], named: str
) -> None:
    answer = world.call("POST", "/v1/auth/register", {**ACCOUNT, **changed})
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
    assert answer.json["error"]["message"].strip('"').startswith(named)
    assert len(store.written) == 0


@pytest.mark.parametrize("missing", ["email", "password", "name"])
def test_a_registration_needs_all_its_parameters(world: World, missing: str) -> None:
    body = {name: value for name, value in ACCOUNT.items() if name != missing}
    answer = world.call("POST", "/v1/auth/register", body)
    assert answer.status == 422
    assert answer.json["error"]["message"] == f"{missing}: is required"


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"x"', b"NaN", b'{"email":"\\ud800"}', b"\xff"])
def test_what_is_no_json_object_is_refused(world: World, store: RecordingStore, body: bytes) -> None:
    for path in ("/v1/auth/register", "/v1/auth/login"):
        assert world.call("POST", path, body).status in (400, 422)
    assert len(store.written) == 0


def test_login_gives_a_session_of_its_own(world: World, ada: Person) -> None:
    answer = world.expect(
        200, "POST", "/v1/auth/login", {"email": f" {ada.email.upper()}", "password": PASSWORD}
    )
    assert answer["user"]["id"] == ada.user_id
    assert answer["accessToken"] != ada.token
    assert world.expect(200, "GET", "/v1/auth/me", token=answer["accessToken"])["id"] == ada.user_id


def test_a_wrong_password_and_an_unknown_address_look_the_same(world: World, ada: Person) -> None:
    attempts = [
        {"email": ada.email, "password": "a wrong password"},
        {"email": ada.email, "password": ""},
        {"email": ada.email, "password": "x" * 100_000},
        {"email": "nobody@example.org", "password": PASSWORD},
        {"email": "not an address", "password": PASSWORD},
        {"email": "x" * 100_000, "password": PASSWORD},
    ]
    answers = [world.call("POST", "/v1/auth/login", attempt) for attempt in attempts]
    assert {answer.status for answer in answers} == {401}
    assert {answer.error_type for answer in answers} == {"INVALID_CREDENTIALS"}
    assert len({str(answer.json) for answer in answers}) == 1


def test_passwords_that_look_alike_open_the_same_account(world: World) -> None:
    password = "violette Kessel im Caf\u00e9"
    world.expect(201, "POST", "/v1/auth/register", {**ACCOUNT, "password": password})
    alike = password.replace("\u00e9", "e\u0301")
    world.expect(200, "POST", "/v1/auth/login", {"email": EMAIL, "password": alike})


def test_an_access_token_ends_after_fifteen_minutes(world: World, ada: Person) -> None:
    world.services.clock.sleep(899)
    assert ada.call("GET", "/v1/auth/me").status == 200
    world.services.clock.sleep(2)
    assert ada.call("GET", "/v1/auth/me").status == 401


def test_an_access_token_outlives_no_session_however_fresh_it_is(world: World, ada: Person) -> None:
    services = world.services
    claims = services.access_tokens.verify(ada.token, services.clock.now_ms())
    assert claims is not None
    services.clock.sleep(14 * 24 * 3600 - 1)
    fresh = services.access_tokens.issue(claims, services.clock.now_ms())
    assert world.call("GET", "/v1/auth/me", token=fresh).status == 200
    services.clock.sleep(1)
    assert world.call("GET", "/v1/auth/me", token=fresh).status == 401


def test_an_access_token_of_a_session_that_is_not_there_is_refused(world: World, ada: Person) -> None:
    claims = AccessClaims(ada.user_id, "sesAAAAAAAAAAAAAA")
    token = world.services.access_tokens.issue(claims, world.services.clock.now_ms())
    assert world.call("GET", "/v1/auth/me", token=token).status == 401


def test_a_personal_token_is_shown_once_and_kept_as_a_digest(store: RecordingStore, ada: Person) -> None:
    made = ada.expect(201, "POST", "/v1/auth/tokens", {"name": " CI ", "scopes": ["data.records:read"]})
    text = made.pop("token")
    assert made["name"] == "CI"
    assert made["resources"] == "all"
    assert ada.expect(200, "GET", "/v1/auth/tokens") == {"tokens": [made]}
    assert text.partition(".")[2].encode() not in store.bytes_written


def test_passwords_and_access_tokens_are_kept_nowhere(store: RecordingStore, ada: Person) -> None:
    personal = ada.personal_token(*ALL_SCOPES)
    ada.expect(200, "PATCH", "/v1/users/me", {"name": "Ada L."})
    for secret in (PASSWORD, ada.token, personal, personal.partition(".")[2]):
        assert secret.encode() not in store.bytes_written
    assert b"Ada L." in store.bytes_written


def test_a_deleted_token_is_refused_at_the_next_request(world: World, ada: Person) -> None:
    token = ada.personal_token(*ALL_SCOPES)
    token_id = token.partition(".")[0]
    assert world.call("GET", "/v1/auth/me", token=token).status == 200
    assert ada.expect(200, "DELETE", f"/v1/auth/tokens/{token_id}") == {"id": token_id, "deleted": True}
    assert world.call("GET", "/v1/auth/me", token=token).status == 401
    assert ada.call("DELETE", f"/v1/auth/tokens/{token_id}").status == 403


def test_nobody_deletes_or_sees_anothers_tokens(world: World, store: RecordingStore, ada: Person) -> None:
    token = ada.personal_token(*ALL_SCOPES)
    bob = world.sign_up("Bob")
    before = len(store.written)
    foreign = bob.call("DELETE", f"/v1/auth/tokens/{token.partition('.')[0]}")
    missing = bob.call("DELETE", "/v1/auth/tokens/patAAAAAAAAAAAAAA")
    malformed = bob.call("DELETE", "/v1/auth/tokens/%2e%2e")
    assert foreign.status == missing.status == malformed.status == 403
    assert foreign.json == missing.json == malformed.json
    assert bob.expect(200, "GET", "/v1/auth/tokens") == {"tokens": []}
    assert len(store.written) == before
    assert world.call("GET", "/v1/auth/me", token=token).status == 200


def test_a_token_makes_lists_and_deletes_no_tokens(world: World, ada: Person) -> None:
    token = ada.personal_token(*ALL_SCOPES)
    body = {"name": "more", "scopes": ALL_SCOPES}
    assert world.call("POST", "/v1/auth/tokens", body, token=token).status == 403
    assert world.call("GET", "/v1/auth/tokens", token=token).status == 403
    path = f"/v1/auth/tokens/{token.partition('.')[0]}"
    assert world.call("DELETE", path, token=token).status == 403
    assert world.call("PATCH", "/v1/users/me", {"name": "Eve"}, token=token).status == 403


def test_a_token_may_be_limited_to_what_its_owner_reaches(ada: Person) -> None:
    base = ada.create_base()
    for resources in ([ada.workspace_id], [base.id], [base.id, ada.workspace_id]):
        made = ada.expect(
            201, "POST", "/v1/auth/tokens", {"name": "x", "scopes": ALL_SCOPES, "resources": resources}
        )
        assert made["resources"] == sorted(resources)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": ["data.records:read", "data.records:read"]}, "scopes"),
        ({"scopes": "data.records:read"}, "scopes"),
        ({"scopes": [1]}, "scopes"),
        ({"scopes": None}, "scopes"),
        ({"resources": []}, "resources"),
        ({"resources": "some"}, "resources"),
        ({"resources": None}, "resources"),
        ({"resources": ["appAAAAAAAAAAAAAA"]}, "resources"),
        ({"resources": ["wspAAAAAAAAAAAAAA"]}, "resources"),
        ({"resources": ["usrAAAAAAAAAAAAAA"]}, "resources"),
        ({"resources": ["../x"]}, "resources"),
        ({"resources": [f"app{number:014d}" for number in range(101)]}, "resources"),
        ({"name": ""}, "name"),
        ({"expires": 1}, "expires"),
        ({"userId": "usrAAAAAAAAAAAAAA"}, "userId"),
    ],
)
def test_a_bad_token_request_is_refused_by_the_name_of_what_is_wrong(
    store: RecordingStore, ada: Person, changed: Mapping[str, object], named: str
) -> None:
    before = len(store.written)
    body = {"name": "x", "scopes": ["data.records:read"], **changed}
    answer = ada.call("POST", "/v1/auth/tokens", body)
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
    assert answer.json["error"]["message"].strip('"').startswith(named)
    assert len(store.written) == before


def test_foreign_and_missing_resources_look_the_same(world: World, ada: Person) -> None:
    bob = world.sign_up("Bob")
    foreign = [bob.create_base().id, bob.workspace_id, "appAAAAAAAAAAAAAA", "wspAAAAAAAAAAAAAA"]
    answers = [
        ada.call("POST", "/v1/auth/tokens", {"name": "x", "scopes": ALL_SCOPES, "resources": [one]})
        for one in foreign
    ]
    assert {answer.status for answer in answers} == {422}
    assert len({str(answer.json) for answer in answers}) == 1


def test_a_token_sees_of_its_owner_what_its_scopes_say(world: World, ada: Person) -> None:
    def seen(*scopes: str, path: str = "/v1/auth/me") -> set[str]:
        return set(world.expect(200, "GET", path, token=ada.personal_token(*scopes)))

    assert seen("data.records:read") == {"id", "name"}
    assert seen("user.email:read") == {"id", "name", "email"}
    assert seen("workspacesAndBases:read") == {"id", "name", "workspaces"}
    said = {"locale", "timeZone", "bio"}
    assert seen("data.records:read", path="/v1/users/me") == {"id", "name", "createdTime", *said}


def test_a_person_changes_their_own_name(store: RecordingStore, ada: Person) -> None:
    assert ada.expect(200, "PATCH", "/v1/users/me", {"name": " Ada L. "})["name"] == "Ada L."
    assert ada.expect(200, "GET", "/v1/users/me")["name"] == "Ada L."
    before = len(store.written)
    ada.expect(200, "PATCH", "/v1/users/me", {"name": "Ada L."})
    assert len(store.written) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": 1},
        {"name": None},
        {"name": "x" * 256},
        {"name": "a\u0000b"},
        {"email": "x@y.zz"},
        {"name": "Eve", "id": "usrAAAAAAAAAAAAAA"},
    ],
)
def test_a_bad_profile_change_is_refused(
    store: RecordingStore, ada: Person, body: Mapping[str, object]
) -> None:
    before = len(store.written)
    answer = ada.call("PATCH", "/v1/users/me", body)
    assert (answer.status, answer.error_type) == (422, "INVALID_REQUEST")
    assert len(store.written) == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/auth/me"),
        ("GET", "/v1/auth/tokens"),
        ("POST", "/v1/auth/tokens"),
        ("DELETE", "/v1/auth/tokens/patAAAAAAAAAAAAAA"),
        ("GET", "/v1/users/me"),
        ("PATCH", "/v1/users/me"),
    ],
)
def test_nobody_in_particular_gets_nowhere(world: World, method: str, path: str) -> None:
    for token in (None, "", "x", "patAAAAAAAAAAAAAA.x", "a.b.c"):
        answer = world.call(method, path, {} if method != "GET" else None, token=token)
        assert (answer.status, answer.error_type) == (401, "AUTHENTICATION_REQUIRED")


def test_the_public_keys_verify_access_tokens_by_themselves(world: World, ada: Person) -> None:
    import jwt

    published = jwt.PyJWKSet.from_dict(world.expect(200, "GET", "/.well-known/jwks.json"))
    key = published[jwt.get_unverified_header(ada.token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(ada.token, key, algorithms=["EdDSA"], audience="pyairtable", options=options)  # type: ignore[arg-type]
    assert claims["sub"] == ada.user_id
