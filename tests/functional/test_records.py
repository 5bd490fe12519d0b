"""Records over the wire, in process: what Airtable's clients send and what they must get."""

import random

import pytest

from recording import RecordingStore
from world import PASSWORD, BaseOf, World

MODEL_NOT_FOUND = {
    "error": {
        "type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
        "message": (
            "Invalid permissions, or the requested model was not found. Check that both your user and your "
            "token have the required permissions, and that the model names and/or ids are correct."
        ),
    }
}
FULL = {
    "Name": "Ada Lovelace",
    "Notes": "first line\nsecond “line” — \U0001f389",
    "Age": 36.5,
    "Member": True,
    "Team": "Red",
    "Born": "1815-12-10",
    "Mail": "ada@example.org",
    "Site": "https://example.org/ada?x=1&y=%20",
}


@pytest.fixture
def base(world: World) -> BaseOf:
    return world.sign_up().create_base()


def test_a_record_comes_back_as_it_was_created(base: BaseOf) -> None:
    made = base.owner.expect(200, "POST", base.path, {"fields": FULL})
    assert made["fields"] == FULL
    assert made["createdTime"].endswith("Z")
    assert base.owner.expect(200, "GET", f"{base.path}/{made['id']}") == made
    assert base.owner.expect(200, "GET", base.path) == {"records": [made]}


def test_a_batch_of_ten_comes_back_in_its_order(base: BaseOf) -> None:
    made = base.create(*({"Age": number} for number in range(10)))
    assert [record["fields"]["Age"] for record in made] == list(range(10))
    assert base.owner.expect(200, "GET", base.path)["records"] == made


def test_tables_are_found_by_id_by_name_and_by_name_in_another_case(base: BaseOf) -> None:
    (made,) = base.create({"Name": "x"})
    for table in (base.tables[0]["id"], "People", "PEOPLE"):
        assert base.owner.expect(200, "GET", f"{base.path_of(table)}/{made['id']}") == made


def test_a_table_name_may_hold_a_slash_a_percent_sign_and_an_emoji(base: BaseOf) -> None:
    name = "50% a/b \U0001f600 ünï?#"
    table = {"name": name, "fields": [{"name": "a/b {c} %", "type": "singleLineText"}]}
    base.owner.expect(200, "POST", f"/v0/meta/bases/{base.id}/tables", table)
    body = {"fields": {"a/b {c} %": "x"}}
    made = base.owner.expect(200, "POST", base.path_of(name), body)
    query = [("fields[]", "a/b {c} %")]
    assert base.owner.expect(200, "GET", base.path_of(name), query=query)["records"] == [made]


def test_empty_values_are_left_out(base: BaseOf) -> None:
    (made,) = base.create({"Name": "", "Age": None, "Member": False, "Team": "", "Notes": "x"})
    assert made["fields"] == {"Notes": "x"}


def test_fields_are_written_by_name_or_id_and_shown_by_id_when_asked(base: BaseOf) -> None:
    ids = {field["name"]: field["id"] for field in base.tables[0]["fields"]}
    body = {"fields": {ids["Name"]: "x", "Age": 1}, "returnFieldsByFieldId": True}
    made = base.owner.expect(200, "POST", base.path, body)
    assert made["fields"] == {ids["Name"]: "x", ids["Age"]: 1}
    for spelled in ("1", "true"):
        query = [("returnFieldsByFieldId", spelled)]
        assert base.owner.expect(200, "GET", f"{base.path}/{made['id']}", query=query) == made
        assert base.owner.expect(200, "GET", base.path, query=query)["records"] == [made]


def test_patch_changes_the_named_cells_and_put_clears_the_others(base: BaseOf) -> None:
    (made,) = base.create(FULL)
    path = f"{base.path}/{made['id']}"
    patched = base.owner.expect(200, "PATCH", path, {"fields": {"Age": 37, "Member": False}})
    assert patched["fields"] == {**{k: v for k, v in FULL.items() if k != "Member"}, "Age": 37}
    assert patched["createdTime"] == made["createdTime"]
    put = base.owner.expect(200, "PUT", path, {"fields": {"Name": "Grace"}})
    assert put["fields"] == {"Name": "Grace"}
    assert base.owner.expect(200, "GET", path) == put


