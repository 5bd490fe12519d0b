"""Exports and deletions on the wire."""

from pyairtable_common.application.account_deletion import Deletion
from pyairtable_common.application.personal_export import ExportPage, Self, is_export_position
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.credentials import PersonalToken, Session
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.permissions import Principal, Role
from pyairtable_common.domain.workspaces import Workspace
from pyairtable_common.web.decoding import Query, one
from users_api.wire import own_profile_json

_LONGEST_CURSOR = 64


def export_start_of(query: Query) -> str | None:
    """Raises ``Invalid`` for parameters that are none."""
    for name in query:
        if name != "cursor":
            raise Invalid("query", "takes cursor")
    cursor = one(query, "cursor")
    if cursor is not None and (len(cursor) > _LONGEST_CURSOR or not is_export_position(cursor)):
        raise Invalid("cursor", "is not one of this export")
    return cursor


def export_json(principal: Principal, page: ExportPage) -> JSONObject:
    answer: dict[str, JSONValue] = {} if page.own is None else dict(_own_json(principal, page.own))
    answer["sessions"] = [_session_json(session) for session in page.sessions]
    answer["tokens"] = [_token_json(token) for token in page.tokens]
    answer["workspaces"] = [_workspace_json(workspace, role) for workspace, role in page.workspaces]
    if page.after is not None:
        answer["cursor"] = page.after
    return answer


def deletion_json(deletion: Deletion) -> JSONObject:
    """When it begins and, once it was put off, why."""
    return {"deletionTime": iso_from_ms(deletion.due_ms), "postponedBecause": deletion.reason}


def _own_json(principal: Principal, own: Self) -> JSONObject:
    return {
        "profile": own_profile_json(principal, own.person),
        "preferences": own.preferences.values,
        "deletion": None if own.deletion is None else deletion_json(own.deletion),
    }


def _session_json(session: Session) -> JSONObject:
    return {
        "id": session.id,
        "createdTime": iso_from_ms(session.created_ms),
        "lastUsedTime": iso_from_ms(session.used_ms),
        "expiresTime": iso_from_ms(session.expires_ms),
        "device": session.origin.device,
        "address": session.origin.address,
    }


def _token_json(token: PersonalToken) -> JSONObject:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(scope.value for scope in token.scopes),
        "resources": None if token.resources is None else sorted(token.resources),
        "createdTime": iso_from_ms(token.created_ms),
        "expiresTime": None if token.expires_ms is None else iso_from_ms(token.expires_ms),
    }


def _workspace_json(workspace: Workspace, role: Role) -> JSONObject:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "createdTime": iso_from_ms(workspace.created_ms),
        "role": role.word,
    }
