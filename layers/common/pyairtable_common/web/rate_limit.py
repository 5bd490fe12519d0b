"""The one place where requests are counted: which budgets a request spends follows from its route's policy.

A route that needs no credential spends its caller's network's budget. On every other
route nothing is counted before the credential is proved, so that a forged one spends
nobody's budget; then the token's and the user's are spent, whether or not the request may
go on, and the base's only by those who may enter it. What a container was refused it
remembers by the very credential, and refuses again without a read.
See docs/decisions/0006-rate-limits.md.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from pyairtable_common.application.authentication import Credential
from pyairtable_common.application.guesses import Guess, guarded
from pyairtable_common.application.rate_limits import Budget
from pyairtable_common.domain.credentials import digest
from pyairtable_common.domain.errors import DomainError, NotAuthenticated, RateLimited
from pyairtable_common.domain.rate_limits import Limit
from pyairtable_common.web.client_address import network_of
from pyairtable_common.web.messages import Response
from pyairtable_common.web.policy import Gate
from pyairtable_common.web.routing import Call

T = TypeVar("T")


def answer(call: Call, view: Callable[[Call], Response]) -> Response:
    """The view's answer. Raises ``RateLimited``, on open routes before the view does anything."""
    if call.policy.gate is Gate.OPEN:
        limit = call.services.limiter.profile.address
        call.services.limiter.admit(_budgets(("address", network_of(call.request.source_ip), limit)))
    return view(call)


@contextmanager
def counted(call: Call, credential: Credential, base_id: str = "") -> Iterator[None]:
    """Around the way in, where the credential is proved: counts the request of whoever it is.

    Raises ``RateLimited`` instead of whatever else came of it.
    """
    remembered = digest(f"{credential.key.pk} {credential.key.sk} {credential.digest} {base_id}")
    call.services.limiter.require(remembered)
    try:
        try:
            yield
        except NotAuthenticated:
            raise
        except DomainError:
            call.services.limiter.admit(_personal(call, credential))
            raise
        call.services.limiter.admit([*_personal(call, credential), *_of_base(call, base_id)])
    except RateLimited as refused:
        call.services.limiter.remember(remembered, refused)
        raise


def guarded_guess(call: Call, secret: str, account: str, attempt: Callable[[], T]) -> T:
    """An attempt to prove that one knows an account's secret: ``application.guesses.guarded``.

    ``account`` is whatever names it before it is proved: a digest of the address, or a user's id.
    """
    return guarded(call.services, guess_of(call, secret, account), attempt)


def guess_of(call: Call, secret: str, account: str) -> Guess:
    return Guess(secret, account, digest(network_of(call.request.source_ip)))


def _personal(call: Call, credential: Credential) -> Sequence[Budget]:
    profile, key = call.services.limiter.profile, credential.key
    return _budgets(("token", f"{key.pk}:{key.sk}", profile.token), ("user", key.pk, profile.user))


def _of_base(call: Call, base_id: str) -> Sequence[Budget]:
    return _budgets(("base", base_id, call.services.limiter.profile.base)) if base_id else ()


def _budgets(*wanted: tuple[str, str, Limit | None]) -> Sequence[Budget]:
    return [Budget(f"{kind}:{subject}", limit) for kind, subject, limit in wanted if limit is not None]