def test_batches_are_patched_and_put_in_the_order_of_the_request(base: BaseOf) -> None:
    made = base.create(*({"Name": str(n), "Age": n} for n in range(10)))
    backwards = [{"id": record["id"], "fields": {"Name": "x"}} for record in reversed(made)]
    for method, kept in (("PATCH", True), ("PUT", False)):
        answer = base.owner.expect(200, method, base.path, {"records": backwards})
        assert [record["id"] for record in answer["records"]] == [record["id"] for record in reversed(made)]
        assert all(("Age" in record["fields"]) is kept for record in answer["records"])


def test_records_are_deleted_alone_and_in_batches_in_both_spellings(base: BaseOf) -> None:
    made = [record["id"] for record in base.create(*({"Age": n} for n in range(5)))]
    assert base.owner.expect(200, "DELETE", f"{base.path}/{made[0]}") == {"id": made[0], "deleted": True}
    both = base.owner.expect(200, "DELETE", base.path, query=[("records[]", made[1]), ("records[]", made[2])])
    assert both == {"records": [{"id": one, "deleted": True} for one in made[1:3]]}
    base.owner.expect(200, "DELETE", base.path, query=[("records[0]", made[3]), ("records[1]", made[4])])
    assert base.owner.expect(200, "GET", base.path) == {"records": []}


def test_an_update_that_changes_nothing_writes_nothing(base: BaseOf, store: RecordingStore) -> None:
    (made,) = base.create(FULL)
    path = f"{base.path}/{made['id']}"
    count = len(store.written)
    assert base.owner.expect(200, "PATCH", path, {"fields": {"Name": FULL["Name"]}}) == made
    assert base.owner.expect(200, "PUT", path, {"fields": FULL}) == made
    assert len(store.written) == count


# Listing


def test_pages_hold_every_record_once_in_order_of_creation(base: BaseOf) -> None:
    made = [record["id"] for record in base.create(*({"Age": n} for n in range(25)))]
    assert _ids(base, pageSize="10") == [made[:10], made[10:20], made[20:]]
    assert _ids(base, pageSize="25") == [made]
    assert _ids(base, pageSize="100") == [made]


def test_max_records_counts_over_all_pages(base: BaseOf) -> None:
    made = [record["id"] for record in base.create(*({"Age": n} for n in range(25)))]
    assert _ids(base, pageSize="10", maxRecords="15") == [made[:10], made[10:15]]
    assert _ids(base, pageSize="10", maxRecords="20") == [made[:10], made[10:20]]
    assert _ids(base, maxRecords="1") == [made[:1]]
    assert _ids(base, maxRecords="1000") == [made]


def test_sorting_follows_every_key_with_blanks_first(base: BaseOf) -> None:
    rows: list[dict[str, object]] = [
        {"Name": "c", "Team": "Blue", "Age": 1},
        {"Name": "a", "Team": "Blue", "Age": 2},
        {"Name": "B", "Team": "Red"},
        {"Name": "d"},
    ]
    base.create(*rows)
    assert _names(base, ("Name", "asc")) == ["a", "B", "c", "d"]
    assert _names(base, ("Name", "desc")) == ["d", "c", "B", "a"]
    assert _names(base, ("Team", "asc"), ("Age", "desc")) == ["d", "B", "a", "c"]
    assert _names(base, ("Age", "asc")) == ["B", "d", "c", "a"]
    assert _names(base, ("Age", "desc")) == ["a", "c", "B", "d"]


def test_a_sorted_listing_shows_what_was_just_written(base: BaseOf) -> None:
    (first, second) = base.create({"Name": "b"}, {"Name": "c"})
    assert _names(base, ("Name", "asc")) == ["b", "c"]
    base.create({"Name": "a"})
    base.owner.expect(200, "PATCH", f"{base.path}/{first['id']}", {"fields": {"Name": "z"}})
    assert _names(base, ("Name", "asc")) == ["a", "c", "z"]
    base.owner.expect(200, "DELETE", f"{base.path}/{second['id']}")
    assert _names(base, ("Name", "asc")) == ["a", "z"]


