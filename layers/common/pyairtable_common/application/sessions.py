"""Signing in: a password for a session, a session for an access token and a refresh token."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyairtable_common.application import second_factor
from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.domain.credentials import SESSION_MS, AccessClaims, Origin, Session, digest
from pyairtable_common.domain.errors import InvalidCredentials, NotPermittedOrNotFound, TryAgain
from pyairtable_common.domain.ids import SESSION, USER, derived_id, is_id
from pyairtable_common.domain.passwords import LONGEST_BYTES, normalised_password
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.domain.refresh_tokens import RefreshToken
from pyairtable_common.domain.users import User, canonical_email, email_digest
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import (
    credentials_of,
    registration_of,
    session_item,
    session_of,
    user_of,
)
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import (
    MAX_TRANSACTION_ITEMS,
    Absent,
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
    Write,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore

MOST_SESSIONS = 50
"""Of one person; the oldest ends when one more begins."""

_LONGEST_DEVICE = 255
_SECRET_BITS = 256


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and the tokens to go on with; ``expires_in`` is the access token's, in seconds."""

    user: User
    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that is not kept yet, and its first refresh token."""

    session: Session
    refresh: RefreshToken


def login(
    services: Services,
    email: str,
    password: str,
    origin: Origin = Origin(),  # noqa: B008
    code: str | None = None,
) -> SignedIn:
    """Raises ``InvalidCredentials``, in the same time whether the address is known or not.

    ``code`` is for whom turned a second factor on: ``second_factor.require``.
    """
    return sign_in(services, find_user_id(services, email), password, origin, code)


def find_user_id(services: Services, email: str) -> str:
    """Whose address this is; for an address that is nobody's, an id that nobody has."""
    address_digest = email_digest(canonical_email(email))
    address = keys.email(address_digest)
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, address.owner, Access.READ)])
    item = store.get([address]).get(address)
    return derived_id(USER, address_digest) if item is None else registration_of(item).user_id


def sign_in(
    services: Services, user_id: str, password: str, origin: Origin, code: str | None = None
) -> SignedIn:
    """A new session for the right password and, where it is needed, code. Raises ``InvalidCredentials``."""
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, user_id, Access.WRITE)])
    found = store.get([keys.credentials(user_id), keys.user(user_id)])
    account, credentials = found.get(keys.user(user_id)), found.get(keys.credentials(user_id))
    matches = password_matches(services, credentials, password)
    if not matches or account is None or credentials is None or is_suspended(credentials):
        raise InvalidCredentials
    second_factor.require(services, store, user_id, code)
    new = new_session(services, user_id, origin)
    keep_session(services, store, new.session, credentials)
    return signed_in(services, user_of(account), new)


def new_session(services: Services, user_id: str, origin: Origin) -> NewSession:
    """With secrets of its own."""
    now = services.clock.now_ms()
    first = RefreshToken(user_id, services.ids.new(SESSION), 0, fresh_secret(services))
    session = Session(
        id=first.session_id,
        user_id=user_id,
        created_ms=now,
        expires_ms=now + SESSION_MS,
        used_ms=now,
        key=fresh_secret(services),
        digest=digest(first.secret),
        counter=0,
        origin=replace(origin, device=origin.device[:_LONGEST_DEVICE]),
    )
    return NewSession(session, first)


def keep_session(services: Services, store: Store, session: Session, credentials: Item) -> None:
    """Begins a session, and ends the oldest where there would be too many.

    The write moves the version of the credentials: whatever makes or ends all
    sessions of a person (a new password, a suspension) comes before or after it,
    never beside. Raises ``InvalidCredentials`` if they changed meanwhile.
    """
    own = session_item(session)
    for _ in attempts(services):
        try:
            others = list(all_items(store, Table.IDENTITY, session.user_id, prefix=keys.SESSIONS))
            if own in others:
                return
            begins: list[Write] = [Put(own, Absent()), bump(credentials)]
            ends = [Delete(item.key, Exists()) for item in _surplus(others)]
            store.transact([*begins, *ends[: MAX_TRANSACTION_ITEMS - len(begins)]], fresh_token(services))
        except (ConditionFailed, Unavailable):
            credentials = _unchanged(store, credentials)
            continue
        return
    raise TryAgain


