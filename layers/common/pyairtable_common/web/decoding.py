"""Reading what callers send: query parameters in every spelling clients use, and typed body fields."""

import re
from collections.abc import Mapping, Sequence

from pyairtable_common.domain.errors import InvalidRequest, MissingBodyField
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_array, is_object

_INDEXED = re.compile(r"([^\[\]]+)\[(\d{0,4})\](?:\[([^\[\]]+)\])?")

Query = Mapping[str, Sequence[str]]


def one(query: Query, name: str) -> str | None:
    """The last value of a parameter."""
    values = query.get(name)
    return values[-1] if values else None


def many(query: Query, name: str) -> Sequence[str]:
    """The values of ``name``, ``name[]`` and ``name[0]``, ``name[1]``, ... in that order."""
    found = [*query.get(name, ()), *query.get(f"{name}[]", ())]
    for _, values in sorted(_indexed(query, name), key=lambda entry: entry[0]):
        found += values
    return found


def many_objects(query: Query, name: str) -> Sequence[Mapping[str, str]]:
    """The objects that ``name[0][key]=value``, ... spell, by index."""
    objects: dict[int, dict[str, str]] = {}
    for spelled, values in query.items():
        match = _INDEXED.fullmatch(spelled)
        if match and match[1] == name and match[2] and match[3]:
            objects.setdefault(int(match[2]), {})[match[3]] = values[-1]
    return [objects[index] for index in sorted(objects)]


def flag(text: str | None) -> bool:
    """``1`` and ``true`` are true; ``0``, ``false``, empty and absent are not. Raises ``InvalidRequest``."""
    if text is None or text.lower() in ("", "0", "false"):
        return False
    if text.lower() in ("1", "true"):
        return True
    raise InvalidRequest


def require_object(body: JSONObject, name: str) -> JSONObject:
    """A body field that must be there and be an object."""
    if name not in body:
        raise MissingBodyField(name)
    value = body[name]
    if not is_object(value):
        raise InvalidRequest
    return value


def require_text(body: JSONObject, name: str) -> str:
    if name not in body:
        raise MissingBodyField(name)
    value = body[name]
    if not isinstance(value, str):
        raise InvalidRequest
    return value


def optional_text(body: JSONObject, name: str) -> str | None:
    """A body field that may be absent, but not ``null``."""
    return require_text(body, name) if name in body else None


def optional_flag(body: JSONObject, name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidRequest
    return value


def require_objects(body: JSONObject, name: str) -> Sequence[JSONObject]:
    if name not in body:
        raise MissingBodyField(name)
    return objects_of(body[name])


def objects_of(value: JSONValue) -> Sequence[JSONObject]:
    if not is_array(value):
        raise InvalidRequest
    objects = [item for item in value if is_object(item)]
    if len(objects) != len(value):
        raise InvalidRequest
    return objects


def texts_of(value: JSONValue) -> Sequence[str]:
    if not is_array(value):
        raise InvalidRequest
    texts = [item for item in value if isinstance(item, str)]
    if len(texts) != len(value):
        raise InvalidRequest
    return texts


def _indexed(query: Query, name: str) -> list[tuple[int, Sequence[str]]]:
    found = []
    for spelled, values in query.items():
        match = _INDEXED.fullmatch(spelled)
        if match and match[1] == name and match[2] and match[3] is None:
            found.append((int(match[2]), values))
    return found
