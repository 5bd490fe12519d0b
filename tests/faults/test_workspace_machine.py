"""Workspaces under whatever people do to them, with calls to the store going wrong in between.

After every step: each log is dense and tells what is stored, every workspace has an
owner, no two have a slug in common, and what was asked once was told once or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from fault_stage import items_of, require_retriable
from faulty import Crash, Fault, FaultyStore
from log_replay import require_true_log
from pyairtable_common.application.replica import Replicas
from pyairtable_common.application.services import Recent
from pyairtable_common.application.turns import Turns
from pyairtable_common.domain.permissions import Role
from pyairtable_common.engines.sqlite.store import SqliteStore
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.ports import Absent, Put, VersionIs
from pyairtable_common.repositories.workspace_history import WorkspaceState
from quick_passwords import QuickPasswords
from workspace_replay import stored_state, told_states
from world import Answer, Person, World

STEPS = 50
SLUGS = ["alpha", "beta", "gamma"]
TABLE = {"name": "T", "fields": [{"name": "Name", "type": "singleLineText"}]}

people = st.integers(0, 3)
actors = st.none() | people
places = st.integers(0, 5)
roles = st.sampled_from([role.word for role in Role])
faults = st.none() | st.tuples(st.sampled_from(Fault), st.integers(0, 5))

States = Mapping[str, tuple[int, WorkspaceState]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request of one person."""

    person: Person
    method: str
    path: str
    body: object = None


class Beginning:
    """Four people, each with a workspace, copied into an empty store for every run."""

    def __init__(self, folder: Path) -> None:
        self.engine = SqliteStore(":memory:")
        self.world = World(folder, store=self.engine)
        self.world.services = replace(self.world.services, passwords=QuickPasswords())
        self.people = [self.world.sign_up(name) for name in ("Ada", "Bob", "Eve", "Grace")]
        self.began_ms = self.world.clock.now_ms()
        self.items = list(items_of(self.engine).values())
        self.steps = self.writes = self.faults = 0

    def anew(self) -> FaultyStore:
        store = FaultyStore(SqliteStore(":memory:"))
        store.transact([Put(item, Absent()) for item in self.items], "beginning")
        self.restart(store)
        return store

    def restart(self, store: FaultyStore) -> None:
        """Another process from here on: it remembers nothing."""
        self.world.services = replace(
            self.world.services,
            store=store,
            schemas=Recent(100),
            homes=Recent(100),
            token_uses=Recent(100),
            turns=Turns(),
            replicas=Replicas(),
        )


