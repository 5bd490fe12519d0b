"""The pyairtable package, unchanged, against the running server."""

from collections.abc import Callable, Iterator
from itertools import chain

import pytest
from pyairtable import Api, Base, Table
from pyairtable.api.types import RecordDict, UpdateRecordDict, WritableFields
from pyairtable.models import schema
from requests import HTTPError

from http_account import HttpAccount, make_token, open_account
from local_server import running_server
from world import PEOPLE_FIELDS

COUNT = 120
FULL: WritableFields = {
    "Name": "Ada “Lovelace” — \U0001f389",
    "Notes": "first line\nsecond",
    "Age": 36.5,
    "Member": True,
    "Team": "Red",
    "Born": "1815-12-10",
    "Mail": "ada@example.org",
    "Site": "https://example.org/ada?x=1&y=%20",
}
MODELS = {
    "Name": schema.SingleLineTextFieldSchema,
    "Notes": schema.MultilineTextFieldSchema,
    "Age": schema.NumberFieldSchema,
    "Member": schema.CheckboxFieldSchema,
    "Team": schema.SingleSelectFieldSchema,
    "Born": schema.DateFieldSchema,
    "Mail": schema.EmailFieldSchema,
    "Site": schema.UrlFieldSchema,
}
MISSING = "rec" + "A" * 14
NO_SUCH_MODEL = "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpAccount]:
    with running_server(tmp_path_factory.mktemp("data")) as server:
        yield open_account(server.url)


@pytest.fixture
def api(account: HttpAccount) -> Iterator[Api]:
    yield from client(account, account.token)


def client(account: HttpAccount, token: str) -> Iterator[Api]:
    """Without retries, so that every refusal is seen; and without this machine's proxies."""
    made = Api(token, endpoint_url=account.url, retry_strategy=None, timeout=(5, 30))
    made.session.trust_env = False
    with made.session:
        yield made


@pytest.fixture
def base(api: Api, account: HttpAccount) -> Base:
    """A base with an empty table of people, one field of each type."""
    return api.create_base(account.workspace_id, "Club", [{"name": "People", "fields": PEOPLE_FIELDS}])


@pytest.fixture
def people(base: Base) -> Table:
    return base.table("People")


@pytest.fixture
def crowd(people: Table) -> list[RecordDict]:
    """Records whose ages run from 0, in the order of their creation."""
    return people.batch_create({"Name": f"n{age % 7}", "Age": age} for age in range(COUNT))


def joined(pages: list[list[RecordDict]]) -> list[RecordDict]:
    return list(chain.from_iterable(pages))


def ages(records: list[RecordDict]) -> list[object]:
    return [record["fields"].get("Age") for record in records]


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    """The status and, as the client tells it, Airtable's error."""
    with pytest.raises(HTTPError) as caught:
        call()
    assert caught.value.response is not None
    return caught.value.response.status_code, str(caught.value.args[-1])


# Who, and which bases


def test_whoami_names_the_owner_of_the_token(api: Api, account: HttpAccount) -> None:
    assert api.whoami() == {"id": account.user_id, "email": account.email}


def test_a_new_base_is_among_the_bases(api: Api, base: Base) -> None:
    listed = {found.id: found for found in api.bases(force=True)}

    assert (listed[base.id].name, listed[base.id].permission_level) == ("Club", "create")
    assert api.base(base.id, validate=True).name == "Club"


def test_a_base_that_is_not_listed_cannot_be_validated(api: Api) -> None:
    with pytest.raises(KeyError):
        api.base("app" + "A" * 14, validate=True)


# Schema


def test_the_schema_is_read_by_the_clients_models(base: Base) -> None:
    (table,) = base.schema().tables

    assert {field.name: type(field) for field in table.fields} == MODELS
    assert table.field(table.primary_field_id).name == "Name"
    (view,) = table.views
    assert view.type == "grid"
    assert view.visible_field_ids == [field.id for field in table.fields]


def test_the_options_of_fields_are_read_by_the_clients_models(people: Table) -> None:
    fields = people.schema()
    team, age, member, born = (fields.field(name) for name in ("Team", "Age", "Member", "Born"))

    assert isinstance(team, schema.SingleSelectFieldSchema)
    assert [choice.name for choice in team.options.choices] == ["Red", "Blue"]
    assert all(choice.id.startswith("sel") and choice.color for choice in team.options.choices)
    assert isinstance(age, schema.NumberFieldSchema)
    assert age.options.precision == 1
    assert isinstance(member, schema.CheckboxFieldSchema)
    assert (member.options.icon, member.options.color) == ("check", "greenBright")
    assert isinstance(born, schema.DateFieldSchema)
    assert (born.options.date_format.name, born.options.date_format.format) == ("iso", "YYYY-MM-DD")


def test_a_created_table_is_in_the_schema_and_holds_records(base: Base) -> None:
    pets = base.create_table(
        "Pets & co / \U0001f415", [{"name": "Name", "type": "singleLineText"}], "All of them"
    )
    pets.create({"Name": "Rex"})

    assert [table.name for table in base.tables(force=True)] == ["People", "Pets & co / \U0001f415"]
    assert pets.schema(force=True).description == "All of them"
    assert [record["fields"] for record in base.table(pets.name).all()] == [{"Name": "Rex"}]


