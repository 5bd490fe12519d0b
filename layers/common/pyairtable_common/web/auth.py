"""From a call to what it may reach, by the policy of its route."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from pyairtable_common.application.authentication import Credential, prove, read_credential
from pyairtable_common.application.base_access import BaseAccess, Need, Prefetch, open_base
from pyairtable_common.application.workspace_access import WorkspaceAccess, open_workspace
from pyairtable_common.domain.errors import DomainError, InvalidRequest, NotPermittedOrNotFound
from pyairtable_common.domain.events import Caller, Operation, Source
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.domain.tables import BaseSchema
from pyairtable_common.repositories.keys import credential_id
from pyairtable_common.repositories.ports import Key, Table
from pyairtable_common.repositories.receipts import receipt_keys
from pyairtable_common.web.client_address import written_address
from pyairtable_common.web.policy import Gate
from pyairtable_common.web.rate_limit import counted
from pyairtable_common.web.routing import Call

T = TypeVar("T")
Wanted: TypeAlias = Callable[[T, BaseSchema], Sequence[Key]]
"""The keys that a decoded request will want, by the schema."""

_MAX_KEY = 255


def open_person(call: Call) -> Principal:
    """Who is calling, for routes that concern no one base or workspace."""
    if call.policy.gate not in (Gate.PERSON, Gate.SESSION):
        raise ValueError(f"this route's gate is {call.policy.gate.name}")
    credential = read_credential(call.services, _authorization(call))
    with counted(call, credential):
        principal = prove(call.services, credential)
    if call.policy.gate is Gate.SESSION and not principal.is_session:
        raise NotPermittedOrNotFound
    if call.policy.scope is not None and not principal.has(call.policy.scope):
        raise NotPermittedOrNotFound
    return principal


def open_base_to_read(
    call: Call, decode: Callable[[], T], wanted: Wanted[T] | None = None
) -> tuple[BaseAccess, T]:
    """The base in the path and the decoded request; what is ``wanted`` is read on the way in.

    Whoever may not enter is told so, whatever else is wrong with the request.
    """
    credential = read_credential(call.services, _authorization(call))
    value = _decoded(call, credential, decode)
    return _open(call, credential, lambda schema: wanted(value, schema) if wanted else []), value


def open_base_to_write(
    call: Call, decode: Callable[[], T], wanted: Wanted[T] | None = None
) -> tuple[BaseAccess, Operation, T]:
    """The same for a write, with the operation that it is."""
    credential = read_credential(call.services, _authorization(call))
    value = _decoded(call, credential, decode)
    operation = _decoded(call, credential, lambda: _operation(call, credential.user_id, credential))
    receipts = receipt_keys(Table.BASES, call.request.path_parameters["base"], operation)
    access = _open(call, credential, lambda schema: [*receipts, *(wanted(value, schema) if wanted else [])])
    return access, operation, value


def open_workspace_of(call: Call) -> WorkspaceAccess:
    """The workspace in the path, within this route's scope and role."""
    need = _need(call, Gate.WORKSPACE)
    credential = read_credential(call.services, _authorization(call))
    with counted(call, credential):
        return open_workspace(call.services, credential, call.request.path_parameters["workspace"], need)


def open_named_workspace(
    call: Call, decode: Callable[[], T], workspace_id_of: Callable[[T], str]
) -> tuple[WorkspaceAccess, Operation, T]:
    """The workspace that the decoded request names, to write to it, and the operation that it is."""
    need = _need(call, Gate.NAMED_WORKSPACE)
    credential = read_credential(call.services, _authorization(call))
    try:
        value, operation = decode(), _operation(call, credential.user_id, credential)
    except DomainError:
        with counted(call, credential):
            prove(call.services, credential)
        raise
    workspace_id = workspace_id_of(value)
    receipts = receipt_keys(Table.TENANCY, workspace_id, operation)
    with counted(call, credential):
        access = open_workspace(call.services, credential, workspace_id, need, (), receipts)
    return access, operation, value


def _decoded(call: Call, credential: Credential, decode: Callable[[], T]) -> T:
    try:
        return decode()
    except DomainError:
        _open(call, credential, None)
        raise


def _open(call: Call, credential: Credential, prefetch: Prefetch | None) -> BaseAccess:
    base_id = call.request.path_parameters["base"]
    with counted(call, credential, base_id):
        return open_base(call.services, credential, base_id, _need(call, Gate.BASE), prefetch)


def _need(call: Call, gate: Gate) -> Need:
    policy = call.policy
    if policy.gate is not gate or policy.scope is None or policy.role is None:
        raise ValueError(f"this route's gate is {policy.gate.name}")
    return Need(policy.scope, policy.role)


def operation_of(call: Call, user_id: str) -> Operation:
    """This request as one operation: its own, or the one that its ``Idempotency-Key`` names."""
    is_open = call.policy.gate is Gate.OPEN
    return _operation(
        call, user_id, None if is_open else read_credential(call.services, _authorization(call))
    )


def _operation(call: Call, user_id: str, credential: Credential | None) -> Operation:
    now, caller = call.services.clock.now_ms(), _caller(call, credential)
    key = call.request.headers.get("idempotency-key")
    if key is None:
        return Operation(f"{call.services.below(1 << 128):032x}", user_id, now, caller=caller)
    if not 0 < len(key) <= _MAX_KEY:
        raise InvalidRequest(f"An Idempotency-Key has 1 to {_MAX_KEY} characters")
    return Operation(_digest(user_id, key)[:32], user_id, now, _fingerprint(call), caller)


def _caller(call: Call, credential: Credential | None) -> Caller:
    """Where the request comes from; the credential is shown, if not yet proved."""
    address = written_address(call.request.source_ip)
    if credential is None:
        return Caller(Source.CLIENT, None, address)
    source = Source.CLIENT if credential.digest is None else Source.PUBLIC_API
    return Caller(source, credential_id(credential.key), address)


def _authorization(call: Call) -> str | None:
    return call.request.headers.get("authorization")


def _fingerprint(call: Call) -> str:
    request = call.request
    query = sorted((name, *values) for name, values in request.query.items())
    return _digest(request.method, request.path, repr(query), request.body.hex())


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
