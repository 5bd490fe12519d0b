"""Leaving for good: a saga that begins after a grace period.

Asked for, a deletion is an intent with a date, fourteen days ahead; until it begins, its
owner signs in as ever and may take it back. On that day it

1. looks whether anything depends on the account: a workspace with other members and no
   other owner, or one of its own that still has bases. Then it waits for another day;
2. suspends the account, so that nobody signs in any more;
3. leaves the workspaces that have other members;
4. closes those that have none, and no bases;
5. takes password, address and account away in one transaction: from here on the address
   is free and there is no way back;
6. removes whatever else lies under the account: sessions, tokens, profile,
   preferences, roles in single bases; and leaves a workspace that a last request may have joined meanwhile.

Records, comments and logs of workspaces keep the account's id, which is nobody's then.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.log_writes import Plan, ResultCodec, write_log
from pyairtable_common.application.sagas import Blocked, Saga, Step, begin_saga, cancel_saga, sweep
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspace_access import WorkspaceAccess
from pyairtable_common.domain.errors import DeletionUnderWay, OwnershipRequired, TryAgain
from pyairtable_common.domain.events import Kind, Operation
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Principal, Role
from pyairtable_common.domain.users import email_digest
from pyairtable_common.domain.workspaces import Collaboration, Membership, Workspace
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.collaborators import collaboration_of, collaborators_changed
from pyairtable_common.repositories.documents import integer, mapping
from pyairtable_common.repositories.identity import (
    credentials_item,
    credentials_of,
    registration_of,
    user_of,
)
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import (
    MAX_TRANSACTION_ITEMS,
    Absent,
    ConditionFailed,
    Delete,
    Exists,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
    Write,
)
from pyairtable_common.repositories.sagas import SagaState, saga_of
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import (
    members_changed,
    membership_of,
    membership_writes,
    workspace_of,
)

NAME = "account-deletion"
DAY_MS = 24 * 3600 * 1000
GRACE_MS = 14 * DAY_MS
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Deletion:
    """When it begins; ``reason`` is why it did not begin before."""

    due_ms: int
    reason: str | None


def request_deletion(services: Services, principal: Principal, operation: Operation) -> Deletion:
    """The intent that there is now, however often it is asked for.

    Raises ``OwnershipRequired``, naming what must be handed over or removed first.
    """
    pending = deletion_of(services, principal)
    if pending is not None:
        return pending
    leaver = _Leaver(services, principal.user_id)
    obstacles = _obstacles(leaver)
    if obstacles:
        raise OwnershipRequired(_told(obstacles))
    due = operation.at_ms + GRACE_MS
    key = keys.saga(Table.IDENTITY, principal.user_id, NAME)
    state = begin_saga(
        _intent_store(services, principal), services, SagaState(key, NAME, operation.id, due, {})
    )
    return Deletion(state.wake_ms, state.reason)


def deletion_of(services: Services, principal: Principal) -> Deletion | None:
    """One's own, if it was asked for."""
    key = keys.saga(Table.IDENTITY, principal.user_id, NAME)
    item = _intent_store(services, principal).get([key]).get(key)
    return None if item is None else Deletion(saga_of(item).wake_ms, saga_of(item).reason)


def restore_account(services: Services, principal: Principal) -> None:
    """Takes the deletion back, if there is one. Raises ``DeletionUnderWay``."""
    key = keys.saga(Table.IDENTITY, principal.user_id, NAME)
    if not cancel_saga(_intent_store(services, principal), services, key):
        raise DeletionUnderWay


@dataclass(frozen=True, slots=True)
class _Leaver:
    """Whoever goes."""

    services: Services
    user_id: str

    @property
    def store(self) -> Store:
        """What is theirs alone."""
        grants = [Grant(table, self.user_id, Access.WRITE) for table in (Table.IDENTITY, Table.TENANCY)]
        return ScopedStore(self.services.store, grants)

    def within(self, workspace_id: str) -> Store:
        grants = [Grant(Table.TENANCY, one, Access.WRITE) for one in (workspace_id, self.user_id)]
        return ScopedStore(self.services.store, grants)

    def memberships(self) -> Iterator[Membership]:
        for item in all_items(self.store, Table.TENANCY, self.user_id, prefix=keys.USER_WORKSPACES):
            yield membership_of(item)


