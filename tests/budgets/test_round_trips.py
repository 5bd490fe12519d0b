"""What each call costs in a warm container: round trips to DynamoDB, and units.

Units are counted by AWS's published rules from the size of every item read or written
(``metered``), since no local engine reports all of them rightly: MiniStack does for
transactions, DynamoDB Local for reads of items that are there. Where a server is right,
the count is held against it. Why a request reads three units before it begins:
docs/decisions, "Strongly consistent reads everywhere".
"""

import itertools
import random
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pytest

from local.provision import Engine, provision
from metered import Bill, MeteredStore
from pyairtable_common.domain.clock import SystemClock
from pyairtable_common.domain.permissions import Scope
from pyairtable_common.engines.aws import LOCAL_CREDENTIALS, Patience
from pyairtable_common.engines.dynamodb.calls import Call
from pyairtable_common.engines.dynamodb.store import DynamoStore
from world import BaseOf, World

REGION = "us-east-1"
ROWS = 200
TEXTS, TEXT_LENGTH = 4, 240
FIELDS = [
    {"name": "Name", "type": "singleLineText"},
    {"name": "Count", "type": "number", "options": {"precision": 0}},
    *({"name": f"Text {number}", "type": "multilineText"} for number in range(TEXTS)),
]
SORTED = [("sort[0][field]", "Count")]
_prefixes = itertools.count()


