"""Events: what happened in a base or workspace, in an order without gaps."""

from dataclasses import dataclass
from enum import Enum

from pyairtable_common.domain.jsonvalue import JSONObject


class Kind(Enum):
    """What an event says; past tense. The value is stored."""

    BASE_CREATED = "base.created"
    TABLES_CHANGED = "tables.changed"
    RECORDS_CHANGED = "records.changed"
    WORKSPACE_CREATED = "workspace.created"
    WORKSPACE_CHANGED = "workspace.changed"
    WORKSPACE_BASES_CHANGED = "workspace.bases.changed"
    MEMBERS_CHANGED = "workspace.members.changed"
    INVITES_CHANGED = "workspace.invites.changed"
    COLLABORATORS_CHANGED = "workspace.collaborators.changed"


class Source(Enum):
    """By which way a change came in (Airtable Web API, "Webhooks payload"). The value is stored."""

    CLIENT = "client"
    PUBLIC_API = "publicApi"
    SYSTEM = "system"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a change came from: the way, the session or token that asked (its id), and from which address.

    ``CLIENT`` is a person's session, ``PUBLIC_API`` a personal access token, ``SYSTEM`` nobody's
    request, ``UNKNOWN`` what was written before this was noted.
    """

    source: Source
    credential_id: str | None = None
    address: str | None = None


SYSTEM = Caller(Source.SYSTEM)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a log, in the newest form of its kind (``repositories.upcasters``).

    ``operation_id`` is the writer's own: finding it at ``sequence`` tells a writer
    whose answer was lost that it succeeded. ``data`` holds ``before`` and
    ``after`` of what changed, by id.
    """

    sequence: int
    kind: Kind
    actor_id: str
    operation_id: str
    at_ms: int
    data: JSONObject
    caller: Caller = SYSTEM


@dataclass(frozen=True, slots=True)
class Operation:
    """One wish of one caller, however often it is tried.

    ``id`` is the same in every attempt, so that nothing happens twice.
    ``fingerprint`` digests the request if the client gave an ``Idempotency-Key``:
    then the answer is kept for its repeats, and another request under the same
    key is refused.
    """

    id: str
    actor_id: str
    at_ms: int
    fingerprint: str | None = None
    caller: Caller = SYSTEM

    def event(self, sequence: int, kind: Kind, data: JSONObject) -> Event:
        """What a log tells of it."""
        return Event(sequence, kind, self.actor_id, self.id, self.at_ms, data, self.caller)
