"""Signing in with more than a password: asking for the code.

Every code is taken by one conditional write: of many requests with the same code,
one gets in. Turning it on and off: ``authenticators``.
"""

from collections.abc import Callable
from dataclasses import replace

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import InvalidCode, RateLimited, SecondFactorRequired, TryAgain
from pyairtable_common.domain.second_factors import (
    SECRET_BYTES,
    SecondFactor,
    canonical_code,
    is_one_time_password,
)
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.ports import (
    Absent,
    ConditionFailed,
    Item,
    Put,
    Store,
    Unavailable,
    VersionIs,
    Write,
)
from pyairtable_common.repositories.second_factors import second_factor_item, second_factor_of


def require(services: Services, store: Store, user_id: str, code: str | None) -> None:
    """Does nothing unless this person turned a second factor on: then the code must be right, and is spent.

    For after the password was right. Raises ``SecondFactorRequired`` without a code,
    ``InvalidCode``, or ``RateLimited`` after too many.
    """
    with_code(services, store, user_id, code, lambda item, factor: factor_put(factor, item))


def with_code(
    services: Services,
    store: Store,
    user_id: str,
    code: str | None,
    spend: Callable[[Item, SecondFactor], Write],
) -> bool:
    """Writes what ``spend`` makes of the factor after the code; false if no factor is on.

    A wrong code is counted by a write too: of many at once, none goes uncounted.
    """
    key, mark = keys.second_factor(user_id), fresh_token(services)
    tried, right = False, False
    for _ in attempts(services):
        try:
            item = store.get([key]).get(key)
            if item is None or not second_factor_of(item).confirmed:
                return tried and right
            if second_factor_of(item).mark != mark:
                if code is None:
                    raise SecondFactorRequired
                spent = after_code(services, second_factor_of(item), code)
                tried, right = True, spent is not None
                after = spent or second_factor_of(item).failed(services.clock.now_ms())
                marked = replace(after, mark=mark)
                write = spend(item, marked) if right else factor_put(marked, item)
                store.transact([write], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        if not right:
            raise InvalidCode
        return True
    raise TryAgain


def after_code(services: Services, factor: SecondFactor, text: str) -> SecondFactor | None:
    """The factor after this code; ``None`` for a wrong one. Recovery codes are taken at all times."""
    code = canonical_code(text)
    if not is_one_time_password(code):
        return factor.after_recovery(recovery_digest(services, factor.user_id, code))
    now = services.clock.now_ms()
    blocked_ms = factor.blocked_ms(now)
    if blocked_ms:
        raise RateLimited(now + blocked_ms, now)
    return factor.after_password(code, secret_of(services, factor), now)


def recovery_digest(services: Services, user_id: str, code: str) -> str:
    """What is kept of a recovery code; worth nothing without the installation's secret."""
    return services.derived.derive(f"recovery digest {user_id}", canonical_code(code)).hex()


def secret_of(services: Services, factor: SecondFactor) -> bytes:
    """What the authenticator has, too."""
    return services.derived.derive(f"totp {factor.user_id}", factor.nonce)[:SECRET_BYTES]


def factor_put(factor: SecondFactor, old: Item | None) -> Put:
    """In the place of what was there when it was read."""
    version = 1 if old is None else old.version + 1
    return Put(second_factor_item(factor, version), Absent() if old is None else VersionIs(old.version))