def test_a_created_field_takes_values_and_is_in_the_schema(people: Table) -> None:
    options = {"choices": [{"name": "tall"}, {"name": "small"}]}
    made = people.create_field("Size", "singleSelect", "How big", options)

    assert isinstance(made, schema.SingleSelectFieldSchema)
    assert (made.name, made.description) == ("Size", "How big")
    assert people.schema(force=True).field(made.id).name == "Size"
    assert people.create({"Size": "tall"})["fields"] == {"Size": "tall"}


def test_a_table_and_a_field_are_renamed_through_their_schema(people: Table) -> None:
    table = people.schema()
    table.name = "Members"
    table.save()
    field = table.field("Mail")
    field.name = "E-mail"
    field.save()

    renamed = people.base.schema(force=True).table("Members")
    assert renamed.id == table.id
    assert renamed.field(field.id).name == "E-mail"


# Records


def test_a_record_of_every_field_type_comes_back_as_it_was_created(people: Table) -> None:
    made = people.create(FULL)

    assert made["fields"] == FULL
    assert people.get(made["id"]) == made
    assert people.first() == made
    assert people.all() == [made]


def test_no_record_is_first_in_an_empty_table(people: Table) -> None:
    assert people.first() is None
    assert people.all() == []


def test_records_created_in_batches_are_listed_in_their_order(people: Table, crowd: list[RecordDict]) -> None:
    assert ages(crowd) == list(range(COUNT))
    assert len({record["id"] for record in crowd}) == COUNT
    assert people.all() == crowd


def test_pages_have_the_size_asked_for_and_hold_every_record_once(
    people: Table, crowd: list[RecordDict]
) -> None:
    by_default = list(people.iterate())
    small = list(people.iterate(page_size=50))

    assert [len(page) for page in by_default] == [100, 20]
    assert [len(page) for page in small] == [50, 50, 20]
    assert joined(small) == joined(by_default) == crowd


def test_max_records_ends_the_pages(people: Table, crowd: list[RecordDict]) -> None:
    pages = list(people.iterate(page_size=30, max_records=70))

    assert [len(page) for page in pages] == [30, 30, 10]
    assert joined(pages) == crowd[:70]


def test_a_sort_holds_across_pages(people: Table, crowd: list[RecordDict]) -> None:
    listed = people.all(sort=["Name", "-Age"], page_size=25)

    assert listed == sorted(crowd, key=lambda record: (record["fields"]["Name"], -record["fields"]["Age"]))
    assert people.first(sort=["-Age"]) == crowd[-1]


def test_only_the_fields_asked_for_are_shown(people: Table) -> None:
    made = people.create(FULL)

    assert people.all(fields=["Name", "Age"]) == [
        {**made, "fields": {"Name": FULL["Name"], "Age": FULL["Age"]}}
    ]
    assert people.all(fields="Age") == [{**made, "fields": {"Age": FULL["Age"]}}]


def test_a_listing_too_long_for_a_url_is_sent_as_a_body(people: Table, crowd: list[RecordDict]) -> None:
    listed = people.all(fields=["Age"] * 2000, sort=["-Age"])

    assert listed == [{**record, "fields": {"Age": record["fields"]["Age"]}} for record in reversed(crowd)]


def test_fields_are_written_and_shown_by_id(people: Table) -> None:
    ids = {field.name: field.id for field in people.schema().fields}
    by_id = {ids[name]: value for name, value in FULL.items()}
    made = people.create(by_id, use_field_ids=True)

    assert made["fields"] == by_id
    assert people.get(made["id"], use_field_ids=True) == made
    assert people.all(use_field_ids=True, fields=[ids["Age"]], sort=[ids["Age"]]) == [
        {**made, "fields": {ids["Age"]: FULL["Age"]}}
    ]
    assert people.update(made["id"], {ids["Age"]: 1}, use_field_ids=True)["fields"] == {
        **by_id,
        ids["Age"]: 1,
    }
    assert people.get(made["id"])["fields"] == {**FULL, "Age": 1}


def test_a_table_is_found_by_name_and_by_id(api: Api, people: Table) -> None:
    made = people.create(FULL)
    by_id = api.table(people.base.id, people.schema().id)

    assert by_id.id == people.schema().id
    assert by_id.all() == api.table(people.base.id, "People").all() == [made]
    assert api.table(people.base.id, "People", validate=True).get(made["id"]) == made


def test_an_update_keeps_what_it_does_not_name_and_a_replacement_clears_it(people: Table) -> None:
    made = people.create(FULL)

    updated = people.update(made["id"], {"Age": 37, "Notes": None})
    assert updated["fields"] == {
        name: value for name, value in {**FULL, "Age": 37}.items() if name != "Notes"
    }
    assert people.get(made["id"]) == updated

    replaced = people.update(made["id"], {"Name": "Ada"}, replace=True)
    assert replaced == {**made, "fields": {"Name": "Ada"}}
    assert people.get(made["id"]) == replaced


