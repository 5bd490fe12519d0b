"""Event logs: dense numbers, one per transaction, of a base or a workspace.

The item at (owner, sequence) may only be put where none is: that is the lock
which makes two writers of one owner take turns.
"""

from collections.abc import Iterator, Sequence

from pyairtable_common.domain.events import Caller, Event, Kind, Source
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.repositories import codec, keys, upcasters
from pyairtable_common.repositories.documents import integer, mapping, optional_text, text
from pyairtable_common.repositories.parts import split
from pyairtable_common.repositories.ports import Absent, Item, Put, Store, Table


class MissingEvent(Exception):
    """A log has a gap: nothing that was built from it can be trusted."""


def puts_of(table: Table, owner_id: str, event: Event) -> Sequence[Put]:
    """The writes that append this event; several where it does not fit one item."""
    parts = split(codec.encode(_to_json(event)))
    return [
        Put(Item(keys.event(table, owner_id, event.sequence, number), event.sequence, part), Absent())
        for number, part in enumerate(parts)
    ]


def read_event(store: Store, table: Table, owner_id: str, sequence: int) -> Event | None:
    """The event of this number, or ``None`` if it has not happened."""
    return next(iter(read_events(store, table, owner_id, sequence - 1, sequence)), None)


def read_events(
    store: Store, table: Table, owner_id: str, after: int, until: int | None = None
) -> Iterator[Event]:
    """The events after one number, in order, up to and with another; one query a page.

    Raises ``MissingEvent`` rather than pass over a gap.
    """
    data, number = bytearray(), after + 1
    for item in _items(store, table, owner_id, after, until):
        sequence = keys.sequence_of(item.key)
        if sequence != number:
            if sequence != number + 1 or not data:
                raise MissingEvent(f"event {number} of {owner_id}, though there is {sequence}")
            yield _from_json(codec.decode(bytes(data)))
            data, number = bytearray(), sequence
        data += item.data
    if data:
        yield _from_json(codec.decode(bytes(data)))


def _items(store: Store, table: Table, owner_id: str, after: int, until: int | None) -> Iterator[Item]:
    sequence = after + 1
    while until is None or sequence <= until:
        partition = keys.events(owner_id, sequence)
        last_sk, found = None, False
        more = True
        while more:
            page = store.query(
                table,
                partition,
                first=keys.event_bound(sequence),
                after=last_sk,
                limit=_enough(sequence, until),
            )
            for item in page.items:
                if until is not None and keys.sequence_of(item.key) > until:
                    return
                found = True
                yield item
            more = page.more and bool(page.items)
            last_sk = page.last_sk if page.items else last_sk
        if not found:
            return
        sequence = (sequence // keys.EVENTS_PER_PARTITION + 1) * keys.EVENTS_PER_PARTITION


def _enough(sequence: int, until: int | None) -> int | None:
    """Items that, where each holds a whole event, are all that is wanted and the one that ends it."""
    return None if until is None else until - sequence + 2


def _to_json(event: Event) -> JSONObject:
    caller = event.caller
    return {
        "seq": event.sequence,
        "kind": event.kind.value,
        "v": upcasters.newest_version(event.kind),
        "actor": event.actor_id,
        "op": event.operation_id,
        "at": event.at_ms,
        "from": {
            "source": caller.source.value,
            "credential": caller.credential_id,
            "address": caller.address,
        },
        "data": event.data,
    }


def _from_json(stored: JSONObject) -> Event:
    raw = upcasters.upcast(stored)
    caller = mapping(raw, "from")
    return Event(
        sequence=integer(raw, "seq"),
        kind=Kind(text(raw, "kind")),
        actor_id=text(raw, "actor"),
        operation_id=text(raw, "op"),
        at_ms=integer(raw, "at"),
        caller=Caller(
            Source(text(caller, "source")),
            optional_text(caller, "credential"),
            optional_text(caller, "address"),
        ),
        data=mapping(raw, "data"),
    )
