"""A request's way into one base: authenticated, authorized, and unable to reach beyond.

One round trip reads the credential, the membership, the head and, where their
keys can be known, the data. Keys are guessed from what the container remembers
(which workspace a base is in, its schema, who needed a role in the base itself); a
wrong guess costs a round trip, never an answer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pyairtable_common.application.authentication import Credential, principal_of
from pyairtable_common.application.log_writes import Plan
from pyairtable_common.application.services import Services
from pyairtable_common.domain.bases import Base
from pyairtable_common.domain.errors import DomainError, NotPermittedOrNotFound
from pyairtable_common.domain.events import Event
from pyairtable_common.domain.ids import BASE, is_id
from pyairtable_common.domain.permissions import Principal, Role, Scope
from pyairtable_common.domain.tables import BaseSchema
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.bases import advance_writes, base_of, load_schema
from pyairtable_common.repositories.pages import get_all
from pyairtable_common.repositories.ports import Item, Key, Store, Table, Write
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import role_of

R = TypeVar("R")

Prefetch = Callable[[BaseSchema], Sequence[Key]]
"""The keys a request will want, by the schema; it may raise a ``DomainError``: then none."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a call requires: the token's scope and the person's role."""

    scope: Scope
    role: Role

    @property
    def access(self) -> Access:
        return Access.READ if self.role is Role.READ else Access.WRITE


@dataclass(frozen=True, slots=True)
class BaseAccess:
    """One base as this request sees it, and the store within its grants.

    ``known`` holds what was read on the way in; ``None`` is known to be absent. ``role``
    is enough for ``need``; one in the base is looked up only where the workspace's is not.
    """

    services: Services
    credential: Credential
    need: Need
    store: Store
    principal: Principal
    role: Role
    base: Base
    schema: BaseSchema
    known: Mapping[Key, Item | None]

    @property
    def table(self) -> Table:
        return Table.BASES

    @property
    def owner_id(self) -> str:
        return self.base.id

    @property
    def sequence(self) -> int:
        return self.base.sequence

    def read(self, wanted: Iterable[Key]) -> Mapping[Key, Item | None]:
        """The items at these keys; only those not read before cost a round trip."""
        return read_unknown(self.store, self.known, wanted)

    def refreshed(self, also: Sequence[Key] = ()) -> "BaseAccess":
        """The same way in, gone again: whoever lost it meanwhile gets no further. Reads ``also`` with it."""
        return open_base(self.services, self.credential, self.base.id, self.need, lambda _: also)

    def advance(self, event: Event, plan: Plan[R]) -> Sequence[Write]:
        return advance_writes(self.base, event, changes_schema=plan.changes_schema)


def read_unknown(
    store: Store, known: Mapping[Key, Item | None], wanted: Iterable[Key]
) -> Mapping[Key, Item | None]:
    """The items at ``wanted``; one round trip for every hundred that are not ``known``."""
    wanted = list(wanted)
    missing = [key for key in wanted if key not in known]
    found = get_all(store, missing)
    return {key: known[key] if key in known else found.get(key) for key in wanted}


def role_within(principal: Principal, need: Need, given: Sequence[Item | None], *ids: str) -> Role:
    """The highest role that the items give, if token and role are enough for ``need``.

    ``ids`` are what the token's grant may name. Raises ``NotPermittedOrNotFound``.
    """
    roles = [role_of(item) for item in given if item is not None]
    if not roles or not principal.has(need.scope) or not principal.may_touch(*ids):
        raise NotPermittedOrNotFound
    role = max(roles)
    if role < need.role:
        raise NotPermittedOrNotFound
    return role


def open_base(
    services: Services, credential: Credential, base_id: str, need: Need, prefetch: Prefetch | None = None
) -> BaseAccess:
    """Raises ``NotAuthenticated``, or ``NotPermittedOrNotFound`` for whatever else is missing."""
    guessed = _guess(services, credential, base_id, prefetch)
    known: dict[Key, Item | None] = dict.fromkeys([credential.key, *guessed])
    known.update(services.store.get(list(known)))
    principal = principal_of(services, credential, known.get(credential.key))
    head = known.get(keys.base(base_id))
    if head is None:
        raise NotPermittedOrNotFound
    base = base_of(head)
    role = _require(services, principal, base, known, need)
    store = ScopedStore(services.store, [Grant(Table.BASES, base_id, need.access)])
    schema = _schema_of(services, store, base)
    own = {key: item for key, item in known.items() if key.owner == base_id}
    return BaseAccess(services, credential, need, store, principal, role, base, schema, own)


def _guess(
    services: Services, credential: Credential, base_id: str, prefetch: Prefetch | None
) -> Sequence[Key]:
    if not is_id(base_id, BASE):
        return []
    guessed = [keys.base(base_id)]
    home, schema = services.homes.get(base_id), services.schemas.get(base_id)
    if home is not None:
        guessed.append(keys.member(home, credential.user_id))
        if services.collaborations.get(_who_where(credential.user_id, base_id)):
            guessed.append(keys.collaborator(home, base_id, credential.user_id))
    if schema is not None and prefetch is not None:
        guessed += _prefetched(prefetch, schema, base_id)
    return guessed


def _prefetched(prefetch: Prefetch, schema: BaseSchema, base_id: str) -> Sequence[Key]:
    try:
        return [key for key in prefetch(schema) if key.owner == base_id]
    except DomainError:
        return []


def _require(
    services: Services, principal: Principal, base: Base, known: Mapping[Key, Item | None], need: Need
) -> Role:
    services.homes.put(base.id, base.workspace_id)
    by_workspace = keys.member(base.workspace_id, principal.user_id)
    by_base = keys.collaborator(base.workspace_id, base.id, principal.user_id)
    items = [_item(services, known, by_workspace), known.get(by_base)]
    if by_base not in known and not any(item and role_of(item) >= need.role for item in items):
        items.append(_item(services, known, by_base))
    services.collaborations.put(_who_where(principal.user_id, base.id), items[-1] is not None)
    return role_within(principal, need, items, base.id, base.workspace_id)


def _item(services: Services, known: Mapping[Key, Item | None], key: Key) -> Item | None:
    return known[key] if key in known else services.store.get([key]).get(key)


def _who_where(user_id: str, base_id: str) -> str:
    return f"{user_id} {base_id}"


def _schema_of(services: Services, store: Store, base: Base) -> BaseSchema:
    schema = services.schemas.get(base.id)
    if schema is None or schema.version != base.schema_version:
        schema = load_schema(store, base)
        services.schemas.put(base.id, schema)
    return schema
