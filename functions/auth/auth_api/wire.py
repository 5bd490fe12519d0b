"""The auth service's request and response shapes."""

from collections.abc import Sequence

from auth_api.wire_sessions import tokens_json
from pyairtable_common.application.accounts import AccountDraft, Registered, checked_draft
from pyairtable_common.application.sessions import SignedIn
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.permissions import Principal, Role, Scope
from pyairtable_common.domain.users import User
from pyairtable_common.domain.workspaces import Membership, Workspace
from pyairtable_common.web.native import require_only, text_of


def account_draft_of(body: JSONObject) -> tuple[AccountDraft, str | None]:
    """An account to be made and, from whom was invited, the token of the invite's link."""
    require_only(body, "email", "password", "name", "inviteToken")
    invite = text_of(body, "inviteToken") if "inviteToken" in body else None
    return checked_draft(text_of(body, "email"), text_of(body, "password"), text_of(body, "name")), invite


def login_of(body: JSONObject) -> tuple[str, str, str | None]:
    """E-mail address, password and, from whom turned a second factor on, a code."""
    require_only(body, "email", "password", "code")
    code = text_of(body, "code") if "code" in body else None
    return text_of(body, "email"), text_of(body, "password"), code


def registered_json(registered: Registered) -> JSONObject:
    workspace = registered.workspace
    return {
        **signed_in_json(registered.signed_in),
        "workspace": {"id": workspace.id, "name": workspace.name},
    }


def joined_json(membership: Membership) -> JSONObject:
    """The workspace of the invite that somebody signed up with."""
    return {"joined": {"workspaceId": membership.workspace_id, "role": membership.role.word}}


def signed_in_json(signed_in: SignedIn) -> JSONObject:
    user = signed_in.user
    return {
        "user": {"id": user.id, "email": user.email, "name": user.name},
        **tokens_json(signed_in),
    }


def me_json(principal: Principal, user: User, workspaces: Sequence[tuple[Workspace, Role]]) -> JSONObject:
    """Only what the token's scopes let it see."""
    answer: dict[str, JSONValue] = {"id": user.id, "name": user.name}
    if principal.has(Scope.EMAIL_READ):
        answer["email"] = user.email
    if principal.has(Scope.WORKSPACES_READ):
        answer["workspaces"] = [
            {"id": workspace.id, "name": workspace.name, "role": role.word} for workspace, role in workspaces
        ]
    return answer
