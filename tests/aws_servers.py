"""Local AWS engines as servers on loopback, one of each a session (with xdist: a worker).

A test that needs one that is not installed is skipped, with the reason.
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.dynamodb_local import NotAvailable, make_command

_PROJECT = Path(__file__).resolve().parents[1]
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


@pytest.fixture(scope="session")
def ministack_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MiniStack, which answers as many AWS services on one port."""
    python = Path(os.environ.get("MINISTACK_PYTHON") or _PROJECT / ".venv-ministack" / "bin" / "python")
    if not python.exists():
        pytest.skip("MiniStack is not installed: run `make .venv-ministack/.stamp`")
    folder = tmp_path_factory.mktemp("ministack")
    port = _find_free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    command = [str(python), "-m", "ministack"]
    with _serve(command, port, folder, environment, path="/_ministack/health") as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def dynamodb_local_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """DynamoDB Local, in memory."""
    folder = tmp_path_factory.mktemp("dynamodb-local")
    port = _find_free_port()
    try:
        command = make_command(port)
    except NotAvailable as reason:
        pytest.skip(str(reason))
    with _serve(command, port, folder, {"PATH": os.environ["PATH"]}, path="/") as endpoint:
        yield endpoint


@contextmanager
def _serve(
    command: Sequence[str], port: int, folder: Path, environment: Mapping[str, str], path: str
) -> Iterator[str]:
    endpoint = f"http://127.0.0.1:{port}"
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=output)
        try:
            _wait_until_up(process, endpoint + path, log)
            yield endpoint
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_STOP_SECONDS)


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended as it started:\n{log.read_text(errors='replace')}")
        if _answers(url):
            return
        time.sleep(0.1)
    pytest.fail(
        f"the server did not answer within {_START_SECONDS:.0f} s:\n{log.read_text(errors='replace')}"
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (a loopback URL made above)
            return True
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return True
    except OSError:
        return False


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
