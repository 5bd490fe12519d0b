"""Workspaces: make, list, and who is in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.log_writes import ResultCodec, write_log
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspace_access import WorkspaceAccess, WorkspacePlan
from pyairtable_common.domain.errors import (
    IdempotencyMismatch,
    NotPermittedOrNotFound,
    SlugTaken,
    TryAgain,
)
from pyairtable_common.domain.events import Event, Kind, Operation
from pyairtable_common.domain.ids import WORKSPACE, derived_id
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Principal, Role
from pyairtable_common.domain.users import clean_title
from pyairtable_common.domain.workspaces import Membership, Workspace, clean_icon, clean_slug
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, optional_text, text
from pyairtable_common.repositories.event_log import read_event
from pyairtable_common.repositories.pages import all_items, get_all
from pyairtable_common.repositories.ports import (
    Absent,
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Put,
    Store,
    Table,
    Unavailable,
    Write,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import (
    creation_writes,
    membership_of,
    workspace_created,
    workspace_of,
)


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
    event = operation.event(1, Kind.WORKSPACE_CREATED, told)
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


@dataclass(frozen=True, slots=True)
class WorkspaceChange:
    """A new name, slug and icon; ``None`` leaves what was."""

    name: str | None = None
    slug: str | None = None
    icon: str | None = None


def change_workspace(access: WorkspaceAccess, operation: Operation, change: WorkspaceChange) -> Workspace:
    """Raises ``Invalid`` or ``SlugTaken``."""
    first = _changed(access.workspace, change)
    slugs = {access.workspace.slug, first.slug} - {None}
    grants = [Grant(Table.TENANCY, keys.slug(str(slug)).owner, Access.WRITE) for slug in slugs]

    def decide(view: WorkspaceAccess, sequence: int) -> WorkspacePlan[Workspace]:
        before, after = view.workspace, _changed(view.workspace, change)
        if before.slug not in {*slugs, None}:
            raise TryAgain
        return WorkspacePlan(
            Kind.WORKSPACE_CHANGED,
            {"before": _told(before), "after": _told(after)},
            _slug_writes(view, before.slug, after.slug, sequence),
            replace(after, sequence=sequence),
            workspace=None if after == before else after,
        )

    return write_log(access.widened(grants), operation, decide, _WORKSPACE)


def slug_is_free(services: Services, text: str) -> bool:
    """Whether a workspace may take this slug now. Raises ``Invalid``."""
    key = keys.slug(clean_slug(text))
    store = ScopedStore(services.store, [Grant(Table.TENANCY, key.owner, Access.READ)])
    return key not in store.get([key])


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


def _changed(workspace: Workspace, change: WorkspaceChange) -> Workspace:
    return replace(
        workspace,
        name=workspace.name if change.name is None else clean_title("name", change.name),
        slug=workspace.slug if change.slug is None else clean_slug(change.slug),
        icon=workspace.icon if change.icon is None else clean_icon(change.icon),
    )


def _slug_writes(view: WorkspaceAccess, before: str | None, after: str | None, sequence: int) -> list[Write]:
    """The old slug given back and the new one taken. Raises ``SlugTaken``."""
    if before == after:
        return []
    writes: list[Write] = [] if before is None else [Delete(keys.slug(before), Exists())]
    if after is not None:
        key = keys.slug(after)
        if view.read([key])[key] is not None:
            raise SlugTaken
        holder = codec.encode({"workspace": view.workspace.id})
        writes.append(Put(Item(key, sequence, holder), Absent()))
    return writes


def _told(workspace: Workspace) -> JSONObject:
    return {"name": workspace.name, "slug": workspace.slug, "icon": workspace.icon}


def _workspace_document(workspace: Workspace) -> JSONObject:
    return {
        "id": workspace.id,
        "sequence": workspace.sequence,
        "created": workspace.created_ms,
        **_told(workspace),
    }


def _workspace_of_document(raw: JSONObject) -> Workspace:
    return Workspace(
        text(raw, "id"),
        text(raw, "name"),
        integer(raw, "sequence"),
        integer(raw, "created"),
        optional_text(raw, "slug"),
        optional_text(raw, "icon"),
    )


_WORKSPACE = ResultCodec(_workspace_document, _workspace_of_document)
