"""Other people: those with whom one shares a workspace, and nobody else.

Names are read where they are written, in the accounts, and matched in memory: there is
no second copy that a renaming would have to reach. One request looks at no more than
``MOST_EXAMINED`` people (a query for a hundred members and a read of their accounts, ten
times); where there are more, the cursor goes on, so that a page may hold few people or none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from pyairtable_common.application.profiles import Person
from pyairtable_common.application.services import Services
from pyairtable_common.application.workspaces import workspaces_of
from pyairtable_common.domain.errors import Invalid, NotPermittedOrNotFound
from pyairtable_common.domain.ids import USER, is_id
from pyairtable_common.domain.people_search import NameQuery, words_of
from pyairtable_common.domain.permissions import Principal, Scope
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import user_of
from pyairtable_common.repositories.pages import all_items, get_all
from pyairtable_common.repositories.people import profile_of
from pyairtable_common.repositories.ports import MAX_GET_KEYS, Store, Table
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore

MOST_EXAMINED = 1000
MOST_WORKSPACES = 100
LONGEST_QUERY = 200
MOST_PEOPLE = 100


@dataclass(frozen=True, slots=True)
class PeopleSearch:
    """Whom to look for. ``after`` is the id of the last person looked at before."""

    query: str
    workspace_id: str | None
    after: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """People by id, and where to go on (``None`` at the end)."""

    people: Sequence[Person]
    after: str | None


def find_people(services: Services, principal: Principal, search: PeopleSearch) -> PeoplePage:
    """Raises ``Invalid``, or ``NotPermittedOrNotFound`` for a workspace that is foreign or missing."""
    if len(search.query) > LONGEST_QUERY:
        raise Invalid("query", f"must have at most {LONGEST_QUERY} characters")
    wanted = NameQuery(words_of(search.query), with_email=principal.has(Scope.EMAIL_READ))
    candidates = _members(services, _workspaces(services, principal, search.workspace_id), search.after)
    found: list[Person] = []
    examined = 0
    while batch := list(islice(candidates, MAX_GET_KEYS)):
        examined += len(batch)
        people = _people(services, batch)
        for user_id in batch:
            person = people.get(user_id)
            if person is not None and wanted.matches(person.user):
                found.append(person)
                if len(found) == search.limit:
                    return PeoplePage(found, user_id)
        if examined >= MOST_EXAMINED:
            return PeoplePage(found, batch[-1])
    return PeoplePage(found, None)


def find_person(services: Services, principal: Principal, user_id: str) -> Person:
    """Oneself, or somebody in a workspace of one's own: ``NotPermittedOrNotFound`` for all others."""
    if not is_id(user_id, USER):
        raise NotPermittedOrNotFound
    if user_id != principal.user_id:
        shared = [keys.member(one, user_id) for one in _workspaces(services, principal, None)]
        if not get_all(_reading(services, Table.TENANCY, [key.owner for key in shared]), shared):
            raise NotPermittedOrNotFound
    people = _people(services, [user_id])
    if user_id not in people:
        raise NotPermittedOrNotFound
    return people[user_id]


def _workspaces(services: Services, principal: Principal, workspace_id: str | None) -> Sequence[str]:
    """Those that the person is in and the token may touch."""
    own = [one.workspace_id for one in workspaces_of(services, principal)]
    reachable = [one for one in own if principal.may_touch(one)]
    if workspace_id is None:
        return reachable
    if workspace_id not in reachable:
        raise NotPermittedOrNotFound
    return [workspace_id]


def _members(services: Services, workspaces: Sequence[str], after: str | None) -> Iterator[str]:
    """User ids from all workspaces, in order, each once."""
    if len(workspaces) > MOST_WORKSPACES:
        raise Invalid("workspace", f"is required for somebody who is in more than {MOST_WORKSPACES}")
    store = _reading(services, Table.TENANCY, workspaces)
    last = after
    for user_id in merge(*(_members_of(store, one, after) for one in workspaces)):
        if user_id != last:
            last = user_id
            yield user_id


def _members_of(store: Store, workspace_id: str, after: str | None) -> Iterator[str]:
    bound = None if after is None else f"{keys.MEMBERS}{after}"
    for item in all_items(store, Table.TENANCY, workspace_id, prefix=keys.MEMBERS, after=bound):
        yield item.key.sk.removeprefix(keys.MEMBERS)


def _people(services: Services, user_ids: Sequence[str]) -> dict[str, Person]:
    store = _reading(services, Table.IDENTITY, user_ids)
    wanted = [key for user_id in user_ids for key in (keys.user(user_id), keys.profile(user_id))]
    found = get_all(store, wanted)
    return {
        user_id: Person(user_of(found[account]), profile_of(found.get(keys.profile(user_id))))
        for user_id in user_ids
        if (account := keys.user(user_id)) in found
    }


def _reading(services: Services, table: Table, owners: Sequence[str]) -> Store:
    return ScopedStore(services.store, [Grant(table, owner, Access.READ) for owner in owners])
