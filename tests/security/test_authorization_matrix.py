"""Every route by every kind of caller about every kind of thing: what comes is what the policy table says.

The expected answer is computed here from the route's row alone (and the two things an
``Example`` may add); nothing of the code that decides is asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from principals import KINDS, Installation, Principal, Target
from pyairtable_common.domain.permissions import Role
from pyairtable_common.web.policy import POLICIES, Gate, Policy
from route_examples import EXAMPLES, Example
from world import ROUTERS, Answer

FEWEST_CELLS = 8000
NOT_SIGNED_IN = (401, "AUTHENTICATION_REQUIRED")
MAY_NOT = (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
SERVICES = sorted(ROUTERS)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("installation"))


def test_every_route_has_a_policy_and_an_example_and_no_other_has() -> None:
    routes = {(route.method, route.path) for router in ROUTERS.values() for route in router}
    assert routes == set(POLICIES)
    assert routes == set(EXAMPLES), "a new route belongs into tests/route_examples.py"


def test_the_matrix_is_as_large_as_it_is_said_to_be(installation: Installation) -> None:
    assert len(installation.principals) >= 40
    assert sum(len(list(_cells(installation, service))) for service in SERVICES) >= FEWEST_CELLS


@pytest.mark.parametrize("service", SERVICES)
def test_every_cell_is_answered_as_the_policy_says(service: str, installation: Installation) -> None:
    wrong = [problem for cell in _cells(installation, service) for problem in _problems(installation, cell)]
    assert not wrong, "\n".join(wrong[:40]) + f"\n{len(wrong)} wrong"


@pytest.mark.parametrize("service", SERVICES)
def test_foreign_missing_and_nonsense_look_the_same(service: str, installation: Installation) -> None:
    refusals: dict[tuple[str, str, str], set[str]] = {}
    for cell in _cells(installation, service):
        if cell.expected == {MAY_NOT}:
            answer = cell.send(installation)
            place = (cell.method, cell.path, cell.principal.name)
            refusals.setdefault(place, set()).add(f"{answer.status} {answer.json} {_told(answer)}")
    assert refusals
    assert all(len(different) == 1 for different in refusals.values())


def test_what_is_anothers_inside_ones_own_looks_missing(installation: Installation) -> None:
    """A table, field or record of the other tenant in a request about one's own base."""
    own, foreign, missing, _ = installation.targets
    owner = next(one for one in installation.principals if one.name == "the owner")
    checked = 0
    for (method, path), policy in POLICIES.items():
        for name in ("table", "field", "record"):
            if policy.gate is Gate.BASE and name in _named(method, path):
                answers = [
                    _Cell(method, path, owner, own.with_ids("mixed", **{name: other.ids[name]}), policy).send(
                        installation
                    )
                    for other in (foreign, missing)
                ]
                texts = [
                    f"{answer.status} {answer.json}".replace(other.ids[name], "ID")
                    for answer, other in zip(answers, (foreign, missing), strict=True)
                ]
                assert texts[0] == texts[1], (method, path, name)
                assert answers[0].status in (403, 404, 422), (method, path, name)
                checked += 1
    assert checked >= 20


@dataclass(frozen=True, slots=True)
class _Cell:
    method: str
    path: str
    principal: Principal
    target: Target
    policy: Policy

    @property
    def example(self) -> Example:
        return EXAMPLES[self.method, self.path]

    @property
    def expected(self) -> set[tuple[int, str | None]]:
        """Status and, for a refusal, its type; any of these."""
        if self.policy.gate is not Gate.OPEN:
            if self.principal.user_id is None:
                return {NOT_SIGNED_IN}
            if not _may(
                self.principal, self.policy, self.example, self.target, _named(self.method, self.path)
            ):
                return {MAY_NOT}
        return {(status, None) for status in self.example.statuses}

    def send(self, installation: Installation) -> Answer:
        """Afterwards everything is as before."""
        path = self.example.path_of(self.path, self.target.ids)
        headers = {"authorization": self.principal.authorization} if self.principal.authorization else {}
        answer = installation.world.call(
            self.method,
            path,
            self.example.body(self.target.ids),
            query=self.example.query(self.target.ids),
            headers=headers,
        )
        if answer.status < 400:
            installation.rewind()
        return answer

    def __str__(self) -> str:
        return f"{self.method} {self.path} by {self.principal.name} about what is {self.target.name}"


def _cells(installation: Installation, service: str) -> Iterator[_Cell]:
    for route in ROUTERS[service]:
        targets = installation.targets if _named(route.method, route.path) else installation.targets[:1]
        for principal in installation.principals:
            for target in targets:
                yield _Cell(route.method, route.path, principal, target, route.policy)


def _problems(installation: Installation, cell: _Cell) -> Iterator[str]:
    before = installation.state()
    answer = cell.send(installation)
    got = (answer.status, answer.error_type if answer.status in (401, 403) else None)
    expected = cell.expected
    if got not in expected and (answer.status, None) not in expected:
        yield f"{cell}: {got}, not {sorted(map(str, expected))}"
    if installation.state() != before:
        yield f"{cell}: {answer.status}, and something is not as it was"
        installation.rewind()


def _named(method: str, path: str) -> Sequence[str]:
    """The kinds of ids that a request to this route holds: in its path, body or query."""
    probe = {name: f"<{name}>" for name in KINDS}
    example = EXAMPLES[method, path]
    request = f"{example.path_of(path, probe)} {example.body(probe)} {example.query(probe)}"
    return [name for name, mark in probe.items() if mark in request]


def _may(
    principal: Principal, policy: Policy, example: Example, target: Target, names: Sequence[str]
) -> bool:
    if policy.gate is Gate.SESSION and not principal.is_session:
        return False
    if policy.scope is not None and policy.scope not in principal.scopes:
        return False
    if example.unbound and principal.resources is not None:
        return False
    return _may_reach(principal, policy, example, target, names)


def _may_reach(
    principal: Principal, policy: Policy, example: Example, target: Target, names: Sequence[str]
) -> bool:
    workspace = target.ids["workspace"]
    if policy.gate in (Gate.WORKSPACE, Gate.NAMED_WORKSPACE, Gate.BASE):
        bases = [target.ids["base"]] if policy.gate is Gate.BASE else []
        role = example.role or policy.role or Role.OWNER
        ids = [workspace, *bases]
        return max(principal.roles.get(one, 0) for one in ids) >= role and principal.may_touch(*ids)
    if "session" in names or "token" in names:
        return principal.user_id == target.person_id
    if "workspace" in names:
        return workspace in principal.roles and principal.may_touch(workspace)
    if "user" in names:
        shared = workspace in principal.roles and principal.may_touch(workspace)
        return shared or target.ids["user"] == principal.user_id
    return True


def _told(answer: Answer) -> Mapping[str, str]:
    """The headers but the request's own id."""
    return {name: value for name, value in answer.headers.items() if name != "x-amzn-requestid"}