class Workspaces(RuleBasedStateMachine):
    def __init__(self, beginning: Beginning) -> None:
        super().__init__()
        self._beginning = beginning
        self._store = beginning.anew()
        self._people = beginning.people
        self._workspaces = [person.workspace_id for person in self._people]
        self._bases: list[str] = []
        self._past: dict[str, dict[int, WorkspaceState]] = {}
        self._number = 0

    @rule(who=actors, where=places, whom=people, role=roles, fault=faults)
    def take_in(self, who: int | None, where: int, whom: int, role: str, fault: Any) -> None:
        body = {"userId": self._people[whom].user_id, "role": role}
        self._ask(self._actor(who, where), "POST", f"{self._workspace(where)}/members", body, fault)

    @rule(who=actors, where=places, whom=people, role=roles, fault=faults)
    def change_role(self, who: int | None, where: int, whom: int, role: str, fault: Any) -> None:
        self._ask(self._actor(who, where), "PATCH", self._member(where, whom), {"role": role}, fault)

    @rule(who=actors, where=places, whom=people, fault=faults)
    def put_out(self, who: int | None, where: int, whom: int, fault: Any) -> None:
        self._ask(self._actor(who, where), "DELETE", self._member(where, whom), None, fault)

    @rule(who=people, where=places, fault=faults)
    def leave(self, who: int, where: int, fault: Any) -> None:
        self._ask(self._people[who], "DELETE", self._member(where, who), None, fault)

    @rule(who=actors, where=places, whom=people, fault=faults)
    def hand_over(self, who: int | None, where: int, whom: int, fault: Any) -> None:
        body = {"userId": self._people[whom].user_id}
        self._ask(
            self._actor(who, where), "POST", f"{self._workspace(where)}/transfer-ownership", body, fault
        )

    @rule(who=actors, where=places, name=st.sampled_from(["One", "Two", ""]), fault=faults)
    def rename(self, who: int | None, where: int, name: str, fault: Any) -> None:
        self._ask(
            self._actor(who, where),
            "PATCH",
            self._workspace(where),
            {"name": name, "icon": name or "-"},
            fault,
        )

    @rule(who=actors, where=places, slug=st.sampled_from(SLUGS), fault=faults)
    def take_slug(self, who: int | None, where: int, slug: str, fault: Any) -> None:
        self._ask(self._actor(who, where), "PATCH", self._workspace(where), {"slug": slug}, fault)

    @rule(who=actors, where=places, fault=faults)
    def make_base(self, who: int | None, where: int, fault: Any) -> None:
        body = {"name": f"Base {self._number}", "workspaceId": self._workspace_id(where), "tables": [TABLE]}
        answer = self._ask(self._actor(who, where), "POST", "/v0/meta/bases", body, fault)
        if answer.status == 200:
            self._bases.append(answer.json["id"])

    @rule(who=people, fault=faults)
    def make_workspace(self, who: int, fault: Any) -> None:
        if len(self._workspaces) < 6:
            answer = self._ask(self._people[who], "POST", "/v1/workspaces", {"name": "More"}, fault)
            assert answer.status == 201
            assert stored_state(self._store, answer.json["id"])[0] == 1
            self._workspaces.append(answer.json["id"])

    @invariant()
    def every_log_tells_what_is_stored(self) -> None:
        for workspace_id, (sequence, state) in self._states().items():
            told = told_states(self._store, workspace_id)
            assert list(told) == list(range(1, sequence + 1))
            assert told[sequence] == state
            past = self._past.setdefault(workspace_id, {})
            past[sequence] = state
            assert {number: told[number] for number in past} == past

    @invariant()
    def every_workspace_has_an_owner(self) -> None:
        for _, state in self._states().values():
            assert Role.OWNER in state.members.values()

    @invariant()
    def a_slug_is_one_workspaces_and_known_to_be(self) -> None:
        taken = [(state.slug, one) for one, (_, state) in self._states().items() if state.slug is not None]
        found = self._store.get([keys.slug(slug) for slug in SLUGS])
        holders = {
            key.owner.removeprefix("slug:"): codec.decode(item.data)["workspace"]
            for key, item in found.items()
        }
        assert sorted(taken) == sorted(holders.items())

    def teardown(self) -> None:
        self._store.plan(None)
        for workspace_id, (sequence, _) in self._states().items():
            assert len(self._past[workspace_id]) == sequence
        made = {base for _, state in self._states().values() for base in state.bases}
        assert made == set(self._bases)
        for base_id in made:
            require_true_log(self._store, base_id)

    def _ask(
        self, person: Person, method: str, path: str, body: object, fault: tuple[Fault, int] | None
    ) -> Answer:
        """The request, its repeats after a fault, and one more under the same key."""
        self._number += 1
        self._beginning.steps += 1
        request = Request(person, method, path, body)
        before = self._states()
        answer = self._until_answered(request, fault)
        after = self._states()
        told = sum(after[one][0] - before[one][0] for one in before)
        assert told <= 1
        self._beginning.writes += told
        if answer.status >= 400 and fault is None:
            assert told == 0
        assert any(after[one][1] != before[one][1] for one in before) == (told == 1)
        again = self._send(request)
        if path != "/v1/workspaces":
            assert self._states() == after
        if answer.status < 300 and again.status < 300:
            assert again.json == answer.json
        return answer

    def _until_answered(self, request: Request, fault: tuple[Fault, int] | None) -> Answer:
        if fault is not None:
            self._beginning.faults += 1
            self._store.plan(*fault)
            try:
                answer = self._send(request)
            except Crash:
                self._beginning.restart(self._store)
            else:
                self._store.plan(None)
                if answer.status != 503:
                    return answer
                require_retriable(answer)
        self._store.plan(None)
        return self._send(request)

    def _send(self, request: Request) -> Answer:
        headers = {"idempotency-key": f"step {self._number}"}
        return request.person.call(request.method, request.path, request.body, headers=headers)

    def _states(self) -> States:
        return {one: stored_state(self._store, one) for one in self._workspaces}

    def _actor(self, who: int | None, where: int) -> Person:
        """One of the people; nobody in particular is an owner, so that much of what is asked is done."""
        if who is not None:
            return self._people[who]
        members = stored_state(self._store, self._workspace_id(where))[1].members
        return next(one for one in self._people if members.get(one.user_id) is Role.OWNER)

    def _workspace_id(self, where: int) -> str:
        return self._workspaces[where % len(self._workspaces)]

    def _workspace(self, where: int) -> str:
        return f"/v1/workspaces/{self._workspace_id(where)}"

    def _member(self, where: int, whom: int) -> str:
        return f"{self._workspace(where)}/members/{self._people[whom].user_id}"


def test_logs_tell_the_truth_about_forty_histories(tmp_path: Path) -> None:
    played = _play(tmp_path, 40)
    assert played.steps >= 20 * STEPS
    assert min(played.writes, played.faults) >= 100


@pytest.mark.nightly
def test_logs_tell_the_truth_about_many_histories(tmp_path: Path) -> None:
    played = _play(tmp_path, 150)
    assert played.steps >= 100 * STEPS
    assert min(played.writes, played.faults) >= 500


def test_what_is_stored_but_not_told_is_found(tmp_path: Path) -> None:
    """The comparison that the histories rely on can fail."""
    beginning = Beginning(tmp_path)
    store, workspace_id = beginning.anew(), beginning.people[0].workspace_id
    sequence, state = stored_state(store, workspace_id)
    assert told_states(store, workspace_id)[sequence] == state
    key = keys.workspace(workspace_id)
    head = store.get([key])[key]
    renamed = codec.encode({**codec.decode(head.data), "name": "Another"})
    store.transact([Put(replace(head, data=renamed), VersionIs(head.version))], "untold")
    assert told_states(store, workspace_id)[sequence] != stored_state(store, workspace_id)[1]


def _play(folder: Path, runs: int) -> Beginning:
    beginning = Beginning(folder)

    class Begun(Workspaces):
        def __init__(self) -> None:
            super().__init__(beginning)

    how = settings(max_examples=runs, stateful_step_count=STEPS)
    run_state_machine_as_test(Begun, settings=how)
    return beginning
