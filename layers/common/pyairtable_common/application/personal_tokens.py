"""Personal access tokens: make, list, change, regenerate, delete. Only a signed-in person may.

A token's text is derived from a nonce (``DerivedSecrets``). The nonce stays, for a
day, in the receipt of the operation that made the text: its repeat gives the same
text again, and neither text nor anything to compute it from lies in the tables.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.receipts import own_receipt_keys, receipt_puts, result_before
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspaces import workspaces_of
from pyairtable_common.domain.credentials import PersonalToken, compose_personal_token, digest
from pyairtable_common.domain.errors import (
    Conflict,
    Invalid,
    NotAuthenticated,
    NotPermittedOrNotFound,
    TryAgain,
)
from pyairtable_common.domain.events import Operation
from pyairtable_common.domain.ids import BASE, TOKEN, WORKSPACE, is_id
from pyairtable_common.domain.permissions import Principal, Scope
from pyairtable_common.domain.users import clean_title
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import personal_token_item, personal_token_of
from pyairtable_common.repositories.pages import get_all
from pyairtable_common.repositories.ports import (
    Absent,
    Check,
    ConditionFailed,
    Delete,
    Exists,
    Item,
    Key,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.token_uses import token_use_item, used_ms_of

MOST_RESOURCES = 100
MOST_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class TokenDraft:
    """A token to be made. ``resources`` are workspace and base ids; ``None`` is all its owner can reach.

    ``expires_ms`` is epoch milliseconds; ``None`` is never.
    """

    name: str
    scopes: frozenset[Scope]
    resources: frozenset[str] | None
    expires_ms: int | None


@dataclass(frozen=True, slots=True)
class TokenChange:
    """What is to be different; ``None`` leaves as it is. New ``resources`` and ``expires_ms`` are boxed."""

    name: str | None = None
    scopes: frozenset[Scope] | None = None
    resources: tuple[frozenset[str] | None] | None = None
    expires_ms: tuple[int | None] | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token with its text, which is shown this once and kept nowhere."""

    token: PersonalToken
    text: str


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its owner sees it; ``used_ms`` is right to ten minutes."""

    token: PersonalToken
    used_ms: int | None


def create_token(
    services: Services, principal: Principal, operation: Operation, draft: TokenDraft
) -> IssuedToken:
    """Exactly one token for an operation. Raises ``Invalid``; foreign and missing resources look the same.

    A session that was ended meanwhile makes none: a suspension misses no token.
    Raises ``Conflict`` on a repeat if the token was changed so that its text is not its text any more.
    """
    fresh, nonce = _new_token(services, principal, operation, draft)
    store = _own(services, principal, Access.WRITE)
    session = keys.session(principal.user_id, principal.credential_id)
    for _ in attempts(services):
        try:
            found = store.get([session, *own_receipt_keys(operation), _key(fresh)])
            if session not in found:
                raise NotAuthenticated
            if _key(fresh) in found:
                return _issued(services, fresh, nonce)
            before = result_before(found, operation)
            if before is not None:
                return _issued_before(services, store, principal, before)
            _require_valid(services, principal, fresh)
            made = [personal_token_item(fresh), token_use_item(principal.user_id, fresh.id)]
            receipt = receipt_puts(found, operation, {"token": fresh.id, "nonce": nonce})
            puts = [*(Put(item, Absent()) for item in made), *receipt]
            store.transact([*puts, Check(session, Exists())], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return _issued(services, fresh, nonce)
    raise TryAgain


def regenerate_token(
    services: Services, principal: Principal, operation: Operation, token_id: str
) -> IssuedToken:
    """The same token under a new text; the old one is refused from the next request on.

    Raises ``NotPermittedOrNotFound``, or ``Conflict`` as ``create_token`` does.
    """
    nonce = _nonce(services)
    store = _own(services, principal, Access.WRITE)
    key = _own_key(principal, token_id)
    for _ in attempts(services):
        try:
            found = store.get([*own_receipt_keys(operation), key])
            before = result_before(found, operation)
            if before is not None:
                return _issued_before(services, store, principal, before)
            item = _require(found, key)
            renewed = _with_text(services, personal_token_of(item), nonce)
            if renewed != personal_token_of(item):
                put = Put(personal_token_item(renewed, item.version + 1), VersionIs(item.version))
                receipt = receipt_puts(found, operation, {"token": token_id, "nonce": nonce})
                store.transact([put, *receipt], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return _issued(services, renewed, nonce)
    raise TryAgain


def change_token(services: Services, principal: Principal, token_id: str, change: TokenChange) -> TokenView:
    """From the next request on. Raises ``NotPermittedOrNotFound`` or ``Invalid``."""
    store = _own(services, principal, Access.WRITE)
    key, use = _own_key(principal, token_id), keys.token_use(principal.user_id, token_id)
    for _ in attempts(services):
        try:
            found = store.get([key, use])
            item = _require(found, key)
            old = personal_token_of(item)
            new = _changed(old, change)
            if new != old:
                _require_valid(services, principal, new, old)
                write = Put(personal_token_item(new, item.version + 1), VersionIs(item.version))
                store.transact([write], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return TokenView(new, used_ms_of(found.get(use)))
    raise TryAgain


def show_token(services: Services, principal: Principal, token_id: str) -> TokenView:
    """Raises ``NotPermittedOrNotFound``."""
    key, use = _own_key(principal, token_id), keys.token_use(principal.user_id, token_id)
    found = _own(services, principal, Access.READ).get([key, use])
    return TokenView(personal_token_of(_require(found, key)), used_ms_of(found.get(use)))


def list_tokens(
    services: Services, principal: Principal, limit: int, after: str | None
) -> tuple[Sequence[TokenView], str | None]:
    """A page of one's own by id, and the id to go on after if there are more."""
    store = _own(services, principal, Access.READ)
    page = store.query(
        Table.IDENTITY,
        principal.user_id,
        prefix=keys.PERSONAL_TOKENS,
        after=None if after is None else f"{keys.PERSONAL_TOKENS}{after}",
        limit=limit,
    )
    tokens = [personal_token_of(item) for item in page.items]
    uses = get_all(store, [keys.token_use(principal.user_id, token.id) for token in tokens])
    views = [
        TokenView(token, used_ms_of(uses.get(keys.token_use(token.user_id, token.id)))) for token in tokens
    ]
    return views, tokens[-1].id if page.more and tokens else None


