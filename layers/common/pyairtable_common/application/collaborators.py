"""Who may do what in one base, on top of what their workspace gives them: the higher of the two counts.

Somebody with a role in a base only sees that base and nothing else of the workspace.
Nobody grants more than they have themselves, and nobody touches those above them. Each
change is one write to the workspace's log, and holds at the next request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyairtable_common.application.base_access import BaseAccess
from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.errors import AlreadyCollaborator, Invalid, NotPermitted, NotPermittedOrNotFound
from pyairtable_common.domain.events import Kind, Operation
from pyairtable_common.domain.ids import BASE, USER, is_id
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Role
from pyairtable_common.domain.users import User
from pyairtable_common.domain.workspaces import Collaboration
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.collaborators import (
    collaboration_writes,
    collaborators_changed,
)
from pyairtable_common.repositories.documents import integer, objects, text
from pyairtable_common.repositories.identity import user_of
from pyairtable_common.repositories.pages import all_items, get_all
from pyairtable_common.repositories.ports import (
    Absent,
    Delete,
    Expectation,
    Item,
    Key,
    Table,
    VersionIs,
    Write,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import role_of, workspace_of

MOST_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Collaborator:
    """A person with a role in a base."""

    user: User
    role: Role


def list_collaborators(access: WorkspaceAccess, base_id: str) -> Sequence[Collaborator]:
    """Those with a role in this base, by user id; not those that its workspace lets in.

    Raises ``NotPermittedOrNotFound`` for a base that is not in the workspace.
    """
    place = _place(access, base_id)
    if access.read([place])[place] is None:
        raise NotPermittedOrNotFound
    prefix = keys.collaborators(base_id)
    items = all_items(access.store, Table.TENANCY, access.workspace.id, prefix=prefix)
    roles = {item.key.sk.removeprefix(prefix): role_of(item) for item in items}
    users = _users(access.services, list(roles))
    return [Collaborator(users[user_id], role) for user_id, role in roles.items() if user_id in users]


def add_collaborators(
    access: WorkspaceAccess, operation: Operation, base_id: str, roles: Mapping[str, Role]
) -> Sequence[Collaborator]:
    """All of ``roles``, by user id, or none of them.

    Raises ``AlreadyCollaborator``, ``NotPermitted``, ``Invalid``, or ``NotPermittedOrNotFound``
    for a user who is not there.
    """
    if not 0 < len(roles) <= MOST_AT_ONCE:
        raise Invalid("collaborators", f"must be 1 to {MOST_AT_ONCE} people")
    if not all(is_id(user_id, USER) for user_id in roles):
        raise NotPermittedOrNotFound
    found = _users(access.services, list(roles))
    if found.keys() != roles.keys():
        raise NotPermittedOrNotFound
    wishes = [_Wish(base_id, user_id, role, is_new=True) for user_id, role in roles.items()]
    return [Collaborator(found[one.user_id], one.role) for one in _change(access, operation, wishes)]


def change_collaborator(
    access: WorkspaceAccess, operation: Operation, base_id: str, user_id: str, role: Role
) -> Collaboration:
    """Raises ``NotPermitted``, or ``NotPermittedOrNotFound`` for somebody who is none."""
    (changed,) = _change(access, operation, [_Wish(base_id, user_id, role)])
    return changed


def remove_collaborator(access: WorkspaceAccess, operation: Operation, base_id: str, user_id: str) -> None:
    """Raises what ``change_collaborator`` raises."""
    _change(access, operation, [_Wish(base_id, user_id, None)])


def workspace_of_base(access: BaseAccess) -> WorkspaceAccess:
    """The workspace of a base that somebody got into, to write who else may: decided by ``_require_rank``."""
    workspace_id = access.base.workspace_id
    grants = frozenset([Grant(Table.TENANCY, workspace_id, Access.WRITE)])
    head = keys.workspace(workspace_id)
    item = ScopedStore(access.services.store, grants).get([head]).get(head)
    if item is None:
        raise NotPermittedOrNotFound
    return WorkspaceAccess(access.services, grants, access.principal, access.role, workspace_of(item), {})


@dataclass(frozen=True, slots=True)
class _Wish:
    """The role that somebody is to have in a base; ``None`` is none any more."""

    base_id: str
    user_id: str
    role: Role | None
    is_new: bool = False


def _change(
    access: WorkspaceAccess, operation: Operation, wishes: Sequence[_Wish]
) -> Sequence[Collaboration]:
    """Wishes for one base, in one write."""
    base_id = wishes[0].base_id

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Sequence[Collaboration]]:
        workspace_id, place = view.workspace.id, _place(view, base_id)
        own = _rank_keys(view, base_id, operation.actor_id)
        wanted = {wish.user_id: keys.collaborator(workspace_id, base_id, wish.user_id) for wish in wishes}
        found = view.read(list(dict.fromkeys([place, *own, *wanted.values()])))
        if found[place] is None:
            raise NotPermittedOrNotFound
        rank = _rank([found[key] for key in own])
        before = {wish.user_id: _before(found[wanted[wish.user_id]], wish) for wish in wishes}
        _require_rank(rank, [*before.values(), *(wish.role for wish in wishes)])
        changes = [_Change(wish, before[wish.user_id], found[wanted[wish.user_id]]) for wish in wishes]
        return _plan(workspace_id, changes, sequence)

    grants = [Grant(Table.TENANCY, wish.user_id, Access.WRITE) for wish in wishes]
    return write_log(access.widened(grants), operation, decide, _CODEC)


@dataclass(frozen=True, slots=True)
class _Change:
    """A wish, the role before it, and the item that holds that."""

    wish: _Wish
    before: Role | None
    item: Item | None


def _plan(workspace_id: str, changes: Sequence[_Change], sequence: int) -> Plan[Sequence[Collaboration]]:
    after = [
        Collaboration(
            workspace_id, one.wish.base_id, one.wish.user_id, one.wish.role or one.before or Role.READ
        )
        for one in changes
    ]
    told = collaborators_changed(
        changes[0].wish.base_id, {one.wish.user_id: (one.before, one.wish.role) for one in changes}
    )
    writes = [
        write
        for one, made in zip(changes, after, strict=True)
        if one.before is not one.wish.role
        for write in _writes(one.item, made, one.wish, sequence)
    ]
    return Plan(Kind.COLLABORATORS_CHANGED, told, writes, after)


def _place(access: WorkspaceAccess, base_id: str) -> Key:
    if not is_id(base_id, BASE):
        raise NotPermittedOrNotFound
    return keys.workspace_base(access.workspace.id, base_id)


def _rank_keys(view: WorkspaceAccess, base_id: str, actor_id: str) -> Sequence[Key]:
    workspace_id = view.workspace.id
    return [keys.member(workspace_id, actor_id), keys.collaborator(workspace_id, base_id, actor_id)]


def _before(item: Item | None, wish: _Wish) -> Role | None:
    if item is None and not wish.is_new:
        raise NotPermittedOrNotFound
    if item is not None and wish.is_new:
        raise AlreadyCollaborator
    return None if item is None else role_of(item)


def _rank(own: Sequence[Item | None]) -> Role:
    """The actor's own role in the base, which must be enough to manage others."""
    rank = max((role_of(item) for item in own if item is not None), default=Role.READ)
    if rank < Role.CREATOR:
        raise NotPermittedOrNotFound
    return rank


