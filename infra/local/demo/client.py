"""A small client of the HTTP API, with what the demo needs of it."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeAlias
from uuid import uuid4

import httpx

Json: TypeAlias = Mapping[str, object]

BATCH = 10
_TIMEOUT_SECONDS = 30
_PAUSES = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)
_RETRIED = {429, 502, 503}


class ApiError(Exception):
    """The API refused a call."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"the server answered {status}: {text}")
        self.status = status


class Unreachable(Exception):
    """The server does not answer any more."""


class Client:
    """One keep-alive connection. Every write carries an ``Idempotency-Key``, so a repeat is harmless."""

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
            verify=url.startswith("https:"),  # reading the certificates takes 0.1 s, for nothing over http
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str) -> Json:
        """Raises ``ApiError`` or ``Unreachable``."""
        return self._call(self._http.build_request("GET", path, params=query))

    def post(self, path: str, body: Json) -> Json:
        """Raises ``ApiError`` or ``Unreachable``."""
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        return self._call(self._http.build_request("POST", path, content=content, headers=headers))

    def records(self, base_id: str, table: str, **query: str) -> Iterator[Json]:
        """All records of a table, page by page."""
        offset = ""
        while True:
            page = self.get(f"/v0/{base_id}/{table}", **query, offset=offset)
            yield from _list(page, "records")
            offset = str(page.get("offset", ""))
            if not offset:
                return

    def create(self, base_id: str, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """At most ``BATCH`` records, all or none."""
        self.post(f"/v0/{base_id}/{table}", {"records": [{"fields": row} for row in rows]})

    def _call(self, request: httpx.Request) -> Json:
        """Tries again, after growing pauses, what went wrong on the way or says that it may be repeated."""
        for pause in _PAUSES:
            time.sleep(pause)
            answer = self._send(request)
            if answer is not None and answer.status_code not in _RETRIED:
                return _decoded(answer)
        if answer is None:
            raise Unreachable
        raise ApiError(answer.status_code, answer.text)

    def _send(self, request: httpx.Request) -> httpx.Response | None:
        try:
            return self._http.send(request)
        except httpx.TransportError:
            return None


def _decoded(answer: httpx.Response) -> Json:
    if not answer.is_success:
        raise ApiError(answer.status_code, answer.text)
    decoded = answer.json()
    return decoded if isinstance(decoded, dict) else {}


def _list(page: Json, name: str) -> Sequence[Json]:
    items = page.get(name)
    return items if isinstance(items, list) else ()
