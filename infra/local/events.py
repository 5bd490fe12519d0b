"""API Gateway's REST (v1) proxy events, from an HTTP request and back to an HTTP answer."""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from urllib.parse import parse_qsl

from local.routing import Match

Headers: TypeAlias = Sequence[tuple[str, str]]
Event: TypeAlias = dict[str, object]

STAGE = "local"
ACCOUNT_ID = "000000000000"
API_ID = "local"


class MalformedResponse(Exception):
    """A function returned something that API Gateway does not take for a proxy response."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came: the path and the query still encoded."""

    method: str
    raw_path: str
    raw_query: str
    headers: Headers
    body: bytes
    client: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Headers
    body: bytes


def proxy_event(request: Request, match: Match, request_id: str, now: datetime) -> Event:
    """The event that API Gateway would hand to the function behind ``match``.

    Query strings are decoded, path parameters are not; what is empty is ``None``; of a
    repeated header or parameter the single-value form keeps the last.
    """
    headers = _grouped((*request.headers, *_forwarded(request)))
    query = _grouped(parse_qsl(request.raw_query, keep_blank_values=True, errors="replace"))
    body, is_base64 = _text_body(request.body)
    return {
        "resource": match.route.path,
        "path": request.raw_path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(match.parameters) or None,
        "stageVariables": None,
        "requestContext": _request_context(request, match, request_id, now),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def answer_from(result: object) -> Answer:
    """The HTTP answer for what a function returned.

    Raises ``MalformedResponse`` where API Gateway would answer 502.
    """
    if not isinstance(result, Mapping) or not isinstance(result.get("statusCode"), int):
        raise MalformedResponse("A proxy response needs an integer statusCode.")
    body = result.get("body")
    if body is not None and not isinstance(body, str):
        raise MalformedResponse("The body of a proxy response is text.")
    headers = _response_headers(result.get("headers"), result.get("multiValueHeaders"))
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Answer(result["statusCode"], headers, _bytes_body(body or "", result.get("isBase64Encoded")))


def _forwarded(request: Request) -> Headers:
    return (("X-Forwarded-For", request.client), ("X-Forwarded-Proto", "http"))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _last(grouped: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in grouped.items()}


def _text_body(body: bytes) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def _request_context(request: Request, match: Match, request_id: str, now: datetime) -> Event:
    host = dict(request.headers).get("host", "127.0.0.1")
    return {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": host.partition(":")[0],
        "extendedRequestId": request_id,
        "httpMethod": request.method,
        "identity": {
            "sourceIp": request.client,
            "userAgent": dict(request.headers).get("user-agent"),
        },
        "path": request.raw_path,
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S %z"),
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "resourceId": match.route.path,
        "resourcePath": match.route.path,
        "stage": STAGE,
    }


def _response_headers(single: object, multiple: object) -> list[tuple[str, str]]:
    """Both forms merged as API Gateway does: of a name in both, the multi-value form counts."""
    many = multiple if isinstance(multiple, Mapping) else {}
    taken = {str(name).lower() for name in many}
    headers = [
        (str(name), str(value))
        for name, value in (single.items() if isinstance(single, Mapping) else ())
        if str(name).lower() not in taken
    ]
    return headers + [(str(name), str(value)) for name, values in many.items() for value in values]


def _bytes_body(body: str, is_base64: object) -> bytes:
    if is_base64 is not True:
        return body.encode("utf-8")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedResponse("The body is not base64.") from error
