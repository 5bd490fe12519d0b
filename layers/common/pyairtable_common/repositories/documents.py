"""Reading stored JSON back: every reader fails loudly on what no writer of ours wrote."""

from collections.abc import Sequence

from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_array, is_object
from pyairtable_common.repositories.codec import UnknownForm


def integer(raw: JSONObject, name: str) -> int:
    value = raw[name]
    if not isinstance(value, int):
        raise UnknownForm(f"{name} is not an integer")
    return value


def optional_integer(raw: JSONObject, name: str) -> int | None:
    return None if raw.get(name) is None else integer(raw, name)


def text(raw: JSONObject, name: str) -> str:
    value = raw[name]
    if not isinstance(value, str):
        raise UnknownForm(f"{name} is not text")
    return value


def optional_text(raw: JSONObject, name: str) -> str | None:
    return None if raw.get(name) is None else text(raw, name)


def mapping(raw: JSONObject, name: str) -> JSONObject:
    return require_object(raw[name])


def objects(raw: JSONObject, name: str) -> Sequence[JSONObject]:
    value = raw[name]
    if not is_array(value):
        raise UnknownForm(f"{name} is not an array")
    return [require_object(item) for item in value]


def require_object(value: JSONValue) -> JSONObject:
    if not is_object(value):
        raise UnknownForm("an object was expected")
    return value
