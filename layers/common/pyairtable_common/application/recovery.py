"""Verified addresses and new passwords: what mailed links open, and what a changed password ends."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pyairtable_common.application.accounts import begin_account
from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.mailings import Kind, announce_password_change, request_letter
from pyairtable_common.application.services import Services
from pyairtable_common.application.sessions import is_suspended, own_store, password_matches
from pyairtable_common.domain.errors import DomainError, IdempotencyMismatch, Invalid, InvalidLink, TryAgain
from pyairtable_common.domain.links import RESET, VERIFICATION, LinkToken, parse_link_token
from pyairtable_common.domain.passwords import acceptable_password
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.domain.users import User, normalised_email
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import credentials_item, credentials_of, user_of
from pyairtable_common.repositories.links import link_of
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import (
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Key,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
    Write,
)


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """``operation_id`` tells a repeat from another change. The passwords are as they were typed."""

    operation_id: str
    old: str
    new: str


def request_verification(services: Services, email: str) -> None:
    """Another letter with a link, if there is anything to verify. Raises ``Invalid`` for no address."""
    request_letter(services, Kind.RESEND, normalised_email(email))


def request_reset(services: Services, email: str) -> None:
    """A letter with a link, if the address has an account. Raises ``Invalid`` for no address."""
    request_letter(services, Kind.RESET, normalised_email(email))


def verify_email(services: Services, text: str) -> None:
    """Begins the account that waited for it, or marks the one there is. Raises ``InvalidLink``."""
    token = parse_link_token(text)
    if token is None or token.name == RESET:
        raise InvalidLink
    if token.name != VERIFICATION:
        begin_account(services, token)
        return
    store = own_store(services, token.owner)
    for _ in attempts(services):
        try:
            _mark_verified(services, store, token)
        except (ConditionFailed, Unavailable):
            continue
        return
    raise TryAgain


def reset_password(services: Services, text: str, password: str) -> User:
    """A new password for a link, and whose it is; every session ends. Raises ``InvalidLink`` or ``Invalid``.

    Repeating it with the same password, once it has happened, changes nothing.
    """
    token = parse_link_token(text)
    if token is None or token.name != RESET:
        raise InvalidLink

    def require(account: _Account) -> None:
        _require_link(services, account.link, token)

    return _set_password(services, _Setting(token.owner, token.digest, password, InvalidLink, None), require)


def change_password(services: Services, principal: Principal, change: PasswordChange) -> None:
    """A new password for the old one; every other session ends. Raises ``Invalid``."""

    def require(account: _Account) -> None:
        if not password_matches(services, account.item, change.old):
            raise Invalid("oldPassword", "is wrong")

    own = keys.session(principal.user_id, principal.credential_id)
    setting = _Setting(principal.user_id, change.operation_id, change.new, IdempotencyMismatch, own)
    _set_password(services, setting, require)


@dataclass(frozen=True, slots=True)
class _Setting:
    """A password to be set, once; ``refusal`` is for who asks again with another one.

    ``keeps`` is the session that goes on.
    """

    user_id: str
    operation_id: str
    password: str
    refusal: type[DomainError]
    keeps: Key | None


@dataclass(frozen=True, slots=True)
class _Account:
    """What a new password touches."""

    user: User
    item: Item
    link: Item | None
    sessions: Sequence[Item]


def _set_password(services: Services, setting: _Setting, require: Callable[[_Account], None]) -> User:
    """One transaction: the hash, the end of all sessions but one, and of the outstanding link."""
    store = own_store(services, setting.user_id)
    changed: _Changed | None = None
    for _ in attempts(services):
        try:
            account = _read(store, setting.user_id)
            if _happened_before(services, account, setting):
                return account.user
            if changed is None:
                require(account)
                changed = _announced(services, account, setting)
            store.transact(_writes(account, changed, setting.keeps), fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return account.user
    raise TryAgain


@dataclass(frozen=True, slots=True)
class _Changed:
    """What the credentials get, and the version of them that it was decided by."""

    password_hash: str
    moment_ms: int
    operation_id: str
    seen: Item


def _read(store: Store, user_id: str) -> _Account:
    """Raises ``InvalidLink`` where there is no account that may be opened."""
    link = keys.link(user_id, RESET)
    found = store.get([keys.user(user_id), keys.credentials(user_id), link])
    user, item = found.get(keys.user(user_id)), found.get(keys.credentials(user_id))
    if user is None or item is None or is_suspended(item):
        raise InvalidLink
    sessions = list(all_items(store, Table.IDENTITY, user_id, prefix=keys.SESSIONS))
    return _Account(user_of(user), item, found.get(link), sessions)


def _happened_before(services: Services, account: _Account, setting: _Setting) -> bool:
    if credentials_of(account.item).changed_by != setting.operation_id:
        return False
    if not password_matches(services, account.item, setting.password):
        raise setting.refusal
    return True


def _announced(services: Services, account: _Account, setting: _Setting) -> _Changed:
    accepted = acceptable_password(setting.password, account.user.email, account.user.name)
    now = services.clock.now_ms()
    announce_password_change(services, setting.user_id, now)
    return _Changed(services.passwords.hash(accepted), now, setting.operation_id, account.item)


def _writes(account: _Account, changed: _Changed, keeps: Key | None) -> Sequence[Write]:
    """Raises ``InvalidLink`` if somebody else set a password or used the link meanwhile."""
    old = credentials_of(account.item)
    if old.password_hash != credentials_of(changed.seen).password_hash:
        raise InvalidLink
    new = replace(
        old,
        password_hash=changed.password_hash,
        changed_ms=changed.moment_ms,
        changed_by=changed.operation_id,
    )
    version = account.item.version
    put = Put(credentials_item(account.user.id, new, version + 1), VersionIs(version))
    gone = [*account.sessions, *([] if account.link is None else [account.link])]
    return [put, *(Delete(item.key, Exists()) for item in gone if item.key != keeps)]


def _mark_verified(services: Services, store: Store, token: LinkToken) -> None:
    link, key = keys.link(token.owner, token.name), keys.credentials(token.owner)
    found = store.get([link, key])
    _require_link(services, found.get(link), token)
    if key not in found or is_suspended(found[key]):
        raise InvalidLink
    credentials = credentials_of(found[key])
    if credentials.verified_ms is None:
        verified = replace(credentials, verified_ms=services.clock.now_ms())
        version = found[key].version
        put = Put(credentials_item(token.owner, verified, version + 1), VersionIs(version))
        store.transact([put], fresh_token(services))


def _require_link(services: Services, item: Item | None, token: LinkToken) -> None:
    link = None if item is None else link_of(item)
    if link is None or link.expires_ms <= services.clock.now_ms():
        raise InvalidLink
    if not hmac.compare_digest(link.digest or "", token.digest):
        raise InvalidLink
