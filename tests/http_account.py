"""A new account on a running server, made over HTTP as a person's first program would make it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

SCOPES = (
    "data.records:read",
    "data.records:write",
    "schema.bases:read",
    "schema.bases:write",
    "user.email:read",
    "workspacesAndBases:read",
    "workspacesAndBases:write",
)
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class HttpAccount:
    """Somebody with a workspace and a personal access token for all of it."""

    url: str
    user_id: str
    email: str
    workspace_id: str
    session_token: str
    token: str


def open_account(url: str) -> HttpAccount:
    """Registers a new person on the server at ``url``."""
    email = f"{uuid4().hex}@example.org"
    draft = {"email": email, "password": "violet kettle under seven moons", "name": "Ada"}
    made = _post(f"{url}/v1/auth/register", draft, token="")
    session_token: str = made["accessToken"]
    return HttpAccount(
        url,
        made["user"]["id"],
        email,
        made["workspace"]["id"],
        session_token,
        make_token(url, session_token, SCOPES),
    )


def make_token(url: str, session_token: str, scopes: Sequence[str]) -> str:
    """A personal access token with these scopes only."""
    body = {"name": "client", "scopes": list(scopes)}
    return str(_post(f"{url}/v1/auth/tokens", body, session_token)["token"])


def _post(url: str, body: object, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.post(url, json=body, headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False)
    assert answer.status_code == 201, answer.text
    return answer.json()
