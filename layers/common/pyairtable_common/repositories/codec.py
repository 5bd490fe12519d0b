"""Stored bytes: one versioned form for everything in an item's ``data``.

The first byte says which: 1 is UTF-8 JSON, 2 is that through zlib. Readers know
every form there ever was; writers write the newest that is smaller.
"""

import zlib

import orjson

from pyairtable_common.domain.jsonvalue import JSONObject

_PLAIN = 1
_DEFLATED = 2
_WORTH_DEFLATING = 200
_LEVEL = 1


class UnknownForm(ValueError):
    """The bytes were written by a later version, or are not ours."""


def plain_size(value: JSONObject) -> int:
    """Bytes of the value as plain JSON: about what it takes on the wire."""
    return len(orjson.dumps(value))


def encode(value: JSONObject) -> bytes:
    plain = orjson.dumps(value)
    if len(plain) >= _WORTH_DEFLATING:
        deflated = zlib.compress(plain, _LEVEL)
        if len(deflated) < len(plain):
            return bytes([_DEFLATED]) + deflated
    return bytes([_PLAIN]) + plain


def decode(data: bytes) -> JSONObject:
    form, body = (data[0] if data else 0), data[1:]
    if form == _DEFLATED:
        body = zlib.decompress(body)
    elif form != _PLAIN:
        raise UnknownForm(f"form {form}")
    value: JSONObject = orjson.loads(body)
    return value
