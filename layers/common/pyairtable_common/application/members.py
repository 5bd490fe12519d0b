"""Who is in a workspace, and as what. There is always an owner.

Nobody grants more than they have themselves, and nobody touches those above them.
Each change is one write to the workspace's log, so that whoever counts the owners
counts what will still hold when the write is made.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.errors import AlreadyMember, LastOwner, NotPermitted, NotPermittedOrNotFound
from pyairtable_common.domain.events import Kind, Operation
from pyairtable_common.domain.ids import USER, is_id
from pyairtable_common.domain.permissions import Role
from pyairtable_common.domain.users import User
from pyairtable_common.domain.workspaces import Membership
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.documents import integer, text
from pyairtable_common.repositories.identity import user_of
from pyairtable_common.repositories.pages import all_items, get_all
from pyairtable_common.repositories.ports import Absent, Delete, Item, Table, VersionIs, Write
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import members_changed, membership_of, membership_writes


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a workspace."""

    user: User
    role: Role


Roles = Mapping[str, Role | None]
"""By user id: the role to have from now on; ``None`` to be in no more."""

Present = tuple[Membership, Item]
"""A membership and the item that holds it."""


def list_members(access: WorkspaceAccess) -> Sequence[Member]:
    """Everybody in the workspace, by user id."""
    items = all_items(access.store, Table.TENANCY, access.workspace.id, prefix=keys.MEMBERS)
    roles = {item.key.sk.removeprefix(keys.MEMBERS): membership_of(item).role for item in items}
    users = _users(access.services, list(roles))
    return [Member(users[user_id], role) for user_id, role in roles.items() if user_id in users]


def add_member(access: WorkspaceAccess, operation: Operation, user_id: str, role: Role) -> Member:
    """Takes in somebody whose id the caller knows.

    Raises ``AlreadyMember``, or ``NotPermittedOrNotFound`` if there is no such account.
    """
    user = _account_of(access.services, user_id)
    membership = Membership(access.workspace.id, user.id, role)

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Membership]:
        if None not in view.read([keys.member(view.workspace.id, user.id)]).values():
            raise AlreadyMember
        return Plan(
            Kind.MEMBERS_CHANGED,
            members_changed({user.id: (None, role)}),
            membership_writes(membership, sequence, Absent()),
            membership,
        )

    widened = access.widened([Grant(Table.TENANCY, user.id, Access.WRITE)])
    return Member(user, write_log(widened, operation, decide, _MEMBERSHIP).role)


def change_role(access: WorkspaceAccess, operation: Operation, user_id: str, role: Role) -> Membership:
    """Raises ``NotPermitted``, ``LastOwner``, or ``NotPermittedOrNotFound`` for somebody who is no member."""
    return _change(access, operation, user_id, {user_id: role})


def remove_member(access: WorkspaceAccess, operation: Operation, user_id: str) -> None:
    """Puts somebody out, or leaves. Raises what ``change_role`` raises."""
    _change(access, operation, user_id, {user_id: None})


def transfer_ownership(access: WorkspaceAccess, operation: Operation, user_id: str) -> Membership:
    """Makes another member an owner, and the caller a creator. Raises what ``change_role`` raises."""
    if user_id == access.principal.user_id:
        raise NotPermitted
    return _change(access, operation, user_id, {user_id: Role.OWNER, access.principal.user_id: Role.CREATOR})


def _change(access: WorkspaceAccess, operation: Operation, subject: str, wanted: Roles) -> Membership:
    actor_id = access.principal.user_id

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Membership]:
        before = _present(view, {*wanted, actor_id})
        _require_rank(before[actor_id][0].role, before, wanted, actor_id)
        changes = {user: (before[user][0].role, role) for user, role in wanted.items()}
        if Role.OWNER in (old for old, new in changes.values() if new is not Role.OWNER):
            _require_owner_left(view, wanted)
        told = members_changed(changes)
        writes = [write for user, role in wanted.items() for write in _writes(before[user], role, sequence)]
        after = Membership(view.workspace.id, subject, wanted[subject] or before[subject][0].role)
        changed = any(old is not new for old, new in changes.values())
        return Plan(Kind.MEMBERS_CHANGED, told, writes if changed else [], after)

    # Whoever is in may leave, so that even a reader's store must be able to write here: decide() says what.
    owners = [access.workspace.id, *wanted]
    widened = access.widened(Grant(Table.TENANCY, owner, Access.WRITE) for owner in owners)
    return write_log(widened, operation, decide, _MEMBERSHIP)


def _present(view: WorkspaceAccess, user_ids: Collection[str]) -> Mapping[str, Present]:
    """Those people's memberships, as of this attempt. Raises ``NotPermittedOrNotFound`` if one is not in."""
    items = view.read([keys.member(view.workspace.id, user_id) for user_id in user_ids])
    found = {item.key.sk.removeprefix(keys.MEMBERS): item for item in items.values() if item is not None}
    if found.keys() != set(user_ids):
        raise NotPermittedOrNotFound
    return {user_id: (membership_of(item), item) for user_id, item in found.items()}


def _require_rank(rank: Role, before: Mapping[str, Present], wanted: Roles, actor_id: str) -> None:
    for user_id, role in wanted.items():
        leaves = role is None and user_id == actor_id
        if not leaves and rank < Role.CREATOR:
            raise NotPermittedOrNotFound
        if before[user_id][0].role > rank or (role is not None and role > rank):
            raise NotPermitted


def _require_owner_left(view: WorkspaceAccess, wanted: Roles) -> None:
    """Raises ``LastOwner`` if the workspace would have none."""
    items = all_items(view.store, Table.TENANCY, view.workspace.id, prefix=keys.MEMBERS)
    roles = {item.key.sk.removeprefix(keys.MEMBERS): membership_of(item).role for item in items}
    if Role.OWNER not in {**roles, **wanted}.values():
        raise LastOwner


def _writes(before: Present, role: Role | None, sequence: int) -> list[Write]:
    membership, item = before
    expect = VersionIs(item.version)
    if role is None:
        both = (
            keys.member(membership.workspace_id, membership.user_id),
            keys.user_workspace(membership.user_id, membership.workspace_id),
        )
        return [Delete(key, expect) for key in both]
    return membership_writes(Membership(membership.workspace_id, membership.user_id, role), sequence, expect)


def _account_of(services: Services, user_id: str) -> User:
    if not is_id(user_id, USER):
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
