"""``Store`` on SQLite, under the same limits as DynamoDB, so that what runs here runs there."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from pyairtable_common.engines.sqlite.connections import Connections
from pyairtable_common.repositories.ports import (
    MAX_GET_KEYS,
    MAX_SK_BYTES,
    Absent,
    Change,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Page,
    Put,
    Table,
    Unavailable,
    VersionIs,
    Write,
    check_limits,
)

_LAST_CHARACTER = "\U0010ffff"
_PAGE_BYTES = 1024 * 1024
_SCHEMA = "".join(
    f"""
    CREATE TABLE IF NOT EXISTS {table.value} (
        pk TEXT NOT NULL, sk TEXT NOT NULL, v INTEGER NOT NULL, ttl INTEGER, data BLOB NOT NULL,
        PRIMARY KEY (pk, sk)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS {table.value}_changes (
        position INTEGER PRIMARY KEY AUTOINCREMENT, pk TEXT NOT NULL, sk TEXT NOT NULL,
        v INTEGER, ttl INTEGER, data BLOB
    );
    """
    for table in Table
)
_Row = tuple[str, str, int, int | None, bytes]


class SqliteStore:
    """An ordered key-value store in one file.

    ``path`` is a file, made when it is not there, or ``":memory:"``.
    """

    def __init__(self, path: str | Path) -> None:
        self._connections = Connections(path, _SCHEMA)

    def close(self) -> None:
        self._connections.close()

    def get(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        if len(keys) > MAX_GET_KEYS:
            raise ValueError(f"at most {MAX_GET_KEYS} keys a get, not {len(keys)}")
        found: dict[Key, Item] = {}
        with self._connections.reading() as connection:
            connection.execute("BEGIN")
            try:
                for key in keys:
                    row = connection.execute(
                        f"SELECT pk, sk, v, ttl, data FROM {key.table.value} WHERE pk = ? AND sk = ?",  # noqa: S608
                        (key.pk, key.sk),
                    ).fetchone()
                    if row is not None:
                        found[key] = _to_item(key.table, row)
            finally:
                connection.execute("COMMIT")
        return found

    def query(
        self,
        table: Table,
        pk: str,
        *,
        first: str = "",
        after: str | None = None,
        prefix: str = "",
        limit: int | None = None,
        descending: bool = False,
    ) -> Page:
        clauses, values = ["pk = ?", "sk >= ?"], [pk, max(first, prefix)]
        if prefix:
            clauses.append("sk <= ?")
            values.append(prefix + _LAST_CHARACTER * (MAX_SK_BYTES // 4))
        if after is not None:
            clauses.append("sk < ?" if descending else "sk > ?")
            values.append(after)
        statement = (
            f"SELECT pk, sk, v, ttl, data FROM {table.value} WHERE {' AND '.join(clauses)} "  # noqa: S608
            f"ORDER BY sk {'DESC' if descending else 'ASC'}"
        )
        with self._connections.reading() as connection:
            cursor = connection.execute(statement, values)
            try:
                return _take_page(table, cursor, limit)
            finally:
                cursor.close()

    def transact(self, writes: Sequence[Write], token: str) -> None:
        check_limits(writes)
        try:
            with self._connections.writing() as connection:
                failed = [write.key for write in writes if not _holds(connection, write)]
                if failed:
                    raise ConditionFailed(failed)
                for write in writes:
                    _apply(connection, write)
        except sqlite3.OperationalError as error:
            raise Unavailable(str(error)) from error

    def changes(self, table: Table, after: str | None, limit: int = 100) -> Sequence[Change]:
        with self._connections.reading() as connection:
            rows = connection.execute(
                f"SELECT position, pk, sk, v, ttl, data FROM {table.value}_changes "  # noqa: S608
                "WHERE position > ? ORDER BY position LIMIT ?",
                (int(after or 0), limit),
            ).fetchall()
        return [_to_change(table, row) for row in rows]


def _take_page(table: Table, cursor: sqlite3.Cursor, limit: int | None) -> Page:
    items: list[Item] = []
    size = 0
    for row in cursor:
        if (limit is not None and len(items) == limit) or size >= _PAGE_BYTES:
            return Page(items, more=True)
        items.append(_to_item(table, row))
        size += len(row[4])
    return Page(items, more=False)


def _holds(connection: sqlite3.Connection, write: Write) -> bool:
    row = connection.execute(
        f"SELECT v FROM {write.key.table.value} WHERE pk = ? AND sk = ?",  # noqa: S608
        (write.key.pk, write.key.sk),
    ).fetchone()
    if isinstance(write.expect, Absent):
        return row is None
    if isinstance(write.expect, VersionIs):
        return row is not None and row[0] == write.expect.version
    return row is not None


def _apply(connection: sqlite3.Connection, write: Write) -> None:
    table, pk, sk = write.key.table.value, write.key.pk, write.key.sk
    if isinstance(write, Put):
        row = (pk, sk, write.item.version, write.item.expires_at, write.item.data)
        connection.execute(
            f"INSERT OR REPLACE INTO {table} (pk, sk, v, ttl, data) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            row,
        )
        _log(connection, table, row)
    elif isinstance(write, Delete):
        connection.execute(f"DELETE FROM {table} WHERE pk = ? AND sk = ?", (pk, sk))  # noqa: S608
        _log(connection, table, (pk, sk, None, None, None))


def _log(
    connection: sqlite3.Connection, table: str, row: tuple[str, str, int | None, int | None, bytes | None]
) -> None:
    connection.execute(f"INSERT INTO {table}_changes (pk, sk, v, ttl, data) VALUES (?, ?, ?, ?, ?)", row)  # noqa: S608


def _to_item(table: Table, row: _Row) -> Item:
    pk, sk, version, expires_at, data = row
    return Item(Key(table, pk, sk), version, bytes(data), expires_at)


def _to_change(table: Table, row: tuple[int, str, str, int | None, int | None, bytes | None]) -> Change:
    position, pk, sk, version, expires_at, data = row
    key = Key(table, pk, sk)
    if version is None or data is None:
        return Change(str(position), key, None)
    return Change(str(position), key, Item(key, version, bytes(data), expires_at))