def _require_rank(rank: Role, touched: Sequence[Role | None]) -> None:
    if any(role is not None and role > rank for role in touched):
        raise NotPermitted


def _writes(item: Item | None, after: Collaboration, wish: _Wish, sequence: int) -> list[Write]:
    expect: Expectation = Absent() if item is None else VersionIs(item.version)
    if wish.role is not None:
        return collaboration_writes(after, sequence, expect)
    both = (
        keys.collaborator(after.workspace_id, after.base_id, after.user_id),
        keys.user_base(after.user_id, after.base_id),
    )
    return [Delete(key, expect) for key in both]


def _users(services: Services, user_ids: Sequence[str]) -> Mapping[str, User]:
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, one, Access.READ) for one in user_ids])
    return {item.key.owner: user_of(item) for item in get_all(store, map(keys.user, user_ids)).values()}


def _document(one: Collaboration) -> JSONObject:
    return {
        "workspace": one.workspace_id,
        "base": one.base_id,
        "user": one.user_id,
        "role": one.role.value,
    }


def _of_document(raw: JSONObject) -> Collaboration:
    return Collaboration(
        text(raw, "workspace"), text(raw, "base"), text(raw, "user"), Role(integer(raw, "role"))
    )


_CODEC: ResultCodec[Sequence[Collaboration]] = ResultCodec(
    lambda made: {"collaborators": [_document(one) for one in made]},
    lambda raw: [_of_document(one) for one in objects(raw, "collaborators")],
)
