"""Signing up: an account, its first session and its first workspace, all at once or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.application.sessions import SignedIn, new_session, sign_in, signed_in
from pyairtable_common.domain.credentials import Session
from pyairtable_common.domain.errors import EmailTaken, InvalidCredentials, TryAgain
from pyairtable_common.domain.events import Event, Kind
from pyairtable_common.domain.ids import USER, WORKSPACE
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
from pyairtable_common.repositories.ports import Absent, ConditionFailed, Put, Table, Unavailable, Write
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


def register(services: Services, operation_id: str, draft: AccountDraft) -> Registered:
    """Exactly one account for an operation, however often it is tried.

    Raises ``EmailTaken`` if the address has an account that another operation made,
    or this one with another password.
    """
    account = _new_account(services, operation_id, draft)
    address = keys.email(email_digest(draft.email))
    store = ScopedStore(services.store, _grants(account, address.owner))
    for _ in attempts(services):
        try:
            taken = store.get([address]).get(address)
            if taken is not None:
                return _registered_before(services, operation_id, draft, registration_of(taken))
            store.transact(account.writes, fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return Registered(signed_in(services, account.user, account.session), account.workspace)
    raise TryAgain


@dataclass(frozen=True, slots=True)
class _Account:
    user: User
    session: Session
    workspace: Workspace
    writes: Sequence[Write]


def _new_account(services: Services, operation_id: str, draft: AccountDraft) -> _Account:
    now = services.clock.now_ms()
    user = User(services.ids.new(USER), draft.email, draft.name, now)
    session = new_session(services, user.id)
    workspace = Workspace(services.ids.new(WORKSPACE), FIRST_WORKSPACE, 1, now)
    told = workspace_created(workspace, user.id)
    event = Event(1, Kind.WORKSPACE_CREATED, user.id, operation_id, now, told)
    items = [
        user_item(user),
        credentials_item(user.id, services.passwords.hash(draft.password)),
        email_item(draft.email, Registration(user.id, workspace.id, operation_id)),
        session_item(session),
    ]
    writes = [*(Put(item, Absent()) for item in items), *creation_writes(workspace, event, user.id)]
    return _Account(user, session, workspace, writes)


def _grants(account: _Account, address_owner: str) -> Sequence[Grant]:
    return [
        Grant(Table.IDENTITY, address_owner, Access.WRITE),
        Grant(Table.IDENTITY, account.user.id, Access.WRITE),
        Grant(Table.TENANCY, account.user.id, Access.WRITE),
        Grant(Table.TENANCY, account.workspace.id, Access.WRITE),
    ]


def _registered_before(
    services: Services, operation_id: str, draft: AccountDraft, registration: Registration
) -> Registered:
    if registration.operation_id != operation_id:
        raise EmailTaken
    head = keys.workspace(registration.workspace_id)
    store = ScopedStore(services.store, [Grant(Table.TENANCY, head.owner, Access.READ)])
    item = store.get([head]).get(head)
    if item is None:
        raise EmailTaken
    try:
        return Registered(sign_in(services, registration.user_id, draft.password), workspace_of(item))
    except InvalidCredentials:
        raise EmailTaken from None
