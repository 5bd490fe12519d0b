"""Trying again: bounded, ever more patient, and never twice what happened once."""

from collections.abc import Iterator, Sequence

from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import TryAgain
from pyairtable_common.repositories.ports import Absent, ConditionFailed, Item, Put, Store, Unavailable

_ATTEMPTS = 40
_PATIENCE_MS = 15_000
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.01, 0.5


def attempts(services: Services) -> Iterator[int]:
    """Numbers attempts from 0; waits after each, ever longer and at random, so that two do not meet again.

    No attempt begins after 15 seconds: API Gateway gives up at 29.
    """
    started = services.clock.now_ms()
    for number in range(_ATTEMPTS):
        yield number
        if services.clock.now_ms() - started > _PATIENCE_MS:
            return
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2**number)
        services.clock.sleep(longest * (1 + services.below(1000)) / 1000)


def fresh_token(services: Services) -> str:
    """A transaction's token where conditions alone make sure that nothing happens twice."""
    return f"{services.below(1 << 128):032x}"


def put_new(services: Services, store: Store, items: Sequence[Item]) -> None:
    """Puts items under fresh ids, all or none, exactly once.

    A condition that fails on our own items tells of an attempt whose answer was
    lost. Raises ``TryAgain`` when the engine stays away.
    """
    token = fresh_token(services)
    for _ in attempts(services):
        try:
            store.transact([Put(item, Absent()) for item in items], token)
        except ConditionFailed:
            if dict(store.get([item.key for item in items])) != {item.key: item for item in items}:
                raise
        except Unavailable:
            continue
        return
    raise TryAgain
