"""People on the wire."""

from pyairtable_common.application.profiles import Person, ProfileChange
from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.permissions import Principal, Scope
from pyairtable_common.web.native import require_only

_CHANGEABLE = ("name", "locale", "timeZone", "bio")


def profile_change_of(body: JSONObject) -> ProfileChange:
    """``null`` takes a value back."""
    change: dict[str, str | None] = {}
    for name, value in require_only(body, *_CHANGEABLE).items():
        if value is not None and not isinstance(value, str):
            raise Invalid(name, "must be text")
        change[name] = value
    if not change:
        raise Invalid(" or ".join(_CHANGEABLE), "is required")
    return change


def own_profile_json(principal: Principal, person: Person) -> JSONObject:
    return {**person_json(principal, person), "createdTime": iso_from_ms(person.user.created_ms)}


def person_json(principal: Principal, person: Person) -> JSONObject:
    """Only what the token's scopes let it see."""
    user, profile = person.user, person.profile
    answer: dict[str, JSONValue] = {
        "id": user.id,
        "name": user.name,
        "locale": profile.locale,
        "timeZone": profile.time_zone,
        "bio": profile.bio,
    }
    if principal.has(Scope.EMAIL_READ):
        answer["email"] = user.email
    return answer
