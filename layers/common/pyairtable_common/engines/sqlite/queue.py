"""``Queue`` as a table in a SQLite file."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from pyairtable_common.engines.sqlite.connections import Connections
from pyairtable_common.repositories.ports import Job

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, body BLOB NOT NULL,
    visible_at REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, receipt TEXT UNIQUE
);
CREATE INDEX IF NOT EXISTS jobs_by_queue ON jobs (queue, visible_at);
"""


class SqliteQueue:
    """Work queues in one file; ``now`` gives epoch seconds."""

    def __init__(self, path: str | Path, now: Callable[[], float]) -> None:
        self._connections = Connections(path, _SCHEMA)
        self._now = now

    def close(self) -> None:
        self._connections.close()

    def send(self, queue: str, body: bytes, delay_seconds: int = 0) -> None:
        with self._connections.writing() as connection:
            connection.execute(
                "INSERT INTO jobs (queue, body, visible_at) VALUES (?, ?, ?)",
                (queue, body, self._now() + delay_seconds),
            )

    def receive(self, queue: str, limit: int = 10, visibility_seconds: int = 30) -> Sequence[Job]:
        now = self._now()
        with self._connections.writing() as connection:
            rows = connection.execute(
                "SELECT id, body, attempts FROM jobs WHERE queue = ? AND visible_at <= ? ORDER BY id LIMIT ?",
                (queue, now, limit),
            ).fetchall()
            jobs = [Job(secrets.token_hex(16), bytes(body), attempts + 1) for _, body, attempts in rows]
            connection.executemany(
                "UPDATE jobs SET receipt = ?, attempts = ?, visible_at = ? WHERE id = ?",
                [
                    (job.receipt, job.attempts, now + visibility_seconds, row[0])
                    for job, row in zip(jobs, rows, strict=True)
                ],
            )
        return jobs

    def acknowledge(self, queue: str, receipt: str) -> None:
        with self._connections.writing() as connection:
            connection.execute("DELETE FROM jobs WHERE queue = ? AND receipt = ?", (queue, receipt))
