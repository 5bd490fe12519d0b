"""``Counters`` in a SQLite file of their own, which need not outlive a power cut."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from pyairtable_common.domain.rate_limits import Limit, Taken, Window, take_from
from pyairtable_common.repositories.ports import Unavailable

_BUSY_SECONDS = 10.0
_TAKES_BETWEEN_SWEEPS = 1000
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS counters (
        name TEXT PRIMARY KEY, opened INTEGER NOT NULL, taken INTEGER NOT NULL, ends INTEGER NOT NULL
    ) WITHOUT ROWID
"""


class SqliteCounters:
    """Counters by name. ``path`` is a file, made when it is not there, or ``":memory:"``.

    ``now_ms`` tells which counters are over: every so often they are removed.
    """

    def __init__(self, path: str | Path, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._turn = Lock()
        self._takes = 0
        self._connection = sqlite3.connect(
            str(path), timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    def take(self, name: str, amount: int, limit: Limit, now_ms: int) -> Taken:
        with self._writing():
            window, taken = take_from(self._window(name), amount, limit, now_ms)
            self._connection.execute(
                "INSERT OR REPLACE INTO counters (name, opened, taken, ends) VALUES (?, ?, ?, ?)",
                (name, window.opened_ms, window.taken, taken.ends_ms),
            )
            self._sweep()
        return taken

    def clear(self, name: str) -> None:
        with self._writing():
            self._connection.execute("DELETE FROM counters WHERE name = ?", (name,))

    def _window(self, name: str) -> Window | None:
        row = self._connection.execute(
            "SELECT opened, taken FROM counters WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else Window(*row)

    def _sweep(self) -> None:
        self._takes += 1
        if self._takes % _TAKES_BETWEEN_SWEEPS == 0:
            self._connection.execute("DELETE FROM counters WHERE ends < ?", (self._now_ms(),))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                raise Unavailable(str(error)) from error
