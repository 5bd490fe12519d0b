"""The HTTP server: a small ASGI application over the gateway, served by uvicorn on a bound socket."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import uvicorn

from local.events import Answer, Request
from local.gateway import MAX_REQUEST_BYTES, Gateway
from local.problems import Problem

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

WORKERS = 16
_DRAINED_BYTES = 10 * MAX_REQUEST_BYTES
_KEEP_ALIVE_SECONDS = 65
_GRACE_SECONDS = 3
_BODILESS = {204, 304}


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address; port 0 takes a free one. Raises ``Problem`` if it cannot be had."""
    # Without the protocol's number asyncio leaves Nagle's algorithm on: 40 ms for each answer.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(2048)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise Problem(
                f"Port {port} is in use: stop what uses it, or choose another with PORT."
            ) from error
        raise Problem(f"Port {port} cannot be opened: {error.strerror}.") from error
    bound.set_inheritable(False)
    return bound


def serve(
    gateway: Gateway,
    bound: socket.socket,
    *,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None],
    access_log: bool = False,
) -> None:
    """Serves until SIGINT or SIGTERM; requests under way get three seconds to end."""
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="function") as pool:
        config = uvicorn.Config(
            Application(gateway, pool),
            loop="asyncio",
            http="httptools",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=access_log,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        _Server(config, on_ready, on_stop).run(sockets=[bound])


class Application:
    """The ASGI application. Functions run in a bounded pool: the event loop never waits for one."""

    def __init__(self, gateway: Gateway, pool: ThreadPoolExecutor) -> None:
        self._gateway = gateway
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await _read_body(receive)
        except _Disconnected:
            return
        if body is None:
            answer = self._gateway.refuse_too_large()
        else:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._pool, self._gateway.respond, _request(scope, body))
        await _send(answer, scope["method"], send)


class _Disconnected(Exception):
    """The client left before its request was whole: there is nothing to do and nobody to answer."""


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it accepts connections and when it begins to stop."""

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], on_stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets=sockets)


def _request(scope: Scope, body: bytes) -> Request:
    client = scope.get("client")
    return Request(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("latin-1"),
        raw_query=scope["query_string"].decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        body=body,
        client=client[0] if client else "127.0.0.1",
    )


async def _read_body(receive: Receive) -> bytes | None:
    """The body, or ``None`` if it is over the limit: read to its end, so that the client hears why."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more and size <= _DRAINED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        more = message.get("more_body", False)
        if size <= MAX_REQUEST_BYTES:
            chunks.append(chunk)
    return b"".join(chunks) if size <= MAX_REQUEST_BYTES else None


async def _send(answer: Answer, method: str, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers
        if name.lower() != "content-length"
    ]
    if answer.status not in _BODILESS:
        headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})
