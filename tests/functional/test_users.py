"""Profiles, preferences, search, export and leaving, over the real handlers."""

import pytest

from pyairtable_common.application.account_deletion import sweep_deletions
from world import PASSWORD, Person, World

HIDDEN = (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
ME = "/v1/users/me"
PREFERENCES = f"{ME}/preferences"
DAY_SECONDS = 24 * 3600


@pytest.fixture
def ada(world: World) -> Person:
    return world.sign_up("Ada")


@pytest.fixture
def bob(world: World) -> Person:
    return world.sign_up("Bob")


def _refusal(person: Person, method: str, path: str, body: object = None) -> tuple[int, str]:
    answer = person.call(method, path, body)
    return answer.status, answer.error_type


# Profile


def test_a_profile_is_said_and_taken_back(ada: Person) -> None:
    said = {"name": " Ada L. ", "locale": "PT-br", "timeZone": "Europe/Paris", "bio": " first\nline "}
    after = ada.expect(200, "PATCH", ME, said)
    kept = {"name": "Ada L.", "locale": "pt-BR", "timeZone": "Europe/Paris", "bio": "first\nline"}
    assert {name: after[name] for name in kept} == kept
    assert ada.expect(200, "GET", ME) == after
    ada.expect(200, "PATCH", ME, {"bio": None, "locale": None})
    assert (ada.expect(200, "GET", ME)["bio"], ada.expect(200, "GET", ME)["locale"]) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "x@example.org"},
        {"name": None},
        {"name": ""},
        {"locale": "english"},
        {"timeZone": "Mars/Olympus"},
        {"timeZone": "../../etc/passwd"},
        {"timeZone": "Europe"},
        {"bio": "x" * 1001},
        {"bio": "a\u0000b"},
        {"bio": 1},
        {"id": "usr00000000000000"},
    ],
    ids=str,
)
def test_a_bad_profile_changes_nothing(ada: Person, body: object) -> None:
    before = ada.expect(200, "GET", ME)
    assert _refusal(ada, "PATCH", ME, body) == (422, "INVALID_REQUEST")
    assert ada.expect(200, "GET", ME) == before


# Preferences


def test_preferences_are_replaced_and_merged_in_versions(ada: Person) -> None:
    assert ada.expect(200, "GET", PREFERENCES) == {"version": 0, "preferences": {}}
    first = {"grid": {"width": {"a": 1, "b": 2}, "dark": True}}
    assert ada.expect(200, "PUT", PREFERENCES, {"preferences": first})["version"] == 1
    patch = {"preferences": {"grid": {"width": {"b": None, "c": 3}}, "list": {"rows": [1]}}, "version": 1}
    merged = ada.expect(200, "PATCH", PREFERENCES, patch)
    wanted = {"grid": {"width": {"a": 1, "c": 3}, "dark": True}, "list": {"rows": [1]}}
    assert merged == {"version": 2, "preferences": wanted}
    answer = ada.call("PUT", PREFERENCES, {"preferences": {}, "version": 1})
    assert answer.status == 409
    assert ada.expect(200, "GET", PREFERENCES) == merged


def test_a_repeated_merge_counts_once(ada: Person) -> None:
    key = {"Idempotency-Key": "once"}
    body = {"preferences": {"grid": {"a": 1}}}
    first = ada.expect(200, "PATCH", PREFERENCES, body, headers=key)
    assert ada.expect(200, "PATCH", PREFERENCES, body, headers=key) == first
    assert ada.expect(200, "GET", PREFERENCES)["version"] == 1


@pytest.mark.parametrize(
    "preferences",
    [
        None,
        [],
        "x",
        {"grid": 1},
        {"": {}},
        {"1x": {}},
        {"grid": {"x": "y" * 70_000}},
        {"a": {"b": [[[[[[[[[1]]]]]]]]]}},
    ],
    ids=lambda value: str(value)[:20],
)
def test_preferences_are_bounded(ada: Person, preferences: object) -> None:
    assert _refusal(ada, "PUT", PREFERENCES, {"preferences": preferences}) == (422, "INVALID_REQUEST")
    assert ada.expect(200, "GET", PREFERENCES)["version"] == 0


