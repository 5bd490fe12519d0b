"""A base: the unit of consistency, and where its tables and records belong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Base:
    """The head of a base.

    ``sequence`` numbers the last event of its log (dense, from 1) and
    ``schema_version`` the sequence of the last one that changed its schema.
    """

    id: str
    workspace_id: str
    name: str
    sequence: int
    schema_version: int
    created_ms: int
