"""Writing down that a personal access token was used: seldom, and never to anybody's harm."""

from contextlib import suppress

from pyairtable_common.application.attempts import fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.domain.credentials import PersonalToken
from pyairtable_common.repositories.ports import Exists, Put, StoreError, Table
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.token_uses import token_use_item

PERIOD_MS = 10 * 60 * 1000


def note_use(services: Services, token: PersonalToken) -> None:
    """One write, at most once in ten minutes for a token and a container; whether it succeeds is no matter.

    It needs the item that was made with the token: a deleted token leaves none behind.
    """
    now = services.clock.now_ms()
    noted = services.token_uses.get(token.id)
    if noted is not None and now - noted < PERIOD_MS:
        return
    services.token_uses.put(token.id, now)
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, token.user_id, Access.WRITE)])
    with suppress(StoreError):
        store.transact([Put(token_use_item(token.user_id, token.id, now), Exists())], fresh_token(services))
