"""The users service's wire shapes: see ``users_api.wire`` and its neighbours."""

from openapi.shapes import (
    MOMENT,
    TEXT,
    TITLE,
    Operation,
    Operations,
    Properties,
    Schema,
    Service,
    array,
    closed,
    identifier,
    nullable,
    ref,
)
from pyairtable_common.domain import errors

_PERSON: Properties = {
    "id": identifier("usr"),
    "name": TEXT,
    "locale": nullable(TEXT),
    "timeZone": nullable(TEXT),
    "bio": nullable(TEXT),
}
_LOCALE: Schema = {"type": "string", "pattern": "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$"}
_TIME_ZONE: Schema = {"type": "string", "description": "A zone of the IANA database, such as Europe/Paris."}
_NAMESPACE = "^[A-Za-z][A-Za-z0-9._-]{0,63}$"
_VERSION: Schema = {"type": "integer", "minimum": 0, "description": "The version that was read."}
_ANY_OBJECT: Schema = {"type": "object"}
_BOUNDS = "At most 64 KB as JSON, nested at most 10 deep."
_REPLACED: Schema = {
    "type": "object",
    "patternProperties": {_NAMESPACE: _ANY_OBJECT},
    "additionalProperties": False,
    "description": _BOUNDS,
}
_MERGED: Schema = {
    "type": "object",
    "patternProperties": {_NAMESPACE: {"type": ["object", "null"]}},
    "additionalProperties": {"type": "null"},
    "description": f"Merged at every depth (RFC 7396): null removes. {_BOUNDS}",
}

_DELETION = closed({"deletionTime": MOMENT, "postponedBecause": nullable(TEXT)})
_EXPORTED_SESSION = closed(
    {
        "id": identifier("ses"),
        "createdTime": MOMENT,
        "lastUsedTime": MOMENT,
        "expiresTime": MOMENT,
        "device": TEXT,
        "address": TEXT,
    }
)
_EXPORTED_TOKEN = closed(
    {
        "id": identifier("pat"),
        "name": TEXT,
        "scopes": array(TEXT),
        "resources": nullable(array(identifier("app", "wsp"))),
        "createdTime": MOMENT,
        "expiresTime": nullable(MOMENT),
    }
)
_EXPORTED_WORKSPACE = closed({"id": identifier("wsp"), "name": TEXT, "createdTime": MOMENT, "role": TEXT})

_SCHEMAS: Properties = {
    "Export": closed(
        {
            "sessions": array(_EXPORTED_SESSION),
            "tokens": array(_EXPORTED_TOKEN),
            "workspaces": array(_EXPORTED_WORKSPACE),
        },
        {
            "profile": ref("Profile"),
            "preferences": _ANY_OBJECT,
            "deletion": nullable(_DELETION),
            "cursor": TEXT,
        },
    ),
    "Profile": closed({**_PERSON, "createdTime": MOMENT}, {"email": TEXT}),
    "Person": closed(_PERSON, {"email": TEXT}),
    "Preferences": closed({"version": _VERSION, "preferences": _ANY_OBJECT}),
}

_OPERATIONS: Operations = {
    ("GET", "/v1/users/me"): Operation("One's own profile", {200: ref("Profile")}),
    ("PATCH", "/v1/users/me"): Operation(
        "Change one's profile; null takes a value back",
        {200: ref("Profile")},
        body=closed(
            {},
            {
                "name": TITLE,
                "locale": nullable(_LOCALE),
                "timeZone": nullable(_TIME_ZONE),
                "bio": nullable({"type": "string", "maxLength": 1000}),
            },
            minProperties=1,
        ),
    ),
    ("GET", "/v1/users/me/export"): Operation(
        "Everything that is kept of oneself, in pages",
        {200: ref("Export")},
        query={"cursor": {"type": "string", "maxLength": 64}},
        errors=[errors.Invalid],
    ),
    ("DELETE", "/v1/users/me"): Operation(
        "Ask for the deletion of one's account, after a time to think again",
        {202: _DELETION},
        errors=[errors.OwnershipRequired],
        idempotent=True,
    ),
    ("POST", "/v1/users/me/restore"): Operation(
        "Think again",
        {200: ref("Profile")},
        errors=[errors.DeletionUnderWay],
    ),
    ("GET", "/v1/users/me/preferences"): Operation(
        "What clients remember for oneself", {200: ref("Preferences")}
    ),
    ("PUT", "/v1/users/me/preferences"): Operation(
        "Replace all of it",
        {200: ref("Preferences")},
        body=closed({"preferences": _REPLACED}, {"version": _VERSION}),
        errors=[errors.VersionMismatch],
        idempotent=True,
    ),
    ("PATCH", "/v1/users/me/preferences"): Operation(
        "Merge into it",
        {200: ref("Preferences")},
        body=closed({"preferences": _MERGED}, {"version": _VERSION}),
        errors=[errors.VersionMismatch],
        idempotent=True,
    ),
    ("GET", "/v1/users"): Operation(
        "Look for people with whom one shares a workspace",
        {200: closed({"users": array(ref("Person"))}, {"cursor": TEXT})},
        query={
            "query": {"type": "string", "maxLength": 200},
            "workspace": identifier("wsp"),
            "cursor": TEXT,
            "pageSize": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
        },
        errors=[errors.Invalid],
    ),
    ("GET", "/v1/users/{user}"): Operation("One of them", {200: ref("Person")}),
}

SERVICE = Service(_OPERATIONS, _SCHEMAS)
