"""Suspending an account: an operator's doing, in force at the next request.

Requests are not asked to look for suspensions: what they prove themselves with is
gone. Sessions, mailed links and as many personal access tokens as fit end in the
transaction that blocks the account; further tokens end right after it, and none
can be made meanwhile without a session. Lifting it brings none of them back.
"""

from collections.abc import Sequence
from dataclasses import replace

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.application.sessions import own_store
from pyairtable_common.domain.errors import NotPermittedOrNotFound, TryAgain
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import credentials_item, credentials_of
from pyairtable_common.repositories.pages import all_items
from pyairtable_common.repositories.ports import (
    MAX_TRANSACTION_ITEMS,
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
    Write,
)

_PROOFS = (keys.SESSIONS, keys.LINKS, keys.PERSONAL_TOKENS)


def suspend(services: Services, user_id: str) -> None:
    """Nobody gets in, nothing that was given out opens anything. Repeating it completes it.

    Raises ``NotPermittedOrNotFound`` where there is no such account.
    """
    store = own_store(services, user_id)
    for _ in attempts(services):
        try:
            item, proofs = _credentials(store, user_id), _proofs(store, user_id)
            block = _block(services, item)
            if not block and not proofs:
                return
            writes = [*block, *(Delete(proof.key, Exists()) for proof in proofs)]
            store.transact(writes[:MAX_TRANSACTION_ITEMS], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        if len(writes) <= MAX_TRANSACTION_ITEMS:
            return
    raise TryAgain


def lift_suspension(services: Services, user_id: str) -> None:
    """The password opens the account again. Raises ``NotPermittedOrNotFound``."""
    store = own_store(services, user_id)
    for _ in attempts(services):
        try:
            item = _credentials(store, user_id)
            credentials = credentials_of(item)
            if credentials.suspended_ms is not None:
                free = credentials_item(user_id, replace(credentials, suspended_ms=None), item.version + 1)
                store.transact([Put(free, VersionIs(item.version))], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return
    raise TryAgain


def _credentials(store: Store, user_id: str) -> Item:
    key = keys.credentials(user_id)
    item = store.get([key]).get(key)
    if item is None:
        raise NotPermittedOrNotFound
    return item


def _proofs(store: Store, user_id: str) -> Sequence[Item]:
    """Sessions and links before tokens: there is room for all of the former."""
    return [item for prefix in _PROOFS for item in all_items(store, Table.IDENTITY, user_id, prefix=prefix)]


def _block(services: Services, item: Item) -> Sequence[Write]:
    credentials = credentials_of(item)
    if credentials.suspended_ms is not None:
        return []
    blocked = replace(credentials, suspended_ms=services.clock.now_ms())
    put = Put(credentials_item(item.key.owner, blocked, item.version + 1), VersionIs(item.version))
    return [put]