def test_preferences_are_ones_own(ada: Person, bob: Person) -> None:
    ada.expect(200, "PUT", PREFERENCES, {"preferences": {"grid": {"secret": 1}}})
    assert bob.expect(200, "GET", PREFERENCES)["preferences"] == {}


# Other people


def _found(person: Person, **parameters: str) -> set[str]:
    answer = person.expect(200, "GET", "/v1/users", query=list(parameters.items()))
    return {one["id"] for one in answer["users"]}


def test_people_are_found_by_the_beginnings_of_words_whatever_accents_and_case(
    world: World, ada: Person
) -> None:
    people = {
        name: world.sign_up(name.split()[0].encode("ascii", "ignore").decode() or "P")
        for name in ("\u00c9lo\u00efse O'Hara", "S\u00f8ren Ki\u00dfling", "\u5c71\u7530 \u592a\u90ce")
    }
    for name, person in people.items():
        person.expect(200, "PATCH", ME, {"name": name})
        ada.share_workspace(person, "read")
    eloise, soren, yamada = (person.user_id for person in people.values())
    for query in ("elo", "ELOISE", "\u00e9lo\u00efse", "hara", "o'hara", "hara elo"):
        assert _found(ada, query=query) == {eloise}, query
    assert _found(ada, query="soren") == _found(ada, query="kissling") == {soren}
    assert _found(ada, query="\u5c71") == {yamada}
    assert _found(ada, query="loise") == set()
    assert _found(ada) == {ada.user_id, eloise, soren, yamada}


def test_only_people_one_shares_a_workspace_with_are_seen(world: World, ada: Person, bob: Person) -> None:
    eve = world.sign_up("Eve")
    ada.share_workspace(bob, "read")
    assert _found(bob, query="ada") == {ada.user_id}
    assert _found(bob, query="eve") == _found(eve, query="ada") == set()
    assert bob.expect(200, "GET", f"/v1/users/{ada.user_id}")["name"] == "Ada"
    for unseen in (eve.user_id, "usr" + "A" * 14, "nobody"):
        assert _refusal(bob, "GET", f"/v1/users/{unseen}") == HIDDEN
    answer = bob.call("GET", "/v1/users", query=[("workspace", eve.workspace_id)])
    assert (answer.status, answer.error_type) == HIDDEN
    ada.expect(200, "DELETE", f"/v1/workspaces/{ada.workspace_id}/members/{bob.user_id}")
    assert _refusal(bob, "GET", f"/v1/users/{ada.user_id}") == HIDDEN
    assert _found(bob) == {bob.user_id}


def test_search_goes_on_by_cursor_and_finds_everybody_once(world: World, ada: Person) -> None:
    people = {ada.user_id}
    for number in range(5):
        person = world.sign_up(f"P{number}")
        ada.share_workspace(person, "read")
        people.add(person.user_id)
    seen: list[str] = []
    query = [("pageSize", "2")]
    while True:
        page = ada.expect(200, "GET", "/v1/users", query=query)
        seen += [one["id"] for one in page["users"]]
        if "cursor" not in page:
            break
        query = [("pageSize", "2"), ("cursor", page["cursor"])]
    assert sorted(seen) == sorted(people)
    other = ada.call("GET", "/v1/users", query=[("query", "x"), *query])
    assert (other.status, other.error_type) == (422, "INVALID_REQUEST")


# Export


