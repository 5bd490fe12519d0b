"""Guessing at a secret: bounded for whoever guesses, without locking out whom the secret belongs to.

Every attempt is paid for before it is made, so that a thousand at once get no further
than one after another; a success gives everything back. A network from which somebody
signed in to the account before has budgets of its own, which strangers cannot use up.
An account that does not exist costs and answers the same as one that does.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from pyairtable_common.application.attempts import fresh_token
from pyairtable_common.application.rate_limits import Budget
from pyairtable_common.application.services import Services
from pyairtable_common.domain.rate_limits import Guesses
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.ports import (
    Absent,
    ConditionFailed,
    Item,
    Put,
    Table,
    Unavailable,
    VersionIs,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore

T = TypeVar("T")
FAMILIAR_DAYS = 90
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Guess:
    """At which ``secret`` (``"password"``, ``"totp"``) of which account, from which network."""

    secret: str
    account: str
    network: str


def guarded(services: Services, guess: Guess, attempt: Callable[[], T]) -> T:
    """What ``attempt`` returns; whatever it raises is a failure. Raises ``RateLimited`` without trying."""
    limits = services.limiter.profile.guesses
    if limits is None:
        return attempt()
    known = _familiar(services, guess)
    for budget in _budgets(guess, limits, is_familiar=_holds(services, known)):
        services.limiter.reserve(budget)
    result = attempt()
    _forgive(services, guess)
    _recognise(services, guess, known)
    return result


def forgive(services: Services, guess: Guess) -> None:
    """The account's owner proved themselves in another way, by a mailed link for one: as after a success."""
    if services.limiter.profile.guesses is not None:
        _forgive(services, guess)
        _recognise(services, guess, _familiar(services, guess))


def count_mail(services: Services, account: str) -> None:
    """One mail that anybody may have asked for is about to go out. Raises ``RateLimited``."""
    limits = services.limiter.profile.guesses
    if limits is not None:
        services.limiter.reserve(Budget(f"mail:{account}", limits.mails))


def _budgets(guess: Guess, limits: Guesses, *, is_familiar: bool) -> Sequence[Budget]:
    """In the order to reserve them: what a refusal must not use up comes last."""
    from_network = Budget(_from_network(guess), limits.from_network)
    if is_familiar:
        return [from_network, Budget(_in_all(guess, "familiar"), limits.familiar)]
    return [
        Budget(f"guess-from:{guess.network}", limits.of_network),
        from_network,
        Budget(_in_all(guess, "now"), limits.at_account),
        Budget(_in_all(guess, "strange"), limits.in_all),
    ]


def _forgive(services: Services, guess: Guess) -> None:
    for name in (_from_network(guess), _in_all(guess, "familiar"), _in_all(guess, "strange")):
        services.limiter.clear(name)


def _from_network(guess: Guess) -> str:
    return f"guess:{guess.secret}:{guess.account}:{guess.network}"


def _in_all(guess: Guess, which: str) -> str:
    return f"guess:{guess.secret}:{guess.account}:{which}"


def _familiar(services: Services, guess: Guess) -> Item | None:
    """What says that somebody signed in to the account from this network; it may be out of date."""
    key = keys.familiar_network(guess.account, guess.network)
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, key.owner, Access.READ)])
    return store.get([key]).get(key)


def _holds(services: Services, known: Item | None) -> bool:
    return known is not None and (known.expires_at or 0) * 1000 > services.clock.now_ms()


def _recognise(services: Services, guess: Guess, known: Item | None) -> None:
    """From now on the network is familiar; that is refreshed once half its time is over."""
    now = services.clock.now_ms() // 1000
    if known is not None and (known.expires_at or 0) > now + FAMILIAR_DAYS * _DAY_SECONDS // 2:
        return
    key = keys.familiar_network(guess.account, guess.network)
    version = 1 if known is None else known.version + 1
    item = Item(key, version, b"", now + FAMILIAR_DAYS * _DAY_SECONDS)
    store = ScopedStore(services.store, [Grant(Table.IDENTITY, key.owner, Access.WRITE)])
    with suppress(ConditionFailed, Unavailable):  # it is a favour: the sign-in stands without it
        store.transact(
            [Put(item, Absent() if known is None else VersionIs(known.version))], fresh_token(services)
        )
