"""The one JSON codec at the edge."""

import orjson

from pyairtable_common.domain.errors import BodyTooLarge, InvalidRequest, UnreadableBody
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_array, is_object

MAX_BYTES = 5 * 1024 * 1024
"""Below Lambda's own limit of 6 MB for an event, so that the answer is ours."""

MAX_DEPTH = 32


def decode_object(body: bytes) -> JSONObject:
    """The JSON object in a body.

    NaN, infinities, numbers beyond a double and lone surrogates are not JSON:
    ``UnreadableBody``. Anything but an object, or one nested deeper than 32, is
    ``InvalidRequest``; more than 5 MB is ``BodyTooLarge``.
    """
    if len(body) > MAX_BYTES:
        raise BodyTooLarge
    try:
        value: JSONValue = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadableBody from error
    if not is_object(value) or _is_deeper(value, MAX_DEPTH):
        raise InvalidRequest
    return value


def encode(value: JSONValue) -> str:
    return orjson.dumps(value).decode()


def _is_deeper(value: JSONValue, depth: int) -> bool:
    level: list[JSONValue] = [value]
    for _ in range(depth):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: JSONValue) -> list[JSONValue]:
    if is_object(value):
        return [child for child in value.values() if not isinstance(child, str)]
    if is_array(value):
        return [child for child in value if not isinstance(child, str)]
    return []