@dataclass(frozen=True, slots=True)
class _Place:
    """A workspace as somebody about to leave it sees it."""

    workspace: Workspace
    roles: Mapping[str, Role]
    has_bases: bool


def _check(leaver: _Leaver, _state: SagaState) -> JSONObject:
    """What later steps need to know of how things were before them."""
    obstacles = _obstacles(leaver)
    if obstacles:
        raise Blocked(_told(obstacles))
    credentials = keys.credentials(leaver.user_id)
    item = leaver.store.get([credentials]).get(credentials)
    return {
        "memberships": {one.workspace_id: one.role.value for one in leaver.memberships()},
        "suspended": item is not None and credentials_of(item).suspended_ms is not None,
    }


def _suspend(leaver: _Leaver, state: SagaState) -> JSONObject:
    if not state.memory["suspended"]:
        _set_suspended(leaver, leaver.services.clock.now_ms())
    return {}


def _release(leaver: _Leaver, state: SagaState) -> None:
    if not state.memory["suspended"]:
        _set_suspended(leaver, None)


def _leave_shared(leaver: _Leaver, state: SagaState) -> JSONObject:
    for workspace_id in _remembered(state):
        _leave(leaver, workspace_id)
    return {}


def _rejoin(leaver: _Leaver, state: SagaState) -> None:
    for workspace_id, role in _remembered(state).items():
        _write_membership(leaver, workspace_id, partial(_joining, leaver, workspace_id, role))


def _close_own(leaver: _Leaver, state: SagaState) -> JSONObject:
    for workspace_id in _remembered(state):
        if not _close(leaver, workspace_id):
            raise Blocked(f"The workspace {workspace_id} came into use again")
    return {}


def _take_account(leaver: _Leaver, _state: SagaState) -> JSONObject:
    """Password, address and account go at once: nobody signs in, or finds the account, half gone."""
    user, credentials = keys.user(leaver.user_id), keys.credentials(leaver.user_id)
    for _ in attempts(leaver.services):
        try:
            found = leaver.store.get([user, credentials])
            writes: list[Write] = [Delete(key, VersionIs(item.version)) for key, item in found.items()]
            if user in found:
                writes += _freeing(leaver, user_of(found[user]).email)
            if writes:
                leaver.services.store.transact(writes, fresh_token(leaver.services))
        except (ConditionFailed, Unavailable):
            continue
        return {}
    raise TryAgain


def _freeing(leaver: _Leaver, address: str) -> Sequence[Write]:
    """So that somebody may register with the address again."""
    key = keys.email(email_digest(address))
    item = leaver.services.store.get([key]).get(key)
    if item is None or registration_of(item).user_id != leaver.user_id:
        return []
    return [Delete(key, VersionIs(item.version))]


def _take_rest(leaver: _Leaver, _state: SagaState) -> JSONObject:
    """All that lies under the account, and workspaces that a last request may have made or joined."""
    for partition in keys.account_partitions(leaver.user_id):
        _delete_all(leaver.services, leaver.store, Table.IDENTITY, partition)
    for item in list(all_items(leaver.store, Table.TENANCY, leaver.user_id, prefix=keys.USER_BASES)):
        _give_up_role_in_base(leaver, collaboration_of(item))
    for membership in list(leaver.memberships()):
        workspace_id = membership.workspace_id
        if not _close(leaver, workspace_id):
            _write_membership(leaver, workspace_id, partial(_leaving, leaver, workspace_id))
    return {}


ACCOUNT_DELETION: Saga[_Leaver] = Saga(
    NAME,
    Table.IDENTITY,
    [
        Step("check", _check),
        Step("suspend", _suspend, _release),
        Step("leave shared workspaces", _leave_shared, _rejoin),
        Step("close own workspaces", _close_own),
        Step("take the account", _take_account),
        Step("take the rest", _take_rest),
    ],
    lambda services, state: _Leaver(services, state.owner_id),
    retry_ms=DAY_MS,
)


def sweep_deletions(services: Services) -> int:
    """Goes on with the deletions whose time has come; how many it took up."""
    return sweep(services, ACCOUNT_DELETION)


def _intent_store(services: Services, principal: Principal) -> Store:
    owners = (principal.user_id, keys.agenda(NAME))
    return ScopedStore(services.store, [Grant(Table.IDENTITY, one, Access.WRITE) for one in owners])


