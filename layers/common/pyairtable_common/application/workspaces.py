"""Workspaces: make, list, and who is in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.errors import (
    AlreadyMember,
    IdempotencyMismatch,
    NotPermittedOrNotFound,
    TryAgain,
)
from pyairtable_common.domain.events import Event, Kind, Operation
from pyairtable_common.domain.ids import USER, WORKSPACE, derived_id, is_id
from pyairtable_common.domain.permissions import Principal, Role
from pyairtable_common.domain.users import User, canonical_email, clean_title, email_digest
from pyairtable_common.domain.workspaces import Membership, Workspace
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.documents import integer, text
from pyairtable_common.repositories.event_log import read_event
from pyairtable_common.repositories.identity import registration_of, user_of
from pyairtable_common.repositories.pages import all_items, get_all
from pyairtable_common.repositories.ports import Absent, ConditionFailed, Store, Table, Unavailable
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import (
    creation_writes,
    members_changed,
    membership_of,
    membership_writes,
    workspace_created,
    workspace_of,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a workspace."""

    user: User
    role: Role


@dataclass(frozen=True, slots=True)
class Invitee:
    """Whom to take in: by address, or by user id."""

    email: str | None = None
    user_id: str | None = None


def create_workspace(services: Services, principal: Principal, operation: Operation, name: str) -> Workspace:
    """Its maker owns it. A token that is limited to resources may not: ``NotPermittedOrNotFound``."""
    if principal.resources is not None:
        raise NotPermittedOrNotFound
    title = clean_title("name", name)
    workspace = Workspace(derived_id(WORKSPACE, operation.id), title, 1, operation.at_ms)
    store = ScopedStore(
        services.store,
        [Grant(Table.TENANCY, owner, Access.WRITE) for owner in (workspace.id, principal.user_id)],
    )
    told = workspace_created(workspace, principal.user_id)
    event = Event(1, Kind.WORKSPACE_CREATED, principal.user_id, operation.id, operation.at_ms, told)
    for _ in attempts(services):
        try:
            made = _made_before(store, workspace, event)
            if made is None:
                writes = creation_writes(workspace, event, principal.user_id)
                store.transact(writes, fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return made or workspace
    raise TryAgain


def workspaces_of(services: Services, principal: Principal) -> Sequence[Membership]:
    """All workspaces that a person is in, by id; whether the token may touch them is not asked."""
    store = ScopedStore(services.store, [Grant(Table.TENANCY, principal.user_id, Access.READ)])
    items = all_items(store, Table.TENANCY, principal.user_id, prefix=keys.USER_WORKSPACES)
    return [membership_of(item) for item in items]


def list_workspaces(services: Services, principal: Principal) -> Sequence[tuple[Workspace, Role]]:
    """The workspaces that a person is in and the token may touch, oldest first."""
    roles = {
        membership.workspace_id: membership.role
        for membership in workspaces_of(services, principal)
        if principal.may_touch(membership.workspace_id)
    }
    store = ScopedStore(services.store, [Grant(Table.TENANCY, one, Access.READ) for one in roles])
    heads = get_all(store, map(keys.workspace, roles))
    found = sorted(map(workspace_of, heads.values()), key=lambda one: (one.created_ms, one.id))
    return [(workspace, roles[workspace.id]) for workspace in found]


def list_members(access: WorkspaceAccess) -> Sequence[Member]:
    """Everybody in the workspace, by user id."""
    items = all_items(access.store, Table.TENANCY, access.workspace.id, prefix=keys.MEMBERS)
    roles = {item.key.sk.removeprefix(keys.MEMBERS): membership_of(item).role for item in items}
    users = _users(access.services, list(roles))
    return [Member(users[user_id], role) for user_id, role in roles.items() if user_id in users]


def add_member(access: WorkspaceAccess, operation: Operation, invitee: Invitee, role: Role) -> Member:
    """Takes in somebody who has an account.

    Raises ``AlreadyMember``, or ``NotPermittedOrNotFound`` if there is no such account.
    """
    user = _account_of(access.services, invitee)
    membership = Membership(access.workspace.id, user.id, role)

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Membership]:
        if None not in view.read([keys.member(view.workspace.id, user.id)]).values():
            raise AlreadyMember
        return Plan(
            Kind.MEMBERS_CHANGED,
            members_changed({user.id: role}),
            membership_writes(membership, sequence, Absent()),
            membership,
        )

    widened = access.widened([Grant(Table.TENANCY, user.id, Access.WRITE)])
    return Member(user, write_log(widened, operation, decide, _MEMBERSHIP).role)


def _made_before(store: Store, workspace: Workspace, event: Event) -> Workspace | None:
    """The workspace that an earlier attempt at the same operation made."""
    head = keys.workspace(workspace.id)
    item = store.get([head]).get(head)
    if item is None:
        return None
    first = read_event(store, Table.TENANCY, workspace.id, 1)
    if first is None or first.data != event.data:
        raise IdempotencyMismatch
    return workspace_of(item)


def _account_of(services: Services, invitee: Invitee) -> User:
    user_id = invitee.user_id
    if invitee.email is not None:
        address = keys.email(email_digest(canonical_email(invitee.email)))
        store = ScopedStore(services.store, [Grant(Table.IDENTITY, address.owner, Access.READ)])
        item = store.get([address]).get(address)
        user_id = None if item is None else registration_of(item).user_id
    if user_id is None or not is_id(user_id, USER):
        raise NotPermittedOrNotFound
    users = _users(services, [user_id])
    if user_id not in users:
        raise NotPermittedOrNotFound
    return users[user_id]


def _users(services: Services, user_ids: Sequence[str]) -> dict[str, User]:
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, one, Access.READ) for one in user_ids])
    return {item.key.owner: user_of(item) for item in get_all(store, map(keys.user, user_ids)).values()}


_MEMBERSHIP: ResultCodec[Membership] = ResultCodec(
    lambda one: {"workspace": one.workspace_id, "user": one.user_id, "role": one.role.value},
    lambda raw: Membership(text(raw, "workspace"), text(raw, "user"), Role(integer(raw, "role"))),
)
