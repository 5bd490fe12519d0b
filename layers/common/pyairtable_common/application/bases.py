"""Bases: create one, and list those that a person can reach."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.application.services import Services
from pyairtable_common.application.tables import TableDraft, new_table
from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.bases import Base
from pyairtable_common.domain.errors import DuplicateTableName, InvalidRequest
from pyairtable_common.domain.events import Kind, Operation
from pyairtable_common.domain.ids import BASE, Ids
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Principal, Role
from pyairtable_common.domain.tables import TableSchema, clean_name
from pyairtable_common.domain.workspaces import Collaboration, Membership
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.bases import creation_writes
from pyairtable_common.repositories.collaborators import collaboration_of
from pyairtable_common.repositories.documents import objects, text
from pyairtable_common.repositories.pages import all_items, get_all
from pyairtable_common.repositories.ports import Absent, Item, Put, Table
from pyairtable_common.repositories.schemas import table_document, table_of_document
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import membership_of


@dataclass(frozen=True, slots=True)
class BaseDraft:
    """A base to be made, with at least one table."""

    name: str
    tables: Sequence[TableDraft]


@dataclass(frozen=True, slots=True)
class NewBase:
    id: str
    tables: Sequence[TableSchema]


@dataclass(frozen=True, slots=True)
class ReachableBase:
    """A base and the role in it of the person who asks."""

    id: str
    name: str
    workspace_id: str
    role: Role


def create_base(access: WorkspaceAccess, operation: Operation, draft: BaseDraft) -> NewBase:
    """A base in this workspace: its head, tables and first event, and the workspace's event of it.

    Raises ``DuplicateTableName`` and what ``new_table`` raises.
    """
    made = NewBase(access.services.ids.new(BASE), _new_tables(access.services.ids, draft.tables))
    name = clean_name(draft.name)

    def decide(view: WorkspaceAccess, sequence: int) -> Plan[NewBase]:
        base = Base(made.id, view.workspace.id, name, 1, 1, operation.at_ms)
        told: JSONObject = {
            "name": name,
            "tables": {table.id: {"after": table_document(table)} for table in made.tables},
        }
        event = operation.event(1, Kind.BASE_CREATED, told)
        entry = Item(keys.workspace_base(view.workspace.id, base.id), sequence, codec.encode({"name": name}))
        return Plan(
            Kind.WORKSPACE_BASES_CHANGED,
            {"bases": {base.id: {"before": None, "after": {"name": name}}}},
            [*creation_writes(base, made.tables, event), Put(entry, Absent())],
            made,
        )

    granted = access.widened([Grant(Table.BASES, made.id, Access.WRITE)])
    return write_log(granted, operation, decide, _NEW_BASE)


def reachable_bases(services: Services, principal: Principal) -> Sequence[ReachableBase]:
    """By workspace, then by id. One query for all that the person is in, and one for each workspace.

    Where the person has a role in single bases only, those cost one more read.
    """
    memberships, collaborations = _everything_of(services, principal)
    own = [base for membership in memberships for base in _bases_of(services, principal, membership)]
    roles = {one.base_id: one.role for one in collaborations}
    found = [replace(base, role=max(base.role, roles.get(base.id, base.role))) for base in own]
    seen = {base.id for base in own}
    single = _single_bases(services, principal, [one for one in collaborations if one.base_id not in seen])
    return sorted([*found, *single], key=lambda base: (base.workspace_id, base.id))


def _everything_of(
    services: Services, principal: Principal
) -> tuple[Sequence[Membership], Sequence[Collaboration]]:
    store = ScopedStore(services.store, [Grant(Table.TENANCY, principal.user_id, Access.READ)])
    items = list(all_items(store, Table.TENANCY, principal.user_id))
    return (
        [membership_of(item) for item in items if item.key.sk.startswith(keys.USER_WORKSPACES)],
        [collaboration_of(item) for item in items if item.key.sk.startswith(keys.USER_BASES)],
    )


def _single_bases(
    services: Services, principal: Principal, collaborations: Sequence[Collaboration]
) -> Sequence[ReachableBase]:
    """Bases in workspaces that the person is not in; one that is there no more is passed over."""
    allowed = [one for one in collaborations if principal.may_touch(one.base_id, one.workspace_id)]
    places = {keys.workspace_base(one.workspace_id, one.base_id): one for one in allowed}
    store = ScopedStore(services.store, [Grant(Table.TENANCY, key.owner, Access.READ) for key in places])
    return [
        ReachableBase(one.base_id, text(codec.decode(item.data), "name"), one.workspace_id, one.role)
        for key, item in get_all(store, places).items()
        for one in [places[key]]
    ]


def _bases_of(services: Services, principal: Principal, membership: Membership) -> Iterator[ReachableBase]:
    workspace_id = membership.workspace_id
    store = ScopedStore(services.store, [Grant(Table.TENANCY, workspace_id, Access.READ)])
    for item in all_items(store, Table.TENANCY, workspace_id, prefix=keys.WORKSPACE_BASES):
        base_id = item.key.sk.removeprefix(keys.WORKSPACE_BASES)
        if principal.may_touch(base_id, workspace_id):
            yield ReachableBase(base_id, text(codec.decode(item.data), "name"), workspace_id, membership.role)


def _new_tables(ids: Ids, drafts: Sequence[TableDraft]) -> Sequence[TableSchema]:
    if not drafts:
        raise InvalidRequest("A base has at least one table")
    tables = [new_table(ids, draft, position) for position, draft in enumerate(drafts)]
    seen: set[str] = set()
    for table in tables:
        if table.name.casefold() in seen:
            raise DuplicateTableName(table.name)
        seen.add(table.name.casefold())
    return tables


def _new_base_document(base: NewBase) -> JSONObject:
    return {"id": base.id, "tables": [table_document(table) for table in base.tables]}


def _new_base_of(raw: JSONObject) -> NewBase:
    return NewBase(text(raw, "id"), [table_of_document(table) for table in objects(raw, "tables")])


_NEW_BASE = ResultCodec(_new_base_document, _new_base_of)
