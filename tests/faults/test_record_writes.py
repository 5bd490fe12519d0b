"""Every write of records, every store call going wrong in every way, then repeated."""

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
from faulty import Crash, Fault
from world import Answer

LEAST_SCHEDULES = 500
AWAY = 10_000
Shown = Mapping[str, Mapping[str, Any]]


def new_rows(count: int) -> Sequence[Mapping[str, Any]]:
    return [{"Name": f"new {n}", "Age": n / 2, "Member": True, "Team": "Blue"} for n in range(count)]


def creating(count: int) -> WriteCase:
    rows = new_rows(count)

    def act(stage: Stage) -> Answer:
        body = {"fields": rows[0]} if count == 1 else {"records": [{"fields": row} for row in rows]}
        return stage.call("POST", stage.base.path, body)

    def check(stage: Stage, answer: Any) -> None:
        made = shown([answer] if count == 1 else answer["records"])
        assert list(made.values()) == rows
        assert stage.records() == {**originals(stage), **made}

    return WriteCase(f"create {count}", act, check)


def changing(method: str, count: int) -> WriteCase:
    row = {"Name": "changed", "Age": None}

    def act(stage: Stage) -> Answer:
        if count == 1:
            return stage.call(method, f"{stage.base.path}/{stage.record_ids[0]}", {"fields": row})
        records = [{"id": one, "fields": row} for one in stage.record_ids[:count]]
        return stage.call(method, stage.base.path, {"records": records})

    def check(stage: Stage, answer: Any) -> None:
        kept = {"Team": "Red"} if method == "PATCH" else {}
        wanted = {one: {"Name": "changed", **kept} for one in stage.record_ids[:count]}
        assert shown([answer] if count == 1 else answer["records"]) == wanted
        assert stage.records() == {**originals(stage), **wanted}

    return WriteCase(f"{method} {count}", act, check)


def deleting(count: int) -> WriteCase:
    def act(stage: Stage) -> Answer:
        if count == 1:
            return stage.call("DELETE", f"{stage.base.path}/{stage.record_ids[0]}")
        query = [("records[]", one) for one in stage.record_ids[:count]]
        return stage.call("DELETE", stage.base.path, query=query)

    def check(stage: Stage, answer: Any) -> None:
        gone = [{"id": one, "deleted": True} for one in stage.record_ids[:count]]
        assert ([answer] if count == 1 else answer["records"]) == gone
        assert list(stage.records()) == list(stage.record_ids[count:])

    return WriteCase(f"delete {count}", act, check)


def shown(records: Sequence[Mapping[str, Any]]) -> Shown:
    return {record["id"]: record["fields"] for record in records}


def originals(stage: Stage) -> Shown:
    """The template's records: an age of 0 is shown, since it is no empty cell."""
    return {one: {"Name": f"person {n}", "Age": n, "Team": "Red"} for n, one in enumerate(stage.record_ids)}


CASES = [
    creating(1),
    creating(10),
    *(changing(method, count) for method, count in product(("PATCH", "PUT"), (1, 10))),
    deleting(1),
    deleting(10),
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
def test_an_engine_that_stays_away_is_given_up_within_the_gateway_s_patience(
    template: Template, case: WriteCase
) -> None:
    for at in range(4):
        with template.staged(ThrottledStore) as stage:
            assert isinstance(stage.store, ThrottledStore)
            stage.warm_up()
            started = stage.world.clock.now_ms()
            stage.store.throttle(at, AWAY)
            answer = case.act(stage)
            assert stage.world.clock.now_ms() - started < 25_000
            if at < 2:
                require_retriable(answer)
            else:
                assert answer.status == 200


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
            assert answer.status == 200
            landed += stage.store.landed
            require_done_once(stage, case, answer, events)
    assert landed > 0


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
def test_without_an_idempotency_key_an_unavailable_engine_still_loses_and_repeats_nothing(
    template: Template, fault: Fault
) -> None:
    """A crash leaves the client not knowing; then the write is there whole, or not at all."""
    for at in range(4):
        with template.staged() as stage:
            stage.warm_up()
            body = {"records": [{"fields": row} for row in new_rows(10)]}
            stage.store.plan(fault, at)
            try:
                status = stage.base.owner.call("POST", stage.base.path, body).status
            except Crash:
                stage.restart()
                status = None
            stage.store.plan(None)
            wanted = {200: {20}, 503: {10}, None: {10, 20}}
            assert len(stage.records()) in wanted[status]
            stage.contents()
