"""Every write of bases, tables and fields, every store call going wrong in every way, then repeated."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pytest

from fault_stage import (
    LateStore,
    Stage,
    Template,
    ThrottledStore,
    WriteCase,
    play,
    require_done_once,
    require_retriable,
    schedules_of,
)
from log_replay import require_true_log
from pyairtable_common.repositories import keys
from world import Answer

LEAST_SCHEDULES = 500
CHOICES = [{"name": "Red"}, {"name": "Green"}, {"name": "Violet"}]
NEW_TABLE = {
    "name": "Projects",
    "description": "What people do",
    "fields": [
        {"name": "Title", "type": "singleLineText"},
        {"name": "State", "type": "singleSelect", "options": {"choices": CHOICES}},
    ],
}


def create_base(stage: Stage) -> Answer:
    body = {"name": "Second", "workspaceId": stage.base.owner.workspace_id, "tables": [NEW_TABLE]}
    return stage.call("POST", "/v0/meta/bases", body)


def there_is_one_more_base(stage: Stage, answer: Any) -> None:
    listed = stage.base.owner.expect(200, "GET", "/v0/meta/bases")["bases"]
    assert sorted(base["id"] for base in listed) == sorted([stage.base.id, answer["id"]])
    require_true_log(stage.store, answer["id"])
    tables = stage.base.owner.expect(200, "GET", f"/v0/meta/bases/{answer['id']}/tables")["tables"]
    assert tables == answer["tables"]
    entry = keys.workspace_base(stage.base.owner.workspace_id, answer["id"])
    assert entry in stage.store.get([entry])


def create_table(stage: Stage) -> Answer:
    return stage.call("POST", f"/v0/meta/bases/{stage.base.id}/tables", NEW_TABLE)


def there_is_one_more_table(stage: Stage, answer: Any) -> None:
    assert stage.tables() == [*stage.base.tables, answer]
    assert answer["name"] == NEW_TABLE["name"]


def rename_table(stage: Stage) -> Answer:
    """By its name, which is another one in the repeat."""
    return stage.call("PATCH", f"/v0/meta/bases/{stage.base.id}/tables/People", {"name": "Persons"})


def the_table_has_its_new_name(stage: Stage, answer: Any) -> None:
    assert stage.tables() == [answer] == [{**stage.base.tables[0], "name": "Persons"}]


def create_field(stage: Stage) -> Answer:
    body = {"name": "Colour", "type": "singleSelect", "options": {"choices": CHOICES}}
    return stage.call("POST", f"{table_path(stage)}/fields", body)


def there_is_one_more_field(stage: Stage, answer: Any) -> None:
    assert fields(stage) == [*original_fields(stage), answer]
    assert [choice["name"] for choice in answer["options"]["choices"]] == ["Red", "Green", "Violet"]


def change_field(stage: Stage) -> Answer:
    """With choices that are new, whose ids the server makes."""
    team = next(field for field in original_fields(stage) if field["name"] == "Team")
    options = {"choices": [*team["options"]["choices"], {"name": "Green"}, {"name": "Violet"}]}
    return stage.call("PATCH", f"{table_path(stage)}/fields/Team", {"name": "Side", "options": options})


def the_field_is_as_answered(stage: Stage, answer: Any) -> None:
    assert fields(stage) == [answer if field["name"] == "Team" else field for field in original_fields(stage)]
    assert [choice["name"] for choice in answer["options"]["choices"]] == ["Red", "Blue", "Green", "Violet"]
    assert {record["Side"] for record in stage.records().values()} == {"Red"}


def table_path(stage: Stage) -> str:
    return f"/v0/meta/bases/{stage.base.id}/tables/{stage.base.tables[0]['id']}"


def fields(stage: Stage) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = stage.tables()[0]["fields"]
    return found


def original_fields(stage: Stage) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = stage.base.tables[0]["fields"]
    return found


CASES = [
    WriteCase("create a base", create_base, there_is_one_more_base),
    WriteCase("create a table", create_table, there_is_one_more_table),
    WriteCase("rename a table", rename_table, the_table_has_its_new_name),
    WriteCase("create a field", create_field, there_is_one_more_field),
    WriteCase("change a field", change_field, the_field_is_as_answered),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("faults"))


def test_there_are_at_least_five_hundred_schedules(template: Template) -> None:
    counts = {case.name: len(schedules_of(template, case)) for case in CASES}
    assert sum(counts.values()) >= LEAST_SCHEDULES, counts
    assert min(counts.values()) >= LEAST_SCHEDULES // len(CASES), counts


@every_case
def test_a_write_happens_once_whatever_call_goes_wrong(template: Template, case: WriteCase) -> None:
    assert play(template, case) == len(schedules_of(template, case))


@every_case
def test_a_throttled_write_is_done_or_may_be_tried_again(template: Template, case: WriteCase) -> None:
    for warm, at, times in product((True, False), range(6), range(1, 6)):
        with template.staged(ThrottledStore) as stage:
            assert isinstance(stage.store, ThrottledStore)
            if warm:
                stage.warm_up()
            events = stage.count_events()
            stage.store.throttle(at, times)
            answer = case.act(stage)
            stage.store.throttle(0, 0)
            if answer.status != 200:
                require_retriable(answer)
                answer = case.act(stage)
            assert answer.status == 200, (warm, at, times, answer)
            require_done_once(stage, case, answer, events)


@every_case
def test_a_write_that_lands_after_it_was_given_up_for_lost_happens_once(
    template: Template, case: WriteCase
) -> None:
    landed = 0
    for calls in range(8):
        with template.staged(LateStore) as stage:
            assert isinstance(stage.store, LateStore)
            stage.warm_up()
            events = stage.count_events()
            stage.store.delay(calls)
            answer = case.act(stage)
            assert answer.status == 200, (calls, answer)
            landed += stage.store.landed
            require_done_once(stage, case, answer, events)
    assert landed > 0