def delete_token(services: Services, principal: Principal, token_id: str) -> None:
    """It is refused from the next request on. Raises ``NotPermittedOrNotFound``."""
    store = _own(services, principal, Access.WRITE)
    key, use = _own_key(principal, token_id), keys.token_use(principal.user_id, token_id)
    tried = False
    for _ in attempts(services):
        try:
            found = store.get([key, use])
            if not tried:
                _require(found, key)
            tried = True
            if found:
                store.transact([Delete(one, Exists()) for one in found], fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return
    raise TryAgain


def _new_token(
    services: Services, principal: Principal, operation: Operation, draft: TokenDraft
) -> tuple[PersonalToken, str]:
    nonce = _nonce(services)
    token = PersonalToken(
        id=services.ids.new(TOKEN),
        user_id=principal.user_id,
        name=clean_title("name", draft.name),
        digest="",
        scopes=draft.scopes,
        resources=draft.resources,
        created_ms=operation.at_ms,
        expires_ms=draft.expires_ms,
    )
    return _with_text(services, token, nonce), nonce


def _nonce(services: Services) -> str:
    return f"{services.below(1 << 128):032x}"


def _text(services: Services, token: PersonalToken, nonce: str) -> str:
    number = int.from_bytes(services.derived.derive(f"personal access token {token.id}", nonce))
    return compose_personal_token(token.id, token.user_id, lambda bound: number % bound)


def _with_text(services: Services, token: PersonalToken, nonce: str) -> PersonalToken:
    return replace(token, digest=digest(_text(services, token, nonce)))


def _issued(services: Services, token: PersonalToken, nonce: str) -> IssuedToken:
    return IssuedToken(token, _text(services, token, nonce))


def _issued_before(
    services: Services, store: Store, principal: Principal, result: Mapping[str, object]
) -> IssuedToken:
    """What the operation answered when it happened, if that still is the token's text."""
    token_id, nonce = str(result["token"]), str(result["nonce"])
    key = keys.personal_token(principal.user_id, token_id)
    item = store.get([key]).get(key)
    if item is None:
        raise Conflict("The token that this Idempotency-Key made is deleted")
    token = personal_token_of(item)
    if _with_text(services, token, nonce) != token:
        raise Conflict("The token that this Idempotency-Key made is regenerated")
    return _issued(services, token, nonce)


def _changed(token: PersonalToken, change: TokenChange) -> PersonalToken:
    return replace(
        token,
        name=token.name if change.name is None else clean_title("name", change.name),
        scopes=token.scopes if change.scopes is None else change.scopes,
        resources=token.resources if change.resources is None else change.resources[0],
        expires_ms=token.expires_ms if change.expires_ms is None else change.expires_ms[0],
    )


def _key(token: PersonalToken) -> Key:
    return keys.personal_token(token.user_id, token.id)


def _own_key(principal: Principal, token_id: str) -> Key:
    if not is_id(token_id, TOKEN):
        raise NotPermittedOrNotFound
    return keys.personal_token(principal.user_id, token_id)


def _require(found: Mapping[Key, Item], key: Key) -> Item:
    if key not in found:
        raise NotPermittedOrNotFound
    return found[key]


def _own(services: Services, principal: Principal, access: Access) -> Store:
    return ScopedStore(services.store, [Grant(Table.IDENTITY, principal.user_id, access)])


def _require_valid(
    services: Services, principal: Principal, token: PersonalToken, old: PersonalToken | None = None
) -> None:
    """What is new about a token must make sense now; what it had before was checked then."""
    if not token.scopes:
        raise Invalid("scopes", "must name at least one scope")
    new_expiry = old is None or token.expires_ms != old.expires_ms
    if new_expiry and token.expires_ms is not None and token.expires_ms <= services.clock.now_ms():
        raise Invalid("expiresTime", "must be in the future")
    if token.resources is not None and (old is None or token.resources != old.resources):
        _require_reachable(services, principal, token.resources)


def _require_reachable(services: Services, principal: Principal, resources: Iterable[str]) -> None:
    wanted = set(resources)
    if not 0 < len(wanted) <= MOST_RESOURCES:
        raise Invalid("resources", f"must be 1 to {MOST_RESOURCES} workspaces and bases, or all")
    workspaces = {membership.workspace_id for membership in workspaces_of(services, principal)}
    others = wanted - workspaces
    bases = {resource for resource in others if is_id(resource, BASE)}
    reachable = _bases_among(services, workspaces, bases) | _single_bases(services, principal, bases)
    unknown = (others - bases) or (bases - reachable)
    if unknown:
        raise Invalid("resources", "must be workspaces and bases that you can reach")


def _single_bases(services: Services, principal: Principal, bases: Iterable[str]) -> set[str]:
    """Those bases that the person has a role of their own in."""
    own = {keys.user_base(principal.user_id, base): base for base in bases}
    store = ScopedStore(services.store, [Grant(Table.TENANCY, principal.user_id, Access.READ)])
    return {own[key] for key in get_all(store, own)}


def _bases_among(services: Services, workspaces: Iterable[str], bases: Iterable[str]) -> set[str]:
    """Those bases that are in one of the workspaces."""
    own = [workspace for workspace in workspaces if is_id(workspace, WORKSPACE)]
    store = ScopedStore(services.store, [Grant(Table.TENANCY, workspace, Access.READ) for workspace in own])
    places = {keys.workspace_base(workspace, base): base for workspace in own for base in bases}
    return {places[key] for key in get_all(store, places)}
