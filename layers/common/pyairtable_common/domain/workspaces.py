"""Workspaces: who works together, and on which bases."""

import re
from dataclasses import dataclass

from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.permissions import Role

_SLUG = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LONGEST_ICON = 32


@dataclass(frozen=True, slots=True)
class Workspace:
    """The head of a workspace; ``sequence`` numbers the last event of its log (dense, from 1).

    ``slug`` is its name in addresses, unique among all workspaces; ``icon`` is an emoji or a word.
    """

    id: str
    name: str
    sequence: int
    created_ms: int
    slug: str | None = None
    icon: str | None = None


def clean_slug(text: str) -> str:
    """Raises ``Invalid`` unless it is 3 to 63 lower-case letters, digits and single inner hyphens."""
    if not _SLUG.fullmatch(text):
        raise Invalid("slug", "must be 3 to 63 lower-case letters, digits and single hyphens between them")
    return text


def clean_icon(text: str) -> str:
    """Raises ``Invalid`` for more than 32 characters."""
    if not text.strip() or len(text) > _LONGEST_ICON:
        raise Invalid("icon", f"must have 1 to {_LONGEST_ICON} characters")
    return text.strip()


@dataclass(frozen=True, slots=True)
class Membership:
    """What one person may do in one workspace."""

    workspace_id: str
    user_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Collaboration:
    """What one person may do in one base, at least."""

    workspace_id: str
    base_id: str
    user_id: str
    role: Role
