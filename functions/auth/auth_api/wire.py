"""The auth service's request and response shapes."""

from collections.abc import Sequence

from auth_api.wire_sessions import tokens_json
from pyairtable_common.application.accounts import AccountDraft, Registered, checked_draft
from pyairtable_common.application.personal_tokens import IssuedToken, TokenDraft
from pyairtable_common.application.sessions import SignedIn
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.credentials import PersonalToken
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.permissions import Principal, Role, Scope, scopes_of_words
from pyairtable_common.domain.users import User
from pyairtable_common.domain.workspaces import Workspace
from pyairtable_common.web.native import require_only, text_of, texts_of

ALL = "all"


def account_draft_of(body: JSONObject) -> AccountDraft:
    require_only(body, "email", "password", "name")
    return checked_draft(text_of(body, "email"), text_of(body, "password"), text_of(body, "name"))


def login_of(body: JSONObject) -> tuple[str, str]:
    """E-mail address and password."""
    require_only(body, "email", "password")
    return text_of(body, "email"), text_of(body, "password")


def token_draft_of(body: JSONObject) -> TokenDraft:
    require_only(body, "name", "scopes", "resources")
    return TokenDraft(text_of(body, "name"), _scopes_of(body), _resources_of(body))


def registered_json(registered: Registered) -> JSONObject:
    workspace = registered.workspace
    return {
        **signed_in_json(registered.signed_in),
        "workspace": {"id": workspace.id, "name": workspace.name},
    }


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


def issued_json(issued: IssuedToken) -> JSONObject:
    return {**token_json(issued.token), "token": issued.text}


def token_json(token: PersonalToken) -> JSONObject:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(scope.value for scope in token.scopes),
        "resources": ALL if token.resources is None else sorted(token.resources),
        "createdTime": iso_from_ms(token.created_ms),
    }


def _scopes_of(body: JSONObject) -> frozenset[Scope]:
    try:
        return scopes_of_words(texts_of(body, "scopes"))
    except ValueError:
        raise Invalid("scopes", f"must be among {', '.join(scope.value for scope in Scope)}") from None


def _resources_of(body: JSONObject) -> frozenset[str] | None:
    if body.get("resources", ALL) == ALL:
        return None
    return frozenset(texts_of(body, "resources"))
