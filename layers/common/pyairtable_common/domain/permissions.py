"""Who may do what: roles, scopes and principals.

A call needs three things at once: the token's scope, the token's resource grant,
and the user's own role at this moment (Airtable Web API, "Authentication").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum


class Role(IntEnum):
    """What a person may do in a workspace or base; each role may all that a lesser one may."""

    READ = 1
    COMMENTER = 2
    EDITOR = 3
    CREATOR = 4
    OWNER = 5

    @property
    def word(self) -> str:
        """The name in the native API: ``read``, ``commenter``, ``editor``, ``creator``, ``owner``."""
        return self.name.lower()

    @property
    def permission_level(self) -> str:
        """Airtable's ``permissionLevel``."""
        return _PERMISSION_LEVELS[self]


_PERMISSION_LEVELS = {
    Role.READ: "read",
    Role.COMMENTER: "comment",
    Role.EDITOR: "edit",
    Role.CREATOR: "create",
    Role.OWNER: "create",
}


def role_of_word(word: str) -> Role | None:
    return next((role for role in Role if role.word == word), None)


class Scope(Enum):
    """What a token was made for (Airtable Web API, "Scopes"); a session has them all."""

    RECORDS_READ = "data.records:read"
    RECORDS_WRITE = "data.records:write"
    COMMENTS_READ = "data.recordComments:read"
    COMMENTS_WRITE = "data.recordComments:write"
    SCHEMA_READ = "schema.bases:read"
    SCHEMA_WRITE = "schema.bases:write"
    WEBHOOK_MANAGE = "webhook:manage"
    EMAIL_READ = "user.email:read"
    WORKSPACES_READ = "workspacesAndBases:read"
    WORKSPACES_WRITE = "workspacesAndBases:write"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, and with what.

    ``credential_id`` is the personal access token's or the session's id.
    ``resources`` are the workspace and base ids a token may touch; ``None`` is
    all that its owner can. A session is neither limited by scope nor by resource.
    """

    user_id: str
    credential_id: str
    scopes: frozenset[Scope]
    resources: frozenset[str] | None
    is_session: bool

    def has(self, scope: Scope) -> bool:
        return scope in self.scopes

    def may_touch(self, *ids: str) -> bool:
        """True if the token's grant names one of ``ids`` (a base and its workspace, say)."""
        return self.resources is None or not self.resources.isdisjoint(ids)


def scopes_of_words(words: Iterable[str]) -> frozenset[Scope]:
    """The scopes of these names; ``ValueError`` names the first that is none."""
    return frozenset(Scope(word) for word in words)
