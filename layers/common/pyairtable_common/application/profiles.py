"""What people are called."""

from dataclasses import replace

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import NotAuthenticated, TryAgain
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.domain.users import User, clean_title
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import user_item, user_of
from pyairtable_common.repositories.ports import (
    ConditionFailed,
    Item,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore


def own_profile(services: Services, principal: Principal) -> User:
    """Raises ``NotAuthenticated`` if the account is gone."""
    return user_of(_account(_own(services, principal, Access.READ), principal))


def rename_self(services: Services, principal: Principal, name: str) -> User:
    """Raises ``Invalid`` for a name that is none."""
    title = clean_title("name", name)
    store = _own(services, principal, Access.WRITE)
    for _ in attempts(services):
        try:
            item = _account(store, principal)
            renamed = replace(user_of(item), name=title)
            if renamed != user_of(item):
                write = Put(user_item(renamed, item.version + 1), VersionIs(item.version))
                store.transact([write], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return renamed
    raise TryAgain


def _own(services: Services, principal: Principal, access: Access) -> Store:
    return ScopedStore(services.store, [Grant(Table.IDENTITY, principal.user_id, access)])


def _account(store: Store, principal: Principal) -> Item:
    key = keys.user(principal.user_id)
    item = store.get([key]).get(key)
    if item is None:
        raise NotAuthenticated
    return item