@pytest.mark.parametrize("sorted_by", [None, "Age"])
def test_a_listing_survives_inserts_and_deletes_between_its_pages(
    base: BaseOf, sorted_by: str | None
) -> None:
    made = base.create(*({"Age": n, "Name": str(n)} for n in range(30)))
    query = [("pageSize", "10"), *([("sort[0][field]", sorted_by)] if sorted_by else [])]
    first = base.owner.expect(200, "GET", base.path, query=query)
    for victim in (made[9], made[10]):
        base.owner.expect(200, "DELETE", f"{base.path}/{victim['id']}")
    base.create({"Age": 100, "Name": "new"})
    seen = [record["fields"]["Age"] for record in first["records"]]
    page = first
    while "offset" in page:
        page = base.owner.expect(200, "GET", base.path, query=[*query, ("offset", page["offset"])])
        seen += [record["fields"]["Age"] for record in page["records"]]
    assert seen == [*range(10), *range(11, 30), 100]


def test_a_listing_is_asked_for_in_a_body_just_as_in_a_query(base: BaseOf) -> None:
    base.create(*({"Age": n, "Name": str(n)} for n in range(5)))
    body = {
        "fields": ["Age"],
        "sort": [{"field": "Age", "direction": "desc"}],
        "pageSize": 2,
        "maxRecords": 3,
        "returnFieldsByFieldId": False,
        "method": "get",
    }
    first = base.owner.expect(200, "POST", f"{base.path}/listRecords", body)
    assert [record["fields"] for record in first["records"]] == [{"Age": 4}, {"Age": 3}]
    second = base.owner.expect(200, "POST", f"{base.path}/listRecords", {**body, "offset": first["offset"]})
    assert [record["fields"] for record in second["records"]] == [{"Age": 2}]
    assert "offset" not in second


@pytest.mark.parametrize("name", ["fields", "sort"])
def test_a_listing_takes_null_for_no_array_and_nothing_else(base: BaseOf, name: str) -> None:
    base.owner.expect(200, "POST", f"{base.path}/listRecords", {name: None})
    for value in (False, 0, "", {}, "Name"):
        base.owner.expect(422, "POST", f"{base.path}/listRecords", {name: value})


@pytest.mark.parametrize(
    "query",
    [
        [("fields[]", "Name"), ("fields[]", "Age")],
        [("fields", "Name"), ("fields", "Age")],
        [("fields[0]", "Name"), ("fields[1]", "Age")],
    ],
    ids=["brackets", "bare", "indexed"],
)
def test_fields_are_named_in_every_spelling(base: BaseOf, query: list[tuple[str, str]]) -> None:
    base.create(FULL)
    (record,) = base.owner.expect(200, "GET", base.path, query=query)["records"]
    assert record["fields"] == {"Name": FULL["Name"], "Age": FULL["Age"]}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ([("limit", "2"), ("offset", "")], 2),
        ([("limit", ""), ("offset", "")], 3),
        ([("limit", "2"), ("pageSize", "1")], 1),
    ],
    ids=str,
)
def test_the_page_size_has_an_older_name(base: BaseOf, query: list[tuple[str, str]], count: int) -> None:
    made = base.create(*({"Age": number} for number in range(3)))
    page = base.owner.expect(200, "GET", f"{base.path}/", query=query)
    assert page["records"] == made[:count]
    assert ("offset" in page) == (count < 3)


def test_an_empty_offset_is_none(base: BaseOf) -> None:
    base.create({"Name": "x"})
    assert len(base.owner.expect(200, "GET", base.path, query=[("offset", "")])["records"]) == 1


def test_a_record_is_found_through_another_table_of_its_base(base: BaseOf) -> None:
    other = {"name": "Other", "fields": [{"name": "Title", "type": "singleLineText"}]}
    base.owner.expect(200, "POST", f"/v0/meta/bases/{base.id}/tables", other)
    (made,) = base.create({"Name": "x"})
    assert base.owner.expect(200, "GET", f"{base.path_of('Other')}/{made['id']}") == made


