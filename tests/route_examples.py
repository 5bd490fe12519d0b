"""A request for every route that would be answered with success, or as near to it as can be.

A route without an entry fails the tests that go through all routes: whoever adds one adds it here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pyairtable_common.domain.permissions import Role
from world import PASSWORD

Ids: TypeAlias = Mapping[str, str]


def nothing(_: Ids) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Example:
    """``statuses`` are the answers to whoever may. ``body`` and ``query`` are made of the target's ids.

    ``path`` has other values of path parameters, made of the ids too. ``role`` is for a use case
    that asks more than its route's policy does, ``unbound`` for one that no token limited
    to resources may do.
    """

    statuses: Sequence[int] = (200,)
    body: Callable[[Ids], object] = nothing
    query: Callable[[Ids], Sequence[tuple[str, str]]] = lambda _: ()
    path: Mapping[str, str] = field(default_factory=dict)
    role: Role | None = None
    unbound: bool = False

    def path_of(self, path: str, ids: Ids) -> str:
        return path.format(**{**ids, **{name: value.format(**ids) for name, value in self.path.items()}})


def plain(**body: object) -> Callable[[Ids], object]:
    return lambda _: body


NEW_PASSWORD = "eleven orange bicycles at dawn"
_TABLE = {"name": "More", "fields": [{"name": "Name", "type": "singleLineText"}]}
_TABLES = "/v0/meta/bases/{base}/tables"
_RECORDS = "/v0/{base}/{table}"
_RECORD = "/v0/{base}/{table}/{record}"
_MEMBERS = "/v1/workspaces/{workspace}/members"
_COLLABORATORS = "/v1/workspaces/{workspace}/bases/{base}/collaborators"
_BASE_COLLABORATORS = "/v0/meta/bases/{base}/collaborators"
_COLLABORATOR = {"user": "{collaborator}"}
_INVITES = "/v1/workspaces/{workspace}/invites"
_CELLS = {"Name": "Grace"}


def _rows(ids: Ids) -> object:
    return {"records": [{"id": ids["record"], "fields": _CELLS}]}


EXAMPLES: Mapping[tuple[str, str], Example] = {
    ("POST", "/v1/auth/register"): Example(
        (201,), plain(email="new@example.org", password=NEW_PASSWORD, name="New")
    ),
    ("POST", "/v1/auth/login"): Example((401,), plain(email="nobody@example.org", password=PASSWORD)),
    ("POST", "/v1/auth/refresh"): Example((401,), plain(refreshToken="none")),
    ("POST", "/v1/auth/logout"): Example(),
    ("POST", "/v1/auth/logout-all"): Example(),
    ("GET", "/v1/auth/sessions"): Example(),
    ("DELETE", "/v1/auth/sessions/{session}"): Example(),
    ("POST", "/v1/auth/verify-email"): Example((422,), plain(token="none")),
    ("POST", "/v1/auth/verify-email/resend"): Example((202,), plain(email="nobody@example.org")),
    ("POST", "/v1/auth/password/forgot"): Example((202,), plain(email="nobody@example.org")),
    ("POST", "/v1/auth/password/reset"): Example((422,), plain(token="none", password=NEW_PASSWORD)),
    ("POST", "/v1/auth/password/change"): Example(body=plain(oldPassword=PASSWORD, password=NEW_PASSWORD)),
    ("GET", "/.well-known/jwks.json"): Example(),
    ("GET", "/v1/auth/me"): Example(),
    ("GET", "/v1/auth/tokens"): Example(),
    ("POST", "/v1/auth/tokens"): Example((201,), plain(name="t", scopes=["data.records:read"])),
    ("GET", "/v1/auth/tokens/{token}"): Example(),
    ("PATCH", "/v1/auth/tokens/{token}"): Example(body=plain(name="another")),
    ("DELETE", "/v1/auth/tokens/{token}"): Example(),
    ("POST", "/v1/auth/tokens/{token}/regenerate"): Example(),
    ("POST", "/v1/auth/introspect"): Example(body=plain(token="none")),
    ("POST", "/v1/auth/mfa/totp"): Example((201,), plain(password=PASSWORD)),
    ("POST", "/v1/auth/mfa/totp/confirm"): Example((409,), plain(code="123456")),
    ("DELETE", "/v1/auth/mfa/totp"): Example((409,), plain(password=PASSWORD)),
    ("POST", "/v1/auth/mfa/recovery-codes"): Example((409,), plain(password=PASSWORD)),
    ("GET", "/v1/users/me"): Example(),
    ("PATCH", "/v1/users/me"): Example(body=plain(name="Another")),
    ("DELETE", "/v1/users/me"): Example((202, 409)),
    ("POST", "/v1/users/me/restore"): Example(),
    ("GET", "/v1/users/me/export"): Example(),
    ("GET", "/v1/users/me/preferences"): Example(),
    ("PUT", "/v1/users/me/preferences"): Example(body=plain(preferences={"grid": {"wide": True}})),
    ("PATCH", "/v1/users/me/preferences"): Example(body=plain(preferences={"grid": {"wide": True}})),
    ("GET", "/v1/users"): Example(query=lambda ids: [("workspace", ids["workspace"])]),
    ("GET", "/v1/users/{user}"): Example(),
    ("GET", "/v1/workspaces"): Example(),
    ("POST", "/v1/workspaces"): Example((201,), plain(name="One more"), unbound=True),
    ("GET", "/v1/workspaces/slug-available"): Example(query=lambda _: [("slug", "a-new-one")]),
    ("GET", "/v1/workspaces/{workspace}"): Example(),
    ("GET", "/v1/workspaces/{workspace}/events"): Example(),
    ("GET", "/v1/workspaces/{workspace}/audit"): Example(),
    ("PATCH", "/v1/workspaces/{workspace}"): Example(body=plain(name="Another")),
    ("POST", "/v1/workspaces/{workspace}/transfer-ownership"): Example(
        body=lambda ids: {"userId": ids["user"]}
    ),
    ("GET", _MEMBERS): Example(),
    ("POST", _MEMBERS): Example((201,), lambda ids: {"userId": ids["newcomer"], "role": "read"}),
    ("PATCH", f"{_MEMBERS}/{{user}}"): Example(body=plain(role="commenter")),
    ("DELETE", f"{_MEMBERS}/{{user}}"): Example(role=Role.CREATOR),
    ("GET", _COLLABORATORS): Example(),
    ("POST", _COLLABORATORS): Example((201,), lambda ids: {"userId": ids["newcomer"], "role": "read"}),
    ("PATCH", f"{_COLLABORATORS}/{{user}}"): Example(body=plain(role="read"), path=_COLLABORATOR),
    ("DELETE", f"{_COLLABORATORS}/{{user}}"): Example(path=_COLLABORATOR),
    ("GET", _INVITES): Example(),
    ("POST", _INVITES): Example((201,), plain(email="guest@example.org", role="read")),
    ("DELETE", f"{_INVITES}/{{invite}}"): Example(),
    ("POST", f"{_INVITES}/{{invite}}/resend"): Example(),
    ("POST", "/v1/invites/{token}/accept"): Example((422,), path={"token": "none"}),
    ("POST", "/v1/invites/{token}/decline"): Example((422,), path={"token": "none"}),
    ("GET", "/v0/meta/whoami"): Example(),
    ("GET", "/v0/meta/bases"): Example(),
    ("POST", "/v0/meta/bases"): Example(
        body=lambda ids: {"name": "More", "workspaceId": ids["workspace"], "tables": [_TABLE]}
    ),
    ("POST", _BASE_COLLABORATORS): Example(
        body=lambda ids: {"collaborators": [{"user": {"id": ids["newcomer"]}, "permissionLevel": "read"}]}
    ),
    ("PATCH", f"{_BASE_COLLABORATORS}/{{user}}"): Example(
        body=plain(permissionLevel="read"), path=_COLLABORATOR
    ),
    ("DELETE", f"{_BASE_COLLABORATORS}/{{user}}"): Example(path=_COLLABORATOR),
    ("GET", _TABLES): Example(),
    ("POST", _TABLES): Example(body=plain(**_TABLE)),
    ("PATCH", f"{_TABLES}/{{table}}"): Example(body=plain(name="Another")),
    ("POST", f"{_TABLES}/{{table}}/fields"): Example(body=plain(name="Two", type="singleLineText")),
    ("PATCH", f"{_TABLES}/{{table}}/fields/{{field}}"): Example(body=plain(name="Another")),
    ("GET", _RECORDS): Example(),
    ("POST", f"{_RECORDS}/listRecords"): Example(body=plain()),
    ("POST", _RECORDS): Example(body=plain(fields=_CELLS)),
    ("PATCH", _RECORDS): Example(body=_rows),
    ("PUT", _RECORDS): Example(body=_rows),
    ("DELETE", _RECORDS): Example(query=lambda ids: [("records[]", ids["record"])]),
    ("GET", _RECORD): Example(),
    ("PATCH", _RECORD): Example(body=plain(fields=_CELLS)),
    ("PUT", _RECORD): Example(body=plain(fields=_CELLS)),
    ("DELETE", _RECORD): Example(),
}
