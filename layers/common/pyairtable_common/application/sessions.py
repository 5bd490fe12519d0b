"""Signing in: a password for a session, a session for an access token."""

from dataclasses import dataclass

from pyairtable_common.application.attempts import put_new
from pyairtable_common.application.services import Services
from pyairtable_common.domain.credentials import AccessClaims, Session
from pyairtable_common.domain.errors import InvalidCredentials
from pyairtable_common.domain.ids import SESSION, USER, derived_id
from pyairtable_common.domain.passwords import LONGEST_BYTES, normalised_password
from pyairtable_common.domain.users import User, canonical_email, email_digest
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import (
    password_hash_of,
    registration_of,
    session_item,
    user_of,
)
from pyairtable_common.repositories.ports import Item, Table
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore

SESSION_MS = 30 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and the access token to go on with; ``expires_in`` is in seconds."""

    user: User
    access_token: str
    expires_in: int


def login(services: Services, email: str, password: str) -> SignedIn:
    """Raises ``InvalidCredentials``, in the same time whether the address is known or not."""
    digest = email_digest(canonical_email(email))
    address = keys.email(digest)
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, address.owner, Access.READ)])
    item = store.get([address]).get(address)
    user_id = derived_id(USER, digest) if item is None else registration_of(item).user_id
    return sign_in(services, user_id, password)


def sign_in(services: Services, user_id: str, password: str) -> SignedIn:
    """A new session for the right password. Raises ``InvalidCredentials``."""
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, user_id, Access.WRITE)])
    found = store.get([keys.credentials(user_id), keys.user(user_id)])
    account = found.get(keys.user(user_id))
    matches = _matches(services, found.get(keys.credentials(user_id)), password)
    if not matches or account is None:
        raise InvalidCredentials
    session = new_session(services, user_id)
    put_new(services, store, [session_item(session)])
    return signed_in(services, user_of(account), session)


def new_session(services: Services, user_id: str) -> Session:
    """A session that is not kept yet."""
    now = services.clock.now_ms()
    return Session(services.ids.new(SESSION), user_id, now, now + SESSION_MS)


def signed_in(services: Services, user: User, session: Session) -> SignedIn:
    tokens = services.access_tokens
    token = tokens.issue(AccessClaims(user.id, session.id), services.clock.now_ms())
    return SignedIn(user, token, tokens.lifetime_seconds)


def _matches(services: Services, credentials: Item | None, password: str) -> bool:
    hashed = None if credentials is None else password_hash_of(credentials)
    if len(password.encode()) > LONGEST_BYTES:
        hashed, password = None, ""
    return services.passwords.verify(hashed, normalised_password(password))
