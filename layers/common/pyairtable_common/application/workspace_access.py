"""A request's way into one workspace: authenticated, authorized, and unable to reach beyond."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pyairtable_common.application.authentication import Credential, principal_of
from pyairtable_common.application.base_access import Need, read_unknown, role_within
from pyairtable_common.application.log_writes import Plan
from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import NotPermittedOrNotFound
from pyairtable_common.domain.events import Event
from pyairtable_common.domain.ids import WORKSPACE, is_id
from pyairtable_common.domain.permissions import Principal, Role
from pyairtable_common.domain.workspaces import Workspace
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.ports import Item, Key, Store, Table, Write
from pyairtable_common.repositories.scoped import Grant, ScopedStore
from pyairtable_common.repositories.tenancy import advance_writes, workspace_of

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class WorkspacePlan(Plan[R]):
    """A plan that changes what the head holds."""

    workspace: Workspace | None = None

    @property
    def is_empty(self) -> bool:
        return not self.writes and self.workspace is None


@dataclass(frozen=True, slots=True)
class WorkspaceAccess:
    """One workspace as this request sees it, and the store within its ``grants``.

    ``known`` holds what was read on the way in; ``None`` is known to be absent.
    """

    services: Services
    grants: frozenset[Grant]
    principal: Principal
    role: Role
    workspace: Workspace
    known: Mapping[Key, Item | None]

    @property
    def store(self) -> Store:
        return ScopedStore(self.services.store, self.grants)

    @property
    def table(self) -> Table:
        return Table.TENANCY

    @property
    def owner_id(self) -> str:
        return self.workspace.id

    @property
    def sequence(self) -> int:
        return self.workspace.sequence

    def widened(self, also: Iterable[Grant]) -> "WorkspaceAccess":
        """The same with further grants, which the caller has the right to give."""
        return replace(self, grants=self.grants.union(also))

    def read(self, wanted: Iterable[Key]) -> Mapping[Key, Item | None]:
        """The items at these keys; only those not read before cost a round trip."""
        return read_unknown(self.store, self.known, wanted)

    def refreshed(self, also: Sequence[Key] = ()) -> "WorkspaceAccess":
        """The same way in, as of now; reads ``also`` in the same round trip."""
        head = keys.workspace(self.workspace.id)
        items = self.store.get([head, *also])
        if head not in items:
            raise NotPermittedOrNotFound
        return replace(self, workspace=workspace_of(items[head]), known={key: items.get(key) for key in also})

    def advance(self, event: Event, plan: Plan[R]) -> Sequence[Write]:
        changed = plan.workspace if isinstance(plan, WorkspacePlan) else None
        return advance_writes(self.workspace, event, changed)


def open_workspace(
    services: Services,
    credential: Credential,
    workspace_id: str,
    need: Need,
    also: Sequence[Grant] = (),
    prefetch: Sequence[Key] = (),
) -> WorkspaceAccess:
    """In one round trip, with the workspace's own items among ``prefetch``.

    ``also`` are grants beyond the workspace, for what the request makes itself.
    Raises ``NotAuthenticated``, or ``NotPermittedOrNotFound`` for whatever else is missing.
    """
    head = keys.workspace(workspace_id)
    membership = keys.member(workspace_id, credential.user_id)
    own = [key for key in prefetch if key.owner == workspace_id]
    wanted = [head, membership, *own] if is_id(workspace_id, WORKSPACE) else []
    found = services.store.get([credential.key, *wanted])
    principal = principal_of(services, credential, found.get(credential.key))
    if head not in found:
        raise NotPermittedOrNotFound
    role = role_within(principal, need, [found.get(membership)], workspace_id)
    grants = frozenset([Grant(Table.TENANCY, workspace_id, need.access), *also])
    known = {key: found.get(key) for key in own}
    return WorkspaceAccess(services, grants, principal, role, workspace_of(found[head]), known)