# Refusals


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"{", 400, {"type": "INVALID_REQUEST_BODY", "message": "Could not parse request body"}),
        (
            {},
            422,
            {
                "type": "INVALID_REQUEST_MISSING_FIELDS",
                "message": 'Could not find field "fields" in the request body',
            },
        ),
        (
            {"fields": {"Nope": 1}},
            422,
            {"type": "UNKNOWN_FIELD_NAME", "message": 'Unknown field name: "Nope"'},
        ),
        (
            {"fields": {"Age": "1"}},
            422,
            {"type": "INVALID_VALUE_FOR_COLUMN", "message": 'Field "Age" cannot accept the provided value'},
        ),
        (
            {"fields": {"Team": "Green"}},
            422,
            {
                "type": "INVALID_MULTIPLE_CHOICE_OPTIONS",
                "message": 'Insufficient permissions to create new select option "\\"Green\\""',
            },
        ),
        (
            {"records": []},
            422,
            {
                "type": "INVALID_RECORDS",
                "message": (
                    "You must provide an array of up to 10 record objects, "
                    'each with a "fields" object for cell values.'
                ),
            },
        ),
        (
            {"records": [{"fields": {}}] * 11},
            422,
            {
                "type": "INVALID_RECORDS",
                "message": "A maximum of 10 records can be created per request but you have provided 11.",
            },
        ),
        (
            {"fields": []},
            422,
            {
                "type": "INVALID_REQUEST_UNKNOWN",
                "message": "Invalid request: parameter validation failed. Check your request data.",
            },
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_create_is_refused_in_airtables_words(
    base: BaseOf, body: object, status: int, error: object
) -> None:
    assert base.owner.expect(status, "POST", base.path, body) == {"error": error}
    assert base.owner.expect(200, "GET", base.path) == {"records": []}


def test_one_bad_cell_fails_the_whole_batch(base: BaseOf) -> None:
    rows = [{"fields": {"Age": 1}}, {"fields": {"Age": "x"}}]
    base.owner.expect(422, "POST", base.path, {"records": rows})
    assert base.owner.expect(200, "GET", base.path) == {"records": []}


def test_missing_records_are_told_as_airtable_tells_them(base: BaseOf) -> None:
    missing = "rec" + "A" * 14
    path = f"{base.path}/{missing}"
    assert base.owner.expect(403, "GET", path) == MODEL_NOT_FOUND
    assert base.owner.expect(403, "PATCH", path, {"fields": {}}) == MODEL_NOT_FOUND
    assert base.owner.expect(403, "PUT", path, {"fields": {}}) == MODEL_NOT_FOUND
    assert base.owner.expect(403, "DELETE", path) == MODEL_NOT_FOUND
    for method in ("PATCH", "PUT"):
        answer = base.owner.expect(422, method, base.path, {"records": [{"id": missing, "fields": {}}]})
        assert answer["error"] == {
            "type": "ROW_DOES_NOT_EXIST",
            "message": f"Record ID {missing} does not exist in this table",
        }
    answer = base.owner.expect(404, "DELETE", base.path, query=[("records[]", missing)])
    assert answer["error"] == {
        "type": "NOT_FOUND",
        "message": f'Could not find a record with ID "{missing}".',
    }


def test_unknown_tables_bases_and_paths_are_told_as_airtable_tells_them(base: BaseOf) -> None:
    assert base.owner.expect(403, "GET", base.path_of("Nope")) == MODEL_NOT_FOUND
    assert base.owner.expect(403, "GET", f"/v0/app{'A' * 14}/People") == MODEL_NOT_FOUND
    assert base.owner.expect(403, "GET", "/v0/nope/People") == MODEL_NOT_FOUND
    assert base.owner.expect(404, "GET", "/v0/a/b/c/d/e/f") == {"error": "NOT_FOUND"}
    assert base.owner.expect(404, "GET", "/") == {"error": "NOT_FOUND"}
    assert base.owner.expect(404, "TRACE", base.path) == {"error": "NOT_FOUND"}


@pytest.mark.parametrize(
    ("query", "error_type"),
    [
        ([("pageSize", "0")], "INVALID_PAGE_SIZE_ARGUMENT"),
        ([("pageSize", "101")], "INVALID_PAGE_SIZE_ARGUMENT"),
        ([("limit", "101")], "INVALID_PAGE_SIZE_ARGUMENT"),
        ([("pageSize", "x")], "INVALID_PAGE_SIZE_ARGUMENT"),
        ([("pageSize", "9" * 5000)], "INVALID_PAGE_SIZE_ARGUMENT"),
        ([("maxRecords", "0")], "INVALID_MAX_RECORDS"),
        ([("maxRecords", "-1")], "INVALID_MAX_RECORDS"),
        ([("offset", "x")], "INVALID_OFFSET_VALUE"),
        ([("offset", f"itr{'A' * 14}/rec{'A' * 14}.WzFd")], "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"),
        ([("sort[0][field]", "Nope")], "UNKNOWN_FIELD_NAME"),
        ([("sort[0][direction]", "asc")], "INVALID_SORT"),
        ([("sort[0][field]", "Name"), ("sort[0][direction]", "up")], "INVALID_SORT"),
        ([("fields[]", "Nope")], "UNKNOWN_FIELD_NAME"),
        ([("returnFieldsByFieldId", "maybe")], "INVALID_REQUEST_UNKNOWN"),
    ],
    ids=str,
)
def test_bad_listing_arguments_are_refused(
    base: BaseOf, query: list[tuple[str, str]], error_type: str
) -> None:
    answer = base.owner.call("GET", base.path, query=query)
    assert (answer.status, answer.error_type) == (422, error_type)


@pytest.mark.parametrize(
    "parameter",
    [("filterByFormula", "{Age} = 1"), ("filterByFormula", "0"), ("cellFormat", "string")],
    ids=str,
)
def test_what_would_change_the_answer_is_refused_rather_than_ignored(
    base: BaseOf, parameter: tuple[str, str]
) -> None:
    name, value = parameter
    message = f"Invalid request: {name} is not supported by this server"
    for answer in (
        base.owner.expect(422, "GET", base.path, query=[parameter]),
        base.owner.expect(422, "POST", f"{base.path}/listRecords", {name: value}),
    ):
        assert answer == {"error": {"type": "INVALID_REQUEST_UNKNOWN", "message": message}}


@pytest.mark.parametrize(
    "extra", [{"typecast": True}, {"performUpsert": {"fieldsToMergeOn": ["Name"]}}], ids=str
)
def test_a_write_that_would_mean_something_else_is_refused(base: BaseOf, extra: dict[str, object]) -> None:
    (made,) = base.create({"Name": "x"})
    row = {"id": made["id"], "fields": {"Name": "y"}}
    for method, path, body in (
        ("POST", base.path, {"fields": {}}),
        ("PATCH", base.path, {"records": [row]}),
        ("PUT", base.path, {"records": [row]}),
        ("PATCH", f"{base.path}/{made['id']}", {"fields": {}}),
        ("PUT", f"{base.path}/{made['id']}", {"fields": {}}),
    ):
        base.owner.expect(422, method, path, {**body, **extra})
    assert base.owner.expect(200, "GET", base.path)["records"] == [made]


def test_parameters_that_change_nothing_are_taken(base: BaseOf) -> None:
    query = [("filterByFormula", ""), ("cellFormat", "json"), ("timeZone", "utc"), ("userLocale", "en")]
    base.owner.expect(200, "GET", base.path, query=query)
    base.owner.expect(200, "POST", base.path, {"fields": {}, "typecast": False})


def test_a_view_is_found_by_name_or_id(base: BaseOf) -> None:
    (made,) = base.create({"Name": "x"})
    (view,) = base.tables[0]["views"]
    for wanted in (view["id"], view["name"]):
        assert base.owner.expect(200, "GET", base.path, query=[("view", wanted)])["records"] == [made]
    answer = base.owner.expect(422, "GET", base.path, query=[("view", "Nope")])
    assert answer == {"error": {"type": "VIEW_NAME_NOT_FOUND", "message": "View Nope not found"}}


def test_nobody_gets_in_without_a_good_token(base: BaseOf) -> None:
    world = base.owner.world
    for token in (None, "", "x", "pat" + "A" * 14, "pat" + "A" * 14 + "." + "0" * 64, base.owner.token[:-1]):
        for body in (None, b"{"):
            answer = world.call("POST", base.path, body, token=token)
            assert answer.status == 401
            assert answer.json == {
                "error": {"type": "AUTHENTICATION_REQUIRED", "message": "Authentication required"}
            }


# Who may


def test_a_stranger_sees_nothing_whether_it_is_there_or_not(base: BaseOf) -> None:
    stranger = base.owner.world.sign_up("Eve")
    (made,) = base.create({"Name": "secret"})
    for path in (base.path, f"{base.path}/{made['id']}", f"/v0/app{'A' * 14}/People"):
        assert stranger.expect(403, "GET", path) == MODEL_NOT_FOUND
    stranger.expect(403, "POST", base.path, {"fields": {"Name": "x"}})
    stranger.expect(403, "POST", base.path, b"{")


def test_a_reader_reads_and_writes_nothing(base: BaseOf) -> None:
    guest = base.owner.world.sign_up("Guest")
    base.owner.share_workspace(guest, "read")
    (made,) = base.create({"Name": "x"})
    path = f"{base.path}/{made['id']}"
    assert guest.expect(200, "GET", path) == made
    assert guest.expect(200, "GET", base.path) == {"records": [made]}
    guest.expect(200, "POST", f"{base.path}/listRecords", {})
    refused = [
        ("POST", base.path, {"fields": {}}),
        ("PATCH", path, {"fields": {"Name": "y"}}),
        ("PUT", path, {"fields": {}}),
        ("PATCH", base.path, {"records": [{"id": made["id"], "fields": {}}]}),
        ("PUT", base.path, {"records": [{"id": made["id"], "fields": {}}]}),
        ("DELETE", path, None),
        ("POST", f"/v0/meta/bases/{base.id}/tables", {"name": "T", "fields": []}),
    ]
    for method, where, body in refused:
        assert guest.expect(403, method, where, body) == MODEL_NOT_FOUND
    guest.expect(403, "DELETE", base.path, query=[("records[]", made["id"])])
    assert base.owner.expect(200, "GET", base.path) == {"records": [made]}


def test_a_token_does_what_its_scopes_and_resources_say(base: BaseOf) -> None:
    owner, world = base.owner, base.owner.world
    other = owner.create_base(name="Other")
    reading = owner.personal_token("data.records:read")
    writing = owner.personal_token("data.records:write")
    bound = owner.personal_token("data.records:read", "data.records:write", resources=[other.id])
    assert world.call("GET", base.path, token=reading).status == 200
    assert world.call("POST", base.path, {"fields": {}}, token=reading).status == 403
    assert world.call("POST", base.path, {"fields": {}}, token=writing).status == 200
    assert world.call("GET", base.path, token=writing).status == 403
    assert world.call("GET", other.path, token=bound).status == 200
    assert world.call("GET", base.path, token=bound).status == 403
    assert world.call("GET", "/v0/meta/bases", token=reading).status == 403


# Repeats


def test_a_repeat_under_the_same_key_writes_once_and_answers_the_same(base: BaseOf) -> None:
    key = {"Idempotency-Key": "abc"}
    first = base.owner.expect(200, "POST", base.path, {"fields": {"Name": "x"}}, headers=key)
    again = base.owner.expect(200, "POST", base.path, {"fields": {"Name": "x"}}, headers=key)
    assert again == first
    assert len(base.owner.expect(200, "GET", base.path)["records"]) == 1
    answer = base.owner.call("POST", base.path, {"fields": {"Name": "y"}}, headers=key)
    assert (answer.status, answer.error_type) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_repeat_of_a_large_batch_answers_the_same(base: BaseOf) -> None:
    rng = random.Random(1)
    texts = ["".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(30_000)) for _ in range(10)]
    body = {"records": [{"fields": {"Notes": text}} for text in texts]}
    key = {"Idempotency-Key": "large"}
    first = base.owner.expect(200, "POST", base.path, body, headers=key)
    assert [record["fields"]["Notes"] for record in first["records"]] == texts
    assert base.owner.expect(200, "POST", base.path, body, headers=key) == first
    assert len(base.owner.expect(200, "GET", base.path)["records"]) == 10


