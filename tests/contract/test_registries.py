"""The tables that everything hangs off are whole: policies, errors, field types."""

from collections.abc import Iterator

from pyairtable_common.domain.errors import DomainError
from pyairtable_common.web.errors import ANSWERS
from pyairtable_common.web.policy import POLICIES, Gate
from world import ROUTERS


def test_every_policy_is_a_routes_and_every_route_has_one() -> None:
    routes = [(route.method, route.path) for router in ROUTERS.values() for route in router]
    assert len(routes) == len(set(routes))
    assert set(routes) == POLICIES.keys()


def test_what_concerns_a_workspace_or_base_needs_a_scope_and_a_role() -> None:
    for (method, path), policy in POLICIES.items():
        concerned = policy.gate in (Gate.WORKSPACE, Gate.NAMED_WORKSPACE, Gate.BASE)
        assert concerned == (policy.role is not None), (method, path)
        assert policy.scope is not None or not concerned, (method, path)
        assert ("{workspace}" in path) == (policy.gate is Gate.WORKSPACE), (method, path)
        of_base = "{base}" in path and "{workspace}" not in path
        assert of_base == (policy.gate is Gate.BASE), (method, path)


def test_every_error_has_an_answer_of_its_own_or_a_nearer_ancestors() -> None:
    for kind in _descendants(DomainError):
        assert any(one in ANSWERS for one in kind.__mro__ if one is not DomainError), kind


def test_no_answer_is_for_an_error_that_is_not_there() -> None:
    assert ANSWERS.keys() <= {DomainError, *_descendants(DomainError)}


def _descendants(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)
