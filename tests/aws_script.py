"""A server on loopback that answers AWS's JSON protocol from a script: what no local engine ever answers."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``status`` 0 closes the connection without a word, ``delay`` is in seconds."""

    body: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class ScriptedService:
    """Where it listens, and what it was asked: operation and arguments, one entry for each HTTP request."""

    endpoint: str
    asked: list[tuple[str, dict[str, Any]]]


def error(code: str, message: str = "no", status: int = 400, **more: object) -> Answer:
    """An error as DynamoDB words it."""
    return Answer({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **more}, status)


@contextmanager
def serve_script(answers: Sequence[Answer]) -> Iterator[ScriptedService]:
    """Gives the answers one after the other, and the last again and again."""
    asked: list[tuple[str, dict[str, Any]]] = []
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            arguments = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = answers[min(len(asked), len(answers) - 1)]
            asked.append((self.headers["X-Amz-Target"].partition(".")[2], arguments))
            if ending.wait(answer.delay) or answer.status == 0:
                self.close_connection = True
                return
            body = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield ScriptedService(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        ending.set()
        server.shutdown()
        server.server_close()
        thread.join(_END_SECONDS)
