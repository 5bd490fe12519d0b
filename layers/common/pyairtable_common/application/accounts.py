"""Signing up: an account, its first session and its first workspace, all at once or not at all.

Where addresses are to be verified, a sign-up is kept beside the address, and the
account begins, without a session, when the link in the mail is followed. The
sign-up itself does the same for every address: one hash, one write, one job.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from pyairtable_common.application.attempts import attempts, fresh_token, put_new
from pyairtable_common.application.mailings import Kind as Letters
from pyairtable_common.application.mailings import request_letter
from pyairtable_common.application.services import Services
from pyairtable_common.application.sessions import SignedIn, new_session, sign_in, signed_in
from pyairtable_common.domain.credentials import Credentials, Origin
from pyairtable_common.domain.errors import EmailTaken, InvalidCredentials, InvalidLink, TryAgain
from pyairtable_common.domain.events import Caller, Event, Kind, Source
from pyairtable_common.domain.ids import USER, WORKSPACE
from pyairtable_common.domain.links import REGISTRATION, VERIFICATION_MS, Link, LinkToken, PendingAccount
from pyairtable_common.domain.passwords import acceptable_password
from pyairtable_common.domain.users import Registration, User, clean_title, email_digest, normalised_email
from pyairtable_common.domain.workspaces import Workspace
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import (
    credentials_item,
    email_item,
    registration_of,
    session_item,
    user_item,
)
from pyairtable_common.repositories.links import pending_account_item, pending_account_of
from pyairtable_common.repositories.ports import (
    Absent,
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Key,
    Put,
    Table,
    Unavailable,
    Write,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import creation_writes, workspace_created, workspace_of

FIRST_WORKSPACE = "My first workspace"


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """An account to be made; ``checked_draft`` makes one that may be."""

    email: str
    password: str
    name: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A new account, signed in, and its first workspace."""

    signed_in: SignedIn
    workspace: Workspace


def checked_draft(email: str, password: str, name: str) -> AccountDraft:
    """Normalised. Raises ``Invalid``."""
    address, title = normalised_email(email), clean_title("name", name)
    return AccountDraft(address, acceptable_password(password, address, title), title)


def register(
    services: Services, operation_id: str, draft: AccountDraft, origin: Origin, verified_ms: int | None = None
) -> Registered:
    """Exactly one account for an operation, however often it is tried.

    ``verified_ms`` is when its address was seen to be its maker's, if it was.

    Raises ``EmailTaken`` if the address has an account that another operation made,
    or this one with another password.
    """
    made = Credentials(services.passwords.hash(draft.password), verified_ms)
    caller = Caller(Source.CLIENT, None, origin.address or None)
    account = _new_account(services, operation_id, draft.email, draft.name, made, caller)
    new = new_session(services, account.user.id, origin)
    begun = Put(session_item(new.session), Absent())
    taken = _open_account(services, account, [begun])
    if taken is None:
        return Registered(signed_in(services, account.user, new), account.workspace)
    return _registered_before(services, operation_id, draft, registration_of(taken), origin)


def request_account(services: Services, draft: AccountDraft) -> None:
    """Keeps a sign-up and asks for the letter, whether or not the address has an account."""
    link = Link(None, services.clock.now_ms() + VERIFICATION_MS)
    pending = PendingAccount(link, draft.email, draft.name, services.passwords.hash(draft.password))
    key = keys.link(keys.email(email_digest(draft.email)).owner, services.ids.new(REGISTRATION))
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, key.owner, Access.WRITE)])
    put_new(services, store, [pending_account_item(key, pending)])
    request_letter(services, Letters.REGISTRATION, draft.email, key.sk.removeprefix(keys.LINKS))


def begin_account(services: Services, token: LinkToken) -> None:
    """The account of the sign-up that a link is for. Raises ``InvalidLink``.

    Following the link again, once the account is there, changes nothing.
    """
    key, address = keys.link(token.owner, token.name), Key(Table.IDENTITY, token.owner, keys.EMAIL_OWNER)
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, token.owner, Access.WRITE)])
    found = store.get([key, address])
    if address in found and registration_of(found[address]).operation_id == token.digest:
        return
    pending = _require_pending(services, found.get(key), token)
    now = services.clock.now_ms()
    credentials = Credentials(pending.password_hash, verified_ms=now)
    caller = Caller(Source.CLIENT)
    account = _new_account(services, token.digest, pending.email, pending.name, credentials, caller)
    taken = _open_account(services, account, [Delete(key, Exists())])
    if taken is not None and registration_of(taken).operation_id != token.digest:
        raise InvalidLink


def _require_pending(services: Services, item: Item | None, token: LinkToken) -> PendingAccount:
    if item is None:
        raise InvalidLink
    pending = pending_account_of(item)
    expired = pending.link.expires_ms <= services.clock.now_ms()
    if expired or not hmac.compare_digest(pending.link.digest or "", token.digest):
        raise InvalidLink
    return pending


def _open_account(services: Services, account: "_Account", also: Sequence[Write]) -> Item | None:
    """Makes the account, or returns what its address was taken by."""
    address = account.address.key
    store = ScopedStore(services.store, _grants(account))
    for _ in attempts(services):
        try:
            taken = store.get([address]).get(address)
            if taken is None:
                store.transact([*account.writes, *also], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return taken
    raise TryAgain


@dataclass(frozen=True, slots=True)
class _Account:
    user: User
    workspace: Workspace
    address: Item
    writes: Sequence[Write]


def _new_account(
    services: Services, operation_id: str, email: str, name: str, credentials: Credentials, caller: Caller
) -> _Account:
    now = services.clock.now_ms()
    user = User(services.ids.new(USER), email, name, now)
    workspace = Workspace(services.ids.new(WORKSPACE), FIRST_WORKSPACE, 1, now)
    told = workspace_created(workspace, user.id)
    event = Event(1, Kind.WORKSPACE_CREATED, user.id, operation_id, now, told, caller)
    address = email_item(email, Registration(user.id, workspace.id, operation_id))
    items = [user_item(user), credentials_item(user.id, credentials), address]
    writes = [*(Put(item, Absent()) for item in items), *creation_writes(workspace, event, user.id)]
    return _Account(user, workspace, address, writes)


def _grants(account: _Account) -> Sequence[Grant]:
    return [
        Grant(Table.IDENTITY, account.address.key.owner, Access.WRITE),
        Grant(Table.IDENTITY, account.user.id, Access.WRITE),
        Grant(Table.TENANCY, account.user.id, Access.WRITE),
        Grant(Table.TENANCY, account.workspace.id, Access.WRITE),
    ]


def _registered_before(
    services: Services, operation_id: str, draft: AccountDraft, registration: Registration, origin: Origin
) -> Registered:
    if registration.operation_id != operation_id:
        raise EmailTaken
    head = keys.workspace(registration.workspace_id)
    store = ScopedStore(services.store, [Grant(Table.TENANCY, head.owner, Access.READ)])
    item = store.get([head]).get(head)
    if item is None:
        raise EmailTaken
    try:
        return Registered(sign_in(services, registration.user_id, draft.password, origin), workspace_of(item))
    except InvalidCredentials:
        raise EmailTaken from None
