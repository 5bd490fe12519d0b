"""The workspaces service's wire shapes: see ``workspaces_api.wire``."""

from openapi.auth import EMAIL
from openapi.shapes import (
    FLAG,
    MOMENT,
    TEXT,
    TITLE,
    TRUE,
    Operation,
    Operations,
    Properties,
    Schema,
    Service,
    array,
    closed,
    deleted,
    identifier,
    nullable,
    ref,
    words,
)
from openapi.workspace_events import EVENT_OPERATIONS, EVENT_SCHEMAS
from pyairtable_common.domain import errors
from pyairtable_common.domain.permissions import Role

_ROLE = words(*(role.word for role in Role))
_INVITES = "/v1/workspaces/{workspace}/invites"
_COLLABORATORS = "/v1/workspaces/{workspace}/bases/{base}/collaborators"
_SLUG: Schema = {
    "type": "string",
    "minLength": 3,
    "maxLength": 63,
    "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$",
}
_ICON: Schema = {"type": "string", "minLength": 1, "maxLength": 32, "pattern": r"\S"}

_SCHEMAS: Properties = {
    "Workspace": closed(
        {
            "id": identifier("wsp"),
            "name": TEXT,
            "slug": nullable(_SLUG),
            "icon": nullable(TEXT),
            "role": _ROLE,
            "createdTime": MOMENT,
        }
    ),
    "Invite": closed(
        {
            "id": identifier("inv"),
            "email": TEXT,
            "role": _ROLE,
            "invitedByUserId": identifier("usr"),
            "createdTime": MOMENT,
            "expiresTime": MOMENT,
        }
    ),
    "Membership": closed({"userId": identifier("usr"), "role": _ROLE}),
    "Member": closed({"userId": identifier("usr"), "email": TEXT, "name": TEXT, "role": _ROLE}),
}

_OPERATIONS: Operations = {
    ("GET", "/v1/workspaces"): Operation(
        "List one's workspaces", {200: closed({"workspaces": array(ref("Workspace"))})}
    ),
    ("POST", "/v1/workspaces"): Operation(
        "Make a workspace", {201: ref("Workspace")}, body=closed({"name": TITLE}), idempotent=True
    ),
    ("GET", "/v1/workspaces/slug-available"): Operation(
        "Whether a slug is free",
        {200: closed({"slug": _SLUG, "available": FLAG})},
        query={"slug": _SLUG},
        required_query=["slug"],
        errors=[errors.Invalid],
    ),
    ("PATCH", "/v1/workspaces/{workspace}"): Operation(
        "Change its name, slug or icon",
        {200: ref("Workspace")},
        body=closed({}, {"name": TITLE, "slug": _SLUG, "icon": _ICON}, minProperties=1),
        errors=[errors.SlugTaken],
        idempotent=True,
    ),
    ("PATCH", "/v1/workspaces/{workspace}/members/{user}"): Operation(
        "Change somebody's role",
        {200: ref("Membership")},
        body=closed({"role": _ROLE}),
        errors=[errors.NotPermitted, errors.LastOwner],
        idempotent=True,
    ),
    ("DELETE", "/v1/workspaces/{workspace}/members/{user}"): Operation(
        "Put somebody out, or leave",
        {200: closed({"userId": identifier("usr"), "deleted": TRUE})},
        errors=[errors.NotPermitted, errors.LastOwner],
        idempotent=True,
    ),
    ("POST", "/v1/workspaces/{workspace}/transfer-ownership"): Operation(
        "Make another member an owner, and oneself a creator",
        {200: ref("Membership")},
        body=closed({"userId": TEXT}),
        errors=[errors.NotPermitted],
        idempotent=True,
    ),
    ("GET", "/v1/workspaces/{workspace}"): Operation("A workspace", {200: ref("Workspace")}),
    ("GET", "/v1/workspaces/{workspace}/members"): Operation(
        "Who is in a workspace", {200: closed({"members": array(ref("Member"))})}
    ),
    ("POST", "/v1/workspaces/{workspace}/members"): Operation(
        "Take in somebody who has an account",
        {201: ref("Member")},
        body=closed({"userId": TEXT, "role": _ROLE}),
        errors=[errors.AlreadyMember],
        idempotent=True,
    ),
}

_INVITE_OPERATIONS: Operations = {
    ("GET", _INVITES): Operation(
        "List a workspace's open invites", {200: closed({"invites": array(ref("Invite"))})}
    ),
    ("POST", _INVITES): Operation(
        "Invite somebody by mail",
        {201: ref("Invite")},
        body=closed({"email": EMAIL, "role": _ROLE}),
        errors=[errors.NotPermitted, errors.TooManyInvites],
        idempotent=True,
    ),
    ("DELETE", f"{_INVITES}/{{invite}}"): Operation(
        "Revoke an invite", {200: deleted("inv")}, idempotent=True
    ),
    ("POST", f"{_INVITES}/{{invite}}/resend"): Operation(
        "Send its letter again, with a new link",
        {200: ref("Invite")},
        errors=[errors.NotPermitted],
        idempotent=True,
    ),
    ("POST", "/v1/invites/{token}/accept"): Operation(
        "Join the workspace that one is invited to",
        {200: closed({"workspaceId": identifier("wsp"), "userId": identifier("usr"), "role": _ROLE})},
        errors=[errors.InvalidLink, errors.AlreadyMember],
        idempotent=True,
    ),
    ("POST", "/v1/invites/{token}/decline"): Operation(
        "Decline it",
        {200: closed({"declined": TRUE})},
        errors=[errors.InvalidLink],
        idempotent=True,
    ),
}

_COLLABORATOR_OPERATIONS: Operations = {
    ("GET", _COLLABORATORS): Operation(
        "Who has a role of their own in a base", {200: closed({"collaborators": array(ref("Member"))})}
    ),
    ("POST", _COLLABORATORS): Operation(
        "Give somebody a role in a base, on top of what the workspace gives them",
        {201: ref("Member")},
        body=closed({"userId": TEXT, "role": _ROLE}),
        errors=[errors.NotPermitted, errors.AlreadyCollaborator],
        idempotent=True,
    ),
    ("PATCH", f"{_COLLABORATORS}/{{user}}"): Operation(
        "Give them another role",
        {200: ref("Membership")},
        body=closed({"role": _ROLE}),
        errors=[errors.NotPermitted],
        idempotent=True,
    ),
    ("DELETE", f"{_COLLABORATORS}/{{user}}"): Operation(
        "Take the role away",
        {200: closed({"userId": identifier("usr"), "deleted": TRUE})},
        errors=[errors.NotPermitted],
        idempotent=True,
    ),
}

SERVICE = Service(
    {**_OPERATIONS, **_INVITE_OPERATIONS, **_COLLABORATOR_OPERATIONS, **EVENT_OPERATIONS},
    {**_SCHEMAS, **EVENT_SCHEMAS},
)