def _obstacles(leaver: _Leaver) -> Sequence[str]:
    """What depends on this person, in words."""
    return [
        obstacle
        for membership in leaver.memberships()
        if (place := _place(leaver, membership.workspace_id)) is not None
        if (obstacle := _obstacle(place, leaver.user_id)) is not None
    ]


def _obstacle(place: _Place, user_id: str) -> str | None:
    others = {one: role for one, role in place.roles.items() if one != user_id}
    named = f"{place.workspace.name} ({place.workspace.id})"
    if others:
        alone = place.roles.get(user_id) is Role.OWNER and Role.OWNER not in others.values()
        return f"{named} has other members, and no other owner" if alone else None
    return f"{named} has bases" if place.has_bases else None


def _told(obstacles: Sequence[str]) -> str:
    more = ["..."] if len(obstacles) > _MOST_NAMED else []
    return "Hand over or remove first: " + "; ".join([*obstacles[:_MOST_NAMED], *more])


def _place(leaver: _Leaver, workspace_id: str) -> _Place | None:
    """``None`` if the workspace is not there (any more).

    The head is read first: a write on condition of its version fails if the rest changed since.
    """
    store, head = leaver.within(workspace_id), keys.workspace(workspace_id)
    item = store.get([head]).get(head)
    if item is None:
        return None
    members = all_items(store, Table.TENANCY, workspace_id, prefix=keys.MEMBERS)
    roles = {one.user_id: one.role for one in map(membership_of, members)}
    bases = store.query(Table.TENANCY, workspace_id, prefix=keys.WORKSPACE_BASES, limit=1)
    return _Place(workspace_of(item), roles, bool(bases.items))


def _leave(leaver: _Leaver, workspace_id: str) -> None:
    """Out of a workspace that has other members. Raises ``Blocked`` if none of them owns it."""

    def decide(place: _Place, sequence: int) -> Plan[None]:
        if leaver.user_id not in place.roles or len(place.roles) == 1:
            return _NOTHING
        obstacle = _obstacle(place, leaver.user_id)
        if obstacle is not None:
            raise Blocked(_told([obstacle]))
        return _leaving(leaver, workspace_id, place, sequence)

    _write_membership(leaver, workspace_id, decide)


def _leaving(leaver: _Leaver, workspace_id: str, place: _Place, _: int) -> Plan[None]:
    role = place.roles.get(leaver.user_id)
    if role is None:
        return _NOTHING
    told: JSONObject = {"before": {"role": role.word}, "after": None}
    gone = (keys.member(workspace_id, leaver.user_id), keys.user_workspace(leaver.user_id, workspace_id))
    writes = [Delete(key, Exists()) for key in gone]
    return Plan(Kind.MEMBERS_CHANGED, {"members": {leaver.user_id: told}}, writes, None)


def _give_up_role_in_base(leaver: _Leaver, role: Collaboration) -> None:
    gone = (
        keys.collaborator(role.workspace_id, role.base_id, role.user_id),
        keys.user_base(role.user_id, role.base_id),
    )
    told = collaborators_changed(role.base_id, {role.user_id: (role.role, None)})

    def decide(_place: _Place, _sequence: int) -> Plan[None]:
        if gone[1] not in leaver.store.get([gone[1]]):
            return _NOTHING
        return Plan(Kind.COLLABORATORS_CHANGED, told, [Delete(key, Exists()) for key in gone], None)

    _write_membership(leaver, role.workspace_id, decide)


def _joining(leaver: _Leaver, workspace_id: str, role: Role, place: _Place, sequence: int) -> Plan[None]:
    if leaver.user_id in place.roles:
        return _NOTHING
    writes = membership_writes(Membership(workspace_id, leaver.user_id, role), sequence, Absent())
    return Plan(Kind.MEMBERS_CHANGED, members_changed({leaver.user_id: (None, role)}), writes, None)


