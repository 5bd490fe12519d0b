"""Connections to the one SQLite file: a reader per thread, one writer for all."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, local

from pyairtable_common.repositories.ports import Unavailable

_BUSY_SECONDS = 10.0


class Connections:
    """Opens the file in WAL mode with full durability and runs ``schema`` once.

    ``":memory:"`` makes a private database that lives as long as this object.
    """

    def __init__(self, path: str | Path, schema: str) -> None:
        self._memory = str(path) == ":memory:"
        self._target = str(path)
        self._writer = self._connect()
        self._writing = Lock()
        self._readers = local()
        self._open: list[sqlite3.Connection] = []
        if not self._memory:
            self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute("PRAGMA synchronous = FULL")
        self._writer.executescript(schema)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reads; in memory, readers and the writer take turns.

        What SQLite cannot do just now (a locked file, a failing disk) is ``Unavailable``.
        """
        try:
            with self._reader() as connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise Unavailable(str(error)) from error

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        if self._memory:
            with self._writing:
                yield self._writer
            return
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._connect()
            self._readers.connection = connection
            self._open.append(connection)
        yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The writer, inside one transaction that commits on success and rolls back on any exception."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        for connection in [*self._open, self._writer]:
            connection.close()
        self._open.clear()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._target,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
