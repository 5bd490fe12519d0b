"""Searches on the wire, and their cursor: a digest of the search, and the last person looked at."""

import hashlib
import json

from pyairtable_common.application.people import MOST_PEOPLE, PeoplePage, PeopleSearch
from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.ids import USER, is_id
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.domain.permissions import Principal
from pyairtable_common.web.decoding import Query, one
from users_api.wire import person_json

_PARAMETERS = ("query", "workspace", "cursor", "pageSize")
_USUAL_PEOPLE = 50


def search_of(query: Query) -> PeopleSearch:
    """Raises ``Invalid`` for parameters that are none, and for another search's cursor."""
    for name in query:
        if name not in _PARAMETERS:
            raise Invalid("query", f"takes {', '.join(_PARAMETERS)}")
    text, workspace_id = one(query, "query") or "", one(query, "workspace")
    cursor = one(query, "cursor")
    after = None if cursor is None else _after(cursor, text, workspace_id)
    return PeopleSearch(text, workspace_id, after, _limit(one(query, "pageSize")))


def people_json(principal: Principal, search: PeopleSearch, page: PeoplePage) -> JSONObject:
    answer: dict[str, JSONValue] = {"users": [person_json(principal, person) for person in page.people]}
    if page.after is not None:
        answer["cursor"] = f"{_digest(search.query, search.workspace_id)}.{page.after}"
    return answer


def _after(cursor: str, text: str, workspace_id: str | None) -> str:
    digest, _, after = cursor.partition(".")
    if digest != _digest(text, workspace_id) or not is_id(after, USER):
        raise Invalid("cursor", "is not one of this search")
    return after


def _limit(text: str | None) -> int:
    if text is None:
        return _USUAL_PEOPLE
    if not (text.isascii() and text.isdigit()) or len(text) > 3 or not 0 < int(text) <= MOST_PEOPLE:
        raise Invalid("pageSize", f"must be an integer between 1 and {MOST_PEOPLE}")
    return int(text)


def _digest(text: str, workspace_id: str | None) -> str:
    return hashlib.sha256(json.dumps([text, workspace_id]).encode()).hexdigest()[:16]
