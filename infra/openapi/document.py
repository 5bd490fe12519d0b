"""Joins routes, policies, errors and shapes into one document."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from auth_api.routes import router as auth
from openapi.auth import SERVICE as AUTH_SHAPES
from openapi.records import SERVICE as RECORDS_SHAPES
from openapi.shapes import TEXT, Operation, Properties, Schema, Service, closed, identifier, ref
from openapi.tables import SERVICE as TABLES_SHAPES
from openapi.users import SERVICE as USERS_SHAPES
from openapi.workspaces import SERVICE as WORKSPACES_SHAPES
from pyairtable_common.domain import errors
from pyairtable_common.domain.permissions import Scope
from pyairtable_common.web.errors import ANSWERS, Answer, Envelope
from pyairtable_common.web.policy import Gate, Policy
from pyairtable_common.web.routing import Route, Router
from records_api.routes import router as records
from tables_api.routes import router as tables
from users_api.routes import router as users
from workspaces_api.routes import router as workspaces

Tree: TypeAlias = dict[str, object]

SERVICES: Mapping[str, tuple[Router, Service]] = {
    "auth": (auth, AUTH_SHAPES),
    "users": (users, USERS_SHAPES),
    "workspaces": (workspaces, WORKSPACES_SHAPES),
    "tables": (tables, TABLES_SHAPES),
    "records": (records, RECORDS_SHAPES),
}

_JSON = "application/json"
_SESSION, _TOKEN = "session", "personalAccessToken"
# Tables and fields can be named by id or name; the token of /v1/invites is the text of a link.
_PATH_IDS = {
    "base": "app", "invite": "inv", "record": "rec", "session": "ses", "user": "usr", "workspace": "wsp",
}  # fmt: skip
_PATH_TEXT: Schema = {"type": "string", "minLength": 1}
_IDEMPOTENCY_KEY: Tree = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names this request: its repetition does nothing again and is answered the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_RETRY_AFTER: Tree = {
    "Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
_MEANINGS = {
    200: "Done.", 201: "Made.", 202: "Taken on.", 400: "The body is not JSON.", 401: "Not signed in.",
    403: "May not, or is not there: deliberately one answer.", 404: "Not found.",
    409: "True a moment ago, not any more.", 413: "Too large.", 422: "The request makes no sense.",
    429: "Too many requests.", 503: "Safe to try again.",
}  # fmt: skip


def build_document() -> Tree:
    """The whole document. Raises ``ValueError`` for a route without an operation, and the reverse."""
    paths: dict[str, Tree] = {}
    schemas: dict[str, Schema] = {}
    for name, (router, service) in SERVICES.items():
        routes = {(route.method, route.path): route for route in router}
        if routes.keys() != service.operations.keys():
            raise ValueError(f"{name}: {sorted(routes.keys() ^ service.operations.keys())}")
        for (method, path), route in routes.items():
            operation = _operation(name, route, service.operations[method, path])
            paths.setdefault(path, {})[method.lower()] = operation
        schemas.update(service.schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "PyAirtable", "version": "1", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in SERVICES],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted({**schemas, **_error_schemas()}.items())),
            "responses": _error_responses(),
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


_DESCRIPTION = (
    "`/v0` is Airtable's Web API, `/v1` what Airtable keeps behind its web page. Errors have the envelope "
    '`{"error": {"type", "message"}}`; what may not be seen and what is not there look the same.'
)
_SECURITY_SCHEMES: Tree = {
    _SESSION: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a signed-in person, 15 minutes.",
    },
    _TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "pat",
        "description": "A personal access token, with the scopes listed.",
    },
}


def errors_of(route: Route, operation: Operation) -> Sequence[type[errors.DomainError]]:
    """Everything that a call may be refused with, each once."""
    found: list[type[errors.DomainError]] = [errors.RateLimited, errors.TryAgain]
    if route.policy.gate is not Gate.OPEN:
        found.append(errors.NotAuthenticated)
    if _may_be_refused(route.policy) or "{" in route.path:
        found.append(errors.NotPermittedOrNotFound)
    if operation.body is not None:
        found += [errors.UnreadableBody, errors.BodyTooLarge, errors.InvalidRequest]
        if route.path.startswith("/v1"):
            found.append(errors.Invalid)
    if operation.idempotent:
        found += [errors.IdempotencyMismatch, errors.InvalidRequest]
    return list(dict.fromkeys([*found, *operation.errors]))


def _may_be_refused(policy: Policy) -> bool:
    return policy.gate not in (Gate.OPEN, Gate.PERSON) or policy.scope is not None


def _operation(service: str, route: Route, operation: Operation) -> Tree:
    answers = {
        str(status): _answer(status, schema, {}, operation.texts if status == 200 else ())
        for status, schema in sorted(operation.answers.items())
    }
    refusals = dict(_refusals(errors_of(route, operation)))
    tree: Tree = {
        "operationId": f"{service}.{getattr(route.view, '__name__', '')}",
        "tags": [service],
        "summary": operation.summary,
        "security": _security(route.policy),
        "parameters": [*_path_parameters(route.path), *_query_parameters(operation)],
        "responses": {**answers, **refusals},
    }
    if operation.idempotent:
        tree["parameters"] = [*_path_parameters(route.path), *_query_parameters(operation), _IDEMPOTENCY_KEY]
    if operation.body is not None:
        tree["requestBody"] = {"required": True, "content": {_JSON: {"schema": operation.body}}}
    if route.policy.role is not None:
        tree["x-role"] = route.policy.role.word
    return tree


def _security(policy: Policy) -> Sequence[Tree]:
    if policy.gate is Gate.OPEN:
        return []
    if policy.gate is Gate.SESSION:
        return [{_SESSION: []}]
    return [{_SESSION: []}, {_TOKEN: _words(policy.scope)}]


def _words(scope: Scope | None) -> Sequence[str]:
    return [] if scope is None else [scope.value]


def _path_parameters(path: str) -> Iterator[Tree]:
    for segment in path.split("/"):
        if segment.startswith("{"):
            name = segment[1:-1]
            kind = "pat" if path.startswith("/v1/auth/tokens/") else _PATH_IDS.get(name)
            schema = _PATH_TEXT if kind is None else identifier(kind)
            yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(operation: Operation) -> Iterator[Tree]:
    for name, schema in operation.query.items():
        yield {"name": name, "in": "query", "required": name in operation.required_query, "schema": schema}


def _refusals(kinds: Iterable[type[errors.DomainError]]) -> Iterator[tuple[str, Tree]]:
    by_status: dict[int, list[str]] = {}
    for kind in kinds:
        by_status.setdefault(ANSWERS[kind].status, []).append(_name(ANSWERS[kind]))
    for status, names in sorted(by_status.items()):
        alternatives = sorted(set(names))
        if len(alternatives) == 1:
            yield str(status), {"$ref": f"#/components/responses/{alternatives[0]}"}
        else:
            yield str(status), _answer(status, {"anyOf": [ref(name) for name in alternatives]}, {})


def _name(answer: Answer) -> str:
    return answer.type if answer.envelope is Envelope.OBJECT else f"{answer.type}.{answer.envelope.name}"


def _error_schemas() -> dict[str, Schema]:
    return {_name(answer): _error_schema(answer) for answer in ANSWERS.values()}


def _error_schema(answer: Answer) -> Schema:
    if answer.envelope is Envelope.BARE:
        return closed({"error": {"const": answer.type}})
    told: Properties = {"message": TEXT} if answer.envelope is Envelope.OBJECT else {}
    return closed({"error": closed({"type": {"const": answer.type}, **told})})


def _error_responses() -> Tree:
    return {
        _name(answer): _answer(
            answer.status, ref(_name(answer)), _RETRY_AFTER if answer.status in (429, 503) else {}
        )
        for answer in ANSWERS.values()
    }


def _answer(status: int, schema: Schema, headers: Tree, texts: Sequence[str] = ()) -> Tree:
    content: Tree = {_JSON: {"schema": schema}, **{each: {"schema": TEXT} for each in texts}}
    answer: Tree = {"description": _MEANINGS[status], "content": content}
    return {**answer, "headers": headers} if headers else answer
