"""Personal access tokens: make, list, delete. Only a signed-in person may; a token makes no tokens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyairtable_common.application.attempts import attempts, fresh_token, put_new
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspaces import workspaces_of
from pyairtable_common.domain.credentials import PersonalToken, compose_personal_token, digest
from pyairtable_common.domain.errors import Invalid, NotPermittedOrNotFound, TryAgain
from pyairtable_common.domain.ids import BASE, TOKEN, WORKSPACE, is_id
from pyairtable_common.domain.permissions import Principal, Scope
from pyairtable_common.domain.users import clean_title
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import personal_token_item, personal_token_of
from pyairtable_common.repositories.pages import all_items, get_all
from pyairtable_common.repositories.ports import ConditionFailed, Delete, Exists, Store, Table, Unavailable
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore

MOST_RESOURCES = 100


@dataclass(frozen=True, slots=True)
class TokenDraft:
    """A token to be made. ``resources`` are workspace and base ids; ``None`` is all its owner can reach."""

    name: str
    scopes: frozenset[Scope]
    resources: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token with its text, which is shown this once and kept nowhere."""

    token: PersonalToken
    text: str


def create_token(services: Services, principal: Principal, draft: TokenDraft) -> IssuedToken:
    """Raises ``Invalid``; foreign resources and those that do not exist look the same."""
    name = clean_title("name", draft.name)
    if not draft.scopes:
        raise Invalid("scopes", "must name at least one scope")
    if draft.resources is not None:
        _require_reachable(services, principal, draft.resources)
    token_id = services.ids.new(TOKEN)
    text = compose_personal_token(token_id, principal.user_id, services.below)
    now = services.clock.now_ms()
    token = PersonalToken(token_id, principal.user_id, name, digest(text), draft.scopes, draft.resources, now)
    put_new(services, _own(services, principal, Access.WRITE), [personal_token_item(token)])
    return IssuedToken(token, text)


def list_tokens(services: Services, principal: Principal) -> Sequence[PersonalToken]:
    """One's own, oldest first."""
    store = _own(services, principal, Access.READ)
    items = all_items(store, Table.IDENTITY, principal.user_id, prefix=keys.PERSONAL_TOKENS)
    return sorted(map(personal_token_of, items), key=lambda token: (token.created_ms, token.id))


def delete_token(services: Services, principal: Principal, token_id: str) -> None:
    """It is refused from the next request on. Raises ``NotPermittedOrNotFound``."""
    if not is_id(token_id, TOKEN):
        raise NotPermittedOrNotFound
    store = _own(services, principal, Access.WRITE)
    key = keys.personal_token(principal.user_id, token_id)
    for number in attempts(services):
        try:
            store.transact([Delete(key, Exists())], fresh_token(services))
        except ConditionFailed:
            if number == 0:
                raise NotPermittedOrNotFound from None
        except Unavailable:
            continue
        return
    raise TryAgain


def _own(services: Services, principal: Principal, access: Access) -> Store:
    return ScopedStore(services.store, [Grant(Table.IDENTITY, principal.user_id, access)])


def _require_reachable(services: Services, principal: Principal, resources: Iterable[str]) -> None:
    wanted = set(resources)
    if not 0 < len(wanted) <= MOST_RESOURCES:
        raise Invalid("resources", f"must be 1 to {MOST_RESOURCES} workspaces and bases, or all")
    workspaces = {membership.workspace_id for membership in workspaces_of(services, principal)}
    others = wanted - workspaces
    bases = {resource for resource in others if is_id(resource, BASE)}
    unknown = (others - bases) or (bases - _bases_among(services, workspaces, bases))
    if unknown:
        raise Invalid("resources", "must be workspaces and bases that you can reach")


def _bases_among(services: Services, workspaces: Iterable[str], bases: Iterable[str]) -> set[str]:
    """Those bases that are in one of the workspaces."""
    own = [workspace for workspace in workspaces if is_id(workspace, WORKSPACE)]
    store = ScopedStore(services.store, [Grant(Table.TENANCY, workspace, Access.READ) for workspace in own])
    places = {keys.workspace_base(workspace, base): base for workspace in own for base in bases}
    return {places[key] for key in get_all(store, places)}
