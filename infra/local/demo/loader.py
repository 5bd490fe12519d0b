"""Loads the demo base through the HTTP API; a load that was cut short is completed by the next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from local.demo.client import BATCH, ApiError, Client, Json
from local.demo.state import DemoState, new_state, read_state, sole_loader, write_state
from local.demo.tables import BASE_NAME, KEY, TABLES, Cells, DemoTable

OnProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with a table's name, how many of its rows are in the base, and how many there are."""

_SCOPES = ("data.records:read", "data.records:write", "schema.bases:read", "schema.bases:write")
_UNAUTHORIZED = 401
_GONE = {401, 403, 404}


@dataclass(frozen=True, slots=True)
class DemoBase:
    """A whole demo base, and a token that reads and writes it."""

    base_id: str
    token: str


def load_demo(url: str, data: Path, state_path: Path, on_progress: OnProgress) -> DemoBase:
    """The demo base, made or completed where need be.

    Rows are told apart by their ``id`` column: a row that is there already is not loaded
    again. Raises ``ApiError`` or ``Unreachable``.
    """
    with sole_loader(state_path):
        state = _with_token(url, read_state(state_path) or new_state(), state_path)
        with Client(url, state.token) as client:
            state = _with_base(client, state, state_path, url)
            if not state.complete:
                for table in TABLES:
                    _complete(client, state.base_id, table, table.rows(data), on_progress)
                write_state(state_path, replace(state, complete=True))
    return DemoBase(state.base_id, state.token)


def _with_token(url: str, state: DemoState, path: Path) -> DemoState:
    """The state with a token that is good: the one kept, or a new one of the demo user."""
    if state.token and _is_accepted(url, state.token):
        return state
    write_state(path, state)
    with Client(url) as client:
        access = _login(client, state) or _register(client, state)
    with Client(url, access) as client:
        made = client.post("/v1/auth/tokens", {"name": "demo", "scopes": list(_SCOPES)})
    renewed = replace(state, token=str(made["token"]))
    write_state(path, renewed)
    return renewed


def _is_accepted(url: str, token: str) -> bool:
    try:
        with Client(url, token) as client:
            client.get("/v0/meta/bases")
    except ApiError as error:
        if error.status == _UNAUTHORIZED:
            return False
        raise
    return True


def _login(client: Client, state: DemoState) -> str | None:
    try:
        return str(client.post("/v1/auth/login", _credentials(state))["accessToken"])
    except ApiError as error:
        if error.status == _UNAUTHORIZED:
            return None
        raise


def _register(client: Client, state: DemoState) -> str:
    return str(client.post("/v1/auth/register", {**_credentials(state), "name": "Demo"})["accessToken"])


def _credentials(state: DemoState) -> Mapping[str, str]:
    return {"email": state.email, "password": state.password}


def _with_base(client: Client, state: DemoState, path: Path, url: str) -> DemoState:
    """The state with a base that is there: the one kept, one made just before a crash, or a new one."""
    if state.base_id and _is_there(client, state.base_id):
        return state
    found = _find_base(client) or _create_base(client, _first_workspace(url, state))
    renewed = replace(state, base_id=found, complete=False)
    write_state(path, renewed)
    return renewed


def _is_there(client: Client, base_id: str) -> bool:
    try:
        client.get(f"/v0/meta/bases/{base_id}/tables")
    except ApiError as error:
        if error.status in _GONE:
            return False
        raise
    return True


def _find_base(client: Client) -> str | None:
    bases = _objects(client.get("/v0/meta/bases"), "bases")
    return next((str(base["id"]) for base in bases if base["name"] == BASE_NAME), None)


def _first_workspace(url: str, state: DemoState) -> str:
    """Asked with a login: a personal access token's scopes do not reach workspaces."""
    with Client(url) as client:
        access = str(client.post("/v1/auth/login", _credentials(state))["accessToken"])
    with Client(url, access) as client:
        return str(_objects(client.get("/v1/workspaces"), "workspaces")[0]["id"])


def _create_base(client: Client, workspace_id: str) -> str:
    tables = [table.definition() for table in TABLES]
    made = client.post("/v0/meta/bases", {"name": BASE_NAME, "workspaceId": workspace_id, "tables": tables})
    return str(made["id"])


def _complete(
    client: Client, base_id: str, table: DemoTable, rows: Sequence[Cells], on_progress: OnProgress
) -> None:
    listed = client.records(base_id, table.name, **{"fields[]": KEY})
    present = {_fields(record).get(KEY) for record in listed}
    missing = [row for row in rows if row[KEY] not in present]
    done = len(rows) - len(missing)
    on_progress(table.name, done, len(rows))
    for batch in _batches(missing):
        client.create(base_id, table.name, batch)
        done += len(batch)
        on_progress(table.name, done, len(rows))


def _batches(rows: Sequence[Cells]) -> Iterator[Sequence[Cells]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _objects(body: Json, name: str) -> Sequence[Json]:
    items = body.get(name)
    return items if isinstance(items, list) else ()


def _fields(record: Json) -> Json:
    fields = record.get("fields")
    return fields if isinstance(fields, dict) else {}
