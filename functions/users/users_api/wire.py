"""The users service's request and response shapes."""

from pyairtable_common.domain.clock import iso_from_ms
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.permissions import Principal, Scope
from pyairtable_common.domain.users import User
from pyairtable_common.web.native import require_only, text_of


def new_name_of(body: JSONObject) -> str:
    return text_of(require_only(body, "name"), "name")


def profile_json(principal: Principal, user: User) -> JSONObject:
    """Only what the token's scopes let it see."""
    answer: dict[str, JSONValue] = {
        "id": user.id,
        "name": user.name,
        "createdTime": iso_from_ms(user.created_ms),
    }
    if principal.has(Scope.EMAIL_READ):
        answer["email"] = user.email
    return answer
