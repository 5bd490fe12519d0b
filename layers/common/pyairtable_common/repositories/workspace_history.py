"""A workspace as its log tells it, up to any event: pure functions of events."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pyairtable_common.domain.events import Event, Kind
from pyairtable_common.domain.jsonvalue import JSONObject
from pyairtable_common.domain.permissions import Role, role_of_word
from pyairtable_common.repositories.codec import UnknownForm
from pyairtable_common.repositories.documents import mapping, optional_text, require_object, text

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class WorkspaceState:
    """``members`` are roles by user id, ``bases`` names by base id."""

    name: str = ""
    slug: str | None = None
    icon: str | None = None
    members: Mapping[str, Role] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)


def replayed(events: Iterable[Event]) -> WorkspaceState:
    """The workspace after these events, which must be its first ones, in order."""
    state = WorkspaceState()
    for event in events:
        state = after_event(state, event)
    return state


def after_event(state: WorkspaceState, event: Event) -> WorkspaceState:
    """One event on; what it tells of anything else than this state is passed over."""
    if event.kind is Kind.WORKSPACE_CREATED:
        state = replace(state, name=text(event.data, "name"))
    if event.kind is Kind.WORKSPACE_CHANGED:
        state = _changed(state, mapping(event.data, "after"))
    return replace(
        state,
        members=_merged(state.members, _after_by_id(event.data, "members", _role)),
        bases=_merged(state.bases, _after_by_id(event.data, "bases", lambda told: text(told, "name"))),
    )


def _changed(state: WorkspaceState, after: JSONObject) -> WorkspaceState:
    return replace(
        state, name=text(after, "name"), slug=optional_text(after, "slug"), icon=optional_text(after, "icon")
    )


def _after_by_id(data: JSONObject, name: str, read: Callable[[JSONObject], V]) -> Mapping[str, V | None]:
    """What there is after the change, by id; ``None`` for what is gone."""
    if name not in data:
        return {}
    changes = {one: require_object(change) for one, change in mapping(data, name).items()}
    return {
        one: None if change["after"] is None else read(mapping(change, "after"))
        for one, change in changes.items()
    }


def _merged(before: Mapping[str, V], after: Mapping[str, V | None]) -> Mapping[str, V]:
    return {one: value for one, value in {**before, **after}.items() if value is not None}


def _role(told: JSONObject) -> Role:
    word = text(told, "role")
    role = role_of_word(word)
    if role is None:
        raise UnknownForm(f"role {word}")
    return role