def test_an_export_holds_everything_but_what_opens_doors(ada: Person, bob: Person) -> None:
    bob.share_workspace(ada, "editor")
    ada.expect(200, "PATCH", ME, {"bio": "about me"})
    ada.expect(200, "PUT", PREFERENCES, {"preferences": {"grid": {"a": 1}}})
    secret = ada.personal_token("data.records:read")
    page = ada.expect(200, "GET", f"{ME}/export")
    assert page["profile"]["bio"] == "about me"
    assert page["preferences"] == {"grid": {"a": 1}}
    pages = [page]
    while "cursor" in page:
        page = ada.expect(200, "GET", f"{ME}/export", query=[("cursor", page["cursor"])])
        pages.append(page)
    assert [one["name"] for part in pages for one in part["tokens"]] == ["test"]
    assert len([one for part in pages for one in part["sessions"]]) == 1
    workspaces = {one["id"]: one["role"] for part in pages for one in part["workspaces"]}
    assert workspaces == {ada.workspace_id: "owner", bob.workspace_id: "editor"}
    for canary in (PASSWORD, secret, secret.partition(".")[2], ada.token):
        assert canary not in str(pages)


# Leaving


def _later(world: World, days: float) -> None:
    world.clock.sleep(days * DAY_SECONDS)


def _login(person: Person) -> int:
    body = {"email": person.email, "password": PASSWORD}
    return person.world.call("POST", "/v1/auth/login", body).status


def test_an_account_is_gone_after_its_grace_period_and_not_before(ada: Person, bob: Person) -> None:
    world = ada.world
    bob.share_workspace(ada, "editor")
    secret = ada.personal_token("data.records:read")
    first = ada.expect(202, "DELETE", ME)
    assert ada.expect(202, "DELETE", ME) == first
    _later(world, 13.9)
    assert sweep_deletions(world.services) == 0
    assert _login(ada) == 200
    _later(world, 0.2)
    assert sweep_deletions(world.services) == 1
    assert sweep_deletions(world.services) == 0
    assert _login(ada) == 401
    assert world.call("GET", "/v1/workspaces", token=secret).status == 401
    assert world.call("GET", ME, token=ada.token).status == 401
    token = world.expect(200, "POST", "/v1/auth/login", {"email": bob.email, "password": PASSWORD})[
        "accessToken"
    ]
    members = world.expect(200, "GET", f"/v1/workspaces/{bob.workspace_id}/members", token=token)["members"]
    assert [one["userId"] for one in members] == [bob.user_id]
    again = {"email": ada.email, "password": PASSWORD, "name": "Ada"}
    assert world.expect(201, "POST", "/v1/auth/register", again)["user"]["id"] != ada.user_id


def test_a_deletion_is_taken_back_within_the_grace_period(ada: Person) -> None:
    ada.expect(202, "DELETE", ME)
    assert ada.expect(200, "POST", f"{ME}/restore")["id"] == ada.user_id
    _later(ada.world, 20)
    assert sweep_deletions(ada.world.services) == 0
    assert _login(ada) == 200


def test_a_sole_owner_of_a_shared_workspace_hands_over_first(ada: Person, bob: Person) -> None:
    ada.share_workspace(bob, "editor")
    answer = ada.call("DELETE", ME)
    assert answer.status == 409
    assert ada.workspace_id in answer.json["error"]["message"]
    body = {"userId": bob.user_id}
    ada.expect(200, "POST", f"/v1/workspaces/{ada.workspace_id}/transfer-ownership", body)
    ada.expect(202, "DELETE", ME)


def test_who_becomes_a_sole_owner_within_the_grace_period_stays_until_it_is_mended(
    ada: Person, bob: Person
) -> None:
    world = ada.world
    ada.expect(202, "DELETE", ME)
    ada.share_workspace(bob, "editor")
    _later(world, 14.1)
    assert sweep_deletions(world.services) == 1
    assert _login(ada) == 200
    token = world.expect(200, "POST", "/v1/auth/login", {"email": ada.email, "password": PASSWORD})[
        "accessToken"
    ]
    path = f"/v1/workspaces/{ada.workspace_id}/transfer-ownership"
    world.expect(200, "POST", path, {"userId": bob.user_id}, token=token)
    _later(world, 1.1)
    assert sweep_deletions(world.services) == 1
    assert _login(ada) == 401


def test_an_owner_of_bases_is_told_to_remove_them_first(ada: Person) -> None:
    ada.create_base()
    assert ada.call("DELETE", ME).status == 409
