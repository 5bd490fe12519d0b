"""Turning a second factor on and off.

Secret and recovery codes are derived from nonces (``DerivedSecrets``), so neither
lies in the tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.receipts import own_receipt_keys, receipt_puts, result_before
from pyairtable_common.application.second_factor import (
    after_code,
    factor_put,
    recovery_digest,
    secret_of,
    with_code,
)
from pyairtable_common.application.services import Services
from pyairtable_common.application.sessions import own_store, password_matches
from pyairtable_common.domain.errors import (
    Conflict,
    InvalidCode,
    InvalidCredentials,
    NotAuthenticated,
    TryAgain,
)
from pyairtable_common.domain.events import Operation
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.domain.second_factors import (
    RECOVERY_CODES,
    SecondFactor,
    provisioning_uri,
    recovery_code,
    secret_text,
)
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import user_of
from pyairtable_common.repositories.ports import ConditionFailed, Delete, Item, Store, Unavailable, VersionIs
from pyairtable_common.repositories.second_factors import second_factor_of


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator needs, shown this once: the secret, and the same as a URI."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class Proof:
    """That it is really the person: the password, or a code."""

    password: str | None = None
    code: str | None = None


def start(services: Services, principal: Principal, password: str) -> Enrolment:
    """A fresh secret; nothing is asked for before ``confirm``. The latest start is the one that counts.

    Raises ``InvalidCredentials``, or ``Conflict`` if a second factor is on already.
    """
    store = own_store(services, principal.user_id)
    factor = SecondFactor(principal.user_id, fresh_token(services), fresh_token(services))
    key, account = keys.second_factor(principal.user_id), keys.user(principal.user_id)
    _require_password(services, store, principal.user_id, password)
    for _ in attempts(services):
        try:
            found = store.get([key, account])
            if account not in found:
                raise NotAuthenticated
            old = found.get(key)
            if old is not None and second_factor_of(old).confirmed:
                raise Conflict("A second factor is on already")
            if old is None or second_factor_of(old) != factor:
                store.transact([factor_put(factor, old)], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        secret = secret_of(services, factor)
        return Enrolment(secret_text(secret), provisioning_uri(secret, user_of(found[account]).email))
    raise TryAgain


def confirm(services: Services, principal: Principal, operation: Operation, code: str) -> Sequence[str]:
    """Turns the second factor on, if the code shows that the authenticator has the secret.

    The answer are the recovery codes, shown this once. Raises ``InvalidCode``, ``RateLimited``,
    or ``Conflict`` if none was started or one is on already.
    """
    return _issue_codes(services, principal, operation, Proof(code=code), confirmed=False)


def renew_recovery_codes(
    services: Services, principal: Principal, operation: Operation, proof: Proof
) -> Sequence[str]:
    """New recovery codes; those from before are worth nothing. Raises as ``turn_off`` does."""
    return _issue_codes(services, principal, operation, proof, confirmed=True)


def turn_off(services: Services, principal: Principal, proof: Proof) -> None:
    """From the next sign-in on, the password alone is enough.

    Raises ``InvalidCredentials``, ``InvalidCode``, ``RateLimited``, or ``Conflict`` if none is on.
    """
    store = own_store(services, principal.user_id)
    key = keys.second_factor(principal.user_id)
    if proof.password is None:
        if not with_code(services, store, key.owner, proof.code, lambda item, _: _delete(item)):
            raise Conflict("No second factor is on")
        return
    _require_password(services, store, key.owner, proof.password)
    tried = False
    for _ in attempts(services):
        try:
            item = store.get([key]).get(key)
            if item is None or not second_factor_of(item).confirmed:
                if tried:
                    return
                raise Conflict("No second factor is on")
            tried = True
            store.transact([_delete(item)], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return
    raise TryAgain


def _issue_codes(
    services: Services, principal: Principal, operation: Operation, proof: Proof, *, confirmed: bool
) -> Sequence[str]:
    """Exactly one set of codes for an operation, of a factor that is ``confirmed`` or not yet."""
    store = own_store(services, principal.user_id)
    key, mark, nonce = keys.second_factor(principal.user_id), fresh_token(services), fresh_token(services)
    if proof.password is not None:
        _require_password(services, store, principal.user_id, proof.password)
    right = False
    for _ in attempts(services):
        try:
            found = store.get([key, *own_receipt_keys(operation)])
            item = found.get(key)
            factor = None if item is None else second_factor_of(item)
            before = result_before(found, operation)
            if before is not None:
                return _codes_before(services, factor, str(before["nonce"]))
            if factor is None or factor.mark != mark:
                if item is None or factor is None or factor.confirmed is not confirmed:
                    raise Conflict("A second factor is on already" if factor else "No second factor is on")
                spent = factor if proof.code is None else after_code(services, factor, proof.code)
                right = spent is not None
                after = _with_codes(services, spent, nonce) if spent else factor.failed(operation.at_ms)
                receipt = receipt_puts(found, operation, {"nonce": nonce}) if right else ()
                store.transact([factor_put(replace(after, mark=mark), item), *receipt], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        if not right:
            raise InvalidCode
        return _codes(services, principal.user_id, nonce)
    raise TryAgain


def _with_codes(services: Services, factor: SecondFactor, nonce: str) -> SecondFactor:
    user_id = factor.user_id
    digests = [recovery_digest(services, user_id, code) for code in _codes(services, user_id, nonce)]
    return replace(factor, confirmed=True, recovery_nonce=nonce, recovery=tuple(digests))


def _codes_before(services: Services, factor: SecondFactor | None, nonce: str) -> Sequence[str]:
    if factor is None or factor.recovery_nonce != nonce:
        raise Conflict("The recovery codes of this Idempotency-Key are not valid any more")
    return _codes(services, factor.user_id, nonce)


def _codes(services: Services, user_id: str, nonce: str) -> Sequence[str]:
    purpose = f"recovery code {user_id}"
    return [
        recovery_code(services.derived.derive(purpose, f"{nonce} {number}"))
        for number in range(RECOVERY_CODES)
    ]


def _require_password(services: Services, store: Store, user_id: str, password: str) -> None:
    key = keys.credentials(user_id)
    if not password_matches(services, store.get([key]).get(key), password):
        raise InvalidCredentials


def _delete(item: Item) -> Delete:
    return Delete(item.key, VersionIs(item.version))