def bump(credentials: Item) -> Put:
    """The same credentials under their next version."""
    return Put(replace(credentials, version=credentials.version + 1), VersionIs(credentials.version))


def signed_in(services: Services, user: User, new: NewSession) -> SignedIn:
    return answer_for(services, user, new.refresh)


def answer_for(services: Services, user: User, refresh: RefreshToken) -> SignedIn:
    tokens = services.access_tokens
    token = tokens.issue(AccessClaims(user.id, refresh.session_id), services.clock.now_ms())
    return SignedIn(user, token, refresh.text, tokens.lifetime_seconds)


def list_sessions(services: Services, principal: Principal) -> Sequence[Session]:
    """One's own that are not over, the one used last first."""
    items = all_items(
        own_store(services, principal.user_id), Table.IDENTITY, principal.user_id, prefix=keys.SESSIONS
    )
    now = services.clock.now_ms()
    alive = [session for session in map(session_of, items) if session.ends_ms > now]
    return sorted(alive, key=lambda session: (-session.used_ms, session.id))


def end_session(services: Services, principal: Principal, session_id: str) -> None:
    """Its tokens are refused from the next request on. Raises ``NotPermittedOrNotFound``."""
    if not is_id(session_id, SESSION):
        raise NotPermittedOrNotFound
    store = own_store(services, principal.user_id)
    key = keys.session(principal.user_id, session_id)
    for number in attempts(services):
        try:
            store.transact([Delete(key, Exists())], fresh_token(services))
        except ConditionFailed:
            if number == 0:
                raise NotPermittedOrNotFound from None
        except Unavailable:
            continue
        return
    raise TryAgain


def end_all_sessions(services: Services, user_id: str) -> None:
    """Every session there is ends; one that begins meanwhile may go on."""
    store = own_store(services, user_id)
    for _ in attempts(services):
        try:
            items = list(all_items(store, Table.IDENTITY, user_id, prefix=keys.SESSIONS))
            for start in range(0, len(items), MAX_TRANSACTION_ITEMS):
                batch = items[start : start + MAX_TRANSACTION_ITEMS]
                store.transact([Delete(item.key, Exists()) for item in batch], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return
    raise TryAgain


def own_store(services: Services, user_id: str) -> Store:
    """What belongs to one person in the identity table."""
    return ScopedStore(services.store, [Grant(Table.IDENTITY, user_id, Access.WRITE)])


def password_matches(services: Services, credentials: Item | None, password: str) -> bool:
    """Takes the same time whether there are credentials to compare with or not."""
    hashed = None if credentials is None else credentials_of(credentials).password_hash
    if len(password.encode()) > LONGEST_BYTES:
        hashed, password = None, ""
    return services.passwords.verify(hashed, normalised_password(password))


def is_suspended(credentials: Item) -> bool:
    return credentials_of(credentials).suspended_ms is not None


def fresh_secret(services: Services) -> str:
    """256 random bits, in hexadecimal."""
    return f"{services.below(1 << _SECRET_BITS):0{_SECRET_BITS // 4}x}"


def _surplus(others: Sequence[Item]) -> Sequence[Item]:
    """Those used longest ago that must end for one more to begin."""
    oldest_first = sorted(others, key=lambda item: session_of(item).used_ms)
    return oldest_first[: max(0, len(others) - MOST_SESSIONS + 1)]


def _unchanged(store: Store, credentials: Item) -> Item:
    """The credentials as they are now, if they still say the same."""
    try:
        now = store.get([credentials.key]).get(credentials.key)
    except Unavailable:
        return credentials
    if now is None or now.data != credentials.data:
        raise InvalidCredentials
    return now