def _write_membership(
    leaver: _Leaver, workspace_id: str, decide: Callable[[_Place, int], Plan[None]]
) -> None:
    """In the workspace's log. Nothing happens to a workspace that is gone."""
    place = _place(leaver, workspace_id)
    if place is None:
        return

    def decide_now(_: WorkspaceAccess, sequence: int) -> Plan[None]:
        now = _place(leaver, workspace_id)
        return _NOTHING if now is None else decide(now, sequence)

    services = leaver.services
    access = WorkspaceAccess(
        services,
        frozenset(Grant(Table.TENANCY, one, Access.WRITE) for one in (workspace_id, leaver.user_id)),
        Principal(leaver.user_id, NAME, frozenset(), None, is_session=False),
        Role.OWNER,
        place.workspace,
        {},
    )
    operation = Operation(fresh_token(services), leaver.user_id, services.clock.now_ms())
    write_log(access, operation, decide_now, _NO_RESULT)


def _close(leaver: _Leaver, workspace_id: str) -> bool:
    """Takes away a workspace that has nobody else and no bases; true if it (or its member) is gone."""
    for _ in attempts(leaver.services):
        try:
            place = _place(leaver, workspace_id)
            if place is not None:
                if leaver.user_id not in place.roles:
                    return True
                if len(place.roles) > 1 or place.has_bases:
                    return False
                _closing_store(leaver, place.workspace).transact(
                    _closing(leaver, place.workspace), fresh_token(leaver.services)
                )
        except (ConditionFailed, Unavailable):
            continue
        break
    else:
        raise TryAgain
    _delete_log(leaver, workspace_id)
    return True


def _closing_store(leaver: _Leaver, workspace: Workspace) -> Store:
    """For the workspace, and the slug that it holds."""
    owners = [workspace.id, leaver.user_id]
    owners += [keys.slug(workspace.slug).owner] if workspace.slug else []
    grants = [Grant(Table.TENANCY, owner, Access.WRITE) for owner in owners]
    return ScopedStore(leaver.services.store, grants)


def _closing(leaver: _Leaver, workspace: Workspace) -> Sequence[Write]:
    slug: list[Write] = [Delete(keys.slug(workspace.slug), Exists())] if workspace.slug else []
    return [
        *slug,
        Delete(keys.workspace(workspace.id), VersionIs(workspace.sequence)),
        Delete(keys.member(workspace.id, leaver.user_id), Exists()),
        Delete(keys.user_workspace(leaver.user_id, workspace.id), Exists()),
    ]


def _delete_log(leaver: _Leaver, workspace_id: str) -> None:
    """What is left of a workspace whose head is gone."""
    store = leaver.within(workspace_id)
    _delete_all(leaver.services, store, Table.TENANCY, workspace_id)
    number = 1
    while _delete_all(leaver.services, store, Table.TENANCY, keys.events(workspace_id, number)):
        number += keys.EVENTS_PER_PARTITION


def _delete_all(services: Services, store: Store, table: Table, pk: str) -> int:
    """Every item of a partition; how many there were at the last look that found any."""
    deleted = 0
    for _ in attempts(services):
        try:
            items = list(all_items(store, table, pk))
            deleted = len(items) or deleted
            for start in range(0, len(items), MAX_TRANSACTION_ITEMS):
                batch = items[start : start + MAX_TRANSACTION_ITEMS]
                store.transact([Delete(item.key, Exists()) for item in batch], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return deleted
    raise TryAgain


def _set_suspended(leaver: _Leaver, at_ms: int | None) -> None:
    """Until when is not the question: the account is taken away, or released, soon after."""
    key = keys.credentials(leaver.user_id)
    for _ in attempts(leaver.services):
        try:
            item = leaver.store.get([key]).get(key)
            before = None if item is None else credentials_of(item)
            if item is None or before is None or (before.suspended_ms is None) == (at_ms is None):
                return
            after = credentials_item(leaver.user_id, replace(before, suspended_ms=at_ms), item.version + 1)
            leaver.store.transact([Put(after, VersionIs(item.version))], fresh_token(leaver.services))
        except (ConditionFailed, Unavailable):
            continue
        return
    raise TryAgain


def _remembered(state: SagaState) -> Mapping[str, Role]:
    memberships = mapping(state.memory, "memberships")
    return {workspace_id: Role(integer(memberships, workspace_id)) for workspace_id in memberships}


_NOTHING: Plan[None] = Plan(Kind.MEMBERS_CHANGED, {}, [], None)
_NO_RESULT: ResultCodec[None] = ResultCodec(lambda _: {}, lambda _: None)
