"""Sagas in the store: how far each one is, and an agenda of when to go on with which.

The state lies with whoever it is about. The agenda is one partition for each kind of
saga, in the order of time: who goes on with sagas asks it, instead of looking everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.repositories import codec, keys
from pyairtable_common.repositories.documents import integer, mapping, optional_text, text
from pyairtable_common.repositories.ports import Absent, Delete, Exists, Item, Key, Put, VersionIs, Write


@dataclass(frozen=True, slots=True)
class SagaState:
    """Where a saga is.

    ``position`` numbers the step that may have begun; ``begun`` is false until the first may
    have. ``undoing`` tells the direction. ``memory`` is what steps told those after them.
    ``wake_ms`` is when to go on with it, at the earliest; ``reason`` why it did not end before.
    """

    key: Key
    name: str
    operation_id: str
    wake_ms: int
    memory: JSONObject
    position: int = 0
    begun: bool = False
    undoing: bool = False
    reason: str | None = None
    version: int = 1

    @property
    def owner_id(self) -> str:
        return self.key.owner


def saga_of(item: Item) -> SagaState:
    raw = codec.decode(item.data)
    return SagaState(
        key=item.key,
        name=text(raw, "name"),
        operation_id=text(raw, "operation"),
        wake_ms=integer(raw, "wake"),
        memory=mapping(raw, "memory"),
        position=integer(raw, "position"),
        begun=bool(raw["begun"]),
        undoing=bool(raw["undoing"]),
        reason=optional_text(raw, "reason"),
        version=item.version,
    )


def begin_writes(state: SagaState) -> Sequence[Write]:
    return [Put(_state_item(state), Absent()), Put(_agenda_item(state), Absent())]


def move_writes(before: SagaState, after: SagaState) -> Sequence[Write]:
    """To ``after`` with the next version; fails if another moved it first."""
    moved = replace(after, version=before.version + 1)
    writes: list[Write] = [Put(_state_item(moved), VersionIs(before.version))]
    if moved.wake_ms != before.wake_ms:
        writes += [Delete(_agenda_key(before), Exists()), Put(_agenda_item(moved), Absent())]
    return writes


def end_writes(state: SagaState) -> Sequence[Write]:
    return [Delete(state.key, VersionIs(state.version)), Delete(_agenda_key(state), Exists())]


def agenda_entry(item: Item) -> tuple[int, Key]:
    """When to go on, and the key of the saga's state."""
    raw = codec.decode(item.data)
    when = int(item.key.sk.partition("#")[0])
    return when, Key(item.key.table, text(raw, "pk"), text(raw, "sk"))


def _state_item(state: SagaState) -> Item:
    data = codec.encode(
        {
            "name": state.name,
            "operation": state.operation_id,
            "wake": state.wake_ms,
            "memory": state.memory,
            "position": state.position,
            "begun": state.begun,
            "undoing": state.undoing,
            "reason": state.reason,
        }
    )
    return Item(state.key, state.version, data)


def _agenda_item(state: SagaState) -> Item:
    return Item(_agenda_key(state), 1, codec.encode({"pk": state.key.pk, "sk": state.key.sk}))


def _agenda_key(state: SagaState) -> Key:
    return keys.agenda_entry(state.key.table, state.name, state.wake_ms, state.owner_id, state.key.sk)
