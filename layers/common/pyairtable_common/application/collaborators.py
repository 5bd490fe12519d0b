"""Who may do what in one base, on top of what their workspace gives them: the higher of the two counts.

Somebody with a role in a base only sees that base and nothing else of the workspace.
Nobody grants more than they have themselves, and nobody touches those above them. Each
change is one write to the workspace's log, and holds at the next request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.errors import AlreadyCollaborator, NotPermitted, NotPermittedOrNotFound
from pyairtable_common.domain.events import Kind, Operation
from pyairtable_common.domain.ids import BASE, USER, is_id
from pyairtable_common.domain.permissions import Role
from pyairtable_common.domain.users import User
from pyairtable_common.domain.workspaces import Collaboration
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.collaborators import (
    collaboration_writes,
    collaborators_changed,
)
from pyairtable_common.repositories.documents import integer, text
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
from pyairtable_common.repositories.tenancy import role_of


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


def add_collaborator(
    access: WorkspaceAccess, operation: Operation, base_id: str, user_id: str, role: Role
) -> Collaborator:
    """Raises ``AlreadyCollaborator``, ``NotPermitted``, or ``NotPermittedOrNotFound`` for a missing user."""
    found = _users(access.services, [user_id]) if is_id(user_id, USER) else {}
    if user_id not in found:
        raise NotPermittedOrNotFound
    made = _change(access, operation, _Wish(base_id, user_id, role, is_new=True))
    return Collaborator(found[user_id], made.role)


def change_collaborator(
    access: WorkspaceAccess, operation: Operation, base_id: str, user_id: str, role: Role
) -> Collaboration:
    """Raises ``NotPermitted``, or ``NotPermittedOrNotFound`` for somebody who is none."""
    return _change(access, operation, _Wish(base_id, user_id, role))


def remove_collaborator(access: WorkspaceAccess, operation: Operation, base_id: str, user_id: str) -> None:
    """Raises what ``change_collaborator`` raises."""
    _change(access, operation, _Wish(base_id, user_id, None))


@dataclass(frozen=True, slots=True)
class _Wish:
    """The role that somebody is to have in a base; ``None`` is none any more."""

    base_id: str
    user_id: str
    role: Role | None
    is_new: bool = False


def _change(access: WorkspaceAccess, operation: Operation, wish: _Wish) -> Collaboration:
    key = keys.collaborator(access.workspace.id, wish.base_id, wish.user_id)

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[Collaboration]:
        place, rank = _place(view, wish.base_id), _rank_keys(view, wish.base_id, operation.actor_id)
        found = view.read([place, key, *rank])
        if found[place] is None:
            raise NotPermittedOrNotFound
        before = _before(found[key], wish)
        _require_rank([found[one] for one in rank], before, wish.role)
        told = collaborators_changed(wish.base_id, wish.user_id, before, wish.role)
        shown = wish.role or before or Role.READ
        after = Collaboration(view.workspace.id, wish.base_id, wish.user_id, shown)
        writes = _writes(found[key], after, wish, sequence)
        return Plan(Kind.COLLABORATORS_CHANGED, told, writes if before is not wish.role else [], after)

    return write_log(
        access.widened([Grant(Table.TENANCY, wish.user_id, Access.WRITE)]), operation, decide, _CODEC
    )


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


def _require_rank(own: Sequence[Item | None], before: Role | None, after: Role | None) -> None:
    rank = max((role_of(item) for item in own if item is not None), default=None)
    if rank is None or rank < Role.CREATOR:
        raise NotPermittedOrNotFound
    if max(before or Role.READ, after or Role.READ) > rank:
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


_CODEC: ResultCodec[Collaboration] = ResultCodec(
    lambda one: {
        "workspace": one.workspace_id,
        "base": one.base_id,
        "user": one.user_id,
        "role": one.role.value,
    },
    lambda raw: Collaboration(
        text(raw, "workspace"), text(raw, "base"), text(raw, "user"), Role(integer(raw, "role"))
    ),
)
