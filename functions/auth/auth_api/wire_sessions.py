"""Sessions and their tokens over the wire."""

from pyairtable_common.application.sessions import SignedIn
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.credentials import Session
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.web.native import require_only, text_of


def refresh_token_of(body: JSONObject) -> str:
    return text_of(require_only(body, "refreshToken"), "refreshToken")


def tokens_json(signed_in: SignedIn) -> JSONObject:
    return {
        "accessToken": signed_in.access_token,
        "refreshToken": signed_in.refresh_token,
        "tokenType": "Bearer",
        "expiresIn": signed_in.expires_in,
    }


def session_json(session: Session, current_id: str) -> JSONObject:
    """``lastUsedTime`` is when its tokens were refreshed last."""
    return {
        "id": session.id,
        "device": session.origin.device,
        "address": session.origin.address,
        "createdTime": iso_from_ms(session.created_ms),
        "lastUsedTime": iso_from_ms(session.used_ms),
        "expiresTime": iso_from_ms(session.ends_ms),
        "current": session.id == current_id,
    }
