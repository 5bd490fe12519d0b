"""Old events in today's form: what is stored is never rewritten, only read anew.

Every kind of event has a chain of pure functions, from version 1 up, each of
which gives the next version of a stored document. Changing what an event of a
kind says is one more function here, and an old document in ``tests/events``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from pyairtable_common.domain.events import Kind, Source
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.repositories.codec import UnknownForm
from pyairtable_common.repositories.documents import integer, text

Upcaster: TypeAlias = Callable[[JSONObject], JSONObject]


def newest_version(kind: Kind) -> int:
    """The version that events of this kind are written in."""
    return len(UPCASTERS[kind]) + 1


def upcast(stored: JSONObject) -> JSONObject:
    """The document of an event in its kind's newest version.

    Raises ``UnknownForm`` for a kind or version that only later code knows.
    """
    kind, version = _kind(stored), integer(stored, "v")
    if not 1 <= version <= newest_version(kind):
        raise UnknownForm(f"version {version} of {kind.value}")
    document = stored
    for number, step in enumerate(UPCASTERS[kind][version - 1 :], version + 1):
        document = {**step(document), "v": number}
    return document


def _kind(stored: JSONObject) -> Kind:
    word = text(stored, "kind")
    try:
        return Kind(word)
    except ValueError as error:
        raise UnknownForm(f"an event of kind {word}") from error


def _without_caller(document: JSONObject) -> JSONObject:
    """Version 1 did not say where a change came from."""
    return {**document, "from": {"source": Source.UNKNOWN.value, "credential": None, "address": None}}


UPCASTERS: Mapping[Kind, Sequence[Upcaster]] = dict.fromkeys(Kind, (_without_caller,))
"""By kind: the function at place 0 makes version 2 of version 1, and so on."""
