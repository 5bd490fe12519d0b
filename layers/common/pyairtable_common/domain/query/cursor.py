"""Where a listing goes on: stateless, so that no server forgets it.

On the wire a cursor is ``itr…/rec…`` as Airtable's ``offset`` is: the first half
digests what is listed (so that it cannot be continued as another listing), the
second is the last record given, with its sort values where there is an order.
"""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pyairtable_common.domain.errors import InvalidOffset, IteratorNotAvailable
from pyairtable_common.domain.fields.base import SortKey
from pyairtable_common.domain.ids import RECORD, TAIL, base62, is_id
from pyairtable_common.domain.jsonvalue import JSONValue

_ID_LENGTH = len(RECORD) + TAIL


@dataclass(frozen=True, slots=True)
class Cursor:
    """Just after ``record_id``, which stood at ``values``; ``given`` records came so far."""

    record_id: str
    given: int
    values: tuple[SortKey | None, ...] = ()


def encode_cursor(cursor: Cursor, listing: Sequence[str]) -> str:
    """The wire's offset; ``listing`` is whatever tells this listing from others."""
    detail = json.dumps([cursor.given, *cursor.values], ensure_ascii=False, separators=(",", ":"))
    packed = base64.urlsafe_b64encode(detail.encode()).decode().rstrip("=")
    return f"{_iterator(listing)}/{cursor.record_id}.{packed}"


def decode_cursor(text: str, listing: Sequence[str], sort_count: int) -> Cursor:
    """Raises ``IteratorNotAvailable`` for another listing's cursor, ``InvalidOffset`` for none at all."""
    iterator, _, rest = text.partition("/")
    record_id, _, packed = rest.partition(".")
    if not is_id(iterator, "itr") or not is_id(record_id, RECORD):
        raise InvalidOffset
    if iterator != _iterator(listing):
        raise IteratorNotAvailable
    given, *values = _unpack(packed)
    if not isinstance(given, int) or isinstance(given, bool) or given < 0 or len(values) != sort_count:
        raise InvalidOffset
    return Cursor(record_id, given, tuple(_sort_value(value) for value in values))


def _iterator(listing: Sequence[str]) -> str:
    digest = hashlib.sha256(json.dumps(list(listing)).encode()).digest()
    return "itr" + base62(int.from_bytes(digest, "big") % 62**TAIL, TAIL)


def _unpack(packed: str) -> list[JSONValue]:
    try:
        detail = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidOffset from error
    if not isinstance(detail, list) or not detail:
        raise InvalidOffset
    return detail


def _sort_value(value: JSONValue) -> SortKey | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise InvalidOffset
