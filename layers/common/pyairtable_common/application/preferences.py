"""A person's preferences: read, replace, merge; each change exactly once."""

from collections.abc import Callable
from dataclasses import dataclass

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import NotAuthenticated, TryAgain, VersionMismatch
from pyairtable_common.domain.events import Operation
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.domain.preferences import Preferences, check_preferences, merged_preferences
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.people import KeptPreferences, preferences_item, preferences_of
from pyairtable_common.repositories.ports import (
    Absent,
    Check,
    ConditionFailed,
    Exists,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore


@dataclass(frozen=True, slots=True)
class PreferencesWrite:
    """New values, and the version they were made from; ``None`` is: whatever there is."""

    values: JSONObject
    version: int | None


def own_preferences(services: Services, principal: Principal) -> Preferences:
    return _read(_own(services, principal, Access.READ), principal).preferences


def replace_preferences(
    services: Services, principal: Principal, operation: Operation, write: PreferencesWrite
) -> Preferences:
    """Raises ``Invalid``, or ``VersionMismatch`` if somebody else wrote since ``write.version``."""
    values = check_preferences(write.values)
    return _write(services, principal, operation, write.version, lambda _: values)


def merge_preferences(
    services: Services, principal: Principal, operation: Operation, write: PreferencesWrite
) -> Preferences:
    """Merges as RFC 7396 says. Raises as ``replace_preferences`` does."""
    return _write(
        services,
        principal,
        operation,
        write.version,
        lambda values: check_preferences(merged_preferences(values, write.values)),
    )


def _write(
    services: Services,
    principal: Principal,
    operation: Operation,
    version: int | None,
    change: Callable[[JSONObject], JSONObject],
) -> Preferences:
    store = _own(services, principal, Access.WRITE)
    for _ in attempts(services):
        try:
            before = _read(store, principal)
            if before.operation_id == operation.id:
                return before.preferences
            current = before.preferences.version
            if version is not None and version != current:
                raise VersionMismatch
            after = Preferences(current + 1, change(before.preferences.values))
            item = preferences_item(principal.user_id, KeptPreferences(after, operation.id))
            account = Check(keys.user(principal.user_id), Exists())
            store.transact(
                [account, Put(item, VersionIs(current) if current else Absent())], fresh_token(services)
            )
        except (ConditionFailed, Unavailable):
            continue
        return after
    raise TryAgain


def _own(services: Services, principal: Principal, access: Access) -> Store:
    return ScopedStore(services.store, [Grant(Table.IDENTITY, principal.user_id, access)])


def _read(store: Store, principal: Principal) -> KeptPreferences:
    user, preferences = keys.user(principal.user_id), keys.preferences(principal.user_id)
    found = store.get([user, preferences])
    if user not in found:
        raise NotAuthenticated
    return preferences_of(found.get(preferences))
