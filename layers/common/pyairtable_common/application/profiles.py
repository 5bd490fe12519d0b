"""What people say of themselves: their name, and a profile beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from pyairtable_common.application.attempts import attempts, fresh_token
from pyairtable_common.application.services import Services
from pyairtable_common.domain.errors import Invalid, NotAuthenticated, TryAgain
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.domain.profiles import Profile, clean_bio, clean_locale, clean_time_zone
from pyairtable_common.domain.users import User, clean_title
from pyairtable_common.repositories import keys
from pyairtable_common.repositories.identity import user_item, user_of
from pyairtable_common.repositories.people import profile_item, profile_of
from pyairtable_common.repositories.ports import (
    Absent,
    Check,
    ConditionFailed,
    Exists,
    Item,
    Put,
    Store,
    Table,
    Unavailable,
    VersionIs,
    Write,
)
from pyairtable_common.repositories.scoped import Access, Grant, ScopedStore

ProfileChange: TypeAlias = Mapping[str, str | None]
"""New values by the name of the parameter; ``None`` takes one back. What is not there stays."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account and what its owner says of themselves."""

    user: User
    profile: Profile


def own_profile(services: Services, principal: Principal) -> Person:
    """Raises ``NotAuthenticated`` if the account is gone."""
    user, profile = _read(_own(services, principal, Access.READ), principal)
    return Person(user_of(user), profile_of(profile))


def own_account(services: Services, principal: Principal) -> User:
    """Without the profile, which costs another read. Raises ``NotAuthenticated`` if the account is gone."""
    key = keys.user(principal.user_id)
    item = _own(services, principal, Access.READ).get([key]).get(key)
    if item is None:
        raise NotAuthenticated
    return user_of(item)


def update_profile(services: Services, principal: Principal, change: ProfileChange) -> Person:
    """Only what differs is written. Raises ``Invalid`` for a value that is none."""
    wanted = clean_change(change)
    store = _own(services, principal, Access.WRITE)
    for _ in attempts(services):
        try:
            user, profile = _read(store, principal)
            after = _changed(Person(user_of(user), profile_of(profile)), wanted)
            writes = _writes(user, profile, after)
            if writes:
                store.transact(writes, fresh_token(services))
        except (ConditionFailed, Unavailable):
            continue
        return after
    raise TryAgain


def clean_change(change: ProfileChange) -> ProfileChange:
    """The same with every value in its one spelling; an empty bio is none. Raises ``Invalid``."""
    cleaned: dict[str, str | None] = {}
    for name, value in change.items():
        if name == "name" and value is None:
            raise Invalid("name", "cannot be taken back")
        cleaned[name] = None if value is None else _clean(name, value) or None
    return cleaned


def _clean(name: str, value: str) -> str:
    if name == "name":
        return clean_title("name", value)
    if name == "locale":
        return clean_locale(value)
    if name == "timeZone":
        return clean_time_zone(value)
    return clean_bio(value)


def _changed(person: Person, change: ProfileChange) -> Person:
    profile = person.profile
    return Person(
        replace(person.user, name=change.get("name") or person.user.name),
        replace(
            profile,
            locale=change.get("locale", profile.locale),
            time_zone=change.get("timeZone", profile.time_zone),
            bio=change.get("bio", profile.bio),
        ),
    )


def _writes(user: Item, profile: Item | None, after: Person) -> list[Write]:
    """A profile is written only while its account is there: deletion takes the account first."""
    writes: list[Write] = []
    if after.user != user_of(user):
        writes.append(Put(user_item(after.user, user.version + 1), VersionIs(user.version)))
    if after.profile != profile_of(profile):
        version = 0 if profile is None else profile.version
        expect = VersionIs(version) if version else Absent()
        if not writes:
            writes.append(Check(user.key, Exists()))
        writes.append(Put(profile_item(after.user.id, after.profile, version + 1), expect))
    return writes


def _own(services: Services, principal: Principal, access: Access) -> Store:
    return ScopedStore(services.store, [Grant(Table.IDENTITY, principal.user_id, access)])


def _read(store: Store, principal: Principal) -> tuple[Item, Item | None]:
    user, profile = keys.user(principal.user_id), keys.profile(principal.user_id)
    found = store.get([user, profile])
    if user not in found:
        raise NotAuthenticated
    return found[user], found.get(profile)
