"""``python -m bench``: one keep-alive client against the local server with the whole demo base.

Each call is made in turn over HTTP and straight through the gateway and the same
handlers within this process, on the same data, so that a busy machine slows both.
"""

import http.client
import json
import os
import platform
import sys
import tempfile
import time
import uuid
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias
from urllib.parse import urlencode, urlsplit

from cold_start import SERVICES, measure_cold_start
from demo_data import OURAIRPORTS
from local.demo.loader import DemoBase, load_demo
from local.demo.tables import KEY
from local.environment import function_environment
from local.events import Request
from local.functions import load_handlers
from local.gateway import Gateway, Sources
from local.options import PROJECT, parse_options
from local.templates import read_services
from local_server import running_server

TABLE = "Navaids"
SORTED = urlencode({"sort[0][field]": "name"})

Send: TypeAlias = Callable[[str, str, str, bytes], tuple[int, bytes]]
"""Method, path, query and body to status and body."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call to be timed; ``body`` is made before the clock starts."""

    name: str
    method: str
    path: str
    query: str = ""
    body: Callable[[], bytes] = bytes


def main(arguments: Sequence[str]) -> None:
    parser = ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--calls", type=int, default=200, help="how many of each call (200)")
    calls = parser.parse_args(arguments).calls
    _say(f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_server(folder / "data") as server:
            began = time.perf_counter()
            demo = load_demo(
                server.url, OURAIRPORTS, folder / "demo.json", lambda _table, _done, _total: None
            )
            _say(f"demo base loaded over HTTP in {time.perf_counter() - began:.1f} s; {calls} of each call\n")
            over_http, within = _http(server.url, demo.token), _in_process(folder / "data", demo.token)
            _say(f"{'':24}{'HTTP p50':>10}{'min':>8}{'in process p50':>16}{'min':>8}   ms")
            for case in _cases(over_http, demo):
                _report(case, _times(case, calls, over_http, within))
        _say("\ncold start, CPU-ms      import   first request   first access token")
        for service in SERVICES:
            start = measure_cold_start(service, folder, signed=True)
            _say(
                f"{service:24}{start.import_ms:6.0f}{start.first_request_ms:16.0f}{start.access_token_ms:21.0f}"
            )


def _cases(send: Send, demo: DemoBase) -> Sequence[Case]:
    path = f"/v0/{demo.base_id}/{TABLE}"
    number = count(10_000_000)

    def row() -> Mapping[str, object]:
        return {"fields": {"name": "New beacon", KEY: next(number), "type": "VOR", "frequency_khz": 113_000}}

    record_id, last_offset = _walk(send, path)
    return [
        Case("get", "GET", f"{path}/{record_id}"),
        Case("list 100, first page", "GET", path),
        Case("list, last page", "GET", path, urlencode({"offset": last_offset})),
        Case("list 100, sorted", "GET", path, SORTED),
        Case("update 1", "PATCH", f"{path}/{record_id}", body=lambda: _json({"fields": {KEY: next(number)}})),
        Case("create 1", "POST", path, body=lambda: _json(row())),
        Case("create 10", "POST", path, body=lambda: _json({"records": [row() for _ in range(10)]})),
    ]


def _walk(send: Send, path: str) -> tuple[str, str]:
    """The first record's id, and the offset of the last page."""
    page = _answer(send("GET", path, "", b""))
    record_id, offset = page["records"][0]["id"], ""
    while "offset" in page:
        offset = page["offset"]
        page = _answer(send("GET", path, urlencode({"offset": offset}), b""))
    return record_id, offset


def _times(case: Case, calls: int, *senders: Send) -> Sequence[Sequence[float]]:
    """Milliseconds by sender; they take turns. The first call of each is not counted."""
    spent: list[list[float]] = [[] for _ in senders]
    for turn in range(calls + 1):
        for send, times in zip(senders, spent, strict=True):
            body = case.body()
            began = time.perf_counter()
            answer = send(case.method, case.path, case.query, body)
            ended = time.perf_counter()
            _answer(answer)
            if turn:
                times.append((ended - began) * 1000)
    return spent


def _report(case: Case, spent: Sequence[Sequence[float]]) -> None:
    (http_p50, http_min), (own_p50, own_min) = ((median(times), min(times)) for times in spent)
    _say(f"{case.name:24}{http_p50:10.2f}{http_min:8.2f}{own_p50:16.2f}{own_min:8.2f}")


def _http(url: str, token: str) -> Send:
    """One connection, kept alive."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        connection.request(method, f"{path}?{query}" if query else path, body or None, headers)
        response = connection.getresponse()
        return response.status, response.read()

    return send


def _in_process(data: Path, token: str) -> Send:
    """The same handlers on the same data, without a socket."""
    options = parse_options(["--data-dir", str(data), "--port", "0"], {})
    os.environ.update(function_environment(options, 0, {}, {}))
    interface = read_services(PROJECT / "functions")
    handlers = load_handlers(route.function for route in interface.routes)
    gateway = Gateway(
        interface, handlers, Sources(now=lambda: datetime.now(UTC), request_id=lambda: str(uuid.uuid4()))
    )
    headers = (("authorization", f"Bearer {token}"), ("content-type", "application/json"))

    def send(method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
        answer = gateway.respond(Request(method, path, query, headers, body, "127.0.0.1"))
        return answer.status, answer.body

    return send


def _answer(answer: tuple[int, bytes]) -> dict[str, Any]:
    status, body = answer
    if status != http.HTTPStatus.OK:
        raise SystemExit(f"the server answered {status}: {body[:200]!r}")
    parsed: dict[str, Any] = json.loads(body)
    return parsed


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
