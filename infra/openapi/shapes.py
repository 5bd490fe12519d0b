"""The words in which wire shapes are declared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pyairtable_common.domain.errors import DomainError

Schema: TypeAlias = Mapping[str, object]
"""A JSON Schema (2020-12), as OpenAPI 3.1 takes it."""

Properties: TypeAlias = Mapping[str, Schema]
Errors: TypeAlias = Sequence[type[DomainError]]

TEXT: Schema = {"type": "string"}
TITLE: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"\S"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
TRUE: Schema = {"const": True}


@dataclass(frozen=True, slots=True)
class Operation:
    """What the wire sees of one route.

    ``answers`` are its successes by status, as JSON; ``texts`` are the media types in
    which a 200 may come instead. ``query`` are its parameters by name,
    none of them required unless listed in ``required_query``. ``errors`` are those
    that do not follow from policy, body or ``idempotent``, which is whether the
    route reads an ``Idempotency-Key``.
    """

    summary: str
    answers: Mapping[int, Schema]
    body: Schema | None = None
    query: Properties = field(default_factory=dict)
    required_query: Sequence[str] = ()
    errors: Errors = ()
    idempotent: bool = False
    texts: Sequence[str] = ()


Operations: TypeAlias = Mapping[tuple[str, str], Operation]


@dataclass(frozen=True, slots=True)
class Service:
    """One service's operations by route, and the schemas that they name with ``ref``."""

    operations: Operations
    schemas: Properties = field(default_factory=dict)


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def closed(required: Properties, optional: Properties | None = None, **keywords: object) -> Schema:
    """An object with these properties and no others."""
    return {**opened(required, optional, **keywords), "additionalProperties": False}


def opened(required: Properties, optional: Properties | None = None, **keywords: object) -> Schema:
    """An object with these properties; others are allowed and ignored."""
    needed: Schema = {"required": list(required)} if required else {}
    return {"type": "object", "properties": {**required, **(optional or {})}, **needed, **keywords}


def array(items: Schema, **keywords: object) -> Schema:
    return {"type": "array", "items": items, **keywords}


def words(*allowed: str) -> Schema:
    return {"type": "string", "enum": list(allowed)}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def identifier(*kinds: str) -> Schema:
    """An id: three letters that say the kind, and fourteen characters."""
    return {"type": "string", "pattern": f"^({'|'.join(kinds)})[0-9A-Za-z]{{14}}$"}


def deleted(kind: str) -> Schema:
    return closed({"id": identifier(kind), "deleted": TRUE})
