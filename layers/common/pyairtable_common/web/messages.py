"""Requests and responses as views see them: nothing of API Gateway, nothing of Chalice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyairtable_common.domain.jsonvalue import JSONObject, JSONValue
from pyairtable_common.web import json_codec

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    ``path_parameters`` are decoded once, ``query`` holds every value in order,
    ``headers`` have lower-case names. ``source_ip`` is the client's, by
    ``web.client_address``: what it says of itself does not count.
    """

    method: str
    path: str
    path_parameters: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    source_ip: str
    request_id: str

    def json(self) -> JSONObject:
        """The body's JSON object.

        Raises ``BodyTooLarge``, ``UnreadableBody``, or ``InvalidRequest`` for JSON that is no object.
        """
        return json_codec.decode_object(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; ``body`` ``None`` sends none. ``text`` is sent instead of it, as what ``headers`` tell."""

    body: JSONValue
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