@dataclass(slots=True)
class Installation:
    """One base with records of 1 KB, used with a personal access token.

    ``bill`` counts by AWS's rules; ``calls`` are those that went to the server, with
    what the server says that they consumed.
    """

    engine: str
    world: World
    base: BaseOf
    token: str
    bill: Bill
    calls: list[Call]
    record_ids: list[str] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(2))

    def call(self, method: str, path: str, body: object = None, **how: Any) -> Any:
        """The answer's JSON; the status must be 200."""
        return self.world.expect(200, method, path, body, token=self.token, **how)

    def row(self) -> Mapping[str, object]:
        """Fields of 1 KB of JSON that hardly compresses."""
        texts = {f"Text {number}": self.text() for number in range(TEXTS)}
        return {"Name": self.text()[:8], "Count": self.dice.randrange(10**6), **texts}

    def text(self) -> str:
        return "".join(self.dice.choices(string.ascii_letters + string.digits, k=TEXT_LENGTH))

    def take(self, count: int) -> Sequence[str]:
        """Ids of records that are to be deleted."""
        taken, self.record_ids = self.record_ids[-count:], self.record_ids[:-count]
        return taken

    def clear(self) -> None:
        self.bill.clear()
        self.calls.clear()


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a call may take."""

    trips: int
    read_units: int
    write_units: int = 0


Act: TypeAlias = Callable[[Installation], object]


def get_one(on: Installation) -> object:
    return on.call("GET", f"{on.base.path}/{on.record_ids[0]}")


def list_100(on: Installation) -> object:
    return on.call("GET", on.base.path)


def list_100_by_post(on: Installation) -> object:
    return on.call("POST", f"{on.base.path}/listRecords", {"pageSize": 100})


def list_last_page(on: Installation) -> object:
    first = on.call("GET", on.base.path)
    on.clear()
    return on.call("GET", on.base.path, query=[("offset", first["offset"])])


def list_sorted(on: Installation) -> object:
    return on.call("GET", on.base.path, query=SORTED)


def list_sorted_after_a_write(on: Installation) -> object:
    update_1(on)
    on.clear()
    return list_sorted(on)


def create_1(on: Installation) -> object:
    return on.call("POST", on.base.path, {"fields": on.row()})


def create_1_with_a_key(on: Installation) -> object:
    key = {"idempotency-key": str(on.dice.random())}
    return on.call("POST", on.base.path, {"fields": on.row()}, headers=key)


def create_10(on: Installation) -> object:
    return on.call("POST", on.base.path, {"records": [{"fields": on.row()} for _ in range(10)]})


def update_1(on: Installation) -> object:
    return on.call("PATCH", f"{on.base.path}/{on.record_ids[0]}", {"fields": {"Text 0": on.text()}})


def update_10(on: Installation) -> object:
    changes = [{"id": one, "fields": {"Text 0": on.text()}} for one in on.record_ids[:10]]
    return on.call("PATCH", on.base.path, {"records": changes})


def replace_1(on: Installation) -> object:
    return on.call("PUT", f"{on.base.path}/{on.record_ids[1]}", {"fields": on.row()})


def change_nothing(on: Installation) -> object:
    return on.call("PATCH", f"{on.base.path}/{on.record_ids[2]}", {"fields": {}})


def delete_1(on: Installation) -> object:
    return on.call("DELETE", f"{on.base.path}/{on.take(1)[0]}")


def delete_10(on: Installation) -> object:
    return on.call("DELETE", on.base.path, query=[("records[]", one) for one in on.take(10)])


def read_schema(on: Installation) -> object:
    return on.call("GET", f"/v0/meta/bases/{on.base.id}/tables")


def add_field(on: Installation) -> object:
    path = f"/v0/meta/bases/{on.base.id}/tables/{on.base.tables[1]['id']}/fields"
    return on.call("POST", path, {"name": on.text()[:20], "type": "singleLineText"})


def list_bases(on: Installation) -> object:
    return on.call("GET", "/v0/meta/bases")


def who_am_i(on: Installation) -> object:
    return on.call("GET", "/v0/meta/whoami")


def read_workspace(on: Installation) -> object:
    return on.call("GET", f"/v1/workspaces/{on.base.owner.workspace_id}")


# Token, membership and head are three units; what follows the sum is the request's own.
BUDGETS: Mapping[Act, Budget] = {
    get_one: Budget(1, 3 + 1),
    list_100: Budget(2, 28),
    list_100_by_post: Budget(2, 28),
    list_last_page: Budget(2, 28),
    list_sorted: Budget(1, 3),
    list_sorted_after_a_write: Budget(2, 3 + 1),
    create_1: Budget(2, 3, 8),
    create_1_with_a_key: Budget(2, 3 + 1, 12),
    create_10: Budget(2, 3, 40),
    update_1: Budget(2, 3 + 1, 8),
    update_10: Budget(2, 3 + 10, 40),
    replace_1: Budget(2, 3 + 1, 8),
    change_nothing: Budget(1, 3 + 1),
    delete_1: Budget(2, 3 + 1, 8),
    delete_10: Budget(2, 3 + 10, 40),
    read_schema: Budget(1, 3),
    add_field: Budget(3, 3 + 1, 8),
    list_bases: Budget(3, 4),
    who_am_i: Budget(2, 2),
    read_workspace: Budget(1, 3),
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("ministack", marks=pytest.mark.ministack),
        pytest.param("dynamodb_local", marks=pytest.mark.dynamodb_local),
    ],
)
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with ExitStack() as stack:
        calls: list[Call] = []
        store = _open_store(request.getfixturevalue(f"{request.param}_endpoint"), calls, stack)
        metered = MeteredStore(store)
        # DynamoDB Local drops what expires by the machine's clock: the world must go by the same.
        world = World(tmp_path_factory.mktemp("budgets"), store=metered, clock=SystemClock())
        owner = world.sign_up()
        base = owner.create_base({"name": "People", "fields": FIELDS}, {"name": "Other", "fields": FIELDS})
        token = owner.personal_token(*(scope.value for scope in Scope))
        made = Installation(request.param, world, base, token, metered.bill, calls)
        rows = [made.row() for _ in range(ROWS)]
        made.record_ids += [str(record["id"]) for record in base.create(*rows)]
        yield made


@pytest.mark.parametrize("act", BUDGETS, ids=lambda act: act.__name__)
def test_a_second_call_stays_within_its_budget(act: Act, installation: Installation) -> None:
    act(installation)
    installation.clear()
    act(installation)
    bill, calls = installation.bill, list(installation.calls)
    print(f"\n{act.__name__}: {bill.round_trips} trips, {bill.read_units} RU, {bill.write_units} WU", end="")  # noqa: T201
    budget = BUDGETS[act]
    assert bill.round_trips <= budget.trips
    assert bill.read_units <= budget.read_units
    assert bill.write_units <= budget.write_units
    _require_the_server_agrees(installation.engine, bill, calls)


def test_the_budgets_hold_for_records_of_one_kilobyte(installation: Installation) -> None:
    assert len(str(installation.row()).encode()) >= 1024


def _require_the_server_agrees(engine: str, bill: Bill, calls: Sequence[Call]) -> None:
    """As many calls as were billed, each one HTTP request; the units, where this server counts rightly."""
    writes = [call for call in calls if call.operation == "TransactWriteItems"]
    # The meter looks at what a transaction is about to overwrite: one call that the product does not make.
    assert len(calls) - len(writes) == bill.round_trips
    assert all(call.attempts == 1 for call in calls)
    if engine == "ministack":
        _require_close(bill.write_units, sum(call.write_units for call in writes))
    elif not writes:
        _require_close(bill.read_units, sum(call.read_units for call in calls))


def _require_close(counted: int, reported: float) -> None:
    """The count takes the version, a number, at its longest: it may be a little over, never under."""
    assert reported <= counted <= reported * 1.05 + 2


def _open_store(endpoint: str, calls: list[Call], stack: ExitStack) -> DynamoStore:
    made = provision(
        Engine(endpoint, REGION), prefix=f"budget{next(_prefixes)}", stage="test", services={"dynamodb"}
    )
    store = DynamoStore(
        made.name_prefix,
        region=REGION,
        endpoint_url=endpoint,
        credentials=LOCAL_CREDENTIALS,
        patience=Patience(connect=2.0, read=20.0, attempts=3),
        observe=calls.append,
    )
    stack.callback(store.close)
    return store
