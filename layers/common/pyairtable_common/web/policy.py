"""Which credential, scope and role each route requires: one table, all services.

A route without a row fails when its service is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pyairtable_common.domain.permissions import Role, Scope


class Gate(Enum):
    """What must be established before a view runs."""

    OPEN = "nobody in particular"
    SESSION = "a signed-in person; no personal access token"
    PERSON = "a session or a personal access token"
    WORKSPACE = "a member of the workspace in the path"
    NAMED_WORKSPACE = "a member of the workspace that the body names"
    BASE = "a member of the base in the path"


@dataclass(frozen=True, slots=True)
class Policy:
    gate: Gate
    scope: Scope | None = None
    role: Role | None = None


def _base(scope: Scope, role: Role) -> Policy:
    return Policy(Gate.BASE, scope, role)


def _workspace(scope: Scope, role: Role) -> Policy:
    return Policy(Gate.WORKSPACE, scope, role)


_OPEN = Policy(Gate.OPEN)
_SESSION = Policy(Gate.SESSION)
_MEMBER = "/v1/workspaces/{workspace}/members/{user}"
_INVITES = "/v1/workspaces/{workspace}/invites"
_COLLABORATORS = "/v1/workspaces/{workspace}/bases/{base}/collaborators"
_RECORDS = "/v0/{base}/{table}"
_RECORD = "/v0/{base}/{table}/{record}"
_TABLES = "/v0/meta/bases/{base}/tables"
_TABLE = "/v0/meta/bases/{base}/tables/{table}"
_READ_RECORDS = _base(Scope.RECORDS_READ, Role.READ)
_WRITE_RECORDS = _base(Scope.RECORDS_WRITE, Role.EDITOR)
_WRITE_BASE = _base(Scope.WORKSPACES_WRITE, Role.CREATOR)
_WRITE_SCHEMA = _base(Scope.SCHEMA_WRITE, Role.CREATOR)

POLICIES: Mapping[tuple[str, str], Policy] = {
    ("POST", "/v1/auth/register"): _OPEN,
    ("POST", "/v1/auth/login"): _OPEN,
    ("POST", "/v1/auth/refresh"): _OPEN,
    ("POST", "/v1/auth/logout"): _SESSION,
    ("POST", "/v1/auth/logout-all"): _SESSION,
    ("GET", "/v1/auth/sessions"): _SESSION,
    ("DELETE", "/v1/auth/sessions/{session}"): _SESSION,
    ("POST", "/v1/auth/verify-email"): _OPEN,
    ("POST", "/v1/auth/verify-email/resend"): _OPEN,
    ("POST", "/v1/auth/password/forgot"): _OPEN,
    ("POST", "/v1/auth/password/reset"): _OPEN,
    ("POST", "/v1/auth/password/change"): _SESSION,
    ("GET", "/.well-known/jwks.json"): _OPEN,
    ("GET", "/v1/auth/me"): Policy(Gate.PERSON),
    ("GET", "/v1/auth/tokens"): _SESSION,
    ("POST", "/v1/auth/tokens"): _SESSION,
    ("GET", "/v1/auth/tokens/{token}"): _SESSION,
    ("PATCH", "/v1/auth/tokens/{token}"): _SESSION,
    ("DELETE", "/v1/auth/tokens/{token}"): _SESSION,
    ("POST", "/v1/auth/tokens/{token}/regenerate"): _SESSION,
    ("POST", "/v1/auth/introspect"): Policy(Gate.PERSON),
    ("POST", "/v1/auth/mfa/totp"): _SESSION,
    ("POST", "/v1/auth/mfa/totp/confirm"): _SESSION,
    ("DELETE", "/v1/auth/mfa/totp"): _SESSION,
    ("POST", "/v1/auth/mfa/recovery-codes"): _SESSION,
    ("GET", "/v1/users/me"): Policy(Gate.PERSON),
    ("PATCH", "/v1/users/me"): _SESSION,
    ("DELETE", "/v1/users/me"): _SESSION,
    ("POST", "/v1/users/me/restore"): _SESSION,
    ("GET", "/v1/users/me/export"): _SESSION,
    ("GET", "/v1/users/me/preferences"): _SESSION,
    ("PUT", "/v1/users/me/preferences"): _SESSION,
    ("PATCH", "/v1/users/me/preferences"): _SESSION,
    ("GET", "/v1/users"): Policy(Gate.PERSON, Scope.WORKSPACES_READ),
    ("GET", "/v1/users/{user}"): Policy(Gate.PERSON, Scope.WORKSPACES_READ),
    ("GET", "/v1/workspaces"): Policy(Gate.PERSON, Scope.WORKSPACES_READ),
    ("POST", "/v1/workspaces"): Policy(Gate.PERSON, Scope.WORKSPACES_WRITE),
    ("GET", "/v1/workspaces/{workspace}"): _workspace(Scope.WORKSPACES_READ, Role.READ),
    ("PATCH", "/v1/workspaces/{workspace}"): _workspace(Scope.WORKSPACES_WRITE, Role.OWNER),
    ("GET", "/v1/workspaces/slug-available"): Policy(Gate.PERSON, Scope.WORKSPACES_READ),
    ("POST", "/v1/workspaces/{workspace}/transfer-ownership"): _workspace(Scope.WORKSPACES_WRITE, Role.OWNER),
    ("PATCH", _MEMBER): _workspace(Scope.WORKSPACES_WRITE, Role.CREATOR),
    ("DELETE", _MEMBER): _workspace(Scope.WORKSPACES_WRITE, Role.READ),
    ("GET", "/v1/workspaces/{workspace}/members"): _workspace(Scope.WORKSPACES_READ, Role.READ),
    ("POST", "/v1/workspaces/{workspace}/members"): _workspace(Scope.WORKSPACES_WRITE, Role.OWNER),
    ("GET", _INVITES): _workspace(Scope.WORKSPACES_READ, Role.CREATOR),
    ("POST", _INVITES): _workspace(Scope.WORKSPACES_WRITE, Role.CREATOR),
    ("DELETE", f"{_INVITES}/{{invite}}"): _workspace(Scope.WORKSPACES_WRITE, Role.CREATOR),
    ("POST", f"{_INVITES}/{{invite}}/resend"): _workspace(Scope.WORKSPACES_WRITE, Role.CREATOR),
    ("GET", _COLLABORATORS): _workspace(Scope.WORKSPACES_READ, Role.READ),
    ("POST", _COLLABORATORS): _workspace(Scope.WORKSPACES_WRITE, Role.CREATOR),
    ("PATCH", f"{_COLLABORATORS}/{{user}}"): _workspace(Scope.WORKSPACES_WRITE, Role.CREATOR),
    ("DELETE", f"{_COLLABORATORS}/{{user}}"): _workspace(Scope.WORKSPACES_WRITE, Role.CREATOR),
    ("POST", "/v1/invites/{token}/accept"): _SESSION,
    ("POST", "/v1/invites/{token}/decline"): _OPEN,
    ("GET", "/v1/workspaces/{workspace}/events"): _workspace(Scope.WORKSPACES_READ, Role.READ),
    ("GET", "/v1/workspaces/{workspace}/audit"): _workspace(Scope.WORKSPACES_READ, Role.OWNER),
    ("GET", "/v0/meta/whoami"): Policy(Gate.PERSON),
    ("GET", "/v0/meta/bases"): Policy(Gate.PERSON, Scope.SCHEMA_READ),
    ("POST", "/v0/meta/bases"): Policy(Gate.NAMED_WORKSPACE, Scope.SCHEMA_WRITE, Role.CREATOR),
    ("POST", "/v0/meta/bases/{base}/collaborators"): _WRITE_BASE,
    ("PATCH", "/v0/meta/bases/{base}/collaborators/{user}"): _WRITE_BASE,
    ("DELETE", "/v0/meta/bases/{base}/collaborators/{user}"): _WRITE_BASE,
    ("GET", _TABLES): _base(Scope.SCHEMA_READ, Role.READ),
    ("POST", _TABLES): _WRITE_SCHEMA,
    ("PATCH", _TABLE): _WRITE_SCHEMA,
    ("POST", f"{_TABLE}/fields"): _WRITE_SCHEMA,
    ("PATCH", f"{_TABLE}/fields/{{field}}"): _WRITE_SCHEMA,
    ("GET", _RECORDS): _READ_RECORDS,
    ("POST", f"{_RECORDS}/listRecords"): _READ_RECORDS,
    ("POST", _RECORDS): _WRITE_RECORDS,
    ("PATCH", _RECORDS): _WRITE_RECORDS,
    ("PUT", _RECORDS): _WRITE_RECORDS,
    ("DELETE", _RECORDS): _WRITE_RECORDS,
    ("GET", _RECORD): _READ_RECORDS,
    ("PATCH", _RECORD): _WRITE_RECORDS,
    ("PUT", _RECORD): _WRITE_RECORDS,
    ("DELETE", _RECORD): _WRITE_RECORDS,
}