def test_a_key_may_be_used_again_after_a_day(base: BaseOf) -> None:
    key = {"Idempotency-Key": "abc"}
    base.owner.expect(200, "POST", base.path, {"fields": {"Name": "x"}}, headers=key)
    base.owner.world.clock.sleep(24 * 3600 + 1)
    token = base.owner.world.expect(
        200, "POST", "/v1/auth/login", {"email": base.owner.email, "password": PASSWORD}
    )["accessToken"]
    base.owner.world.expect(200, "POST", base.path, {"fields": {"Name": "y"}}, headers=key, token=token)
    records = base.owner.world.expect(200, "GET", base.path, token=token)["records"]
    assert [record["fields"]["Name"] for record in records] == ["x", "y"]


# Size


def test_ten_records_of_a_hundred_thousand_characters_each_work(base: BaseOf) -> None:
    rng = random.Random(1)
    texts = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyzäöü ", k=100_000)) for _ in range(10)]
    made = base.create(*({"Notes": text} for text in texts))
    assert [record["fields"]["Notes"] for record in made] == texts
    assert base.owner.expect(200, "GET", base.path)["records"] == made


def test_a_record_too_large_for_the_store_is_refused_whole(base: BaseOf) -> None:
    _add_wide_table(base, 6)
    row = {f"N{n}": _text(n, 99_990) for n in range(5)}
    answer = base.owner.call("POST", base.path_of("Wide"), {"fields": row})
    assert (answer.status, answer.json["error"]["message"]) == (422, "The record is too large to be stored")
    assert base.owner.expect(200, "GET", base.path_of("Wide")) == {"records": []}
    base.owner.expect(200, "POST", base.path_of("Wide"), {"fields": {**row, "N4": ""}})


