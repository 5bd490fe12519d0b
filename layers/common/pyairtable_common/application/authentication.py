"""From an ``Authorization`` header to a principal: parsed and verified first, read second."""

import hmac
from dataclasses import dataclass

from pyairtable_common.application.services import Services
from pyairtable_common.application.token_uses import note_use
from pyairtable_common.domain.credentials import digest, looks_like_personal_token, parse_personal_token
from pyairtable_common.domain.errors import NotAuthenticated
from pyairtable_common.domain.permissions import ALL_SCOPES, Principal
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import personal_token_of, session_of
from pyairtable_common.repositories.ports import Item, Key

_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Credential:
    """A well-formed credential; whether it still holds stands in the item at ``key``.

    ``digest`` is a personal access token's; an access token's signature was verified.
    """

    key: Key
    digest: str | None

    @property
    def user_id(self) -> str:
        return self.key.owner


def read_credential(services: Services, authorization: str | None) -> Credential:
    """Raises ``NotAuthenticated`` for anything that cannot be valid, without a read."""
    if authorization is None or not authorization.lower().startswith(_BEARER):
        raise NotAuthenticated
    return read_token(services, authorization[len(_BEARER) :].strip())


def read_token(services: Services, text: str) -> Credential:
    """The same for the token alone."""
    if looks_like_personal_token(text):
        return _personal_token(text)
    claims = services.access_tokens.verify(text, services.clock.now_ms())
    if claims is None:
        raise NotAuthenticated
    return Credential(keys.session(claims.user_id, claims.session_id), None)


def principal_of(services: Services, credential: Credential, item: Item | None) -> Principal:
    """Who this is, by the item at the credential's key; that a token was used is written down.

    Raises ``NotAuthenticated`` if revoked, expired or unknown.
    """
    principal = holder_of(services, credential, item)
    if item is not None and not principal.is_session:
        note_use(services, personal_token_of(item))
    return principal


def holder_of(services: Services, credential: Credential, item: Item | None) -> Principal:
    """The same without a trace: for looking at a credential that asks for nothing itself."""
    if item is None:
        raise NotAuthenticated
    now = services.clock.now_ms()
    if credential.digest is None:
        session = session_of(item)
        if session.ends_ms <= now:
            raise NotAuthenticated
        return Principal(session.user_id, session.id, ALL_SCOPES, None, is_session=True)
    token = personal_token_of(item)
    expired = token.expires_ms is not None and token.expires_ms <= now
    if expired or not hmac.compare_digest(token.digest, credential.digest):
        raise NotAuthenticated
    return Principal(token.user_id, token.id, token.scopes, token.resources, is_session=False)


def authenticate(services: Services, authorization: str | None) -> Principal:
    """For calls that concern no base or workspace: one read."""
    return prove(services, read_credential(services, authorization))


def prove(services: Services, credential: Credential) -> Principal:
    """Whom the credential stands for, if it still holds: one read. Raises ``NotAuthenticated``."""
    return principal_of(services, credential, services.store.get([credential.key]).get(credential.key))


def _personal_token(text: str) -> Credential:
    parsed = parse_personal_token(text)
    if parsed is None:
        raise NotAuthenticated
    token_id, user_id = parsed
    return Credential(keys.personal_token(user_id, token_id), digest(text))
