"""A refresh token for the next one: one item, one conditional write."""

from dataclasses import replace

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.application.sessions import SignedIn, answer_for, own_store
from pyairtable_common.domain.credentials import Session, digest
from pyairtable_common.domain.errors import InvalidRefreshToken, RefreshTokenReused, TryAgain
from pyairtable_common.domain.refresh_tokens import (
    MOST_ROTATIONS,
    RefreshToken,
    Verdict,
    judge,
    parse_refresh_token,
    successor,
)
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import session_item, session_of, user_of
from pyairtable_common.repositories.ports import (
    ConditionFailed,
    Delete,
    Item,
    Put,
    Unavailable,
    VersionIs,
    Write,
)


def refresh(services: Services, text: str) -> SignedIn:
    """The token's successor, and an access token.

    Whoever asks again within ten seconds gets the same successor. A token that
    was used before that ends the session. Raises ``InvalidRefreshToken``.
    """
    token = parse_refresh_token(text)
    if token is None:
        raise InvalidRefreshToken
    store = own_store(services, token.user_id)
    session_key, user_key = keys.session(token.user_id, token.session_id), keys.user(token.user_id)
    for _ in attempts(services):
        try:
            found = store.get([session_key, user_key])
            session, user = _require(services, found.get(session_key)), found.get(user_key)
            verdict = judge(session, token, services.clock.now_ms())
            if verdict is Verdict.FORGED or user is None:
                raise InvalidRefreshToken
            if verdict is not Verdict.PARENT:
                write = _consequence(services, verdict, session, token, found[session_key].version)
                store.transact([write], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        if verdict is Verdict.REUSED:
            raise RefreshTokenReused
        return answer_for(services, user_of(user), successor(session.key, token))
    raise TryAgain


def _require(services: Services, item: Item | None) -> Session:
    session = None if item is None else session_of(item)
    now = services.clock.now_ms()
    if session is None or session.ends_ms <= now or session.counter >= MOST_ROTATIONS:
        raise InvalidRefreshToken
    return session


def _consequence(
    services: Services, verdict: Verdict, session: Session, token: RefreshToken, version: int
) -> Write:
    if verdict is Verdict.REUSED:
        return Delete(keys.session(session.user_id, session.id), VersionIs(version))
    rotated = replace(
        session,
        used_ms=services.clock.now_ms(),
        counter=session.counter + 1,
        digest=digest(successor(session.key, token).secret),
    )
    return Put(session_item(rotated, version + 1), VersionIs(version))
