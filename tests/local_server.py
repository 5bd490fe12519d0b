"""Runs the real local server as a process of its own, for tests that need a socket."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
_READY = re.compile(r"PyAirtable is running at (http://\S+)")
_START_SECONDS = 60
_STOP_SECONDS = 15


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that accepts requests at ``url``; ``lines`` is what it and its loader print."""

    url: str
    data_dir: Path
    process: subprocess.Popen[str]
    lines: "queue.Queue[str]"

    def kill(self) -> None:
        """``kill -9``: no shutdown code runs."""
        self.process.kill()
        self.process.wait(_STOP_SECONDS)

    def stop(self) -> int:
        """Ctrl-C; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(_STOP_SECONDS)


@contextmanager
def running_server(
    data_dir: Path, *arguments: str, demo: bool = False, environment: Mapping[str, str] | None = None
) -> Iterator[RunningServer]:
    """A server on a free port of 127.0.0.1, with its data in ``data_dir``; stopped at the end."""
    command = [sys.executable, "-m", "local", "--port", "0", "--data-dir", str(data_dir), *arguments]
    process = subprocess.Popen(
        command if demo else [*command, "--no-demo"],
        cwd=PROJECT,
        env=server_environment(environment or {}),
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=_read_lines, args=(process, lines))
    reader.start()
    try:
        yield RunningServer(_await_url(process, lines), data_dir, process, lines)
    finally:
        _end(process)
        reader.join(_STOP_SECONDS)


def server_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a server or loader process: this one's, without what would steer it elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYAIRTABLE_", "AWS_", "COV_")) and name not in {"ENGINE", "PORT"}
    }
    paths = os.pathsep.join([str(PROJECT / "infra"), str(PROJECT / "layers" / "common")])
    return {**kept, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1", **extra}


def _await_url(process: subprocess.Popen[str], lines: "queue.Queue[str]") -> str:
    while line := lines.get(timeout=_START_SECONDS):
        if found := _READY.search(line):
            return found[1]
    raise AssertionError(f"the server ended with status {process.wait(_STOP_SECONDS)} before it was ready")


def _read_lines(process: subprocess.Popen[str], lines: "queue.Queue[str]") -> None:
    """Reads to the end, so that nobody waits for a full pipe; the last line is empty."""
    if process.stdout is not None:
        with process.stdout as output:
            for line in output:
                lines.put(line)
    lines.put("")


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)
