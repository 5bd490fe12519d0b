"""The wire shapes of a workspace's events and audit trail: see ``workspaces_api.wire_events``."""

from openapi.shapes import (
    FLAG,
    MOMENT,
    TEXT,
    Operation,
    Operations,
    Properties,
    Schema,
    array,
    closed,
    nullable,
    opened,
    ref,
    words,
)
from pyairtable_common.domain import errors
from pyairtable_common.domain.events import Kind, Source

_NUMBER: Schema = {"type": "integer", "minimum": 1}
_KIND = words(*(kind.value for kind in Kind))
_SOURCE = words(*(source.value for source in Source))
_CURSOR: Schema = {"type": "string", "pattern": "^evt[0-9]{12}$"}
_CHANGES = opened({})


def _up_to(largest: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": largest}


EVENT_SCHEMAS: Properties = {
    "WorkspaceEvent": closed(
        {
            "sequence": _NUMBER,
            "kind": _KIND,
            "time": MOMENT,
            "actorId": TEXT,
            "source": _SOURCE,
            "changes": _CHANGES,
        }
    ),
    "WithheldEvent": closed({"sequence": _NUMBER, "kind": {"const": "withheld"}}),
    "AuditEntry": closed(
        {
            "sequence": _NUMBER,
            "time": MOMENT,
            "actorId": TEXT,
            "action": _KIND,
            "resources": array(TEXT),
            "source": _SOURCE,
            "credentialId": nullable(TEXT),
            "address": nullable(TEXT),
            "changes": _CHANGES,
        }
    ),
}

EVENT_OPERATIONS: Operations = {
    ("GET", "/v1/workspaces/{workspace}/events"): Operation(
        "Follow what happens in a workspace, oldest first",
        {
            200: closed(
                {
                    "events": array({"anyOf": [ref("WorkspaceEvent"), ref("WithheldEvent")]}),
                    "cursor": _CURSOR,
                    "mightHaveMore": FLAG,
                }
            )
        },
        query={"cursor": _CURSOR, "limit": _up_to(100)},
        errors=[errors.Invalid],
    ),
    ("GET", "/v1/workspaces/{workspace}/audit"): Operation(
        "Who did what to what, and from where; newest first",
        {200: closed({"entries": array(ref("AuditEntry")), "cursor": nullable(_CURSOR)})},
        query={
            "actor": TEXT,
            "action": _KIND,
            "resource": TEXT,
            "from": MOMENT,
            "to": MOMENT,
            "cursor": _CURSOR,
            "limit": _up_to(1000),
            "format": words("json", "csv", "jsonl"),
        },
        errors=[errors.Invalid],
        texts=["text/csv", "application/x-ndjson"],
    ),
}
