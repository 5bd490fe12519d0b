"""Reading the bodies of native (``/v1``) calls: strictly, and every error names its parameter."""

import json
from collections.abc import Sequence

from pyairtable_common.domain.errors import Invalid
from pyairtable_common.domain.jsonvalue import JSONObject, is_array

_LONGEST_QUOTED = 60


def require_only(body: JSONObject, *names: str) -> JSONObject:
    """The body, if it has no other keys than ``names``."""
    for name in body:
        if name not in names:
            raise Invalid(json.dumps(name[:_LONGEST_QUOTED]), "is not a parameter of this call")
    return body


def text_of(body: JSONObject, name: str) -> str:
    """A parameter that must be there and be text."""
    if name not in body:
        raise Invalid(name, "is required")
    value = body[name]
    if not isinstance(value, str):
        raise Invalid(name, "must be text")
    return value


def texts_of(body: JSONObject, name: str) -> Sequence[str]:
    """A parameter that must be there and be an array of texts, none of them twice."""
    value = body.get(name)
    if not is_array(value):
        raise Invalid(name, "must be an array of texts" if name in body else "is required")
    texts = [one for one in value if isinstance(one, str)]
    if len(texts) != len(value):
        raise Invalid(name, "must be an array of texts")
    if len(set(texts)) != len(texts):
        raise Invalid(name, "must not hold a text twice")
    return texts