def test_batches_update_and_replace_more_than_ten_records(people: Table, crowd: list[RecordDict]) -> None:
    changes: list[UpdateRecordDict] = [
        {"id": record["id"], "fields": {"Age": -age}} for age, record in enumerate(crowd[:25])
    ]

    updated = people.batch_update(changes)
    assert [record["fields"] for record in updated] == [
        {"Name": f"n{age % 7}", "Age": -age} for age in range(25)
    ]
    assert people.all() == [*updated, *crowd[25:]]

    replaced = people.batch_update(changes, replace=True)
    assert [record["fields"] for record in replaced] == [{"Age": -age} for age in range(25)]
    assert people.all() == [*replaced, *crowd[25:]]


def test_deleted_records_are_gone_and_the_others_are_not(people: Table, crowd: list[RecordDict]) -> None:
    single, *batch = (record["id"] for record in crowd[:24])

    assert people.delete(single) == {"id": single, "deleted": True}
    assert people.batch_delete(batch) == [{"id": record_id, "deleted": True} for record_id in batch]
    assert people.all() == crowd[24:]


# Refusals


def test_an_unknown_field_is_refused_by_its_name_and_nothing_is_written(people: Table) -> None:
    made = people.create(FULL)
    calls: list[Callable[[], object]] = [
        lambda: people.create({"Nope": 1}),
        lambda: people.batch_create([{"Age": 1}, {"Nope": 1}]),
        lambda: people.update(made["id"], {"Nope": 1}),
        lambda: people.batch_update([{"id": made["id"], "fields": {"Nope": 1}}], replace=True),
        lambda: people.all(fields=["Nope"]),
        lambda: people.all(sort=["Nope"]),
    ]

    for call in calls:
        status, error = refusal(call)
        assert status == 422
        assert "'UNKNOWN_FIELD_NAME'" in error
        assert 'Unknown field name: "Nope"' in error
    assert people.all() == [made]


def test_a_value_that_does_not_fit_its_field_is_refused(people: Table) -> None:
    assert refusal(lambda: people.create({"Age": "old"})) == (
        422,
        "{'type': 'INVALID_VALUE_FOR_COLUMN', 'message': 'Field \"Age\" cannot accept the provided value'}",
    )
    assert people.all() == []


def test_an_unknown_table_and_an_unknown_base_are_refused_alike(api: Api, base: Base) -> None:
    for table in (base.table("Nope"), base.table("tbl" + "A" * 14), api.table("app" + "A" * 14, "People")):
        calls: list[Callable[[], object]] = [table.all, lambda t=table: t.create({"Name": "x"})]  # type: ignore[misc]
        for call in calls:
            status, error = refusal(call)
            assert status == 403
            assert NO_SUCH_MODEL in error


def test_a_bad_token_is_refused_everywhere(account: HttpAccount, people: Table) -> None:
    for token in ("nonsense", f"pat{'A' * 14}.{'0' * 64}"):
        for api in client(account, token):
            table = api.table(people.base.id, "People")
            for call in (api.whoami, api.bases, table.all, table.schema):
                status, error = refusal(call)
                assert status == 401
                assert "AUTHENTICATION_REQUIRED" in error


def test_a_token_that_may_only_read_writes_nothing(account: HttpAccount, people: Table) -> None:
    made = people.create(FULL)
    for api in client(account, make_token(account.url, account.session_token, ["data.records:read"])):
        table = api.table(people.base.id, "People")

        assert table.all() == [made]
        assert refusal(lambda t=table: t.create({"Name": "x"}))[0] == 403  # type: ignore[misc]
        assert refusal(lambda t=table: t.delete(made["id"]))[0] == 403  # type: ignore[misc]
    assert people.all() == [made]


def test_a_missing_record_is_told_as_airtable_tells_it(people: Table) -> None:
    calls: list[tuple[int, str, Callable[[], object]]] = [
        (403, NO_SUCH_MODEL, lambda: people.get(MISSING)),
        (403, NO_SUCH_MODEL, lambda: people.update(MISSING, {"Age": 1})),
        (403, NO_SUCH_MODEL, lambda: people.update(MISSING, {"Age": 1}, replace=True)),
        (403, NO_SUCH_MODEL, lambda: people.delete(MISSING)),
        (422, "ROW_DOES_NOT_EXIST", lambda: people.batch_update([{"id": MISSING, "fields": {"Age": 1}}])),
        (404, "NOT_FOUND", lambda: people.batch_delete([MISSING])),
    ]

    for status, error_type, call in calls:
        seen, error = refusal(call)
        assert seen == status
        assert error_type in error


def test_a_page_of_an_impossible_size_is_refused(people: Table) -> None:
    status, error = refusal(lambda: people.all(page_size=101))

    assert status == 422
    assert "INVALID_PAGE_SIZE_ARGUMENT" in error
