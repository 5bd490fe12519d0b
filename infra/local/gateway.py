"""API Gateway's part: from an HTTP request to the right function, and what it answers by itself."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from local.events import Answer, Headers, MalformedResponse, Request, answer_from, proxy_event
from local.functions import Handler, context_for
from local.routing import Match, RouteTable
from local.templates import Cors, FunctionSource, GatewayAnswer, Interface

MAX_REQUEST_BYTES = 10 * 1024 * 1024

_NO_ROUTE = "MISSING_AUTHENTICATION_TOKEN"
_TOO_LARGE = "REQUEST_TOO_LARGE"
_FAILED = "DEFAULT_5XX"

_STATUSES = {_NO_ROUTE: 404, _TOO_LARGE: 413, _FAILED: 502}
# What holds where a template does not say: API Gateway's failures in Airtable's envelopes.
_DEFAULT_ANSWERS: Mapping[str, GatewayAnswer] = {
    _NO_ROUTE: GatewayAnswer(None, '{"error":"NOT_FOUND"}'),
    _TOO_LARGE: GatewayAnswer(
        None, '{"error":{"type":"REQUEST_TOO_LARGE","message":"The request body is too large"}}'
    ),
    _FAILED: GatewayAnswer(
        None, '{"error":{"type":"SERVER_ERROR","message":"The server failed to process the request"}}'
    ),
}

_log = logging.getLogger("local.gateway")


@dataclass(frozen=True, slots=True)
class Sources:
    """What the gateway takes from outside: the time, and an id per request."""

    now: Callable[[], datetime]
    request_id: Callable[[], str]


class Gateway:
    """Serves the interface of the templates with the functions' handlers. Safe for threads."""

    def __init__(
        self, interface: Interface, handlers: Mapping[FunctionSource, Handler], sources: Sources
    ) -> None:
        self._table = RouteTable(interface.routes)
        self._cors = interface.cors
        self._answers = {**_DEFAULT_ANSWERS, **interface.answers}
        self._handlers = handlers
        self._sources = sources

    def respond(self, request: Request) -> Answer:
        """The answer to a request; a function that fails is logged and answered with 502."""
        match = self._table.match(request.method, request.raw_path)
        if match is not None:
            return self._invoke(request, match)
        methods = self._table.methods(request.raw_path)
        if request.method == "OPTIONS" and methods and self._cors is not None:
            return _preflight(self._cors, methods)
        return self._own(_NO_ROUTE)

    def refuse_too_large(self) -> Answer:
        """The answer to a body over ``MAX_REQUEST_BYTES``."""
        return self._own(_TOO_LARGE)

    def _invoke(self, request: Request, match: Match) -> Answer:
        request_id = self._sources.request_id()
        source = match.route.function
        event = proxy_event(request, match, request_id, self._sources.now())
        try:
            answer = answer_from(self._handlers[source](event, context_for(source, request_id)))
        except MalformedResponse as error:
            _log.error("%s: %s", source.name, error)
            return self._own(_FAILED)
        except Exception:  # noqa: BLE001 (the outermost boundary, as Lambda's runtime is)
            _log.exception("%s failed on %s %s", source.name, request.method, match.route.path)
            return self._own(_FAILED)
        return Answer(answer.status, (*answer.headers, ("x-amzn-requestid", request_id)), answer.body)

    def _own(self, kind: str) -> Answer:
        answer = self._answers[kind]
        headers = (("Content-Type", answer.content_type), *_origin(self._cors, answer))
        return Answer(answer.status or _STATUSES[kind], headers, answer.body.strip().encode())


def _preflight(cors: Cors, methods: tuple[str, ...]) -> Answer:
    headers = [
        ("Access-Control-Allow-Origin", cors.origin),
        ("Access-Control-Allow-Methods", cors.methods or ",".join(sorted({*methods, "OPTIONS"}))),
        ("Access-Control-Allow-Headers", cors.headers),
        ("Content-Type", "application/json"),
    ]
    if cors.max_age:
        headers.append(("Access-Control-Max-Age", cors.max_age))
    return Answer(200, headers, b"{}")


def _origin(cors: Cors | None, answer: GatewayAnswer) -> Headers:
    """The template's headers for this answer, and the allowed origin where they leave it out."""
    headers = tuple(answer.headers.items())
    named = any(name.lower() == "access-control-allow-origin" for name, _ in headers)
    return headers if named or cors is None else (*headers, ("Access-Control-Allow-Origin", cors.origin))
