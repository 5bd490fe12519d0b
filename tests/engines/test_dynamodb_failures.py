"""What the DynamoDB engine makes of what no local engine ever answers: throttling, conflicts, outages."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws_script import Answer, ScriptedService, error, serve_script
from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, Patience
from pyairtable_common.engines.dynamodb.calls import Call
from pyairtable_common.engines.dynamodb.store import DynamoStore
from pyairtable_common.repositories.ports import (
    Absent,
    Check,
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Key,
    Put,
    Table,
    TooLarge,
    Unavailable,
    VersionIs,
    Write,
)

PUT_KEY, DELETE_KEY, CHECK_KEY = (Key(Table.BASES, "app1", sk) for sk in ("put", "delete", "check"))
# Written in another order than the one in which they are sent.
WRITES: Sequence[Write] = [
    Put(Item(PUT_KEY, 1, b"x"), Absent()),
    Check(CHECK_KEY, Exists()),
    Delete(DELETE_KEY, VersionIs(1)),
]
ATTRIBUTES = {"pk": {"S": "app1"}, "sk": {"S": "put"}, "v": {"N": "1"}, "data": {"B": "eA=="}}


@dataclass(frozen=True, slots=True)
class Scene:
    """A store before a scripted service, the pauses it made and the calls it reported."""

    store: DynamoStore
    service: ScriptedService
    pauses: list[float]
    calls: list[Call]


@contextmanager
def play(*answers: Answer, read_seconds: float = 10.0) -> Iterator[Scene]:
    pauses: list[float] = []
    calls: list[Call] = []
    with serve_script(answers) as service:
        store = DynamoStore(
            "t-",
            region="us-east-1",
            endpoint_url=service.endpoint,
            credentials=LOCAL_CREDENTIALS,
            patience=Patience(connect=5.0, read=read_seconds, attempts=3),
            observe=calls.append,
            sleep=pauses.append,
            jitter=lambda: 1.0,
        )
        try:
            yield Scene(store, service, pauses, calls)
        finally:
            store.close()


def cancelled(*codes: str, message: str = "no") -> Answer:
    reasons = [{"Code": code} if code == "None" else {"Code": code, "Message": message} for code in codes]
    return error("TransactionCanceledException", CancellationReasons=reasons)


# --- transactions ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("codes", "failed"),
    [
        (("ConditionalCheckFailed", "None", "None"), (CHECK_KEY,)),
        (("None", "ConditionalCheckFailed", "None"), (DELETE_KEY,)),
        (("None", "None", "ConditionalCheckFailed"), (PUT_KEY,)),
        (("ConditionalCheckFailed", "TransactionConflict", "ConditionalCheckFailed"), (CHECK_KEY, PUT_KEY)),
    ],
)
def test_reasons_are_read_in_the_order_in_which_the_actions_were_sent(
    codes: tuple[str, ...], failed: tuple[Key, ...]
) -> None:
    with play(cancelled(*codes)) as scene, pytest.raises(ConditionFailed) as failure:
        scene.store.transact(WRITES, "token")
    assert failure.value.failed == failed
    (_, sent), *_ = scene.service.asked
    assert [next(iter(action)) for action in sent["TransactItems"]] == ["ConditionCheck", "Delete", "Put"]


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_cancelled_by_others_is_unavailable(code: str) -> None:
    with play(cancelled("None", code, "None")) as scene, pytest.raises(Unavailable, match=code):
        scene.store.transact(WRITES, "token")
    assert len(scene.service.asked) == 1


def test_a_transaction_cancelled_for_an_items_size_is_too_large() -> None:
    answer = cancelled(
        "None", "None", "ValidationError", message="Item size has exceeded the maximum allowed size"
    )
    with play(answer) as scene, pytest.raises(TooLarge):
        scene.store.transact(WRITES, "token")


def test_a_transaction_cancelled_for_a_defect_is_a_defect() -> None:
    answer = cancelled("None", "None", "ValidationError", message="Type mismatch for key sk")
    with play(answer) as scene, pytest.raises(ClientError):
        scene.store.transact(WRITES, "token")


@pytest.mark.parametrize(
    "code", ["TransactionInProgressException", "IdempotentParameterMismatchException", "RequestLimitExceeded"]
)
def test_a_transaction_whose_outcome_is_open_is_unavailable(code: str) -> None:
    with play(error(code)) as scene, pytest.raises(Unavailable, match=code):
        scene.store.transact(WRITES, "token")
    assert len(scene.service.asked) <= 3


def test_a_repeated_transaction_carries_the_same_token_and_writes() -> None:
    with play(error("InternalServerError", status=500), Answer()) as scene:
        scene.store.transact(WRITES, "the-token")
    (_, first), (_, second) = scene.service.asked
    assert first == second
    assert first["ClientRequestToken"] == "the-token"
    assert [call.attempts for call in scene.calls] == [2]


# --- any call --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "answer",
    [
        error("ThrottlingException"),
        error("ProvisionedThroughputExceededException"),
        error("InternalServerError", status=500),
        Answer(status=503),
        Answer(status=0),
        Answer(delay=20.0),
    ],
    ids=["throttled", "provisioned throughput", "500", "503", "closed", "too slow"],
)
def test_an_outage_is_unavailable_after_three_requests_at_most(answer: Answer) -> None:
    with play(answer, read_seconds=0.5 if answer.delay else 10.0) as scene:
        with pytest.raises(Unavailable):
            scene.store.query(Table.BASES, "app1")
        assert len(scene.service.asked) <= 3
        assert len(scene.calls) == 1


@pytest.mark.parametrize("answer", [Answer(status=0), Answer(delay=20.0)], ids=["closed", "too slow"])
def test_a_write_without_an_answer_is_unavailable(answer: Answer) -> None:
    with play(answer, read_seconds=0.5 if answer.delay else 10.0) as scene, pytest.raises(Unavailable):
        scene.store.transact(WRITES, "token")


def test_a_service_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = DynamoStore(
        "t-",
        region="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        credentials=LOCAL_CREDENTIALS,
        patience=Patience(connect=0.5, read=0.5, attempts=1),
    )
    try:
        with pytest.raises(Unavailable):
            store.get([PUT_KEY])
    finally:
        store.close()


@pytest.mark.parametrize(
    "code", ["ResourceNotFoundException", "AccessDeniedException", "ValidationException"]
)
def test_a_fault_of_ours_stays_what_it_is(code: str) -> None:
    with play(error(code)) as scene, pytest.raises(ClientError, match=code):
        scene.store.query(Table.BASES, "app1")
    assert len(scene.service.asked) == 1


def test_every_read_asks_for_strong_consistency_and_its_cost() -> None:
    with play(Answer({"Items": [], "Responses": {}})) as scene:
        scene.store.query(Table.BASES, "app1", prefix="rec", limit=5)
        scene.store.get([PUT_KEY, Key(Table.IDENTITY, "usr1", "USER")])
    (_, query), (_, batch) = scene.service.asked
    assert (query["ConsistentRead"], query["Limit"], "FilterExpression" in query) == (True, 5, False)
    assert [each["ConsistentRead"] for each in batch["RequestItems"].values()] == [True, True]
    assert (query["ReturnConsumedCapacity"], batch["ReturnConsumedCapacity"]) == ("TOTAL", "TOTAL")


# --- batches answered in part ----------------------------------------------------------------------------
def unprocessed(*sks: str, found: Sequence[dict[str, Any]] = ()) -> Answer:
    keys = [{"pk": {"S": "app1"}, "sk": {"S": sk}} for sk in sks]
    rest = {"t-bases": {"Keys": keys, "ConsistentRead": True}} if keys else {}
    return Answer({"Responses": {"t-bases": list(found)}, "UnprocessedKeys": rest})


def test_keys_left_over_are_asked_for_again_at_once_while_there_is_progress() -> None:
    with play(unprocessed("delete", found=[ATTRIBUTES]), unprocessed()) as scene:
        assert set(scene.store.get([PUT_KEY, DELETE_KEY])) == {PUT_KEY}
    assert [len(asked["RequestItems"]["t-bases"]["Keys"]) for _, asked in scene.service.asked] == [2, 1]
    assert scene.service.asked[1][1]["RequestItems"]["t-bases"]["ConsistentRead"] is True
    assert scene.pauses == []


def test_a_batch_without_progress_is_tried_again_ever_later_and_then_given_up() -> None:
    with play(unprocessed("put")) as scene, pytest.raises(Unavailable):
        scene.store.get([PUT_KEY])
    assert len(scene.service.asked) == 4
    assert scene.pauses == sorted(scene.pauses)
    assert 0 < sum(scene.pauses) < 1.0


def test_a_batch_that_starts_to_progress_is_complete() -> None:
    with play(unprocessed("put"), unprocessed("put"), unprocessed(found=[ATTRIBUTES])) as scene:
        assert scene.store.get([PUT_KEY])[PUT_KEY].data == b"x"
    assert len(scene.pauses) == 2
