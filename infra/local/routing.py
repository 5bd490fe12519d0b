"""Which route serves a request: API Gateway's tree of resources, matched on the raw path."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from local.templates import Route, TemplateError


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the values of its path parameters, as they came: percent-encoded."""

    route: Route
    parameters: Mapping[str, str]


@dataclass(slots=True)
class _Resource:
    """A node of the tree: literal children, at most one variable child, methods."""

    literals: dict[str, "_Resource"] = field(default_factory=dict)
    variable: "_Resource | None" = None
    methods: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """All routes of all services.

    A literal segment beats a parameter, whichever service declares it, and the choice is
    final: under ``/v0/meta`` nothing is ever a base id. Services may name the parameter
    of one position differently; each function gets its own names.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Resource()
        for route in routes:
            self._add(route)

    def match(self, method: str, raw_path: str) -> Match | None:
        """The route for a method and a still encoded path; one trailing slash is ignored."""
        found = self._find(raw_path)
        if found is None:
            return None
        resource, values = found
        route = resource.methods.get(method)
        return None if route is None else Match(route, _named(route.path, values))

    def methods(self, raw_path: str) -> tuple[str, ...]:
        """The methods declared on the resource that the path names; empty if there is none."""
        found = self._find(raw_path)
        return () if found is None else tuple(sorted(found[0].methods))

    def _add(self, route: Route) -> None:
        resource = self._root
        for segment in _segments(route.path):
            resource = _child(resource, segment)
        if route.method in resource.methods:
            raise TemplateError(f"{route.method} {route.path} is declared twice.")
        resource.methods[route.method] = route

    def _find(self, raw_path: str) -> tuple[_Resource, tuple[str, ...]] | None:
        resource = self._root
        values: list[str] = []
        for segment in _segments(raw_path):
            literal = resource.literals.get(segment)
            if literal is not None:
                resource = literal
            elif resource.variable is not None and segment:
                resource = resource.variable
                values.append(segment)
            else:
                return None
        return resource, tuple(values)


def _segments(path: str) -> list[str]:
    trimmed = path.removeprefix("/")
    trimmed = trimmed.removesuffix("/")
    return trimmed.split("/") if trimmed else []


def _child(resource: _Resource, segment: str) -> _Resource:
    if segment.endswith("+}"):
        raise TemplateError(f"A greedy path parameter cannot be served: {segment}")
    if not _is_parameter(segment):
        return resource.literals.setdefault(segment, _Resource())
    if resource.variable is None:
        resource.variable = _Resource()
    return resource.variable


def _named(path: str, values: tuple[str, ...]) -> dict[str, str]:
    names = [segment[1:-1] for segment in _segments(path) if _is_parameter(segment)]
    return dict(zip(names, values, strict=True))


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")
