"""The one place that knows Chalice: a ``Router`` becomes a Lambda handler for REST v1 proxy events.

Chalice finds the route and makes the proxy response. Everything else is ours:
it decodes bodies as JSON loosely, answers 500 for every error, and keeps the
current request in a global that two threads would share.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote

from chalice.app import Chalice
from chalice.app import Response as ChaliceResponse

from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import DomainError, NotFound, TryAgain
from pyairtable_common.observability import Observer
from pyairtable_common.repositories.ports import Unavailable
from pyairtable_common.web import json_codec
from pyairtable_common.web.client_address import client_address
from pyairtable_common.web.errors import UNEXPECTED, response_of
from pyairtable_common.web.messages import JSON, Request, Response
from pyairtable_common.web.rate_limit import answer
from pyairtable_common.web.routing import Call, Route, Router

Event = Mapping[str, Any]
Handler = Callable[[Event, Any], Mapping[str, Any]]

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "DELETE,GET,OPTIONS,PATCH,POST,PUT",
    "Access-Control-Allow-Headers": (
        "authorization,content-length,content-type,user-agent,x-airtable-application-id,"
        "x-airtable-user-agent,x-api-version,x-requested-with,idempotency-key"
    ),
}
"""Airtable's own, and ``Idempotency-Key``."""

_HEADERS = {**CORS, "Content-Type": JSON, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
_event: ContextVar[Event] = ContextVar("event")


def build_handler(
    service: str, router: Router, services: Callable[[], Services], observer: Observer
) -> Handler:
    """The Lambda handler of a service. ``services`` is called once a request and may build on the first."""
    # Into the real environment it would write its name once more for every app that is built.
    app = Chalice(app_name=f"pyairtable-{service}", configure_logs=False, env={})
    for route in router:
        app.route(route.path, methods=[route.method], name=f"{route.method} {route.path}", content_types=[])(
            _view(route, services, observer)
        )
    routes = {path: frozenset(methods) for path, methods in app.routes.items()}

    def handler(event: Event, context: Any) -> Mapping[str, Any]:  # noqa: ANN401
        with observer.request(event, context):
            if event["httpMethod"] not in routes.get(event["resource"], ()):
                return _proxy(response_of(NotFound()))
            token = _event.set(event)
            try:
                proxied: Mapping[str, Any] = app(event, context)
                return proxied
            finally:
                _event.reset(token)

    return handler


def _view(
    route: Route, services: Callable[[], Services], observer: Observer
) -> Callable[..., ChaliceResponse]:
    def view(**_: str) -> ChaliceResponse:
        try:
            held = services()
            response = answer(Call(_request(_event.get(), held.edge_proof), held, route.policy), route.view)
        except DomainError as error:
            observer.refused(error)
            response = response_of(error)
        except Unavailable as error:
            observer.failed(error)
            response = response_of(TryAgain())
        except Exception as error:  # noqa: BLE001 - the outermost boundary
            observer.failed(error)
            response = Response(UNEXPECTED, 500)
        return ChaliceResponse(
            body=_text(response), status_code=response.status, headers={**_HEADERS, **response.headers}
        )

    return view


def _proxy(response: Response) -> Mapping[str, Any]:
    return {
        "statusCode": response.status,
        "headers": {**_HEADERS, **response.headers},
        "multiValueHeaders": {},
        "body": _text(response),
    }


def _text(response: Response) -> str:
    if response.text is not None:
        return response.text
    return "" if response.body is None else json_codec.encode(response.body)


def _request(event: Event, edge_proof: str) -> Request:
    context = event["requestContext"]
    headers = {name.lower(): value for name, value in (event["headers"] or {}).items()}
    return Request(
        method=event["httpMethod"],
        path=event["path"],
        path_parameters={
            name: unquote(value, errors="replace") for name, value in (event["pathParameters"] or {}).items()
        },
        query=event["multiValueQueryStringParameters"] or {},
        headers=headers,
        body=_body(event),
        source_ip=client_address((context.get("identity") or {}).get("sourceIp", ""), headers, edge_proof),
        request_id=context.get("requestId", ""),
    )


def _body(event: Event) -> bytes:
    body: str = event["body"] or ""
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return b""
