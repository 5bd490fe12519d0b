"""Personal access tokens, and what introspection tells of tokens, over the wire."""

import base64
import binascii
from collections.abc import Mapping, Sequence

from pyairtable_common.application.introspection import ActiveToken
from pyairtable_common.application.personal_tokens import (
    MOST_PER_PAGE,
    IssuedToken,
    TokenChange,
    TokenDraft,
    TokenView,
)
from pyairtable_common.domain.clock import iso_from_ms, ms_from_iso
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.ids import TOKEN, is_id
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.permissions import Scope, scopes_of_words
from pyairtable_common.web.decoding import one
from pyairtable_common.web.native import require_only, text_of, texts_of

ALL = "all"


def token_draft_of(body: JSONObject) -> TokenDraft:
    require_only(body, "name", "scopes", "resources", "expiresTime")
    resources = _resources_of(body) if "resources" in body else None
    expires_ms = _expires_ms_of(body) if "expiresTime" in body else None
    return TokenDraft(text_of(body, "name"), _scopes_of(body), resources, expires_ms)


def token_change_of(body: JSONObject) -> TokenChange:
    """Only what the body names is to be different."""
    require_only(body, "name", "scopes", "resources", "expiresTime")
    return TokenChange(
        name=text_of(body, "name") if "name" in body else None,
        scopes=_scopes_of(body) if "scopes" in body else None,
        resources=(_resources_of(body),) if "resources" in body else None,
        expires_ms=(_expires_ms_of(body),) if "expiresTime" in body else None,
    )


def page_of(query: Mapping[str, Sequence[str]]) -> tuple[int, str | None]:
    """How many, and the id to go on after."""
    size, cursor = one(query, "pageSize"), one(query, "cursor")
    if size is not None and not (size.isascii() and size.isdigit() and 1 <= int(size[:9]) <= MOST_PER_PAGE):
        raise Invalid("pageSize", f"must be an integer between 1 and {MOST_PER_PAGE}")
    return int(size or MOST_PER_PAGE), None if cursor is None else _after(cursor)


def issued_json(issued: IssuedToken) -> JSONObject:
    return {**token_json(TokenView(issued.token, None)), "token": issued.text}


def token_json(view: TokenView) -> JSONObject:
    token = view.token
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(scope.value for scope in token.scopes),
        "resources": ALL if token.resources is None else sorted(token.resources),
        "createdTime": iso_from_ms(token.created_ms),
        "expiresTime": None if token.expires_ms is None else iso_from_ms(token.expires_ms),
        "lastUsedTime": None if view.used_ms is None else iso_from_ms(view.used_ms),
    }


def tokens_json(views: Sequence[TokenView], last_id: str | None) -> JSONObject:
    answer: dict[str, JSONValue] = {"tokens": [token_json(view) for view in views]}
    if last_id is not None:
        answer["cursor"] = base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")
    return answer


def introspected_of(body: JSONObject) -> str:
    """The token asked about. ``token_type_hint`` is RFC 7662's; the text itself says its type."""
    require_only(body, "token", "token_type_hint")
    if "token_type_hint" in body:
        text_of(body, "token_type_hint")
    return text_of(body, "token")


def introspection_json(active: ActiveToken | None) -> JSONObject:
    """RFC 7662, 2.2; ``client_id`` is the session's or the personal access token's id."""
    if active is None:
        return {"active": False}
    holder = active.holder
    answer: dict[str, JSONValue] = {
        "active": True,
        "scope": " ".join(sorted(scope.value for scope in holder.scopes)),
        "client_id": holder.credential_id,
        "token_type": "Bearer",
        "sub": holder.user_id,
        "iat": active.issued_ms // 1000,
        "jti": active.token_id,
    }
    if active.expires_ms is not None:
        answer["exp"] = active.expires_ms // 1000
    if holder.resources is not None:
        answer["resources"] = sorted(holder.resources)
    return answer


def _scopes_of(body: JSONObject) -> frozenset[Scope]:
    try:
        return scopes_of_words(texts_of(body, "scopes"))
    except ValueError:
        raise Invalid("scopes", f"must be among {', '.join(scope.value for scope in Scope)}") from None


def _resources_of(body: JSONObject) -> frozenset[str] | None:
    return None if body["resources"] == ALL else frozenset(texts_of(body, "resources"))


def _expires_ms_of(body: JSONObject) -> int | None:
    if body["expiresTime"] is None:
        return None
    moment = ms_from_iso(text_of(body, "expiresTime"))
    if moment is None:
        raise Invalid("expiresTime", "must be an ISO 8601 time with its zone, or null")
    return moment


def _after(cursor: str) -> str:
    try:
        last_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        last_id = ""
    if not is_id(last_id, TOKEN):
        raise Invalid("cursor", "must be one that this listing gave")
    return last_id
