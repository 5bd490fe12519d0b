"""Workspaces: who works together, and on which bases."""

from dataclasses import dataclass

from pyairtable_common.domain.permissions import Role


@dataclass(frozen=True, slots=True)
class Workspace:
    """The head of a workspace; ``sequence`` numbers the last event of its log (dense, from 1)."""

    id: str
    name: str
    sequence: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class Membership:
    """What one person may do in one workspace."""

    workspace_id: str
    user_id: str
    role: Role
