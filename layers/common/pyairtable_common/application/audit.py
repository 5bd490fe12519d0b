"""The audit trail of a workspace: who did what to what, and from where.

It is the workspace's event log, read backwards: what is not in the one cannot be
missing in the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.events import Event, Kind
from pyairtable_common.domain.jsonvalue import JSONObject, is_object
from pyairtable_common.repositories.event_log import read_events
from pyairtable_common.repositories.ports import Table

EXAMINED = 1000
"""Events that one call looks at, whatever it finds among them."""

_AT_ONCE = 100
_DISORDER_MS = 3600 * 1000
_OF_A_CHANGE = frozenset({"before", "after"})


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Everything given must hold. Times are epoch milliseconds, ``from_ms`` and later, before ``to_ms``."""

    actor_id: str | None = None
    kind: Kind | None = None
    resource_id: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None

    def admits(self, entry: "AuditEntry") -> bool:
        event = entry.event
        return (
            self.actor_id in (None, event.actor_id)
            and self.kind in (None, event.kind)
            and (self.resource_id is None or self.resource_id in entry.resources)
            and (self.from_ms is None or self.from_ms <= event.at_ms)
            and (self.to_ms is None or event.at_ms < self.to_ms)
        )

    def is_over_at(self, event: Event) -> bool:
        """Whether nothing older can be admitted.

        An event's time is when its operation began, so that the log's order may differ from it, by far less.
        """
        return self.from_ms is not None and event.at_ms < self.from_ms - _DISORDER_MS


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event, and the ids of what it happened to: people, bases, invites, or the workspace itself."""

    event: Event
    resources: Sequence[str]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first; older ones are below ``before``, and there are none if it is ``None``."""

    entries: Sequence[AuditEntry]
    before: int | None


def read_audit(access: WorkspaceAccess, wanted: AuditFilter, before: int | None, limit: int) -> AuditPage:
    """The newest entries below ``before``. Looks at ``EXAMINED`` events: a page may be short, even empty."""
    newest = access.workspace.sequence if before is None else min(before - 1, access.workspace.sequence)
    oldest = max(newest - EXAMINED + 1, 1)
    entries: list[AuditEntry] = []
    for event in _newest_first(access, newest, oldest):
        if wanted.is_over_at(event):
            return AuditPage(entries, None)
        entry = AuditEntry(event, _resources(access.workspace.id, event))
        if wanted.admits(entry):
            entries.append(entry)
        if len(entries) == limit:
            return AuditPage(entries, _unless_first(event.sequence))
    return AuditPage(entries, _unless_first(oldest))


def _newest_first(access: WorkspaceAccess, newest: int, oldest: int) -> Iterator[Event]:
    for last in range(newest, oldest - 1, -_AT_ONCE):
        after = max(last - _AT_ONCE, oldest - 1)
        events = read_events(access.store, Table.TENANCY, access.workspace.id, after, last)
        yield from reversed(list(events))


def _resources(workspace_id: str, event: Event) -> Sequence[str]:
    """The ids of everything that the event tells of, outer ones first."""
    ids = list(_ids_in(event.data))
    is_its_own = event.kind is Kind.WORKSPACE_CREATED or not ids
    return [workspace_id, *ids] if is_its_own else ids


def _ids_in(data: JSONObject) -> Iterator[str]:
    """By id, at any depth, until a change says what was before and is after."""
    for changes in data.values():
        if is_object(changes) and not data.keys() & _OF_A_CHANGE:
            yield from _ids_of(changes)


def _ids_of(changes: JSONObject) -> Iterator[str]:
    for resource_id, change in changes.items():
        yield resource_id
        if is_object(change) and not change.keys() & _OF_A_CHANGE:
            yield from _ids_of(change)


def _unless_first(sequence: int) -> int | None:
    return sequence if sequence > 1 else None
