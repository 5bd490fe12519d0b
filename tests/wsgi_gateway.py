"""The gateway as a WSGI application: for tools that call one in their own process."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from local.events import Request
from local.gateway import Gateway

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def wsgi_application(gateway: Gateway) -> "WSGIApplication":
    """Passes the path on as it was sent: still encoded."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = str(environ["REQUEST_URI"]).partition("?")[0]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = gateway.respond(
            Request(
                environ["REQUEST_METHOD"],
                path,
                environ["QUERY_STRING"],
                _headers(environ),
                body,
                "203.0.113.7",
            )
        )
        status = HTTPStatus(answer.status)
        start_response(f"{status.value} {status.phrase}", list(answer.headers))
        return [answer.body]

    return application


def _headers(environ: "WSGIEnvironment") -> tuple[tuple[str, str], ...]:
    sent = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    return tuple(sent.items())
