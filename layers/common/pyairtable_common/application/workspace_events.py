"""The events of a workspace, oldest first: a copy that is kept by following them misses nothing.

The log is dense, and stays so for everybody: an event that one's role may not see
keeps its place and tells nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.events import Event, Kind
from pyairtable_common.domain.permissions import Role
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import Table

SEEN_FROM: Mapping[Kind, Role] = {
    Kind.WORKSPACE_CREATED: Role.READ,
    Kind.WORKSPACE_CHANGED: Role.READ,
    Kind.WORKSPACE_BASES_CHANGED: Role.READ,
    Kind.MEMBERS_CHANGED: Role.READ,
    Kind.COLLABORATORS_CHANGED: Role.READ,
    Kind.INVITES_CHANGED: Role.CREATOR,
}
"""The least role that sees events of a kind: the one that may list what they tell of. Else, an owner's."""


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """The event of this number; ``None`` where the reader may not see it."""

    sequence: int
    event: Event | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Consecutive events; the next page begins after ``last``."""

    events: Sequence[SeenEvent]
    last: int
    more: bool


def follow_events(access: WorkspaceAccess, after: int, limit: int) -> EventPage:
    """Up to ``limit`` events after this number, as of now."""
    newest = access.workspace.sequence
    until = min(after + limit, newest)
    found = list(read_events(access.store, Table.TENANCY, access.workspace.id, after, until))
    events = [SeenEvent(one.sequence, one if _is_seen(one.kind, access.role) else None) for one in found]
    last = max(after, until)
    return EventPage(events, last, last < newest)


def _is_seen(kind: Kind, role: Role) -> bool:
    return role >= SEEN_FROM.get(kind, Role.OWNER)
