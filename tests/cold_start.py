"""What a cold start costs in CPU time, measured in processes of their own against an empty engine."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

SERVICES = ("auth", "users", "workspaces", "tables", "records")
_CHILD = Path(__file__).with_name("cold_start_child.py")
_CHILD_SECONDS = 120
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| (\s*)(\S+)")


@dataclass(frozen=True, slots=True)
class ColdStart:
    """CPU milliseconds, user and system, of one process; ``access_token_ms`` is 0 where not asked for."""

    import_ms: float
    first_request_ms: float
    access_token_ms: float
    modules: frozenset[str]

    @property
    def cpu_ms(self) -> float:
        """Until the first request with a personal access token is answered."""
        return self.import_ms + self.first_request_ms


def measure_cold_start(service: str, folder: Path, *, times: int = 3, signed: bool = False) -> ColdStart:
    """The cheapest of several: what else the machine does only ever adds."""
    starts = [_measure_once(service, folder, signed=signed) for _ in range(times)]
    return min(starts, key=lambda start: start.cpu_ms)


def dearest_imports(service: str, folder: Path, most: int = 12) -> Sequence[tuple[str, float]]:
    """Packages by the milliseconds that their own modules take, in a cold start up to the first answer."""
    with _empty_engine() as url:
        told = _run([sys.executable, "-X", "importtime", str(_CHILD), service], folder, url).stderr
    spent: Counter[str] = Counter()
    for microseconds, _, module in _IMPORT.findall(told):
        spent[_package(module)] += int(microseconds)
    return [(package, microseconds / 1000) for package, microseconds in spent.most_common(most)]


def _package(module: str) -> str:
    top = module.partition(".")[0]
    return "the standard library" if top in sys.stdlib_module_names else top


def _measure_once(service: str, folder: Path, *, signed: bool) -> ColdStart:
    with _empty_engine() as url:
        done = _run([sys.executable, str(_CHILD), service, *(["signed"] if signed else [])], folder, url)
    told = json.loads(done.stdout.splitlines()[-1])
    return ColdStart(
        told["import_ms"],
        told["first_request_ms"],
        told.get("access_token_ms", 0.0),
        frozenset(told["modules"]),
    )


def _run(command: Sequence[str], folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        env=_environment(folder, url),
        capture_output=True,
        text=True,
        timeout=_CHILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done


def _environment(folder: Path, url: str) -> Mapping[str, str]:
    """As the templates set it, but for the engine's address and keys from a folder."""
    return {
        "PATH": os.environ["PATH"],
        "PYAIRTABLE_ENGINE": "dynamodb",
        "PYAIRTABLE_TABLE_PREFIX": "cold-",
        "PYAIRTABLE_BUCKET": "cold-files",
        "PYAIRTABLE_PUBLIC_URL": "https://pyairtable.test",
        "PYAIRTABLE_DATA_DIR": str(folder),
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "LOG_LEVEL": "WARNING",
    }


@contextmanager
def _empty_engine() -> Iterator[str]:
    """Answers each BatchGetItem that nothing is there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Nothing)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Nothing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"Responses":{},"UnprocessedKeys":{}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody asked."""
