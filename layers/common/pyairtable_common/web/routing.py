"""Routes without a framework: a method, a path, a view, and the policy that the table has for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pyairtable_common.application.services import Services
from pyairtable_common.web.messages import Request, Response
from pyairtable_common.web.policy import POLICIES, Policy


@dataclass(frozen=True, slots=True)
class Call:
    """What a view works with: the request, the services, and the route's policy."""

    request: Request
    services: Services
    policy: Policy


View: TypeAlias = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """``path`` is the text that the service's template has, parameters in braces."""

    method: str
    path: str
    view: View
    policy: Policy


class Router:
    """The routes of one service."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], Route] = {}

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes.values())

    @property
    def routes(self) -> tuple[Route, ...]:
        return tuple(self)

    def route(self, method: str, path: str) -> Callable[[View], View]:
        """Registers a view. A route without a policy, or there already, is a defect: ``ValueError``."""
        if (method, path) not in POLICIES:
            raise ValueError(f"{method} {path} has no policy")
        if (method, path) in self._routes:
            raise ValueError(f"{method} {path} is there already")

        def register(view: View) -> View:
            self._routes[method, path] = Route(method, path, view, POLICIES[method, path])
            return view

        return register

    def include(self, other: "Router") -> None:
        """Takes in the routes of another module of the same service."""
        for route in other:
            self.route(route.method, route.path)(route.view)
