"""Everything that is kept of a person, in pages, for that person.

Without what opens doors: no password, no token, no digest of either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pyairtable_common.application.account_deletion import Deletion, deletion_of
from pyairtable_common.application.preferences import own_preferences
from pyairtable_common.application.profiles import Person, own_profile
from pyairtable_common.application.services import Services
from pyairtable_common.domain.credentials import PersonalToken, Session
from pyairtable_common.domain.permissions import Principal, Role
from pyairtable_common.domain.preferences import Preferences
from pyairtable_common.domain.workspaces import Workspace
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import personal_token_of, session_of
from pyairtable_common.repositories.pages import get_all
from pyairtable_common.repositories.ports import Item, Table
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore
from pyairtable_common.repositories.tenancy import membership_of, workspace_of

PAGE_ITEMS = 200


@dataclass(frozen=True, slots=True)
class Self:
    """What there is once."""

    person: Person
    preferences: Preferences
    deletion: Deletion | None


@dataclass(frozen=True, slots=True)
class ExportPage:
    """The first page has ``own``; ``after`` is where to go on (``None`` at the end)."""

    own: Self | None = None
    sessions: Sequence[Session] = ()
    tokens: Sequence[PersonalToken] = ()
    workspaces: Sequence[tuple[Workspace, Role]] = ()
    after: str | None = None


def export_page(services: Services, principal: Principal, after: str | None) -> ExportPage:
    """``after`` is the sort key that the page before ended with."""
    section, start = _place(after)
    table, prefix = _SECTIONS[section]
    store = ScopedStore(services.store, [Grant(table, principal.user_id, Access.READ)])
    page = store.query(table, principal.user_id, prefix=prefix, after=start, limit=PAGE_ITEMS)
    told = _told(services, page.items, prefix)
    if after is None:
        told = replace(told, own=_own(services, principal))
    if page.more and page.items:
        return replace(told, after=page.last_sk)
    following = section + 1
    return replace(told, after=_SECTIONS[following][1] if following < len(_SECTIONS) else None)


def is_export_position(text: str) -> bool:
    return any(text.startswith(prefix) for _, prefix in _SECTIONS)


_SECTIONS = (
    (Table.IDENTITY, keys.SESSIONS),
    (Table.IDENTITY, keys.PERSONAL_TOKENS),
    (Table.TENANCY, keys.USER_WORKSPACES),
)


def _place(after: str | None) -> tuple[int, str | None]:
    """Which section, and after which sort key in it."""
    if after is None:
        return 0, None
    number = next(n for n, (_, prefix) in enumerate(_SECTIONS) if after.startswith(prefix))
    return number, None if after == _SECTIONS[number][1] else after


def _told(services: Services, items: Sequence[Item], prefix: str) -> ExportPage:
    if prefix == keys.SESSIONS:
        return ExportPage(sessions=[session_of(item) for item in items])
    if prefix == keys.PERSONAL_TOKENS:
        return ExportPage(tokens=[personal_token_of(item) for item in items])
    roles = {one.workspace_id: one.role for one in map(membership_of, items)}
    return ExportPage(workspaces=_workspaces(services, roles))


def _workspaces(services: Services, roles: Mapping[str, Role]) -> Sequence[tuple[Workspace, Role]]:
    store = ScopedStore(services.store, [Grant(Table.TENANCY, one, Access.READ) for one in roles])
    heads = map(workspace_of, get_all(store, map(keys.workspace, roles)).values())
    return [(head, roles[head.id]) for head in sorted(heads, key=lambda one: one.id)]


def _own(services: Services, principal: Principal) -> Self:
    return Self(
        own_profile(services, principal),
        own_preferences(services, principal),
        deletion_of(services, principal),
    )
