"""What a token is worth at this moment (RFC 7662): told to itself and to its owner, nobody else."""

from dataclasses import dataclass

from pyairtable_common.application.authentication import Credential, holder_of, read_token
from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import NotAuthenticated
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.repositories.identity import personal_token_of
from pyairtable_common.repositories.ports import Item


@dataclass(frozen=True, slots=True)
class ActiveToken:
    """A token that holds, and whose. Times are epoch milliseconds; ``token_id`` is a JWT's ``jti``."""

    holder: Principal
    issued_ms: int
    expires_ms: int | None
    token_id: str


def introspect(services: Services, asking: Principal, text: str) -> ActiveToken | None:
    """``None`` for a token that holds no more, never did, or is none of the asker's business.

    A session may ask about all tokens of its person, a personal access token about itself.
    """
    try:
        credential = read_token(services, text)
        if credential.user_id != asking.user_id:
            return None
        item = services.store.get([credential.key]).get(credential.key)
        holder = holder_of(services, credential, item)
    except NotAuthenticated:
        return None
    if item is None or not (asking.is_session or asking.credential_id == holder.credential_id):
        return None
    return _active(services, credential, item, holder, text)


def _active(
    services: Services, credential: Credential, item: Item, holder: Principal, text: str
) -> ActiveToken | None:
    if credential.digest is not None:
        token = personal_token_of(item)
        return ActiveToken(holder, token.created_ms, token.expires_ms, token.id)
    verified = services.access_tokens.inspect(text, services.clock.now_ms())
    if verified is None:
        return None
    return ActiveToken(holder, verified.issued_ms, verified.expires_ms, verified.token_id)
