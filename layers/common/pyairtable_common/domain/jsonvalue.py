"""JSON as a type: what the wire carries and what a stored cell holds.

Numbers are IEEE 754 doubles, as in Airtable; an integer may be as large as a
double holds exactly.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeGuard

JSONScalar: TypeAlias = bool | int | float | str | None
JSONValue: TypeAlias = JSONScalar | Sequence["JSONValue"] | Mapping[str, "JSONValue"]
JSONObject: TypeAlias = Mapping[str, JSONValue]


def is_object(value: JSONValue) -> TypeGuard[JSONObject]:
    return isinstance(value, Mapping)


def is_array(value: JSONValue) -> TypeGuard[Sequence[JSONValue]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def is_number(value: JSONValue) -> TypeGuard[int | float]:
    """True for JSON numbers only; Python's ``bool`` is not one."""
    return isinstance(value, int | float) and not isinstance(value, bool)
