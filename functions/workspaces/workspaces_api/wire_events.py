"""The shapes of events and of the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pyairtable_common.application.audit import AuditEntry, AuditFilter, AuditPage
from pyairtable_common.application.workspace_events import EventPage, SeenEvent
from pyairtable_common.domain.clock import iso_from_ms, ms_from_iso
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.events import Kind
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.web import json_codec
from pyairtable_common.web.decoding import Query, one
from pyairtable_common.web.spreadsheet_text import csv_text

NDJSON = "application/x-ndjson; charset=utf-8"
PAGE = 100
FILE_PAGE = 1000
"""Entries of one answer, unless asked for otherwise: in JSON, and in a file, which is the most."""

_COLUMNS = (
    "sequence", "time", "actorId", "action", "resources", "source", "credentialId", "address", "changes",
)  # fmt: skip


class Format(Enum):
    JSON = "json"
    CSV = "csv"
    LINES = "jsonl"


@dataclass(frozen=True, slots=True)
class AuditQuery:
    wanted: AuditFilter
    before: int | None
    limit: int
    format: Format


def event_query_of(query: Query) -> tuple[int, int]:
    """The number to go on after, and how many. Raises ``Invalid``."""
    _require_known(query, "cursor", "limit")
    return _cursor(query) or 0, _limit(query, PAGE, PAGE)


def audit_query_of(query: Query) -> AuditQuery:
    """Raises ``Invalid``, for parameters that it does not know too: an overlooked filter shows too much."""
    _require_known(query, "actor", "action", "resource", "from", "to", "cursor", "limit", "format")
    word = one(query, "format") or Format.JSON.value
    if word not in {each.value for each in Format}:
        raise Invalid("format", f"must be one of {', '.join(each.value for each in Format)}")
    chosen = Format(word)
    wanted = AuditFilter(
        actor_id=one(query, "actor"),
        kind=_kind(query),
        resource_id=one(query, "resource"),
        from_ms=_moment(query, "from"),
        to_ms=_moment(query, "to"),
    )
    usual = PAGE if chosen is Format.JSON else FILE_PAGE
    return AuditQuery(wanted, _cursor(query), _limit(query, usual, FILE_PAGE), chosen)


def cursor_text(sequence: int) -> str:
    """Opaque to callers."""
    return f"evt{sequence:012d}"


def events_json(page: EventPage) -> JSONObject:
    """The cursor is always there: whoever has read everything asks again later."""
    return {
        "events": [_event_json(seen) for seen in page.events],
        "cursor": cursor_text(page.last),
        "mightHaveMore": page.more,
    }


def audit_json(page: AuditPage) -> JSONObject:
    return {
        "entries": [_entry_json(entry) for entry in page.entries],
        "cursor": None if page.before is None else cursor_text(page.before),
    }


def audit_lines(page: AuditPage) -> str:
    return "".join(f"{json_codec.encode(_entry_json(entry))}\n" for entry in page.entries)


def audit_csv(page: AuditPage) -> str:
    return csv_text(_COLUMNS, (_cells(entry) for entry in page.entries))


def _event_json(seen: SeenEvent) -> JSONObject:
    event = seen.event
    if event is None:
        return {"sequence": seen.sequence, "kind": "withheld"}
    return {
        "sequence": event.sequence,
        "kind": event.kind.value,
        "time": iso_from_ms(event.at_ms),
        "actorId": event.actor_id,
        "source": event.caller.source.value,
        "changes": event.data,
    }


def _entry_json(entry: AuditEntry) -> JSONObject:
    event = entry.event
    return {
        "sequence": event.sequence,
        "time": iso_from_ms(event.at_ms),
        "actorId": event.actor_id,
        "action": event.kind.value,
        "resources": entry.resources,
        "source": event.caller.source.value,
        "credentialId": event.caller.credential_id,
        "address": event.caller.address,
        "changes": event.data,
    }


def _cells(entry: AuditEntry) -> Sequence[str]:
    event = entry.event
    # A spreadsheet that splits at semicolons would begin a cell behind each, quoted or not.
    changes = json_codec.encode(event.data).replace(";", "\\u003b")
    return [
        str(event.sequence),
        iso_from_ms(event.at_ms),
        event.actor_id,
        event.kind.value,
        " ".join(entry.resources),
        event.caller.source.value,
        event.caller.credential_id or "",
        event.caller.address or "",
        changes,
    ]


def _require_known(query: Query, *names: str) -> None:
    for name in query:
        if name not in names:
            raise Invalid(name[:60], "is not a parameter of this call")


def _cursor(query: Query) -> int | None:
    text = one(query, "cursor")
    if text is None:
        return None
    digits = text.removeprefix("evt")
    if digits == text or len(digits) != 12 or not digits.isdecimal() or not digits.isascii():
        raise Invalid("cursor", "must be one that an earlier answer gave")
    return int(digits)


def _limit(query: Query, usual: int, largest: int) -> int:
    text = one(query, "limit")
    if text is None:
        return usual
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
    if not 1 <= number <= largest:
        raise Invalid("limit", f"must be 1 to {largest}")
    return number


def _kind(query: Query) -> Kind | None:
    word = one(query, "action")
    if word is not None and word not in {kind.value for kind in Kind}:
        raise Invalid("action", f"must be one of {', '.join(kind.value for kind in Kind)}")
    return None if word is None else Kind(word)


def _moment(query: Query, name: str) -> int | None:
    text = one(query, name)
    moment = None if text is None else ms_from_iso(text)
    if text is not None and moment is None:
        raise Invalid(name, "must be an ISO 8601 time with its zone")
    return moment