@pytest.mark.parametrize("sort", [[], [("sort[0][field]", "N0")]], ids=["natural", "sorted"])
def test_a_page_of_large_records_ends_early_and_none_is_lost(
    base: BaseOf, sort: list[tuple[str, str]]
) -> None:
    _add_wide_table(base, 4)
    path = base.path_of("Wide")
    made = [
        base.owner.expect(200, "POST", path, {"fields": {f"N{n}": _text(m, 99_000) for n in range(4)}})["id"]
        for m in range(24)
    ]
    pages: list[list[str]] = []
    offset: str | None = ""
    while offset is not None:
        page = base.owner.expect(200, "GET", path, query=[*sort, ("offset", offset)])
        pages.append([record["id"] for record in page["records"]])
        offset = page.get("offset")
    assert sorted(one for page in pages for one in page) == made
    assert [len(page) for page in pages] == [10, 10, 4]


def test_a_body_over_five_megabytes_is_refused(base: BaseOf) -> None:
    answer = base.owner.call("POST", base.path, b'{"fields":{"Notes":"' + b"x" * (5 * 1024 * 1024) + b'"}}')
    assert (answer.status, answer.error_type) == (413, "REQUEST_TOO_LARGE")


def _ids(base: BaseOf, **parameters: str) -> list[list[str]]:
    pages = []
    offset: str | None = ""
    while offset is not None:
        page = base.owner.expect(200, "GET", base.path, query=[*parameters.items(), ("offset", offset)])
        pages.append([record["id"] for record in page["records"]])
        offset = page.get("offset")
    return pages


def _names(base: BaseOf, *keys: tuple[str, str]) -> list[str | None]:
    query = []
    for place, (name, direction) in enumerate(keys):
        query += [(f"sort[{place}][field]", name), (f"sort[{place}][direction]", direction)]
    records = base.owner.expect(200, "GET", base.path, query=query)["records"]
    return [record["fields"].get("Name") for record in records]


def _add_wide_table(base: BaseOf, width: int) -> None:
    fields = [{"name": f"N{n}", "type": "multilineText"} for n in range(width)]
    base.owner.expect(200, "POST", f"/v0/meta/bases/{base.id}/tables", {"name": "Wide", "fields": fields})


def _text(seed: int, length: int) -> str:
    return random.Random(seed).randbytes(length // 2).hex()
