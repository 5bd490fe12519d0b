"""What clients remember for a person: one JSON document, a namespace for each client.

Merging is JSON Merge Patch (RFC 7396) at every depth: ``null`` removes, an object
is merged, anything else replaces.
"""

import json
import re
from dataclasses import dataclass

from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue, is_array, is_object

LARGEST_BYTES = 64 * 1024
DEEPEST = 10
_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Preferences:
    """``version`` counts the changes; 0 is: nothing was ever kept."""

    version: int
    values: JSONObject


def merged(target: JSONValue, patch: JSONValue) -> JSONValue:
    """RFC 7396, section 2. Both are bounded in depth by whoever read them."""
    if not is_object(patch):
        return patch
    result = dict(target) if is_object(target) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def merged_preferences(values: JSONObject, patch: JSONObject) -> JSONObject:
    """All namespaces after a patch."""
    result = merged(values, patch)
    return result if is_object(result) else {}


def check_preferences(values: JSONObject) -> JSONObject:
    """The same, if it may be kept. Raises ``Invalid``."""
    for namespace, value in values.items():
        if not _NAMESPACE.fullmatch(namespace):
            raise Invalid(
                "preferences", "a namespace has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter"
            )
        if not is_object(value):
            raise Invalid(f"preferences.{namespace}", "must be an object")
    if _is_deeper(values, DEEPEST):
        raise Invalid("preferences", f"must not be nested deeper than {DEEPEST}")
    if len(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST_BYTES:
        raise Invalid("preferences", f"must have at most {LARGEST_BYTES} bytes as JSON")
    return values


def _is_deeper(value: JSONValue, depth: int) -> bool:
    if is_object(value):
        return depth == 0 or any(_is_deeper(child, depth - 1) for child in value.values())
    if is_array(value):
        return depth == 0 or any(_is_deeper(child, depth - 1) for child in value)
    return False
